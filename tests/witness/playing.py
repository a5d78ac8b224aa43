"""What one take of a project file sounds like, worked out a second time.

Written from the documented rules (see `Take playback` below) and from nothing else: it shares no line with
the stand-in host's own player, whose results it is there to check.

Take playback: item time times the play rate is take time; the offset, or the lines between stretch markers,
make source time of it. Where pitch and speed part, 40 ms grains a step of 20 ms apart read straight on from
their centres and are joined by squared cosines. Between frames stands a sinc (16 lobes to either side, under
a squared cosine; stretched where the source is read faster than it is heard). Only frames that the item
touches are read. A looped item goes round its source, another is silent behind its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.witness.reading import Item, Media, Take, UnreadableProjectError

Wave = NDArray[np.float64]

_STEP = 0.02
_LOBES = 16
_ROWS = 4096


@lru_cache(maxsize=32)
def load(media: Media) -> tuple[Wave, int]:
    """Give all frames of a source, shape (frames, channels), and its rate."""
    if media.inner is not None:
        wave, rate = load(media.inner)
        begin = int(media.start * rate + 0.5)
        if media.length is None:
            cut = wave[begin:]
        else:
            count = int(media.length * rate + 0.5)
            padding = max(begin + count - len(wave), 0)
            cut = np.pad(wave, ((0, padding), (0, 0)))[begin : begin + count]
        return (cut[::-1] if media.backwards else cut), rate
    if media.path is None:
        raise UnreadableProjectError(f"a source of the kind {media.kind} has no file")
    return _file(media.path)


@lru_cache(maxsize=32)
def _file(path: Path) -> tuple[Wave, int]:
    wave, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return wave, int(rate)


@dataclass(frozen=True)
class Warp:
    """Straight lines from take seconds to source seconds."""

    corners: tuple[tuple[float, float], ...]

    def __call__(self, time: Wave) -> Wave:
        """Give source seconds."""
        out = np.empty_like(time)
        first, last = self.corners[0], self.corners[-1]
        out[...] = first[1] + (time - first[0])
        for (a, fa), (b, fb) in zip(self.corners, self.corners[1:], strict=False):
            here = time >= a
            out[here] = fa + (time[here] - a) * (fb - fa) / (b - a)
        behind = time >= last[0]
        out[behind] = last[1] + (time[behind] - last[0])
        return out

    def steepness(self, time: Wave) -> Wave:
        """Give source seconds per take second."""
        out = np.ones_like(time)
        for (a, fa), (b, fb) in zip(self.corners, self.corners[1:], strict=False):
            out[(time >= a) & (time < b)] = (fb - fa) / (b - a)
        return out


def play(item: Item, take: Take, times: Wave, rate: int) -> Wave:
    """Give a take's samples for item times (seconds, ``1 / rate`` apart), shape (times, its channels)."""
    if take.media is None:
        raise UnreadableProjectError("a take without a source")
    wave, source_rate = load(take.media)
    warp = Warp(take.stretch or ((0.0, take.offset),))
    edges = warp(np.array([0.0, item.length * take.rate])) * source_rate
    window = _Window(wave, int(np.floor(edges[0] + 1e-6)), int(np.ceil(edges[1] - 1e-6)), loops=item.loops)
    bend = 2.0 ** (take.pitch / 12)

    def heard(source_time: Wave, speed: Wave) -> Wave:
        return window.between(source_time * source_rate, speed * source_rate / rate)

    straight = (
        (not take.stretch and abs(take.rate - bend) < 1e-12) if take.keeps_pitch else abs(bend - 1) < 1e-12
    )
    if straight:
        raw = heard(warp(times * take.rate), warp.steepness(times * take.rate) * take.rate)
    else:
        left = np.floor(times / _STEP) * _STEP
        share = (times - left) / _STEP
        raw = np.zeros((len(times), wave.shape[1]))
        for centre, weight in ((left, (1 + np.cos(np.pi * share)) / 2), (left + _STEP, None)):
            speed = np.full(len(times), bend)
            if not take.keeps_pitch:
                speed = speed * take.rate * warp.steepness(centre * take.rate)
            grain = heard(warp(centre * take.rate) + (times - centre) * speed, speed)
            raw += (weight if weight is not None else (1 - np.cos(np.pi * share)) / 2)[:, None] * grain
    return channels(raw, take.channel_mode)


class _Window:
    """The frames from ``first`` to before ``last`` of an endless or finite wave; around them is silence."""

    def __init__(self, wave: Wave, first: int, last: int, *, loops: bool) -> None:
        numbers = np.arange(first, max(last, first))
        if loops and len(wave):
            self.frames = wave[numbers % len(wave)]
        else:
            self.frames = np.zeros((len(numbers), wave.shape[1]))
            real = (numbers >= 0) & (numbers < len(wave))
            self.frames[real] = wave[numbers[real]]
        self.first = first

    def between(self, places: Wave, steps: Wave) -> Wave:
        """Give the wave at places between frames; ``steps`` frames pass per sample."""
        places = places - self.first
        whole = np.rint(places)
        if np.all(np.abs(steps) <= 1.0) and np.all(np.abs(places - whole) < 1e-7):
            return self._taken(whole.astype(np.int64))
        narrow = 1.0 / np.maximum(1.0, np.abs(steps))
        half = int(np.ceil(_LOBES / narrow.min())) + 1
        taps = np.arange(-half, half + 1)
        out = np.empty((len(places), self.frames.shape[1]))
        for begin in range(0, len(places), _ROWS):
            rows = slice(begin, begin + _ROWS)
            near = np.floor(places[rows]).astype(np.int64)[:, None] + taps
            phase = (near - places[rows, None]) * narrow[rows, None]
            kernel = np.where(
                np.abs(phase) < _LOBES, np.sinc(phase) * (1 + np.cos(np.pi * phase / _LOBES)) / 2, 0.0
            )
            kernel /= kernel.sum(axis=1, keepdims=True)
            out[rows] = np.einsum("rt,rtc->rc", kernel, self._taken(near))
        return out

    def _taken(self, numbers: NDArray[np.int64]) -> Wave:
        inside = (numbers >= 0) & (numbers < len(self.frames))
        if not len(self.frames):
            return np.zeros((*numbers.shape, self.frames.shape[1]))
        return np.asarray(self.frames[np.where(inside, numbers, 0)] * inside[..., None])


def channels(raw: Wave, mode: int) -> Wave:
    """Apply REAPER's channel mode of a take (I_CHANMODE)."""
    if mode == 0:
        return raw
    if mode == 1:
        return raw[:, [1, 0, *range(2, raw.shape[1])]] if raw.shape[1] > 1 else raw
    if mode == 2:
        return np.asarray((raw[:, :1] + raw[:, 1:2]) / 2) if raw.shape[1] > 1 else raw
    if mode < 67:
        wanted = mode - 3
        return raw[:, wanted : wanted + 1] if wanted < raw.shape[1] else np.zeros((len(raw), 1))
    return raw[:, mode - 67 : mode - 65]
