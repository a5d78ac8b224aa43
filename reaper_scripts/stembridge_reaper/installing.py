"""Installing the scripts into REAPER, checking what is there, and taking it out again.

What was installed, with its hashes, is written down beside it: so a removal takes away just that, and a
file that the user changed is left alone and named.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stembridge
from stembridge.bridge.doctor import Readiness
from stembridge.bridge.home import PROTOCOL
from stembridge.model.errors import HostError, StoreError
from stembridge_reaper import package
from stembridge_reaper.keymap import forget

_DATA = Path("Data") / "Stembridge"
CORE = _DATA / "core.json"
RECORD = _DATA / "installed.json"
EXT_STATE = "reaper-extstate.ini"
TOOLBAR = Path("MenuSets") / "Stembridge.ReaperMenu"
"""Written by the action that registers the others."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal left: scripts that were changed by hand, relative to their folder."""

    kept: tuple[str, ...]


def scripts_folder(resource: Path) -> Path:
    """Give the folder of our scripts."""
    return resource / "Scripts" / package.FOLDER


def core_facts(home: Path, argv: list[str] | None = None) -> dict[str, Any]:
    """Give what the scripts need to know of the core: an absolute command, and where jobs lie.

    Windows gets the interpreter without a console, where there is one.
    """
    return {
        "argv": argv or [str(interpreter(sys.executable, os.name)), "-P", "-m", "stembridge"],
        "home": str(home),
        "version": stembridge.__version__,
        "protocol": PROTOCOL,
    }


def interpreter(executable: str, system: str) -> Path:
    """Give the interpreter that opens no console window, by the name of the system's family."""
    path = Path(executable)
    if system == "nt" and path.name.lower() == "python.exe":
        quiet = path.with_name("pythonw.exe")
        return quiet if quiet.exists() else path
    return path


def install(resource: Path, home: Path) -> list[str]:
    """Copy the scripts and say where the core is; what an older version left is removed.

    Returns
    -------
    list of str
        Scripts of an older version that were kept because they were changed by hand.

    Raises
    ------
    StoreError
        When REAPER's folder can't be written to.
    """
    folder = scripts_folder(resource)
    shipped = package.digests()
    with _writing(resource):
        before = _recorded(resource)
        for name in shipped:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            shutil.copyfile(package.SCRIPTS / name, part)
            part.replace(target)
        gone = {name: known for name, known in before.items() if name not in shipped}
        kept = _take_away(folder, gone)
        _write(resource / CORE, core_facts(home))
        _write(resource / RECORD, {"version": stembridge.__version__, "files": dict(shipped)})
    return kept


def remove(resource: Path) -> Removed:
    """Take everything out of REAPER's folder again, settings and the memory of actions too.

    Jobs and key stay.

    Raises
    ------
    StoreError
        When REAPER's folder can't be written to.
    """
    folder = scripts_folder(resource)
    with _writing(resource):
        kept = _take_away(folder, _recorded(resource) or package.digests())
        shutil.rmtree(resource / _DATA, ignore_errors=True)
        (resource / TOOLBAR).unlink(missing_ok=True)
        _forget_settings(resource / EXT_STATE)
        forget(resource, package.FOLDER)
    return Removed(tuple(kept))


def purge(home: Path) -> None:
    """Delete what a removal leaves on purpose: the data folder with jobs and models."""
    with _writing(home):
        if home.is_dir():
            shutil.rmtree(home)


def check(resource: Path, home: Path) -> Iterator[Readiness]:
    """Say what is installed, and what is wrong with it."""
    again = "Run `stembridge setup reaper`."
    yield _scripts_row(resource, again)
    yield _core_row(resource, home, again)
    for other in _elsewhere(resource):
        version = package.version_of(other)
        if version != stembridge.__version__:
            yield Readiness(
                "reaper reapack",
                ready=False,
                text=f"ReaPack's copy of the scripts is version {version or 'unknown'}, the program "
                f"{stembridge.__version__}.",
                remedy="Update both: the program, and Extensions > ReaPack > Synchronize packages.",
                needed=False,
            )
        elif (scripts_folder(resource) / package.MAIN).exists():
            yield Readiness(
                "reaper reapack",
                ready=True,
                text="The scripts are there twice, from ReaPack and from here; the version is the same.",
            )


