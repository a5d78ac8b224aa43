"""The stand-in service in one piece: rules, calls, HTTP, clockwork and webhook.

with Sandbox(folder, splitter()) as sandbox:
    print(sandbox.url, sandbox.free.key)
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from stembridge.model.errors import UnavailableError, UsageError
from stembridge.sandbox.accounts import PREMIUM, REGISTERED, Account, Accounts, Plan, RateLimit
from stembridge.sandbox.catalogue import Catalogue, built_in
from stembridge.sandbox.http import LOOPBACK_NAMES, Handler, Server, dump, upload_place
from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.quality import QualityChecker
from stembridge.sandbox.remote import Fetch, RemoteDesk, fetch_from_loopback
from stembridge.sandbox.service import Service
from stembridge.sandbox.site import Site
from stembridge.sandbox.splitters import Separator
from stembridge.sandbox.wire import Refusal, Reply, Request, json_reply

log = logging.getLogger(__name__)

TICK = 0.1
BODY_LIMIT = 1100 << 20
_TYPES = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/x-wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".txt": "text/plain; charset=utf-8",
    ".srt": "application/x-subrip",
}


class Sandbox:
    """A stand-in for the service, on loopback.

    Parameters
    ----------
    folder
        For uploads and results; made when missing. Nothing outside of it is ever written. The state is in
        memory, so a folder that outlives the program holds files that nobody asks for: give a temporary one.
    separator
        What separates: see `stembridge.sandbox.splitters`.
    port
        0 takes a free one.
    credits
        What the premium account starts with.
    free_key, premium_key
        Keys of the two accounts that are there from the start; made up when left out.
    clock
        Unix seconds.
    pace
        How long everything takes.
    workers
        Separations at a time.
    rate_limit
        API requests a minute and key; None counts nothing.
    webhook
        A URL on this machine that is told of every job that ended; unsigned, as the service's are.
    webhook_shape
        Where the hash stands in what is posted: ``hash``, or ``data.hash``.
    free_plan, premium_plan
        Limits of the two plans.
    body_limit
        Most bytes of one request.
    recent
        True: the newer shapes of some replies.
    patient
        True: a status that lacks only the end of the separation itself waits for it (for false clocks).
    catalogue
        The separation types; the built-in ones when left out.
    fetch
        How a `url` order gets its file; from this machine only when left out.
    handler
        The class that serves a connection.

    Raises
    ------
    UsageError
        The webhook isn't on this machine.
    UnavailableError
        The port is taken.
    """

    def __init__(
        self,
        folder: Path,
        separator: Separator,
        *,
        port: int = 0,
        credits: int = 1000,  # noqa: A002 - the service's own word
        free_key: str | None = None,
        premium_key: str | None = None,
        clock: Callable[[], float] = time.time,
        pace: Pace | None = None,
        workers: int = 1,
        rate_limit: int | None = 120,
        webhook: str | None = None,
        webhook_shape: Literal["hash", "data.hash"] = "hash",
        free_plan: Plan = REGISTERED,
        premium_plan: Plan = PREMIUM,
        body_limit: int = BODY_LIMIT,
        recent: bool = False,
        patient: bool = False,
        catalogue: Catalogue | None = None,
        fetch: Fetch = fetch_from_loopback,
        handler: type[Handler] | None = None,
    ) -> None:
        if webhook is not None and (
            urlsplit(webhook).scheme != "http" or urlsplit(webhook).hostname not in LOOPBACK_NAMES
        ):
            raise UsageError(
                "A webhook of the sandbox goes to this machine only.",
                hint="Give a URL that starts with http://127.0.0.1: or http://localhost:.",
            )
        self.free = Account(
            "Free Tester", "free@example.com", "sandbox-free", free_key or secrets.token_urlsafe(24)
        )
        self.premium = Account(
            "Premium Tester",
            "premium@example.com",
            "sandbox-premium",
            premium_key or secrets.token_urlsafe(24),
            credits=credits,
            premium_enabled=True,
        )
        self.service = Service(
            folder,
            separator,
            accounts=Accounts([self.free, self.premium]),
            catalogue=catalogue or built_in(),
            clock=clock,
            pace=pace or Pace(),
            workers=workers,
            free=free_plan,
            premium=premium_plan,
            patient=patient,
        )
        self._clock = clock
        self._limit = RateLimit(rate_limit)
        self._webhook, self._webhook_shape = webhook, webhook_shape
        remote = RemoteDesk(self.service, fetch)
        self._routes = {
            **Site(self.service, remote, recent=recent).routes(),
            **QualityChecker(self.service).routes(),
        }
        try:
            self.server = Server(port, self.answer, upload_place(self.service.uploads), body_limit, handler)
        except OSError as error:
            self.service.workshop.close(0)
            raise UnavailableError(
                f"Port {port} of this machine is taken.",
                hint="Choose another with --port, or leave it out to take a free one.",
                context={"port": port},
            ) from error
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="sandbox-clock", daemon=True)

    @property
    def url(self) -> str:
        """Give the service's base address."""
        return self.server.base

    def start(self) -> Self:
        """Begin to serve."""
        self.server.start()
        self._ticker.start()
        return self

    def stop(self) -> None:
        """Stop serving; what is in the folder stays."""
        self._stop.set()
        self.server.stop()
        if self._ticker.is_alive():
            self._ticker.join()
        self.service.workshop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        if request.path.startswith("/storage/"):
            return self._file(request)
        route = self._routes.get(request.path)
        if route is None:
            return json_reply({"message": "Not Found"}, 404)
        remaining, wait = self._limit.take(request.params.get("api_token") or request.caller, self._clock())
        if remaining < 0:
            reply = json_reply({"message": "Too Many Attempts."}, HTTPStatus.TOO_MANY_REQUESTS)
            reply.headers["Retry-After"] = str(wait)
        elif request.method not in route[0]:
            reply = json_reply({"message": "Method Not Allowed"}, HTTPStatus.METHOD_NOT_ALLOWED)
            reply.headers["Allow"] = ", ".join(sorted(route[0]))
        else:
            try:
                reply = json_reply(route[1](request))
            except Refusal as refusal:
                reply = json_reply(refusal.document, refusal.status)
        if self._limit.per_minute is not None:
            reply.headers["X-RateLimit-Limit"] = str(self._limit.per_minute)
            reply.headers["X-RateLimit-Remaining"] = str(max(0, remaining))
        return reply

    def _file(self, request: Request) -> Reply:
        names = request.path.split("/")
        found = self.service.stored(names[2], unquote(names[3])) if len(names) == 4 else None
        if found is None or request.method not in {"GET", "HEAD"}:
            return json_reply({"message": "Not Found"}, 404)
        kind = _TYPES.get(found.path.suffix, "application/octet-stream")
        return Reply(200, headers={"Content-Type": kind}, file=found.path, etag=found.etag)

    def _tick(self) -> None:
        while not self._stop.wait(TICK):
            self.service.advance()
            with self.service.lock:
                ended, self.service.ended = self.service.ended, []
            if self._webhook is None:
                continue
            for job in ended:
                document = (
                    {"hash": job.hash} if self._webhook_shape == "hash" else {"data": {"hash": job.hash}}
                )
                self._tell(self._webhook, dump(document))

    def _tell(self, url: str, body: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - http to loopback, checked when it was given
            url, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect()).open(
                request, timeout=5
            ) as answer:
                answer.read(1 << 16)
        except OSError as error:
            log.info("the webhook was not taken: %s", type(error).__name__)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
