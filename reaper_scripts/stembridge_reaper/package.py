"""The scripts as they are shipped: which files there are, and what each holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
FOLDER = "Stembridge"
"""Under REAPER's Scripts, and the category of the ReaPack package."""
MAIN = "Stembridge_Separate selection.lua"
REGISTER = "Stembridge_Register actions.lua"


def files(folder: Path = SCRIPTS) -> list[str]:
    """Give the paths of all scripts, relative to their folder, with forward slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.lua"))


def digests(folder: Path = SCRIPTS) -> Mapping[str, str]:
    """Give the SHA-256 of every script by its path."""
    return {name: digest(folder / name) for name in files(folder)}


def digest(path: Path) -> str:
    """Give a file's SHA-256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def version_of(path: Path) -> str:
    """Give the ``@version`` in a package's head; "" where there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.startswith("--"):
                    return ""
                tag, _, value = line.removeprefix("--").strip().partition(" ")
                if tag == "@version":
                    return value.strip()
    except OSError:
        return ""
    return ""