def _scripts_row(resource: Path, again: str) -> Readiness:
    folder, shipped, recorded = scripts_folder(resource), package.digests(), _recorded(resource)
    if not recorded:
        others = any(package.version_of(path) for path in _elsewhere(resource))
        text = (
            "The scripts were installed by ReaPack." if others else "The scripts aren't installed in REAPER."
        )
        return Readiness(
            "reaper scripts", ready=others, text=text, remedy="" if others else again, needed=False
        )
    missing = [name for name in shipped if not (folder / name).is_file()]
    if missing:
        text = f"{len(missing)} of {len(shipped)} scripts are missing in '{folder}'."
        return Readiness("reaper scripts", ready=False, text=text, remedy=again)
    other = [name for name, known in shipped.items() if package.digest(folder / name) != known]
    if other and recorded != shipped:
        text = f"REAPER has the scripts of another version than the program's ({stembridge.__version__})."
        return Readiness("reaper scripts", ready=False, text=text, remedy=again)
    if other:
        text = f"Changed by hand: {', '.join(other[:3])}{' ...' if len(other) > 3 else ''}."
        return Readiness("reaper scripts", ready=True, text=text, needed=False)
    return Readiness("reaper scripts", ready=True, text=f"Version {stembridge.__version__} in '{folder}'.")


def _core_row(resource: Path, home: Path, again: str) -> Readiness:
    try:
        facts = json.loads((resource / CORE).read_text(encoding="utf-8"))
        program, known_home, protocol = Path(facts["argv"][0]), Path(facts["home"]), facts["protocol"]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        text = "REAPER's scripts don't know where the program is."
        return Readiness("reaper core", ready=False, text=text, remedy=again, needed=False)
    if not program.exists():
        text = f"REAPER's scripts look for the program with '{program}', which isn't there any more."
        return Readiness("reaper core", ready=False, text=text, remedy=again)
    if protocol != PROTOCOL:
        text = f"REAPER's scripts were told of protocol {protocol}; this program speaks {PROTOCOL}."
        return Readiness("reaper core", ready=False, text=text, remedy=again)
    if known_home != home:
        text = f"REAPER's jobs lie in '{known_home}', those of this command in '{home}'."
        return Readiness("reaper core", ready=True, text=text, remedy=again, needed=False)
    return Readiness("reaper core", ready=True, text=f"The scripts start '{program}'.")


def _elsewhere(resource: Path) -> list[Path]:
    """Give copies of the main script that didn't come from here."""
    ours = scripts_folder(resource) / package.MAIN
    return [path for path in (resource / "Scripts").rglob(package.MAIN) if path != ours]


def _recorded(resource: Path) -> Mapping[str, str]:
    try:
        files = json.loads((resource / RECORD).read_text(encoding="utf-8"))["files"]
        return {str(name): str(known) for name, known in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _take_away(folder: Path, known: Mapping[str, str]) -> list[str]:
    """Delete the files that are still as they were installed; give the names of the others."""
    kept = []
    for name, digest in known.items():
        path = folder / name
        if ".." in Path(name).parts or not path.is_file():
            continue
        if package.digest(path) == digest:
            path.unlink()
        else:
            kept.append(name)
    for below in sorted(folder.rglob("*"), reverse=True):
        if below.is_dir() and not any(below.iterdir()):
            below.rmdir()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return kept


def _forget_settings(path: Path) -> None:
    """Take our section out of REAPER's file of settings of scripts."""
    if not path.is_file():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    kept, ours = [], False
    for line in lines:
        if line.startswith(b"["):
            ours = line.strip().lower() == b"[stembridge]"
        if not ours:
            kept.append(line)
    if kept != lines:
        part = path.with_name(path.name + ".part")
        part.write_bytes(b"".join(kept))
        part.replace(path)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    part.replace(path)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise HostError(
            f"'{error.filename or folder}' can't be written to.",
            hint="Close REAPER, check the folder's rights, and try again.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"'{error.filename or folder}': {error.strerror or error}.",
            hint="Check the disk, then try again.",
        ) from error
