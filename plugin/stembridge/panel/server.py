"""The server: one for a data folder, on loopback, behind a link that nobody can guess."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stembridge.bridge.session import Tools
from stembridge.jobs import disk, lock
from stembridge.model.errors import StembridgeError, StoreError, UsageError
from stembridge.panel.board import Board
from stembridge.panel.desk import NAME, Desk, Hosts
from stembridge.panel.guard import HEADER, HEADER_VALUE, Guard, new_key
from stembridge.panel.tickets import Tickets

ADDRESS = "127.0.0.1"
_NOTE = "panel.json"
_START_WITHIN = 10.0
_GRACE = 2
"""Seconds that answers under way have to end when the server does."""


def note_file(home: Path) -> Path:
    """Give the file that holds the link while a panel runs."""
    return home / _NOTE


def running(home: Path) -> str | None:
    """Give the link of the panel that serves this data folder now, None where there is none.

    A panel that is just starting is waited for.
    """
    end = time.monotonic() + _START_WITHIN
    while lock.held(_lock_file(home)) and time.monotonic() < end:
        try:
            note = disk.read_json(note_file(home))
            link, port = str(note["link"]), int(note["port"])
        except (FileNotFoundError, KeyError, TypeError, ValueError, StembridgeError):
            time.sleep(0.1)
            continue
        if _answers(link, port):
            return link
        time.sleep(0.1)
    return None


def serve(tools: Tools, hosts: Hosts, *, port: int, ready: Callable[[str], None]) -> None:
    """Serve until the process is asked to end.

    Parameters
    ----------
    port
        0 for any that is free.
    ready
        Told the link, once the server listens.

    Raises
    ------
    UsageError
        When the port is taken.
    StoreError
        When another panel serves this data folder, or it can't be written to.
    """
    disk.make_folder(tools.home / NAME)
    with _alone(tools.home), _listening(port) as listener:
        number = listener.getsockname()[1]
        key = new_key()
        link = f"http://{ADDRESS}:{number}/{key}/"
        disk.write_json(
            note_file(tools.home), {"link": link, "port": number, "pid": os.getpid()}, private=True
        )

        def forget() -> None:
            with contextlib.suppress(StembridgeError):
                disk.remove(note_file(tools.home))

        try:
            _run(tools, hosts, key, listener, ready=lambda: ready(link), ending=forget)
        finally:
            forget()


def desk_of(tools: Tools, hosts: Hosts) -> Desk:
    """Make the desk of a data folder."""
    known: dict[tuple[str, str], str] = {}

    def title(engine: str, model: str) -> str:
        if not known and engine:
            from stembridge.panel.choosing import titles

            known.update(titles(desk))
        return known.get((engine, model), model)

    board = Board(tools.home / "jobs", tools.clock, title)
    desk = Desk(tools, hosts, board, secrets.token_hex(8), Tickets(tools.clock))
    return desk


def _run(
    tools: Tools,
    hosts: Hosts,
    key: str,
    listener: socket.socket,
    *,
    ready: Callable[[], None],
    ending: Callable[[], None],
) -> None:
    import uvicorn

    from stembridge.panel.app import make

    desk = desk_of(tools, hosts)

    class Server(uvicorn.Server):
        """Tells the streams that go on for ever to end, before it waits for them."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            desk.closing.set()
            ending()  # after this, the signal that asked for it may end the process at once
            await super().shutdown(sockets)

    guard = Guard(make(desk), key, listener.getsockname()[1], desk.tickets)
    server = Server(
        uvicorn.Config(
            guard, http="h11", ws="none", loop="asyncio", lifespan="off", log_config=None,
            log_level=logging.CRITICAL, access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=_GRACE,
        )
    )  # fmt: skip
    try:
        with contextlib.suppress(KeyboardInterrupt):  # how the user ends it; uvicorn raises it once more
            server.run(sockets=[listener])
    finally:
        desk.closing.set()
        desk.hands.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    try:
        with lock.hold(_lock_file(home)):
            yield
    except StoreError as error:
        if error.code != "job_locked":
            raise
        raise StoreError(
            "A panel of this data folder is open already.",
            hint="Use its page, or end it with Ctrl-C where it was started.",
        ) from error


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(listener):
        if os.name == "posix":  # elsewhere this would let another program take the port from us
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, port))
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"Port {port} can't be used ({getattr(error, 'strerror', None) or error}).",
                hint="Name another with --port, or leave it out.",
            ) from error
        listener.listen(128)
        yield listener


def _lock_file(home: Path) -> Path:
    return home / NAME / "lock"


def entrance(link: str) -> str:
    """Give what to start a browser with: a link that opens the panel once, where the server gives one."""
    at = urlsplit(link)
    origin = f"{at.scheme}://{at.netloc}"
    status, body = _ask(
        at.port or 0, "POST", f"{at.path}api/ticket", {"Origin": origin, HEADER: HEADER_VALUE}
    )
    return origin + str(json.loads(body)["path"]) if status == 200 else link


def _answers(link: str, port: int) -> bool:
    return _ask(port, "HEAD", f"{urlsplit(link).path}api/state", {})[0] == 200


def _ask(port: int, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection = HTTPConnection(ADDRESS, port, timeout=2.0)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def facts(home: Path) -> dict[str, Any]:
    """Give what panel.json says; an empty object where there is none."""
    try:
        return disk.read_json(note_file(home))
    except (FileNotFoundError, StembridgeError):
        return {}
