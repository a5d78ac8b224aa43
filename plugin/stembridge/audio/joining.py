"""Joining: the stems of overlapping parts of a region become stems of the whole region.

Outside the fades a sample is that of the one part it belongs to. Inside, it is a mean of both parts, whose
weights run linearly from one to the other. Linear, and not of equal power, because both parts hold the same
sound: their weights add up to 1 in every sample, so that stems which sum to their parts sum to the region.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.audio.joints import Cutting, Piece
from stembridge.audio.nulltest import Meter, decibels
from stembridge.audio.render import RegionFile
from stembridge.audio.storage import storage_errors
from stembridge.audio.writers import StemWriter
from stembridge.model.errors import Cancelled, InputError, TransferError
from stembridge.model.formats import FORMATS

BLOCK = 65_536
AROUND = 0.5
"""Seconds before and behind a fade that its null test takes in."""

Block = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class JointFacts:
    """What was measured at a joint. Levels are in dBFS, None for digital silence.

    Attributes
    ----------
    fade
        Where it lies in the region.
    level_db
        RMS of the region inside the fade.
    residual_db
        RMS of the region minus the sum of its stems, from `AROUND` before the fade to `AROUND` behind it;
        None also where no stems were to be summed.
    apart_db
        RMS of the difference between both parts inside the fade, by stem: what one part hears otherwise.
    """

    fade: Piece
    level_db: float | None
    residual_db: float | None
    apart_db: Mapping[str, float | None]


def join(
    region: RegionFile,
    cutting: Cutting,
    stems: Mapping[str, Sequence[Path]],
    folder: Path,
    *,
    summed: frozenset[str],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> list[JointFacts]:
    """Write the joined stems into ``folder`` as ``<stem id>.wav``, float32, the region's frames and rate.

    Everything is read and written in blocks: memory doesn't grow with length.

    Parameters
    ----------
    region
        What was cut.
    cutting
        How.
    stems
        For every stem id a file for every part, at the region's rate, channels and level, of as many frames
        as the part has.
    folder
        Must exist. Files of these names are replaced.
    summed
        Ids of the stems that sum to the region; empty where none do.
    progress
        Told frames done and frames in all.
    cancelled
        Asked at every block.

    Returns
    -------
    list of JointFacts
        One for every fade.

    Raises
    ------
    TransferError
        When a file has another shape, or can't be read.
    StoreError
        When a file can't be written.
    Cancelled
        No file is left then.
    """
    parts = {stem: _open(paths, cutting, region) for stem, paths in stems.items()}
    sound = inspect(region.path)
    watches = [_Watch(fade, region, list(stems)) for fade in cutting.fades]
    with ExitStack() as stack:
        writers = {
            stem: stack.enter_context(
                StemWriter(
                    folder / f"{stem}.wav", FORMATS["wav32f"],
                    rate=region.rate, channels=region.channels, frames=region.frames,
                )
            )
            for stem in stems
        }  # fmt: skip
        with storage_errors(folder):
            done = 0
            for stretch in _stretches(cutting):
                for first, pieces in _walk(stretch, cutting, sound, parts):
                    if cancelled():
                        raise Cancelled
                    mixed = {stem: piece.mixed for stem, piece in pieces.stems.items()}
                    for stem, block in mixed.items():
                        writers[stem].write(block)
                    for watch in watches:
                        watch.add(first, pieces, [mixed[stem] for stem in mixed if stem in summed])
                    done += len(pieces.region)
                    progress(done, region.frames)
        for writer in writers.values():
            writer.commit()
    return [watch.facts() for watch in watches]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Frames of the region that come of one part, or (in a fade) of it and the next."""

    piece: Piece
    part: int
    fades: bool


def _stretches(cutting: Cutting) -> Iterator[_Stretch]:
    at = 0
    for part, fade in enumerate(cutting.fades):
        yield _Stretch(Piece(at, fade.first - at), part, fades=False)
        yield _Stretch(fade, part, fades=True)
        at = fade.end
    last = len(cutting.parts) - 1
    yield _Stretch(Piece(at, cutting.parts[last].end - at), last, fades=False)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """A block of a stem; ``apart`` is the difference of both parts in a fade, else None."""

    mixed: Block
    apart: Block | None = None


