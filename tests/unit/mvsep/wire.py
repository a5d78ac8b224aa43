"""A server at socket level that does to a client whatever a test says."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stembridge.mvsep.transport import Transport
from stembridge.mvsep.wire import Limits

KEY = "sk-THE-FAKE-KEY-0123456789abcdef"


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Peer:
    """One connection, seen from the server."""

    sock: socket.socket
    held: bytes = b""
    requests: list[Request] = field(default_factory=list)

    def head(self) -> Request:
        while b"\r\n\r\n" not in self.held:
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError
            self.held += more
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        request = Request(method, target, headers)
        self.requests.append(request)
        return request

    def body(self, request: Request, most: int | None = None) -> bytes:
        size = int(request.headers.get("content-length", "0"))
        want = size if most is None else min(size, most)
        while len(request.body) < want:
            more = self.held or self.sock.recv(min(65536, want - len(request.body)))
            self.held = b""
            if not more:
                raise ConnectionError
            request.body += more
        return request.body

    def whole(self) -> Request:
        request = self.head()
        self.body(request)
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        named = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        named.update({k.replace("_", "-"): v for k, v in headers.items()})
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in named.items() if v != "none")
        self.send(head.encode() + b"\r\n" + body)

    def json(self, status: int, value: object, **headers: str) -> None:
        self.reply(status, json.dumps(value).encode(), **headers)

    def reset(self) -> None:
        """Answer with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Peer], None]


@dataclass
class Server:
    base: str
    requests: list[Request]
    problems: list[BaseException]


@contextmanager
def serving(*scripts: Script) -> Iterator[Server]:
    """Serve: the n-th connection gets the n-th script, further ones the last."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[Request] = []
    problems: list[BaseException] = []
    stop = threading.Event()

    def talk(sock: socket.socket, script: Script) -> None:
        try:
            with sock:
                sock.settimeout(20)
                script(Peer(sock, requests=requests))
        except OSError:
            pass
        except BaseException as problem:  # noqa: BLE001 - shown to the test
            problems.append(problem)

    def run() -> None:
        count = 0
        while not stop.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            script = scripts[min(count, len(scripts) - 1)]
            count += 1
            threading.Thread(target=talk, args=(sock, script), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", requests, problems)
    finally:
        stop.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)
    assert not problems, problems


@dataclass
class Clock:
    """Records pauses instead of making them."""

    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def slept(self) -> float:
        return sum(self.pauses)


@contextmanager
def transport(base: str, clock: Clock | None = None, **limits: float) -> Iterator[Transport]:
    """Open a transport that doesn't really pause."""
    quick: dict[str, float] = {
        "connect": 2.0,
        "read": 5.0,
        "write": 5.0,
        "reply": 6.0,
        "stall": 1.0,
        **limits,
    }
    held = Transport(
        base,
        limits=Limits(**quick),  # type: ignore[arg-type]
        sleep=(clock or Clock()).sleep,
        random=lambda: 0.5,
    )
    try:
        yield held
    finally:
        held.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port
