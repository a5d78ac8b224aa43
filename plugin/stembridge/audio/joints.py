"""Joints: where a region is cut into parts that are separated by themselves and joined again.

A separator hears less at the edge of what it is given. So neighbouring parts overlap, each reaches some
seconds beyond the joint, and one fades into the other in the quietest stretch that lies there: short-time
energy in hops of 10 ms decides, and a stretch in which something is struck is no quiet one (an onset is a
hop with several times the energy of those before it, high frequencies weighted up).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.render import RegionFile
from stembridge.audio.tracks import HopEnergy
from stembridge.model.errors import Cancelled

CONTEXT = 6.0
"""Seconds that a part reaches beyond a joint's middle; two thirds of it where the part would be too long."""
LONGEST_FADE = 2.0
"""Seconds that a cross-fade lasts at most; it is as long as its stretch is quiet."""
WINDOW = 30.0
"""Seconds to either side of an even cut in which the quietest stretch is looked for."""
_HOP = 0.01
_CORE = 3
"""Hops to either side of a joint that decide how quiet it is: the shortest cross-fade."""
_BEFORE = 5
_ONSET = 4.0
"""So many times the mean energy of the hops before it make a hop an onset."""
_AUDIBLE = 1e-7
"""Energy (full scale = 1) below which nothing is an onset."""
_ATTACK = (2, 5)
"""Hops before and behind an onset that belong to it."""
_STRUCK = 40.0
"""Decibels by which an onset makes a stretch worse."""
_ASIDE = 3.0
"""Decibels by which the far end of the window has to be quieter than the even cut."""
_ALIKE = 6.0
"""Decibels by which the fade may grow louder than its core."""
_SILENCE = 1e-10

