"""Audacity's answers: where one ends in the stream of bytes, and what is in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from stembridge_audacity.traps import Trap

_END = re.compile(rb"BatchCommand finished: ([^\n]*)\n\n")
_LONGEST_END = 64
_NO_PROJECT = b"\n"
_SYNTAX = b"Syntax error!"
_LIMIT = 64 * 1024 * 1024
_LONE_BACKSLASH = re.compile(r'\\(?!")')
_LONE_OR_LAST_BACKSLASH = re.compile(r'\\(?!")|\\(?="\s*[,\]}])')


@dataclass(frozen=True)
class Reply:
    """One answer.

    Parameters
    ----------
    text
        What stands before the closing marker, without the last line's end.
    ok
        True when Audacity says OK; that isn't proof that it did anything.
    raw
        The whole answer as it came.
    """

    text: str
    ok: bool
    raw: str

    @property
    def no_project(self) -> bool:
        """True for the lone newline with which Audacity swallows a command while it has no project."""
        return self.raw == "\n"

    def json(self) -> object:
        """Give the JSON in the text, repaired.

        Audacity escapes quotes in names and nothing else: a backslash or a control character in a track's
        name makes its JSON invalid.

        Raises
        ------
        HostError
            It is no JSON even so.
        """
        # A name that ends in a backslash seems to escape its closing quote; read it so only if it must be.
        for backslash in (_LONE_BACKSLASH, _LONE_OR_LAST_BACKSLASH):
            try:
                return json.loads(backslash.sub(r"\\\\", self.text), strict=False)
            except ValueError:
                continue
        raise Trap.GARBLED.error(reply=self.text[:400])


class Framer:
    """Cuts the stream into answers.

    An answer ends with ``BatchCommand finished: ...`` and an empty line; an empty line alone ends nothing.
    Two answers come without that marker (no project, no colon in the line): they are known only by the
    silence after them, which the reader has to wait for.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add what was read.

        Raises
        ------
        HostError
            No answer is that long.
        """
        self._buffer += data
        if len(self._buffer) > _LIMIT:
            self._buffer.clear()
            self._searched = 0
            raise Trap.GARBLED.error(bytes=_LIMIT)

    def take(self, *, quiet: bool = False) -> Reply | None:
        """Cut the first whole answer off.

        Parameters
        ----------
        quiet
            True when nothing more came for a while, so that an answer without its marker counts.
        """
        found = _END.search(self._buffer, self._searched)
        if found:
            reply = Reply(
                _decode(self._buffer[: found.start()]).removesuffix("\n"),
                found[1] == b"OK",
                _decode(self._buffer[: found.end()]),
            )
            self._cut(found.end())
            return reply
        self._searched = max(0, len(self._buffer) - _LONGEST_END)
        if quiet and self.unmarked:
            raw = _decode(self._buffer)
            self._cut(len(self._buffer))
            return Reply(raw.strip("\n"), ok=False, raw=raw)
        return None

    @property
    def unmarked(self) -> bool:
        """True when what is here would be an answer if nothing followed it."""
        return self._buffer == _NO_PROJECT or (
            self._buffer.startswith(_SYNTAX) and self._buffer.endswith(b"\n\n")
        )

    def clear(self) -> bytes:
        """Throw away what is here, and give it."""
        left = bytes(self._buffer)
        self._cut(len(self._buffer))
        return left

    def _cut(self, end: int) -> None:
        del self._buffer[:end]
        self._searched = 0


def _decode(data: bytearray) -> str:
    return data.decode("utf-8", errors="replace")
