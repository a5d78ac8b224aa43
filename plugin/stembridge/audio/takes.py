"""Takes: the same stem of the same region from several separations, read side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.nulltest import Feed
from stembridge.model.errors import InputError, TransferError

BLOCK = 65_536
Block = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Take:
    """A stem's file; ``gain`` is the linear gain that it was written with, undone in reading."""

    path: Path
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Frames, rate in Hz and channels that all takes share with their region."""

    frames: int
    rate: int
    channels: int


def side_by_side(takes: Sequence[Take], shape: Shape) -> Iterator[tuple[Block, ...]]:
    """Give the same frames of every take, at the region's level, from the first to the last.

    What a lossy file has behind the region's end is cut; a file that ends early goes on with zeros.

    Yields
    ------
    tuple of NDArray[np.float32]
        A block a take, each of shape (1 to 65,536, channels).

    Raises
    ------
    TransferError
        When a file is no longer there or was changed: another rate or channel count, damage, samples
        that are no finite numbers.
    """
    feeds = [Feed(_read(take, shape)) for take in takes]
    try:
        for first in range(0, shape.frames, BLOCK):
            wanted = min(BLOCK, shape.frames - first)
            yield tuple(_whole(feed.take(wanted), wanted, shape.channels) for feed in feeds)
    finally:
        for feed in feeds:
            feed.close()


def _read(take: Take, shape: Shape) -> Iterator[Block]:
    try:
        info = inspect(take.path)
        if (info.rate, info.channels) != (shape.rate, shape.channels):
            raise _changed(take, f"{info.channels} channels at {info.rate} Hz")
        undo = np.float32(1 / take.gain)
        for block in read_blocks(info, 0, min(info.frames, shape.frames), block_frames=BLOCK):
            if not np.isfinite(block).all():
                raise _changed(take, "samples that are not numbers")
            yield block if take.gain == 1.0 else block * undo
    except InputError as error:
        raise _changed(take, error.message) from error


def _whole(block: Block, frames: int, channels: int) -> Block:
    if len(block) == frames:
        return block
    out = np.zeros((frames, channels), np.float32)
    if len(block):
        out[: len(block)] = block
    return out


def _changed(take: Take, found: str) -> TransferError:
    return TransferError(
        f"The stem '{take.path.name}' is no longer as it was written.",
        hint="Separate the region once more with --again.",
        context={"path": str(take.path), "found": found},
    )
