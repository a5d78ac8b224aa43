"""What is written for the user: one row a format.

What a remote service is asked to send is another table, beside that service's client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stembridge.model.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Format:
    """A file format for stems.

    Attributes
    ----------
    name
        As written after ``--format``.
    extension
        Without the dot.
    bits
        Bits of an integer sample; 0 for float and for lossy formats.
    lossless
        True when every frame comes back as it was written (integers: as quantised).
    max_channels
        Most channels that one file holds unharmed (AAC filters away all but the bass of an LFE channel).
    rates
        Sample rates in Hz that are possible; empty: any from 1 to ``max_rate``.
    max_rate
        Highest rate in Hz.
    """

    name: str
    extension: str
    bits: int
    lossless: bool
    max_channels: int
    rates: tuple[int, ...] = ()
    max_rate: int = 655_350

    @property
    def is_float(self) -> bool:
        """True when samples above full scale are kept as they are."""
        return self.lossless and self.bits == 0


_MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_RATES = (*_MPEG_RATES, 64000, 88200, 96000)

_ROWS = (
    Format("wav32f", "wav", 0, lossless=True, max_channels=1024),
    Format("wav24", "wav", 24, lossless=True, max_channels=1024),
    Format("wav16", "wav", 16, lossless=True, max_channels=1024),
    Format("flac24", "flac", 24, lossless=True, max_channels=8),
    Format("flac16", "flac", 16, lossless=True, max_channels=8),
    Format("mp3", "mp3", 0, lossless=False, max_channels=2, rates=_MPEG_RATES, max_rate=48000),
    Format("m4a", "m4a", 0, lossless=False, max_channels=2, rates=_AAC_RATES, max_rate=96000),
)
FORMATS: Mapping[str, Format] = {row.name: row for row in _ROWS}
DEFAULT_FORMAT = FORMATS["wav32f"]


def find_format(name: str) -> Format:
    """Give the row of that name, or raise `UnknownNameError`."""
    try:
        return FORMATS[name.strip().lower()]
    except KeyError:
        raise UnknownNameError("format", name, FORMATS) from None


def check_format(fmt: Format, *, channels: int, rate: int) -> None:
    """Raise `InputError` (``channels`` or ``rate``) when a file of that kind can't hold the audio."""
    if channels > fmt.max_channels:
        raise InputError(
            f"The format {fmt.name} holds at most {fmt.max_channels} channels; the region has {channels}.",
            code="channels",
            hint="Choose --format wav32f.",
        )
    if (fmt.rates and rate not in fmt.rates) or rate > fmt.max_rate:
        raise InputError(
            f"The format {fmt.name} can't have a sample rate of {rate} Hz.",
            code="rate",
            hint="Choose --format wav32f.",
        )
