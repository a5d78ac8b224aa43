"""The stand-in host's audio accessors, with the traps of the real ones.

A take's accessor counts from the item's start, a track's from the project's. What is read is the take as it
is played (rate, pitch, stretch markers, sections, channel mode), without the volume, pan, envelopes and
fades; whether take effects are in it is disputed, so that it is a switch here. A read of nothing but silence
returns 0 and leaves the buffer as it was; behind the item's end lies whatever was in memory.
"""

from __future__ import annotations

import numpy as np

from tests.fakes.reaper.effects import Rack
from tests.fakes.reaper.items import Take
from tests.fakes.reaper.mixing import TrackPlayer, spread
from tests.fakes.reaper.sound import Reader, Samples
from tests.fakes.reaper.tracks import Track

SILENCE, AUDIO, FAILED = 0, 1, -1


def end(target: Take | Track) -> float:
    """Give the end of what can be read: the item's length at any play rate, or the end of the last item."""
    if isinstance(target, Take):
        return target.item.length
    return max((item.end for item in target.items), default=0.0)


def read(
    target: Take | Track, rate: int, channels: int, start: float, count: int, *, take_fx: bool = True
) -> tuple[int, Samples | None]:
    """Read ``count`` frames from ``start`` seconds on, at any rate.

    Returns
    -------
    tuple
        1 and interleaved samples, shape (count * channels,); 0 and None for silence, -1 and None where
        nothing can be read. None: the buffer keeps what it held.
    """
    if rate < 1 or channels < 1 or count < 1:
        return FAILED, None
    times = start + np.arange(count) / rate
    if isinstance(target, Take):
        sound = _take(target, times, rate, channels, take_fx=take_fx)
    else:
        sound = spread(TrackPlayer(target, rate).items(start, 0, count), channels)
    if not np.any(sound):
        return SILENCE, None
    behind = times >= end(target)
    garbage = np.random.default_rng(count).uniform(-1, 1, (count, channels))
    sound[behind] = garbage[behind]
    return AUDIO, sound.reshape(-1)


def _take(take: Take, times: Samples, rate: int, channels: int, *, take_fx: bool) -> Samples:
    sound = np.zeros((len(times), channels))
    if take.source is None or take.midi or take.source.offline:
        return sound
    reader = Reader(take.item, take)
    inside = (times >= -0.5 / rate) & (times < take.item.length)
    if not inside.any():
        return sound
    if take_fx and any(fx.sounds for fx in take.fx):
        # Effects remember, so that they have to hear the item from its start.
        lead = round(max(times[inside][0], 0.0) * rate)
        before = times[inside][0] - np.arange(lead, 0, -1) / rate
        heard = reader.at(np.concatenate((before, times[inside])), rate)
        sound[inside] = Rack(take.fx, rate, channels).run(spread(heard, channels))[lead:]
    else:
        sound[inside] = spread(reader.at(times[inside], rate), channels)
    return sound
