"""Locks end with the process that holds them, and are seen by all the others."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge.jobs import lock
from stembridge.model.errors import Cancelled, StoreError
from tests.fakes.clock import FakeClock

HOLDER = """
import sys
from pathlib import Path
from stembridge.jobs import lock
with lock.hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock-0.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def _refused(path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught, lock.hold(path):
        pass
    return caught.value


def test_nobody_holds_a_lock_that_was_never_made(path: Path) -> None:
    assert not lock.held(path)
    assert not path.exists()


def test_a_second_process_is_refused_at_once(path: Path, holder: subprocess.Popen[str]) -> None:
    assert lock.held(path)
    started = time.monotonic()
    error = _refused(path)
    assert time.monotonic() - started < 2
    assert error.code == "job_locked"
    assert error.retryable


def test_a_killed_process_holds_nothing(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert not lock.held(path)
    with lock.hold(path):
        assert lock.held(path)
    assert not lock.held(path)


def test_who_lets_go_lets_the_next_one_in(path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    holder.wait()
    with lock.hold(path):
        pass


def test_a_failure_inside_lets_go_too(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.hold(path):
        raise ZeroDivisionError
    assert not lock.held(path)


def test_those_who_only_look_turn_no_worker_away(path: Path) -> None:
    path.touch()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            lock.held(path)

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(30):
            with lock.hold(path):
                pass
    finally:
        over.set()
        for watcher in watchers:
            watcher.join()


def test_a_lock_that_cannot_be_opened_is_a_sentence(path: Path) -> None:
    path.mkdir()
    assert _refused(path).code in {"store", "output_readonly"}
    clock, waits = FakeClock(), Waits()
    (path / "s-0.lock").mkdir()
    with (
        pytest.raises(StoreError),
        lock.slot(path, "s", 1, clock=clock, waiting=waits, cancelled=waits.cancelled),
    ):
        pass


class Waits:
    """Counts how often somebody waits, and wants no more after some turns."""

    def __init__(self, patience: int = 10**9) -> None:
        self.turns = 0
        self._patience = patience

    def __call__(self) -> None:
        self.turns += 1

    def cancelled(self) -> bool:
        return self.turns >= self._patience


def test_as_many_as_there_are_places_and_then_one_waits(tmp_path: Path) -> None:
    clock, waits = FakeClock(), Waits(patience=3)

    def place(waiting: Waits) -> contextlib.AbstractContextManager[None]:
        return lock.slot(tmp_path, "s", 2, clock=clock, waiting=waiting, cancelled=waiting.cancelled)

    with place(waits), place(waits):
        assert waits.turns == 0
        with pytest.raises(Cancelled), place(waits):
            pass
    assert waits.turns == 3
    assert clock.slept == [0.25] * 3


def test_the_slot_of_another_process_is_waited_for(path: Path, holder: subprocess.Popen[str]) -> None:
    clock, waits = FakeClock(), Waits()

    def let_go() -> None:
        if waits.turns == 2:
            holder.kill()
            holder.wait()

    clock.on_sleep = let_go
    with lock.slot(path.parent, "lock", 1, clock=clock, waiting=waits, cancelled=waits.cancelled):
        assert waits.turns == 2
