"""How the panel's API is asked and answers: JSON in, JSON out, errors as sentences, nothing unknown taken."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from stembridge.jobs import disk
from stembridge.model.errors import (
    Cancelled,
    DecisionNeededError,
    HostError,
    InputError,
    KeyNeededError,
    LimitError,
    RemoteFailedError,
    StembridgeError,
    StoreError,
    TransferError,
    UnavailableError,
    UnknownNameError,
    UsageError,
)
from stembridge.panel.desk import Desk

MOST_JSON = 1 << 20
"""Bytes that a JSON body may have."""
_BY_CODE = {"job_locked": 409, "output_exists": 409, "no_space": 507, "submission_uncertain": 503}
_STATUSES: tuple[tuple[type[StembridgeError], int], ...] = (
    (UnknownNameError, 404), (UsageError, 400), (KeyNeededError, 403), (InputError, 422), (LimitError, 402),
    (DecisionNeededError, 409), (UnavailableError, 503), (RemoteFailedError, 502), (HostError, 409),
    (TransferError, 410), (StoreError, 500),
)  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_TYPES = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list",
    dict: "an object",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One request, as the functions that answer it see it.

    Attributes
    ----------
    path
        What stands in the variable parts of its path.
    query
        What stands behind the question mark.
    body
        The fields of its JSON.
    headers
        By their names in small letters.
    """

    path: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"

    def query_text(self, name: str, default: str = "") -> str:
        """Give a text of the query."""
        return self.query.get(name, default)

    def query_number(self, name: str, default: int, *, least: int = 0, most: int = 1 << 31) -> int:
        """Give a whole number of the query; `UsageError` for anything else."""
        text = self.query.get(name, str(default))
        if not re.fullmatch(r"\d{1,10}", text) or not least <= int(text) <= most:
            raise UsageError(f"'{name}' must be a whole number from {least} to {most}.")
        return int(text)

    def get(self, name: str, kind: type, default: Any = None) -> Any:
        """Give a field of the body, which may be left out or null; `UsageError` for another type."""
        value = self.body.get(name)
        if value is None:
            return default
        wrong = isinstance(value, bool) != (kind is bool) or not isinstance(
            value, (int, float) if kind is float else kind
        )
        if wrong:
            raise UsageError(f"The field '{name}' must be {_TYPES[kind]}.")
        return value

    def need(self, name: str, kind: type) -> Any:
        """Give a field of the body that has to be there."""
        value = self.get(name, kind)
        if value is None:
            raise UsageError(f"The field '{name}' is missing: it must be {_TYPES[kind]}.")
        return value


Work = Callable[[Desk, Asked], object]


def reply(document: object, status: int = 200) -> Response:
    """Give a JSON answer."""
    return Response(disk.to_json(document), status, media_type="application/json")


def failed(error: StembridgeError) -> Response:
    """Give the answer for an error: its status by its class, or as its context says, and its sentence."""
    status = next((status for cls, status in _STATUSES if isinstance(error, cls)), 500)
    own = error.context.get("status")
    document: dict[str, Any] = error.to_dict()
    if isinstance(error, DecisionNeededError):
        document["choices"] = [list(choice) for choice in error.choices]
    return reply({"error": document}, own if isinstance(own, int) else _BY_CODE.get(error.code, status))


def endpoint(
    desk: Desk, work: Work, *, fields: frozenset[str] = frozenset(), query: frozenset[str] = frozenset()
) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a function that runs in a thread.

    Parameters
    ----------
    fields, query
        The names that the body and the query may have; any other is refused.
    """

    async def answer(request: Request) -> Response:
        try:
            asked = Asked(
                dict(request.path_params),
                _known(dict(request.query_params), query, "query"),
                _known(await _body(request), fields, "request") if request.method != "GET" else {},
                dict(request.headers),
                request.method,
            )
            found = await run_in_threadpool(work, desk, asked)
        except Cancelled:
            return failed(UsageError("Cancelled."))
        except StembridgeError as error:
            return failed(error)
        except ClientDisconnect:
            raise
        except Exception as fault:  # noqa: BLE001 - the panel's last boundary: a fault is a sentence, too
            return failed(internal(fault))
        return found if isinstance(found, Response) else reply(found)

    return answer


def internal(fault: Exception) -> StembridgeError:
    """Make the error for a fault of ours; the fault's own words stay here, they may hold a secret."""
    last = traceback.extract_tb(fault.__traceback__)[-1:]
    where = "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in last)
    return StembridgeError(
        f"Stembridge itself failed: {type(fault).__name__}{where}.",
        hint="Reload the page. If it comes again, send us the report of the Help page.",
    )


def job_id(text: str) -> str:
    """Check an id that came from outside; `UnknownNameError` for anything but letters and digits."""
    if not _ID.fullmatch(text):
        raise UnknownNameError("job", text[:40], ())
    return text


async def _body(request: Request) -> dict[str, Any]:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_JSON:
            raise UsageError("The request is too long.", hint="Send less at a time.", context={"status": 413})
    if not data:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise UsageError("The request must be JSON.")
    try:
        document = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UsageError("The request is no JSON that can be read.") from None
    if not isinstance(document, dict):
        raise UsageError("The request must be a JSON object.")
    return document


def _no_number(name: str) -> float:
    raise ValueError(name)


def _known(found: dict[str, Any], names: frozenset[str], what: str) -> dict[str, Any]:
    for name in found:
        if name not in names:
            raise UsageError(f"The {what} has a field '{name[:40]}' that nobody knows.")
    return found
