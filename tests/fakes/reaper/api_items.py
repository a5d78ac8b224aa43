"""Functions on items."""
# ruff: noqa: N802

from __future__ import annotations

import copy
from typing import Any

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Item, Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.things import new_guid
from tests.fakes.reaper.tracks import Track

_QUIET = frozenset({"B_UISEL", "I_LASTY", "I_LASTH"})


class Items(Group):
    """Finding, making, changing and selecting items."""

    def CountMediaItems(self, project: Project) -> int:
        return len(project.items)

    def GetMediaItem(self, project: Project, index: int) -> Item | None:
        return self.at(project.items, index)

    def CountTrackMediaItems(self, track: Track) -> int:
        return len(track.items)

    def GetTrackNumMediaItems(self, track: Track) -> int:
        return len(track.items)

    def GetTrackMediaItem(self, track: Track, index: int) -> Item | None:
        return self.at(track.items, index)

    def AddMediaItemToTrack(self, track: Track) -> Item:
        if track.master:
            raise Refused("AddMediaItemToTrack: the master track holds no items")
        item = Item(track)
        track.items.append(item)
        self.changed(track.project, "AddMediaItemToTrack")
        return item

    def CreateNewMIDIItemInProj(self, track: Track, start: float, end: float, in_qn: bool | None) -> Item:
        item = self.AddMediaItemToTrack(track)
        tempo = track.project.tempo
        if in_qn:
            start, end = tempo.time(start), tempo.time(end)
        item["D_POSITION"], item["D_LENGTH"] = start, end - start
        source = Source("MIDI")
        source.midi_length = tempo.quarters(end) - tempo.quarters(start)
        item.takes.append(Take(item, source))
        return item

    def DeleteTrackMediaItem(self, track: Track, item: Item) -> bool:
        if item not in track.items:
            return False
        track.items.remove(item)
        self.changed(track.project, "DeleteTrackMediaItem")
        return True

    def MoveMediaItemToTrack(self, item: Item, track: Track) -> bool:
        if item.track is track or track.master:
            return False
        item.track.items.remove(item)
        item.track = track
        track.items.append(item)
        track.sort_items()
        self.changed(track.project, "MoveMediaItemToTrack")
        return True

    def SplitMediaItem(self, item: Item, position: float) -> Item | None:
        if not item.position < position < item.end:
            return None
        right = copy.deepcopy(item, {id(item.track): item.track})
        right.guid = new_guid()
        cut = position - item.position
        for take in right.takes:
            take.guid = new_guid()
            take.values["D_STARTOFFS"] += cut * take.values["D_PLAYRATE"]
        right.values["D_POSITION"] = position
        right.values["D_LENGTH"] = item.end - position
        item.values["D_LENGTH"] = cut
        item.track.items.append(right)
        item.track.sort_items()
        self.changed(item.project, "SplitMediaItem")
        return right

    # values

    def GetMediaItemInfo_Value(self, item: Item, name: str) -> Any:
        if not self.known("GetMediaItemInfo_Value", name):
            return 0.0
        return item.track if name == "P_TRACK" else item.number(name)

    def SetMediaItemInfo_Value(self, item: Item, name: str, value: float) -> bool:
        if not self.known("SetMediaItemInfo_Value", name):
            return False
        self.whole("SetMediaItemInfo_Value", name, value)
        if name == "IP_ITEMNUMBER":
            raise Refused("SetMediaItemInfo_Value: IP_ITEMNUMBER is read only")
        if name == "D_LENGTH" and value < 0:
            raise Refused(f"SetMediaItemInfo_Value: D_LENGTH must not be negative, it got {value}")
        try:
            item.set_number(name, value)
        except ValueError as error:
            raise Refused(f"SetMediaItemInfo_Value: {error}") from None
        if name not in _QUIET:
            self.changed(item.project, f"SetMediaItemInfo_Value {name}")
        return True

    def GetSetMediaItemInfo_String(self, item: Item, name: str, value: str, write: bool) -> tuple[bool, str]:
        if not self.known("GetSetMediaItemInfo_String", name):
            return False, ""
        if write:
            item.set_text(name, value)
            self.changed(item.project, f"GetSetMediaItemInfo_String {name}")
            return True, value
        text = item.text(name)
        return bool(text) or not name.startswith("P_EXT:"), text

    def SetMediaItemPosition(self, item: Item, position: float, refresh: bool) -> bool:
        return self.SetMediaItemInfo_Value(item, "D_POSITION", position)

    def SetMediaItemLength(self, item: Item, length: float, refresh: bool) -> bool:
        return self.SetMediaItemInfo_Value(item, "D_LENGTH", length)

    def GetMediaItemTrack(self, item: Item) -> Track:
        return item.track

    def GetMediaItem_Track(self, item: Item) -> Track:
        return item.track

    def GetItemProjectContext(self, item: Item) -> Project:
        return item.project

    def GetDisplayedMediaItemColor(self, item: Item) -> int:
        return self.GetDisplayedMediaItemColor2(item, item.take)

    def GetDisplayedMediaItemColor2(self, item: Item, take: Take | None) -> int:
        own = take.values["I_CUSTOMCOLOR"] if take is not None else 0
        return int(own or item.values["I_CUSTOMCOLOR"] or item.track.values["I_CUSTOMCOLOR"])

    # selection

    def CountSelectedMediaItems(self, project: Project) -> int:
        return len(project.selected_items)

    def GetSelectedMediaItem(self, project: Project, index: int) -> Item | None:
        return self.at(project.selected_items, index)

    def IsMediaItemSelected(self, item: Item) -> bool:
        return bool(item.values["B_UISEL"])

    def SetMediaItemSelected(self, item: Item, selected: bool) -> None:
        item.select(selected)

    def SelectAllMediaItems(self, project: Project, selected: bool) -> None:
        for item in project.items:
            item.select(selected)

    def UpdateItemInProject(self, item: Item) -> None:
        item.track.sort_items()

    def UpdateItemLanes(self, project: Project) -> bool:
        for track in project.tracks:
            lanes = [int(item.values["I_FIXEDLANE"]) + 1 for item in track.items]
            track["I_NUMFIXEDLANES"] = max([int(track.number("I_NUMFIXEDLANES")), *lanes])
        return True
