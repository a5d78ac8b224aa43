"""The stand-in REAPER: tabs, scripts, ticks, and what a test sees of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.reaper import accessor as accessor_audio
from tests.fakes.reaper import (
    api_chunks,
    api_envelopes,
    api_fx,
    api_items,
    api_markers,
    api_projects,
    api_sources,
    api_state,
    api_system,
    api_takes,
    api_tracks,
    facts,
    render,
)
from tests.fakes.reaper.accessors import Accessor
from tests.fakes.reaper.dialogs import Dialogs
from tests.fakes.reaper.lua import Lua
from tests.fakes.reaper.process import Processes
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.script import Script
from tests.fakes.reaper.sources import Facts, Source
from tests.fakes.reaper.strict import ScriptError, Strictness
from tests.fakes.reaper.tabs import Tabs
from tests.fakes.reaper.tracks import Track
from tests.fakes.reaper.values import Handle, Opaque
from tests.fakes.reaper.window import Window

VERSIONS = {"lua53": "6.60/linux-x86_64", "lua54": "7.62/linux-x86_64"}
TERMINATE, RELAUNCH = 1, 2
"""Flags of set_action_options."""
SCRIPTS = Path(__file__).parents[3] / "reaper_scripts" / "stembridge_reaper" / "scripts"
THEMES = {
    "dark": {"col_main_bg2": (51, 51, 51), "col_main_text2": (190, 190, 190), "col_arrangebg": (40, 40, 40)},
    "light": {
        "col_main_bg2": (225, 225, 225),
        "col_main_text2": (20, 20, 20),
        "col_arrangebg": (240, 240, 240),
    },
}
GROUPS = (
    api_projects.Projects, api_projects.View, api_tracks.Tracks, api_items.Items, api_takes.Takes,
    api_sources.Sources, api_sources.Accessors, api_envelopes.Envelopes, api_fx.Effects, api_markers.Markers,
    api_markers.Tempo, api_state.Undo, api_state.ExtState, api_state.Life, api_system.Dialogs,
    api_system.Files, api_system.Actions, api_system.Texts, api_chunks.Chunks,
)  # fmt: skip


class Reaper(Tabs):
    """A strict stand-in for REAPER.

    Parameters
    ----------
    folder
        A folder of this host's own.
    lua
        "lua54" (REAPER 7) or "lua53" (REAPER 6).
    version, os
        What GetAppVersion and GetOS answer; functions newer than the version don't exist.
    resource
        The resource folder (default `folder / "REAPER"`).
    """

    def __init__(
        self,
        folder: Path,
        *,
        lua: str = "lua54",
        version: str | None = None,
        os: str = "Other",
        resource: Path | None = None,
    ) -> None:
        self.folder = folder
        self.lua_name = lua
        self.version = version or VERSIONS[lua]
        self.os = os
        self.resource = resource or folder / "REAPER"
        self.resource.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / "REAPER Media")
        self.strict = Strictness()
        self.dialogs = Dialogs()
        self.processes = Processes(windows=os.startswith("Win"))
        self.folders = api_system.Folders()
        self.console = ""
        self.tooltip = ""
        self.help_text = ""
        self.ext_state: dict[tuple[str, str], str] = {}
        self.persistent: dict[tuple[str, str], str] = {}
        self.gmem: dict[tuple[str, int], float] = {}
        self.gmem_name = ""
        self.config: dict[str, str] = {}
        self.rendering: Project | None = None
        self.renders = 0
        self.render_fault: render.Fault | None = None
        self.accessor_hears_take_fx = True
        self.extensions: set[str] = set()
        self.free_sources: list[Source] = []
        self.accessors: list[Accessor] = []
        self.media_facts: dict[str, Facts] = {}
        self.installed_fx: set[str] = {"ReaEQ", "ReaComp", "ReaVerbate", "JS: Volume Adjustment"}
        self.theme: dict[str, tuple[int, int, int]] = dict(THEMES["dark"])
        self.screen_scale = 1.0
        self.mouse_position = (0, 0)
        self.cursor_context = 1
        self.mixer_scroll: Track | None = None
        self.free_disk_mb = 100_000
        self.prevent_refresh = 0
        self.refreshed: list[str] = []
        self.blocking: list[str] = []
        self.opened_documents: list[str] = []
        self.litter: list[str] = []
        self.calls: dict[str, int] = {}
        self.instructions: dict[str, int] = {}
        self.exempt_instructions: dict[str, int] = {}
        self.bytes_read: dict[str, int] = {}
        self.budget: int | None = None
        self.files_read: list[str] = []
        self.files_written: list[str] = []
        self.commands: dict[int, Path] = {}
        self.toggles: dict[tuple[int, int], int] = {}
        self.main_window = Opaque("HWND", "main")
        self.main_section = Opaque("KbdSectionInfo", "Main")
        self.windows: list[Window] = []
        self.scripts: list[Script] = []
        self._handles: dict[int, Handle] = {}
        self._clock = 0.0
        self.functions: dict[str, Callable[..., Any]] = {}
        for group in GROUPS:
            self.functions |= group(self).functions()
        self.script = Script(self, None)
        self._test_script = self.script
        self.lua = Lua(self, self.script)

    # what scripts ask

    @property
    def version_number(self) -> tuple[int, int]:
        """Major and minor version."""
        return facts.version(self.version)

    def has_function(self, name: str) -> bool:
        """Whether this version has a function."""
        function = facts.functions().get(name)
        if function is None or function.since > self.version_number:
            return False
        return not function.extension or function.extension in self.extensions

    def now(self) -> float:
        """Seconds as time_precise gives them."""
        return time.perf_counter() + self._clock

    def advance(self, seconds: float) -> None:
        """Put time_precise forward."""
        self._clock += seconds

    def handle(self, target: Any) -> Handle:
        """Give the handle of something of the model: one for its whole life."""
        found = self._handles.get(id(target))
        if found is None:
            found = Handle(target.kind, target)
            self._handles[id(target)] = found
        return found

    def new_accessor(self, accessor: Accessor) -> Accessor:
        """Note an accessor; one that is never destroyed is a violation when its script ends."""
        self.accessors.append(accessor)
        return accessor

    def file_opened(self, path: str, mode: str, worked: bool) -> None:
        """Count what Lua's own file functions touch."""
        if not worked:
            return
        reads = mode.startswith("r") and mode not in {"remove", "rename"} and "+" not in mode
        (self.files_read if reads else self.files_written).append(path)

    def count_instructions(self, script: Script, spent: int) -> None:
        """Note what one tick of a script took, and hold it to the budget."""
        kept = self.exempt_instructions if script.exempt else self.instructions
        kept[script.name] = max(kept.get(script.name, 0), spent)
        if self.budget is not None and not script.exempt and spent > self.budget:
            self.strict.note(
                f"{script.name}: one tick took {spent} Lua instructions, the budget is {self.budget}"
            )

    def strict_end(self, script: Script) -> None:
        """Look at what must be in order whenever a script gives control back."""
        for project in self.projects:
            if project.undo_depth:
                self.strict.note(f"{script.name}: Undo_BeginBlock without Undo_EndBlock at the end of a tick")
                project.undo_depth, project.block = 0, None
            if project.changes != project.checked_changes:
                project.checked_changes = project.changes
                for doubled in project.doubled_guids():
                    self.strict.note(f"{script.name}: a second {doubled}")
            for track in project.tracks:
                track.sort_items()
        if self.prevent_refresh:
            self.strict.note(
                f"{script.name}: PreventUIRefresh is {self.prevent_refresh} at the end of a tick"
            )
            self.prevent_refresh = 0

    # audio

    def render(self, project: Project) -> None:
        """Write what action 42230 writes; `render_fault` makes it go wrong as `render.py` says."""
        render.render(project, fault=self.render_fault)

    def accessor_samples(self, accessor: Accessor, rate: int, channels: int, start: float, count: int) -> Any:
        """Give interleaved samples of an accessor, None for silence."""
        _, samples = accessor_audio.read(
            accessor.target, rate, channels, start, count, take_fx=self.accessor_hears_take_fx
        )
        return samples

    # scripts

    def register(self, path: Path) -> int:
        """Give a script a command id."""
        for command, known in self.commands.items():
            if known == path:
                return command
        command = 53_000 + len(self.commands)
        self.commands[command] = path
        return command

    @staticmethod
    def command_name(path: Path) -> str:
        """Give the id that NamedCommandLookup knows a script by."""
        return "_RS" + path.name.encode("utf-8").hex()

    def start_command(self, command: int) -> Script:
        """Run a registered script."""
        return self._start(self.commands[command], command)

    def run_script(self, path: Path | str) -> Script:
        """Run an action file as REAPER does: in a Lua state of its own, from the top, then tick by tick.

        A relative path is looked for among the product's own scripts.
        """
        wanted = Path(path)
        if not wanted.is_absolute() and not wanted.is_file():
            wanted = SCRIPTS / wanted
        script = self._start(wanted.resolve(), self.register(wanted.resolve()))
        self.strict.raise_noted()
        return script

    def _start(self, path: Path, command: int) -> Script:
        before, project, state = self.script, self.project, self.project.snapshot()
        script = Script(self, path, command=command)
        if self._relaunched(path):
            return script
        self.scripts.append(script)
        try:
            script.start()
        except ScriptError:
            self.scripts.remove(script)
            raise
        if script.idle:
            if not script.began_defer and not script.made_undo:
                project.automatic_point(f"ReaScript: {path.name}", state)
            self._leave(script)
        self.script = before
        return script

    def _relaunched(self, path: Path) -> bool:
        """Do what REAPER does when a script is started again; whether that is all that happens."""
        for running in [script for script in self.scripts if script.path == path]:
            if not running.options & TERMINATE:
                self.dialogs.task_control.append(running.name)
                continue
            self._leave(running)
            if not running.options & RELAUNCH:
                return True
        return False

    def _leave(self, script: Script) -> None:
        script.stop()
        if script in self.scripts:
            self.scripts.remove(script)
        for accessor in [each for each in self.accessors if each.owner is script]:
            self.strict.note(f"{script.name}: an audio accessor was never destroyed")
            self.accessors.remove(accessor)

    def _round(self, script: Script) -> None:
        try:
            script.round()
        except ScriptError:
            if script in self.scripts:
                self.scripts.remove(script)
            raise
        if script.idle and script is not self._test_script:
            self._leave(script)

    def tick(self, n: int = 1) -> None:
        """Let every script run what it deferred, `n` times; then look at the strict rules."""
        for _ in range(n):
            for script in [self._test_script, *self.scripts]:
                if not script.idle:
                    self._round(script)
            self.strict.raise_noted()

    def run_until(self, condition: Callable[[], object], seconds: float = 30.0, pause: float = 0.01) -> None:
        """Tick in real time until a condition holds.

        Raises
        ------
        TimeoutError
            When it doesn't within the seconds.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(
                    f"not within {seconds} s; running: {[script.name for script in self.scripts]}"
                )
            self.tick()
            time.sleep(pause)

    def quit(self) -> None:
        """Quit REAPER: scripts end, their atexit functions run; processes go on."""
        for script in list(self.scripts):
            self._leave(script)
        self.strict.raise_noted()

    def restart(self) -> None:
        """Quit and start again: only what persists is still there."""
        self.quit()
        self.ext_state = dict(self.persistent)
        self.gmem.clear()
        self.projects.clear()
        self.open_project()

    def close(self) -> None:
        """End the host with all it started."""
        for script in list(self.scripts):
            script.stop()
        self.scripts.clear()
        self.processes.stop()

    def __enter__(self) -> Self:
        """Use it in a with statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    # what tests look at

    @property
    def gfx(self) -> Window:
        """The window that was opened last."""
        shown = [window for window in self.windows if window.open]
        if not shown and not self.windows:
            raise LookupError("no script has opened a window")
        return (shown or self.windows)[-1]

    def require(self, name: str) -> Any:
        """Load a module of the product's own library into the test's Lua state."""
        return self.lua.require(name)
