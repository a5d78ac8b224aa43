"""The short-time Fourier transform, in a stream.

Frame ``i`` holds the samples ``i * HOP - WINDOW`` up to, not including, ``i * HOP``: the signal has
one window of silence in front, and the last frames reach beyond its end. Both ways the window is the
periodic Hann of 4096 samples, every 1024; four squared windows overlap to 3/2 everywhere, so that
2/3 of the overlap-added inverse is the signal again (Griffin and Lim, IEEE Trans. ASSP 32, 1984).
Blocks may be cut anywhere: the frames, and the samples that come back, are the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WINDOW = 4096
"""Length of a frame in samples."""
HOP = 1024
"""Distance of two frames in samples."""
BINS = WINDOW // 2 + 1
_SCALE = 2.0 / 3.0


def frame_count(samples: int) -> int:
    """Give the number of frames for a signal of ``samples`` samples."""
    return -(-(samples + WINDOW) // HOP)


@cache
def _window() -> NDArray[np.float32]:
    import numpy as np

    phase = 2.0 * np.pi * np.arange(WINDOW) / WINDOW
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


class Analysis:
    """Samples in, frames out.

    Parameters
    ----------
    channels
        Channel count of the blocks.
    """

    def __init__(self, channels: int) -> None:
        import numpy as np

        self._channels = channels
        self._waiting = np.zeros((channels, WINDOW), np.float32)
        self._samples = 0
        self._frames = 0

    def push(self, block: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Take samples, shape (samples, channels); give all frames that are now complete.

        Returns
        -------
        NDArray[np.complex64]
            Shape (frames, channels, `BINS`), unscaled; there may be no frame.
        """
        import numpy as np

        self._samples += len(block)
        signal = np.concatenate([self._waiting, block.T], axis=1)
        return self._take(signal, max(0, (signal.shape[1] - WINDOW) // HOP + 1))

    def finish(self) -> NDArray[np.complex64]:
        """Give the frames that reach beyond the end, so that there are `frame_count` in all."""
        import numpy as np

        left = frame_count(self._samples) - self._frames
        needed = max(0, (left - 1) * HOP + WINDOW - self._waiting.shape[1])
        return self._take(np.pad(self._waiting, ((0, 0), (0, needed))), left)

    def _take(self, signal: NDArray[np.float32], frames: int) -> NDArray[np.complex64]:
        import numpy as np
        from scipy import fft

        if frames < 1:
            self._waiting = signal
            return np.zeros((0, self._channels, BINS), np.complex64)
        views = np.lib.stride_tricks.sliding_window_view(signal, WINDOW, axis=1)[:, : frames * HOP : HOP]
        windowed = views.transpose(1, 0, 2) * _window()
        self._waiting = signal[:, frames * HOP :].copy()
        self._frames += frames
        spectra: NDArray[np.complex64] = fft.rfft(windowed, axis=-1, overwrite_x=True)
        return spectra


class Synthesis:
    """Frames in, samples out: the inverse of `Analysis`.

    Parameters
    ----------
    channels
        Channel count of the frames.
    samples
        Length of the signal; what lies before its start and behind its end is dropped.
    """

    def __init__(self, channels: int, samples: int) -> None:
        import numpy as np

        self._tail = np.zeros((channels, WINDOW - HOP), np.float32)
        self._position = -WINDOW
        self._samples = samples

    def push(self, frames: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Take frames, shape (frames, channels, `BINS`); give the samples that are now complete.

        Returns
        -------
        NDArray[np.float32]
            Shape (samples, channels). After the last of `frame_count` frames the signal is whole.
        """
        import numpy as np
        from scipy import fft

        count, channels, _ = frames.shape
        pieces: NDArray[np.float32] = fft.irfft(frames, n=WINDOW, axis=-1, overwrite_x=True)
        pieces *= _window() * np.float32(_SCALE)
        hops = WINDOW // HOP
        out = np.zeros((channels, count + hops - 1, HOP), np.float32)
        out[:, : hops - 1] = self._tail.reshape(channels, hops - 1, HOP)
        parts = pieces.reshape(count, channels, hops, HOP).transpose(1, 2, 0, 3)
        for hop in range(hops):
            out[:, hop : hop + count] += parts[:, hop]
        flat = out.reshape(channels, -1)
        self._tail = flat[:, count * HOP :].copy()
        first = max(0, -self._position)
        last = max(first, min(count * HOP, self._samples - self._position))
        self._position += count * HOP
        return np.ascontiguousarray(flat[:, first:last].T)
