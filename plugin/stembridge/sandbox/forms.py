"""Request bodies, read as a stream: a 1 GB upload goes from the socket to a file in blocks.

Multipart after RFC 7578, chunks after RFC 9112 section 7.1. Every part is bounded, and no file name that
arrives is ever used as a path: an upload is written where the caller of `read_form` says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qsl, unquote

BLOCK = 1 << 18
FIELD_LIMIT = 1 << 20
HEADER_LIMIT = 1 << 14
PARTS_LIMIT = 64


class MalformedBodyError(ValueError):
    """The body isn't what its headers promise."""


class BodyTooLargeError(ValueError):
    """The body is longer than this server takes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrived: the name it came under (for display only), where it lies, its bytes."""

    filename: str
    path: Path
    size: int


@dataclass(slots=True)
class Form:
    """Fields and files of one request."""

    fields: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def discard(self) -> None:
        """Delete every upload that nobody took over."""
        for upload in self.uploads.values():
            upload.path.unlink(missing_ok=True)


class Body:
    """The body of one request.

    Parameters
    ----------
    stream
        Where the bytes come from, right behind the headers.
    length
        ``Content-Length``; None without one.
    chunked
        True for ``Transfer-Encoding: chunked``.
    limit
        Most bytes that are taken.
    """

    def __init__(self, stream: BinaryIO, *, length: int | None, chunked: bool, limit: int) -> None:
        if length is not None and length > limit and not chunked:
            raise BodyTooLargeError(f"{length} bytes, {limit} at most")
        self._stream = stream
        self._left = 0 if chunked else (length or 0)
        self._chunked = chunked
        self._limit = limit
        self._over = False
        self.received = 0

    def read(self, size: int = BLOCK) -> bytes:
        """Give up to ``size`` bytes, empty at the end; raises ConnectionError when cut short."""
        if self._over:
            return b""
        if self._left == 0:
            self._left = self._next_chunk() if self._chunked else 0
            if self._left == 0:
                self._over = True
                return b""
        data = self._stream.read(min(size, self._left))
        if not data:
            raise ConnectionResetError("the connection ended inside the body")
        self._left -= len(data)
        self.received += len(data)
        if self._chunked and self._left == 0 and self._stream.read(2) != b"\r\n":
            raise MalformedBodyError("a chunk without its end")
        return data

    def drain(self) -> None:
        """Read what is left, so that the next request of the connection starts at its first byte."""
        while self.read():
            pass

    def _next_chunk(self) -> int:
        line = self._stream.readline(HEADER_LIMIT)
        if not line:
            raise ConnectionResetError("the connection ended between two chunks")
        digits = line.split(b";", 1)[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits):
            raise MalformedBodyError("a chunk without a length")
        size = int(digits, 16)
        if self.received + size > self._limit:
            raise BodyTooLargeError(f"more than {self._limit} bytes")
        if size == 0:
            while self._stream.readline(HEADER_LIMIT) not in {b"\r\n", b"\n", b""}:
                pass
        return size


def read_form(body: Body, content_type: str, place: Callable[[], Path]) -> Form:
    """Read a body into fields and files.

    Parameters
    ----------
    body
        The stream; it is read to its end.
    content_type
        The header's value; anything but the two form types gives an empty form.
    place
        Called once for every file: where to write it.

    Raises
    ------
    MalformedBodyError, BodyTooLargeError
        Nothing of the uploads is left on disk.
    ConnectionError
        The client went away; likewise.
    """
    kind, _, rest = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == "multipart/form-data":
        boundary = _parameter(rest, "boundary")
        if not boundary or len(boundary) > 200:
            raise MalformedBodyError("a form without a boundary")
        form = Form()
        try:
            _Multipart(body, boundary.encode("latin-1", "replace"), place, form).run()
        except BaseException:
            form.discard()
            raise
        return form
    if kind == "application/x-www-form-urlencoded":
        data = b""
        while block := body.read():
            data += block
            if len(data) > FIELD_LIMIT:
                raise BodyTooLargeError("the form is too long")
        pairs = parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=PARTS_LIMIT)
        return Form(fields=dict(pairs))
    body.drain()
    return Form()


