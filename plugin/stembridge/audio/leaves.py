"""Leaves: stems that several separations left, one below the other, as one set of files.

Each lies on the region's samples already, because the separation that gave it brought it there. What is
formed anew is only what they leave of the region.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.delivery import Delivery, Target
from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.finish import lowered, measured
from stembridge.audio.mixdown import Slice
from stembridge.audio.nulltest import decibels
from stembridge.audio.render import RegionFile
from stembridge.audio.storage import storage_errors
from stembridge.audio.takes import BLOCK, Shape, Take, side_by_side
from stembridge.audio.tracks import Clock
from stembridge.model.formats import Format, check_format
from stembridge.model.results import Offset, SetFacts, StemFacts
from stembridge.model.stems import STEMS, ResultKind, Role


@dataclass(frozen=True, slots=True)
class Leaf:
    """One stem.

    Attributes
    ----------
    facts
        As they are known before it is written; the role says whether it counts in the sum.
    take
        Its samples.
    chosen
        True when it is written.
    """

    facts: StemFacts
    take: Take
    chosen: bool

    @property
    def counts(self) -> bool:
        """True when it is part of the sum."""
        return self.facts.role in {Role.ADDITIVE, Role.REST}


@dataclass(frozen=True, slots=True)
class Leaves:
    """All of them, and what they leave of the region; sums are formed in float64 and rounded once."""

    region: RegionFile
    leaves: Sequence[Leaf]

    def slices(self) -> Iterator[Slice]:
        """Give the whole region, from its first frame to its last, in slices of 65,536 frames at most."""
        shape = Shape(self.region.frames, self.region.rate, self.region.channels)
        stems = side_by_side([leaf.take for leaf in self.leaves], shape)
        region = read_blocks(inspect(self.region.path), 0, shape.frames, block_frames=BLOCK)
        for block, parts in zip(region, stems, strict=True):
            rest = self._left(block, parts, lambda leaf: leaf.counts and leaf.chosen)
            residual = self._left(block, parts, lambda leaf: leaf.counts)
            yield Slice(len(block), parts, rest, residual)

    def _left(
        self, block: NDArray[np.float32], parts: Sequence[NDArray[np.float32]], taken: Callable[[Leaf], bool]
    ) -> NDArray[np.float32]:
        left = block.astype(np.float64)
        for leaf, part in zip(self.leaves, parts, strict=True):
            if taken(leaf):
                left -= part
        return left.astype(np.float32)


def deliver(
    mix: Leaves,
    *,
    complete: bool,
    rest: bool,
    residual: bool,
    fmt: Format,
    names: Callable[[str], str],
    folder: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> SetFacts:
    """Write the chosen leaves, the rest and the residual, and read all of it back.

    Parameters
    ----------
    complete
        True when the leaves are meant to sum to the region.
    rest
        Write the region minus the chosen leaves that count in the sum.
    residual
        Write the region minus all leaves that count.
    fmt
        What to write.
    names
        Gives the file name, without a folder, for a stem id.
    folder
        Where to; made when it isn't there. Files of these names are replaced.
    progress
        Told ``(done, total)`` in frames of work; ``total`` may grow.
    cancelled
        Asked at every block.

    Returns
    -------
    SetFacts
        As of `stembridge.audio.finish.finish`.

    Raises
    ------
    InputError
        ``channels`` or ``rate``: the format can't hold it. No file was written.
    TransferError
        When a leaf was changed since it was written.
    StoreError
        When a file can't be written.
    Cancelled
        The user asked for it.
    """
    region = mix.region
    check_format(fmt, channels=region.channels, rate=region.rate)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    targets = [_target(leaf, index) for index, leaf in enumerate(mix.leaves) if leaf.chosen]
    counting = [
        target for target in targets if any(leaf.counts and leaf.facts is target.facts for leaf in mix.leaves)
    ]
    extra: list[Target] = []
    if rest:
        extra.append(Target(_made("rest", names, Role.REST), lambda piece: piece.rest))
    if residual:
        extra.append(Target(_made("residual", names, Role.RESIDUAL), lambda piece: piece.residual))
    whole = complete and len(counting) == sum(leaf.counts for leaf in mix.leaves)
    summed = counting if whole else [*counting, extra[0]] if rest else []
    delivery = Delivery(mix, [*targets, *extra], (), folder, fmt, Clock(progress, cancelled))
    gain = delivery.gain()
    streamed = delivery.write(gain)
    null, levels = delivery.read_back(summed, gain)
    ids = [target.facts.stem for target in summed]
    if not summed and complete:
        null, ids = streamed, [leaf.facts.stem for leaf in mix.leaves if leaf.counts]
    return SetFacts(
        stems=tuple(measured(target.facts, levels[target.name]) for target in (*targets, *extra)),
        summed=tuple(ids),
        residual_db=decibels(null.rms) if null else None,
        residual_peak_db=decibels(null.peak) if null else None,
        gain_db=20.0 * math.log10(gain),
        notes=() if gain == 1.0 else (lowered(gain, fmt),),
    )


def _target(leaf: Leaf, index: int) -> Target:
    return Target(leaf.facts, lambda piece: piece.parts[index])


def _made(stem: str, names: Callable[[str], str], role: Role) -> StemFacts:
    return blank(stem, STEMS[stem].label, names(stem), role, Offset(0, verified=True))


def blank(stem: str, label: str, file: str, role: Role, offset: Offset, *, clipped: int = 0) -> StemFacts:
    """Give a stem's facts as far as they are known before it is written."""
    return StemFacts(
        stem=stem,
        label=label,
        file=file,
        role=role,
        kind=ResultKind.STEM,
        frames=0,
        rate=0,
        channels=0,
        peak_db=None,
        rms_db=None,
        offset=offset,
        full_scale_runs=clipped,
    )
