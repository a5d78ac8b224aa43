"""Audio to try the host with: short, the same every time, nothing in it repeats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.fakes.reaper.items import Item, Take
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.tracks import Track


def wave(seconds: float, rate: int, channels: int = 2, *, seed: int = 1) -> NDArray[np.float32]:
    """Give tones that glide over noise, shape (frames, channels), peak below 0.7."""
    frames = round(seconds * rate)
    random = np.random.default_rng([seed, rate, channels])
    time = np.arange(frames) / rate
    out = np.empty((frames, channels), np.float32)
    for channel in range(channels):
        start, width = 180 + 90 * random.random() * (channel + 1), 300 * random.random()
        tone = np.sin(2 * np.pi * (start * time + width * time**2 / 2) + channel)
        swell = 0.25 + 0.15 * np.sin(2 * np.pi * 2.7 * time + random.random())
        out[:, channel] = tone * swell + random.normal(0, 0.05, frames)
    return out


def write(
    path: Path, seconds: float, rate: int, channels: int = 2, *, seed: int = 1, subtype: str | None = "FLOAT"
) -> Path:
    """Write such audio to a file; the suffix chooses the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".wav":
        subtype = None
    soundfile.write(path, wave(seconds, rate, channels, seed=seed), rate, subtype=subtype)
    return path


def dress(item: Item, **values: float) -> Item:
    """Set values of an item, its active take or (with ``track_`` in front) its track, by REAPER's names."""
    for name, value in values.items():
        if name.startswith("track_"):
            item.track[name.removeprefix("track_")] = value
        elif name in Item.numbers:
            item[name] = value
        else:
            active(item)[name] = value
    return item


def active(item: Item) -> Take:
    """Give the active take of an item that has one."""
    assert item.take is not None
    return item.take


def curve(thing: Take | Track, name: str, *points: tuple[float, ...]) -> None:
    """Draw an envelope: points of (seconds, value) or (seconds, value, shape)."""
    for time, value, *shape in points:
        thing.envelope(name).add(time, value, int(shape[0]) if shape else 0)


def section(item: Item, offset: float, length: float, *, reverse: bool = False) -> None:
    """Put a section (seconds of the file) between the take and its file."""
    take = active(item)
    assert take.source is not None
    take.source = Source.section(take.source, offset, length, reverse=reverse)


def effect(thing: Take | Track, name: str, amount: float = 0.5) -> None:
    """Put one of the stand-in plug-ins (see `effects.py`) on a take or a track."""
    thing.add_fx(name).parameters[0] = amount
