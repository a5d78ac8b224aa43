"""Which Audacities run, from each system's own words."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from stembridge_audacity import running
from stembridge_audacity.running import Program, from_proc, from_ps, from_tasklist


def process(
    proc: Path,
    pid: int,
    parent: int,
    name: str,
    maps: str = "",
    state: str = "S",
    space: int = 1,
    program: str = "/usr/bin",
) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{pid} ({name}) {state} {parent} 1 1 0")
    (folder / "maps").write_text(maps)
    (folder / "exe").symlink_to(f"{program}/{name.split(maxsplit=1)[0]}")
    (folder / "ns").mkdir()
    (folder / "ns" / "mnt").symlink_to(f"mnt:[{space}]")


def test_linux(tmp_path: Path) -> None:
    proc = tmp_path
    process(proc, 10, 1, "audacity", "7f libwx_gtk3u_core-3.2.so\n")
    process(proc, 11, 10, "audacity", "libwx_baseu")
    process(proc, 20, 1, "audacity", "/usr/lib/libQt6Core.so.6")
    process(proc, 30, 1, "audacity", state="Z")
    process(proc, 40, 1, "bash (audacity)")
    process(proc, 50, 1, "Audacity-3.7", "")
    process(proc, 60, 1, "notaudacity")
    (proc / "70").mkdir()
    (proc / "self" / "ns").mkdir(parents=True)
    (proc / "self" / "ns" / "mnt").symlink_to("mnt:[1]")
    process(proc, 80, 1, "audacity", "libwx_", space=2)
    process(proc, 81, 1, "audacity", "libwx_", program="/app/bin")
    process(proc, 82, 1, "audacity", "libwx_", program="/apple")
    (proc / "82" / "ns" / "mnt").unlink()
    user = tmp_path.stat().st_uid
    assert list(from_proc(proc, user)) == [
        Program(10, "/usr/bin/audacity", 3),
        Program(20, "/usr/bin/audacity", 4),
        Program(50, "/usr/bin/Audacity-3.7", None),
        Program(80, "/usr/bin/audacity", 3, apart=True),
        Program(81, "/app/bin/audacity", 3, apart=True),
        Program(82, "/apple/audacity", 3),
    ]
    assert list(from_proc(proc, user + 1)) == []


def test_an_audacity_of_another_world(tmp_path: Path) -> None:
    """A container's has neither our pipes nor our home; a toolbox's has our home, a Flatpak its own."""
    proc, pipes, home = tmp_path / "proc", tmp_path / "tmp", tmp_path / "home"
    (proc / "self" / "ns").mkdir(parents=True)
    (proc / "self" / "ns" / "mnt").symlink_to("mnt:[1]")

    def world(name: str, *, its_pipes: bool, its_home: bool) -> Path:
        root = tmp_path / name
        below = root / tmp_path.relative_to(tmp_path.anchor)
        below.mkdir(parents=True)
        for folder, same in ((pipes, its_pipes), (home, its_home)):
            folder.mkdir(exist_ok=True)
            if same:
                (below / folder.name).symlink_to(folder)
            else:
                (below / folder.name).mkdir()
        return root

    worlds = {
        10: Path(tmp_path.anchor),
        11: world("container", its_pipes=False, its_home=False),
        12: world("toolbox", its_pipes=False, its_home=True),
        13: world("distrobox", its_pipes=True, its_home=False),
        14: world("flatpak", its_pipes=False, its_home=False),
    }
    for pid, root in worlds.items():
        program = "/app/bin" if pid == 14 else "/usr/bin"
        process(proc, pid, 1, "audacity", "libwx_", space=2, program=program)
        (proc / str(pid) / "root").symlink_to(root)
    (tmp_path / "empty").mkdir()
    process(proc, 15, 1, "audacity", "libwx_", space=2)
    (proc / "15" / "root").symlink_to(tmp_path / "empty")
    process(proc, 16, 1, "audacity", "libwx_", space=2)  # its root can't be looked into
    user = tmp_path.stat().st_uid
    found = {program.pid: program.apart for program in from_proc(proc, user, (pipes, home))}
    assert found == {10: False, 12: True, 13: False, 14: True, 16: True}


def test_macos(tmp_path: Path) -> None:
    programs = []
    for name, version in (("Audacity", "3.7.1"), ("Audacity 4", "4.0.1")):
        contents = tmp_path / f"{name}.app" / "Contents"
        (contents / "MacOS").mkdir(parents=True)
        with (contents / "Info.plist").open("wb") as file:
            plistlib.dump({"CFBundleShortVersionString": version}, file)
        programs.append(contents / "MacOS" / "Audacity")
    table = (
        f"  501     1 {programs[0]}\n  502   501 {programs[0]}\n  503     1 {programs[1]}\n"
        "  504     1 /sbin/launchd\n  505     1 /opt/audacity\n"
    )
    assert list(from_ps(table)) == [
        Program(501, str(programs[0]), 3),
        Program(503, str(programs[1]), 4),
        Program(505, "/opt/audacity", None),
    ]


def test_windows() -> None:
    table = (
        '"System Idle Process","0","Services","0","8 K"\n'
        '"Audacity.exe","1234","Console","1","90,000 K"\n'
        '"Audacity4.exe","99","Console","1","90,000 K"\n'
        '"audacity 4.exe","98","Console","1","90,000 K"\n'
        '"Audacious.exe","97","Console","1","90,000 K"\n'
    )
    assert list(from_tasklist(table)) == [
        Program(1234, "Audacity.exe", 3),
        Program(99, "Audacity4.exe", 4),
        Program(98, "audacity 4.exe", 4),
    ]
    assert list(from_tasklist("INFO: No tasks are running which match the specified criteria.\n")) == []


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_a_system_that_doesnt_say(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr("stembridge_audacity.running.sys.platform", platform)
    monkeypatch.setenv("PATH", "")
    assert running.audacities() is None
