"""The wire: the only module that knows the HTTP library.

What it promises
----------------
* A GET is repeated after 408, 425, 429, 5xx and connection errors, with growing pauses; a POST never.
* A POST that failed says whether its whole body may have left (`MaybeSentError`) or certainly not
  (`UnavailableError`, retryable).
* A key goes to the service's own hosts only, over https or to loopback, and across no redirect.
* Every call ends: replies have a size and a time limit, and a cancel is noticed within a second.
* No exception of the HTTP library comes out, and no secret in any exception or log.
"""

from __future__ import annotations

import logging
import os
import random as _random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Self

from stembridge import __version__
from stembridge.model.errors import Cancelled, ProtocolError, StembridgeError, UnavailableError, UsageError
from stembridge.mvsep.attend import INSIDE, OverdueError, attend, never, nothing
from stembridge.mvsep.faults import MaybeSentError
from stembridge.mvsep.form import Form, FormAbortedError, Upload
from stembridge.mvsep.origin import PUBLIC, Service, split
from stembridge.mvsep.pace import Backoff, read_retry_after, repeatable
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.wire import (
    HOPS,
    Asked,
    Limits,
    Params,
    Quiet,
    Reply,
    Sent,
    next_hop,
    revealed,
    sent_elsewhere,
)
from stembridge.mvsep.wire_errors import Broken, describe

if TYPE_CHECKING:
    import httpx

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")


_QUIET = Quiet()
_NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@cache
def _trusted(*_named: str | None) -> ssl.SSLContext | bool:
    """Read the machine's certificates, once for all clients of a process; True where the machine has none.

    True stands for those that come with the HTTP library. Where the user names others (`_NAMES`), those
    are read, and they are part of what the answer is kept under.
    """
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    return context if paths.cafile or paths.capath or context.cert_store_stats()["x509_ca"] else True


