"""A multipart form that is sent from disk, in constant memory, and knows whether it has all left.

The format is RFC 7578. It is written here, not by the HTTP library, for one fact that decides about
money: whether the last byte has been handed to the connection.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stembridge.model.errors import InputError

_BLOCK = 1 << 18
_KINDS = {
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send: the form's field, the file, and the name by which the service will know it."""

    field: str
    path: Path
    name: str


class FormAbortedError(Exception):
    """Ends the sending from inside; never leaves the transport."""


class Form:
    """The body of one POST.

    Parameters
    ----------
    fields
        Name and text of each field, in order. They are sent in front of the file.
    upload
        The file, or None.

    Raises
    ------
    InputError
        When the file isn't there or can't be read.
    """

    def __init__(self, fields: Mapping[str, str], upload: Upload | None = None) -> None:
        self._lock = threading.Lock()
        self._upload = upload
        self._aborted = False
        self.boundary = secrets.token_hex(16)
        self.file_size = 0
        self.file_sent = 0
        self.begun = False
        self.whole = False
        """True once the last byte may have left."""
        head = b"".join(
            self._part(f'name="{_quoted(k)}"', "") + v.encode() + b"\r\n" for k, v in fields.items()
        )
        self._tail = f"--{self.boundary}--\r\n".encode()
        if upload is not None:
            try:
                self.file_size = upload.path.stat().st_size
            except OSError:
                raise _unreadable(upload.path) from None
            kind = _KINDS.get(upload.path.suffix.lower(), "application/octet-stream")
            which = f'name="{_quoted(upload.field)}"; filename="{_quoted(upload.name)}"'
            head += self._part(which, f"Content-Type: {kind}\r\n")
            self._tail = b"\r\n" + self._tail
        self._head = head

    def _part(self, which: str, more: str) -> bytes:
        return f"--{self.boundary}\r\nContent-Disposition: form-data; {which}\r\n{more}\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        """Content-Type and Content-Length."""
        size = len(self._head) + self.file_size + len(self._tail)
        return {"Content-Type": f"multipart/form-data; boundary={self.boundary}", "Content-Length": str(size)}

    def abort(self) -> bool:
        """Stop sending.

        Returns
        -------
        bool
            True when the body is incomplete and will stay so: nothing can come of the request.
        """
        with self._lock:
            self._aborted = True
            return not self.whole

    def chunks(self) -> Iterator[bytes]:
        """Give the body in pieces; asking for the next one means that the last is on its way.

        Raises
        ------
        FormAbortedError
            After `abort`.
        InputError
            When the file can't be read or has become shorter. The form is incomplete then.
        """
        self.begun = True
        yield self._head
        if self._upload is not None:
            yield from self._file(self._upload.path)
        with self._lock:
            if self._aborted:
                raise FormAbortedError
            self.whole = True
        yield self._tail

    def _file(self, path: Path) -> Iterator[bytes]:
        try:
            with path.open("rb") as file:
                while self.file_sent < self.file_size:
                    if self._aborted:
                        raise FormAbortedError
                    block = file.read(min(_BLOCK, self.file_size - self.file_sent))
                    if not block:
                        raise InputError(
                            f"'{path.name}' became shorter while it was being sent.",
                            code="source_changed",
                            hint="Leave the file alone until it has been sent, and start again.",
                        )
                    yield block
                    self.file_sent += len(block)
        except OSError:
            raise _unreadable(path) from None


def _unreadable(path: Path) -> InputError:
    return InputError(f"'{path.name}' can't be read for sending.", hint="Check that the file is still there.")


def _quoted(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
