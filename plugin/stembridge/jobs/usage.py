"""What folders take on the disk, each file once, however many names it has."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a file: which file it is (device and number), its bytes, and how many names it has in all."""

    file: tuple[int, int] | str
    bytes: int
    links: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes that folders hold, and those of them that no other place holds, too: what deleting would free."""

    bytes: int
    own: int


def names(folder: Path) -> list[Name]:
    """Give every name in a folder and below; what disappears meanwhile is left out."""
    found = []
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place) / name
            with contextlib.suppress(OSError):  # a worker or the user may remove it meanwhile
                facts = path.lstat()
                # Without a number (some network drives) every name counts as a file of its own.
                file = (facts.st_dev, facts.st_ino) if facts.st_ino else str(path)
                found.append(Name(file, facts.st_size, facts.st_nlink))
    return found


def count(found: Iterable[Name]) -> Usage:
    """Count files once each; a file is their own when all its names are among them."""
    seen: dict[tuple[int, int] | str, tuple[int, int]] = {}
    total = own = 0
    for name in found:
        times, links = seen.get(name.file, (0, name.links))
        seen[name.file] = (times + 1, links)
        total += 0 if times else name.bytes
        own += name.bytes if times + 1 == links else 0
    return Usage(total, own)
