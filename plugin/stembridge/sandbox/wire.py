"""What travels between the HTTP side and the service: a request, a reply, a refusal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from stembridge.sandbox.forms import Form


@dataclass(slots=True)
class Request:
    """One request, its body read.

    Attributes
    ----------
    path
        The path of the URL, without the query and without a slash at the end.
    params
        Query and form in one; the form wins.
    base
        Scheme, host and port under which the client reached us: links are built on it.
    caller
        The client's address.
    """

    method: str
    path: str
    params: dict[str, str]
    form: Form
    headers: Mapping[str, str]
    base: str
    caller: str


@dataclass(slots=True)
class Reply:
    """One answer: a body of bytes, or a file."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    etag: str = ""


class Refusal(Exception):  # noqa: N818 - an answer on its way to the client, not a fault of ours
    """The service says no: an HTTP status and a document."""

    def __init__(self, status: int, document: Mapping[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.document = document


def refused(*texts: str, status: int = 400) -> Refusal:
    """Refuse in the shape that the real service was recorded to use."""
    return Refusal(status, {"success": False, "errors": list(texts)})


def json_reply(document: object, status: int = 200) -> Reply:
    """Answer with a JSON document."""
    body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    return Reply(status, body, {"Content-Type": "application/json"})


def flag(text: str | None) -> bool:
    """Read a boolean as web forms write it."""
    return (text or "").strip().lower() in {"1", "true", "on", "yes"}


def page(params: Mapping[str, str]) -> slice:
    """Read ``start`` and ``limit``: 0 and 10 when left out, 20 rows at most."""
    try:
        start = int(params.get("start") or 0)
        limit = int(params.get("limit") or 10)
    except ValueError:
        raise refused("start and limit are whole numbers.") from None
    start, limit = max(0, start), max(0, min(20, limit))
    return slice(start, start + limit)


def stamp(moment: float) -> str:
    """Write a Unix time as the service writes dates."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso(moment: float) -> str:
    """Write a Unix time as the account's history does."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def megabytes(size: int) -> str:
    """Write a size as the service does."""
    return f"{size / (1 << 20):.2f} MB"
