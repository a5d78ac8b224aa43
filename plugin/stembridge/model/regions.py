"""Regions: which frames of which source are separated.

Inside the core everything is counted in frames. Seconds typed by a person are read as exact
decimals and become frames here, and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from stembridge.model.errors import InputError, UsageError

_CLOCK = re.compile(r"(?:(?P<hours>\d{1,9}):)?(?P<minutes>\d{1,9}):(?P<seconds>\d{1,9}(?:[.,]\d*)?)")
_PLAIN = re.compile(r"\d{1,12}(?:[.,]\d*)?|[.,]\d+")


@dataclass(frozen=True, slots=True)
class Region:
    """A span of a source file.

    Attributes
    ----------
    source
        Absolute path of the file, as text.
    first_frame
        First frame, counted from the start of the file, at ``rate``.
    frames
        Length in frames, at least 1, the silence before and after counted.
    rate
        Sample rate of the source in Hz.
    channels
        Channel count of the source.
    before, after
        Frames of silence that the region begins and ends with: there the host's decoder reads more from
        a compressed file than ours.
    """

    source: str
    first_frame: int
    frames: int
    rate: int
    channels: int
    before: int = 0
    after: int = 0

    @property
    def end_frame(self) -> int:
        """First frame of the file behind the region."""
        return self.first_frame + self.frames - self.before - self.after

    @property
    def seconds(self) -> float:
        """Duration in seconds, for display only."""
        return self.frames / self.rate


def parse_seconds(text: str) -> Fraction:
    """Read a time as a person types it: ``83.5``, ``1:23.5`` or ``0:01:23.500``.

    Returns
    -------
    Fraction
        Seconds, exact and not negative. A decimal comma is read as a point.

    Raises
    ------
    UsageError
        When the text is no such time.
    """
    cleaned = text.strip()
    clock = _CLOCK.fullmatch(cleaned)
    try:
        if clock:
            hours = int(clock["hours"] or 0)
            minutes = int(clock["minutes"])
            seconds = Decimal(clock["seconds"].replace(",", "."))
            in_range = seconds < 60 and (clock["hours"] is None or minutes < 60)
            if in_range:
                return Fraction(seconds) + 60 * minutes + 3600 * hours
        elif _PLAIN.fullmatch(cleaned):
            return Fraction(Decimal(cleaned.replace(",", ".")))
    except InvalidOperation:
        pass
    raise UsageError(
        f"'{text}' is not a time.",
        hint="Write seconds (83.5) or hours, minutes and seconds (0:01:23.500).",
    )


def frames_from_seconds(seconds: Fraction, rate: int) -> int:
    """Give the nearest frame at ``rate`` Hz, halves rounded up."""
    return (2 * seconds.numerator * rate + seconds.denominator) // (2 * seconds.denominator)


def select(
    source: str,
    *,
    total_frames: int,
    rate: int,
    channels: int,
    first_frame: int = 0,
    frames: int | None = None,
) -> Region:
    """Make a region and check that it lies in its source.

    Parameters
    ----------
    total_frames
        Length of the source in frames at ``rate``.
    first_frame
        First frame of the region.
    frames
        Its length; to the end of the source when left out.

    Raises
    ------
    UsageError
        ``region_reversed`` for a length below 1 or a negative start.
    InputError
        ``source_empty`` or ``region_outside``.
    """
    if total_frames < 1:
        raise InputError(
            "The file holds no audio.",
            code="source_empty",
            hint="Choose a file with at least one sample.",
            context={"source": source},
        )
    if first_frame < 0:
        raise UsageError(
            "The region starts before the file does.",
            code="region_reversed",
            hint="Start at 0 or later.",
        )
    if frames is not None and frames < 1:
        raise UsageError(
            "The region ends before it starts.",
            code="region_reversed",
            hint="Give an end that lies behind the start.",
        )
    end = total_frames if frames is None else first_frame + frames
    if first_frame >= total_frames or end > total_frames:
        raise InputError(
            f"The region (frames {first_frame} to {max(end, first_frame)}) goes beyond the file, "
            f"which has {total_frames} frames ({total_frames / rate:.3f} s).",
            code="region_outside",
            hint="Choose a region inside the file.",
            context={"source": source, "total_frames": total_frames},
        )
    return Region(source, first_frame, end - first_frame, rate, channels)
