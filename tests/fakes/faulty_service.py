"""The stand-in service with faults, for tests.

    with FaultyService(tmp_path) as service:
        service.fault("answer_lost")                      # the next create
        service.fault("429", on="get", times=2, retry_after=3)
        ...
        assert service.paid == 1

Every request is in `service.log`. Faults of one route are used up in the order in which they were armed.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stembridge.sandbox.accounts import Account
from stembridge.sandbox.forms import Body, Form
from stembridge.sandbox.http import Handler, Server
from stembridge.sandbox.jobs import Job, Pace, Stage
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import Separator, splitter
from stembridge.sandbox.wire import Reply, Request, json_reply
from tests.fakes.faults import FAULTS, Kind


class FakeClock:
    """A clock that stands still until it is told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass: also fit for a client's ``sleep``."""
        self.now += max(0.0, seconds)

    advance = sleep


@dataclass
class Seen:
    """One request as it arrived. ``fault`` is the name of what was done to it; ``status`` 0: no answer."""

    route: str
    method: str
    path: str
    headers: Mapping[str, str]
    at: float
    params: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    status: int = 0
    fault: str = ""
    body: Body | None = None

    @property
    def received(self) -> int:
        """Bytes of the body that arrived so far."""
        return self.body.received if self.body else 0


@dataclass
class Armed:
    """A fault that waits for its request."""

    name: str
    kind: Kind
    on: str
    times: int
    skip: int
    args: dict[str, Any]


def route_of(path: str) -> str:
    """Give the last word of a call's path; "download" for a file."""
    plain = path.split("?", 1)[0].rstrip("/")
    return "download" if plain.startswith("/storage/") else plain.rsplit("/", 1)[-1]


