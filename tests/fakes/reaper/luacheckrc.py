"""Writes `.luacheckrc` from the facts: `python -m tests.fakes.reaper.luacheckrc`.

So luacheck knows `reaper` and `gfx` by name, and a misspelt function is an error while one types.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.fakes.reaper import facts

ROOT = Path(__file__).parents[3]
TARGET = ROOT / ".luacheckrc"

HEAD = """\
-- Written by `python -m tests.fakes.reaper.luacheckrc` from the stand-in host's table of facts: change that.
-- The scripts run on Lua 5.3 (REAPER 6) and 5.4 (REAPER 7), so they use what both have.
std = "lua53"
max_line_length = 110
unused_args = false
cache = false

"""

TAIL = """
files["tests/fakes/reaper/prelude.lua"] = {
  globals = { "reaper", "gfx", "io", "os", "coroutine", "print" },
}
"""

READ_ONLY = frozenset({"w", "h", "texth", "mouse_x", "mouse_y", "mouse_cap"})


def _list(name: str, names: list[str], mark: str) -> str:
    rows = textwrap.wrap(
        ", ".join(f'"{each}"' for each in sorted(names)),
        104,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    body = "\n".join(rows)
    return (
        f"local {name} = {{}}\nfor _, field in ipairs({{\n{body},\n}}) do\n  {name}[field] = {mark}\nend\n\n"
    )


def text() -> str:
    """Give the whole file."""
    variables = [name for name in facts.gfx_variables() if name not in READ_ONLY]
    return (
        HEAD
        + _list("reaper_fields", list(facts.functions()), "{}")
        + _list("gfx_functions", [*facts.gfx_functions(), *READ_ONLY], "{}")
        + _list("gfx_variables", variables, "{ read_only = false }")
        + "for field, mark in pairs(gfx_variables) do\n  gfx_functions[field] = mark\nend\n\n"
        + "read_globals = {\n  reaper = { fields = reaper_fields },\n  gfx = { fields = gfx_functions },\n}\n"
        + TAIL
    )


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
