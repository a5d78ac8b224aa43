"""Functions on markers, regions and tempo."""
# ruff: noqa: N802

from __future__ import annotations

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.project import Marker, Project

MarkerRow = tuple[int, bool, float, float, str, int]


class Markers(Group):
    """Markers and regions: an index counts both in order of time, a number is what the user sees."""

    def CountProjectMarkers(self, project: Project) -> tuple[int, int, int]:
        regions = sum(marker.region for marker in project.markers)
        return len(project.markers), len(project.markers) - regions, regions

    def GetNumRegionsOrMarkers(self, project: Project) -> int:
        return len(project.markers)

    def EnumProjectMarkers3(
        self, project: Project, index: int
    ) -> tuple[int, bool, float, float, str, int, int]:
        marker = self.at(project.markers, index)
        if marker is None:
            return 0, False, 0.0, 0.0, "", 0, 0
        end = marker.end if marker.end is not None else 0.0
        return index + 1, marker.region, marker.position, end, marker.name, marker.number, marker.color

    def EnumProjectMarkers2(self, project: Project, index: int) -> MarkerRow:
        return self.EnumProjectMarkers3(project, index)[:6]

    def EnumProjectMarkers(self, index: int) -> MarkerRow:
        return self.EnumProjectMarkers2(self.host.project, index)

    def AddProjectMarker2(
        self, project: Project, region: bool, position: float, end: float, name: str, wanted: int, color: int
    ) -> int:
        marker = project.add_marker(position, name, end if region else None, wanted, color)
        self.changed(project, "AddProjectMarker2")
        return marker.number

    def AddProjectMarker(
        self, project: Project, region: bool, position: float, end: float, name: str, wanted: int
    ) -> int:
        return self.AddProjectMarker2(project, region, position, end, name, wanted, 0)

    def AddRegionOrMarker(
        self, project: Project, region: bool, position: float, end: float, name: str, wanted: int, color: int
    ) -> Marker:
        marker = project.add_marker(position, name, end if region else None, wanted, color)
        self.changed(project, "AddRegionOrMarker")
        return marker

    def _find(self, project: Project, number: int, *, region: bool) -> Marker | None:
        found = (marker for marker in project.markers if marker.number == number and marker.region == region)
        return next(found, None)

    def DeleteProjectMarker(self, project: Project, number: int, region: bool) -> bool:
        marker = self._find(project, number, region=region)
        if marker is None:
            return False
        project.markers.remove(marker)
        self.changed(project, "DeleteProjectMarker")
        return True

    def DeleteProjectMarkerByIndex(self, project: Project, index: int) -> bool:
        if self.at(project.markers, index) is None:
            return False
        del project.markers[index]
        self.changed(project, "DeleteProjectMarkerByIndex")
        return True

    def SetProjectMarker4(
        self,
        project: Project,
        number: int,
        region: bool,
        position: float,
        end: float,
        name: str,
        color: int,
        flags: int,
    ) -> bool:
        marker = self._find(project, number, region=region)
        if marker is None:
            return False
        marker.position, marker.end = position, end if region else None
        if name or flags & 1:
            marker.name = name
        marker.color = color or marker.color
        project.markers.sort(key=lambda each: each.position)
        self.changed(project, "SetProjectMarker4")
        return True

    def SetProjectMarker3(
        self, project: Project, number: int, region: bool, position: float, end: float, name: str, color: int
    ) -> bool:
        return self.SetProjectMarker4(project, number, region, position, end, name, color, 0)

    def SetProjectMarker2(
        self, project: Project, number: int, region: bool, position: float, end: float, name: str
    ) -> bool:
        return self.SetProjectMarker4(project, number, region, position, end, name, 0, 0)

    def SetProjectMarker(self, number: int, region: bool, position: float, end: float, name: str) -> bool:
        return self.SetProjectMarker4(self.host.project, number, region, position, end, name, 0, 0)

    def GetLastMarkerAndCurRegion(self, project: Project, time: float) -> tuple[int, int]:
        marker, region = -1, -1
        for index, each in enumerate(project.markers):
            if each.end is None and each.position <= time:
                marker = index
            elif each.end is not None and each.position <= time < each.end:
                region = index
        return marker, region


