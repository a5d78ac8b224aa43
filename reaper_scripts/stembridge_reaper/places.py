"""Where REAPER keeps its things, on every system, and whether it is running."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stembridge.model.errors import HostError

INI = "reaper.ini"
"""REAPER writes it into its resource folder when it starts for the first time."""
_WAIT = 10.0


def usual(system: str, environ: Mapping[str, str], home: Path) -> Path:
    """Give the resource folder of an ordinary installation.

    Parameters
    ----------
    system
        As `sys.platform`.
    environ
        The environment.
    home
        The user's home folder.
    """
    if system == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "REAPER"
    if system == "darwin":
        return home / "Library" / "Application Support" / "REAPER"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "REAPER"


def resource_folder(named: Path | None = None) -> Path:
    """Find REAPER's resource folder.

    Parameters
    ----------
    named
        The folder that the user named: of a portable installation, or any other; None: the usual one.

    Raises
    ------
    HostError
        When REAPER has never written there.
    """
    folder = usual(sys.platform, os.environ, Path.home()) if named is None else named.expanduser().absolute()
    if (folder / INI).is_file():
        return folder
    hint = (
        "Start REAPER once and close it. For a portable installation name its folder with --resource: "
        "REAPER shows it by Options > Show REAPER resource path."
    )
    raise HostError(f"There is no REAPER in '{folder}' (no {INI}).", hint=hint, context={"path": str(folder)})


def running(system: str = sys.platform, processes: Path = Path("/proc")) -> bool:
    """Say whether a REAPER is running; False where that can't be found out.

    Parameters
    ----------
    system
        As `sys.platform`.
    processes
        Linux' folder of processes.
    """
    if system == "win32":
        return "reaper.exe" in _told("tasklist", "/FI", "IMAGENAME eq reaper.exe", "/NH").lower()
    if system == "darwin":
        return bool(_told("pgrep", "-x", "REAPER").strip())
    return any(_named(entry) == "reaper" for entry in processes.glob("[0-9]*"))


def _named(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _told(*command: str) -> str:
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=_WAIT
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout
