"""A file with another beginning: for decoders that need a header which the file itself lacks."""

from __future__ import annotations

import io
import os
from pathlib import Path


class Spliced(io.RawIOBase):
    """Some bytes, then the stretch [start, end) of a file: read-only, seekable, nothing is copied."""

    def __init__(self, front: bytes, path: Path, start: int, end: int) -> None:
        self._front = front
        self._file = path.open("rb")
        self._start = start
        self._size = len(front) + end - start
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        wanted = left if size < 0 else min(size, left)
        piece = self._front[self._position : self._position + wanted]
        if len(piece) < wanted:
            self._file.seek(self._start + self._position + len(piece) - len(self._front))
            piece += self._file.read(wanted - len(piece))
        self._position += len(piece)
        return piece

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
