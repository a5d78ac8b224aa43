"""Set Audacity up: its scripting module, the menu entries, and the cure of the first start.

What was changed is noted in ``<home>/audacity/setup.json``, one row for each settings folder, so that
removing undoes exactly that. Nothing is changed while an Audacity runs: it writes its settings anew
when it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from stembridge.model.errors import HostError, StoreError
from stembridge_audacity import cfgfile, notices, plugins, registry, shelf
from stembridge_audacity.places import MODULE, Place
from stembridge_audacity.running import Program, audacities

ENABLED = "1"
GROUPS = ("Module", "ModulePath", "ModuleDateTime")
"""Groups of the settings that decide whether a module is loaded, each with a key of its name."""

Running = Callable[[], "tuple[Program, ...] | None"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a set-up did, or found.

    Attributes
    ----------
    module
        The scripting module that is switched on; None: only the menu entries work.
    first_start
        True where Audacity has no list of plug-ins yet: its first start loses the pipe.
    changed
        False when all was as it should be before.
    """

    place: Place
    module: Path | None
    first_start: bool
    changed: bool


def install(home: Path, place: Place, stems: Iterable[str], running: Running = audacities) -> Done:
    """Switch the module on and put the menu entries in; doing it again mends what has changed.

    Parameters
    ----------
    home
        The core's data folder.
    stems
        Ids of all stems that the catalogue knows, for the dialog.

    Raises
    ------
    HostError
        While an Audacity runs.
    StoreError
        Where a file can't be written.
    """
    refuse_while_running(running)
    stems = sorted(set(stems))
    module = find_module(place)
    notes = _notes(home)
    note = notes.setdefault(str(place.config), {})
    if module is not None:
        # What was there before us, not what an earlier set-up of ours left.
        note.setdefault("before", {group: cfgfile.load(place.cfg).get(group, MODULE) for group in GROUPS})
    note |= {"plugins": str(place.plugins), "stems": stems}
    with _mapped(notices.folder(home)):
        notices.make_folders(home)
    _write_notes(home, notes)
    changed = False
    if module is not None:
        changed = cfgfile.change(place.cfg, lambda cfg: _enable(cfg, module))
    changed |= _write_plugins(home, place, stems)
    first_start = not registry.usable(cfgfile.load(place.registry))
    if not first_start:
        changed |= cfgfile.change(place.registry, lambda cfg: registry.enter(cfg, place.plugins))
    return Done(place, module, first_start, changed)


def remove(home: Path, place: Place, running: Running = audacities) -> bool:
    """Undo what `install` did in this place, and nothing else; False when there was nothing.

    A setting that was changed since (by the user, or by Audacity) stays as it is. Requests and results
    in the data folder stay, too.
    """
    refuse_while_running(running)
    notes = _notes(home)
    note = notes.pop(str(place.config), None)
    if note is None:
        return False
    before = note.get("before")
    if before is not None and place.cfg.exists():
        cfgfile.change(place.cfg, lambda cfg: _restore(cfg, before))
    folder = Path(note["plugins"])
    files = [entry.file for entry in plugins.ENTRIES]
    if place.registry.exists():
        cfgfile.change(place.registry, lambda cfg: registry.strike(cfg, files, folder))
    with _mapped(folder):
        for path in folder.glob(plugins.OURS):
            path.unlink()
        for path in (place.cfg, place.registry):
            path.with_name(path.name + cfgfile.BACKUP).unlink(missing_ok=True)
    _write_notes(home, notes)
    return True


def purge(home: Path) -> None:
    """Delete what the menu entries and the watcher left for each other; jobs and stems stay."""
    folder = notices.folder(home)
    with _mapped(folder):
        if folder.is_dir():
            shutil.rmtree(folder)


def refuse_while_running(running: Running = audacities) -> None:
    """Raise `HostError` while an Audacity runs, or may run."""
    found = running()
    if found:
        raise HostError(
            "Audacity is running, and would undo the change when it ends.",
            hint="Save your work, close Audacity, and run this again.",
            context={"pids": [program.pid for program in found]},
        )


