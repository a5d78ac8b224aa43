"""Values of the wire: bounds, answers, and the few rules that requests and downloads share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from stembridge.model.errors import ProtocolError
from stembridge.mvsep.attend import INSIDE
from stembridge.mvsep.origin import split
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.wire_errors import Broken

Params = Mapping[str, str | int | Secret]
Asked = Callable[[], bool]
Sent = Callable[[int, int], None]

HOPS = 5
"""How many redirects in a row are followed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Patience and bounds; times in seconds.

    Attributes
    ----------
    connect, write, read
        Longest wait for a connection, for a block to leave, for an answer to go on.
    reply
        Longest time from the end of the request to the end of the reply.
    stall
        Longest pause within a download before it is taken up anew.
    drip_window, drip_least
        A download that brings fewer bytes than the latter in the former's seconds is taken up anew.
    biggest_reply
        Bytes; a reply (not a download) beyond it is refused.
    attempts
        How often a GET is made in all.
    """

    connect: float = 20.0
    write: float = 60.0
    read: float = 300.0
    reply: float = 330.0
    stall: float = 60.0
    drip_window: float = 60.0
    drip_least: int = 64 << 10
    biggest_reply: int = 64 << 20
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the service, not judged yet.

    Attributes
    ----------
    status
        HTTP status.
    kind
        Media type, lower case, without parameters.
    body
        The bytes.
    retry_after
        The service's wish in seconds, None where it has none.
    whole
        For a POST: False when the answer came before the whole body had left.
    """

    status: int
    kind: str
    body: bytes = field(repr=False)
    retry_after: float | None = None
    whole: bool = True


class Quiet(logging.Filter):
    """Keeps the HTTP library from logging addresses: they carry the key. Other users' records pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let through what isn't about a request of ours."""
        return not INSIDE.get()


def revealed(params: Params | None) -> dict[str, str] | None:
    """Give the texts that go out; the one place where secrets are opened."""
    if params is None:
        return None
    return {k: v.reveal() if isinstance(v, Secret) else str(v) for k, v in params.items()}


def next_hop(first: str, location: str) -> str:
    """Give the address to which a redirect leads, if it stays on the first one's server."""
    target = urljoin(first, location)
    try:
        same = split(target)[0] == split(first)[0]
    except ValueError:
        same = False
    if not same:
        raise Broken(sent_elsewhere())
    return target


def sent_elsewhere() -> ProtocolError:
    """Make the error for a redirect that isn't followed."""
    return ProtocolError(
        "MVSEP sent us on to another address; that wasn't followed.",
        hint="Check the network: the log-in page of a hotel or a company answers like that. Then try again.",
    )
