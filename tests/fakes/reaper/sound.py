"""What a take sounds like in the stand-in host, before the item's volume, fades and envelopes.

Rules where Cockos' texts leave them open (REAPER's own sound differs in the last decibels; what matters is
that one rule holds for originals and stems):

- Only the frames of the item are read, those of ``[floor(first), ceil(last))``; around them is silence.
- Between frames: a sinc under a squared cosine, 16 lobes to either side, lower for a faster reading.
- Where pitch and speed differ: grains of 40 ms, a new one every 20 ms from the item's start, each reading
  straight on from its own centre, faded over with squared cosines.
- Stretch markers join take time (item time times the play rate) and source time with straight lines, which
  go on with slope 1 outside.
"""

from __future__ import annotations

import math

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.fakes.reaper.items import Item, Take
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.strict import Refused

Samples = NDArray[np.float64]

LOBES = 16
GRAIN = 0.02
_NEARLY = 1e-6
_EXACT = 1e-7
_PIECE = 8192


def frames_of(source: Source) -> int:
    """Give the frames that a source plays: a section's own, not the file's."""
    if source.type == "SECTION":
        return round(source.section_length * source.rate)
    return source.frames


def fetch(source: Source, first: int, count: int, *, loop: bool = False) -> Samples:
    """Read frames of a source, shape (count, channels): silence outside it, or round and round."""
    out = np.zeros((count, max(source.channels, 1)))
    total = frames_of(source)
    if total <= 0 or count <= 0 or source.offline:
        return out
    at = first
    while at < first + count:
        begin = at % total if loop else at
        if begin < 0 or begin >= total:
            step = min(-begin, first + count - at) if begin < 0 else first + count - at
        else:
            step = min(total - begin, first + count - at)
            out[at - first : at - first + step] = _straight(source, begin, step)
        at += step
    return out


def _straight(source: Source, first: int, count: int) -> Samples:
    if source.parent is not None:
        offset = round(source.offset * source.rate)
        if source.reverse:
            return fetch(source.parent, offset + frames_of(source) - first - count, count)[::-1]
        return fetch(source.parent, offset + first, count)
    out = np.zeros((count, source.channels))
    with soundfile.SoundFile(str(source.path)) as file:
        file.seek(min(first, file.frames))
        read = file.read(count, dtype="float64", always_2d=True)
    out[: len(read)] = read
    return out


class Line:
    """The way from take time to source time, both in seconds."""

    def __init__(self, take: Take) -> None:
        markers = [(marker.position, marker.source) for marker in take.stretch_markers]
        if any(marker.slope for marker in take.stretch_markers):
            raise Refused("the stand-in doesn't bend the way between two stretch markers")
        self.bent = bool(markers)
        self.points = markers or [(0.0, take.number("D_STARTOFFS"))]

    def source(self, time: Samples) -> Samples:
        """Give the source time for take times."""
        here, there = (np.array(column) for column in zip(*self.points, strict=True))
        inside = np.interp(time, here, there)
        return np.asarray(inside + np.minimum(time - here[0], 0) + np.maximum(time - here[-1], 0))

    def slope(self, time: Samples) -> Samples:
        """Give source seconds per take second at take times."""
        here, there = (np.array(column) for column in zip(*self.points, strict=True))
        slopes = np.concatenate(([1.0], np.diff(there) / np.maximum(np.diff(here), 1e-12), [1.0]))
        return np.asarray(slopes[np.searchsorted(here, time, side="right")])


