"""Fields of a request: read strictly, refused in words.

Each raises `UsageError` for what it can't take.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from stembridge.model.errors import UsageError


def known(document: Mapping[str, Any], fields: Mapping[str, object] | frozenset[str], where: str) -> None:
    """Refuse keys that are no field; ``where`` says of what."""
    for key in document:
        if key not in fields:
            near = difflib.get_close_matches(key, list(fields), n=1)
            raise UsageError(
                f"The {where} has a field '{key}' that nobody knows.",
                hint=f"Did the host mean '{near[0]}'?" if near else "See PROTOCOL.md for the fields.",
            )


def wrong(name: str, expected: str) -> UsageError:
    """Say that a field of a request holds what it may not."""
    return UsageError(
        f"The request's field '{name}' must be {expected}.", hint="See PROTOCOL.md for the fields."
    )


def text(document: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Read text; without a default it must be there."""
    value = document.get(name, default)
    if not isinstance(value, str):
        raise wrong(name, "text")
    return value


def path_of(document: Mapping[str, Any], name: str) -> str:
    """Read a path: text that can be one."""
    value = text(document, name)
    if not value or "\0" in value:
        raise wrong(name, "a path")
    return value


def text_or_none(document: Mapping[str, Any], name: str) -> str | None:
    """Read text or null."""
    return None if document.get(name) is None else text(document, name)


def count_or_none(document: Mapping[str, Any], name: str) -> int | None:
    """Read a whole number that isn't negative, or null."""
    value = document.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise wrong(name, "a number, 0 or more, or null")
    return value


def texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Read a list of text; empty where it is left out."""
    value = document.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise wrong(name, "a list of text")
    return tuple(value)


def flag(document: Mapping[str, Any], name: str) -> bool:
    """Read true or false; false where it is left out."""
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise wrong(name, "true or false")
    return value


def table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read an object; empty where it is left out."""
    value = document.get(name, {})
    if value == []:  # a Lua table without keys can't tell what it is
        return {}
    if not isinstance(value, dict):
        raise wrong(name, "an object")
    return value
