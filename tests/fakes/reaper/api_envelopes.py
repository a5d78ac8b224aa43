"""Functions on envelopes."""
# ruff: noqa: N802

from __future__ import annotations

from typing import Any

from tests.fakes.reaper.envelopes import Envelope, Point
from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track

PointRow = tuple[bool, float, float, int, float, bool]
_SWITCHES = {"ACTIVE": "active", "VISIBLE": "visible", "ARM": "armed"}


class Envelopes(Group):
    """Envelopes of tracks and takes."""

    @staticmethod
    def project_of(envelope: Envelope) -> Project | None:
        """Give the project an envelope belongs to."""
        if envelope.take is not None:
            return envelope.take.item.project
        return envelope.track.project if envelope.track is not None else None

    def CountTrackEnvelopes(self, track: Track) -> int:
        return len(track.envelopes)

    def GetTrackEnvelope(self, track: Track, index: int) -> Envelope | None:
        return self.at(track.envelopes, index)

    def GetTrackEnvelopeByName(self, track: Track, name: str) -> Envelope | None:
        return next((found for found in track.envelopes if found.name == name), None)

    def GetTrackEnvelopeByChunkName(self, track: Track, name: str) -> Envelope | None:
        wanted = name.strip("<")
        return next((found for found in track.envelopes if wanted in {found.chunk_name, found.guid}), None)

    def CountTakeEnvelopes(self, take: Take) -> int:
        return len(take.envelopes)

    def GetTakeEnvelope(self, take: Take, index: int) -> Envelope | None:
        return self.at(take.envelopes, index)

    def GetTakeEnvelopeByName(self, take: Take, name: str) -> Envelope | None:
        return next((found for found in take.envelopes if found.name == name), None)

    def GetEnvelopeName(self, envelope: Envelope) -> tuple[bool, str]:
        return True, envelope.name

    def Envelope_GetParentTake(self, envelope: Envelope) -> tuple[Take | None, int, int]:
        return envelope.take, -1, -1

    def Envelope_GetParentTrack(self, envelope: Envelope) -> tuple[Track | None, int, int]:
        return envelope.track, -1, -1

    def CountAutomationItems(self, envelope: Envelope) -> int:
        return 0

    def GetEnvelopeScalingMode(self, envelope: Envelope) -> int:
        return envelope.scaling

    def ScaleFromEnvelopeMode(self, mode: int, value: float) -> float:
        return value if mode == 0 else (value / 716.21785) ** 4

    def ScaleToEnvelopeMode(self, mode: int, value: float) -> float:
        return value if mode == 0 else 716.21785 * value**0.25

    def GetSelectedEnvelope(self, project: Project) -> Envelope | None:
        return None

    def GetSelectedTrackEnvelope(self, project: Project) -> Envelope | None:
        return None

    def GetEnvelopeInfo_Value(self, envelope: Envelope, name: str) -> Any:
        self.known("GetEnvelopeInfo_Value", name)
        pointers = {
            "P_TRACK": envelope.track,
            "P_TAKE": envelope.take,
            "P_ITEM": envelope.take.item if envelope.take is not None else None,
            "P_DESTTRACK": None,
        }
        return pointers.get(name, 0.0)

    def GetSetEnvelopeInfo_String(
        self, envelope: Envelope, name: str, value: str, write: bool
    ) -> tuple[bool, str]:
        self.known("GetSetEnvelopeInfo_String", name)
        switch = _SWITCHES.get(name)
        if write:
            if switch is not None:
                setattr(envelope, switch, value == "1")
            elif name == "GUID":
                envelope.guid = value
            else:
                envelope.strings[name] = value
            self.changed(self.project_of(envelope), f"GetSetEnvelopeInfo_String {name}")
            return True, value
        if switch is not None:
            return True, str(int(getattr(envelope, switch)))
        if name == "GUID":
            return True, envelope.guid
        return name in envelope.strings, envelope.strings.get(name, "")

    # points

    def CountEnvelopePoints(self, envelope: Envelope) -> int:
        return len(envelope.points)

    def CountEnvelopePointsEx(self, envelope: Envelope, item: int) -> int:
        return len(envelope.points) if item < 0 else 0

    def GetEnvelopePoint(self, envelope: Envelope, index: int) -> PointRow:
        point = self.at(envelope.points, index)
        if point is None:
            return False, 0.0, 0.0, 0, 0.0, False
        return True, point.time, point.value, point.shape, point.tension, point.selected

    def GetEnvelopePointEx(self, envelope: Envelope, item: int, index: int) -> PointRow:
        return self.GetEnvelopePoint(envelope, index if item < 0 else -1)

    def GetEnvelopePointByTime(self, envelope: Envelope, time: float) -> int:
        return sum(point.time <= time for point in envelope.points) - 1

    def InsertEnvelopePoint(
        self,
        envelope: Envelope,
        time: float,
        value: float,
        shape: int,
        tension: float,
        selected: bool,
        no_sort: bool | None,
    ) -> bool:
        envelope.points.append(Point(time, value, shape, tension, selected))
        if not no_sort:
            envelope.sort()
        self.changed(self.project_of(envelope), "InsertEnvelopePoint")
        return True

    def InsertEnvelopePointEx(
        self,
        envelope: Envelope,
        item: int,
        time: float,
        value: float,
        shape: int,
        tension: float,
        selected: bool,
        no_sort: bool | None,
    ) -> bool:
        if item >= 0:
            raise Refused("InsertEnvelopePointEx: there are no automation items here")
        return self.InsertEnvelopePoint(envelope, time, value, shape, tension, selected, no_sort)

    def SetEnvelopePoint(
        self,
        envelope: Envelope,
        index: int,
        time: float | None,
        value: float | None,
        shape: int | None,
        tension: float | None,
        selected: bool | None,
        no_sort: bool | None,
    ) -> bool:
        point = self.at(envelope.points, index)
        if point is None:
            return False
        point.time = point.time if time is None else time
        point.value = point.value if value is None else value
        point.shape = point.shape if shape is None else shape
        point.tension = point.tension if tension is None else tension
        point.selected = point.selected if selected is None else selected
        if not no_sort:
            envelope.sort()
        self.changed(self.project_of(envelope), "SetEnvelopePoint")
        return True

    def DeleteEnvelopePointRange(self, envelope: Envelope, start: float, end: float) -> bool:
        envelope.points = [point for point in envelope.points if not start <= point.time < end]
        self.changed(self.project_of(envelope), "DeleteEnvelopePointRange")
        return True

    def DeleteEnvelopePointRangeEx(self, envelope: Envelope, item: int, start: float, end: float) -> bool:
        return item < 0 and self.DeleteEnvelopePointRange(envelope, start, end)

    def Envelope_SortPoints(self, envelope: Envelope) -> bool:
        envelope.sort()
        return True

    def Envelope_Evaluate(
        self, envelope: Envelope, time: float, rate: float, samples: int
    ) -> tuple[int, float, float, float, float]:
        return samples, envelope.at(time), 0.0, 0.0, 0.0
