"""The mixdown: the stems of one answer side by side, and what they leave of the region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.render import RegionFile
from stembridge.audio.tracks import BLOCK, Track

Block = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Part:
    """A stem in its place.

    Attributes
    ----------
    track
        Its samples.
    start
        Frame of the track, at the region's rate, that lies on the region's first frame.
    additive
        True when it counts in the sum.
    chosen
        True when the rest leaves it out.
    needed
        True when its samples are wanted for themselves.
    """

    track: Track
    start: int
    additive: bool
    chosen: bool
    needed: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """The same frames of everything; empty arrays for what isn't wanted."""

    frames: int
    parts: tuple[Block, ...]
    rest: Block
    residual: Block


@dataclass(frozen=True, slots=True)
class Mixdown:
    """What a set of stems gives. Sums are formed in float64 and rounded to float32 once.

    Attributes
    ----------
    region
        The region.
    parts
        Its stems.
    complement
        Index of the additive part whose samples are the region minus all other additive parts; None
        where every part is what its file holds.
    rest, residual
        Whether these are wanted.
    """

    region: RegionFile
    parts: Sequence[Part]
    complement: int | None
    rest: bool
    residual: bool

    def slices(self) -> Iterator[Slice]:
        """Give the whole region, from its first frame to its last, in slices of 65,536 frames at most."""
        first = 0
        for block in read_blocks(inspect(self.region.path), 0, self.region.frames, block_frames=BLOCK):
            yield self._slice(block, first)
            first += len(block)

    def _slice(self, block: Block, first: int) -> Slice:
        summing = self.residual or self.complement is not None
        none = np.zeros((0, self.region.channels), np.float32)
        found: dict[int, Block] = {}
        for index, part in enumerate(self.parts):
            wanted = part.needed or (part.chosen and self.rest) or (part.additive and summing)
            if wanted and index != self.complement:
                found[index] = part.track.read(part.start + first, len(block))
        left = block.astype(np.float64) if summing else none
        if summing:
            for index, part in enumerate(self.parts):
                if part.additive and index != self.complement:
                    left -= found[index]
        if self.complement is not None:
            found[self.complement] = left.astype(np.float32)
            left -= found[self.complement]
        rest = block.astype(np.float64) if self.rest else none
        if self.rest:
            for index, part in enumerate(self.parts):
                if part.chosen:
                    rest -= found[index]
        return Slice(
            len(block),
            tuple(found[index] if part.needed else none for index, part in enumerate(self.parts)),
            rest.astype(np.float32),
            left.astype(np.float32) if self.residual else none,
        )
