"""How long to wait before asking again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

AGAIN = frozenset({408, 425, 429})
"""Statuses besides 5xx after which a GET may be repeated."""


def repeatable(status: int) -> bool:
    """Tell whether a GET that got this status may be repeated."""
    return status in AGAIN or 500 <= status <= 599


def read_retry_after(value: str | None, date: str | None, now: float) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3).

    Parameters
    ----------
    value
        The header: seconds, or a date.
    date
        The answer's Date header. A date is counted from it, so that a clock that is wrong on this
        machine doesn't matter.
    now
        Unix seconds, used where there is no Date.

    Returns
    -------
    float or None
        Seconds, not negative; None where it says nothing.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 12:
        return float(text)
    until = _unix(text)
    if until is None:
        return None
    start = _unix(date) if date else None
    return max(0.0, until - (now if start is None else start))


def _unix(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double, with jitter, up to a cap.

    Attributes
    ----------
    random
        Gives numbers from 0 to 1.
    first, cap
        The first pause and the longest, in seconds.
    patience
        The longest Retry-After that is waited for; beyond it the caller is told instead.
    """

    random: Callable[[], float]
    first: float = 1.0
    cap: float = 30.0
    patience: float = 120.0

    def pause(self, failures: int, asked: float | None = None) -> float | None:
        """Give the seconds to wait after so many failures in a row, None when it isn't worth it.

        ``asked`` is the service's own wish: never undercut, and spread a little upwards, so that
        many workers don't come back in the same instant.
        """
        if asked is not None:
            return None if asked > self.patience else asked + self.random() * min(1.0, 0.1 * asked + 0.1)
        full = min(self.cap, self.first * 2.0 ** min(failures - 1, 16))
        return full * (0.5 + 0.5 * self.random())
