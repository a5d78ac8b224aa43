"""What the service's refusals mean: its own sentence, our hint, and the class of the error.

The texts are matched loosely (several words, no case, in any order), because the service words and
spells them as it likes ("Seperation"). A text that nobody knows is passed on as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stembridge.model.errors import (
    KeyNeededError,
    LimitError,
    RemoteFailedError,
    StembridgeError,
    UnavailableError,
    UsageError,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of refusal.

    Attributes
    ----------
    id
        Its name in an error's context, ``refusal``.
    patterns
        Regular expressions over the lower-case text: one of them has to be found.
    error, code
        What is raised.
    hint
        What to do.
    retryable
        True when the same request may succeed later without any change.
    """

    id: str
    patterns: tuple[str, ...]
    error: type[StembridgeError]
    code: str
    hint: str
    retryable: bool = False


def _all(*words: str) -> str:
    """Make a pattern that wants every word, in any order."""
    return "^" + "".join(rf"(?=.*(?:{word}))" for word in words)


_LATER = "Try again in a few minutes."

ROWS: tuple[Row, ...] = (
    Row(
        "slot_busy",
        (
            _all("unprocessed", "queue"),
            _all("already", "queue", "wait"),
            _all("wait", "adding", "file"),
            _all("concurrent|simultaneous|parallel", "limit|maximum|only|too many|reached"),
        ),
        LimitError,
        "limit",
        "Wait until your other job at MVSEP is done: a free account has one place, a premium account ten.",
        retryable=True,
    ),
    Row(
        "daily_limit",
        (_all("limit", "separations?|seperations?", "today|day|daily"), _all("daily", "limit|quota")),
        LimitError,
        "limit",
        "The count runs over 24 hours. Try again later, or spend credits: `stembridge account premium on`.",
        retryable=True,
    ),
    Row(
        "credits",
        (
            _all(
                "credits?|premium minutes|minutes", "not enough|insufficient|no more|out of|don'?t have|lack"
            ),
            _all("credits?", "needed|required|top up|buy"),
            "insufficient (?:funds|balance)",
        ),
        LimitError,
        "limit",
        "Buy credits on mvsep.com, or choose a separation type that costs less.",
    ),
    Row(
        "plan",
        (
            _all("premium", "unavailable|not available|purchase|only|requires?|need|membership|upgrade"),
            _all("registered", "only|users", "type|separation|seperation|available"),
        ),
        LimitError,
        "limit",
        "Choose a type or format that your plan allows, or get a premium plan on mvsep.com.",
    ),
    Row(
        "too_big",
        (
            _all("file", "too (?:large|big)|exceeds?|greater than|larger than|maximum size|size limit"),
            _all("entity|payload|content", "too large"),
            _all("size", "limit|maximum|allowed"),
            r"\b[km]ilobytes\b",
        ),
        LimitError,
        "limit",
        "Choose a shorter region: free accounts may send about 100 MB, premium accounts about 1000 MB.",
    ),
    Row(
        "too_long",
        (
            _all("duration|length|minutes|too long", "limit|maximum|exceeds?|longer|too long|allowed"),
            _all("audio|file", "too long"),
        ),
        LimitError,
        "limit",
        "Choose a shorter region: free accounts may send about 10 minutes, premium accounts about 100.",
    ),
    Row(
        "type_missing",
        (
            _all(
                "sep[ae]ration type|sep_type",
                "not set|missing|required|invalid|unknown|not found|does ?n.t exist",
            ),
        ),
        RemoteFailedError,
        "engine_refused",
        "The service's list may have changed: run `stembridge models --refresh`, then choose a type.",
    ),
    Row(
        "bad_login",
        (
            _all("credentials?", "match|invalid|wrong|incorrect|bad"),
            _all("password|e-?mail", "wrong|incorrect|invalid login|do(?:es)? not match our"),
        ),
        KeyNeededError,
        "key_refused",
        "Check the e-mail address and the password, and log in again with `stembridge account login`.",
    ),
    Row(
        "bad_key",
        (
            "unauthenticated|unauthori[sz]ed",
            _all(
                "api[_ ]?(?:token|key)|token",
                "invalid|unknown|wrong|not found|missing|required|incorrect|expired",
            ),
            _all("invalid|unknown|wrong", "key"),
            _all("user", "not found|unknown"),
        ),
        KeyNeededError,
        "key_refused",
        "Get the key from your account page on mvsep.com, and store it with `stembridge account login`.",
    ),
    Row(
        "form",
        (
            _all("e-?mail|name|password|confirmation", "taken|already|must be|required|match|at least|valid"),
            _all("field", "required"),
        ),
        UsageError,
        "usage",
        "Correct what MVSEP names, and send the form again.",
    ),
    Row(
        "file",
        (
            _all("audio ?file|file|url|link", "required|missing|not set|empty"),
            _all(
                "file|format|audio|codec",
                "unsupported|not supported|invalid|corrupt|damaged|broken|can.?t be read|wrong",
            ),
            _all("download|fetch", "fail|error|could ?n.t|unable"),
        ),
        RemoteFailedError,
        "engine_refused",
        "Check that the file (or the link to it) is audio that plays, and try again.",
    ),
    Row(
        "gone",
        (_all("not found|deleted|expired|does ?n.t exist|no longer"),),
        RemoteFailedError,
        "engine_failed",
        "MVSEP keeps results for 72 hours. Separate the region again.",
    ),
    Row(
        "slow_down",
        ("too many (?:requests|attempts)", _all("rate", "limit")),
        UnavailableError,
        "unavailable",
        _LATER,
        retryable=True,
    ),
    Row(
        "maintenance",
        ("maintenance|under construction|temporar(?:y|ily)|overload|try again later",),
        UnavailableError,
        "unavailable",
        _LATER,
        retryable=True,
    ),
)
_COMPILED = tuple((row, tuple(re.compile(p, re.DOTALL) for p in row.patterns)) for row in ROWS)
_BY_ID: Mapping[str, Row] = {row.id: row for row in ROWS}

