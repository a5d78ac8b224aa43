"""Orders by address (`url`): fetched first, then a job like any other, under a hash of its own."""

from __future__ import annotations

import logging
import secrets
import string
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from stembridge.sandbox.accounts import Account
from stembridge.sandbox.forms import BLOCK, Upload
from stembridge.sandbox.jobs import Job
from stembridge.sandbox.service import Order, Service
from stembridge.sandbox.wire import Refusal, Request, refused

log = logging.getLogger(__name__)

TYPES = frozenset({"direct", "mega", "drive", "dropbox"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Fetch = Callable[[str, str, Path, int], None]
"""``fetch(url, remote_type, target, limit)``: at most ``limit`` bytes to ``target``, or an OSError."""


class FetchError(OSError):
    """The address can't be fetched; the text is for the user."""


@dataclass(slots=True, eq=False)
class Fetching:
    """One order by address. ``state`` is the service's own word."""

    short: str
    owner: Account
    state: str
    finished: Event
    message: str = ""
    job: Job | None = None


class RemoteDesk:
    """All orders by address.

    Parameters
    ----------
    service
        Takes the job over when its file is there.
    fetch
        What gets the file.
    """

    def __init__(self, service: Service, fetch: Fetch) -> None:
        self._service = service
        self._fetch = fetch
        self._all: list[Fetching] = []
        service.reserved = self._unprocessed

    def create(self, request: Request) -> Fetching:
        """Take an order in; raises Refusal like any other order, before anything is fetched."""
        service = self._service
        order = service.order(request)
        account = order.account
        url, kind = request.params["url"], request.params.get("remote_type") or "direct"
        if kind not in TYPES:
            raise refused("The selected remote type is invalid.")
        if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
            raise refused("The url format is invalid.")
        short = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))
        entry = Fetching(short, account, "waiting", Event())
        with service.lock:
            now = service.clock()
            service.advance(now)
            service.take_slot(account, service.plan_of(account), now)
            self._all.append(entry)

        def run() -> None:
            try:
                self._run(entry, url, kind, order)
            finally:
                entry.finished.set()

        service.workshop.do(run)
        return entry

    def _run(self, entry: Fetching, url: str, kind: str, order: Order) -> None:
        service = self._service
        entry.state = "processing"
        target = service.uploads / f"{secrets.token_hex(16)}.fetch"
        limit = service.plan_of(order.account).upload_bytes
        try:
            self._fetch(url, kind, target, limit)
            name = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
            upload = Upload(name, target, target.stat().st_size)
            entry.job = service.accept(order, upload, counted=True)
            entry.state = "done"
        except Refusal as refusal:
            words = refusal.document.get("errors")
            entry.message = str(words[0]) if isinstance(words, list) and words else "The order was refused."
            entry.state = "failed"
        except FetchError as error:
            entry.message = str(error)
            entry.state = "failed"
        except Exception as error:  # noqa: BLE001 - a fetch of any kind may fail in any way; the service goes on
            log.warning("a fetch failed: %s", type(error).__name__)
            entry.message = "The file could not be downloaded."
            entry.state = "failed"
        finally:
            target.unlink(missing_ok=True)

    def get(self, short: str, base: str) -> dict[str, object]:
        """Answer ``separation/get-remote``."""
        entry = next((entry for entry in self._all if entry.short == short), None)
        if entry is None:
            return {"success": False, "status": "not_found", "data": {}}
        if self._service.patient:
            entry.finished.wait(60)
        data: dict[str, object] = {}
        if entry.state == "waiting":
            waiting = [other for other in self._all if other.state == "waiting"]
            order = waiting.index(entry) + 1 if entry in waiting else 1
            data = {"queue_count": max(1, len(waiting)), "current_order": order}
        elif entry.state == "failed":
            data = {"message": entry.message}
        elif entry.state == "done" and entry.job is not None:
            data = {"link": f"{base}/api/separation/get?hash={entry.job.hash}", "hash": entry.job.hash}
        return {"success": True, "status": entry.state, "data": data}

    def _unprocessed(self, account: Account) -> int:
        return sum(entry.owner is account and entry.state in {"waiting", "processing"} for entry in self._all)


class _Loopback(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - the base class calls it like this
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> urllib.request.Request | None:
        _own_machine(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _own_machine(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.hostname not in LOOPBACK:
        raise FetchError("The sandbox fetches files from this machine only (http://127.0.0.1:.../).")


def fetch_from_loopback(url: str, _kind: str, target: Path, limit: int) -> None:
    """Fetch a file from this machine; a sandbox never goes out into the network.

    Raises
    ------
    FetchError
        Another host, an error of that server, or more than ``limit`` bytes.
    """
    _own_machine(url)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Loopback())
    size = 0
    try:
        with opener.open(url, timeout=30) as answer, target.open("xb") as file:
            while block := answer.read(BLOCK):
                size += len(block)
                if size > limit:
                    raise FetchError(f"The file is larger than {limit >> 20} MB.")
                file.write(block)
    except urllib.error.URLError as error:
        raise FetchError("The file could not be downloaded.") from error
