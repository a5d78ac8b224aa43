"""A client for the configured service, with the budget that all processes of a key share."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stembridge.engines.mvsep.budget import Budget
from stembridge.mvsep.client import Client
from stembridge.mvsep.origin import PUBLIC
from stembridge.mvsep.plans import REQUESTS_A_MINUTE
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.transport import Transport
from stembridge.mvsep.wire import Limits

ENVIRONMENT = "STEMBRIDGE_MVSEP_URL"
QUICK = Limits(connect=10.0, read=30.0, reply=40.0, attempts=2)
"""For what somebody waits for at the screen: the account, the queue, the price."""


class _Stored:
    """Stands for the key that is stored, where None means no key at all."""


STORED: Final = _Stored()


def base_url() -> str:
    """Give the address of the service: ``STEMBRIDGE_MVSEP_URL``, or the public one."""
    return os.environ.get(ENVIRONMENT, "").strip().rstrip("/") or PUBLIC


def stored_key(home: Path, base: str) -> Secret | None:
    """Give the key that is stored for a service, None where there is none."""
    from stembridge.engines.mvsep.keys import KeyStore

    return KeyStore(home, base).load()


def fingerprint(base: str, key: Secret | None) -> str:
    """Name an account of a service without saying who it is: 16 hex digits."""
    said = f"stembridge\n{base}\n{key.reveal() if key else ''}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def budget_of(
    home: Path, base: str, key: Secret | None, *, wall: Callable[[], float], sleep: Callable[[float], None]
) -> Budget:
    """Give the budget that all processes of a key share."""
    path = home / "budget" / f"mvsep-{fingerprint(base, key)}.json"
    return Budget(path, REQUESTS_A_MINUTE, wall=wall, sleep=sleep)


def connect(
    home: Path,
    *,
    base: str | None = None,
    key: Secret | _Stored | None = STORED,
    limits: Limits | None = None,
    budget: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """Give a client; nothing is sent before its first call. Close it with ``client.transport.close()``.

    Parameters
    ----------
    home
        The data folder.
    base
        The service's address; `base_url` when left out.
    key
        The account's key; None for none; the stored one when left out.
    limits
        Patience; `QUICK` for what somebody waits for.
    budget
        Called before each request; the key's shared budget when left out.
    clock, wall, sleep
        Monotonic seconds, Unix seconds, a pause.

    Raises
    ------
    UsageError
        When the address isn't one.
    """
    where = base if base is not None else base_url()
    held = stored_key(home, where) if isinstance(key, _Stored) else key
    counted = budget or budget_of(home, where, held, wall=wall, sleep=sleep)
    transport = Transport(where, limits=limits, budget=counted, clock=clock, wall=wall, sleep=sleep)
    return Client(transport, held)
