"""Arranging: the stems of an answer are surveyed, measured, and put in their places."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from stembridge.audio.align import Placement, measure
from stembridge.audio.arranged import Arranged
from stembridge.audio.delays import CODEC_DELAYS
from stembridge.audio.lags import Grid
from stembridge.audio.products import as_they_came
from stembridge.audio.render import RegionFile
from stembridge.audio.roles import NULL
from stembridge.audio.storage import storage_errors
from stembridge.audio.tracks import Clock, Survey, Track, open_stem, skip, survey
from stembridge.model.errors import TransferError
from stembridge.model.results import EngineFile, Offset
from stembridge.model.stems import Role

_WORK = "aligning"


@contextlib.contextmanager
def workroom(answer: Path) -> Iterator[Path]:
    """Make the folder for temporary files inside the answer's, and remove it at the end.

    What a killed run left there is removed first.
    """
    work = answer / _WORK
    shutil.rmtree(work, ignore_errors=True)
    with storage_errors(work):
        work.mkdir(exist_ok=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def arrange(
    region: RegionFile,
    answer: Path,
    files: Sequence[EngineFile],
    *,
    gain_exponent: int,
    work: Path,
    clock: Clock,
) -> list[Arranged]:
    """Bring stems to the region's rate and find their places.

    Parameters
    ----------
    files
        Results of the kind ``stem``, in ``answer``.
    work
        Folder for temporary files; they are read until the stems are written.
    clock
        Told the frames as they are read.

    Raises
    ------
    TransferError
        ``alignment`` or ``transfer``: see `tracks` and `align`.
    """
    opened = [open_stem(answer, file, region, gain_exponent) for file in files]
    clock.expect(sum(track.info.frames for track in opened))
    hop = Grid.of(region.frames).hop
    seen: list[tuple[Track, Survey]] = []
    for track in opened:
        with storage_errors(work / track.file.name):
            seen.append(survey(track, region, hop, work, clock))
    try:
        placements = measure(region, seen, clock.tick)
    except TransferError:
        # Where correlation contradicts itself, a sum that nulls still proves that its stems lie in place.
        if not _nulls(region, [track for track, _ in seen], clock):
            raise
        placements = [_as_it_came(track) for track, _ in seen]
    return [
        Arranged(*_placed(track, placement.shift, region, work, clock), placement.offset, found.clipped)
        for (track, found), placement in zip(seen, placements, strict=True)
    ]


def _nulls(region: RegionFile, tracks: Sequence[Track], clock: Clock) -> bool:
    additive = [track for track in tracks if track.file.role is Role.ADDITIVE]
    if not additive or any(track.frames < region.frames for track in additive):
        return False
    gram = as_they_came(region, additive, clock)
    return gram.finite and gram.sum_error(range(len(additive))) <= NULL * gram.energy


def _as_it_came(track: Track) -> Placement:
    if track.file.role is Role.ADDITIVE:
        note = "Its sum with the other stems gives the region, as they came."
        return Placement(Offset(0, verified=True, note=note), 0)
    note = "Not certain: it is no part of the sum that gives the region. It was left where it came."
    return Placement(Offset(0, verified=False, note=note), 0)


def _placed(track: Track, shift: int, region: RegionFile, work: Path, clock: Clock) -> tuple[Track, int]:
    """Give the track, and its frame at the region's rate that lies on the region's first."""
    if not shift or track.info.rate == region.rate:
        return track, shift
    # A whole frame of the file is no whole frame of the region: it goes before resampling.
    clock.expect(track.info.frames - max(0, shift))
    with storage_errors(work / track.file.name):
        return skip(track, shift, region, work, clock), 0


def describe(stems: Sequence[Arranged], region: RegionFile, complement: str | None) -> list[str]:
    """Give a sentence for everything that was done to the stems, or that is wrong with them."""
    notes: list[str] = []
    for stem in stems:
        if stem.track.note:
            notes.append(stem.track.note)
        name, late = stem.file.stem, stem.track.skipped or stem.start
        if late:
            reason = CODEC_DELAYS.get(late, "a whole number of frames")
            notes.append(
                f"'{name}' came back {abs(late)} frames {'late' if late > 0 else 'early'} at "
                f"{stem.track.info.rate} Hz ({reason}); it was moved to its place."
            )
        if name == complement:
            continue
        missing = region.frames - (stem.track.frames - stem.start)
        if missing > 0:
            notes.append(f"The last {missing} frames of '{name}' didn't come back; they are silent.")
        if stem.offset.polarity < 0:
            notes.append(f"'{name}' came back upside down (its polarity is flipped); it was left so.")
        if stem.clipped:
            notes.append(
                f"'{name}' arrived with {stem.clipped} peaks cut off at full scale: "
                "they were clipped before they got here."
            )
    return notes