class Tempo(Group):
    """The tempo map, beats and the master playrate."""

    def CountTempoTimeSigMarkers(self, project: Project) -> int:
        return len(project.tempo.markers)

    def GetTempoTimeSigMarker(
        self, project: Project, index: int
    ) -> tuple[bool, float, int, float, float, int, int, bool]:
        marker = self.at(project.tempo.markers, index)
        if marker is None:
            return False, 0.0, 0, 0.0, 0.0, 0, 0, False
        measure, beat, _ = project.tempo.measure(marker.time)
        signature = (marker.numerator or -1, marker.denominator or -1)
        return True, marker.time, measure, beat, marker.bpm, *signature, marker.linear

    def AddTempoTimeSigMarker(
        self, project: Project, time: float, bpm: float, numerator: int, denominator: int, linear: bool
    ) -> bool:
        signature = (max(numerator, 0), max(denominator, 0))
        project.tempo.add(time, bpm, linear=linear, signature=signature)
        self.changed(project, "AddTempoTimeSigMarker")
        return True

    def SetTempoTimeSigMarker(
        self,
        project: Project,
        index: int,
        time: float,
        measure: int,
        beat: float,
        bpm: float,
        numerator: int,
        denominator: int,
        linear: bool,
    ) -> bool:
        if time < 0:
            start, size = project.tempo.measure_start(measure)
            time = project.tempo.time(start + beat * 4 / size)
        if index >= 0:
            if self.at(project.tempo.markers, index) is None:
                return False
            del project.tempo.markers[index]
        return self.AddTempoTimeSigMarker(project, time, bpm, numerator, denominator, linear)

    def DeleteTempoTimeSigMarker(self, project: Project, index: int) -> bool:
        if self.at(project.tempo.markers, index) is None:
            return False
        del project.tempo.markers[index]
        self.changed(project, "DeleteTempoTimeSigMarker")
        return True

    def FindTempoTimeSigMarker(self, project: Project, time: float) -> int:
        return sum(marker.time <= time for marker in project.tempo.markers) - 1

    def GetProjectTimeSignature2(self, project: Project) -> tuple[float, float]:
        return project.tempo.bpm, project.tempo.numerator

    def SetCurrentBPM(self, project: Project, bpm: float, want_undo: bool) -> None:
        project.tempo.bpm = bpm
        self.changed(project, "SetCurrentBPM")

    def Master_GetTempo(self) -> float:
        return self.host.project.tempo.bpm_at(self.host.project.cursor)

    def Master_GetPlayRate(self, project: Project) -> float:
        return project.playrate

    def Master_GetPlayRateAtTime(self, time: float, project: Project) -> float:
        return project.playrate

    def CSurf_OnPlayRateChange(self, rate: float) -> None:
        self.host.project.playrate = rate
        self.changed(self.host.project, "CSurf_OnPlayRateChange")

    def TimeMap2_timeToBeats(self, project: Project, time: float) -> tuple[float, int, int, float, int]:
        measure, beat, _ = project.tempo.measure(time)
        numerator, denominator = project.tempo.signature_at(time)
        full = project.tempo.quarters(time) * denominator / 4
        return beat, measure, numerator, full, denominator

    def TimeMap2_beatsToTime(self, project: Project, beats: float, measure: int | None) -> float:
        if measure is None:
            return project.tempo.time(beats * 4 / project.tempo.denominator)
        start, denominator = project.tempo.measure_start(measure)
        return project.tempo.time(start + beats * 4 / denominator)

    def TimeMap2_timeToQN(self, project: Project, time: float) -> float:
        return project.tempo.quarters(time)

    def TimeMap2_QNToTime(self, project: Project, quarters: float) -> float:
        return project.tempo.time(quarters)

    def TimeMap_timeToQN(self, time: float) -> float:
        return self.host.project.tempo.quarters(time)

    def TimeMap_QNToTime(self, quarters: float) -> float:
        return self.host.project.tempo.time(quarters)

    def TimeMap2_GetDividedBpmAtTime(self, project: Project, time: float) -> float:
        return project.tempo.bpm_at(time)

    def TimeMap_GetTimeSigAtTime(self, project: Project, time: float) -> tuple[int, int, float]:
        return *project.tempo.signature_at(time), project.tempo.bpm_at(time)

    def SnapToGrid(self, project: Project, time: float) -> float:
        step = project.grid * 4
        return project.tempo.time(round(project.tempo.quarters(time) / step) * step)
