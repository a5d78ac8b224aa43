"""REPET-SIM: a separation that needs no model, only that the accompaniment repeats.

Z. Rafii and B. Pardo, "Music/voice separation using the similarity matrix", ISMIR 2012. For every
frame the most similar ones are looked up; what the median of them has is taken for accompaniment,
and what only this frame has for the voice. Here a frame looks about for its likes in a stretch of
some 70 seconds, so that memory stays the same for any length.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stembridge.engines.offline.masks import Chunk, Masked
from stembridge.engines.offline.stft import WINDOW
from stembridge.model.errors import Cancelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIKES = 20
"""Similar frames that are looked up."""
_APART = 20
"""Frames between two of them at least (0.46 s): else a held note would be its own accompaniment."""
_CHUNKS = 3
"""Chunks that are searched."""
_BATCH = 8
_LOWEST = 100.0
"""In Hz; no voice below it."""


@dataclass(slots=True)
class _Heard:
    chunk: Chunk
    magnitudes: NDArray[np.float32]
    features: NDArray[np.float32]


class RepetMasks:
    """Masks of the voice by repetition.

    Parameters
    ----------
    groups
        Sizes of the groups of channels, 1 or 2 each.
    rate
        Sample rate in Hz.
    centre
        Also demand that the voice sits between the two channels of a pair.
    """

    def __init__(self, groups: Sequence[int], rate: int, *, centre: bool) -> None:
        self._groups = tuple(groups)
        self._lowest_bin = int(_LOWEST * WINDOW / rate) + 1
        self._centre = centre
        self._stop = threading.Event()
        self.chunk_frames = max(256, 1024 // len(self._groups))

    def interrupt(self) -> None:
        """Make the computation end soon. May be called from another thread."""
        self._stop.set()

    def __call__(self, chunks: Iterable[Chunk]) -> Iterator[Masked]:
        """Give each chunk with its mask, shape (frames, channels, bins)."""
        window: list[_Heard] = []
        answered = 0
        for chunk in chunks:
            if len(window) == _CHUNKS:
                window.pop(0)
                answered -= 1
            window.append(_listen(chunk))
            if len(window) == _CHUNKS:
                while answered < _CHUNKS - 1:
                    yield window[answered].chunk, self._mask(window, answered)
                    answered += 1
        while answered < len(window):
            yield window[answered].chunk, self._mask(window, answered)
            answered += 1

    def _mask(self, window: Sequence[_Heard], which: int) -> NDArray[np.float32]:
        import numpy as np

        heard = window[which]
        magnitudes = np.concatenate([other.magnitudes for other in window])
        likes = self._likes(window, heard)
        repeating = np.empty_like(heard.magnitudes)
        middle = likes.shape[1] // 2
        for first in range(0, len(likes), _BATCH):
            if self._stop.is_set():
                raise Cancelled
            picked = magnitudes[likes[first : first + _BATCH]]
            picked.partition(middle, axis=1)
            repeating[first : first + _BATCH] = picked[:, middle]
        own = heard.magnitudes
        mask: NDArray[np.float32] = np.subtract(
            np.float32(1.0), np.minimum(repeating, own) / np.maximum(own, np.float32(1e-20))
        )
        mask[..., : self._lowest_bin] = 0.0
        if self._centre:
            self._keep_centre(mask, heard.chunk.spectra)
        return mask

    def _likes(self, window: Sequence[_Heard], heard: _Heard) -> NDArray[np.intp]:
        """Find the frames most similar to each of ``heard``; shape (frames, likes)."""
        import numpy as np

        similarity = np.concatenate([heard.features @ other.features.T for other in window], axis=1)
        rows = np.arange(len(similarity))
        total = similarity.shape[1]
        # In a short region they have to lie closer together, to be found at all.
        apart = max(0, min(_APART, (total // _LIKES - 1) // 2))
        near = np.arange(-apart, apart + 1)
        picks: list[NDArray[np.intp]] = []
        count = min(_LIKES, max(1, total // (2 * apart + 1)))
        for _ in range(count):
            if self._stop.is_set():
                raise Cancelled
            best = similarity.argmax(axis=1)
            picks.append(best)
            similarity[rows[:, None], np.clip(best[:, None] + near, 0, total - 1)] = -1.0
        return np.stack(picks, axis=1)

    def _keep_centre(self, mask: NDArray[np.float32], spectra: NDArray[np.complex64]) -> None:
        """Weigh with 2 Re(L R*) / (|L|^2 + |R|^2): 1 in the middle, 0 at a side or out of phase."""
        import numpy as np

        first = 0
        for size in self._groups:
            if size == 2:
                left, right = spectra[:, first], spectra[:, first + 1]
                common = 2.0 * (left * right.conj()).real
                power = np.square(np.abs(left)) + np.square(np.abs(right))
                mask[:, first : first + 2] *= np.clip(common / np.maximum(power, 1e-30), 0.0, 1.0)[:, None]
            first += size


def _listen(chunk: Chunk) -> _Heard:
    import numpy as np

    magnitudes = np.abs(chunk.spectra)
    features = magnitudes.mean(axis=1)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-20)
    return _Heard(chunk, magnitudes, features)
