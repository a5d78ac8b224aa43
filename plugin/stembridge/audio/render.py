"""Rendering: the selected region of a source becomes a file of its own, at its own rate and level."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RegionFile:
    """A rendered region: float32 WAV, the region's own rate and channels, nothing scaled.

    Attributes
    ----------
    path
        The file.
    frames, rate, channels
        Its exact shape; rate in Hz.
    peak
        Largest absolute sample, linear (1.0 = full scale; may be above).
    rms
        Root mean square over all samples and channels, linear.
    sha256
        Hex digest of the samples as little-endian float32, interleaved: of the samples, because a
        float WAV carries a time stamp.
    """

    path: Path
    frames: int
    rate: int
    channels: int
    peak: float
    rms: float
    sha256: str

    @property
    def silent(self) -> bool:
        """True when every sample is zero."""
        return self.peak == 0.0
