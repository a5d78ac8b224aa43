"""A project tab: what is undone lies in its State, the rest is the tab's own."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from tests.fakes.reaper.items import Item
from tests.fakes.reaper.tempo import TempoMap
from tests.fakes.reaper.things import new_guid
from tests.fakes.reaper.tracks import Track

RENDER_NUMBERS: dict[str, float] = {
    "RENDER_SETTINGS": 0, "RENDER_BOUNDSFLAG": 1, "RENDER_CHANNELS": 2, "RENDER_SRATE": 0,
    "RENDER_STARTPOS": 0, "RENDER_ENDPOS": 0, "RENDER_TAILFLAG": 18, "RENDER_TAILMS": 1000,
    "RENDER_ADDTOPROJ": 0, "RENDER_DITHER": 0, "RENDER_NORMALIZE": 0,
    "RENDER_NORMALIZE_TARGET": 1, "RENDER_BRICKWALL": 1, "RENDER_FADEIN": 0,
    "RENDER_FADEOUT": 0, "RENDER_FADEINSHAPE": 0, "RENDER_FADEOUTSHAPE": 0, "RENDER_FADELPF": 0,
    "RENDER_PADSTART": 0, "RENDER_PADEND": 0, "RENDER_TRIMSTART": 0, "RENDER_TRIMEND": 0, "RENDER_DELAY": 0,
}  # fmt: skip

NUMBERS: dict[str, float] = RENDER_NUMBERS | {
    "PROJECT_SRATE": 44100, "PROJECT_SRATE_USE": 1, "PROJECT_TIMEBASE": 1, "PROJECT_TIMEBASE_FLAGS": 0,
    "PROJECT_TCP_UI_FLAGS": 0, "READONLY": 0, "ARRANGE_W": 1200, "ARRANGE_H": 600, "ARRANGE_MIN_TIMESCALE": 0,
    "RULER_HEIGHT": 40, "RULER_LANE_COUNT": 0,
}  # fmt: skip

TEXTS: dict[str, str] = {
    "PROJECT_TITLE": "", "PROJECT_AUTHOR": "", "OPENCOPY_CFGIDX": "", "RECORD_PATH": "",
    "RECORD_PATH_SECONDARY": "", "RECORD_FORMAT": "ZXZhdxgAAA==", "APPLYFX_FORMAT": "", "RECTAG": "",
    "RENDER_FILE": "", "RENDER_PATTERN": "", "RENDER_EXTRAFILEDIR": "", "RENDER_METADATA": "",
    "RENDER_FORMAT": "ZXZhdxgAAA==", "RENDER_FORMAT2": "",
}  # fmt: skip


@dataclass(slots=True)
class Marker:
    """A marker, or a region when `end` is set. `number` is what the user sees."""

    kind: ClassVar[str] = "ProjectMarker"

    number: int
    position: float
    name: str = ""
    end: float | None = None
    color: int = 0
    guid: str = field(default_factory=new_guid)

    @property
    def region(self) -> bool:
        """Whether it is a region."""
        return self.end is not None


class State:
    """What undo brings back."""

    def __init__(self, project: Project) -> None:
        self.tracks: list[Track] = []
        self.master = Track(project, "MASTER", master=True)
        self.markers: list[Marker] = []
        self.tempo = TempoMap()
        self.playrate = 1.0


@dataclass(slots=True)
class UndoPoint:
    """One step of undo, with the states around it."""

    label: str
    flags: int
    before: State
    after: State
    ext_before: dict[str, dict[str, str]]
    ext_after: dict[str, dict[str, str]]
    automatic: bool = False


class Project:
    """A project tab.

    `tracks`, `master`, `markers`, `tempo`, `playrate` are restored by undo; render settings, time selection,
    cursor, view and ext state are not.
    """

    kind: ClassVar[str] = "ReaProject"

    def __init__(self, default_folder: Path, path: Path | None = None) -> None:
        self.state = State(self)
        self.path = path
        self.default_folder = default_folder
        self.numbers = dict(NUMBERS)
        self.texts = dict(TEXTS)
        self.notes = ""
        self.time_selection = (0.0, 0.0)
        self.loop = (0.0, 0.0)
        self.cursor = 0.0
        self.view = (0.0, 60.0)
        self.play_state = 0
        self.play_position = 0.0
        self.repeat = False
        self.grid = 0.25
        self.ext_state: dict[str, dict[str, str]] = {}
        self.saved: tuple[State, dict[str, dict[str, str]]] | None = None
        self.changes = 0
        self.saved_changes = 0
        self.checked_changes = 0
        self.closed = False
        self.loading = False
        self.undo_depth = 0
        self.block: tuple[State, dict[str, dict[str, str]]] | None = None
        self.undo_stack: list[UndoPoint] = []
        self.redo_stack: list[UndoPoint] = []

    # what undo brings back

    @property
    def tracks(self) -> list[Track]:
        """The tracks in order, the master apart."""
        return self.state.tracks

    @property
    def master(self) -> Track:
        """The master track."""
        return self.state.master

    @property
    def markers(self) -> list[Marker]:
        """Markers and regions."""
        return self.state.markers

    @property
    def tempo(self) -> TempoMap:
        """The tempo map."""
        return self.state.tempo

    @property
    def playrate(self) -> float:
        """The master playrate."""
        return self.state.playrate

    @playrate.setter
    def playrate(self, value: float) -> None:
        self.state.playrate = value

    @property
    def items(self) -> list[Item]:
        """All items, track by track."""
        return [item for track in self.tracks for item in track.items]

    @property
    def selected_items(self) -> list[Item]:
        """The selected items."""
        return [item for item in self.items if item.values["B_UISEL"]]

    @property
    def selected_tracks(self) -> list[Track]:
        """The selected tracks."""
        return [track for track in self.tracks if track.values["I_SELECTED"]]

    @property
    def length(self) -> float:
        """Seconds to the end of the last item or marker."""
        ends = [item.end for item in self.items]
        ends += [marker.end if marker.end is not None else marker.position for marker in self.markers]
        return max(ends, default=0.0)

    # its place on disk

    @property
    def name(self) -> str:
        """File name; empty before it is saved."""
        return self.path.name if self.path is not None else ""

    @property
    def folder(self) -> Path:
        """Where its media go."""
        record = self.texts["RECORD_PATH"]
        base = self.path.parent if self.path is not None else self.default_folder
        return base / record if record else base

    @property
    def dirty(self) -> bool:
        """Whether there are unsaved changes."""
        return self.changes != self.saved_changes

    @property
    def rate(self) -> int:
        """The sample rate (the device's 48000 when the project doesn't fix one)."""
        return int(self.numbers["PROJECT_SRATE"]) if self.numbers["PROJECT_SRATE_USE"] else 48000

    # building it in tests

    def add_track(
        self, name: str = "", *, depth: int = 0, index: int | None = None, **values: float
    ) -> Track:
        """Add a track; `depth` is its I_FOLDERDEPTH, more values by name without prefix (`vol`, `mute`)."""
        from tests.fakes.reaper.items import full_name

        track = Track(self, name)
        track["I_FOLDERDEPTH"] = depth
        for key, value in values.items():
            track[full_name(Track, key)] = value
        self.tracks.insert(len(self.tracks) if index is None else index, track)
        return track

    def track(self, name: str) -> Track:
        """Find a track by its name."""
        for track in self.tracks:
            if track.name == name:
                return track
        raise KeyError(name)

    def find(self, guid: str) -> Track | Item | None:
        """Find a track or an item by its GUID."""
        for track in self.tracks:
            if track.guid == guid:
                return track
        return next((item for item in self.items if item.guid == guid), None)

    def doubled_guids(self) -> list[str]:
        """Give what shares its GUID with something else: REAPER finds only one of them again."""
        seen: set[str] = set()
        doubled = []
        takes = [take for item in self.items for take in item.takes]
        for thing in [*self.tracks, *self.items, *takes]:
            if thing.guid in seen:
                doubled.append(f"{thing.kind} {thing.guid}")
            seen.add(thing.guid)
        return doubled

    def select_time(self, start: float, end: float) -> None:
        """Set the time selection."""
        self.time_selection = (start, end)

    def next_number(self, *, region: bool) -> int:
        """Give the next free number of markers or regions."""
        used = {marker.number for marker in self.markers if marker.region == region}
        number = 1
        while number in used:
            number += 1
        return number

    def add_marker(
        self, position: float, name: str = "", end: float | None = None, number: int = -1, color: int = 0
    ) -> Marker:
        """Add a marker, or a region when an end is given."""
        used = {marker.number for marker in self.markers if marker.region == (end is not None)}
        if number < 0 or number in used:
            number = self.next_number(region=end is not None)
        marker = Marker(number, position, name, end, color)
        self.markers.append(marker)
        self.markers.sort(key=lambda found: found.position)
        return marker

    # undo

    def snapshot(self) -> State:
        """Copy the state; GUIDs stay, objects are new."""
        return copy.deepcopy(self.state, {id(self): self})

    def keep(self) -> None:
        """Note that the present state is on disk now."""
        self.saved = (self.snapshot(), copy.deepcopy(self.ext_state))
        self.saved_changes = self.changes

    def take_over(self, other: Project) -> None:
        """Load what another tab had saved: its objects with their GUIDs, and its ext state."""
        if other.saved is None:
            raise ValueError("that project was never saved")
        state, ext = copy.deepcopy(other.saved, {id(other): self})
        self.state, self.ext_state = state, ext
        self.numbers, self.texts, self.notes = dict(other.numbers), dict(other.texts), other.notes
        self.keep()

    def touch(self) -> None:
        """Count a change."""
        self.changes += 1

    def begin_block(self) -> None:
        """Open an undo block; blocks nest."""
        if self.undo_depth == 0:
            self.block = (self.snapshot(), copy.deepcopy(self.ext_state))
        self.undo_depth += 1

    def end_block(self, label: str, flags: int, *, automatic: bool = False) -> UndoPoint | None:
        """Close an undo block; the outermost makes the undo point."""
        self.undo_depth -= 1
        if self.undo_depth or self.block is None:
            return None
        before, ext = self.block
        self.block = None
        point = UndoPoint(
            label, flags, before, self.snapshot(), ext, copy.deepcopy(self.ext_state), automatic=automatic
        )
        self.undo_stack.append(point)
        self.redo_stack.clear()
        return point

    def automatic_point(self, label: str, before: State) -> None:
        """Add the undo point that REAPER adds for a script that ends without deferring."""
        self.block, self.undo_depth = (before, copy.deepcopy(self.ext_state)), 1
        self.end_block(label, -1, automatic=True)

    def undo(self, *, ext_state: bool = False) -> bool:
        """Undo one step; whether there was one."""
        if not self.undo_stack:
            return False
        point = self.undo_stack.pop()
        self.redo_stack.append(point)
        self.state = copy.deepcopy(point.before, {id(self): self})
        if ext_state:
            self.ext_state = copy.deepcopy(point.ext_before)
        self.touch()
        return True

    def redo(self, *, ext_state: bool = False) -> bool:
        """Redo one step; whether there was one."""
        if not self.redo_stack:
            return False
        point = self.redo_stack.pop()
        self.undo_stack.append(point)
        self.state = copy.deepcopy(point.after, {id(self): self})
        if ext_state:
            self.ext_state = copy.deepcopy(point.ext_after)
        self.touch()
        return True
