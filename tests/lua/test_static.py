"""Every Lua file of the product, looked at without running it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lupa import lua53, lua54

from tests.fakes.reaper import facts
from tests.fakes.reaper.host import SCRIPTS
from tests.lua import scanner

OLDEST = (6, 60)
FILES = sorted(SCRIPTS.rglob("*.lua"))
ON_EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SCRIPTS)))
RUNTIMES = {"lua53": lua53.LuaRuntime, "lua54": lua54.LuaRuntime}


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 10


@ON_EVERY_FILE
@pytest.mark.parametrize("lua", list(RUNTIMES))
def test_it_loads(path: Path, lua: str) -> None:
    load = RUNTIMES[lua]().eval("function(text, name) local ok, why = load(text, name, 't') return why end")
    assert load(path.read_text(encoding="utf-8"), "@" + path.name) is None


@ON_EVERY_FILE
def test_what_it_calls_exists_with_as_many_arguments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wrong = []
    tables = {"reaper": facts.functions(), "gfx": facts.gfx_functions()}
    for use in scanner.uses(text):
        where = f"{path.name}:{use.line}: {use.table}.{use.name}"
        function = tables[use.table].get(use.name)
        if function is None:
            if use.table == "gfx" and use.name in facts.gfx_variables() and use.arguments is None:
                continue
            wrong.append(f"{where} does not exist")
        elif use.arguments is not None:
            least = use.arguments - 1 if use.more else use.arguments
            enough = use.more or use.arguments >= function.least
            if least > function.most or not enough:
                wrong.append(f"{where} takes {function.least} to {function.most}, not {use.arguments}")
    assert wrong == []


@ON_EVERY_FILE
def test_it_asks_before_it_calls_what_older_versions_lack(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    asked = scanner.exists_checks(text)
    assert asked <= set(facts.functions())
    newer = {
        use.name
        for use in scanner.uses(text)
        if use.table == "reaper"
        and (function := facts.functions().get(use.name)) is not None
        and (function.since > OLDEST or function.extension)
    }
    assert newer <= asked


SAMPLES = [
    ("reaper.GetTrack(0, 1)", ("GetTrack", 2, False)),
    ("reaper.GetTrack(f(1, 2), {3, 4})", ("GetTrack", 2, False)),
    ("reaper.time_precise()", ("time_precise", 0, False)),
    ("reaper.defer(function() return 1, 2 end)", ("defer", 1, False)),
    ("reaper.MB(text, ...)", ("MB", 2, True)),
    ("reaper.MB(text, title(2))", ("MB", 2, True)),
    ("reaper.MB(text, (title(2)))", ("MB", 2, False)),
    ("reaper.MB('a, b)', \"c\", [[d, e]])", ("MB", 3, False)),
    ("reaper.MB( -- one, two\n 'a', 'b' --[[ , ]], 0)", ("MB", 3, False)),
    ("pcall(reaper.MB, 1)", ("MB", None, False)),
    ("reaper.MB(a, function() if b then c(1, 2) elseif d then e() end end, 0)", ("MB", 3, False)),
    ("reaper.MB(a, function() for i = 1, 2 do x(i, 3) end repeat y() until z end, 0)", ("MB", 3, False)),
]


@pytest.mark.parametrize(("text", "expected"), SAMPLES)
def test_the_scanner_counts_arguments(text: str, expected: tuple[str, int | None, bool]) -> None:
    (use,) = [use for use in scanner.uses(text) if use.table == "reaper"]
    assert (use.name, use.arguments, use.more) == expected


def test_the_scanner_leaves_strings_comments_and_fields_alone() -> None:
    text = """local a = "reaper.Foo()" -- reaper.Bar()
    --[==[ reaper.Baz() ]==]
    self.reaper.Qux() gfx.x = 3"""
    assert [(use.table, use.name, use.written) for use in scanner.uses(text)] == [("gfx", "x", True)]
