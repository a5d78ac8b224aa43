"""Real Lua for the modules that need no REAPER: byte strings in, byte strings out."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

LIB = Path(__file__).parents[2] / "reaper_scripts" / "stembridge_reaper" / "scripts" / "lib"
VERSIONS = ("lua53", "lua54")


class Lua:
    """A Lua state that finds the library; texts cross the border as bytes."""

    def __init__(self, version: str) -> None:
        self.state: Any = import_module(f"lupa.{version}").LuaRuntime(
            encoding=None, unpack_returned_tuples=True, register_eval=False
        )
        self.eval("function(p) package.path = p .. '/?.lua' end")(str(LIB).encode())

    def eval(self, code: str) -> Any:
        """Evaluate an expression."""
        return self.state.eval(code.encode())

    def execute(self, code: str) -> Any:
        """Run statements."""
        return self.state.execute(code.encode())

    def require(self, name: str) -> Any:
        """Load a module of the library."""
        return self.eval("function(n) return (require(n)) end")(name.encode())

    def python(self, value: Any) -> Any:
        """Turn a decoded JSON value of Lua into Python's; null in an array becomes None."""
        kind = self.eval("type")(value) if not isinstance(value, (bytes, int, float, bool)) else None
        if isinstance(value, bytes):
            return value.decode()
        if kind != b"table":
            return value
        if self.eval("function(v) return v == require('json').null end")(value):
            return None
        if self.eval("function(v) return require('json').is_array(v) end")(value):
            return [self.python(value[i]) for i in range(1, len(value) + 1)]
        return {key.decode(): self.python(item) for key, item in value.items()}

    def lua(self, value: Any) -> Any:
        """Turn a Python value into Lua's, as the scripts would build it; None becomes json.null."""
        json = self.require("json")
        if value is None:
            return json[b"null"]
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, list):
            return json[b"array"](self.state.table(*[self.lua(item) for item in value]))
        if isinstance(value, dict):
            return self.state.table_from({key.encode(): self.lua(item) for key, item in value.items()})
        return value
