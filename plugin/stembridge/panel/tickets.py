"""Tickets: links that open the panel once, within a minute.

What a browser is started with stands in its command line, where every user of the machine can read it. So
it is started with a ticket, which is worth nothing any more once the browser has it.
"""

from __future__ import annotations

import secrets

from stembridge.jobs.clock import Clock

DOOR = "open"
"""First part of a ticket's path, where a link has the key."""
_GOOD_FOR = 60.0


class Tickets:
    """The tickets that nobody has used yet.

    Parameters
    ----------
    clock
        By which they expire.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def issue(self) -> str:
        """Make one; gives its path, ``/open/`` and 256 random bits."""
        now = self._clock.monotonic()
        self._until = {ticket: until for ticket, until in self._until.items() if until > now}
        ticket = secrets.token_urlsafe(32)
        self._until[ticket] = now + _GOOD_FOR
        return f"/{DOOR}/{ticket}"

    def take(self, ticket: str) -> bool:
        """Say whether a ticket is good; it is so but once."""
        return self._until.pop(ticket, 0.0) > self._clock.monotonic()
