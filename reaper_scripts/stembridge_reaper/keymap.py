"""REAPER's list of actions, `reaper-kb.ini`: taking out the scripts that are no longer there.

A line ``SCR 4 0 RS<hash> "Custom: <name>" "<path>"`` registers a script; ``KEY`` lines bind keys to its id.
REAPER reads the file when it starts and writes it when it ends, so it has to be closed.
"""

from __future__ import annotations

import re
from pathlib import Path

KEYMAP = "reaper-kb.ini"
_SCRIPT = re.compile(rb'SCR\s+\S+\s+\S+\s+"?(?P<id>[^\s"]+)"?\s+.*')


def forget(resource: Path, folder: str) -> int:
    """Take out the actions whose script lies in ``folder`` (relative to Scripts), and their keys.

    Every other byte of the file stays as it is.

    Returns
    -------
    int
        How many actions were taken out.
    """
    path = resource / KEYMAP
    if not path.is_file():
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    ids = {found for line in lines if (found := _ours(line, folder)) is not None}
    if not ids:
        return 0
    kept = [line for line in lines if _ours(line, folder) is None and not _bound(line, ids)]
    part = path.with_name(path.name + ".part")
    part.write_bytes(b"".join(kept))
    part.replace(path)
    return len(ids)


def _ours(line: bytes, folder: str) -> bytes | None:
    """Give the id that a line registers for a script of ours."""
    found = _SCRIPT.match(line)
    if found is None:
        return None
    plain = line.replace(b"\\", b"/")
    return found["id"] if f"{folder}/".encode() in plain and b"/Stembridge_" in plain else None


def _bound(line: bytes, ids: set[bytes]) -> bool:
    """Say whether a line binds a key to one of these ids."""
    if not line.startswith(b"KEY "):
        return False
    words = line.split()
    return len(words) > 3 and words[3].strip(b'"').lstrip(b"_") in ids
