"""Reads Lua far enough to know what a file calls of `reaper` and `gfx`, and with how many arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|--\[(?P<a>=*)\[.*?\](?P=a)\]|--[^\n]*)
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\[(?P<b>=*)\[.*?\](?P=b)\])
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>0[xX][\da-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)
    |(?P<sign>\.\.\.|\.\.|[<>=~]=|//|<<|>>|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = set("([{"), set(")]}")
_BEGIN, _END = {"function", "do", "then", "repeat"}, {"end", "until", "elseif"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of Lua."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Use:
    """A `reaper.name` or `gfx.name`; `arguments` is None where it isn't called on the spot.

    `more`: the last argument may be several (`...` or a call).
    """

    table: str
    name: str
    line: int
    arguments: int | None
    more: bool = False
    written: bool = False


def tokens(text: str) -> list[Token]:
    """Split a file into words, without blanks and comments."""
    found = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        if match["skip"] is None:
            kind = next(key for key in ("string", "name", "number", "sign") if match[key] is not None)
            found.append(Token(kind, match.group(), line))
        line += match.group().count("\n")
    return found


def _arguments(words: list[Token], at: int) -> tuple[int, bool]:
    """Count the arguments of the call whose bracket opens at an index; whether the last may be several."""
    depth, blocks, commas = 1, 0, 0
    last: list[str] = []
    for word in words[at + 1 :]:
        if word.kind == "sign":
            depth += (word.text in _OPEN) - (word.text in _CLOSE)
            if depth == 0:
                break
        elif word.kind == "name":
            blocks += (word.text in _BEGIN) - (word.text in _END)
        if word.text == "," and depth == 1 and blocks == 0:
            commas += 1
            last = []
        else:
            last.append(word.text)
    if not commas and not last:
        return 0, False
    several = last[-1] == "..." or (last[-1] == ")" and last[0] != "(")
    return commas + 1, several


def uses(text: str) -> Iterator[Use]:
    """Find what a file uses of `reaper` and `gfx`."""
    words = tokens(text)
    for at, word in enumerate(words):
        if word.kind != "name" or word.text not in {"reaper", "gfx"}:
            continue
        before = words[at - 1].text if at else ""
        if before in {".", ":"} or at + 2 >= len(words) or words[at + 1].text != ".":
            continue
        name, following = words[at + 2], words[at + 3] if at + 3 < len(words) else None
        if following is not None and following.text == "(":
            count, more = _arguments(words, at + 3)
            yield Use(word.text, name.text, word.line, count, more)
        else:
            written = following is not None and following.text == "="
            yield Use(word.text, name.text, word.line, None, written=written)


def exists_checks(text: str) -> set[str]:
    """Give the names that a file asks APIExists about."""
    return set(re.findall(r"""APIExists\s*\(\s*["'](\w+)["']""", text))