@dataclass(frozen=True, slots=True)
class _Pieces:
    region: Block
    stems: Mapping[str, _Mixed]


def _walk(
    stretch: _Stretch, cutting: Cutting, sound: SourceInfo, parts: Mapping[str, Sequence[SourceInfo]]
) -> Iterator[tuple[int, _Pieces]]:
    """Give the stretch in blocks, with the frame of the region that each begins at."""
    piece, number = stretch.piece, stretch.part
    ours = [_reader(one, number, cutting, piece) for one in parts.values()]
    theirs = [_reader(one, number + 1, cutting, piece) for one in parts.values()] if stretch.fades else []
    first = piece.first
    try:
        for block in read_blocks(sound, piece.first, piece.frames, block_frames=BLOCK):
            found = [_Mixed(next(reader)) for reader in ours]
            if theirs:
                ramp = (np.arange(len(block)) + (first - piece.first) + 0.5)[:, None] / piece.frames
                found = [_mix(one.mixed, next(other), ramp) for one, other in zip(found, theirs, strict=True)]
            yield first, _Pieces(block, dict(zip(parts, found, strict=True)))
            first += len(block)
    finally:
        for reader in (*ours, *theirs):
            reader.close()


def _mix(one: Block, other: Block, ramp: NDArray[np.float64]) -> _Mixed:
    apart = other.astype(np.float64) - one
    return _Mixed((one + ramp * apart).astype(np.float32), apart.astype(np.float32))


def _reader(infos: Sequence[SourceInfo], part: int, cutting: Cutting, piece: Piece) -> Generator[Block]:
    info, first = infos[part], piece.first - cutting.parts[part].first
    try:
        for block in read_blocks(info, first, piece.frames, block_frames=BLOCK):
            if not np.isfinite(block).all():
                raise _unlike(info.path)
            yield block
    except InputError as error:
        raise _unlike(info.path) from error


def _open(paths: Sequence[Path], cutting: Cutting, region: RegionFile) -> list[SourceInfo]:
    infos = []
    for path, part in zip(paths, cutting.parts, strict=True):
        try:
            info = inspect(path)
        except InputError as error:
            raise _unlike(path) from error
        if (info.frames, info.rate, info.channels) != (part.frames, region.rate, region.channels):
            raise _unlike(path)
        infos.append(info)
    return infos


def _unlike(path: Path) -> TransferError:
    return TransferError(
        f"The stem '{path.name}' of a part is no longer as it was written.",
        hint="Separate the region once more with --again.",
        context={"path": str(path)},
    )


class _Watch:
    """The null test across one joint."""

    def __init__(self, fade: Piece, region: RegionFile, stems: Sequence[str]) -> None:
        around = round(AROUND * region.rate)
        self._fade = fade
        self._begin, self._end = max(0, fade.first - around), min(region.frames, fade.end + around)
        self._left, self._level = Meter(), Meter()
        self._apart = {stem: Meter() for stem in stems}
        self._summed = False

    def add(self, first: int, pieces: _Pieces, summed: Sequence[Block]) -> None:
        """Take in a block, which begins at frame ``first`` of the region."""
        begin, end = max(self._begin - first, 0), min(self._end - first, len(pieces.region))
        if begin >= end:
            return
        if summed:
            self._summed = True
            left = pieces.region[begin:end].astype(np.float64)
            for block in summed:
                left -= block[begin:end]
            self._left.add(left)
        if self._fade.first <= first < self._fade.end:  # a block lies in a fade, or outside
            self._level.add(pieces.region)
            for stem, piece in pieces.stems.items():
                if piece.apart is not None:
                    self._apart[stem].add(piece.apart)

    def facts(self) -> JointFacts:
        """Give what was measured."""
        return JointFacts(
            self._fade,
            decibels(self._level.rms),
            decibels(self._left.rms) if self._summed else None,
            {stem: decibels(meter.rms) for stem, meter in self._apart.items()},
        )


def worst(facts: Sequence[JointFacts]) -> float:
    """Give the loudest difference between two parts of any stem at any joint, in dBFS; -inf for none."""
    return max((db for one in facts for db in one.apart_db.values() if db is not None), default=-math.inf)
