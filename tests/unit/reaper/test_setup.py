"""Set-up: the scripts get into REAPER's folder, are checked there, and come out again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import stembridge
from stembridge.cli.app import app
from stembridge.model.errors import HostError
from stembridge_reaper import health, installing, package, places
from stembridge_reaper.keymap import KEYMAP, forget


@pytest.fixture
def resource(tmp_path: Path) -> Path:
    """A REAPER that ran once; the name has a space and an umlaut."""
    folder = tmp_path / "REAPER für alle"
    (folder / "Data").mkdir(parents=True)
    (folder / "reaper.ini").write_text("[REAPER]\n")
    return folder


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["setup", "reaper", *map(str, arguments)], obj={}, standalone_mode=False)


def _rows(resource: Path, home: Path) -> dict[str, Any]:
    return {row.name: row for row in installing.check(resource, home)}


@pytest.mark.parametrize(
    ("system", "environ", "expected"),
    [
        ("linux", {}, ".config/REAPER"),
        ("linux", {"XDG_CONFIG_HOME": "elsewhere"}, "elsewhere/REAPER"),
        ("darwin", {}, "Library/Application Support/REAPER"),
        ("win32", {"APPDATA": "C/Roaming"}, "C/Roaming/REAPER"),
        ("win32", {}, "AppData/Roaming/REAPER"),
    ],
)
def test_the_usual_folder_of_every_system(system: str, environ: dict[str, str], expected: str) -> None:
    found = places.usual(system, environ, Path("home")).as_posix()
    assert found.removeprefix("home/") == expected


def test_without_reaper_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no REAPER") as caught:
        places.resource_folder(tmp_path)
    assert "--resource" in caught.value.hint


def test_a_running_reaper_is_seen_among_the_processes(tmp_path: Path) -> None:
    for number, name in (("1", "init"), ("20", "reaper_plugin"), ("x", "reaper")):
        (tmp_path / number).mkdir()
        (tmp_path / number / "comm").write_text(name + "\n")
    assert not places.running("linux", tmp_path)
    (tmp_path / "300").mkdir()
    (tmp_path / "300" / "comm").write_text("reaper\n")
    assert places.running("linux", tmp_path)


def test_installing_gives_every_script_and_the_way_to_the_core(resource: Path, home: Path) -> None:
    result = _run("--resource", resource)
    assert result.exception is None
    scripts = resource / "Scripts" / "Stembridge"
    assert {name: package.digest(scripts / name) for name in package.files()} == dict(package.digests())
    assert not list(resource.rglob("*.part"))
    core = json.loads((resource / "Data/Stembridge/core.json").read_text(encoding="utf-8"))
    assert Path(core["argv"][0]).is_absolute()
    assert Path(core["argv"][0]).exists()
    assert (core["home"], core["version"], core["protocol"]) == (str(home), stembridge.__version__, 1)
    assert all(row.ready for row in _rows(resource, home).values())
    assert _run("--resource", resource, "--check").return_value == 0


def test_what_is_wrong_is_told_with_what_mends_it(resource: Path, home: Path) -> None:
    assert not _rows(resource, home)["reaper scripts"].ready
    assert _run("--resource", resource, "--check").return_value == 16
    installing.install(resource, home)
    scripts = installing.scripts_folder(resource)
    (scripts / package.MAIN).unlink()
    assert "1 of" in _rows(resource, home)["reaper scripts"].text
    installing.install(resource, home)
    (scripts / package.MAIN).write_text("-- changed\n")
    row = _rows(resource, home)["reaper scripts"]
    assert row.ready
    assert package.MAIN in row.text
    core = resource / installing.CORE
    facts = json.loads(core.read_text(encoding="utf-8"))
    for change, word in (({"argv": ["/nowhere/python"]}, "isn't there"), ({"protocol": 99}, "protocol 99")):
        core.write_text(json.dumps({**facts, **change}), encoding="utf-8")
        row = _rows(resource, home)["reaper core"]
        assert not row.ready
        assert word in row.text
        assert "setup reaper" in row.remedy
    core.write_text("{")
    assert not _rows(resource, home)["reaper core"].ready


def test_scripts_of_another_version_are_told_from_changed_ones(resource: Path, home: Path) -> None:
    installing.install(resource, home)
    record = resource / installing.RECORD
    facts = json.loads(record.read_text(encoding="utf-8"))
    old = installing.scripts_folder(resource) / package.MAIN
    old.write_text("-- of an older version\n")
    facts["files"][package.MAIN] = package.digest(old)
    facts["files"]["lib/gone.lua"] = package.digest(old)
    (old.parent / "lib" / "gone.lua").write_bytes(old.read_bytes())
    record.write_text(json.dumps(facts), encoding="utf-8")
    row = _rows(resource, home)["reaper scripts"]
    assert not row.ready
    assert "another version" in row.text
    assert installing.install(resource, home) == []
    assert not (old.parent / "lib" / "gone.lua").exists()
    assert _rows(resource, home)["reaper scripts"].ready


def test_reapacks_copy_of_another_version_is_named(resource: Path, home: Path) -> None:
    installing.install(resource, home)
    other = resource / "Scripts" / "Somebody" / "Stembridge" / package.MAIN
    other.parent.mkdir(parents=True)
    other.write_text("-- @version 0.0.1\n")
    row = _rows(resource, home)["reaper reapack"]
    assert not row.ready
    assert "0.0.1" in row.text
    assert stembridge.__version__ in row.text
    other.write_bytes((package.SCRIPTS / package.MAIN).read_bytes())
    assert _rows(resource, home)["reaper reapack"].ready


def test_removal_takes_away_just_what_was_installed(resource: Path, home: Path) -> None:
    before = _tree(resource)
    own = resource / "Scripts" / "mine.lua"
    own.parent.mkdir()
    own.write_text("-- mine")
    installing.install(resource, home)
    settings = resource / installing.EXT_STATE
    settings.write_bytes(b"[other]\nkey=1\n[Stembridge]\nlast=x\ny=2\n[third]\nz=3\n")
    before |= {settings.name, "MenuSets"}
    (resource / installing.TOOLBAR).parent.mkdir()
    (resource / installing.TOOLBAR).write_text("[Floating toolbar 16]")
    (resource / "Data" / "Stembridge" / "selftest-1.txt").write_text("report")
    changed = installing.scripts_folder(resource) / "Stembridge_Settings.lua"
    changed.write_text("-- changed by hand")
    (home / "jobs").mkdir(parents=True, exist_ok=True)
    result = _run("--resource", resource, "--remove")
    assert result.exception is None
    assert "Stembridge_Settings.lua" in result.stderr
    assert _tree(resource) - before == {
        "Scripts",
        "Scripts/mine.lua",
        "Scripts/Stembridge",
        f"Scripts/Stembridge/{changed.name}",
    }
    assert settings.read_bytes() == b"[other]\nkey=1\n[third]\nz=3\n"
    assert (home / "jobs").is_dir()


def test_purge_leaves_nothing_of_ours_and_wants_to_be_sure(resource: Path, home: Path) -> None:
    installing.install(resource, home)
    (home / "jobs" / "one").mkdir(parents=True)
    asked = _run("--resource", resource, "--remove", "--purge")
    assert "confirmed" in str(asked.exception)
    assert (home / "jobs").is_dir()
    assert _run("--resource", resource, "--remove", "--purge", "--yes").exception is None
    assert not home.exists()
    assert not list(resource.rglob("*tembridge*"))


def test_a_running_reaper_would_undo_a_removal(
    resource: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installing.install(resource, home)
    monkeypatch.setattr(places, "running", lambda: True)
    assert "running" in str(_run("--resource", resource, "--remove").exception)
    assert _rows(resource, home)["reaper scripts"].ready


def test_options_that_contradict_each_other_are_refused(resource: Path) -> None:
    assert "--remove" in str(_run("--resource", resource, "--purge").exception)
    assert "exclude" in str(_run("--resource", resource, "--check", "--remove").exception)


def test_actions_and_their_keys_leave_the_key_map(tmp_path: Path) -> None:
    keep = (
        b'SCR 4 0 RSabc "Custom: mine.lua" "mine.lua"\r\n'
        b"KEY 1 65 _RSabc 0\r\n"
        b'ACT 0 0 "c0ffee" "Custom: two" _RSabc 40001\r\n'
    )
    ours = (
        b'SCR 4 0 RS7d3c "Custom: Stembridge_Settings.lua" "Stembridge/Stembridge_Settings.lua"\r\n'
        b"KEY 9 83 _RS7d3c 0\r\n"
        b'SCR 4 0 RS99 "Custom: Stembridge_About.lua" "C:\\Scripts\\Stembridge\\Stembridge_About.lua"\r\n'
    )
    path = tmp_path / KEYMAP
    path.write_bytes(keep + ours)
    assert forget(tmp_path, "Stembridge") == 2
    assert path.read_bytes() == keep
    assert forget(tmp_path, "Stembridge") == 0
    assert forget(tmp_path / "nowhere", "Stembridge") == 0


def test_windows_gets_the_interpreter_without_a_console(tmp_path: Path) -> None:
    program = tmp_path / "python.exe"
    program.touch()
    assert installing.interpreter(str(program), "nt") == program
    (tmp_path / "pythonw.exe").touch()
    assert installing.interpreter(str(program), "nt").name == "pythonw.exe"
    assert installing.interpreter(str(program), "posix") == program


def test_the_doctor_knows_reaper(
    resource: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))
    (row,) = health.rows()
    assert (row.ready, row.needed) == (False, False)
    usual = places.usual(sys.platform, os.environ, Path.home())
    usual.parent.mkdir(parents=True, exist_ok=True)
    resource.rename(usual)
    installing.install(usual, home)
    assert all(row.ready for row in health.rows())


def test_a_folder_that_cannot_be_written_to_is_a_sentence(
    resource: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "core.json")

    monkeypatch.setattr("shutil.copyfile", refuse)
    with pytest.raises(HostError, match="can't be written to"):
        installing.install(resource, home)


def _tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
