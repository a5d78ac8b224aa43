"""Spectrograms, in tiles: levels in bands that are spaced as the ear hears pitch.

Hann windows (`WINDOW` samples at 44.1 and 48 kHz, proportionately more above) every `HOP`; column c is
centred on frame c x hop. Powers are meant over the channels; each of the `ROWS` bands is a triangle on the
mel scale (2595 lg(1 + f / 700)) whose weights are greatest at its middle; where a triangle is narrower than
a bin, the two bins around its middle are taken. A sine of full scale in a middle of a band gives 0 dB there.
"""

from __future__ import annotations

import functools
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

from stembridge.audio.nulltest import Feed
from stembridge.jobs import disk
from stembridge.model.errors import StembridgeError, UsageError
from stembridge.panel.desk import Desk
from stembridge.panel.tracks import Track

MAGIC, VERSION = b"SBSP", 1
ROWS, COLUMNS = 128, 512
WINDOW, HOP = 4096, 2048
LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0
FLOOR_DB = -90.0
_BATCH = 32

Values = NDArray[np.float64]


def stretch(rate: int) -> int:
    """Give by what window and hop are longer at a rate: 1 up to 48 kHz, 2 up to 96 kHz, and so on."""
    return max(1, 1 << max(0, (rate - 1) // 48_000).bit_length())


def columns(track: Track) -> int:
    """Give how many columns a track has."""
    return -(-track.frames // (HOP * stretch(track.rate)))


def middles(rate: int) -> Values:
    """Give the bands' middles in Hz, lowest first, with one more at either end, shape (`ROWS` + 2,)."""
    ends = _mel(np.array([LOWEST_HZ, min(HIGHEST_HZ, 0.475 * rate)]))
    spaced = np.linspace(ends[0], ends[1], ROWS + 2)
    found: Values = 700.0 * (10.0 ** (spaced / 2595.0) - 1.0)
    return found


@functools.lru_cache(maxsize=8)
def weights(rate: int) -> NDArray[np.float32]:
    """Give what each bin counts in each band, shape (bins, `ROWS`)."""
    size = WINDOW * stretch(rate)
    hertz = np.arange(size // 2 + 1) * rate / size
    places, at = _mel(hertz), _mel(middles(rate))
    found = np.zeros((len(hertz), ROWS))
    for row in range(ROWS):
        low, middle, high = at[row : row + 3]
        rising, falling = (places - low) / (middle - low), (high - places) / (high - middle)
        triangle = np.clip(np.minimum(rising, falling), 0.0, None)
        if triangle.sum() < 1.0:
            exact = middles(rate)[row + 1] * size / rate
            triangle[:] = 0.0
            triangle[int(exact)], triangle[int(exact) + 1] = 1.0 - exact % 1.0, exact % 1.0
        found[:, row] = triangle
    return found.astype(np.float32)


def tile(track: Track, number: int) -> NDArray[np.uint8]:
    """Work out the columns of a tile, shape (columns, `ROWS`): 0 is `FLOOR_DB` or less, 255 is 0 dBFS."""
    from scipy import fft

    size, hop = WINDOW * stretch(track.rate), HOP * stretch(track.rate)
    first = number * COLUMNS
    count = min(COLUMNS, columns(track) - first)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    scale = np.float32(2.0 / window.sum())
    begins = first * hop - size // 2
    ends = (first + count - 1) * hop + size // 2
    before, inside = max(0, -begins), max(0, begins)
    feed = Feed(track.blocks(inside, min(ends, track.frames) - inside))
    found = np.empty((count, ROWS), np.uint8)
    held = np.zeros((before, track.channels), np.float32)
    try:
        for start in range(0, count, _BATCH):
            more = min(_BATCH, count - start)
            wanted = (more - 1) * hop + size
            fresh = feed.take(wanted - len(held))
            piece = np.zeros((wanted, track.channels), np.float32)
            piece[: len(held)] = held
            piece[len(held) : len(held) + len(fresh)] = fresh
            windows = np.stack([piece[at * hop : at * hop + size].T for at in range(more)]) * window
            power = (np.abs(fft.rfft(windows)) * scale) ** 2
            bands = power.mean(axis=1) @ weights(track.rate)
            found[start : start + more] = _levels(bands)
            held = piece[more * hop :]
    finally:
        feed.close()
    return found


def _levels(bands: NDArray[np.float32]) -> NDArray[np.uint8]:
    decibels = 10.0 * np.log10(np.maximum(np.nan_to_num(bands.astype(np.float64)), 1e-12))
    found: NDArray[np.uint8] = np.clip(np.rint((decibels - FLOOR_DB) * (255.0 / -FLOOR_DB)), 0, 255).astype(
        np.uint8
    )
    return found


def _mel(hertz: Values) -> Values:
    found: Values = 2595.0 * np.log10(1.0 + hertz / 700.0)
    return found


def answer(desk: Desk, owner: str, track: Track, number: int) -> Response:
    """Answer with a tile; it is worked out once, and kept.

    Raises
    ------
    UsageError
        When the track has no such tile.
    """
    total = columns(track)
    if number * COLUMNS >= total:
        raise UsageError(f"The track has {-(-total // COLUMNS)} tiles.", hint="Ask for one of them, from 0.")
    path = desk.folder / "cache" / owner / f"{track.mark}-{number}.tile"
    count = min(COLUMNS, total - number * COLUMNS)
    data = _kept(path, count * ROWS)
    if data is None:
        data = tile(track, number).tobytes()
        try:
            disk.make_folder(path.parent)
            disk.write_bytes(path, data, shared=True)
        except StembridgeError:
            pass  # a full disk costs the memory of it
    head = struct.pack(
        "<4sIIIIII", MAGIC, VERSION, HOP * stretch(track.rate), ROWS, number * COLUMNS, count, total
    )
    return Response(head + data, media_type="application/octet-stream")


def _kept(path: Path, length: int) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if len(data) == length else None
