"""Reading a service's JSON: tolerant of what is known to vary, strict about everything else."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn, TypeVar

from stembridge.model.errors import ProtocolError
from stembridge.mvsep.redact import Secret, scrub

T = TypeVar("T")

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{0,18})?")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})
_BIGGEST = 1 << 62


class ShapeError(Exception):
    """A value that isn't what it should be; becomes `ProtocolError` in `read`.

    Parameters
    ----------
    where
        The field, as in ``data.hash``.
    """

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def decode(body: bytes) -> object:
    """Decode JSON; `ShapeError` for anything else, also for NaN, and for nesting without an end."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        pass
    raise ShapeError("the whole")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def read(body: bytes, parse: Callable[[object], T], what: str, secrets: Iterable[Secret] = ()) -> T:
    """Decode and parse a reply.

    Parameters
    ----------
    body
        The bytes of the reply.
    parse
        Turns plain JSON values into a typed reply, or raises `ShapeError`.
    what
        What was asked for, as in "the news".

    Raises
    ------
    ProtocolError
        With an excerpt of what the service wrote, secrets taken out.
    """
    try:
        return parse(decode(body))
    except ShapeError as problem:
        where = problem.where
    raise not_understood(body, what, where, secrets)


def not_understood(body: bytes, what: str, where: str, secrets: Iterable[Secret] = ()) -> ProtocolError:
    """Make the error for a reply in no known shape."""
    said = excerpt(body, secrets)
    tail = f": {_sentence(said)}" if said else " (it is empty)."
    return ProtocolError(
        f"MVSEP's answer about {what} can't be understood{tail}",
        hint="Try again later. If it stays, the service has changed: look for a newer Stembridge.",
        context={"field": where},
    )


def excerpt(body: bytes, secrets: Iterable[Secret] = (), longest: int = 160) -> str:
    """Give the start of a reply as one readable line: a page's title or text, or the text as it is."""
    text = body[: 64 << 10].decode("utf-8", "replace")
    if "<" in text[:512] and ">" in text:
        title = _TITLE.search(text)
        text = title[1] if title and title[1].strip() else _TAG.sub(" ", text)
    return scrub(text, secrets, longest=longest)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def obj(value: object, where: str) -> Mapping[str, object]:
    """Give an object; an empty array counts as an empty object (the service is written in PHP)."""
    if isinstance(value, dict):
        return value
    if value is None or value == []:
        return {}
    raise ShapeError(where)


def rows(value: object, where: str) -> Sequence[Mapping[str, object]]:
    """Give an array of objects: bare, under ``data``, or as an object with numbers for keys."""
    if isinstance(value, dict) and "data" in value:
        value = value["data"]
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        value = list(value.values())
    if value is None:
        return []
    if not isinstance(value, list):
        raise ShapeError(where)
    for row in value:
        if not isinstance(row, dict):
            raise ShapeError(f"{where}[]")
    return value


def text(value: object, where: str) -> str:
    """Give a text; numbers become one, null becomes none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ShapeError(where)


def needed(value: object, where: str) -> str:
    """Give a text that isn't empty."""
    found = text(value, where).strip()
    if not found:
        raise ShapeError(where)
    return found


def number(value: object, where: str) -> float | None:
    """Give a finite number, also from a text such as ``"2.0000"``; None for null and empty texts."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            raise ShapeError(where)
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ShapeError(where)
    if abs(value) > _BIGGEST or not math.isfinite(value):
        raise ShapeError(where)
    return float(value)


def integer(value: object, where: str) -> int | None:
    """Give a whole number, exact; a fraction is cut off. None for null and empty texts."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _BIGGEST:
            raise ShapeError(where)
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    found = number(value, where)
    return None if found is None else int(found)


def flag(value: object, where: str) -> bool | None:
    """Give yes or no, as ``true``, ``1`` or ``"true"``; None for null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _YES:
            return True
        if word in _NO:
            return False
    raise ShapeError(where)
