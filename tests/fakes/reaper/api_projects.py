"""Functions on projects and tabs, the time selection, the cursor, the view and the transport."""
# ruff: noqa: N802

from __future__ import annotations

from pathlib import Path

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.render import targets
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track

RENDERING = 0x40000000


class Projects(Group):
    """Tabs, names, paths and the numbers and texts of a project."""

    def EnumProjects(self, index: int) -> tuple[Project | None, str | None]:
        if index == -1:
            found: Project | None = self.host.project
        elif index == RENDERING:
            found = self.host.rendering
        else:
            found = self.at(self.host.projects, index)
        if found is None:
            return None, None
        return found, str(found.path) if found.path is not None else ""

    def SelectProjectInstance(self, project: Project) -> None:
        self.host.project = project

    def GetCurrentProjectInLoadSave(self) -> Project | None:
        return None

    def GetProjectName(self, project: Project) -> str:
        return project.name

    def GetProjectPath(self) -> str:
        return str(self.host.project.folder)

    def GetProjectPathEx(self, project: Project) -> str:
        return str(project.folder)

    def GetProjectLength(self, project: Project) -> float:
        return project.length

    def GetProjectStateChangeCount(self, project: Project) -> int:
        return project.changes

    def GetProjectTimeOffset(self, project: Project, round_frame: bool) -> float:
        return 0.0

    def IsProjectDirty(self, project: Project) -> int:
        return int(project.dirty)

    def MarkProjectDirty(self, project: Project) -> None:
        project.touch()

    def Main_SaveProject(self, project: Project, save_as: bool) -> None:
        if project.path is None or save_as:
            raise Refused("Main_SaveProject: an unsaved project opens the save dialog: a modal dialog")
        self.host.save(project.path, project)

    def Main_SaveProjectEx(self, project: Project, filename: str, options: int) -> None:
        path = Path(filename) if filename else project.path
        if path is None:
            raise Refused("Main_SaveProjectEx: an unsaved project opens the save dialog: a modal dialog")
        self.host.save(path, project)
        if not options & 8:
            project.path = path

    def Main_openProject(self, name: str) -> None:
        bare = name.removeprefix("template:").removeprefix("noprompt:")
        path = Path(bare)
        if not path.is_file():
            raise Refused(f"Main_openProject: there is no {bare}: a modal dialog")
        current = self.host.project
        if current.dirty and not name.startswith("noprompt:"):
            raise Refused("Main_openProject over unsaved changes asks to save them: a modal dialog")
        self.host.replace_current(path)

    def GetSetProjectInfo(self, project: Project, name: str, value: float, write: bool) -> float:
        if not self.known("GetSetProjectInfo", name):
            return 0.0
        if name == "DIRTY":
            return float(project.dirty)
        if name not in project.numbers:
            raise Refused(f"GetSetProjectInfo: '{name}' is not modelled here")
        if write:
            project.numbers[name] = value
            project.touch()
        return project.numbers[name]

    def GetSetProjectInfo_String(
        self, project: Project, name: str, value: str, write: bool
    ) -> tuple[bool, str]:
        if not self.known("GetSetProjectInfo_String", name):
            return False, ""
        if name == "PROJECT_NAME":
            return not write, project.name
        if name == "RENDER_TARGETS":
            return not write, ";".join(str(path) for path in targets(project))
        if name.startswith("RENDER_STATS"):
            raise Refused(
                "GetSetProjectInfo_String: RENDER_STATS with a render action starts a render; never ask"
            )
        if name not in project.texts:
            raise Refused(f"GetSetProjectInfo_String: '{name}' is not modelled here")
        if write:
            project.texts[name] = value
            project.touch()
        return True, project.texts[name]

    def GetSetProjectNotes(self, project: Project, write: bool, text: str) -> str:
        if write:
            project.notes = text
            project.touch()
        return project.notes