Energies = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a region: its first frame there, and how many."""

    first: int
    frames: int

    @property
    def end(self) -> int:
        """The first frame behind it."""
        return self.first + self.frames


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a region is cut.

    Attributes
    ----------
    parts
        At least two, in order. Together they cover the region; neighbours overlap.
    fades
        One fewer: where one part fades into the next, inside their overlap and with frames of both to either
        side. Fades don't touch.
    """

    parts: tuple[Piece, ...]
    fades: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Everything in frames: what a part reaches beyond a joint (wanted, least), the longest fade."""

    wanted: int
    least: int
    fade: int

    @classmethod
    def of(cls, rate: int, longest: int) -> _Sizes:
        wanted = min(round(CONTEXT * rate), longest // 8)
        fade = min(round(LONGEST_FADE * rate), wanted // 2)
        return cls(wanted, wanted // 2 + fade // 2, fade)


def count(frames: int, rate: int, longest: int) -> int:
    """Give into how many parts of at most ``longest`` frames a region is cut.

    Parameters
    ----------
    frames, rate
        Of the region.
    longest
        At least half a second.
    """
    if frames <= longest:
        return 1
    spare = 2 * _Sizes.of(rate, longest).wanted
    return math.ceil((frames - spare) / (longest - spare))


def reach(parts: int, rate: int, longest: int) -> int:
    """Give how many frames so many parts of at most ``longest`` frames can hold."""
    spare = 2 * _Sizes.of(rate, longest).wanted
    return longest if parts == 1 else parts * (longest - spare) + spare


def most(frames: int, rate: int, longest: int) -> int:
    """Give how many frames a part of a region may have at most, wherever it is cut."""
    number = count(frames, rate, longest)
    if number == 1:
        return frames
    spare = 2 * _Sizes.of(rate, longest).wanted
    window = int(min(WINDOW * rate, (frames - spare) / number / 4))
    return min(longest, math.ceil((frames - spare) / number) + spare + 2 * window)


def cut(region: RegionFile, longest: int, *, cancelled: Callable[[], bool]) -> Cutting:
    """Cut a region into as few parts as it takes, where it is quiet.

    Only the windows around the even cuts are read. The same samples are cut alike each time.

    Parameters
    ----------
    longest
        Frames that a part may have; at least half a second, fewer than the region has.
    cancelled
        Asked at every block.

    Raises
    ------
    ValueError
        When ``longest`` is no such number.
    Cancelled
        When ``cancelled`` said so.
    """
    if not region.rate // 2 <= longest < region.frames:
        raise ValueError(f"parts of {longest} frames of a region of {region.frames} at {region.rate} Hz")
    sizes = _Sizes.of(region.rate, longest)
    number = count(region.frames, region.rate, longest)
    spacing = (region.frames - 2 * sizes.wanted) / number
    hop = max(1, round(_HOP * region.rate))
    width = int(min(WINDOW * region.rate, spacing / 4)) // hop
    margin = max(_CORE, sizes.fade // 2 // hop)
    evens = [sizes.wanted + round(place * spacing) for place in range(1, number)]
    far = width + margin
    heard = [_listen(region, even - far * hop, 2 * far, hop, cancelled) for even in evens]
    offsets = np.arange(-width, width + 1) * hop
    scores = [_scores(one, margin, width) for one in heard]
    chosen = _choose(scores, [even + offsets for even in evens], region.frames, longest, sizes.least)
    middles, fades = [], []
    for even, place, one in zip(evens, chosen, heard, strict=True):
        early, late = _quiet(one, margin + place, max(1, sizes.fade // 2 // hop))
        middle = even + int(offsets[place])
        middles.append(middle)
        fades.append(Piece(middle - early * hop, (early + late) * hop))
    return Cutting(_parts(middles, region.frames, longest, sizes), tuple(fades))


@dataclass(frozen=True, slots=True)
class _Heard:
    """A window, hop by hop: its level in dB, and whether something is struck there."""

    level: Energies
    struck: NDArray[np.bool_]


def _listen(region: RegionFile, first: int, hops: int, hop: int, cancelled: Callable[[], bool]) -> _Heard:
    energy, bright = HopEnergy(hop), HopEnergy(hop)
    last = np.zeros((1, region.channels), np.float32)
    for block in read_blocks(inspect(region.path), first, hops * hop):
        if cancelled():
            raise Cancelled
        energy.add(block)
        # A first difference: what is struck is bright at first, whatever hums below it.
        bright.add(np.diff(block, axis=0, prepend=last))
        last = block[-1:]
    return _Heard(10 * np.log10(energy.finish() + _SILENCE), _struck(bright.finish()))


def _struck(energies: Energies) -> NDArray[np.bool_]:
    padded = np.concatenate((np.full(_BEFORE, energies[0]), energies))
    before = np.convolve(padded, np.ones(_BEFORE) / _BEFORE, "valid")[: len(energies)]
    onsets = np.flatnonzero(energies > _ONSET * (before + _AUDIBLE))
    struck = np.zeros(len(energies), np.bool_)
    for onset in onsets:
        struck[max(0, onset - _ATTACK[0]) : onset + _ATTACK[1]] = True
    return struck


def _scores(heard: _Heard, margin: int, width: int) -> Energies:
    """Rate every place in a window, in dB; the least is the best."""
    hops = heard.level + _STRUCK * heard.struck
    worst = np.lib.stride_tricks.sliding_window_view(hops, 2 * _CORE).max(axis=1)
    aside = np.abs(np.arange(-width, width + 1)) / max(1, width)
    scores: Energies = worst[margin - _CORE : margin - _CORE + 2 * width + 1] + _ASIDE * aside
    return scores


def _choose(
    scores: list[Energies], places: list[NDArray[np.int64]], frames: int, longest: int, least: int
) -> list[int]:
    """Choose one place a joint, so that the sum of their scores is least and no part becomes too long."""
    total = np.where(places[0] <= longest - least, scores[0], np.inf)
    ways: list[NDArray[np.int64]] = []
    for score, here, before in zip(scores[1:], places[1:], places[:-1], strict=True):
        # The best place of the joint before, from each of its places on: the nearer, the shorter the part.
        nearest = np.searchsorted(before, here - (longest - 2 * least))
        best = np.minimum.accumulate(total[::-1])[::-1]
        at = np.zeros(len(total), np.int64)
        for place in range(len(total) - 1, -1, -1):
            at[place] = place if total[place] == best[place] else at[place + 1]
        known = nearest < len(total)
        nearest = np.minimum(nearest, len(total) - 1)
        ways.append(at[nearest])
        total = np.where(known, score + best[nearest], np.inf)
    total = np.where(places[-1] >= frames - (longest - least), total, np.inf)
    chosen = [int(np.argmin(total))]
    for way in reversed(ways):
        chosen.insert(0, int(way[chosen[0]]))
    return chosen


def _quiet(heard: _Heard, middle: int, half: int) -> tuple[int, int]:
    """Give how many hops before and behind a joint its quiet stretch lasts, at most ``half`` each."""
    core = slice(middle - _CORE, middle + _CORE)
    limit = float(heard.level[core].max()) + _ALIKE
    good = (heard.level <= limit) & ~heard.struck
    good[core] = True

    def run(stretch: NDArray[np.bool_]) -> int:
        ends = np.flatnonzero(~stretch)
        return int(ends[0]) if len(ends) else len(stretch)

    return run(good[middle - half : middle][::-1]), run(good[middle : middle + half])


def _parts(middles: list[int], frames: int, longest: int, sizes: _Sizes) -> tuple[Piece, ...]:
    """Let every part reach beyond its joints as far as is wanted, and as there is room for."""
    edges = [0, *middles, frames]
    parts = []
    for place, (left, right) in enumerate(itertools.pairwise(edges)):
        sides = (place > 0) + (place < len(middles))
        beyond = min(sizes.wanted, (longest - (right - left)) // sides)
        first = left - beyond if place else 0
        end = right + beyond if place < len(middles) else frames
        parts.append(Piece(first, end - first))
    return tuple(parts)
