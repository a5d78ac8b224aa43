"""Which Audacities of this user are running, on each system by what it offers without a package."""

from __future__ import annotations

import csv
import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"^audacity(?P<four>[ -]?4\b)?", re.IGNORECASE)
_TIMEOUT = 10.0
_SANDBOXES = ("/app/", "/snap/")
"""Where the program file of a Flatpak or Snap is, as its own processes see it."""


@dataclass(frozen=True)
class Program:
    """A running Audacity.

    Parameters
    ----------
    pid
        Its process.
    path
        Its program file, or what is known of it.
    major
        3 or 4; None when it can't be told.
    apart
        True in a sandbox (Flatpak, Snap): its /tmp, and so its pipe, is its own.
    """

    pid: int
    path: str
    major: int | None
    apart: bool = False


Lister = Callable[[], "tuple[Program, ...] | None"]


def audacities() -> tuple[Program, ...] | None:
    """List this user's running Audacities, without the helpers that they start; None: can't be told.

    One in a container or another root folder, with neither our pipes nor our home, is none of this user's.
    """
    try:
        if sys.platform == "win32":
            return tuple(from_tasklist(_said("tasklist", "/FO", "CSV", "/NH")))
        if sys.platform == "darwin":
            return tuple(from_ps(_said("ps", "-x", "-o", "pid=,ppid=,comm=")))
        from stembridge_audacity.channel_posix import FOLDER

        return tuple(from_proc(Path("/proc"), os.getuid(), (FOLDER, Path.home())))
    except (OSError, subprocess.SubprocessError):
        return None


def _said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=_TIMEOUT).stdout


def from_proc(proc: Path, user: int, shared: tuple[Path, Path] | None = None) -> Iterator[Program]:
    """Read Linux's process folders: a parent's children of the same name are its helpers.

    Parameters
    ----------
    user
        Whose processes.
    shared
        Our folder of the pipes and our home: an Audacity that sees the home alone has its pipe apart, and
        one that sees neither is left out. None: nothing is known of them.
    """
    found: dict[int, tuple[int, Program]] = {}
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if folder.stat().st_uid != user:
                continue
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            name = stat[stat.index("(") + 1 : stat.rindex(")")]
            state, parent = stat[stat.rindex(")") + 2 :].split()[:2]
            if state in "ZX" or not _NAME.match(name):
                continue
            path = _target(folder / "exe")
            apart = _apart(folder, path, shared)
            if apart is not None:
                program = Program(int(folder.name), path or name, _major_of(folder), apart=apart)
                found[program.pid] = int(parent), program
        except (OSError, ValueError):
            continue
    yield from _without_helpers(found)


def _target(link: Path) -> str:
    """Where a link points; empty when it can't be read, as with a process in another name space."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _apart(folder: Path, path: str, shared: tuple[Path, Path] | None) -> bool | None:
    """Say whether a process has its pipe apart from ours; None when it isn't of our world at all."""
    sandboxed = path.startswith(_SANDBOXES)
    if shared is not None:
        pipes, home = (_sees(folder / "root", ours) for ours in shared)
        if pipes is not None and home is not None:
            return not pipes if pipes or home or sandboxed else None
    theirs, ours = (_target(process / "ns" / "mnt") for process in (folder, folder.parent / "self"))
    return bool(theirs and ours and theirs != ours) or sandboxed


def _sees(root: Path, ours: Path) -> bool | None:
    """Say whether a folder of ours is the same one below another root folder; None: can't be told."""
    try:
        root.stat()
        wanted = ours.stat()
    except OSError:
        return None
    try:
        found = (root / ours.relative_to(ours.anchor)).stat()
    except PermissionError:
        return None
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _major_of(folder: Path) -> int | None:
    """Version 3 is made with wxWidgets, version 4 with Qt 6."""
    try:
        with (folder / "maps").open(encoding="utf-8", errors="replace") as maps:
            text = maps.read()
    except OSError:
        return None
    if "libQt6" in text:
        return 4
    return 3 if re.search(r"libwx_|lib-audacity|libwx", text) else None


def from_ps(table: str) -> Iterator[Program]:
    """Read macOS's ``ps -x -o pid=,ppid=,comm=``; the bundle's Info.plist has the version."""
    found: dict[int, tuple[int, Program]] = {}
    for line in table.splitlines():
        words = line.split(None, 2)
        if len(words) == 3 and _NAME.match(words[2].rsplit("/", 1)[-1]):
            program = Program(int(words[0]), words[2], _bundle_major(Path(words[2])))
            found[program.pid] = int(words[1]), program
    yield from _without_helpers(found)


def _bundle_major(program: Path) -> int | None:
    try:
        with (program.parents[1] / "Info.plist").open("rb") as file:
            return int(str(plistlib.load(file)["CFBundleShortVersionString"]).split(".")[0])
    except (OSError, ValueError, KeyError, IndexError, plistlib.InvalidFileException):
        return None


def from_tasklist(table: str) -> Iterator[Program]:
    """Read Windows' ``tasklist /FO CSV /NH``; it knows names only, and version 4's program carries its 4."""
    for row in csv.reader(table.splitlines()):
        if len(row) < 2 or not row[0].lower().endswith(".exe") or not row[1].isdigit():
            continue
        match = _NAME.match(row[0][:-4])
        if match:
            yield Program(int(row[1]), row[0], 4 if match["four"] else 3)


def _without_helpers(found: dict[int, tuple[int, Program]]) -> Iterable[Program]:
    return (program for _, (parent, program) in sorted(found.items()) if parent not in found)