class FaultyService:
    """`Sandbox` with a log and with faults.

    Parameters
    ----------
    folder
        For its files.
    separator
        The exact band splitter when left out.
    clock
        A `FakeClock` when left out; ``time.time`` for the real one.
    options
        Of `Sandbox`.
    """

    def __init__(
        self, folder: Path, separator: Separator | None = None, *, clock: Any = None, **options: Any
    ) -> None:
        self.clock = clock or FakeClock()
        self.log: list[Seen] = []
        self._armed: list[Armed] = []
        self._lock = threading.Lock()
        self.release = threading.Event()
        """Set it to let requests go that hang."""
        owner = self

        class Bound(FaultyHandler):
            service = owner

        self._handler = Bound
        options.setdefault("pace", Pace(service_seconds=0.0))
        options.setdefault("patient", True)
        options.setdefault("rate_limit", None)
        self.sandbox = Sandbox(folder, separator or splitter(), clock=self.clock, handler=Bound, **options)

    # Its facts

    @property
    def url(self) -> str:
        return self.sandbox.url

    @property
    def free(self) -> Account:
        return self.sandbox.free

    @property
    def premium(self) -> Account:
        return self.sandbox.premium

    @property
    def jobs(self) -> list[Job]:
        return self.sandbox.service.timeline.jobs

    @property
    def paid(self) -> int:
        """Orders that were accepted, and so may have been paid for."""
        return len(self.jobs)

    @property
    def creates(self) -> list[Seen]:
        return self.seen("create")

    def seen(self, route: str) -> list[Seen]:
        return [entry for entry in self.log if entry.route == route]

    # Faults

    def fault(self, name: str, *, on: str = "", times: int = 1, skip: int = 0, **args: Any) -> None:
        """Arm a fault for the next ``times`` requests of a route, after ``skip`` that go well."""
        kind = FAULTS[name]
        with self._lock:
            self._armed.append(Armed(name, kind, on or kind.on, times, skip, args))

    def clear(self) -> None:
        """Disarm everything that is left."""
        with self._lock:
            self._armed.clear()

    @property
    def armed(self) -> list[str]:
        """Faults that still wait: a test asserts that none is left."""
        return [fault.name for fault in self._armed]

    def pick(self, route: str) -> Armed | None:
        with self._lock:
            for fault in self._armed:
                if fault.on in {route, "any"}:
                    if fault.skip > 0:
                        fault.skip -= 1
                        return None
                    return fault
        return None

    def use(self, fault: Armed) -> None:
        with self._lock:
            fault.times -= 1
            if fault.times <= 0 and fault in self._armed:
                self._armed.remove(fault)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections for a while: nobody listens on the port."""
        old = self.sandbox.server
        port = int(old.server_address[1])
        old.stop()
        try:
            yield
        finally:
            self.sandbox.server = Server(port, old.application, old.place, old.body_limit, self._handler)
            self.sandbox.server.start()

    def start(self) -> Self:
        self.sandbox.start()
        return self

    def stop(self) -> None:
        self.release.set()
        self.sandbox.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _CutBody(Body):
    """A body whose connection breaks after so many bytes, or that is read slowly."""

    cut_at: int = 1 << 62
    block: int = 1 << 18
    pause: Callable[[], object] | None = None

    def read(self, size: int = 1 << 18) -> bytes:
        if self.pause is not None:
            self.pause()
        if self.received >= self.cut_at:
            raise ConnectionResetError("a fault")
        return super().read(min(size, self.block, self.cut_at - self.received))


class FaultyHandler(Handler):
    """A connection on which faults happen."""

    service: FaultyService
    seen: Seen
    fault: Armed | None

    def exchange(self) -> None:
        route = route_of(self.path)
        self.seen = Seen(route, self.command, self.path, dict(self.headers.items()), time.monotonic())
        self.service.log.append(self.seen)
        self.fault = self.service.pick(route)
        stage = self.fault.kind.stage if self.fault else ""
        if self.fault and stage in {"before", "body", "lost", "instead", "send", "hang", "late", "slow"}:
            self.seen.fault = self.fault.name
            self.service.use(self.fault)
        if stage == "before":
            self.reset()
            return
        super().exchange()
        if stage == "body" and not self.seen.complete:
            self.reset()

    def body(self, *, length: int | None, chunked: bool) -> Body:
        body = _CutBody(self.rfile, length=length, chunked=chunked, limit=self.server.body_limit)  # type: ignore[arg-type]
        if self.fault and self.fault.kind.stage == "body":
            body.cut_at = int(self.fault.args.get("after", (length or 0) // 2))
        if self.fault and self.fault.kind.stage == "slow":
            seconds = float(self.fault.args.get("pause", 0.02))
            body.block = int(self.fault.args.get("block", 16_384))
            body.pause = lambda: self.service.release.wait(seconds)
        self.seen.body = body
        return body

    def read_body(self) -> Form:
        form = super().read_body()
        self.seen.complete = True
        return form

    def decide(self, request: Request) -> Reply:
        self.seen.params = dict(request.params)
        fault = self.fault
        stage = fault.kind.stage if fault else ""
        if fault is None:
            return super().decide(request)
        if stage == "hang":
            self.service.release.wait(float(fault.args.get("seconds", 30)))
            raise ConnectionResetError("a fault")
        if stage == "instead":
            reply: Reply | None = fault.kind.act(fault.args) if fault.kind.act else None
            if reply is None:
                self.reset()
                raise ConnectionResetError("a fault")
            return reply
        if stage == "content":
            self._spoil(request, fault)
        reply = super().decide(request)
        if stage == "late":
            self.service.release.wait(float(fault.args.get("seconds", 30)))
        if stage == "lost":
            self.reset()
            raise ConnectionResetError("a fault")
        if stage == "reply":
            return self._changed(reply, fault)
        return reply

    def deliver(self, reply: Reply) -> None:
        fault = self.fault
        if fault and fault.kind.stage == "send" and reply.file is not None:
            self._deliver_badly(reply, reply.file, fault)
            return
        super().deliver(reply)

    def send_response(self, code: int, message: str | None = None) -> None:
        if hasattr(self, "seen"):
            self.seen.status = code
        super().send_response(code, message)

    def reset(self) -> None:
        """Break the connection off, without a good-bye (RST)."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handle = self.connection.detach()
            socket.close(handle)

    def _changed(self, reply: Reply, fault: Armed) -> Reply:
        import json

        assert fault.kind.act is not None
        changed = fault.kind.act(json.loads(reply.body), fault.args)
        if changed is None:
            return reply
        self.seen.fault = fault.name
        self.service.use(fault)
        return changed if isinstance(changed, Reply) else json_reply(changed, reply.status)

    def _spoil(self, request: Request, fault: Armed) -> None:
        assert fault.kind.act is not None
        service = self.service.sandbox.service
        service.get(request.params.get("hash", ""), request.base)
        with service.lock:
            job = service.timeline.find(request.params.get("hash", ""))
            if job is None or job.stage is not Stage.DONE:
                return
            files = list(job.work.files)
            wanted = fault.args.get("index", 0)
            for index in range(len(files)) if wanted == "all" else [int(wanted)]:
                fault.kind.act(files[index].path, fault.args)
                files[index] = replace(files[index], size=files[index].path.stat().st_size)
            job.work.files = tuple(files)
        self.seen.fault = fault.name
        self.service.use(fault)

    def _deliver_badly(self, reply: Reply, path: Path, fault: Armed) -> None:
        data = path.read_bytes()
        wanted = self.headers.get("Range") or ""
        start = int(wanted.removeprefix("bytes=").rstrip("-").split("-")[0] or 0) if wanted else 0
        status, said = (206, len(data) - start) if wanted else (200, len(data))
        length = len(data)
        headers = dict(reply.headers) | {"ETag": reply.etag, "Accept-Ranges": "bytes"}
        if fault.name == "range_ignored":
            status, start, said = 200, 0, length
        if fault.name == "short_length":
            said = (length - start) // 2
        if status == 206:
            first = start + int(fault.args.get("by", 7)) if fault.name == "wrong_content_range" else start
            headers["Content-Range"] = f"bytes {first}-{length - 1}/{length}"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(said))
        self.end_headers()
        self.wfile.flush()
        body = data[start : start + said]
        if fault.name == "download_cut":
            self.wfile.write(body[: int(fault.args.get("after", len(body) // 2))])
            self.wfile.flush()
            self._finish_cut(fault)
        elif fault.name == "slow_drip":
            step = int(fault.args.get("block", 1000))
            for at in range(0, len(body), step):
                self.wfile.write(body[at : at + step])
                self.wfile.flush()
                if self.service.release.wait(float(fault.args.get("pause", 0.01))):
                    break
        else:
            self.wfile.write(body)
            self.wfile.flush()

    def _finish_cut(self, fault: Armed) -> None:
        self.close_connection = True
        if fault.args.get("reset", False):
            # Give what was sent the time to arrive: a reset throws away what is still on its way.
            time.sleep(0.05)
            self.reset()
