"""How long orders like this one took lately: all workers of an account learn it from each other."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stembridge.jobs import disk
from stembridge.jobs.clock import Clock
from stembridge.model.errors import StembridgeError

ALIKE = 1.25
"""Audio whose lengths differ by this factor at most takes a service about as long."""
FRESH = 3600.0
"""Seconds for which it is worth remembering: queues change."""
_MOST = 40


class Usual:
    """Times from an order to its end, shared through a file.

    They are hints for when to look, never a promise: a file that can't be read or written costs a
    later look, and nothing else.

    Parameters
    ----------
    folder
        A folder of the data folder; made when it isn't there.
    account
        A file name for the engine and account.
    kind
        What was ordered: model and options.
    seconds
        Length of the audio.
    """

    def __init__(self, folder: Path, account: str, kind: str, seconds: float, *, clock: Clock) -> None:
        self._path = folder / f"{account}.json"
        self._kind = kind
        self._seconds = seconds
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._took: float | None = None

    def took(self) -> float | None:
        """Give the seconds that the latest order of this kind took; None where nobody knows."""
        try:
            facts = self._path.stat()
        except OSError:
            return None
        stamp = (facts.st_mtime_ns, facts.st_size)
        if stamp != self._stamp:
            self._stamp = stamp
            self._took = next((row["took"] for row in reversed(self._rows()) if self._alike(row)), None)
        return self._took

    def note(self, took: float) -> None:
        """Remember what an order took, in seconds."""
        row = {"at": self._clock.time(), "kind": self._kind, "seconds": self._seconds, "took": took}
        with contextlib.suppress(StembridgeError):
            disk.make_folder(self._path.parent)
            disk.write_json(self._path, {"orders": [*self._rows(), row][-_MOST:]}, shared=True)

    def _rows(self) -> list[dict[str, Any]]:
        try:
            rows = disk.read_json(self._path)["orders"]
            return [dict(row) for row in rows if _is_row(row)]
        except (StembridgeError, FileNotFoundError, KeyError, TypeError, ValueError):
            return []

    def _alike(self, row: Mapping[str, Any]) -> bool:
        age = self._clock.time() - row["at"]
        shorter, longer = sorted((max(row["seconds"], 1.0), max(self._seconds, 1.0)))
        return bool(row["kind"] == self._kind and longer <= shorter * ALIKE and 0 <= age <= FRESH)


def _is_row(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
        return False
    return all(isinstance(row.get(name), int | float) for name in ("at", "seconds", "took"))
