"""A running script: a Lua state of its own, its deferred functions, its window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupa import lua53, lua54

from tests.fakes.reaper import facts
from tests.fakes.reaper.strict import Refused, ScriptError
from tests.fakes.reaper.values import BINARY, Array, Checker, Handle, results
from tests.fakes.reaper.window import Window

if TYPE_CHECKING:
    from tests.fakes.reaper.host import Reaper

HERE = Path(__file__).parent
RUNTIMES = {"lua53": lua53, "lua54": lua54}

CHANGES_BY_NAME = (
    "Set", "Add", "Insert", "Delete", "Move", "Split", "Create", "Reorder", "TrackFX_Set", "TrackFX_Add",
    "TrackFX_Copy", "TrackFX_Delete", "TakeFX_Set", "TakeFX_Add", "TakeFX_Copy", "TakeFX_Delete", "GetSet",
    "Remove",
)  # fmt: skip


class Script:
    """One script, run as REAPER runs it: nothing is shared with other scripts."""

    def __init__(self, host: Reaper, path: Path | None, *, command: int = 0, section: int = 0) -> None:
        self.host = host
        self.path = path
        self.name = path.name if path is not None else "(test)"
        self.command = command
        self.section = section
        self.window = Window(host, self)
        self.deferred: list[Callable[[], object]] = []
        self.at_exit: list[Callable[[], object]] = []
        self.running = False
        self.options = 0
        self.most = 0
        self.in_main = True
        self.began_defer = False
        self.made_undo = False
        self.exempt = False
        self._pointers: dict[int, tuple[Handle, Any]] = {}
        self.lua: Any = RUNTIMES[host.lua_name].LuaRuntime(
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_no_attributes,
        )
        seam = {
            "address": lambda handle: f"0x{id(handle.target):016x}",
            "note": host.strict.note,
            "binary": lambda: BINARY,
            "array": Array,
            "known": self._known,
            "call": self._call,
            "gfx_kind": self._gfx_kind,
            "gfx_call": self._gfx_call,
            "gfx_get": self.window.get,
            "gfx_set": self.window.put,
            "opened": host.file_opened,
            "windows": lambda: host.os.startswith("Win"),
            "exists": lambda path: Path(path).exists(),
        }
        prelude = self.lua.eval("function(text, py) return assert(load(text, '@host', 't'))(py) end")
        text = (HERE / "prelude.lua").read_text(encoding="utf-8")
        self.side: Any = prelude(text, self.lua.table_from(seam))
        self.lua.execute("python = nil")

    # pointers

    def pointer(self, target: Any) -> Any:
        """Give the Lua pointer of something of the model: always the same one."""
        known = self._pointers.get(id(target))
        if known is None:
            handle = self.host.handle(target)
            known = (handle, self.side.pointer(handle))
            self._pointers[id(target)] = known
        return known[1]

    # calls from Lua

    def _known(self, name: str) -> bool:
        return self.host.has_function(name)

    def _call(self, name: str, main: bool, count: int, *values: Any) -> tuple[Any, ...]:
        self.in_main = main
        self.host.script = self
        self.host.calls[name] = self.host.calls.get(name, 0) + 1
        function = facts.functions()[name]
        checker = Checker(self.host, function)
        try:
            arguments = checker.arguments(count, values)
            implementation = self.host.functions.get(name)
            if implementation is None:
                raise Refused(f"reaper.{name} is known, but this stand-in doesn't model it yet")
            given = implementation(*arguments)
            return True, *results(self.host, function, given, self.pointer)
        except Refused as error:
            return False, self.host.strict.note(str(error))
        except Exception as error:  # noqa: BLE001 - a script's pcall must not hide a fault of the stand-in
            return False, self.host.strict.failed(f"reaper.{name}", error)

    def _gfx_kind(self, name: object) -> str | None:
        if name in facts.gfx_functions():
            return "function"
        return "variable" if name in facts.gfx_variables() else None

    def _gfx_call(self, name: str, main: bool, count: int, *values: Any) -> tuple[Any, ...]:
        self.host.script = self
        function = facts.gfx_functions()[name]
        try:
            arguments = Checker(self.host, function, "gfx.").arguments(count, values)
            given = self.window.call(name, arguments[: max(count, function.least)])
            return True, *results(self.host, function, given, self.pointer)
        except Refused as error:
            return False, self.host.strict.note(str(error))
        except Exception as error:  # noqa: BLE001
            return False, self.host.strict.failed(f"gfx.{name}", error)

    # its life

    def start(self) -> None:
        """Run the file from the top."""
        if self.path is None:
            raise ValueError("a test's own Lua state has no file to run")
        self.running = True
        loaded = self.side.load(str(self.path), str(self.path))
        if isinstance(loaded, tuple):
            raise ScriptError(str(loaded[1]))
        self.run(loaded)

    def round(self) -> None:
        """Run what was deferred, once."""
        waiting, self.deferred = self.deferred, []
        for function in waiting:
            self.run(function)
        self.window.end_round()

    def run(self, function: Callable[[], object]) -> None:
        """Run a Lua function under the host's eyes.

        Raises
        ------
        ScriptError
            When it ends with an error that is no violation (those are raised by the host).
        """
        self.host.script = self
        self.exempt = False
        self.side.counted()
        outcome = self.side.protect(function)
        spent, read = self.side.counted()
        self.host.count_instructions(self, int(spent))
        self.host.bytes_read[self.name] = max(self.host.bytes_read.get(self.name, 0), int(read))
        good, why = outcome if isinstance(outcome, tuple) else (outcome, None)
        self.host.strict_end(self)
        if not good:
            self.stop()
            if not self.host.strict.noted:
                raise ScriptError(str(why))

    def stop(self) -> None:
        """End it: atexit functions run, its window closes."""
        self.running = False
        self.deferred.clear()
        leaving, self.at_exit = self.at_exit, []
        for function in leaving:
            self.side.protect(function)
        self.window.close()

    @property
    def in_undo(self) -> bool:
        """Whether an undo block is open."""
        return any(project.undo_depth for project in self.host.projects)

    @property
    def idle(self) -> bool:
        """Whether nothing of it is left to run."""
        return not self.deferred


def _no_attributes(target: object, name: object, setting: bool) -> str:
    raise AttributeError(f"Lua has no business with {name} of {type(target).__name__}")
