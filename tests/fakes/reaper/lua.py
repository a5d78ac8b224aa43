"""The test's own Lua state: the same tables as a script's, under the same eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.reaper.host import Reaper
    from tests.fakes.reaper.script import Script


class Lua:
    """Execute and evaluate Lua; violations are raised when it returns."""

    def __init__(self, host: Reaper, script: Script) -> None:
        self._host = host
        self.script = script
        self.runtime = script.lua
        self._prepared = False

    def _checked(self, function: Any, *arguments: Any) -> Any:
        self._host.script = self.script
        try:
            return function(*arguments)
        finally:
            self._host.strict_end(self.script)
            self._host.strict.raise_noted()

    def execute(self, code: str, *arguments: Any) -> Any:
        """Run statements; arguments arrive as `...`."""
        return self._checked(self.runtime.execute, code, *arguments)

    def eval(self, code: str, *arguments: Any) -> Any:
        """Evaluate an expression."""
        return self._checked(self.runtime.eval, code, *arguments)

    def call(self, function: Any, *arguments: Any) -> Any:
        """Call a Lua function; objects of the model become pointers."""
        return self._checked(function, *[self.value(each) for each in arguments])

    def value(self, thing: Any) -> Any:
        """Give a value as Lua takes it: lists and dicts as tables, objects of the model as pointers."""
        if isinstance(thing, dict):
            return self.runtime.table_from({key: self.value(each) for key, each in thing.items()})
        if isinstance(thing, (list, tuple)):
            return self.runtime.table_from([self.value(each) for each in thing])
        if not type(thing).__name__.startswith("_Lua") and hasattr(thing, "kind"):
            return self.script.pointer(thing)
        return thing

    def python(self, value: Any) -> Any:
        """Give a Lua value as Python has it: a table as list or dict."""
        if type(value).__name__ != "_LuaTable":
            return value
        pairs = {key: self.python(each) for key, each in value.items()}
        if (
            pairs
            and all(isinstance(key, int) for key in pairs)
            and sorted(pairs) == list(range(1, len(pairs) + 1))
        ):
            return [pairs[key] for key in sorted(pairs)]
        return pairs

    def globals(self) -> Any:
        """Give the table of globals."""
        return self.runtime.globals()

    def require(self, name: str) -> Any:
        """Load a module of the product's library."""
        if not self._prepared:
            from tests.fakes.reaper.host import SCRIPTS

            lib = str(SCRIPTS / "lib").replace("\\", "/")
            self.runtime.execute("package.path = ... .. '/?.lua;' .. package.path", lib)
            self._prepared = True
        found = self._checked(self.runtime.eval, f"require('{name}')")
        return found[0] if isinstance(found, tuple) else found
