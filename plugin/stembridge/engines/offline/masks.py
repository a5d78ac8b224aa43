"""From the network's two answers to a mask for the whole spectrum, segment by segment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stembridge.engines.offline.convert import BANDS, FRAMES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FLOOR = 1e-10


@dataclass(slots=True)
class Chunk:
    """A stretch of the region on its way through the engine.

    Attributes
    ----------
    spectra
        Shape (frames, channels, bins): the separated channels, in the order of the layout's groups.
    audio
        Shape (samples, all channels of the file): what was read since the chunk before.
    """

    spectra: NDArray[np.complex64]
    audio: NDArray[np.float32]


Infer = Callable[["NDArray[np.float32]"], tuple["NDArray[np.float32]", "NDArray[np.float32]"]]
Masked = tuple[Chunk, "NDArray[np.float32]"]


def ratio_mask(voice: NDArray[np.float32], rest: NDArray[np.float32], exponent: float) -> NDArray[np.float32]:
    """Give the voice's share, 0 to 1: ``voice^p / (voice^p + rest^p)``, one half where both are 0."""
    import numpy as np

    if exponent == 2.0:
        voice, rest = np.square(voice), np.square(rest)
    elif exponent != 1.0:
        voice, rest = np.power(voice, exponent), np.power(rest, exponent)
    share: NDArray[np.float32] = (voice + np.float32(_FLOOR / 2)) / (voice + rest + np.float32(_FLOOR))
    return share


def extended(mask: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Continue a mask above the network's band with each frame's mean."""
    import numpy as np

    mean = mask.mean(axis=-1, keepdims=True)
    above = np.broadcast_to(mean, (*mask.shape[:-1], bins - mask.shape[-1]))
    return np.concatenate([mask, above], axis=-1)


class NetworkMasks:
    """Masks by the network, one segment of `FRAMES` frames (11.9 s) after the other.

    Segments that overlap were tried: averaging two or four changes the result by -0.2 to +0.2 dB.

    Parameters
    ----------
    infer
        The network: magnitudes of shape (2, `FRAMES`, `BANDS`) to those of voice and rest.
    groups
        Sizes of the groups of channels, 1 or 2 each, that go through the network together.
    gains
        For each group, the factor that brings its magnitudes to the level that the network wants.
    exponent
        Of the magnitudes in the mask.
    """

    chunk_frames = FRAMES

    def __init__(
        self, infer: Infer, groups: Sequence[int], gains: Sequence[float], *, exponent: float
    ) -> None:
        self._infer = infer
        self._groups = tuple(groups)
        self._gains = tuple(gains)
        self._exponent = exponent

    def __call__(self, chunks: Iterable[Chunk]) -> Iterator[Masked]:
        """Give each chunk (of ``chunk_frames`` frames at most) with its mask (frames, channels, bands)."""
        import numpy as np

        for chunk in chunks:
            magnitudes = np.abs(chunk.spectra[..., :BANDS]).transpose(1, 0, 2)
            first = 0
            masks: list[NDArray[np.float32]] = []
            for size, gain in zip(self._groups, self._gains, strict=True):
                masks.append(self._mask(magnitudes[first : first + size], gain))
                first += size
            yield chunk, np.concatenate(masks).transpose(1, 0, 2)

    def _mask(self, magnitudes: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
        """Give the mask of one group: shape (channels, frames, bands), like its magnitudes."""
        import numpy as np

        channels, frames, _ = magnitudes.shape
        if not magnitudes.any():
            return np.zeros_like(magnitudes)
        segment = np.zeros((2, FRAMES, BANDS), np.float32)
        np.multiply(magnitudes, np.float32(gain), out=segment[:channels, :frames])
        if channels == 1:
            segment[1] = segment[0]
        voice, rest = self._infer(segment)
        mask = ratio_mask(voice[:, :frames], rest[:, :frames], self._exponent)
        return mask if channels == 2 else mask.mean(axis=0, keepdims=True)
