"""Start at login, and a word on the desktop: what is written and run on each system."""

from __future__ import annotations

import os
import plistlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stembridge.model.errors import StoreError
from stembridge_audacity import autostart, notify

ARGV = ["/opt/my tools/python", "-P", "-m", "stembridge", "--quiet", "audacity", "watch"]


@pytest.mark.skipif(os.name == "nt", reason="a shell reads it as a desktop does")
def test_a_linux_desktop_runs_exactly_these_words() -> None:
    text = autostart.desktop_file(ARGV, {"STEMBRIDGE_HOME": '/home/a b/100% "x" $y `z` \\'})
    (line,) = [line for line in text.splitlines() if line.startswith("Exec=")]
    # First the escapes of a string value, then those of a quoted argument, as the desktop reads it.
    value = line.removeprefix("Exec=").replace("\\\\", "\\").replace("%%", "%")
    told = subprocess.run(["sh", "-c", f"printf '%s\\0' {value}"], capture_output=True, check=True).stdout
    assert told.decode().split("\0")[:-1] == ["env", 'STEMBRIDGE_HOME=/home/a b/100% "x" $y `z` \\', *ARGV]
    assert "[Desktop Entry]" in text
    assert "Type=Application" in text


def test_macos_gets_a_launch_agent() -> None:
    document = plistlib.loads(autostart.launch_agent(ARGV, {"STEMBRIDGE_HOME": "/Users/ü/data"}))
    assert document["ProgramArguments"] == ARGV
    assert document["RunAtLoad"] is True
    assert document["EnvironmentVariables"] == {"STEMBRIDGE_HOME": "/Users/ü/data"}
    assert "EnvironmentVariables" not in plistlib.loads(autostart.launch_agent(ARGV, {}))


def test_windows_gets_a_command_line() -> None:
    argv = [r"C:\Program Files\Py\pythonw.exe", "-m", "stembridge"]
    assert autostart.run_value(argv, {}) == r'"C:\Program Files\Py\pythonw.exe" -m stembridge'
    assert autostart.run_value(argv, {"STEMBRIDGE_HOME": r"D:\my data"}) == (
        r'cmd /d /s /c "set "STEMBRIDGE_HOME=D:\my data"&& start "" '
        r'"C:\Program Files\Py\pythonw.exe" -m stembridge"'
    )


@pytest.mark.parametrize(
    ("platform", "environ", "place"),
    [
        ("linux", {}, "/home/u/.config/autostart/stembridge-audacity.desktop"),
        ("linux", {"XDG_CONFIG_HOME": "/cfg"}, "/cfg/autostart/stembridge-audacity.desktop"),
        ("linux", {"XDG_CONFIG_HOME": "rel"}, "/home/u/.config/autostart/stembridge-audacity.desktop"),
        ("darwin", {}, "/home/u/Library/LaunchAgents/org.stembridge.audacity.plist"),
    ],
)
def test_the_place_is_the_systems(platform: str, environ: dict[str, str], place: str) -> None:
    assert autostart.file(platform, Path("/home/u"), environ) == Path(place)
    assert autostart.file("win32", Path("/home/u"), environ) is None


@pytest.mark.skipif(sys.platform != "linux", reason="writes where a Linux desktop looks")
def test_it_is_switched_on_and_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "cfg"))
    monkeypatch.setenv("STEMBRIDGE_HOME", str(tmp_path / "data"))
    assert not autostart.enabled()
    place = Path(autostart.enable())
    assert autostart.enabled()
    assert f"STEMBRIDGE_HOME={tmp_path}/data" in place.read_text(encoding="utf-8")
    assert autostart.disable()
    assert not autostart.disable()
    (tmp_path / "cfg").rename(tmp_path / "away")
    (tmp_path / "cfg").write_text("no folder", encoding="utf-8")
    with pytest.raises(StoreError, match="can't be changed"):
        autostart.enable()


@pytest.mark.skipif(sys.platform != "linux", reason="the desktop entry is Linux's")
def test_what_a_login_runs_is_there(tmp_path: Path) -> None:
    told = subprocess.run([*autostart.command(), "--help"], capture_output=True, check=False, cwd=tmp_path)
    assert told.returncode == 0
    assert b"Take requests" in told.stdout


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_words_never_become_code(platform: str) -> None:
    evil = "\"; rm -rf / '$(x)' `y` --option"
    command = notify._command(platform, "Stembridge", evil)
    assert all(evil not in word or word == evil for word in command)
    if platform == "linux":
        assert command.index("--") < command.index(evil)


@pytest.mark.skipif(os.name == "nt", reason="a script with a shebang")
def test_the_program_gets_the_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / notify._command(sys.platform, "", "")[0]
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/said"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    notify.notify("Stembridge", "Vocals & co. --are there")
    said = (tmp_path / "said").read_text(encoding="utf-8").splitlines()
    assert said[-2:] == ["Stembridge", "Vocals & co. --are there"]


def test_without_a_desktop_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    notify.notify("Stembridge", "nobody hears it")


@pytest.mark.skipif(os.name == "nt", reason="a script with a shebang")
def test_a_program_that_hangs_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / notify._command(sys.platform, "", "")[0]
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(notify, "_PATIENCE", 0.2)
    notify.notify("Stembridge", "soon over")
