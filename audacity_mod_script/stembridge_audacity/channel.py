"""The way to Audacity's scripting pipe: a small interface, and which of the two systems provides it.

Audacity listens on two pipes, one for each direction. Linux and macOS have FIFOs in ``/tmp`` that carry
the user's number; Windows has named pipes. Nothing outside of `channel_posix` and `channel_windows` knows
which; a test gives a channel of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol


class ChannelError(Exception):
    """The pipe can't be opened or used; `Pipe` turns it into a sentence, nobody else sees it."""


class AbsentError(ChannelError):
    """There is no pipe: Audacity isn't running, or its scripting module is off."""


class OrphanedError(ChannelError):
    """The pipe is there and nobody serves it: a first start's fault, or the trace of a crash."""


class BusyError(ChannelError):
    """The pipe is there and another program is connected to it."""


class GoneError(ChannelError):
    """The other end closed."""


class Channel(Protocol):
    """An open pair of pipes. One thread at a time; a `close` may come from any."""

    def write(self, data: bytes, timeout: float) -> None:
        """Write all of `data` (at most 1,024 bytes: it fits or it doesn't, nothing is cut).

        Raises
        ------
        GoneError
            The other end closed; nothing of `data` will be read.
        TimeoutError
            Nothing was written within `timeout` seconds.
        """

    def read(self, timeout: float) -> bytes:
        """Give what has arrived, at most 65,536 bytes; empty when nothing did within `timeout` seconds.

        Raises
        ------
        GoneError
            The other end closed, and everything it wrote was read.
        """

    def close(self) -> None:
        """Close both pipes; again is harmless."""


Opener = Callable[[], Channel]
"""Opens the channel at once or raises `AbsentError`, `OrphanedError` or `BusyError`; it never waits."""


def open_channel() -> Channel:
    """Open the pipes of this system's Audacity, without waiting.

    Raises
    ------
    AbsentError, OrphanedError, BusyError
    """
    if sys.platform == "win32":  # pragma: no cover - the twin's logic is tested with a kernel of our own
        from stembridge_audacity.channel_windows import open_windows

        return open_windows()
    from stembridge_audacity.channel_posix import open_fifos

    return open_fifos()


def pipes_there() -> bool:
    """Say whether there are pipes, without touching them.

    True on Windows, where a look at a pipe is a connection to it, and another program's fails meanwhile.
    """
    if sys.platform == "win32":  # pragma: no cover - there is nothing to see
        return True
    from stembridge_audacity.channel_posix import fifo_paths

    return all(path.exists() for path in fifo_paths())
