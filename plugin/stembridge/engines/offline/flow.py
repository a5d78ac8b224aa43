"""Three stages side by side: read, think, write; and the caller's thread watches over them.

The transforms and the network release Python's lock, so the stages share the cores. The queues
between them hold a few items only: memory stays the same however long the region is. The caller's
callbacks are only ever called from its own thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Generic, TypeVar

from stembridge.model.errors import Cancelled

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")

_TICK = 0.1
"""Seconds between two looks at the caller's wishes."""
_DEPTH = 1
"""Items that wait between two stages at most."""


class _StoppedError(Exception):
    """Another stage failed or the user cancelled: this one ends."""


class _End:
    """Stands behind the last item."""


class Flow(Generic[A, B]):
    """Run ``source``, ``think`` and ``write`` in threads of their own.

    Parameters
    ----------
    source
        What gives the items.
    think
        Maps the stream of items to a stream of results; it may hold some back.
    write
        Takes each result, in order.
    """

    def __init__(
        self,
        source: Iterable[A],
        think: Callable[[Iterator[A]], Iterable[B]],
        write: Callable[[B], None],
    ) -> None:
        self._source = source
        self._think = think
        self._write = write
        self._stop = threading.Event()
        self._failures: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def run(
        self, tick: Callable[[], None], cancelled: Callable[[], bool], interrupt: Callable[[], None]
    ) -> None:
        """Run to the end.

        Parameters
        ----------
        tick
            Called about ten times a second, for the display.
        cancelled
            Asked as often; once True, everything stops.
        interrupt
            Makes a long computation in ``think`` return early. Called until all stages have ended.

        Raises
        ------
        Cancelled
            When the user wished it.
        BaseException
            The first failure of a stage.
        """
        before: queue.Queue[A | _End] = queue.Queue(_DEPTH)
        after: queue.Queue[B | _End] = queue.Queue(_DEPTH)
        stages: list[Callable[[], None]] = [
            lambda: self._feed(self._source, before),
            lambda: self._feed(self._think(self._drain(before)), after),
            lambda: self._consume(after),
        ]
        threads = [
            threading.Thread(target=self._guard, args=(stage,), name=f"stembridge-{name}", daemon=True)
            for name, stage in zip(("read", "think", "write"), stages, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            self._watch(threads, tick, cancelled)
        except BaseException:
            self._stop.set()
            for thread in threads:
                while thread.is_alive():
                    interrupt()
                    thread.join(_TICK)
            raise

    def _watch(
        self, threads: list[threading.Thread], tick: Callable[[], None], cancelled: Callable[[], bool]
    ) -> None:
        while True:
            if cancelled():
                raise Cancelled
            if not self._failures.empty():
                raise self._failures.get()
            alive = [thread for thread in threads if thread.is_alive()]
            tick()
            if not alive:
                if not self._failures.empty():
                    raise self._failures.get()
                return
            alive[-1].join(_TICK)

    def _guard(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except _StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            self._failures.put(error)
            self._stop.set()

    def _feed(self, items: Iterable[T], into: queue.Queue[T | _End]) -> None:
        try:
            for item in items:
                self._put(item, into)
            self._put(_End(), into)
        finally:
            # A generator that stands still would keep its file open.
            if isinstance(items, Generator):
                items.close()

    def _consume(self, results: queue.Queue[B | _End]) -> None:
        for result in self._drain(results):
            self._write(result)

    def _put(self, item: T | _End, into: queue.Queue[T | _End]) -> None:
        while not self._stop.is_set():
            try:
                into.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return
        raise _StoppedError

    def _drain(self, waiting: queue.Queue[T | _End]) -> Iterator[T]:
        while not self._stop.is_set():
            try:
                item = waiting.get(timeout=_TICK)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                return
            yield item
        raise _StoppedError
