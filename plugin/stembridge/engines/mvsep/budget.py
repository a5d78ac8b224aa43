"""Requests a minute, counted over all processes that use one key."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from stembridge.model.errors import Cancelled

WINDOW = 60.0
"""Seconds over which requests are counted."""
_STEP = 0.25
_MOMENT = 5.0


class Budget:
    """A count of requests, shared through a file with a lock of the operating system.

    A file that can't be used is no reason to stop: the service's own limit is the last word.

    Parameters
    ----------
    path
        The file; its folder is made. It holds times and who asked, and nothing of the key.
    most
        Requests in any `WINDOW` seconds.
    wall, sleep
        Unix seconds (shared by the processes, as no other clock is), and a pause.
    """

    def __init__(
        self, path: Path, most: int, *, wall: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._path = path
        self._most = most
        self._wall = wall
        self._sleep = sleep
        self._cancelled: Callable[[], bool] = bool

    @contextlib.contextmanager
    def watched(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Within the block a wait ends with `Cancelled` when ``cancelled`` says so."""
        before, self._cancelled = self._cancelled, cancelled
        try:
            yield
        finally:
            self._cancelled = before

    def __call__(self) -> None:
        """Take a place for one request; wait until there is one."""
        while (wait := self._take()) > 0:
            until = self._wall() + wait
            while (left := until - self._wall()) > 0:
                if self._cancelled():
                    raise Cancelled
                self._sleep(min(left, _STEP))

    def workers(self) -> int:
        """Count the workers (threads of all processes) that asked in the last `WINDOW` seconds."""
        now = self._wall()
        return len({who for at, who in self._read() if now - WINDOW < at <= now})

    def _take(self) -> float:
        """Note a request and give 0, or give the seconds until there is a place."""
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(str(self._path.with_suffix(".lock")), timeout=_MOMENT):
                now = self._wall()
                # A time in the future is a clock that was set back: it would hold everybody up.
                taken = [(at, who) for at, who in self._read() if now - WINDOW < at <= now]
                if len(taken) >= self._most:
                    return max(0.01, taken[-self._most][0] + WINDOW - now)
                self._path.write_text(json.dumps([*taken, (now, _who())]), encoding="utf-8")
        except (OSError, Timeout):
            pass
        return 0.0

    def _read(self) -> list[tuple[float, str]]:
        """Give the requests that are noted: when (Unix seconds), and by whom."""
        try:
            taken = json.loads(self._path.read_text(encoding="utf-8"))
            return sorted((float(at), str(who)) for at, who in taken)
        except (OSError, ValueError, TypeError, OverflowError):
            return []


def _who() -> str:
    return f"{os.getpid()}-{threading.get_ident()}"
