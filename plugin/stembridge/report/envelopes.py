"""What a picture needs to know of a signal, gathered in one pass over its blocks.

A `Trace` keeps, for each column of the picture, the lowest and highest sample, the RMS, and the power
in bands that grow wider with frequency, as the ear's do. Its size doesn't depend on the signal's length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

LOWEST_HZ = 30.0
HIGHEST_HZ = 20_000.0
UNHEARD = 1e-6
"""Windows that stay below this (-120 dBFS) aren't transformed: no picture shows so little."""
_BEND_HZ = 200.0
_WINDOW_SECONDS = 0.07
_MOST_WINDOWS = 4
_BATCH = 32


def band_edges(rate: int) -> tuple[float, float]:
    """Give the frequencies in Hz that a picture spans at a sample rate."""
    highest = min(rate / 2, HIGHEST_HZ)
    return min(LOWEST_HZ, highest / 4), highest


def warp(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map frequencies onto the axis of a picture: logarithmic above 200 Hz, nearly linear below.

    It lies between the mel scale, which leaves the bass no room, and a plain logarithm, which spreads
    a single bin of the transform over many rows there.
    """
    return np.log1p(hertz / _BEND_HZ)


def unwarp(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo `warp`."""
    return _BEND_HZ * np.expm1(place)


class Trace:
    """Envelopes and band powers of one signal.

    Parameters
    ----------
    frames, rate, channels
        Shape of the signal; rate in Hz.
    columns, bands
        Size of what is kept.
    """

    def __init__(self, frames: int, rate: int, channels: int, *, columns: int, bands: int) -> None:
        self.frames, self.rate, self.channels = frames, rate, channels
        self._columns = columns
        used = min(columns, frames)
        self._edges = np.arange(used + 1, dtype=np.int64) * frames // used
        self._low = np.full(used, np.inf, np.float32)
        self._high = np.full(used, -np.inf, np.float32)
        self._squares = np.zeros(used)
        self._position = 0

        self._size = _window_size(frames, rate)
        per_column = int(np.clip(frames // (columns * self._size), 1, _MOST_WINDOWS))
        # Hann windows a quarter of their length apart leave nothing out: closer ones show nothing more.
        places = min(columns, max(1, 4 * frames // self._size))
        count = places * per_column
        # In the stream with half a window of zeros in front, a window starts where its centre lies.
        self._starts = (2 * np.arange(count, dtype=np.int64) + 1) * frames // (2 * count)
        self._next = 0
        self._base = 0
        self._kept = np.zeros((self._size // 2, channels), np.float32)
        self._window = np.hanning(self._size + 1)[:-1].astype(np.float32)
        self._ends = _band_ends(rate, self._size, bands)
        self._power = np.zeros((places, bands), np.float32)
        self._per_column = per_column

    def feed(self, block: NDArray[np.float32]) -> None:
        """Take the next frames, shape (n, channels)."""
        self._envelope(block)
        self._transform(block)

    def finish(self) -> None:
        """Say that the signal ends here."""
        self._transform(np.zeros((self._size, self.channels), np.float32))

    @property
    def low(self) -> NDArray[np.float32]:
        """Lowest sample of each column, linear; shape (columns,)."""
        return self._spread(self._low)

    @property
    def high(self) -> NDArray[np.float32]:
        """Highest sample of each column, linear; shape (columns,)."""
        return self._spread(self._high)

    @property
    def rms(self) -> NDArray[np.float32]:
        """RMS of each column over all channels, linear; shape (columns,)."""
        samples = np.diff(self._edges) * self.channels
        return self._spread(np.sqrt(self._squares / samples).astype(np.float32))

    @property
    def peak(self) -> float:
        """Largest absolute sample, linear."""
        return float(max(-self._low.min(), self._high.max()))

    @property
    def power(self) -> NDArray[np.float32]:
        """Power in each band, 1.0 for a full-scale sine; shape (bands, columns), lowest band first.

        Where there are fewer windows than columns, it goes in a straight line from one to the next.
        """
        places = len(self._power)
        at = np.clip((np.arange(self._columns) + 0.5) * places / self._columns - 0.5, 0, places - 1)
        below = at.astype(np.intp)
        part = (at - below).astype(np.float32)[:, np.newaxis]
        above = np.minimum(below + 1, places - 1)
        power = self._power[below] * (1 - part) + self._power[above] * part
        return np.asarray(power.T / (self._per_column * self.channels), np.float32)

    def _spread(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give fewer samples than columns a few columns each."""
        return values[np.arange(self._columns) * len(values) // self._columns]

    def _envelope(self, block: NDArray[np.float32]) -> None:
        start, end = self._position, self._position + len(block)
        first = int(np.searchsorted(self._edges, start, "right")) - 1
        last = int(np.searchsorted(self._edges, end, "left"))
        cuts = (np.maximum(self._edges[first:last], start) - start) * self.channels
        flat = np.ascontiguousarray(block).reshape(-1)
        here = slice(first, last)
        self._low[here] = np.minimum(self._low[here], np.minimum.reduceat(flat, cuts))
        self._high[here] = np.maximum(self._high[here], np.maximum.reduceat(flat, cuts))
        self._squares[here] += np.add.reduceat(flat * flat, cuts)
        self._position = end

    def _transform(self, block: NDArray[np.float32]) -> None:
        from scipy import fft  # eight times as fast as NumPy's with many short windows

        kept = np.concatenate((self._kept, block))
        reach = self._base + len(kept) - self._size
        ready = int(np.searchsorted(self._starts, reach, "right"))
        for first in range(self._next, ready, _BATCH):
            starts = self._starts[first : min(first + _BATCH, ready)]
            windows = np.stack([kept[at : at + self._size].T for at in (starts - self._base).tolist()])
            if max(float(windows.max()), -float(windows.min())) < UNHEARD:
                continue
            windows *= self._window
            columns = np.arange(first, first + len(starts)) // self._per_column
            np.add.at(self._power, columns, self._bands_of(fft.rfft(windows)))
        self._next = max(self._next, ready)
        end = self._base + len(kept)
        base = min(int(self._starts[ready]), end) if ready < len(self._starts) else end
        self._kept = kept[base - self._base :].copy()
        self._base = base

    def _bands_of(self, spectra: NDArray[np.complexfloating]) -> NDArray[np.float64]:
        """Sum the power of spectra, shape (n, channels, bins), over channels and within each band.

        Differences of running sums, and no matrix product: the threads that one starts wait for each
        other, ten times as long as the sums take, as soon as another program wants a core.
        """
        squares = spectra.real**2 + spectra.imag**2
        running = np.zeros((len(squares), squares.shape[2] + 1))
        for channel in range(self.channels):  # far quicker than sum() over so short an axis
            running[:, 1:] += squares[:, channel]
        np.cumsum(running, axis=1, out=running)
        lower, upper = self._ends
        powers: NDArray[np.float64] = _up_to(running, upper) - _up_to(running, lower)
        return powers * (4.0 / self._size) ** 2


def regroup(
    blocks: Iterable[NDArray[np.float32]], frames: int, channels: int, size: int
) -> Iterator[NDArray[np.float32]]:
    """Cut a stream into blocks of exactly ``size`` frames (the last may be shorter), ``frames`` in all.

    A stream that is too long is cut, one that is too short goes on with zeros: lossy files end where
    their codec likes.
    """
    stream = iter(blocks)
    kept = np.zeros((0, channels), np.float32)
    for start in range(0, frames, size):
        wanted = min(size, frames - start)
        parts, have = [kept], len(kept)
        while have < wanted:
            block = next(stream, None)
            if block is None:
                block = np.zeros((wanted - have, channels), np.float32)
            parts.append(block)
            have += len(block)
        joined = parts[-1] if len(kept) == 0 and len(parts) == 2 else np.concatenate(parts)
        yield joined[:wanted]
        kept = joined[wanted:]


def _window_size(frames: int, rate: int) -> int:
    """Give a power of two near 70 ms, shorter where the whole signal is short."""
    usual = 1 << round(np.log2(max(rate, 1) * _WINDOW_SECONDS)) if rate * _WINDOW_SECONDS > 256 else 256
    short = 1 << max(8, (frames // 16).bit_length() - 1)
    return min(usual, short)


def _band_ends(rate: int, size: int, bands: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give where each band begins and ends, in bins and their fractions; none is narrower than two bins."""
    lowest, highest = (float(edge) for edge in warp(np.array(band_edges(rate))))
    edges = unwarp(np.linspace(lowest, highest, bands + 1, dtype=np.float64)) * (size / rate) + 0.5
    middle, half = (edges[1:] + edges[:-1]) / 2, np.maximum(edges[1:] - edges[:-1], 2.0) / 2
    last = size // 2 + 1
    return np.clip(middle - half, 0, last), np.clip(middle + half, 0, last)


def _up_to(running: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read running sums, shape (n, bins + 1), at fractions of a bin."""
    below = np.minimum(places.astype(np.intp), running.shape[1] - 2)
    part = places - below
    between: NDArray[np.float64] = running[:, below] * (1 - part) + running[:, below + 1] * part
    return between
