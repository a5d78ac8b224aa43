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

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stembridge.engines.offline.convert import FRAMES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FLOOR = 1e-2
"""Part of every covariance that has no direction: the filter never trusts the picture blindly."""
_PIECE = 64
_KEPT = 0.5
"""How much of what was gathered still counts a segment (12 s) later."""


class SpatialFilter:
    """Turns masks into the spectra of the voice: `learn` a segment, then `apply` it, in pieces or whole.

    Parameters
    ----------
    groups
        Sizes of the groups of channels, 1 or 2 each. A single channel is masked only.
    """

    def __init__(self, groups: Sequence[int]) -> None:
        ends = list(itertools.accumulate(groups))
        self._lanes = [slice(end - size, end) for end, size in zip(ends, groups, strict=True)]
        self._gathered: dict[int, NDArray[np.complex64]] = {}
        self._pictures: dict[int, _Picture] = {}

    def learn(self, spectra: NDArray[np.complex64], mask: NDArray[np.float32]) -> None:
        """Take the covariances of the next segment into account.

        Parameters
        ----------
        spectra, mask
            Shape (frames, channels, bins); the mask between 0 and 1.
        """
        import numpy as np

        kept = np.float32(_KEPT ** (len(spectra) / FRAMES))
        for lane in self._lanes:
            if lane.stop - lane.start == 2:
                found = _covariances(spectra[:, lane], mask[:, lane])
                before = self._gathered.get(lane.start)
                gathered = found if before is None else found + kept * before
                self._gathered[lane.start] = gathered
                self._pictures[lane.start] = _Picture(_scaled(gathered[:3]), _scaled(gathered[3:]))

    def apply(self, spectra: NDArray[np.complex64], mask: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Filter frames of the segment that was learned last.

        Returns
        -------
        NDArray[np.complex64]
            The voice's spectra, of the same shape as ``spectra``.
        """
        import numpy as np

        voice = np.empty_like(spectra)
        for lane in self._lanes:
            if lane.stop - lane.start == 2:
                share = mask[:, lane].mean(axis=1)
                self._pictures[lane.start].filter(spectra[:, lane], share, out=voice[:, lane])
            else:
                np.multiply(spectra[:, lane], mask[:, lane], out=voice[:, lane])
        return voice


@dataclass(frozen=True, slots=True)
class _Covariance:
    """Covariance between two channels in every bin: power left, right, and what both share."""

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    both: NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class _Picture:
    """Where the voice and the rest stand."""

    voice: _Covariance
    rest: _Covariance

    def filter(
        self, spectra: NDArray[np.complex64], share: NDArray[np.float32], out: NDArray[np.complex64]
    ) -> None:
        """Write the voice's spectra: its covariance times the inverse of that of the whole bin."""
        import numpy as np

        left, right = spectra[:, 0], spectra[:, 1]
        other = np.float32(1.0) - share
        whole_l = share * self.voice.left + other * self.rest.left
        whole_r = share * self.voice.right + other * self.rest.right
        whole_b = share * self.voice.both + other * self.rest.both
        determinant = whole_l * whole_r - (np.square(whole_b.real) + np.square(whole_b.imag))
        factor = share / np.maximum(determinant, np.float32(_FLOOR * _FLOOR / 4))
        white_l = (whole_r * left - whole_b * right) * factor
        white_r = (whole_l * right - whole_b.conj() * left) * factor
        out[:, 0] = self.voice.left * white_l + self.voice.both * white_r
        out[:, 1] = self.voice.both.conj() * white_l + self.voice.right * white_r


def _covariances(spectra: NDArray[np.complex64], mask: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Sum the voice's and the rest's powers; shape (6, bins): left, right, both of each."""
    import numpy as np

    sums = np.zeros((6, spectra.shape[2]), np.complex64)
    for first in range(0, len(spectra), _PIECE):
        piece = spectra[first : first + _PIECE]
        share = mask[first : first + _PIECE].mean(axis=1)
        left, right = piece[:, 0], piece[:, 1]
        powers = (np.square(np.abs(left)), np.square(np.abs(right)), left * right.conj())
        for row, power in enumerate(powers):
            voice = np.einsum("fb,fb->b", share, power)
            sums[row] += voice
            sums[row + 3] += power.sum(axis=0) - voice
    return sums


def _scaled(sums: NDArray[np.complex64]) -> _Covariance:
    """Scale a covariance to a mean power of 1, and add the floor."""
    import numpy as np

    left, right, both = sums[0].real, sums[1].real, sums[2]
    mean = np.maximum((left + right) / 2, np.float32(1e-30))
    floor = np.float32(_FLOOR)
    return _Covariance(left / mean + floor, right / mean + floor, both / mean)