class View(Group):
    """Time selection, cursor, arrange view, transport."""

    def GetSet_LoopTimeRange2(
        self, project: Project, write: bool, loop: bool, start: float, end: float, seek: bool
    ) -> tuple[float, float]:
        if write and loop:
            project.loop = (start, end)
        elif write:
            project.time_selection = (start, end)
        return project.loop if loop else project.time_selection

    def GetSet_LoopTimeRange(
        self, write: bool, loop: bool, start: float, end: float, seek: bool
    ) -> tuple[float, float]:
        return self.GetSet_LoopTimeRange2(self.host.project, write, loop, start, end, seek)

    def GetSet_ArrangeView2(
        self, project: Project, write: bool, left: int, right: int, start: float, end: float
    ) -> tuple[float, float]:
        if write:
            project.view = (start, end)
        return project.view

    def GetHZoomLevel(self) -> float:
        project = self.host.project
        return project.numbers["ARRANGE_W"] / max(project.view[1] - project.view[0], 1e-9)

    def GetCursorPosition(self) -> float:
        return self.host.project.cursor

    def GetCursorPositionEx(self, project: Project) -> float:
        return project.cursor

    def SetEditCurPos(self, time: float, move_view: bool, seek: bool) -> None:
        self.host.project.cursor = time

    def SetEditCurPos2(self, project: Project, time: float, move_view: bool, seek: bool) -> None:
        project.cursor = time

    def MoveEditCursor(self, amount: float, select: bool) -> None:
        self.host.project.cursor = max(0.0, self.host.project.cursor + amount)

    def GetCursorContext(self) -> int:
        return self.host.cursor_context

    def GetCursorContext2(self, want_last: bool) -> int:
        return self.host.cursor_context

    def SetCursorContext(self, mode: int, envelope: object) -> None:
        self.host.cursor_context = mode

    def GetPlayState(self) -> int:
        return self.host.project.play_state

    def GetPlayStateEx(self, project: Project) -> int:
        return project.play_state

    def GetAllProjectPlayStates(self, ignored: Project | None) -> int:
        state = 0
        for project in self.host.projects:
            if project is not ignored:
                state |= project.play_state
        return state

    def GetPlayPosition(self) -> float:
        return self.host.project.play_position

    def GetPlayPositionEx(self, project: Project) -> float:
        return project.play_position

    def OnPlayButton(self) -> None:
        self.host.project.play_state = 1

    def OnPlayButtonEx(self, project: Project) -> None:
        project.play_state = 1

    def OnStopButton(self) -> None:
        self.host.project.play_state = 0

    def OnStopButtonEx(self, project: Project) -> None:
        project.play_state = 0

    def CSurf_OnStop(self) -> None:
        self.host.project.play_state = 0

    def OnPauseButton(self) -> None:
        self.host.project.play_state ^= 2

    def OnPauseButtonEx(self, project: Project) -> None:
        project.play_state ^= 2

    def GetSetRepeatEx(self, project: Project, value: int) -> int:
        if value >= 0:
            project.repeat = value == 1 if value < 2 else not project.repeat
        return int(project.repeat)

    def GetSetRepeat(self, value: int) -> int:
        return self.GetSetRepeatEx(self.host.project, value)

    def UpdateArrange(self) -> None:
        self.host.refreshed.append("UpdateArrange")
        for track in self.host.project.tracks:
            track.sort_items()

    def UpdateTimeline(self) -> None:
        self.host.refreshed.append("UpdateTimeline")

    def Main_UpdateLoopInfo(self, ignored: int) -> None:
        self.host.refreshed.append("Main_UpdateLoopInfo")

    def PreventUIRefresh(self, count: int) -> None:
        self.host.prevent_refresh += count

    def GetMixerScroll(self) -> Track | None:
        return self.host.mixer_scroll or self.at(self.host.project.tracks, 0)

    def SetMixerScroll(self, track: Track) -> Track:
        self.host.mixer_scroll = track
        return track
