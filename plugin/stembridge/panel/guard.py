"""Who may ask: only the page that we serve, in the user's own browser.

Every request passes here first. A link of a random key is all that opens the panel; the rest keeps other
web pages out: a name that was rebound to this machine (Host), a page of another origin (Origin,
Sec-Fetch-Site), a form or a plain request that carries no header of ours. What is refused learns nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse

from stembridge.panel.tickets import DOOR, Tickets

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADER, HEADER_VALUE = "x-stembridge", "panel"
"""What a page of another origin can't send without asking us first; and we never say yes."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
_USED = "This link opens the panel once. Take the one that `stembridge panel` prints, or run it again."
_SAFE = frozenset({"GET", "HEAD"})
_METHODS = _SAFE | {"POST", "DELETE"}
_OURS = frozenset({"same-origin", "none"})


def new_key() -> str:
    """Make the secret part of the link: 256 random bits, fit for a path."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Guard:
    """Stands before the application.

    Parameters
    ----------
    app
        What answers; it sees paths without the key.
    key
        The secret part of every path.
    port
        Where the server listens: other ports in Host are another site's.
    tickets
        What opens the panel once, by a path without the key.
    """

    app: App
    key: str
    port: int
    tickets: Tickets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        dressed = _dressed(send)
        refused = self._refused(scope)
        door, _, ticket = scope["path"].removeprefix("/").partition("/")
        if refused == 404 and door == DOOR and scope["method"] == "GET":
            good = self.tickets.take(ticket)
            answer = RedirectResponse(f"/{self.key}/", 303) if good else PlainTextResponse(_USED, 410)
            await answer(scope, receive, dressed)
            return
        if refused:
            words = "Not found." if refused == 404 else "Refused."
            await PlainTextResponse(words, refused)(scope, receive, dressed)
            return
        prefix = f"/{self.key}"
        inner = {**scope, "path": scope["path"][len(prefix) :], "raw_path": b"", "root_path": ""}
        await self.app(inner, receive, dressed)

    def _refused(self, scope: Scope) -> int | None:
        """Give the status of a refusal, None for a request that may pass."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}:
            return 403
        method = scope["method"]
        if method not in _METHODS:
            return 405
        origins = headers.getlist("origin")
        ours = [f"http://{hosts[0].lower()}"]
        if origins not in ([], ours) or (method not in _SAFE and origins != ours):
            return 403
        if headers.get("sec-fetch-site", "none") not in _OURS:
            return 403
        if method not in _SAFE and headers.getlist(HEADER) != [HEADER_VALUE]:
            return 403
        first, slash, _ = scope["path"].removeprefix("/").partition("/")
        known = secrets.compare_digest(first.encode("utf-8", "surrogateescape"), self.key.encode())
        return None if known and slash else 404


def _dressed(send: Send) -> Send:
    """Put our headers on whatever is answered."""

    async def answer(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [pair for pair in message.get("headers", []) if pair[0].decode().lower() not in HEADERS]
            message["headers"] = own + [(name.encode(), text.encode()) for name, text in HEADERS.items()]
        await send(message)

    return answer