class _Multipart:
    def __init__(self, body: Body, boundary: bytes, place: Callable[[], Path], form: Form) -> None:
        self._body = body
        self._delimiter = b"\r\n--" + boundary
        self._place = place
        self._form = form
        # The first delimiter has no line break before it: lend it one.
        self._buffer = b"\r\n"

    def run(self) -> None:
        self._copy(lambda _data: None)
        for _ in range(PARTS_LIMIT):
            if self._take(2) == b"--":
                self._body.drain()
                return
            self._part()
        raise MalformedBodyError("too many parts")

    def _part(self) -> None:
        # What follows a delimiter's line break is a header block, which may be empty.
        headers = self._headers()
        disposition = headers.get("content-disposition", "")
        name = _parameter(disposition, "name")
        filename = _filename(disposition)
        if filename is None:
            value = bytearray()

            def add(data: bytes) -> None:
                value.extend(data)
                if len(value) > FIELD_LIMIT:
                    raise BodyTooLargeError("a field is too long")

            self._copy(add)
            self._form.fields[name] = value.decode("utf-8", "replace")
            return
        old = self._form.uploads.pop(name, None)
        if old is not None:
            old.path.unlink(missing_ok=True)
        path = self._place()
        size = 0
        try:
            with path.open("xb") as file:

                def write(data: bytes) -> None:
                    nonlocal size
                    size += len(data)
                    file.write(data)

                self._copy(write)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._form.uploads[name] = Upload(filename, path, size)

    def _copy(self, sink: Callable[[bytes], None]) -> None:
        """Hand everything up to the next delimiter to ``sink``, and step over the delimiter."""
        keep = len(self._delimiter) - 1
        while True:
            at = self._buffer.find(self._delimiter)
            if at >= 0:
                if at:
                    sink(self._buffer[:at])
                self._buffer = self._buffer[at + len(self._delimiter) :]
                return
            if len(self._buffer) > keep:
                sink(self._buffer[:-keep])
                self._buffer = self._buffer[-keep:]
            self._more()

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _more(self) -> None:
        data = self._body.read()
        if not data:
            raise MalformedBodyError("the form ends before its last boundary")
        self._buffer += data

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while True:
            while (at := self._buffer.find(b"\r\n")) < 0:
                if len(self._buffer) > HEADER_LIMIT:
                    raise MalformedBodyError("a part's headers are too long")
                self._more()
            line, self._buffer = self._buffer[:at], self._buffer[at + 2 :]
            if not line:
                return headers
            if len(headers) >= 16:
                raise MalformedBodyError("a part has too many headers")
            key, _, value = line.decode("utf-8", "replace").partition(":")
            headers[key.strip().lower()] = value.strip()


def _parameter(text: str, name: str) -> str:
    pattern = rf'(?:^|[;\s]){re.escape(name)}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))'
    match = re.search(pattern, text, re.IGNORECASE)
    if match is None:
        return ""
    if match[1] is None:
        return match[2] or ""
    return re.sub(r"\\([\"\\])", r"\1", match[1])


def _filename(disposition: str) -> str | None:
    extended = _parameter(disposition, "filename*")
    if extended.lower().startswith("utf-8'"):
        return unquote(extended.split("'", 2)[-1])
    if not re.search(r"[;\s]filename\s*=", disposition, re.IGNORECASE):
        return None
    return _parameter(disposition, "filename")


def slug_and_suffix(filename: str) -> tuple[str, str]:
    """Make a plain slug and a suffix of a file name that somebody chose.

    Letters a-z, digits, underscores and hyphens survive, 80 characters at most; the suffix has no dot.
    """
    name = re.split(r"[\\/]", filename)[-1]
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, ""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:80].strip("-")
    suffix = re.sub(r"[^a-z0-9]", "", suffix.lower())[:5]
    return slug or "audio", suffix or "bin"
