"""Functions on undo, ext state, pointers and deferred functions."""
# ruff: noqa: N802

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Item
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.values import Handle, alive, home

_KINDS = {
    kind + "*": kind
    for kind in ("ReaProject", "MediaTrack", "MediaItem", "MediaItem_Take", "TrackEnvelope", "PCM_source")
}


class Undo(Group):
    """Undo blocks and points."""

    def Undo_BeginBlock2(self, project: Project) -> None:
        project.begin_block()

    def Undo_BeginBlock(self) -> None:
        self.host.project.begin_block()

    def Undo_EndBlock2(self, project: Project, label: str, flags: int) -> None:
        if project.undo_depth == 0:
            raise Refused("Undo_EndBlock2 without Undo_BeginBlock2")
        self.host.script.made_undo = self.host.script.exempt = True
        project.end_block(label, flags)

    def Undo_EndBlock(self, label: str, flags: int) -> None:
        self.Undo_EndBlock2(self.host.project, label, flags)

    def Undo_CanUndo2(self, project: Project) -> str | None:
        return project.undo_stack[-1].label if project.undo_stack else None

    def Undo_CanRedo2(self, project: Project) -> str | None:
        return project.redo_stack[-1].label if project.redo_stack else None

    def Undo_DoUndo2(self, project: Project) -> int:
        return int(project.undo(ext_state=self.host.undo_restores_ext_state))

    def Undo_DoRedo2(self, project: Project) -> int:
        return int(project.redo(ext_state=self.host.undo_restores_ext_state))

    def Undo_OnStateChange2(self, project: Project, label: str) -> None:
        project.begin_block()
        project.end_block(label, -1)
        self.host.script.made_undo = True

    def Undo_OnStateChange(self, label: str) -> None:
        self.Undo_OnStateChange2(self.host.project, label)

    def Undo_OnStateChangeEx2(self, project: Project, label: str, states: int, track: int) -> None:
        self.Undo_OnStateChange2(project, label)

    def Undo_OnStateChangeEx(self, label: str, states: int, track: int) -> None:
        self.Undo_OnStateChange2(self.host.project, label)

    def Undo_OnStateChange_Item(self, project: Project, label: str, item: Item) -> None:
        self.Undo_OnStateChange2(project, label)


class ExtState(Group):
    """What scripts keep: for all of REAPER, and per project."""

    def GetExtState(self, section: str, key: str) -> str:
        return self.host.ext_state.get((section, key), "")

    def HasExtState(self, section: str, key: str) -> bool:
        return (section, key) in self.host.ext_state

    def SetExtState(self, section: str, key: str, value: str, persist: bool) -> None:
        if persist and any(letter in part for part in (section, key, value) for letter in "\r\n"):
            raise Refused(
                "SetExtState: a value that persists is one line of an ini file; it must have no newline"
            )
        self.host.ext_state[section, key] = value
        if persist:
            self.host.persistent[section, key] = value

    def DeleteExtState(self, section: str, key: str, persist: bool) -> None:
        self.host.ext_state.pop((section, key), None)
        if persist:
            self.host.persistent.pop((section, key), None)

    def GetProjExtState(self, project: Project, name: str, key: str) -> tuple[int, str]:
        section = project.ext_state.get(name, {})
        if not key:
            return len(section), ""
        value = section.get(key, "")
        return int(bool(value)), value

    def SetProjExtState(self, project: Project, name: str, key: str, value: str) -> int:
        if not name:
            raise Refused("SetProjExtState: the name of the extension is missing")
        section = project.ext_state.setdefault(name, {})
        if not key:
            section.clear()
        elif value:
            section[key] = value
        else:
            section.pop(key, None)
        project.touch()
        return len(section)

    def EnumProjExtState(
        self, project: Project, name: str, index: int
    ) -> tuple[bool, str | None, str | None]:
        row = self.at(list(project.ext_state.get(name, {}).items()), index)
        return (True, *row) if row else (False, None, None)

    def gmem_attach(self, name: str) -> str:
        self.host.gmem_name = name
        return ""

    def gmem_read(self, index: int) -> float:
        return self.host.gmem.get((self.host.gmem_name, index), 0.0)

    def gmem_write(self, index: int, value: float) -> None:
        self.host.gmem[self.host.gmem_name, index] = value

    def get_config_var_string(self, name: str) -> tuple[bool, str]:
        return name in self.host.config, self.host.config.get(name, "")


class Life(Group):
    """Pointers, versions, deferred functions."""

    def APIExists(self, name: str) -> bool:
        return self.host.has_function(name)

    def ValidatePtr2(self, project: Project, pointer: Handle | None, kind: str) -> bool:
        if kind not in _KINDS:
            raise Refused(f"ValidatePtr2 knows no '{kind}' (a type ends with *, like MediaItem*)")
        if pointer is None or pointer.kind != _KINDS[kind] or not alive(self.host, pointer.target):
            return False
        where = home(self.host, pointer.target)
        return where is None or where is project or kind == "ReaProject*"

    def ValidatePtr(self, pointer: Handle | None, kind: str) -> bool:
        return self.ValidatePtr2(self.host.project, pointer, kind)

    def defer(self, function: Callable[[], object]) -> bool:
        self.host.script.deferred.append(function)
        self.host.script.began_defer = True
        return True

    def runloop(self, function: Callable[[], object]) -> bool:
        return self.defer(function)

    def atexit(self, function: Callable[[], object]) -> bool:
        self.host.script.at_exit.append(function)
        return True

    def get_action_context(self) -> tuple[bool, str, int, int, int, int, float, str]:
        script = self.host.script
        return True, str(script.path or ""), script.section, script.command, -1, -1, -1.0, ""

    def set_action_options(self, flags: int) -> None:
        script = self.host.script
        script.options = flags & 3
        if flags & 12:
            self.host.toggles[script.section, script.command] = 1 if flags & 4 else 0

    def time_precise(self) -> float:
        return self.host.now()