class Transport:
    """Connections to one service.

    Parameters
    ----------
    base_url
        The service's address.
    budget
        Called before every request to the API; it may wait, and it may raise to refuse.
    clock, wall, sleep, random
        Monotonic seconds, Unix seconds, a pause, numbers from 0 to 1.

    Raises
    ------
    UsageError
        When the address isn't one.
    """

    def __init__(
        self,
        base_url: str = PUBLIC,
        *,
        limits: Limits | None = None,
        budget: Callable[[], None] = nothing,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = _random.random,
    ) -> None:
        self.service = Service(base_url)
        self.limits = limits or Limits()
        self.backoff = Backoff(random)
        self.clock = clock
        self._budget = budget
        self.wall = wall
        self._sleep = sleep
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; another request opens them again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            quiet = INSIDE.set(True)
            client.close()
            INSIDE.reset(quiet)

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        node: str | None = None,
        attempts: int | None = None,
        cancelled: Asked = never,
    ) -> Reply:
        """Make a GET, again where that may help.

        Parameters
        ----------
        path
            From ``/api`` on.
        params
            The query.
        node
            Base address of the job's host; the configured one when left out.
        attempts
            1 for a request that costs something.

        Returns
        -------
        Reply
            Any status but a redirect; after the last attempt also one that might pass.

        Raises
        ------
        UnavailableError
            When no answer could be had.
        """
        url = self._address(path, node, params)
        most = attempts or self.limits.attempts
        failures = 0
        while True:
            self._budget()
            reply: Reply | None = None
            problem: StembridgeError | None = None
            try:
                reply = self._once(url, params, cancelled)
            except Broken as broken:
                problem = broken.seen
            failures += 1
            if problem is None and reply is not None and not repeatable(reply.status):
                return reply
            asked = reply.retry_after if reply else None
            pause = None if failures >= most else self.backoff.pause(failures, asked)
            if pause is None or (problem is not None and not problem.retryable):
                if reply is not None:
                    return reply
                raise problem or UnavailableError("MVSEP can't be reached.")
            self.pause(pause, cancelled)

    def _once(self, url: str, params: Params | None, cancelled: Asked) -> Reply:
        began = self.clock()
        query = revealed(params)

        def work() -> Reply:
            target, rest = url, query
            for _ in range(HOPS):
                with self.client().stream("GET", target, params=rest) as response:
                    if not response.has_redirect_location:
                        return self._read(response, whole=True)
                    target, rest = next_hop(url, response.headers["location"]), None
            raise Broken(sent_elsewhere())

        return self._attended(
            work, cancelled=cancelled, overdue=lambda: self.clock() - began > self.limits.reply
        )

    def post(
        self,
        path: str,
        fields: Params,
        *,
        upload: Upload | None = None,
        node: str | None = None,
        progress: Sent | None = None,
        cancelled: Asked = never,
    ) -> Reply:
        """Make a POST, once.

        ``progress`` gets the file's bytes sent and in all, at least ten times a second, until the
        answer is there.

        Raises
        ------
        MaybeSentError
            The whole body may have left, and no answer came.
        UnavailableError
            The body has certainly not left as a whole: it may be sent again (``retryable``).
        Cancelled
            Likewise certain. A cancel that comes later waits for the answer, which is then returned.
        """
        url = self._address(path, node, fields)
        form = Form(revealed(fields) or {}, upload)
        began = self.clock()
        left_at: list[float] = []

        def tick() -> None:
            if progress is not None:
                progress(form.file_sent, form.file_size)
            if form.whole and not left_at:
                left_at.append(self.clock())

        def overdue() -> bool:
            if left_at:
                return self.clock() - left_at[0] > self.limits.reply
            return not form.begun and self.clock() - began > 4 * self.limits.connect

        def work() -> Reply:
            with self.client().stream("POST", url, content=form.chunks(), headers=form.headers) as response:
                return self._read(response, whole=form.whole)

        self._budget()
        problem: StembridgeError | None = None
        try:
            reply = self._attended(work, cancelled=cancelled, tick=tick, overdue=overdue, leave=form.abort)
        except Broken as broken:
            problem = broken.seen
        if problem is None:
            if progress is not None:
                progress(form.file_sent, form.file_size)
            return reply
        if form.abort():
            raise problem
        raise MaybeSentError(
            "The connection to MVSEP broke off before it answered: the order may have arrived.",
            hint="It isn't sent again by itself. Look into the account's history before you repeat it.",
            context={"cause": problem.message},
        )

    def pause(self, seconds: float, cancelled: Asked, tick: Callable[[], None] = nothing) -> None:
        """Wait, in steps that leave room for a cancel."""
        while seconds > 0:
            if cancelled():
                raise Cancelled
            tick()
            step = min(0.2, seconds)
            self._sleep(step)
            seconds -= step

    def client(self) -> httpx.Client:
        """Give the one client; built at the first request, because that loads the library."""
        with self._lock:
            if self._client is None:
                self._client = self._build()
            return self._client

    def open(self, url: str, headers: Mapping[str, str]) -> AbstractContextManager[httpx.Response]:
        """Begin a GET whose body is taken piece by piece; the address carries no key.

        For `stream` alone, which gives it its thread, its limits and its errors.
        """
        limits = self.limits
        patience = (limits.connect, limits.stall, limits.write, limits.stall)
        return self.client().stream("GET", url, headers=dict(headers), timeout=patience)

    def _build(self) -> httpx.Client:
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx

        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_QUIET)
        origin = self.service.origin
        # A proxy on the way to this very machine would see the key.
        outside = not origin.loopback
        limits = self.limits
        try:
            return httpx.Client(
                verify=_trusted(*map(os.environ.get, _NAMES)),
                trust_env=outside,
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                timeout=httpx.Timeout(
                    connect=limits.connect, write=limits.write, read=limits.read, pool=limits.read
                ),
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=15),
                headers={"User-Agent": f"stembridge/{__version__}", "Accept": "application/json"},
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            pass
        raise UsageError(
            "The computer's proxy setting can't be read.",
            hint="Look at the environment variables HTTPS_PROXY and ALL_PROXY; http://host:port is read.",
        )

    def _address(self, path: str, node: str | None, params: Params | None) -> str:
        url = self.service.own((node or self.service.base) + path)
        carries = any(isinstance(value, Secret) for value in (params or {}).values())
        if carries and not split(url)[0].private:
            raise UsageError(
                "The service's address is not encrypted: the key isn't sent there.",
                hint="Use an address with https. Plain http is good for this computer itself only.",
            )
        return url

    def _read(self, response: httpx.Response, *, whole: bool) -> Reply:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self.limits.biggest_reply:
                raise Broken(ProtocolError("MVSEP's answer has no end.", hint="Try again later."))
        headers = response.headers
        return Reply(
            status=response.status_code,
            kind=headers.get("content-type", "").split(";")[0].strip().lower(),
            body=bytes(body),
            retry_after=read_retry_after(headers.get("retry-after"), headers.get("date"), self.wall()),
            whole=whole,
        )

    def _attended(
        self,
        work: Callable[[], Reply],
        *,
        cancelled: Asked,
        overdue: Asked,
        tick: Callable[[], None] = nothing,
        leave: Asked = lambda: True,
    ) -> Reply:
        problem: StembridgeError
        try:
            return attend(work, cancelled=cancelled, tick=tick, overdue=overdue, leave=leave)
        except (StembridgeError, Cancelled, Broken):
            raise
        except OverdueError:
            problem = UnavailableError(
                "MVSEP took too long to answer.", hint="Try again in a few minutes.", retryable=True
            )
        except FormAbortedError:
            raise Cancelled from None
        except Exception as foreign:
            seen = describe(foreign)
            if seen is None:
                raise
            problem = seen
        # Raised here and not above: the foreign exception would ride along, and with it the address.
        raise Broken(problem)
