"""Rendering: the selected region of a source becomes a file of its own, at its own rate and level."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.model.errors import Cancelled, InputError, StembridgeError
from stembridge.model.formats import FORMATS
from stembridge.model.regions import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stembridge.audio.files import SourceInfo

REGION_NAME = "region.wav"
"""Name of the rendered file in the job's folder."""


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


def render(
    region: Region,
    folder: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> RegionFile:
    """Copy the region's samples into ``folder``/``region.wav`` and measure them on the way.

    Parameters
    ----------
    region
        Checked against its source before; it is checked again here.
    folder
        Where the file goes; must exist. A file from an earlier attempt is replaced.
    progress
        Called with frames done and frames in all, after every block.
    cancelled
        Asked before every block.

    Raises
    ------
    InputError
        ``source_changed`` when the source has another length, rate or channel count than the region
        was made for; ``source_not_finite`` for NaN or infinity, with the place; ``source_damaged``
        and the other ``source_*`` codes of `stembridge.audio.files.inspect`.
    StoreError
        ``no_space``, ``output_readonly``, ``store``.
    Cancelled
        Nothing stays behind then.
    """
    from stembridge.audio.files import inspect
    from stembridge.audio.writers import StemWriter

    source = Path(region.source)
    info = inspect(source)
    _check_unchanged(region, info.frames, info.rate, info.channels)
    path = folder / REGION_NAME
    meter = _Meter()
    with StemWriter(
        path, FORMATS["wav32f"], rate=region.rate, channels=region.channels, frames=region.frames
    ) as writer:
        if cancelled():
            raise Cancelled
        for block in _blocks(info, region):
            _check_finite(block, region.first_frame - region.before + meter.frames, region)
            meter.add(block)
            writer.write(block)
            progress(meter.frames, region.frames)
            if cancelled():
                raise Cancelled
        writer.commit()
    return RegionFile(path, region.frames, region.rate, region.channels, meter.peak, meter.rms, meter.digest)


def verify(region_file: RegionFile) -> bool:
    """Say whether the file still holds exactly the samples that were rendered.

    Reads all of it, in blocks. A missing, damaged or exchanged file is False, not an error.
    """
    from stembridge.audio.files import inspect, read_blocks

    try:
        info = inspect(region_file.path)
        shape = (info.frames, info.rate, info.channels)
        if shape != (region_file.frames, region_file.rate, region_file.channels):
            return False
        meter = _Meter()
        for block in read_blocks(info, 0, info.frames):
            meter.add(block)
    except StembridgeError:
        return False
    return meter.digest == region_file.sha256


def _blocks(info: SourceInfo, region: Region) -> Iterator[NDArray[np.float32]]:
    """Give the region's blocks, with its silence before and after what is in the file."""
    import numpy as np

    from stembridge.audio.files import read_blocks

    if region.before:
        yield np.zeros((region.before, region.channels), np.float32)
    yield from read_blocks(info, region.first_frame, region.end_frame - region.first_frame)
    if region.after:
        yield np.zeros((region.after, region.channels), np.float32)


class _Meter:
    """Peak, RMS and hash of a stream of blocks."""

    def __init__(self) -> None:
        self.frames = 0
        self.peak = 0.0
        self._samples = 0
        self._squares = 0.0
        self._hash = hashlib.sha256()

    def add(self, block: NDArray[np.float32]) -> None:
        import numpy as np

        self.frames += len(block)
        self._samples += block.size
        self.peak = max(self.peak, float(np.max(np.abs(block), initial=0.0)))
        flat = block.ravel().astype(np.float64)
        self._squares += float(np.einsum("i,i->", flat, flat))
        self._hash.update(np.ascontiguousarray(block, dtype="<f4").data)

    @property
    def rms(self) -> float:
        return float((self._squares / self._samples) ** 0.5) if self._samples else 0.0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _check_unchanged(region: Region, frames: int, rate: int, channels: int) -> None:
    if region.end_frame <= frames and (region.rate, region.channels) == (rate, channels):
        return
    raise InputError(
        "The source file changed after the region was chosen.",
        code="source_changed",
        hint="Choose the region again and start anew.",
        context={
            "source": region.source, "frames": frames, "rate": rate, "channels": channels,
        },
    )  # fmt: skip


def _check_finite(block: NDArray[np.float32], first_frame: int, region: Region) -> None:
    import numpy as np

    good = np.isfinite(block).all(axis=1)
    if good.all():
        return
    frame = first_frame + int(np.argmin(good))
    raise InputError(
        f"The source holds samples that are not numbers (NaN or infinity), the first at frame {frame} "
        f"({frame / region.rate:.3f} s).",
        code="source_not_finite",
        hint="Render the audio again in the program it comes from, or choose a region without that place.",
        context={"source": region.source, "frame": frame},
    )
