"""Audacity's settings files, read and changed key by key: what isn't touched stays byte for byte.

The format is wxWidgets' own: groups in brackets, ``key=value``, backslash escapes in values, and quotes
around a value that begins or ends with a blank. Groups and keys that nobody here knows are none of our
business; neither are the order, the line ends and the encoding.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from stembridge.model.errors import StoreError

BACKUP = ".stembridge-backup"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_MARK = b"\xef\xbb\xbf"


class CfgFile:
    """The lines of a settings file.

    Parameters
    ----------
    data
        The file's bytes; empty for a file that isn't there yet.
    """

    def __init__(self, data: bytes = b"") -> None:
        self._mark = _MARK if data.startswith(_MARK) else b""
        self._lines = data.removeprefix(_MARK).splitlines(keepends=True)
        self._end = b"\r\n" if self._lines and self._lines[0].endswith(b"\r\n") else b"\n"

    @property
    def data(self) -> bytes:
        """The file's bytes as they are now."""
        return self._mark + b"".join(self._lines)

    def get(self, group: str, key: str) -> str | None:
        """Give a value; ``group`` is empty for the lines above all groups."""
        found = self._find(group, key)
        return None if found is None else _plain(self._lines[found].partition(b"=")[2])

    def set(self, group: str, key: str, value: str) -> None:
        """Change a value, or add it at its group's end, or its group at the file's."""
        line = f"{key}={escaped(value)}".encode() + self._end
        found = self._find(group, key)
        if found is not None:
            self._lines[found] = line
            return
        span = self._span(group)
        if span is None:
            self._close_last_line()
            self._lines += [f"[{group}]".encode() + self._end, line]
            return
        place = span[1]
        while place > span[0] and not self._lines[place - 1].strip():
            place -= 1
        if place == len(self._lines):
            self._close_last_line()
        self._lines.insert(place, line)

    def remove(self, group: str, key: str) -> None:
        """Take a value out; it is fine when there is none."""
        found = self._find(group, key)
        if found is not None:
            del self._lines[found]

    def drop_if_empty(self, group: str) -> None:
        """Take a group's heading out when nothing stands under it."""
        span = self._span(group)
        if span is not None and not any(line.strip() for line in self._lines[slice(*span)]):
            del self._lines[span[0] - 1 : span[1]]

    def drop(self, group: str) -> None:
        """Take a group out with all that stands under its heading (not the groups below it)."""
        span = self._span(group)
        if span is not None:
            del self._lines[span[0] - 1 : span[1]]

    def has(self, group: str) -> bool:
        """Say whether the group's heading is there."""
        return self._span(group) is not None

    def groups(self) -> list[str]:
        """Give all headings in their order."""
        return [name for line in self._lines if (name := _heading(line)) is not None]

    def items(self, group: str) -> list[tuple[str, str]]:
        """Give the keys and values of a group in their order."""
        span = self._span(group)
        rows = [] if span is None else self._lines[slice(*span)]
        pairs = [line.decode("utf-8", "surrogateescape").partition("=") for line in rows if b"=" in line]
        return [(key.strip(), _plain(value.encode("utf-8", "surrogateescape"))) for key, _, value in pairs]

    def _span(self, group: str) -> tuple[int, int] | None:
        """First and last+1 line of the group's content."""
        start = 0 if not group else None
        for number, line in enumerate(self._lines):
            name = _heading(line)
            if name is None:
                continue
            if start is not None:
                return start, number
            if name == group:
                start = number + 1
        return None if start is None else (start, len(self._lines))

    def _find(self, group: str, key: str) -> int | None:
        span = self._span(group)
        wanted = key.encode()
        for number in range(*(span or (0, 0))):
            name, equals, _ = self._lines[number].partition(b"=")
            if equals and name.strip() == wanted:
                return number
        return None

    def _close_last_line(self) -> None:
        if self._lines and not self._lines[-1].endswith((b"\n", b"\r")):
            self._lines[-1] += self._end


def load(path: Path) -> CfgFile:
    """Read a settings file; one that isn't there is an empty one. Raises `StoreError`."""
    try:
        return CfgFile(path.read_bytes())
    except FileNotFoundError:
        return CfgFile()
    except OSError as error:
        raise _unusable(path, error) from error


def change(path: Path, edit: Callable[[CfgFile], None]) -> bool:
    """Change a settings file in one step, keeping a copy of it as it was.

    The copy (name + `BACKUP`) is made by the first change only, so that it is the file from before
    Stembridge. A link is followed, the file's rights are kept. Gives True when anything changed.
    Raises `StoreError`; the file is then as it was.
    """
    path = path.resolve()
    cfg = load(path)
    before = cfg.data
    edit(cfg)
    if cfg.data == before:
        return False
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = path.with_name(path.name + BACKUP)
        if path.exists() and not backup.exists():
            shutil.copy2(path, backup)
        with part.open("wb") as file:
            file.write(cfg.data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise _unusable(path, error) from error
    return True


def escaped(value: str) -> str:
    """Write a value as wxWidgets does."""
    quote = value[:1] in {" ", '"'} or value[-1:] == " "
    text = "".join(_ESCAPES.get(letter, letter) for letter in value)
    return '"' + text.replace('"', '\\"') + '"' if quote else text


def _plain(raw: bytes) -> str:
    text = raw.decode("utf-8", "surrogateescape").strip(" \t\r\n")
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    plain, rest = "", iter(text)
    for letter in rest:
        if letter == "\\":
            after = next(rest, "\\")
            letter = {"n": "\n", "r": "\r", "t": "\t"}.get(after, after)  # noqa: PLW2901
        plain += letter
    return plain


def _heading(line: bytes) -> str | None:
    text = line.strip()
    if text.startswith(b"[") and text.endswith(b"]"):
        return text[1:-1].decode("utf-8", "surrogateescape")
    return None


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"Audacity's settings can't be changed ({error.strerror or error}).",
        hint=f"Check the rights of '{path.parent}', then try again.",
        context={"path": str(path)},
    )
