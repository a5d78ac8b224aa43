"""Inner products of a region and the files of a set, from one pass over all of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.arranged import Arranged
from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.nulltest import Feed
from stembridge.audio.render import RegionFile
from stembridge.audio.resample import resample_blocks, resampled_length
from stembridge.audio.sums import Gram
from stembridge.audio.tracks import Clock, Track
from stembridge.audio.writers import StemWriter
from stembridge.model.formats import FORMATS

_SAMPLES = 65_536
Take = Callable[[int, int], NDArray[np.float32]]
"""``take(first, frames)`` gives the shape (frames, channels); asked for stretches in ascending order."""


def at_rate(region: RegionFile, rate: int, work: Path, clock: Clock) -> RegionFile:
    """Give the region at another rate, as it is sent to a service; its levels are those of the original.

    Parameters
    ----------
    rate
        In Hz. At the region's own rate nothing is written.
    work
        Folder for the file.
    """
    if rate == region.rate:
        return region
    frames = resampled_length(region.frames, region.rate, rate)
    path = work / "region at their rate.wav"
    clock.expect(frames)
    with StemWriter(path, FORMATS["wav32f"], rate=rate, channels=region.channels, frames=frames) as writer:
        for block in resample_blocks(
            read_blocks(inspect(region.path), 0, region.frames),
            from_rate=region.rate,
            to_rate=rate,
            channels=region.channels,
            frames_out=frames,
        ):
            writer.write(block)
            clock.tick(len(block))
        writer.commit()
    return replace(region, path=path, frames=frames, rate=rate)


def as_they_came(region: RegionFile, tracks: Sequence[Track], clock: Clock) -> Gram:
    """Measure files from their first frame on, each decoded once and nothing written."""
    feeds = [Feed(_stream(track, region.rate)) for track in tracks]

    def taker(feed: Feed) -> Take:
        return lambda _first, frames: feed.take(frames)

    end = min(region.frames, *(track.frames for track in tracks))
    try:
        return _measure(region, [taker(feed) for feed in feeds], 0, end, clock)
    finally:
        for feed in feeds:
            feed.close()


def in_place(region: RegionFile, stems: Sequence[Arranged], clock: Clock) -> Gram:
    """Measure files in their places, where all of them have samples."""

    def taker(stem: Arranged) -> Take:
        return lambda first, frames: stem.track.read(stem.start + first, frames)

    # Silence that was put in front, at the region's rate or (as skipped < 0) at the file's own.
    silent = [
        -stem.track.skipped * region.rate // stem.track.info.rate + 1 for stem in stems if stem.track.skipped
    ]
    begin = max(0, *(-stem.start for stem in stems), *silent)
    end = min(region.frames, *(stem.track.frames - stem.start for stem in stems))
    return _measure(region, [taker(stem) for stem in stems], begin, max(begin, end), clock)


def _stream(track: Track, rate: int) -> Iterator[NDArray[np.float32]]:
    return resample_blocks(
        track.matched(),
        from_rate=track.info.rate,
        to_rate=rate,
        channels=track.channels,
        frames_out=track.frames,
    )


def _measure(region: RegionFile, takes: Sequence[Take], first: int, end: int, clock: Clock) -> Gram:
    size = max(1, _SAMPLES // region.channels)
    products = np.zeros((1 + len(takes), 1 + len(takes)))
    rows = np.empty((1 + len(takes), size * region.channels))
    clock.expect(end - first)
    position = first
    for block in read_blocks(inspect(region.path), first, end - first, block_frames=size):
        used = block.size
        rows[0, :used] = block.reshape(-1)
        for index, take in enumerate(takes, 1):
            rows[index, :used] = take(position, len(block)).reshape(-1)
        # float64: what is left of a sum may lie 140 dB under what went into it.
        products += rows[:, :used] @ rows[:, :used].T
        position += len(block)
        clock.tick(len(block))
    return Gram(
        float(products[0, 0]),
        products[0, 1:].copy(),
        products[1:, 1:].copy(),
        (end - first) * region.channels,
    )
