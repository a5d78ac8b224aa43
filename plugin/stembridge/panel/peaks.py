"""Peaks: the least and the greatest sample of every stretch, worked out once, sent while it is worked out.

A file of the finest level lies in the panel's cache, two bytes for 256 frames; coarser levels are folded
from it, which costs next to nothing. Who asks while it is being worked out gets what is there, and the
rest as it comes.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from starlette.responses import StreamingResponse

from stembridge.audio.nulltest import Feed
from stembridge.jobs import disk
from stembridge.model.errors import StembridgeError, StoreError, UsageError
from stembridge.panel.desk import Desk
from stembridge.panel.tracks import BLOCK, Track

FINEST = 256
LEVELS = (256, 1024, 4096, 16384, 65536)
"""Frames per bin."""
MAGIC, VERSION = b"SBPK", 1
_CHUNK = 8192
"""Finest bins that are sent at a time; whole bins of the coarsest level."""
_TELL_EVERY = 0.05
"""Seconds between two tidings: each wakes a reader, which takes the interpreter from those who work."""
_PATIENCE = 5.0

Bins = NDArray[np.int8]


def fold(block: NDArray[np.float32]) -> Bins:
    """Give a row (least, greatest) for every `FINEST` frames of a block; the last may be of fewer.

    Over all channels, times 127: the least is rounded down and the greatest up, so that nothing that
    sounds is drawn as silence. What goes beyond full scale is drawn at full scale.
    """
    # Rows that lie in one piece are compared some sixty times as fast as frame by frame.
    whole = len(block) // FINEST
    rows = block[: whole * FINEST].reshape(whole, FINEST * block.shape[1])
    least, most = rows.min(axis=1), rows.max(axis=1)
    rest = block[whole * FINEST :]
    if len(rest):
        least, most = np.append(least, rest.min()), np.append(most, rest.max())
    found = np.stack([np.floor(least * 127.0), np.ceil(most * 127.0)], axis=1)
    clamped: Bins = np.clip(np.nan_to_num(found), -127, 127).astype(np.int8)
    return clamped


def coarser(bins: Bins, factor: int) -> Bins:
    """Give rows for ``factor`` bins each; the last may be of fewer."""
    if factor == 1 or not len(bins):
        return bins
    starts = np.arange(0, len(bins), factor)
    least = np.minimum.reduceat(bins[:, 0], starts)
    return np.stack([least, np.maximum.reduceat(bins[:, 1], starts)], axis=1)


class _Making:
    """A track's finest bins while they are being worked out; any number of readers follow."""

    def __init__(self, track: Track) -> None:
        self.bins: Bins = np.zeros((-(-track.frames // FINEST), 2), np.int8)
        self._track = track
        self._done = 0
        self._error: StembridgeError | None = None
        self._news = threading.Condition()

    @property
    def failed(self) -> bool:
        """True when it ended without all of them."""
        return self._error is not None

    def work(self, closing: threading.Event) -> None:
        """Work them out; for a thread of its own."""
        feed = Feed(self._track.blocks(0, self._track.frames))
        try:
            have, told = 0, 0.0
            while len(block := feed.take(BLOCK)):
                found = fold(block)
                self.bins[have : have + len(found)] = found
                have += len(found)
                if time.monotonic() - told >= _TELL_EVERY or have == len(self.bins):
                    self._tell(have)
                    told = time.monotonic()
                if closing.is_set():
                    raise StoreError("The panel is being closed.")
        except StembridgeError as error:
            self._error = error
        finally:
            feed.close()
            if self._done < len(self.bins):
                self._error = self._error or StoreError("The waveform couldn't be worked out.")
                self._tell(self._done)

    def _tell(self, done: int) -> None:
        with self._news:
            self._done = done
            self._news.notify_all()

    def wait(self, seen: int, closing: threading.Event) -> int:
        """Wait until there are more than ``seen``; give how many. Raises what kept them from being made."""
        with self._news:
            while self._done <= seen and self._error is None and not closing.is_set():
                self._news.wait(_PATIENCE)
            if self._done <= seen:
                raise self._error or StoreError("The panel is being closed.")
            return self._done


class Peaks:
    """The peaks of everything that can be listened to.

    Parameters
    ----------
    desk
        Has the folder of the cache, and the threads that do the work.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = threading.Lock()
        self._makings: dict[Path, _Making] = {}

    def warm(self, owner: str, track: Track) -> None:
        """Have a track's peaks worked out in the background, where they aren't there."""
        self._begin(self._path(owner, track), track)

    def answer(self, owner: str, track: Track, level: int) -> StreamingResponse:
        """Answer with the peaks of a level: what is there at once, the rest as it comes.

        Raises
        ------
        UsageError
            For a level that isn't one of `LEVELS`.
        """
        if level not in LEVELS:
            raise UsageError(f"There are no peaks of {level} frames.", hint=f"Ask for one of {LEVELS}.")
        path = self._path(owner, track)
        making = self._begin(path, track)
        length = 16 + 2 * -(-track.frames // level)
        return StreamingResponse(
            self._stream(path, making, track, level),
            media_type="application/octet-stream",
            headers={"content-length": str(length)},
        )

    def _path(self, owner: str, track: Track) -> Path:
        return self._desk.folder / "cache" / owner / f"{track.mark}.peaks"

    def _begin(self, path: Path, track: Track) -> _Making | None:
        """Give what is being worked out; None where all of it is on the disk."""
        with self._turn:
            if path.exists():
                return None
            making = self._makings.get(path)
            if making is None or making.failed:
                making = self._makings[path] = _Making(track)
                self._desk.hands.submit(self._make, path, making)
            return making

    def _make(self, path: Path, making: _Making) -> None:
        making.work(self._desk.closing)
        if making.failed:
            return
        try:
            disk.make_folder(path.parent)
            disk.write_bytes(path, making.bins.tobytes(), shared=True)
        except StembridgeError:
            return  # a full disk costs the memory of it, and this process still has it
        with self._turn:
            self._makings.pop(path, None)

    def _stream(self, path: Path, making: _Making | None, track: Track, level: int) -> Iterator[bytes]:
        yield struct.pack("<4sIII", MAGIC, VERSION, level, -(-track.frames // level))
        total, factor, sent = -(-track.frames // FINEST), level // FINEST, 0
        if making is None:
            with path.open("rb") as file:
                while data := file.read(2 * _CHUNK):
                    yield coarser(np.frombuffer(data, np.int8).reshape(-1, 2), factor).tobytes()
            return
        there = 0
        while sent < total:
            there = making.wait(there, self._desk.closing)
            usable = there if there == total else there - there % factor
            for start in range(sent, usable, _CHUNK):
                yield coarser(making.bins[start : min(start + _CHUNK, usable)], factor).tobytes()
            sent = max(sent, usable)