class Reader:
    """Plays one take of an item: samples for any times of the item."""

    def __init__(self, item: Item, take: Take) -> None:
        if take.source is None or take.midi:
            raise Refused("only audio can be read")
        self.source = take.source
        self.mode = int(take.number("I_CHANMODE"))
        self.loop = bool(item.number("B_LOOPSRC"))
        self.line = Line(take)
        self.speed = take.number("D_PLAYRATE")
        self.shift = 2.0 ** (take.number("D_PITCH") / 12)
        self.keeps_pitch = bool(take.number("B_PPITCH"))
        ends = self.line.source(np.array([0.0, item.length * self.speed])) * max(self.source.rate, 1)
        self.window = (math.floor(ends[0] + _NEARLY), math.ceil(ends[1] - _NEARLY))

    @property
    def channels(self) -> int:
        """How many channels it gives."""
        return 1 if self._lone() is not None else min(self.source.channels, 2 if self.mode >= 67 else 1024)

    def at(self, times: Samples, rate: int) -> Samples:
        """Give samples, shape (times, channels), for item times in seconds that lie ``1 / rate`` apart."""
        if not self.source.rate or not len(times):
            return np.zeros((len(times), self.channels))
        if self._plain():
            ratio = self.line.slope(times * self.speed) * self.speed
            sound = self._read(self.line.source(times * self.speed), ratio, rate)
        else:
            number = np.floor(times / GRAIN)
            along = times / GRAIN - number
            sound = np.zeros((len(times), self.source.channels))
            for grain, gain in (
                (number, np.cos(np.pi * along / 2) ** 2),
                (number + 1, np.sin(np.pi * along / 2) ** 2),
            ):
                centre = grain * GRAIN * self.speed
                inner = np.full(len(times), self.shift)
                if not self.keeps_pitch:
                    inner *= self.speed * self.line.slope(centre)
                place = self.line.source(centre) + (times - grain * GRAIN) * inner
                sound += gain[:, None] * self._read(place, inner, rate)
        return self._mapped(sound)

    def _plain(self) -> bool:
        """Tell whether speed and pitch go together, so that nothing has to be cut into grains."""
        if self.keeps_pitch:
            return bool(not self.line.bent and abs(self.speed - self.shift) < 1e-12)
        return bool(abs(self.shift - 1.0) < 1e-12)

    def _read(self, seconds: Samples, ratio: Samples, rate: int) -> Samples:
        """Read between frames, at source times, ``ratio`` source seconds per second heard."""
        places = seconds * self.source.rate
        steps = ratio * self.source.rate / rate
        out = np.empty((len(places), self.source.channels))
        for begin in range(0, len(places), _PIECE):
            piece = slice(begin, begin + _PIECE)
            out[piece] = self._between(places[piece], steps[piece])
        return out

    def _between(self, places: Samples, steps: Samples) -> Samples:
        cut = np.minimum(1.0, 1.0 / np.maximum(np.abs(steps), 1e-9))
        reach = math.ceil(LOBES / cut.min()) + 1
        low, high = math.floor(places.min()) - reach, math.ceil(places.max()) + reach + 1
        frames = self._windowed(low, high)
        nearest = np.round(places)
        if cut.min() == 1.0 and np.abs(places - nearest).max() < _EXACT:
            return np.asarray(frames[nearest.astype(np.int64) - low])
        base = np.floor(places).astype(np.int64)
        total = np.zeros((len(places), frames.shape[1]))
        weights = np.zeros(len(places))
        for tap in range(1 - reach, reach + 1):
            distance = (base + tap - places) * cut
            weight = np.sinc(distance) * np.cos(np.pi * distance / (2 * LOBES)) ** 2
            weight[np.abs(distance) >= LOBES] = 0.0
            total += weight[:, None] * frames[base + tap - low]
            weights += weight
        return np.asarray(total / weights[:, None])

    def _windowed(self, low: int, high: int) -> Samples:
        frames = np.zeros((high - low, self.source.channels))
        first, last = max(low, self.window[0]), min(high, self.window[1])
        if first < last:
            frames[first - low : last - low] = fetch(self.source, first, last - first, loop=self.loop)
        return frames

    def _lone(self) -> int | None:
        """Give the one channel that the channel mode leaves: its number, or -1 for the mean of two."""
        if self.mode in {0, 1} or self.mode >= 67:
            return None
        return {2: -1, 3: 0, 4: 1}.get(self.mode, self.mode - 3)

    def _mapped(self, sound: Samples) -> Samples:
        """Apply the channel mode: 1 swaps, 2 mixes down, 3 left, 4 right, 5... one channel, 67... a pair."""
        lone = self._lone()
        if lone == -1:
            return np.asarray(sound[:, :2].mean(axis=1, keepdims=True))
        if lone is not None:
            return sound[:, lone : lone + 1] if lone < sound.shape[1] else np.zeros((len(sound), 1))
        if self.mode == 1:
            return np.concatenate((sound[:, 1::-1], sound[:, 2:]), axis=1) if sound.shape[1] > 1 else sound
        if self.mode >= 67:
            return sound[:, self.mode - 67 : self.mode - 65]
        return sound
