"""From the network's two answers to a mask for the whole spectrum, segment by segment."""

from __future__ import annotations

from collections import deque
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
    """Masks by the network, from segments that overlap ``passes`` times.

    The network sees 512 frames at once and knows least at their edges. With two or more passes each
    frame is heard in as many segments and their masks are averaged, the middle of a segment counting
    most.

    Parameters
    ----------
    infer
        The network: (2, 512, 1024) magnitudes to two arrays alike.
    groups
        Sizes of the groups of channels, 1 or 2 each, that go through the network together.
    gains
        For each group, the factor that brings its magnitudes to the network's favourite level.
    passes
        1, 2 or 4.
    exponent
        Of the magnitudes in the mask.
    """

    def __init__(
        self,
        infer: Infer,
        groups: Sequence[int],
        gains: Sequence[float],
        *,
        passes: int = 1,
        exponent: float = 2.0,
    ) -> None:
        import numpy as np

        self._infer = infer
        self._groups = tuple(groups)
        self._gains = tuple(gains)
        self._passes = passes
        self._exponent = exponent
        self.chunk_frames = FRAMES // passes
        middle = 1.0 - np.abs(2.0 * (np.arange(FRAMES) + 0.5) / FRAMES - 1.0)
        shape = np.ones(FRAMES) if passes == 1 else middle
        total = shape.reshape(passes, -1).sum(axis=0)
        self._weights = (shape / np.tile(total, passes)).astype(np.float32)

    def __call__(self, chunks: Iterable[Chunk]) -> Iterator[Masked]:
        """Give each chunk with its mask, shape (frames, channels, bands).

        Every chunk but the last must have ``chunk_frames`` frames, and that one no more.
        """
        import numpy as np

        channels = sum(self._groups)
        size = self.chunk_frames
        heard = np.zeros((channels, FRAMES, BANDS), np.float32)
        total = np.zeros((channels, FRAMES, BANDS), np.float32)
        waiting: deque[Chunk] = deque()

        def advance(chunk: Chunk | None) -> None:
            heard[:, :-size] = heard[:, size:]
            heard[:, -size:] = 0.0
            total[:, :-size] = total[:, size:]
            total[:, -size:] = 0.0
            if chunk is not None:
                waiting.append(chunk)
                frames = len(chunk.spectra)
                magnitudes = np.abs(chunk.spectra[..., :BANDS]).transpose(1, 0, 2)
                heard[:, FRAMES - size : FRAMES - size + frames] = magnitudes
            self._listen(heard, total)

        count = 0
        for chunk in chunks:
            advance(chunk)
            count += 1
            if count >= self._passes:
                yield self._ready(waiting, total)
        while waiting:
            advance(None)
            count += 1
            if count >= self._passes:
                yield self._ready(waiting, total)

    def _ready(self, waiting: deque[Chunk], total: NDArray[np.float32]) -> Masked:
        chunk = waiting.popleft()
        return chunk, total[:, : len(chunk.spectra)].transpose(1, 0, 2).copy()

    def _listen(self, heard: NDArray[np.float32], total: NDArray[np.float32]) -> None:
        import numpy as np

        first = 0
        for size, gain in zip(self._groups, self._gains, strict=True):
            lane = heard[first : first + size]
            if lane.any():
                fed = np.multiply(lane, np.float32(gain))
                pair = fed if size == 2 else np.concatenate([fed, fed])
                voice, rest = self._infer(np.ascontiguousarray(pair))
                mask = ratio_mask(voice, rest, self._exponent)
                if size == 1:
                    mask = mask.mean(axis=0, keepdims=True)
                total[first : first + size] += mask * self._weights[:, None]
            first += size
