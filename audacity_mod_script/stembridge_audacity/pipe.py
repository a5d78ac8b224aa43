"""One persistent connection to Audacity's scripting pipe: a line goes out, its answer comes back.

The contract, which everything above relies on:

* A line is written once, whatever happens. A command that was given up on is still in Audacity's queue
  and will run: its answer is owed, and no other line is written before it came.
* A line has at most 1,022 bytes. Audacity reads 1,023 at a time: of a longer line it would drop the end,
  or take the end for a command of its own.
* The connection stays open. Audacity makes new pipes whenever a client leaves, and who comes back at once
  may catch the old ones; so a connection is made anew only after the other end closed, and with pauses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from stembridge.model.errors import HostError, UsageError
from stembridge_audacity.channel import (
    AbsentError,
    BusyError,
    Channel,
    ChannelError,
    GoneError,
    Opener,
    OrphanedError,
    open_channel,
)
from stembridge_audacity.replies import Framer, Reply
from stembridge_audacity.traps import Trap

LONGEST = 1022
"""Bytes of a line without its newline."""
_GRACE = 0.25
"""Seconds of silence after which an answer without its closing marker counts as whole."""
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_TRAPS: dict[type[ChannelError], Trap] = {
    AbsentError: Trap.MODULE_OFF,
    OrphanedError: Trap.FIRST_START,
    BusyError: Trap.PIPE_BUSY,
}


class Pipe:
    """The connection. Safe to share between threads: one line at a time.

    Parameters
    ----------
    opener
        What opens the channel; the system's own when left out.
    grace
        Seconds of silence that end an answer without marker.
    """

    def __init__(self, opener: Opener = open_channel, grace: float = _GRACE) -> None:
        self._opener = opener
        self._grace = grace
        self._channel: Channel | None = None
        self._framer = Framer()
        self._lock = threading.Lock()
        self._owed = False
        self._sent = 0

    @property
    def connected(self) -> bool:
        """True while a connection is open, as far as is known."""
        return self._channel is not None

    @property
    def owed(self) -> bool:
        """True while an answer is due that nobody waits for."""
        return self._owed

    @property
    def sent(self) -> int:
        """Number of lines written since the beginning."""
        return self._sent

    def connect(self, timeout: float, give_up: Callable[[type[Exception]], bool] | None = None) -> None:
        """Open the connection; nothing happens when it is open.

        Parameters
        ----------
        timeout
            Seconds for all attempts; 0 makes one.
        give_up
            Asked after each failure with its kind (a `ChannelError`): True ends the attempts.

        Raises
        ------
        HostError
            MODULE_OFF (there is no pipe), FIRST_START (nobody serves it) or PIPE_BUSY: what the pipe alone
            can tell. `open_audacity` looks closer.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            pause = _FIRST_PAUSE
            while self._channel is None:
                try:
                    self._channel = self._opener()
                except (AbsentError, OrphanedError, BusyError) as error:
                    left = deadline - time.monotonic()
                    if left <= 0 or (give_up is not None and give_up(type(error))):
                        raise _opening_failed(error) from error
                    time.sleep(min(pause, left))
                    pause = min(pause * 2, _LONGEST_PAUSE)
                else:
                    self._framer.clear()
                    self._owed = False

    def send(self, line: str, timeout: float) -> Reply:
        """Write one command and wait for its answer.

        Parameters
        ----------
        line
            A command with its parameters, without a newline.
        timeout
            Seconds for everything, an answer that is still owed included.

        Raises
        ------
        UsageError
            The line can't be sent as it is; a fault of the caller's.
        HostError
            STILL_BUSY, CROSSED, LOST_UNSENT: nothing was sent. SILENT: it was sent and may still happen.
            LOST: it was sent, and whether it happened is unknown.
        """
        data = _checked(line)
        deadline = time.monotonic() + timeout
        if not self._lock.acquire(timeout=max(0.0, timeout)):
            raise Trap.STILL_BUSY.error(line=line)
        try:
            channel = self._open_one(line)
            if self._owed and self._receive(channel, deadline, sent=False) is None:
                raise Trap.STILL_BUSY.error(line=line)
            self._refuse_strays(channel, line)
            self._write(channel, data, deadline, line)
            reply = self._receive(channel, deadline, sent=True)
            if reply is None:
                raise Trap.SILENT.error(line=line, seconds=timeout)
            return reply
        finally:
            self._lock.release()

    def settle(self, timeout: float) -> Reply | None:
        """Wait for an answer that is owed; None when none is, or when it hasn't come in time.

        Raises
        ------
        HostError
            LOST: the connection closed before it came.
        """
        deadline = time.monotonic() + timeout
        if not self._lock.acquire(timeout=max(0.0, timeout)):
            return None
        try:
            if self._channel is None or not self._owed:
                return None
            return self._receive(self._channel, deadline, sent=True)
        finally:
            self._lock.release()

    def close(self, timeout: float = 2.0) -> None:
        """Close the connection; an answer that is owed is waited for, for at most `timeout` seconds.

        To leave while an answer is due could end an Audacity that doesn't expect it (SIGPIPE).
        """
        try:
            self.settle(timeout)
        except HostError:
            return
        finally:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_one(self, line: str) -> Channel:
        if self._channel is None:
            raise Trap.LOST_UNSENT.error(line=line)
        return self._channel

    def _refuse_strays(self, channel: Channel, line: str) -> None:
        """Nothing was asked, so nothing may have come."""
        try:
            stray = channel.read(0)
        except GoneError as error:
            self._drop()
            raise Trap.LOST_UNSENT.error(line=line) from error
        stray = self._framer.clear() + stray
        if stray:
            raise Trap.CROSSED.error(line=line, stray=stray[:200].decode("utf-8", errors="replace"))

    def _write(self, channel: Channel, data: bytes, deadline: float, line: str) -> None:
        try:
            channel.write(data, max(0.0, deadline - time.monotonic()))
        except GoneError as error:
            self._drop()
            raise Trap.LOST_UNSENT.error(line=line) from error
        except TimeoutError as error:
            raise Trap.STILL_BUSY.error(line=line) from error
        self._owed = True
        self._sent += 1

    def _receive(self, channel: Channel, deadline: float, *, sent: bool) -> Reply | None:
        """Read until the answer that is owed is whole; None when the time is up."""
        while True:
            reply = self._framer.take()
            if reply is None:
                left = max(0.0, deadline - time.monotonic())
                # An answer that may be whole is worth the silence that proves it, even past the deadline.
                wait = self._grace if self._framer.unmarked else left
                try:
                    data = channel.read(wait)
                    self._framer.feed(data)
                except (GoneError, HostError) as error:
                    self._drop()
                    raise (Trap.LOST if sent else Trap.LOST_UNSENT).error() from error
                if data:
                    continue
                reply = self._framer.take(quiet=True)
            if reply is not None:
                self._owed = False
                return reply
            if time.monotonic() >= deadline:
                return None

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        self._owed = False
        self._framer.clear()
        if channel is not None:
            channel.close()


def _checked(line: str) -> bytes:
    try:
        data = line.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("A name holds characters that Audacity can't be told.", hint="Rename it.") from error
    if len(data) > LONGEST:
        raise UsageError(
            f"A command for Audacity would be {len(data)} bytes long; {LONGEST} are possible.",
            hint="Use shorter names or a shorter path.",
        )
    if ":" not in line or any(character in line for character in "\r\n\0"):
        raise UsageError(
            "A command for Audacity must be one line with a colon.", hint="Remove line breaks from names."
        )
    return data + b"\n"


def _opening_failed(error: ChannelError) -> HostError:
    trap = _TRAPS[type(error)]
    return trap.error(pipe=str(error))
