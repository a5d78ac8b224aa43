"""Functions on takes."""
# ruff: noqa: N802

from __future__ import annotations

from typing import Any

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Item, StretchMarker, Take, TakeMarker
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track


class Takes(Group):
    """Takes, their values, markers and stretch markers."""

    def CountTakes(self, item: Item) -> int:
        return len(item.takes)

    def GetMediaItemNumTakes(self, item: Item) -> int:
        return len(item.takes)

    def GetTake(self, item: Item, index: int) -> Take | None:
        return self.at(item.takes, index)

    def GetMediaItemTake(self, item: Item, index: int) -> Take | None:
        return item.take if index < 0 else self.at(item.takes, index)

    def GetMediaItemTakeByGUID(self, project: Project, guid: str) -> Take | None:
        takes = (take for item in project.items for take in item.takes)
        return next((take for take in takes if take.guid == guid), None)

    def GetActiveTake(self, item: Item) -> Take | None:
        return item.take

    def SetActiveTake(self, take: Take) -> None:
        take.item.current = take.item.takes.index(take)
        self.changed(take.item.project, "SetActiveTake")

    def AddTakeToMediaItem(self, item: Item) -> Take:
        take = Take(item)
        item.takes.append(take)
        self.changed(item.project, "AddTakeToMediaItem")
        return take

    def GetTakeName(self, take: Take) -> str:
        return take.name

    def TakeIsMIDI(self, take: Take) -> bool:
        return take.midi

    def GetMediaItemTake_Item(self, take: Take) -> Item:
        return take.item

    def GetMediaItemTake_Track(self, take: Take) -> Track:
        return take.item.track

    def GetMediaItemTake_Source(self, take: Take) -> Source | None:
        return take.source

    def SetMediaItemTake_Source(self, take: Take, source: Source) -> bool:
        before = take.source
        if source is before:
            return True
        if source not in self.host.free_sources:
            raise Refused("SetMediaItemTake_Source: this source belongs to a take already; make another one")
        self.host.free_sources.remove(source)
        if before is not None:
            self.host.free_sources.append(before)
        take.source = source
        self.changed(take.item.project, "SetMediaItemTake_Source")
        return True

    # values

    def GetMediaItemTakeInfo_Value(self, take: Take, name: str) -> Any:
        if not self.known("GetMediaItemTakeInfo_Value", name):
            return 0.0
        if name == "P_TRACK":
            return take.item.track
        if name == "P_ITEM":
            return take.item
        if name == "P_SOURCE":
            return take.source
        return take.number(name)

    def SetMediaItemTakeInfo_Value(self, take: Take, name: str, value: float) -> bool:
        if not self.known("SetMediaItemTakeInfo_Value", name):
            return False
        self.whole("SetMediaItemTakeInfo_Value", name, value)
        if name == "IP_TAKENUMBER":
            raise Refused("SetMediaItemTakeInfo_Value: IP_TAKENUMBER is read only")
        if name == "D_PLAYRATE" and value <= 0:
            raise Refused(f"SetMediaItemTakeInfo_Value: D_PLAYRATE must be above 0, it got {value}")
        take.set_number(name, value)
        self.changed(take.item.project, f"SetMediaItemTakeInfo_Value {name}")
        return True

    def GetSetMediaItemTakeInfo_String(
        self, take: Take, name: str, value: str, write: bool
    ) -> tuple[bool, str]:
        if not self.known("GetSetMediaItemTakeInfo_String", name):
            return False, ""
        if write:
            take.set_text(name, value)
            self.changed(take.item.project, f"GetSetMediaItemTakeInfo_String {name}")
            return True, value
        text = take.text(name)
        return bool(text) or not name.startswith("P_EXT:"), text

    # take markers

    def GetNumTakeMarkers(self, take: Take) -> int:
        return len(take.markers)

    def GetTakeMarker(self, take: Take, index: int) -> tuple[float, str, int | None]:
        marker = self.at(take.markers, index)
        return (marker.source, marker.name, marker.color) if marker else (-1.0, "", None)

    def SetTakeMarker(
        self, take: Take, index: int, name: str, position: float | None, color: int | None
    ) -> int:
        if index < 0:
            if position is None:
                raise Refused("SetTakeMarker: a new marker needs a position in the source")
            marker = TakeMarker(position, name, color or 0)
            take.markers.append(marker)
        else:
            found = self.at(take.markers, index)
            if found is None:
                return -1
            marker = found
            marker.name = name
            marker.source = marker.source if position is None else position
            marker.color = marker.color if color is None else color
        take.markers.sort(key=lambda each: each.source)
        self.changed(take.item.project, "SetTakeMarker")
        return take.markers.index(marker)

    def DeleteTakeMarker(self, take: Take, index: int) -> bool:
        if self.at(take.markers, index) is None:
            return False
        del take.markers[index]
        self.changed(take.item.project, "DeleteTakeMarker")
        return True

    # stretch markers

    def GetTakeNumStretchMarkers(self, take: Take) -> int:
        return len(take.stretch_markers)

    def GetTakeStretchMarker(self, take: Take, index: int) -> tuple[int, float, float | None]:
        marker = self.at(take.stretch_markers, index)
        return (index, marker.position, marker.source) if marker else (-1, 0.0, None)

    def SetTakeStretchMarker(self, take: Take, index: int, position: float, source: float | None) -> int:
        if index < 0:
            marker = StretchMarker(position, position if source is None else source)
            take.stretch_markers.append(marker)
        else:
            found = self.at(take.stretch_markers, index)
            if found is None:
                return -1
            marker = found
            marker.position = position
            marker.source = marker.source if source is None else source
        take.stretch_markers.sort(key=lambda each: each.position)
        self.changed(take.item.project, "SetTakeStretchMarker")
        return take.stretch_markers.index(marker)

    def GetTakeStretchMarkerSlope(self, take: Take, index: int) -> float:
        marker = self.at(take.stretch_markers, index)
        return marker.slope if marker else 0.0

    def SetTakeStretchMarkerSlope(self, take: Take, index: int, slope: float) -> bool:
        marker = self.at(take.stretch_markers, index)
        if marker is None:
            return False
        marker.slope = max(-4.0, min(4.0, slope))
        self.changed(take.item.project, "SetTakeStretchMarkerSlope")
        return True

    def DeleteTakeStretchMarkers(self, take: Take, index: int, count: int | None) -> int:
        removed = take.stretch_markers[index : index + (1 if count is None else count)]
        del take.stretch_markers[index : index + len(removed)]
        self.changed(take.item.project, "DeleteTakeStretchMarkers")
        return len(removed)
