"""What `stembridge doctor` and `stembridge setup audacity --check` say about Audacity."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from stembridge.bridge.doctor import Readiness
from stembridge.bridge.home import data_folder
from stembridge.model.errors import StembridgeError
from stembridge_audacity import cfgfile, notices, plugins, registry, setup
from stembridge_audacity.places import MODULE, Place, System, has_snap, has_version_four, named, places

_SETUP = "Close Audacity and run `stembridge setup audacity`."


def rows() -> Iterable[Readiness]:
    """Say for the doctor whether Audacity is set up; one can do without it."""
    home, system = data_folder(), System.this()
    found = all_places(home, system)
    if not found:
        return [_none(needed=False)]
    return [row for place in found for row in examine(home, place, needed=False)]


def all_places(home: Path, system: System) -> list[Place]:
    """Give the places that are found, and those that the user named at a set-up."""
    found = places(system)
    known = {place.config for place in found}
    return found + [named(path, system) for path in setup.noted_places(home) if path not in known]


def examine(home: Path, place: Place, *, needed: bool = True) -> Iterator[Readiness]:
    """Look at one Audacity.

    Parameters
    ----------
    needed
        False where the rows are not what was asked about.
    """
    name = "Audacity" if place.kind in {"usual", "old"} else f"Audacity ({place.kind})"
    installed = setup.wanted_plugins(home, place) is not None
    if not installed:
        text = f"is here, and not set up for Stembridge ({place.config})"
        yield Readiness(name, ready=False, text=text, remedy=_SETUP, needed=needed)
        return
    if place.pipe:
        yield _module(f"{name}: scripting", place, needed=needed)
    yield _entries(f"{name}: menu", home, place, needed=needed)
    yield _known(f"{name}: plug-in list", place, needed=needed)
    beat = notices.last_beat(home)
    alive = beat is not None and beat.alive(time.time())
    yield Readiness(
        f"{name}: watcher",
        ready=alive,
        text="takes the menu's requests" if alive else "isn't running; requests of the menu wait for it",
        remedy="Start it with `stembridge audacity watch`.",
        needed=False,
    )


def remarks(system: System) -> Iterator[Readiness]:
    """Say what of this user's Audacities the bridge can't reach."""
    if has_snap(system):
        yield Readiness(
            "Audacity (snap)",
            ready=False,
            text="a Snap sees neither Stembridge's data folder nor a pipe",
            remedy="Use the Audacity of your distribution or of audacityteam.org.",
            needed=False,
        )
    if has_version_four(system):
        yield Readiness(
            "Audacity 4",
            ready=False,
            text="has no scripting pipe; the bridge works with Audacity 3, which can be installed beside it",
            remedy="In Audacity 4, export the region, use `stembridge separate`, and import the stems.",
            needed=False,
        )


def _none(*, needed: bool) -> Readiness:
    return Readiness(
        "Audacity",
        ready=False,
        text="no Audacity 3 was found",
        remedy="Install Audacity 3.2 or later, then run `stembridge setup audacity`.",
        needed=needed,
    )


def _module(name: str, place: Place, *, needed: bool) -> Readiness:
    def off(text: str, remedy: str = _SETUP) -> Readiness:
        return Readiness(name, ready=False, text=text, remedy=remedy, needed=needed)

    try:
        module = setup.find_module(place)
        cfg = cfgfile.load(place.cfg)
    except StembridgeError as error:
        return off(error.message, error.hint)
    if module is None:
        return off(
            f"{MODULE} isn't where this Audacity keeps its modules; the menu works without, by Import "
            "Finished Stems",
            "Install Audacity again with its modules, or name the file with --module.",
        )
    if cfg.get("Module", MODULE) != setup.ENABLED:
        return off(f"{MODULE} is off")
    if cfg.get("ModulePath", MODULE) != str(module):
        return off(f"{MODULE} is on for another place than {module}")
    if cfg.get("ModuleDateTime", MODULE) != setup.module_date(module):
        return off(f"{MODULE} was exchanged by an update of Audacity, which switches it off")
    return Readiness(name, ready=True, text=f"{MODULE} is on ({module})", needed=needed)


def _entries(name: str, home: Path, place: Place, *, needed: bool) -> Readiness:
    wanted = setup.wanted_plugins(home, place) or {}
    missing, other = [], []
    for file, text in wanted.items():
        try:
            found = (place.plugins / file).read_text(encoding="utf-8", errors="replace")
            same = plugins.lasting(found) == plugins.lasting(text)
        except OSError:
            missing.append(file)
        else:
            if not same:
                other.append(file)
    if missing:
        text = f"entries are missing: {', '.join(missing)}"
    elif other:
        text = f"entries are of another version than Stembridge {plugins.release()}: {', '.join(other)}"
    else:
        text = f"Tools > {plugins.AUTHOR} ({place.plugins})"
    return Readiness(name, ready=not missing and not other, text=text, remedy=_SETUP, needed=needed)


def _known(name: str, place: Place, *, needed: bool) -> Readiness:
    listed = cfgfile.load(place.registry)
    if not registry.usable(listed):
        return Readiness(
            name,
            ready=False,
            text="Audacity has never been started here; its first start loses the pipe",
            remedy="Start Audacity once, close it, and start it again.",
            needed=False,
        )
    known = len(registry.known(listed, place.plugins)) == len(plugins.ENTRIES)
    return Readiness(
        name,
        ready=known,
        text="knows the entries"
        if known
        else "doesn't know the entries yet: the next start searches for them, and loses the pipe",
        remedy=_SETUP,
        needed=needed,
    )
