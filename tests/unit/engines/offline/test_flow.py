"""Three stages side by side."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from stembridge.engines.offline.flow import Flow
from stembridge.model.errors import Cancelled


def never() -> bool:
    return False


def nothing() -> None:
    return None


def double(items: Iterable[int]) -> Iterator[int]:
    for item in items:
        yield 2 * item


def test_everything_arrives_in_order() -> None:
    out: list[int] = []
    Flow(range(50), double, out.append).run(nothing, never, nothing)
    assert out == list(range(0, 100, 2))


def test_a_fast_reader_waits_for_a_slow_writer() -> None:
    read: list[int] = []
    ahead: list[int] = []
    written: list[int] = []

    def source() -> Iterator[int]:
        for item in range(12):
            read.append(item)
            yield item

    def write(item: int) -> None:
        time.sleep(0.01)
        written.append(item)
        ahead.append(len(read) - len(written))

    Flow(source(), double, write).run(nothing, never, nothing)
    assert len(written) == 12
    assert max(ahead) <= 6


@pytest.mark.parametrize("where", ["read", "think", "write"])
def test_a_failure_of_any_stage_comes_to_the_caller(where: str) -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            for item in range(1000):
                if where == "read" and item == 3:
                    raise KeyError(where)
                yield item
        finally:
            closed.set()

    def think(items: Iterable[int]) -> Iterator[int]:
        for item in items:
            if where == "think" and item == 3:
                raise KeyError(where)
            yield item

    def write(item: int) -> None:
        if where == "write" and item == 3:
            raise KeyError(where)

    with pytest.raises(KeyError, match=where):
        Flow(source(), think, write).run(nothing, never, nothing)
    assert closed.is_set(), "the file behind the reader must not stay open"
    names = {"stembridge-read", "stembridge-think", "stembridge-write"}
    assert not [t for t in threading.enumerate() if t.name in names]


def test_cancelling_interrupts_a_long_thought() -> None:
    free = threading.Event()
    started = threading.Event()

    def think(items: Iterable[int]) -> Iterator[int]:
        for item in items:
            started.set()
            assert free.wait(30), "nobody interrupted"
            yield item

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        Flow(range(9), think, lambda _: None).run(nothing, started.is_set, free.set)
    assert time.monotonic() - begun < 1.0


def test_callbacks_stay_in_the_callers_thread_and_come_often() -> None:
    where: set[int] = set()
    ticks: list[float] = []

    def tick() -> None:
        where.add(threading.get_ident())
        ticks.append(time.monotonic())

    def slow(items: Iterable[int]) -> Iterator[int]:
        for item in items:
            time.sleep(0.5)
            yield item

    Flow(range(2), slow, lambda _: None).run(tick, never, nothing)
    assert where == {threading.get_ident()}
    assert max(b - a for a, b in itertools.pairwise(ticks)) < 0.5
