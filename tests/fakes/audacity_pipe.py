"""An Audacity at the far end of real FIFOs that does wrong what the real one can't be made to do wrong.

It serves as Audacity's server does: it makes both FIFOs, opens its two ends one after the other, reads
lines, and when the client leaves it takes the FIFOs away and makes new ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from stembridge_audacity.channel_posix import FifoChannel, fifo_paths, open_fifos

OK = b"\nBatchCommand finished: OK\n\n"
FAILED = b"\nBatchCommand finished: Failed!\n\n"
NO_PROJECT = b"\n"
SYNTAX_ERROR = b"Syntax error!\nCommand is missing ':'\n\n"
HANG_UP = None
"""Among the parts of an answer: close both ends, as a crash would."""

Part = bytes | float | None
"""Bytes to write, seconds to wait, or `HANG_UP`."""
Answers = Callable[[str], Sequence[Part]]


def json_reply(document: object) -> bytes:
    """An answer with JSON in it."""
    return b"\n" + json.dumps(document).encode() + OK


def obedient(line: str) -> Sequence[Part]:
    """Answer as an Audacity with an empty project."""
    if line.startswith("GetInfo:"):
        return [json_reply([])]
    return [OK]


class FakeAudacity:
    """The server, in a thread.

    Parameters
    ----------
    folder
        Where its FIFOs are.
    answers
        What it says to a line.
    """

    def __init__(self, folder: Path, answers: Answers = obedient) -> None:
        self.folder = folder
        self.answers = answers
        self.lines: list[str] = []
        self.connections = 0
        self._ends: tuple[int, int] | None = None
        self._stop = threading.Event()
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def opener(self) -> FifoChannel:
        """What a `Pipe` takes as its opener."""
        return open_fifos(self.folder)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._made.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def say(self, data: bytes) -> None:
        """Write without having been asked, as if another client's answer went astray."""
        assert self._ends is not None
        os.write(self._ends[1], data)

    def _serve(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(BrokenPipeError):
                self._serve_one()
            for path in fifo_paths(self.folder):
                path.unlink(missing_ok=True)

    def _serve_one(self) -> None:
        to_path, from_path = make_fifos(self.folder)
        reader = os.open(to_path, os.O_RDONLY | os.O_NONBLOCK)
        self._made.set()
        writer = -1
        try:
            writer = self._open_writer(from_path)
            if writer < 0:
                return
            self.connections += 1
            self._ends = reader, writer
            self._talk(reader, writer)
        finally:
            self._ends = None
            for descriptor in (reader, writer):
                if descriptor >= 0:
                    os.close(descriptor)

    def _open_writer(self, path: Path) -> int:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            time.sleep(0.002)
        return -1

    def _talk(self, reader: int, writer: int) -> None:
        buffer = b""
        came = False
        while not self._stop.is_set():
            ready, _, _ = select.select([reader], [], [], 0.05)
            if not ready:
                continue
            data = os.read(reader, 65_536)
            if not data:
                if came:
                    return
                time.sleep(0.002)
                continue
            came = True
            buffer += data
            while b"\n" in buffer:
                line, buffer = buffer.split(b"\n", 1)
                self.lines.append(line.decode("utf-8"))
                if not self._answer(writer, self.lines[-1]):
                    return

    def _answer(self, writer: int, line: str) -> bool:
        for part in self.answers(line):
            if part is HANG_UP:
                return False
            if isinstance(part, bytes):
                self._write(writer, part)
            elif self._stop.wait(part):
                return False
        return True

    def _write(self, writer: int, data: bytes) -> None:
        left = memoryview(data)
        while left and not self._stop.is_set():
            _, ready, _ = select.select([], [writer], [], 0.05)
            if ready:
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(writer, left) :]


def make_fifos(folder: Path) -> tuple[Path, Path]:
    """Make both FIFOs, and serve them not: what a first start of Audacity leaves."""
    to_path, from_path = fifo_paths(folder)
    os.mkfifo(from_path, 0o700)
    os.mkfifo(to_path, 0o700)
    return to_path, from_path
