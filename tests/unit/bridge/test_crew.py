"""Several jobs side by side: each lane in its order, and no error lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from stembridge.bridge.crew import together


def test_lanes_run_side_by_side_and_each_in_its_order() -> None:
    meeting = threading.Barrier(3, timeout=20)
    done: list[str] = []

    def piece(name: str, *, meets: bool) -> Callable[[], None]:
        def work() -> None:
            if meets:
                meeting.wait()  # passes only when three lanes are at work at the same time
            done.append(name)

        return work

    lanes = [[piece(f"{lane}1", meets=True), piece(f"{lane}2", meets=False)] for lane in "abc"]
    together(lanes, at_once=3)
    assert sorted(done) == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert all(done.index(f"{lane}1") < done.index(f"{lane}2") for lane in "abc")


def test_no_more_lanes_than_wished_at_a_time() -> None:
    busy, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal busy, most
        with guard:
            busy += 1
            most = max(most, busy)
        time.sleep(0.01)
        with guard:
            busy -= 1

    together([[work]] * 12, at_once=4)
    assert 1 < most <= 4


def test_an_error_ends_its_lane_alone_and_is_raised_at_the_end() -> None:
    done: list[int] = []

    def fails() -> None:
        raise ValueError("no")

    lanes = [[fails, lambda: done.append(0)], [lambda: done.append(1)], [lambda: done.append(2)]]
    with pytest.raises(ValueError, match="no"):
        together(lanes, at_once=2)
    assert sorted(done) == [1, 2]


def test_one_at_a_time_needs_no_threads() -> None:
    names: list[str] = []
    together([[lambda: names.append(threading.current_thread().name)]] * 3, at_once=1)
    assert set(names) == {threading.current_thread().name}
