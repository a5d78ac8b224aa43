"""Functions on tracks."""
# ruff: noqa: N802

from __future__ import annotations

from typing import Any

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Send, Track

_READ_ONLY = frozenset({"IP_TRACKNUMBER", "I_WNDH", "I_TCPH", "I_TCPY", "I_TCPSCREENY", "I_MCPX", "P_ENV"})
_QUIET = frozenset({"I_SELECTED", "I_FXEN", "I_HEIGHTOVERRIDE", "I_FOLDERCOMPACT"})


class Tracks(Group):
    """Finding, making, changing and selecting tracks."""

    def CountTracks(self, project: Project) -> int:
        return len(project.tracks)

    def GetNumTracks(self) -> int:
        return len(self.host.project.tracks)

    def GetTrack(self, project: Project, index: int) -> Track | None:
        return self.at(project.tracks, index)

    def GetMasterTrack(self, project: Project) -> Track:
        return project.master

    def GetTrackName(self, track: Track) -> tuple[bool, str]:
        if track.master:
            return True, "MASTER"
        return True, track.name or f"Track {track.index + 1}"

    def GetTrackGUID(self, track: Track) -> str:
        return track.guid

    def GetTrackDepth(self, track: Track) -> int:
        return -1 if track.master else track.depth

    def GetParentTrack(self, track: Track) -> Track | None:
        return None if track.master else track.parent

    def GetTrackState(self, track: Track) -> tuple[str, int]:
        flags = int(track["I_FOLDERDEPTH"] == 1) | 2 * int(track["I_SELECTED"]) | 4 * bool(track.fx)
        return self.GetTrackName(track)[1], flags | 8 * int(track["B_MUTE"]) | 16 * bool(track["I_SOLO"])

    def _insert(self, project: Project, index: int, *, defaults: bool, what: str) -> None:
        track = Track(project)
        if defaults:
            track["I_CUSTOMCOLOR"] = 0x1336699
        project.tracks.insert(max(0, min(index, len(project.tracks))), track)
        self.changed(project, what)

    def InsertTrackAtIndex(self, index: int, defaults: bool) -> None:
        self._insert(self.host.project, index, defaults=defaults, what="InsertTrackAtIndex")

    def InsertTrackInProject(self, project: Project, index: int, flags: int) -> None:
        self._insert(project, index, defaults=bool(flags & 1), what="InsertTrackInProject")

    def DeleteTrack(self, track: Track) -> None:
        if track.master:
            raise Refused("reaper.DeleteTrack: the master track can't be deleted")
        project = track.project
        project.tracks.remove(track)
        for other in project.tracks:
            other.sends = [send for send in other.sends if send.target is not track]
        self.changed(project, "DeleteTrack")

    # values

    def GetMediaTrackInfo_Value(self, track: Track, name: str) -> Any:
        if not self.known("GetMediaTrackInfo_Value", name):
            return 0.0
        if name == "P_PARTRACK":
            return None if track.master else track.parent
        if name == "P_PROJECT":
            return track.project
        if name == "P_ENV":
            raise Refused("GetMediaTrackInfo_Value: ask for an envelope with GetTrackEnvelopeByName")
        return track.number(name)

    def SetMediaTrackInfo_Value(self, track: Track, name: str, value: float) -> bool:
        if not self.known("SetMediaTrackInfo_Value", name):
            return False
        self.whole("SetMediaTrackInfo_Value", name, value)
        if name in _READ_ONLY:
            raise Refused(f"SetMediaTrackInfo_Value: {name} is read only")
        if name == "I_NCHAN" and (value % 2 or not 2 <= value <= 128):
            raise Refused(f"SetMediaTrackInfo_Value: I_NCHAN must be even, 2 to 128, not {value}")
        track.set_number(name, value)
        if name not in _QUIET:
            self.changed(track.project, f"SetMediaTrackInfo_Value {name}")
        return True

    def GetSetMediaTrackInfo_String(
        self, track: Track, name: str, value: str, write: bool
    ) -> tuple[bool, str]:
        if not self.known("GetSetMediaTrackInfo_String", name):
            return False, ""
        if write:
            if name == "P_NAME" and track.master:
                return False, ""
            track.set_text(name, value)
            if name != "P_RAZOREDITS":
                self.changed(track.project, f"GetSetMediaTrackInfo_String {name}")
            return True, value
        if name.startswith("P_LANENAME:"):
            return name in track.strings, track.strings.get(name, "")
        text = track.text(name)
        return bool(text) or not name.startswith("P_EXT:"), text

    def GetTrackColor(self, track: Track) -> int:
        return int(track.number("I_CUSTOMCOLOR"))

    def SetTrackColor(self, track: Track, color: int) -> None:
        track["I_CUSTOMCOLOR"] = color | 0x1000000
        self.changed(track.project, "SetTrackColor")

    def IsTrackVisible(self, track: Track, mixer: bool) -> bool:
        return bool(track["B_SHOWINMIXER" if mixer else "B_SHOWINTCP"])

    def AnyTrackSolo(self, project: Project) -> bool:
        return any(track["I_SOLO"] for track in project.tracks)

    # selection

    def _selected(self, project: Project, *, master: bool) -> list[Track]:
        everyone = [project.master, *project.tracks] if master else project.tracks
        return [track for track in everyone if track["I_SELECTED"]]

    def CountSelectedTracks(self, project: Project) -> int:
        return len(self._selected(project, master=False))

    def CountSelectedTracks2(self, project: Project, master: bool) -> int:
        return len(self._selected(project, master=master))

    def GetSelectedTrack(self, project: Project, index: int) -> Track | None:
        return self.at(self._selected(project, master=False), index)

    def GetSelectedTrack2(self, project: Project, index: int, master: bool) -> Track | None:
        return self.at(self._selected(project, master=master), index)

    def IsTrackSelected(self, track: Track) -> bool:
        return bool(track["I_SELECTED"])

    def SetTrackSelected(self, track: Track, selected: bool) -> None:
        track.select(selected)

    def SetOnlyTrackSelected(self, track: Track) -> None:
        for other in [track.project.master, *track.project.tracks]:
            other.select(other is track)

    def GetLastTouchedTrack(self) -> Track | None:
        return self.at(self._selected(self.host.project, master=False), 0)

    def ReorderSelectedTracks(self, before: int, make_folder: int) -> bool:
        project = self.host.project
        moved = self._selected(project, master=False)
        target = self.at(project.tracks, before)
        rest = [track for track in project.tracks if track not in moved]
        where = len(rest)
        if target is not None:
            following = [track for track in project.tracks[before:] if track not in moved]
            where = rest.index(following[0]) if following else len(rest)
        rest[where:where] = moved
        project.tracks[:] = rest
        self.changed(project, "ReorderSelectedTracks")
        return True

    def TrackList_AdjustWindows(self, minor: bool) -> None:
        self.host.refreshed.append("TrackList_AdjustWindows")

    # sends

    def GetTrackNumSends(self, track: Track, category: int) -> int:
        return len(self._sends(track, category))

    def _sends(self, track: Track, category: int) -> list[Send]:
        if category == 0:
            return track.sends
        if category < 0:
            return [send for other in track.project.tracks for send in other.sends if send.target is track]
        return []

    def CreateTrackSend(self, track: Track, target: Track | None) -> int:
        if target is None:
            raise Refused("CreateTrackSend: hardware outputs are not modelled")
        track.sends.append(Send(track, target))
        self.changed(track.project, "CreateTrackSend")
        return len(track.sends) - 1

    def RemoveTrackSend(self, track: Track, category: int, index: int) -> bool:
        send = self.at(self._sends(track, category), index)
        if send is None:
            return False
        send.source.sends.remove(send)
        self.changed(track.project, "RemoveTrackSend")
        return True

    def GetTrackSendInfo_Value(self, track: Track, category: int, index: int, name: str) -> Any:
        self.known("GetTrackSendInfo_Value", name)
        send = self.at(self._sends(track, category), index)
        if send is None:
            raise Refused(f"GetTrackSendInfo_Value: there is no send {index}")
        if name in {"P_DESTTRACK", "P_SRCTRACK"}:
            return send.target if name == "P_DESTTRACK" else send.source
        return send.number(name)

    def SetTrackSendInfo_Value(
        self, track: Track, category: int, index: int, name: str, value: float
    ) -> bool:
        self.known("SetTrackSendInfo_Value", name)
        send = self.at(self._sends(track, category), index)
        if send is None:
            return False
        send.set_number(name, value)
        self.changed(track.project, f"SetTrackSendInfo_Value {name}")
        return True
