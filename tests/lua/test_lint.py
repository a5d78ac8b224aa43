"""The lint of the Lua: its list of names is fresh, it finds a wrong name, and it says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes.reaper import luacheckrc
from tests.programs import need

SCRIPT = luacheckrc.ROOT / "tests" / "lint-lua.sh"


def test_the_list_of_names_is_fresh() -> None:
    assert luacheckrc.TARGET.read_text(encoding="utf-8") == luacheckrc.text()


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("reaper.GetTrackk(0, 0)", "undefined field 'GetTrackk'"),
        ("gfx.colour = 1", "undefined field 'colour'"),
        ("gfx.w = 1", "setting read-only field 'w'"),
        ("reaper.GetTrack = nil", "setting read-only field 'GetTrack'"),
        ("wrong = 1", "setting non-standard global variable 'wrong'"),
        ("local unused = 1", "unused variable 'unused'"),
    ],
)
def test_it_finds_what_is_wrong(tmp_path: Path, code: str, complaint: str) -> None:
    file = tmp_path / "wrong.lua"
    file.write_text(code + "\n", encoding="utf-8")
    command = [need("luacheck"), "--no-color", "--config", str(luacheckrc.TARGET), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert complaint in done.stdout


def test_it_accepts_what_is_right(tmp_path: Path) -> None:
    file = tmp_path / "right.lua"
    file.write_text("gfx.x = gfx.w\nreaper.MB(utf8.char(65), gfx.mode, 0)\n", encoding="utf-8")
    command = [need("luacheck"), "--no-color", "--config", str(luacheckrc.TARGET), str(file)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_it_names_what_is_missing(tmp_path: Path, ci: str, code: int) -> None:
    shell, name = shutil.which("sh"), shutil.which("dirname")
    if shell is None or name is None:
        pytest.skip("there is no POSIX shell here")
    (tmp_path / "dirname").symlink_to(name)
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    copy = root / "tests" / "lint-lua.sh"
    copy.write_bytes(SCRIPT.read_bytes())
    environ = {key: value for key, value in os.environ.items() if key not in {"CI", "STYLUA"}}
    environ |= {"PATH": str(tmp_path), "CI": ci}
    done = subprocess.run([shell, str(copy)], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "luacheck (apt" in done.stdout
    assert "stylua (npm" in done.stdout
