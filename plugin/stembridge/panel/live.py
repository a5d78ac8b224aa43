"""Live: one thread looks at the jobs, every open page hears of what changed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

import stembridge
from stembridge.jobs import disk
from stembridge.panel.desk import Desk

log = logging.getLogger(__name__)

LOOK_EVERY, IDLE_EVERY = 0.25, 1.0
"""Seconds between two looks: while a page listens, and while none does."""
PLACES_EVERY = 10.0
HEARTBEAT_EVERY = 10.0
_LEAST_SHARE = 5
"""A look may take this part of the time, so that a thousand jobs don't keep a processor busy."""


class _Listener:
    """One page: what it hasn't been told yet, each job once, so that a slow page holds up nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.wake = asyncio.Event()
        self.jobs: dict[str, dict[str, Any] | None] = {}
        self.places = False

    def jobs_changed(self, news: Mapping[str, dict[str, Any] | None]) -> None:
        """Take in what became of jobs; None for one that is gone."""
        self.jobs.update(news)

    def places_changed(self) -> None:
        """Take in that other programs are ready now."""
        self.places = True

    def tell(self, note: Callable[[], None]) -> None:
        """Have a note taken on the page's own loop; a loop that has ended hears nothing."""

        def take() -> None:
            note()
            self.wake.set()

        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(take)


class Live:
    """Tells every open page what changed.

    Parameters
    ----------
    places
        Gives the destinations as the page shows them, None while no page shows them; looked at now and then.
    finished
        Told the id of every job that became ready while the panel runs.
    """

    def __init__(self, desk: Desk, places: Callable[[], object], finished: Callable[[str], None]) -> None:
        self._desk, self._places, self._finished = desk, places, finished
        self._turn = threading.Lock()
        self._listeners: set[_Listener] = set()
        self._ready: set[str] | None = None
        self._thread = threading.Thread(target=self._watch, name="panel-board", daemon=True)
        self._placer = threading.Thread(target=self._watch_places, name="panel-places", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()
        self._placer.start()

    def _watch(self) -> None:
        while not self._desk.closing.is_set():
            begun = self._desk.tools.clock.monotonic()
            with contextlib.suppress(Exception):  # whatever a look trips over: the next one may not
                self._look()
            took = self._desk.tools.clock.monotonic() - begun
            pause = LOOK_EVERY if self._all() else IDLE_EVERY
            self._desk.closing.wait(max(pause, _LEAST_SHARE * took))
        for listener in self._all():
            listener.tell(lambda: None)

    def _look(self) -> None:
        changed, gone = self._desk.board.look()
        news: dict[str, dict[str, Any] | None] = {row["id"]: row for row in changed}
        news |= dict.fromkeys(gone)
        for listener in self._all() if news else ():
            listener.tell(functools.partial(listener.jobs_changed, news))
        self._note_finished(changed)

    def _watch_places(self) -> None:
        before: object = None
        while not self._desk.closing.wait(PLACES_EVERY):
            if not self._all():
                continue
            with contextlib.suppress(Exception):  # a host's bridge is another's code
                now = self._places()
                if now is None:
                    continue
                if before is not None and now != before:
                    for listener in self._all():
                        listener.tell(listener.places_changed)
                before = now

    def _note_finished(self, changed: list[dict[str, Any]]) -> None:
        ready = {row["id"] for row in changed if row["state"] == "ready"}
        if self._ready is None:  # what was ready before we began is no news
            self._ready = ready
            return
        for name in sorted(ready - self._ready):
            try:
                self._finished(name)
            except Exception:  # every page stands on this thread, and this was but work done ahead
                log.exception("job %s", name)
        self._ready |= ready

    def _all(self) -> list[_Listener]:
        with self._turn:
            return list(self._listeners)

    async def endpoint(self, request: Request) -> StreamingResponse:
        """Answer with a stream of events that goes on until the page leaves or the server ends."""
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        listener = _Listener(asyncio.get_running_loop())
        with self._turn:
            self._listeners.add(listener)
        try:
            yield _event("hello", {"version": stembridge.__version__, "start": self._desk.start})
            while not self._desk.closing.is_set():
                try:
                    await asyncio.wait_for(listener.wake.wait(), HEARTBEAT_EVERY)
                except TimeoutError:
                    yield ": here\n\n"
                    continue
                listener.wake.clear()
                jobs, listener.jobs = listener.jobs, {}
                for name, row in jobs.items():
                    yield _event("gone", {"id": name}) if row is None else _event("job", row)
                if listener.places:
                    listener.places = False
                    yield _event("place", {})
        finally:
            with self._turn:
                self._listeners.discard(listener)


def _event(name: str, document: object) -> str:
    return f"event: {name}\ndata: {disk.to_json(document)}\n\n"
