"""A download's bytes, as they come: fetched by a helper thread, consumed by the caller's."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from stembridge.model.errors import Cancelled, StembridgeError, UnavailableError
from stembridge.mvsep.attend import LOOK, start
from stembridge.mvsep.origin import Service
from stembridge.mvsep.transport import Transport
from stembridge.mvsep.wire import HOPS, Asked, sent_elsewhere
from stembridge.mvsep.wire_errors import Broken, describe

_AHEAD = 32
"""Pieces (of up to 64 KiB) that may lie between network and disk."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A reply whose body is still on its way.

    ``headers`` have lower-case names. ``pieces`` raises `Broken` when the connection fails and
    `Cancelled` when the user does; a piece of no bytes is a moment without news.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    pieces: Iterator[bytes] = field(repr=False)


@contextmanager
def incoming(
    transport: Transport, url: str, headers: Mapping[str, str], cancelled: Asked
) -> Iterator[Incoming]:
    """Open a download.

    Redirects are followed within the service's own addresses: no key goes with a download.

    Raises
    ------
    Broken
        With the mapped error.
    Cancelled
        When the user wished it.
    """
    parcels: queue.Queue[bytes | _Head | _End] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(parcel: bytes | _Head | _End) -> bool:
        while not stop.is_set():
            try:
                parcels.put(parcel, timeout=LOOK)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            _carry(transport, url, headers, put)
        except Broken as broken:
            put(_End(broken.seen))
        except Exception as foreign:  # noqa: BLE001 - the boundary: mapped, or carried over as it is
            put(_End(describe(foreign) or foreign))
        else:
            put(_End(None))

    start(work)

    def take() -> Iterator[bytes | _Head]:
        silent = 0.0
        while True:
            try:
                parcel = parcels.get(timeout=LOOK)
            except queue.Empty:
                parcel = b""
                silent += LOOK
            else:
                silent = 0.0
            if cancelled():
                raise Cancelled
            if silent > transport.limits.stall + 4 * transport.limits.connect:
                raise Broken(_standstill())
            if isinstance(parcel, _End):
                if isinstance(parcel.problem, StembridgeError):
                    raise Broken(parcel.problem)
                if parcel.problem is not None:
                    raise parcel.problem
                return
            yield parcel

    try:
        flow = take()
        for parcel in flow:
            if isinstance(parcel, _Head):
                yield Incoming(parcel.status, parcel.headers, _pieces(flow))
                return
        raise Broken(_standstill())
    finally:
        stop.set()


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _End:
    problem: Exception | None


def _carry(
    transport: Transport,
    url: str,
    headers: Mapping[str, str],
    put: Callable[[bytes | _Head | _End], bool],
) -> None:
    target = url
    for _ in range(HOPS):
        with transport.open(target, headers) as response:
            if response.has_redirect_location:
                target = _onward(transport.service, target, response.headers["location"])
                continue
            if not put(_Head(response.status_code, {k.lower(): v for k, v in response.headers.items()})):
                return
            for piece in response.iter_raw():
                if not put(piece):
                    return
            return
    raise Broken(sent_elsewhere())


def _onward(service: Service, target: str, location: str) -> str:
    from urllib.parse import urljoin

    try:
        return service.own(urljoin(target, location))
    except StembridgeError:
        pass
    raise Broken(sent_elsewhere())


def _pieces(flow: Iterator[bytes | _Head]) -> Iterator[bytes]:
    for parcel in flow:
        if isinstance(parcel, bytes):
            yield parcel


def _standstill() -> UnavailableError:
    return UnavailableError(
        "The download from MVSEP came to a standstill.",
        hint="Check the internet connection, and try again in a few minutes.",
        retryable=True,
    )
