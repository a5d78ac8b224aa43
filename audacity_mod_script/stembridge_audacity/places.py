"""Where each kind of Audacity 3 keeps its settings, plug-ins and modules.

Audacity's own rules: a folder "Portable Settings" beside the program wins; then, on Linux, an old
``~/.audacity-data``; then the system's usual places. A Flatpak and a Snap have a home of their own and
a private /tmp, so that no pipe of theirs can be reached: they get the menu entries alone, and a Snap,
which can't see hidden folders, not even those.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

MODULE = "mod-script-pipe"
FLATPAK = "org.audacityteam.Audacity"
_TRIPLETS = ("x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "i386-linux-gnu")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one Audacity.

    Attributes
    ----------
    kind
        usual, old (``~/.audacity-data``), portable, flatpak, or named (given by the user).
    config
        Folder of ``audacity.cfg`` and ``pluginregistry.cfg``.
    plugins
        Folder of the user's plug-ins.
    modules
        Where its scripting module may be, best first.
    pipe
        False where a sandbox keeps the pipe inside.
    """

    kind: str
    config: Path
    plugins: Path
    modules: tuple[Path, ...] = ()
    pipe: bool = True

    @property
    def cfg(self) -> Path:
        """Its settings file."""
        return self.config / "audacity.cfg"

    @property
    def registry(self) -> Path:
        """Its list of known plug-ins."""
        return self.config / "pluginregistry.cfg"

    @property
    def used(self) -> bool:
        """True once this Audacity has been started."""
        return self.cfg.is_file()


@dataclass(frozen=True, slots=True)
class System:
    """What the folders depend on; the tests give other ones."""

    platform: str
    home: Path
    environ: Mapping[str, str]
    program: Path | None

    @classmethod
    def this(cls) -> System:
        """Look at this machine."""
        return cls(sys.platform, Path.home(), os.environ, _program())


def places(system: System) -> list[Place]:
    """List the places of all Audacities that this user has or had, the first one first.

    Without any trace of an Audacity the list is empty.
    """
    found = list(_portable(system))
    usual = _usual(system)
    if not found and (usual.used or system.program is not None or any(m.is_file() for m in usual.modules)):
        found.append(usual)
    if system.platform not in {"win32", "darwin"}:
        flatpak = system.home / ".var" / "app" / FLATPAK
        if flatpak.is_dir():
            folders = (flatpak / "config" / "audacity", flatpak / "data" / "audacity" / "Plug-Ins")
            found.append(Place("flatpak", *folders, pipe=False))
    return found


def named(config: Path, system: System) -> Place:
    """Give the place of an Audacity whose settings folder the user names."""
    usual = _usual(system)
    if config.resolve() == usual.config.resolve():
        return usual
    return Place("named", config, config / "Plug-Ins", _modules(system))


def has_snap(system: System) -> bool:
    """Say whether this user has an Audacity from a Snap."""
    return (system.home / "snap" / "audacity").is_dir()


def has_version_four(system: System) -> bool:
    """Say whether this user has used Audacity 4, which has no pipe and reads no Nyquist menu entries."""
    if system.platform == "darwin":
        roots = [system.home / "Library" / "Application Support"]
    elif system.platform == "win32":
        roots = [Path(system.environ[name]) for name in ("APPDATA", "LOCALAPPDATA") if name in system.environ]
    else:
        roots = [_xdg(system, "XDG_CONFIG_HOME", ".config")]
    return any((root / "Audacity" / "Audacity4.ini").is_file() for root in roots)


def _usual(system: System) -> Place:
    modules = _modules(system)
    if system.platform == "win32":
        roaming = Path(system.environ.get("APPDATA", system.home / "AppData" / "Roaming")) / "audacity"
        return Place("usual", roaming, roaming / "Plug-Ins", modules)
    if system.platform == "darwin":
        support = system.home / "Library" / "Application Support" / "audacity"
        return Place("usual", support, support / "Plug-Ins", modules)
    old = system.home / ".audacity-data"
    if old.is_dir():
        return Place("old", old, old / "Plug-Ins", modules)
    config = _xdg(system, "XDG_CONFIG_HOME", ".config") / "audacity"
    data = _xdg(system, "XDG_DATA_HOME", ".local/share") / "audacity"
    return Place("usual", config, data / "Plug-Ins", modules)


def _portable(system: System) -> Iterable[Place]:
    for folder in _program_folders(system):
        settings = folder / "Portable Settings"
        if settings.is_dir():
            yield Place("portable", settings, settings / "Plug-Ins", _modules(system))


def _program_folders(system: System) -> list[Path]:
    """Folders that hold a program, or an app's content."""
    folders = [system.program.parent] if system.program is not None else []
    if system.platform == "win32":
        roots = ("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432")
        folders += [Path(system.environ[name]) / "Audacity" for name in roots if name in system.environ]
    if system.platform == "darwin":
        apps = (Path("/Applications"), system.home / "Applications")
        folders += [app / "Audacity.app" / "Contents" for app in apps]
    return list(dict.fromkeys(folders))


def _modules(system: System) -> tuple[Path, ...]:
    if system.platform == "win32":
        return tuple(folder / "modules" / f"{MODULE}.dll" for folder in _program_folders(system))
    name = f"{MODULE}.so"
    folders = _program_folders(system)
    if system.platform == "darwin":
        return tuple(folder / "modules" / name for folder in folders)
    prefixes = [folder.parent for folder in folders] + [
        Path("/usr"),
        Path("/usr/local"),
        Path("/opt/audacity"),
    ]
    libraries = ("lib", "lib64", *(f"lib/{triplet}" for triplet in _TRIPLETS))
    paths = [prefix / library / "audacity" / "modules" / name for prefix in prefixes for library in libraries]
    return tuple(dict.fromkeys(paths))


def _xdg(system: System, name: str, default: str) -> Path:
    """Relative paths are to be ignored, says the standard."""
    value = system.environ.get(name, "")
    return Path(value) if value.startswith("/") else system.home / default


def _program() -> Path | None:
    found = shutil.which("audacity")
    return None if found is None else Path(found).resolve()
