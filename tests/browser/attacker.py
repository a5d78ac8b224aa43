"""Another site on this machine, in the same browser: it knows the panel's whole link and tries everything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
TYPES = {"attack.html": "text/html; charset=utf-8", "attack.js": "text/javascript; charset=utf-8"}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Serve the page and its script."""
        name = self.path.lstrip("/")
        body = (HERE / name).read_bytes() if name in TYPES else b""
        self.send_response(200 if body else 204)
        self.send_header("Content-Type", TYPES.get(name, "text/plain"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Keep quiet."""


@contextmanager
def attacker() -> Iterator[int]:
    """Serve the attacking page on loopback; gives its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
