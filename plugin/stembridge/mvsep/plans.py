"""What a plan allows, and what the service can be asked to send.

The limits come from clients, not from the service's page: they serve for a word in advance, and the
service's own answer wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stembridge.model.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan's limits.

    Attributes
    ----------
    megabytes, minutes
        Largest and longest upload (1 MB = 1,000,000 bytes).
    jobs
        Jobs at a time (this one is on the service's page).
    per_day
        Separations in 24 hours; None: credits count instead.
    """

    name: str
    megabytes: int
    minutes: int
    jobs: int
    per_day: int | None


FREE = Plan("free", megabytes=100, minutes=10, jobs=1, per_day=50)
PREMIUM = Plan("premium", megabytes=1000, minutes=100, jobs=10, per_day=None)

KEPT_HOURS = 72
"""Hours for which the service keeps a result."""
REQUESTS_A_MINUTE = 100
"""Requests that all workers of a key allow themselves; the service's limit is 120."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """A format of the service's results.

    Attributes
    ----------
    number
        ``output_format``.
    name, text
        Ours, and the service's.
    extension
        Without the dot.
    lossless
        False when the codec loses samples.
    premium
        True when only premium users get it.
    """

    number: int
    name: str
    text: str
    extension: str
    lossless: bool
    premium: bool = False


OUTPUT_FORMATS: Mapping[int, OutputFormat] = {
    row.number: row
    for row in (
        OutputFormat(0, "mp3", "mp3 (320 kbps)", "mp3", lossless=False),
        OutputFormat(1, "wav16", "wav (uncompressed, 16 bit)", "wav", lossless=True),
        OutputFormat(2, "flac16", "flac (lossless, 16 bit)", "flac", lossless=True),
        OutputFormat(3, "m4a", "m4a (lossy)", "m4a", lossless=False),
        OutputFormat(4, "wav32", "wav (uncompressed, 32 bit)", "wav", lossless=True, premium=True),
        OutputFormat(5, "flac24", "flac (lossless, 24 bit)", "flac", lossless=True, premium=True),
    )
}


def find_output_format(wanted: str | int) -> OutputFormat:
    """Give the format with this number or name, or raise `UnknownNameError`."""
    said = str(wanted).strip().casefold()
    for row in OUTPUT_FORMATS.values():
        if said in {str(row.number), row.name, row.text.casefold()}:
            return row
    known = [name for row in OUTPUT_FORMATS.values() for name in (str(row.number), row.name)]
    raise UnknownNameError("format of the service", str(wanted), known)
