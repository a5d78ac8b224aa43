"""Where Audacity keeps its things, on each system."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stembridge_audacity import places
from stembridge_audacity.places import System


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "user"


def system(
    platform: str, home: Path, environ: Mapping[str, str] | None = None, program: Path | None = None
) -> System:
    return System(platform, home, environ or {}, program)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_no_trace_of_audacity_is_no_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda _: False)  # this machine has one
    assert places.places(system("linux", folder)) == []
    assert places.places(system("win32", folder)) == []
    assert places.places(system("darwin", folder)) == []


def test_linux(folder: Path) -> None:
    program = folder / "usr" / "bin" / "audacity"
    (place,) = places.places(system("linux", folder, program=program))
    assert place.kind == "usual"
    assert place.cfg == folder / ".config" / "audacity" / "audacity.cfg"
    assert place.registry == folder / ".config" / "audacity" / "pluginregistry.cfg"
    assert place.plugins == folder / ".local" / "share" / "audacity" / "Plug-Ins"
    assert place.modules[0] == folder / "usr" / "lib" / "audacity" / "modules" / "mod-script-pipe.so"
    assert Path("/usr/lib/x86_64-linux-gnu/audacity/modules/mod-script-pipe.so") in place.modules
    assert place.pipe
    assert not place.used
    touch(place.cfg)
    assert place.used


def test_xdg_folders_count_when_they_are_absolute(folder: Path) -> None:
    touch(folder / "cfg" / "audacity" / "audacity.cfg")
    environ = {"XDG_CONFIG_HOME": str(folder / "cfg"), "XDG_DATA_HOME": "relative"}
    (place,) = places.places(system("linux", folder, environ))
    assert place.config == folder / "cfg" / "audacity"
    assert place.plugins == folder / ".local" / "share" / "audacity" / "Plug-Ins"


def test_an_old_folder_wins_on_linux(folder: Path) -> None:
    touch(folder / ".audacity-data" / "audacity.cfg")
    (place,) = places.places(system("linux", folder))
    assert (place.kind, place.config) == ("old", folder / ".audacity-data")
    assert place.plugins == folder / ".audacity-data" / "Plug-Ins"


def test_portable_settings_win(folder: Path) -> None:
    program = touch(folder / "Audacity" / "audacity")
    settings = folder / "Audacity" / "Portable Settings"
    settings.mkdir()
    touch(folder / ".config" / "audacity" / "audacity.cfg")
    (place,) = places.places(system("linux", folder, program=program))
    assert (place.kind, place.config, place.plugins) == ("portable", settings, settings / "Plug-Ins")


def test_a_flatpak_has_a_menu_and_no_pipe(folder: Path) -> None:
    (folder / ".var" / "app" / places.FLATPAK).mkdir(parents=True)
    touch(folder / ".config" / "audacity" / "audacity.cfg")
    usual, flatpak = places.places(system("linux", folder))
    assert usual.pipe
    assert not flatpak.pipe
    assert flatpak.kind == "flatpak"
    assert flatpak.cfg == folder / ".var/app/org.audacityteam.Audacity/config/audacity/audacity.cfg"


def test_a_snap_is_told_about(folder: Path) -> None:
    assert not places.has_snap(system("linux", folder))
    (folder / "snap" / "audacity").mkdir(parents=True)
    assert places.has_snap(system("linux", folder))


def test_windows(folder: Path) -> None:
    environ = {"APPDATA": str(folder / "Roaming"), "PROGRAMFILES": str(folder / "Programs")}
    module = touch(folder / "Programs" / "Audacity" / "modules" / "mod-script-pipe.dll")
    (place,) = places.places(system("win32", folder, environ))
    assert place.cfg == folder / "Roaming" / "audacity" / "audacity.cfg"
    assert place.plugins == folder / "Roaming" / "audacity" / "Plug-Ins"
    assert place.modules == (module,)
    settings = folder / "Programs" / "Audacity" / "Portable Settings"
    settings.mkdir()
    (portable,) = places.places(system("win32", folder, environ))
    assert portable.config == settings


def test_macos(folder: Path) -> None:
    module = touch(folder / "Applications" / "Audacity.app" / "Contents" / "modules" / "mod-script-pipe.so")
    (place,) = places.places(system("darwin", folder))
    support = folder / "Library" / "Application Support" / "audacity"
    assert (place.config, place.plugins) == (support, support / "Plug-Ins")
    assert module in place.modules
    settings = folder / "Applications" / "Audacity.app" / "Contents" / "Portable Settings"
    settings.mkdir()
    (portable,) = places.places(system("darwin", folder))
    assert portable.config == settings


@pytest.mark.parametrize(
    ("platform", "inside"),
    [
        ("linux", ".config"),
        ("darwin", "Library/Application Support"),
        ("win32", "Roaming"),
    ],
)
def test_version_four_is_told_about(folder: Path, platform: str, inside: str) -> None:
    here = system(platform, folder, {"APPDATA": str(folder / "Roaming")})
    assert not places.has_version_four(here)
    touch(folder / inside / "Audacity" / "Audacity4.ini")
    assert places.has_version_four(here)


def test_a_named_folder(folder: Path) -> None:
    here = system("linux", folder)
    place = places.named(folder / "else", here)
    assert (place.kind, place.cfg) == ("named", folder / "else" / "audacity.cfg")
    assert place.plugins == folder / "else" / "Plug-Ins"
    assert places.named(folder / ".config" / "audacity", here).kind == "usual"


def test_this_machine_is_looked_at() -> None:
    assert System.this().home == Path.home()
