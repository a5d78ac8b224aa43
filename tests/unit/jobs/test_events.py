"""The log of a job: whole lines, growing numbers, and a pace that doesn't fill the disk."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from stembridge.jobs import events
from stembridge.jobs.events import EVENTS, TERMINAL, EventLog
from stembridge.model.errors import StoreError
from stembridge.model.states import State
from tests.fakes.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _lines(path: Path) -> list[str]:
    return [event["type"] for event in events.read(path)]


def test_an_event_is_on_disk_before_anyone_hears_of_it(path: Path, clock: FakeClock) -> None:
    heard: list[int] = []
    log = EventLog(path, clock, lambda _: heard.append(len(events.read(path))))
    log.emit("accepted", pid=1)
    log.emit("state", state="created")
    assert heard == [1, 2]


def test_an_event_has_version_number_time_and_type(path: Path, clock: FakeClock) -> None:
    log = EventLog(path, clock)
    log.emit("warning", code="x", message="é\n")
    (event,) = events.read(path)
    assert event == {
        "v": 1, "seq": 1, "ts": round(clock.now, 3), "type": "warning", "code": "x", "message": "é\n",
    }  # fmt: skip
    assert path.read_bytes().count(b"\n") == 1


def test_a_later_worker_goes_on_counting(path: Path, clock: FakeClock) -> None:
    EventLog(path, clock).emit("accepted")
    EventLog(path, clock).emit("accepted")
    assert [event["seq"] for event in events.read(path)] == [1, 2]


@pytest.mark.parametrize("torn", [b'{"v": 1, "se', b"\0\0\0\0", b'{"v": 1, "seq": 3, "type": "finished"}'])
def test_a_torn_tail_is_not_read_and_the_next_writer_cuts_it(
    path: Path, clock: FakeClock, torn: bytes
) -> None:
    log = EventLog(path, clock)
    log.emit("accepted")
    log.emit("heartbeat")
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert _lines(path) == ["accepted", "heartbeat"]
    EventLog(path, clock).emit("accepted")
    assert [event["seq"] for event in events.read(path)] == [1, 2, 3]
    assert path.read_bytes().startswith(whole)


def test_a_log_that_is_one_torn_line_starts_anew(path: Path, clock: FakeClock) -> None:
    path.write_bytes(b'{"v":')
    EventLog(path, clock).emit("accepted")
    assert [event["seq"] for event in events.read(path)] == [1]


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "nonsense", '{"type": "state", "seq": 1, "state": "nowhere"}', '{"type": 1, "seq": 1}'],
)
def test_a_damaged_line_in_the_middle_is_a_damaged_job(path: Path, clock: FakeClock, line: str) -> None:
    good = json.dumps({"v": 1, "seq": 1, "ts": 0, "type": "accepted"})
    path.write_text(f"{good}\n{line}\n{good}\n", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        events.read(path)
    assert caught.value.code == "job_corrupt"
    with pytest.raises(StoreError):
        EventLog(path, clock)


def test_no_log_is_no_event(path: Path) -> None:
    assert events.read(path) == []
    assert events.fold([]) is State.CREATED


def test_types_and_fields_that_nobody_knows_are_ignored() -> None:
    told = [
        {"type": "state", "seq": 1, "state": "rendered", "colour": "green"},
        {"type": "confetti", "seq": 2},
    ]
    assert events.fold(told) is State.RENDERED


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("finished", State.READY),
        ("failed", State.FAILED),
        ("cancelled", State.CANCELLED),
        ("needs_decision", State.NEEDS_DECISION),
    ],
)
def test_a_terminal_event_is_a_state(kind: str, state: State) -> None:
    assert events.fold([{"type": "state", "state": "processing"}, {"type": kind}]) is state
    again = [{"type": kind}, {"type": "accepted"}, {"type": "state", "state": "created"}]
    assert events.fold(again) is State.CREATED


def test_every_terminal_type_stands_in_the_table() -> None:
    assert set(EVENTS) > TERMINAL


def test_progress_comes_four_times_a_second_and_always_at_the_end(path: Path, clock: FakeClock) -> None:
    log = EventLog(path, clock)
    for done in range(1, 101):
        clock.now += 0.01
        log.progress("separate", done, 100, "frames")
    told = [event["done"] for event in events.read(path)]
    assert told[0] == 1
    assert told[-1] == 100
    assert 4 <= len(told) <= 6


def test_progress_without_a_total_says_so(path: Path, clock: FakeClock) -> None:
    EventLog(path, clock).progress("fetch", 5, None, "bytes")
    (event,) = events.read(path)
    assert (event["done"], event["total"], event["unit"]) == (5, None, "bytes")


def test_a_heartbeat_comes_only_into_silence(path: Path, clock: FakeClock) -> None:
    log = EventLog(path, clock)
    log.emit("accepted")
    log.heartbeat()
    clock.now += EventLog.HEARTBEAT_EVERY
    log.heartbeat()
    log.heartbeat()
    clock.now += EventLog.HEARTBEAT_EVERY - 0.1
    log.heartbeat()
    assert _lines(path) == ["accepted", "heartbeat"]


def test_a_number_that_is_none_is_never_written(path: Path, clock: FakeClock) -> None:
    log = EventLog(path, clock)
    with pytest.raises(ValueError, match="JSON"):
        log.emit("warning", message=float("inf"))
    assert not path.exists()


def test_a_log_that_cannot_be_written_is_a_sentence(tmp_path: Path, clock: FakeClock) -> None:
    log = EventLog(tmp_path / "gone" / "events.jsonl", clock)
    with pytest.raises(StoreError):
        log.emit("accepted")


def test_threads_that_share_a_log_leave_its_lines_in_order(path: Path, clock: FakeClock) -> None:
    told: list[int] = []
    log = EventLog(path, clock, lambda event: told.append(event["seq"]))

    def emit() -> None:
        for done in range(100):
            log.emit("progress", durable=False, done=done)

    threads = [threading.Thread(target=emit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event["seq"] for event in events.read(path)] == told == list(range(1, 401))