_BY_STATUS: Mapping[int, tuple[str, str]] = {
    401: ("bad_key", "MVSEP doesn't accept the key."),
    402: ("credits", "MVSEP asks for payment."),
    403: ("plan", "MVSEP doesn't allow this to your account."),
    404: ("gone", "MVSEP doesn't know what was asked for."),
    410: ("gone", "MVSEP no longer has what was asked for."),
    413: ("too_big", "The file is too big for MVSEP."),
    425: ("slow_down", "MVSEP asks to wait."),
    429: ("slow_down", "MVSEP asks to slow down."),
    503: ("maintenance", "MVSEP isn't available at the moment."),
}
_DECISIVE = frozenset({401, 402, 413, 429})
"""Statuses that say more than the words that come with them."""


def classify(said: str) -> Row | None:
    """Give the first row that fits a text, None when no row does."""
    folded = " ".join(said.lower().split())
    for row, patterns in _COMPILED:
        if any(pattern.search(folded) for pattern in patterns):
            return row
    return None


def refusal(status: int, said: str, *, retry_after: float | None = None) -> StembridgeError:
    """Make the error for a refusal.

    Parameters
    ----------
    status
        HTTP status; 200 for a reply that says ``success: false``.
    said
        The service's own words, clean (see `words`); may be empty.
    retry_after
        Seconds that it wishes us to wait.

    Returns
    -------
    StembridgeError
        Its message is the service's sentence; its context has ``status``, ``refusal`` (id of the
        row, or "other") and ``retry_after``.
    """
    known = classify(said) if said else None
    row_id, words = _BY_STATUS.get(status, ("", ""))
    by_status = _BY_ID.get(row_id)
    row = known
    if by_status is not None and (
        known is None or (status in _DECISIVE and known.error is not by_status.error)
    ):
        row = by_status
    context = {"status": status, "refusal": row.id if row else "other", "retry_after": retry_after}
    message = f"MVSEP says: {_sentence(said)}" if said else words
    if 500 <= status <= 599 or status == 408:
        return UnavailableError(
            message or f"MVSEP has a fault of its own at the moment (status {status}).",
            hint=_LATER,
            context={**context, "refusal": "maintenance"},
            retryable=True,
        )
    if row is None:
        return RemoteFailedError(
            message or f"MVSEP refused the request (status {status}) and didn't say why.",
            code="engine_refused",
            hint="Change what MVSEP names, and try again." if said else "Try again later.",
            context=context,
        )
    return row.error(
        message or f"MVSEP refused the request (status {status}).",
        code=row.code,
        hint=row.hint,
        context=context,
        retryable=row.retryable,
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."
