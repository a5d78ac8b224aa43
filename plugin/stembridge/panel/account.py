"""The account with the service: key, plan, credits, history, news. No secret leaves through here."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stembridge.model.errors import StembridgeError, UsageError
from stembridge.panel import orders
from stembridge.panel.answers import Asked
from stembridge.panel.desk import Desk

if TYPE_CHECKING:
    from stembridge.engines.mvsep.keys import KeyStore
    from stembridge.mvsep.client import Client
    from stembridge.mvsep.redact import Secret

PAGE = 20
_TAG = re.compile(r"<[^>]*>")


def show(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Give what the account has, as the service says now; an error where it doesn't."""
    from stembridge.engines.mvsep.service import base_url
    from stembridge.mvsep.plans import FREE, PREMIUM

    keys = _keys(desk)
    found: dict[str, Any] = {
        "has_key": keys.load() is not None,
        "key_source": keys.where(),
        "service": base_url(),
        "default_engine": desk.tools.default_engine,
        "error": None,
    }
    if not found["has_key"]:
        return found
    try:
        with _connected(desk) as client:
            user, queue = client.user(), client.queue()
    except StembridgeError as error:
        return {**found, "error": error.to_dict()}
    premium = user.premium_enabled and user.premium_minutes > 0
    plan = PREMIUM if premium else FREE
    return {
        **found,
        "name": plain(user.name),
        "plan": plan.name,
        "credits": user.premium_minutes,
        "may_spend": user.premium_enabled,
        "attempts_left": queue.free_left,
        "attempts_a_day": queue.free_max,
        "jobs_running": user.jobs_running,
        "jobs_at_a_time": plan.jobs,
    }


def save_key(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Store a key, once the service has said whose it is."""
    from stembridge.mvsep.redact import Secret

    key = Secret(str(asked.need("key", str)).strip())
    if not key:
        raise UsageError("There is no key.", hint="Copy the API key from your account page on mvsep.com.")
    with _connected(desk, key) as client:
        name = client.user().name
    return {"name": plain(name), "sentence": _keys(desk).save(key)}


def forget_key(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Forget the stored key."""
    return {"forgotten": _keys(desk).forget(), "key_source": _keys(desk).where()}


def history(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Give a page of earlier separations, newest first; neither links nor hashes."""
    page = asked.query_number("page", 0, most=10_000)
    with _connected(desk) as client:
        rows = client.separation_history(start=page * PAGE, limit=PAGE)
    return {
        "page": page,
        "more": len(rows) == PAGE,
        "rows": [
            {
                "id": row.id,
                "date": row.created_at,
                "model": plain(str(row.algorithm.name or "")),
                "kept": row.job_exists,
                "hours_left": row.time_left,
                "credits": row.credits,
            }
            for row in rows
        ],
    }


def bring_back(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Bring in a separation of the history."""
    if not re.fullmatch(r"\d{1,13}", asked.path["id"]):
        raise UsageError("An id of the history is a number.")
    return orders.adopt(desk, asked)


def news(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Give the service's news, as plain text."""
    with _connected(desk, anonymous=True) as client:
        rows = client.news(start=0, limit=10)
    return {
        "rows": [
            {"date": row.created_at, "title": plain(str(row.title or "")), "text": plain(str(row.text or ""))}
            for row in rows
        ]
    }


def plain(text: str) -> str:
    """Take markup and control characters out of a service's text."""
    words = html.unescape(_TAG.sub(" ", text))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _keys(desk: Desk) -> KeyStore:
    from stembridge.engines.mvsep.keys import KeyStore
    from stembridge.engines.mvsep.service import base_url

    return KeyStore(desk.home, base_url())


@contextlib.contextmanager
def _connected(desk: Desk, key: Secret | None = None, *, anonymous: bool = False) -> Iterator[Client]:
    from stembridge.engines.mvsep.service import QUICK, STORED, connect

    client = connect(desk.home, key=None if anonymous else key or STORED, limits=QUICK)
    try:
        yield client
    finally:
        client.transport.close()
