"""The neutral file that is sent: 44.1 kHz FLAC at a level with headroom, no tags, nothing of the user's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Asked, Progress, Report
from stembridge.model.errors import Cancelled, InputError, LimitError
from stembridge.model.formats import FORMATS, Format
from stembridge.mvsep.plans import Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stembridge.audio.codecs.source import SourceInfo

RATE = 44_100
"""Every model of the service works at this rate; sending more only makes the upload longer."""
NAME = "upload.flac"
MULTICHANNEL = 43
"""The one type that takes more than two channels."""
MOST = 10
"""Largest power of two of the gain: 60 dB."""
MEGABYTE = 1_000_000


def check_channels(channels: int, sep_type: int) -> None:
    """Raise `InputError` ``channels`` when a type can't take so many."""
    most = FORMATS["flac24"].max_channels if sep_type == MULTICHANNEL else 2
    if channels <= most:
        return
    hint = f"Choose --model {MULTICHANNEL}, which takes more channels, or separate a stereo mix."
    if sep_type == MULTICHANNEL:
        hint = "Separate the channels in groups, or use --engine offline."
    raise InputError(
        f"This separation type takes {most} channels at most; the region has {channels}.",
        code="channels",
        hint=hint,
        context={"channels": channels},
    )


def exponent_for(peak: float) -> int:
    """Give the power of two that brings a peak (linear) to between 0.25 and 0.5; 0 for silence.

    ``floor(log2(0.5 / peak))``, exact, and at most `MOST`: what is quieter stays quieter.
    """
    if peak <= 0.0:
        return 0
    return min(MOST, math.frexp(0.5 / peak)[1] - 1)


def prepare(
    region: RegionFile, sep_type: int, plan: Plan, folder: Path, *, progress: Report, cancelled: Asked
) -> tuple[Path, int]:
    """Write the upload into ``folder``/upload.flac: 24 bit, or 16 with dither where 24 is too big.

    Parameters
    ----------
    region
        What is separated: any rate, any level. Mono stays mono.
    plan
        Its size limit decides about the bits.

    Returns
    -------
    tuple
        The file, and the power of two of its gain. The same region gives the same bytes.

    Raises
    ------
    InputError
        ``channels``; ``source_*`` when the region can't be read.
    LimitError
        When it is too big for the plan either way.
    StoreError
        When it can't be written.
    Cancelled
        Nothing stays behind then.
    """
    check_channels(region.channels, sep_type)
    source = _Source(region, progress, cancelled)
    exponent = exponent_for(source.peak())
    target = folder / NAME
    size = 0
    for fmt in (FORMATS["flac24"], FORMATS["flac16"]):
        source.write(target, fmt, exponent)
        size = target.stat().st_size
        if size <= plan.megabytes * MEGABYTE:
            source.finished()
            return target, exponent
    target.unlink()
    raise LimitError(
        f"The region makes {math.ceil(size / MEGABYTE)} MB, and your plan ({plan.name}) allows "
        f"{plan.megabytes} MB.",
        hint="Choose a shorter region, or separate it in parts.",
        context={"bytes": size, "plan": plan.name},
    )


class _Source:
    """The region at the service's rate, read as often as needed."""

    def __init__(self, region: RegionFile, progress: Report, cancelled: Asked) -> None:
        from stembridge.audio.files import inspect
        from stembridge.audio.resample import resampled_length

        self._info: SourceInfo = inspect(region.path)
        if cancelled():
            raise Cancelled
        if (self._info.frames, self._info.rate, self._info.channels) != (
            region.frames, region.rate, region.channels,
        ):  # fmt: skip
            raise InputError(
                "The rendered region changed on the disk.",
                code="source_changed",
                hint="Start the separation again.",
            )
        self._region = region
        self._frames = resampled_length(region.frames, region.rate, RATE)
        self._progress = progress
        self._cancelled = cancelled
        self._done = 0
        self._total = self._frames * (1 if region.rate == RATE else 2)

    def peak(self) -> float:
        """Give the largest absolute sample after resampling, linear."""
        if self._region.rate == RATE:
            return self._region.peak
        import numpy as np

        return max(float(np.max(np.abs(block))) for block in self._blocks())

    def write(self, target: Path, fmt: Format, exponent: int) -> None:
        """Write all of it at ``2**exponent`` times its level."""
        import numpy as np

        from stembridge.audio.writers import StemWriter

        gain = np.float32(2.0**exponent)
        shape = {"rate": RATE, "channels": self._region.channels, "frames": self._frames}
        self._total = max(self._total, self._done + self._frames)
        with StemWriter(target, fmt, **shape) as writer:
            for block in self._blocks():
                writer.write(block * gain)
            writer.commit()

    def finished(self) -> None:
        self._progress(Progress("prepare", self._total, self._total, "frames"))

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        from stembridge.audio.files import read_blocks
        from stembridge.audio.resample import resample_blocks

        region = self._region
        blocks = resample_blocks(
            read_blocks(self._info, 0, region.frames),
            from_rate=region.rate, to_rate=RATE, channels=region.channels, frames_out=self._frames,
        )  # fmt: skip
        for block in blocks:
            if self._cancelled():
                raise Cancelled
            yield block
            self._done += len(block)
            self._progress(Progress("prepare", self._done, self._total, "frames"))


def bits_of(upload: Path) -> int:
    """Give the bits of a prepared file: 24 or 16."""
    import soundfile

    return 16 if soundfile.info(str(upload)).subtype == "PCM_16" else 24
