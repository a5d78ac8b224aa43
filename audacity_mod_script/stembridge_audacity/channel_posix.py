"""Audacity's pipes on Linux and macOS: two FIFOs, never blocking."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

from stembridge_audacity.channel import AbsentError, GoneError, OrphanedError

FOLDER = Path("/tmp")  # noqa: S108 - Audacity's choice, not ours; it asks for no other folder
_CHUNK = 65_536
_SERVED_NOT_YET = 0.01
"""Seconds between two looks at a FIFO whose writer hasn't come yet: poll() can't wait for one."""


def fifo_paths(folder: Path = FOLDER) -> tuple[Path, Path]:
    """Give the FIFOs of this user's Audacity: the one to write to, the one to read from."""
    user = os.getuid()
    return folder / f"audacity_script_pipe.to.{user}", folder / f"audacity_script_pipe.from.{user}"


def open_fifos(folder: Path = FOLDER) -> FifoChannel:
    """Open both FIFOs without waiting, in the order in which Audacity opens its own ends.

    Raises
    ------
    AbsentError
        One of them isn't there.
    OrphanedError
        Nobody reads the one that we would write to (ENXIO).
    """
    to_path, from_path = fifo_paths(folder)
    to_fd = _open(to_path, os.O_WRONLY)
    try:
        from_fd = _open(from_path, os.O_RDONLY)
    except BaseException:
        os.close(to_fd)
        raise
    return FifoChannel(to_fd, from_fd)


def _open(path: Path, mode: int) -> int:
    try:
        descriptor = os.open(path, mode | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise AbsentError(str(path)) from error
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OrphanedError(str(path)) from error
        raise AbsentError(f"{path}: {error.strerror}") from error
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AbsentError(f"{path} is no pipe")
    return descriptor


class FifoChannel:
    """Two open FIFO ends. A write of up to PIPE_BUF (4,096 on Linux, 512 on macOS) goes at once or not."""

    def __init__(self, to_fd: int, from_fd: int) -> None:
        self._to = to_fd
        self._from = from_fd
        self._served = False

    def write(self, data: bytes, timeout: float) -> None:
        """Write all of `data`; see `Channel`."""
        deadline = time.monotonic() + timeout
        left = memoryview(data)
        while left:
            # Once a part is written the line has begun, and only its end makes it harmless: go on.
            wait = max(0.0, deadline - time.monotonic()) if len(left) == len(data) else timeout
            if not _ready(self._to, select.POLLOUT, wait):
                if len(left) == len(data):
                    raise TimeoutError
                raise GoneError("the line could not be ended")
            try:
                left = left[os.write(self._to, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise GoneError(str(error)) from error

    def read(self, timeout: float) -> bytes:
        """Give what has arrived; see `Channel`.

        A FIFO that Audacity hasn't opened yet reads like one that it has closed: empty. Only bytes that
        came, or the loss of the reader on the other FIFO, tell them apart.
        """
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not _ready(self._from, select.POLLIN, left):
                return b""
            try:
                data = os.read(self._from, _CHUNK)
            except BlockingIOError:
                data = None
            except OSError as error:
                raise GoneError(str(error)) from error
            if data:
                self._served = True
                return data
            if data is not None and (self._served or self._reader_gone()):
                raise GoneError("end of file")
            if time.monotonic() >= deadline:
                return b""
            time.sleep(_SERVED_NOT_YET)

    def _reader_gone(self) -> bool:
        poll = select.poll()
        poll.register(self._to, 0)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close both ends; the one to write to first, so that Audacity sees the end and makes new ones."""
        for descriptor in (self._to, self._from):
            if descriptor >= 0:
                os.close(descriptor)
        self._to = self._from = -1


def _ready(descriptor: int, event: int, timeout: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(max(0, round(timeout * 1000))))
