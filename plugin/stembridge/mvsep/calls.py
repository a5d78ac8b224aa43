"""What all endpoints share: judging a reply, and turning it into a typed one or an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from stembridge.model.errors import (
    KeyNeededError,
    LimitError,
    StembridgeError,
    UnavailableError,
    UsageError,
)
from stembridge.mvsep.redact import HIDDEN, Secret
from stembridge.mvsep.service_errors import refusal
from stembridge.mvsep.shapes import ShapeError, decode, excerpt, flag, read
from stembridge.mvsep.transport import Transport
from stembridge.mvsep.wire import Params, Reply
from stembridge.mvsep.words import words

T = TypeVar("T")

PAGE = 20
"""Most rows that one page can have."""

_CLEAR = frozenset({401, 402, 403, 404, 405, 406, 411, 413, 414, 415, 417, 421, 425, 426, 428, 429, 431})

_LONG_ENOUGH = 8
"""Characters of a key that can't stand in a reply by chance."""


def success_of(reply: Reply) -> bool | None:
    """Give the reply's ``success``, None where it says nothing."""
    try:
        payload = decode(reply.body)
        return flag(payload.get("success"), "success") if isinstance(payload, dict) else None
    except ShapeError:
        return None


def words_of(reply: Reply, secrets: tuple[Secret, ...] = ()) -> str:
    """Give the service's own words in a refusal, from JSON of any known shape or from a page's title."""
    try:
        return words(decode(reply.body), secrets)
    except ShapeError:
        return excerpt(reply.body, secrets)


def clearly_refused(reply: Reply) -> bool:
    """Tell whether a POST that wasn't taken was refused for certain, so that nothing was paid.

    A time-out or a fault of the server says nothing of the kind, nor does a 400 whose writer can't
    be made out: it may come from something on the way.
    """
    status = reply.status
    if status in _CLEAR:
        return True
    if status != 408 and (400 <= status <= 499 or 200 <= status <= 299):
        try:
            payload = decode(reply.body)
        except ShapeError:
            return False
        said_no = isinstance(payload, dict) and success_of(reply) is False
        return said_no or (status >= 400 and isinstance(payload, dict) and bool(words(payload)))
    return False


def refused(reply: Reply, secrets: tuple[Secret, ...] = ()) -> StembridgeError:
    """Make the error for a reply that isn't what was asked for."""
    return refusal(reply.status, words_of(reply, secrets), retry_after=reply.retry_after)


_KEY_HINT = (
    "Get the key from your account page on mvsep.com, and store it with `stembridge account login --key`."
)


def bad_key(reply: Reply, secrets: tuple[Secret, ...] = (), *, hint: str = _KEY_HINT) -> StembridgeError:
    """Make the error for a 400 where the page says that it means a bad key, or a bad password."""
    error = refused(reply, secrets)
    if isinstance(error, KeyNeededError | LimitError | UnavailableError):
        return error
    said = error.message if words_of(reply, secrets) else "MVSEP doesn't accept the key."
    return KeyNeededError(
        said,
        code="key_refused",
        hint=hint,
        context={"status": reply.status, "refusal": "bad_key"},
    )


def page(start: int, limit: int) -> dict[str, str | int | Secret]:
    """Give the fields of a page; `UsageError` for one that can't be."""
    if start < 0 or not 1 <= limit <= PAGE:
        raise UsageError(
            f"A page can't start at {start} and have {limit} rows.",
            hint=f"Start at 0 or later, and ask for 1 to {PAGE} rows.",
        )
    return {"start": start, "limit": limit}


class Calls:
    """A service and an account's key.

    Parameters
    ----------
    transport
        Connections to the service.
    key
        The account's key; None for what needs none.
    """

    def __init__(self, transport: Transport, key: Secret | None = None) -> None:
        self.transport = transport
        self._key = key

    def _needed_key(self) -> Secret:
        if not self._key:
            raise KeyNeededError(
                "No key for MVSEP is stored.",
                hint="Log in with `stembridge account login`, or set STEMBRIDGE_API_TOKEN.",
            )
        return self._key

    def _secrets(self, *more: Secret) -> tuple[Secret, ...]:
        return (*more, self._key) if self._key else more

    def _get(self, path: str, fields: Params, parse: Callable[[object], T], what: str) -> T:
        return self._judged(self.transport.get(path, fields), parse, what)

    def _post(
        self, path: str, fields: Params, parse: Callable[[object], T], what: str, *secrets: Secret
    ) -> T:
        return self._judged(self.transport.post(path, fields), parse, what, *secrets)

    def _read(self, reply: Reply, parse: Callable[[object], T], what: str, *secrets: Secret) -> T:
        return read(self._blind(reply.body), parse, what, self._secrets(*secrets))

    def _blind(self, body: bytes) -> bytes:
        """Take the key out of a reply, but for its own field: a service may echo what it was sent."""
        key = self._key.reveal().encode() if self._key else b""
        if len(key) < _LONG_ENOUGH or key not in body:
            return body
        echo = re.compile(rb'("api_token"\s*:\s*")?' + re.escape(key))
        return echo.sub(lambda found: found[0] if found[1] else HIDDEN.encode(), body)

    def _judged(self, reply: Reply, parse: Callable[[object], T], what: str, *secrets: Secret) -> T:
        if not 200 <= reply.status < 300 or success_of(reply) is False:
            raise self._refused(reply, *secrets)
        return self._read(reply, parse, what, *secrets)

    def _refused(self, reply: Reply, *secrets: Secret) -> StembridgeError:
        error = refused(reply, self._secrets(*secrets))
        if reply.status != 401 or not isinstance(error, KeyNeededError) or not self._key:
            return error
        # A 401 can be passing. The account's own page says 400 when the key is really bad.
        if self._key_is_bad():
            return error
        return UnavailableError(
            error.message,
            hint="The key itself is good, or couldn't be checked: try again in a few minutes.",
            context=error.context,
            retryable=True,
        )

    def _key_is_bad(self) -> bool:
        try:
            reply = self.transport.get("/api/app/user", {"api_token": self._needed_key()}, attempts=2)
        except StembridgeError:
            return False
        return reply.status in {400, 401} or (reply.status == 200 and success_of(reply) is False)
