"""Secrets: values that never show themselves, and text from which they are taken out.

Secret are the key and passwords, and as much the job's hash and the links to its results: whoever
has one can fetch the audio.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_READ = 1 << 16

_LINK = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}:(?:\\?/){2}[^\s\"'<>]+", re.IGNORECASE)
_HASH = re.compile(r"\b\d{14}-[0-9a-f]{6,}(?:-[^\s\"'<>&,;]*)?", re.IGNORECASE)
_PAIR = re.compile(r"(?i)\b(api_?(?:token|key)|password|hash)(\"?\s*[=:]\s*\"?)[^\s\"'&<>,;]+")


class Secret:
    """A text that shows itself to `reveal` alone: not to repr, str, format or a traceback.

    Parameters
    ----------
    value
        The key or the password.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the text itself, for the wire and for the key store only."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        msg = "a secret isn't written anywhere"
        raise TypeError(msg)


def scrub(text: str, secrets: Iterable[Secret] = (), *, longest: int = 400) -> str:
    """Make a stranger's text fit for a message: one line, printable, no secret, not too long.

    Parameters
    ----------
    text
        What a service wrote.
    secrets
        Values that went out with the request; a service may echo them.
    longest
        Length to which the text is cut, in characters.

    Returns
    -------
    str
        Printable characters only; links, hashes and secrets are replaced.
    """
    for secret in secrets:
        value = secret.reveal()
        if len(value) < 4:
            continue
        for form in {value, quote(value, safe=""), quote_plus(value)}:
            text = text.replace(form, HIDDEN)
    text = " ".join("".join(c if c.isprintable() else " " for c in text[:_READ]).split())
    text = _LINK.sub("(link)", text)
    text = _HASH.sub("(job)", text)
    text = _PAIR.sub(rf"\1\2{HIDDEN}", text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