def find_module(place: Place) -> Path | None:
    """Find the scripting module of an Audacity: the one that it noted itself, else the usual places."""
    if not place.pipe:
        return None
    noted = cfgfile.load(place.cfg).get("ModulePath", MODULE)
    candidates = ([Path(noted)] if noted else []) + list(place.modules)
    return next((path for path in candidates if path.is_file()), None)


def module_date(module: Path) -> str:
    """Give a module's date as Audacity compares it: local time, whole seconds."""
    seconds = int(module.stat().st_mtime)
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%dT%H:%M:%S")  # noqa: DTZ006 - local on purpose


def wanted_plugins(home: Path, place: Place) -> dict[str, str] | None:
    """Give the menu entries as they should be here; None where they were never installed."""
    note = _notes(home).get(str(place.config))
    return None if note is None else plugins.write(home, note["stems"])


def refresh(home: Path, question: plugins.Question | None = None) -> bool:
    """Bring the dialogs that were set up up to date, also while Audacity runs: presets, and the question.

    Entries that are gone, or that another version wrote, stay as they are: that is the set-up's to mend.

    Returns
    -------
    bool
        False when one can't be written just now, as one that Audacity is reading on Windows.
    """
    offers, done = shelf.offered(home), True
    for note in _notes(home).values():
        for name, text in plugins.write(home, note["stems"], offers, question).items():
            path = Path(note["plugins"]) / name
            try:
                old = path.read_text(encoding="utf-8", errors="replace")
                if old == text or plugins.lasting(old) != plugins.lasting(text):
                    continue
                written = path.stat().st_mtime
                notices.put(path, text.removesuffix("\n"))
                # Audacity reads a file again when it is younger, in whole seconds.
                if path.stat().st_mtime < written + 1:
                    os.utime(path, (written + 1, written + 1))
            except FileNotFoundError:
                continue
            except OSError:
                done = False
    return done


def noted_places(home: Path) -> list[Path]:
    """Give the settings folders in which something was set up."""
    return [Path(name) for name in _notes(home)]


def _enable(cfg: cfgfile.CfgFile, module: Path) -> None:
    for group, value in zip(GROUPS, (ENABLED, str(module), module_date(module)), strict=True):
        cfg.set(group, MODULE, value)


def _restore(cfg: cfgfile.CfgFile, before: dict[str, str | None]) -> None:
    if cfg.get("Module", MODULE) != ENABLED:
        return  # somebody has switched it off meanwhile
    for group in GROUPS:
        value = before[group]
        if value is not None:
            cfg.set(group, MODULE, value)
        else:
            cfg.remove(group, MODULE)
            cfg.drop_if_empty(group)


def _write_plugins(home: Path, place: Place, stems: Iterable[str]) -> bool:
    changed = False
    texts = plugins.write(home, stems)
    with _mapped(place.plugins):
        place.plugins.mkdir(parents=True, exist_ok=True)
        for path in place.plugins.glob(plugins.OURS):
            if path.name not in texts:
                path.unlink()
                changed = True
        for name, text in texts.items():
            path = place.plugins / name
            if not path.is_file() or path.read_bytes() != text.encode():
                path.write_bytes(text.encode())
                changed = True
    return changed


def _notes(home: Path) -> dict[str, dict[str, Any]]:
    path = notices.folder(home) / "setup.json"
    try:
        notes = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StoreError(
            "The note of what was set up in Audacity can't be read.",
            hint=f"Remove '{path}', then run `stembridge setup audacity` again.",
            context={"why": str(error)},
        ) from error
    return notes if isinstance(notes, dict) else {}


def _write_notes(home: Path, notes: dict[str, dict[str, Any]]) -> None:
    path = notices.folder(home) / "setup.json"
    with _mapped(path):
        if notes:
            notices.put(path, json.dumps(notes, indent=1))
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"'{path}' can't be written to ({error.strerror or error}).",
            code="output_readonly",
            hint="Check the rights of that folder and the space on its disk, then try again.",
            context={"path": str(path)},
        ) from error
