"""The stereo picture as a second witness: a Wiener filter on top of the mask.

The network's masks are almost the same left and right: they know when and at which pitch the voice
sounds, not where it stands. This filter learns where. For every frequency the voice and the rest
get a covariance between the channels, gathered with the mask as weight, and each bin is filtered
with the two as a prior: one step of expectation-maximisation of the local Gaussian model (Duong,
Vincent, Gribonval, IEEE Trans. ASLP 18(7), 2010; Nugraha, Liutkus, Vincent, IEEE/ACM TASLP 24(9), 2016).
The mask takes the part of the spectral variances, so that a picture without width gives back exactly
what the mask gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stembridge.engines.offline.convert import FRAMES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FLOOR = 1e-2
"""Part of every covariance that has no direction: the filter never trusts the picture blindly."""
_KEPT = 0.5
"""How much of what was gathered still counts a segment (12 s) later."""


class SpatialFilter:
    """Turns masks into the spectra of the voice.

    Parameters
    ----------
    groups
        Sizes of the groups of channels, 1 or 2 each. A single channel is masked only.
    """

    def __init__(self, groups: Sequence[int]) -> None:
        self._groups = tuple(groups)
        self._gathered: dict[int, NDArray[np.complex64]] = {}

    def apply(self, spectra: NDArray[np.complex64], mask: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Filter the next frames.

        Parameters
        ----------
        spectra, mask
            Shape (frames, channels, bins); the mask between 0 and 1.

        Returns
        -------
        NDArray[np.complex64]
            The voice's spectra, same shape.
        """
        import numpy as np

        voice = np.empty_like(spectra)
        first = 0
        for size in self._groups:
            lane = slice(first, first + size)
            if size == 2:
                share = mask[:, lane].mean(axis=1)
                voice[:, lane] = self._pair(first, spectra[:, lane], share)
            else:
                voice[:, lane] = spectra[:, lane] * mask[:, lane]
            first += size
        return voice

    def _pair(
        self, first: int, spectra: NDArray[np.complex64], share: NDArray[np.float32]
    ) -> NDArray[np.complex64]:
        import numpy as np

        left, right = spectra[:, 0], spectra[:, 1]
        voice_l, voice_r, voice_lr, rest_l, rest_r, rest_lr = self._gather(first, left, right, share)
        # Covariances of what is in this bin: mask times that of the voice, plus the same of the rest.
        other = np.float32(1.0) - share
        mix_l = share * voice_l + other * rest_l
        mix_r = share * voice_r + other * rest_r
        mix_lr = share * voice_lr + other * rest_lr
        size = mix_l * mix_r - (mix_lr.real**2 + mix_lr.imag**2)
        factor = share / np.maximum(size, np.float32(_FLOOR * _FLOOR / 4))
        white_l = (mix_r * left - mix_lr * right) * factor
        white_r = (mix_l * right - mix_lr.conj() * left) * factor
        out = np.empty_like(spectra)
        out[:, 0] = voice_l * white_l + voice_lr * white_r
        out[:, 1] = voice_lr.conj() * white_l + voice_r * white_r
        return out

    def _gather(
        self,
        first: int,
        left: NDArray[np.complex64],
        right: NDArray[np.complex64],
        share: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], ...]:
        """Give both covariances as their three numbers, each scaled to a mean power of 1."""
        import numpy as np

        powers = (np.square(np.abs(left)), np.square(np.abs(right)), left * right.conj())
        sums = [np.einsum("fb,fb->b", share, power) for power in powers]
        sums += [power.sum(axis=0) - voice for power, voice in zip(powers, sums, strict=True)]
        gathered = np.stack(sums).astype(np.complex64)
        before = self._gathered.get(first)
        if before is not None:
            gathered += before * np.float32(_KEPT ** (len(share) / FRAMES))
        self._gathered[first] = gathered
        numbers: list[NDArray[np.float32]] = []
        for of_l, of_r, of_both in (gathered[:3], gathered[3:]):
            mean = np.maximum((of_l.real + of_r.real) / 2, np.float32(1e-30))
            numbers += [
                of_l.real / mean + np.float32(_FLOOR),
                of_r.real / mean + np.float32(_FLOOR),
                of_both / mean,
            ]
        return tuple(numbers)
