"""The service's own words in a refusal, wherever it put them."""

from __future__ import annotations

from collections.abc import Iterable

from stembridge.mvsep.redact import Secret, scrub

_PLACES = ("message", "errors", "error", "msg", "detail")
_DEEPEST = 6
_MOST = 5


def words(payload: object, secrets: Iterable[Secret] = ()) -> str:
    """Collect what a refusal says.

    Known shapes: ``data.message``; ``errors`` as a list; ``message`` or ``errors`` as a text or as
    ``{field: [texts]}``; ``error``; a bare text.

    Returns
    -------
    str
        The texts, joined; at most five, each once. Empty when there are none.
    """
    found: list[str] = []
    if isinstance(payload, str):
        _gather(payload, found, 0)
    if isinstance(payload, dict):
        inner = payload.get("data")
        for place in (inner, payload):
            if isinstance(place, dict):
                for name in _PLACES:
                    _gather(place.get(name), found, 0)
            elif place is inner and isinstance(place, str):
                _gather(place, found, 0)
    held = list(secrets)
    texts = [scrub(text, held) for text in found]
    unique = [text for text in dict.fromkeys(texts) if text]
    return " ".join(
        _closed(text) if number < len(unique[:_MOST]) else text
        for number, text in enumerate(unique[:_MOST], 1)
    )


def _closed(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":", "…")) else text + "."


def _gather(value: object, found: list[str], depth: int) -> None:
    if depth > _DEEPEST or len(found) > 4 * _MOST:
        return
    if isinstance(value, str):
        if value.strip():
            found.append(value)
    elif isinstance(value, list):
        for item in value:
            _gather(item, found, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            _gather(item, found, depth + 1)
