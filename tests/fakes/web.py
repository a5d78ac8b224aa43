"""A very plain HTTP caller for tests of the stand-in: the standard library, nothing of the product."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    url: str,
    fields: Mapping[str, object] | None = None,
    files: Mapping[str, Path] | None = None,
    *,
    method: str = "",
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, object] | None = None,
) -> Answer:
    """Send one request; a form (with ``fields`` or ``files``) is a POST unless said otherwise."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if params:
        target += ("&" if "?" in target else "?") + urlencode({k: str(v) for k, v in params.items()})
    sent = dict(headers or {})
    body: bytes | None = None
    if fields is not None or files is not None:
        body, kind = multipart(fields or {}, files or {})
        sent.setdefault("Content-Type", kind)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request(method or ("POST" if body is not None else "GET"), target, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def multipart(fields: Mapping[str, object], files: Mapping[str, Path]) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    out = bytearray()
    for name, value in fields.items():
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, path in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{path.name}"\r\n'
        out += head.encode() + b"Content-Type: application/octet-stream\r\n\r\n"
        out += path.read_bytes() + b"\r\n"
    out += f"--{boundary}--\r\n".encode()
    return bytes(out), f"multipart/form-data; boundary={boundary}"
