"""The HTTP side of the stand-in: one thread a connection, on loopback and nowhere else.

Built on the standard library: uploads go straight from the socket into their file, downloads straight
from the file into the socket, both in constant memory, and the server starts and stops in milliseconds.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import socket
import socketserver
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from stembridge.sandbox.forms import Body, BodyTooLargeError, Form, MalformedBodyError, read_form
from stembridge.sandbox.wire import Refusal, Reply, Request, json_reply

log = logging.getLogger(__name__)

Application = Callable[[Request], Reply]
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})


class Server(ThreadingHTTPServer):
    """A server on 127.0.0.1.

    Parameters
    ----------
    port
        0 takes a free one.
    application
        Answers a request.
    place
        Where the next upload is written.
    body_limit
        Most bytes of one request.
    handler
        The class that serves a connection.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # A port that was just left may be taken again, except where that means sharing it with a stranger.
    allow_reuse_address = os.name != "nt"

    def __init__(
        self,
        port: int,
        application: Application,
        place: Callable[[], Path],
        body_limit: int,
        handler: type[Handler] | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), handler or Handler)
        self.application = application
        self.place = place
        self.body_limit = body_limit
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def base(self) -> str:
        """Give the server's address, as ``http://127.0.0.1:port``."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def server_bind(self) -> None:
        """Bind, without the look-up of the machine's own name that the base class makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox-http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and close every connection that is open."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        deadline = time.monotonic() + 5
        while self._open and time.monotonic() < deadline:
            time.sleep(0.005)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection until it is closed."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        super().shutdown_request(request)
        with self._lock:
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is logged by its class."""
        error = sys.exc_info()[1]
        if not isinstance(error, (OSError, ValueError)):
            log.error("a request failed in the server: %s", type(error).__name__)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "stembridge-sandbox"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True
    # The base class writes every line of a header by itself without this.
    wbufsize = 1 << 16
    rbufsize = 1 << 16
    server: Server

    def version_string(self) -> str:
        """Name the server, and nothing of the machine."""
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing: an address of ours holds a key or a hash."""

    def do_GET(self) -> None:
        """Serve a request of any method."""
        self.exchange()

    do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Answer an ``Expect: 100-continue`` at once, ahead of the buffered answer."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def exchange(self) -> None:
        """Read one request, answer it, and leave nothing of its uploads behind."""
        request: Request | None = None
        try:
            request = self.receive()
            reply = self.decide(request)
            request.form.discard()
            self.deliver(reply)
        except BodyTooLargeError:
            self.close_connection = True
            self.deliver(_html(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            self._linger()
        except MalformedBodyError:
            self.close_connection = True
            self.deliver(json_reply({"success": False, "errors": ["The form can't be read."]}, 400))
        except ConnectionError:
            self.close_connection = True
        finally:
            if request is not None:
                request.form.discard()

    def receive(self) -> Request:
        """Read the request's body, and put query and form together."""
        parts = urllib.parse.urlsplit(self.path)
        form = self.read_body()
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        path = urllib.parse.unquote(parts.path)
        return Request(
            method=self.command,
            path="/" + path.strip("/"),
            params=dict(query) | form.fields,
            form=form,
            headers=dict(self.headers.items()),
            base=self._base(),
            caller=str(self.client_address[0]),
        )

    def read_body(self) -> Form:
        """Read the body into fields and files."""
        length = self.headers.get("Content-Length")
        chunked = "chunked" in (self.headers.get("Transfer-Encoding") or "").lower()
        if length is not None and not re.fullmatch(r"[0-9]{1,18}", length.strip()):
            raise MalformedBodyError("a length that is no number")
        body = self.body(length=None if length is None else int(length), chunked=chunked)
        return read_form(body, self.headers.get("Content-Type") or "", self.server.place)

    def body(self, *, length: int | None, chunked: bool) -> Body:
        """Give the stream of the body."""
        return Body(self.rfile, length=length, chunked=chunked, limit=self.server.body_limit)  # type: ignore[arg-type]

    def decide(self, request: Request) -> Reply:
        """Have the request answered."""
        host = urllib.parse.urlsplit(f"//{self.headers.get('Host') or '127.0.0.1'}").hostname
        if host not in LOOPBACK_NAMES:
            # A page of the web that had its name point here gets nothing.
            return _html(HTTPStatus.MISDIRECTED_REQUEST)
        origin = self.headers.get("Origin")
        if origin is not None and urllib.parse.urlsplit(origin).hostname not in LOOPBACK_NAMES:
            # Nor does one that sends its forms here.
            return _html(HTTPStatus.FORBIDDEN)
        try:
            return self.server.application(request)
        except Refusal as refusal:
            return json_reply(refusal.document, refusal.status)
        except ConnectionError:
            raise
        except Exception:
            log.exception("the stand-in service failed")
            return _html(HTTPStatus.INTERNAL_SERVER_ERROR)

    def deliver(self, reply: Reply) -> None:
        """Send an answer."""
        if reply.file is not None:
            self._deliver_file(reply, reply.file)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _deliver_file(self, reply: Reply, path: Path) -> None:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            status, start, stop = byte_range(
                self.headers.get("Range"), self.headers.get("If-Range"), size, reply.etag
            )
            self.send_response(status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", reply.etag)
            if status == 416:
                self.send_header("Content-Range", f"bytes */{size}")
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            self.send_header("Content-Length", str(stop - start))
            self.end_headers()
            self.wfile.flush()
            if self.command != "HEAD" and stop > start:
                self.send_file(file, start, stop - start)

    def send_file(self, file: Any, start: int, count: int) -> None:
        """Send a part of a file, by the kernel where it can."""
        self.connection.sendfile(file, start, count)

    def _base(self) -> str:
        host = self.headers.get("Host") or ""
        if re.fullmatch(r"(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?", host, re.IGNORECASE):
            return f"http://{host.lower()}"
        return self.server.base

    def _linger(self) -> None:
        """Read on for a moment, so that the answer isn't lost to a reset while the client still sends."""
        self.connection.settimeout(1)
        deadline = time.monotonic() + 3
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < deadline and self.connection.recv(1 << 18):
                pass
        except OSError:
            return


def byte_range(wanted: str | None, guard: str | None, size: int, etag: str) -> tuple[int, int, int]:
    """Read ``Range`` and ``If-Range`` (RFC 9110, sections 13 and 14).

    Returns
    -------
    tuple
        Status (200, 206 or 416), first byte, and the byte behind the last.
    """
    match = re.fullmatch(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", wanted or "")
    if match is None or not (match[1] or match[2]) or (guard is not None and guard.strip() != etag):
        return 200, 0, size
    if not match[1]:
        count = min(size, int(match[2]))
        return (206, size - count, size) if count else (416, 0, 0)
    start = int(match[1])
    stop = min(size, int(match[2]) + 1) if match[2] else size
    if match[2] and int(match[2]) < start:
        return 200, 0, size
    return (206, start, stop) if start < size else (416, 0, 0)


def _html(status: HTTPStatus) -> Reply:
    title = f"{status.value} {status.phrase}"
    text = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Reply(status.value, text.encode(), {"Content-Type": "text/html"})


def upload_place(folder: Path) -> Callable[[], Path]:
    """Give a function that names a new file in ``folder`` every time; the names can't be guessed."""
    return lambda: folder / f"{secrets.token_hex(16)}.upload"


def dump(document: Mapping[str, object]) -> bytes:
    """Write a document for the webhook."""
    return json.dumps(document).encode()
