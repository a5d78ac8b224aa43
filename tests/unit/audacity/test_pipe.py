"""The connection: what a line costs, what an answer is, and every way in which the other end may fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stembridge.model.errors import HostError, UsageError
from stembridge_audacity.pipe import LONGEST, Pipe
from stembridge_audacity.traps import Trap
from tests.fakes.audacity_pipe import (
    FAILED,
    HANG_UP,
    NO_PROJECT,
    OK,
    SYNTAX_ERROR,
    FakeAudacity,
    Part,
    make_fifos,
)

GRACE = 0.05


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeAudacity]:
    with FakeAudacity(tmp_path) as it:
        yield it


@pytest.fixture
def pipe(fake: FakeAudacity) -> Iterator[Pipe]:
    with Pipe(fake.opener, GRACE) as it:
        it.connect(10)
        yield it


def says(fake: FakeAudacity, *parts: Part) -> None:
    fake.answers = lambda _line: parts


def fails(trap: Trap, pipe: Pipe, line: str = "Do:", timeout: float = 10.0) -> HostError:
    with pytest.raises(HostError) as caught:
        pipe.send(line, timeout)
    assert Trap[str(caught.value.context["trap"])] is trap
    assert caught.value.message == trap.message
    assert caught.value.hint
    return caught.value


def test_answer(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, b"\nfirst\n\nsecond" + OK)
    reply = pipe.send("Do: What=1", 10)
    assert reply.ok
    assert reply.text == "\nfirst\n\nsecond"
    assert fake.lines == ["Do: What=1"]
    assert not pipe.owed


def test_failed(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, b"No such thing" + FAILED)
    reply = pipe.send("Do:", 10)
    assert not reply.ok
    assert not reply.no_project
    assert reply.text == "No such thing"


def test_many_on_one_connection(fake: FakeAudacity, pipe: Pipe) -> None:
    fake.answers = lambda line: [line.encode() + OK]
    assert [pipe.send(f"Do: {n}", 10).text for n in range(200)] == [f"Do: {n}" for n in range(200)]
    assert fake.connections == 1


def test_long_answer_in_pieces(fake: FakeAudacity, pipe: Pipe) -> None:
    long = b"".join(b"%d\n\n" % n for n in range(40_000))
    says(fake, long[:70_000], 0.05, long[70_000:] + OK[:9], 0.02, OK[9:20], 0.02, OK[20:-1], 0.02, OK[-1:])
    assert pipe.send("Do:", 10).raw.encode() == long + OK


def test_byte_by_byte(fake: FakeAudacity, pipe: Pipe) -> None:
    whole = "Größe: OK".encode() + OK
    says(fake, *(whole[place : place + 1] for place in range(len(whole))))
    assert pipe.send("Do:", 10).text == "Größe: OK"


def test_no_project_is_known_by_silence(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, NO_PROJECT)
    reply = pipe.send("Do:", 10)
    assert reply.no_project
    assert not reply.ok


def test_newline_first_is_no_missing_project(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, b"\n", GRACE / 5, OK[1:])
    assert pipe.send("Do:", 10).ok


def test_syntax_error(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, SYNTAX_ERROR)
    reply = pipe.send("Do:", 10)
    assert not reply.ok
    assert reply.text.startswith("Syntax error!")


@pytest.mark.parametrize(
    "line",
    [
        "x" * (LONGEST + 1 - 4) + " Do:",
        "é" * 510 + "Do:",
        "no colon",
        "Do: a\nMore:",
        "Do: a\rb",
        "Do: \0",
        "Do: \udc80",
    ],
)
def test_lines_that_are_never_written(fake: FakeAudacity, pipe: Pipe, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        pipe.send(line, 10)
    assert caught.value.hint
    assert pipe.sent == 0
    assert pipe.send("Do:", 10).ok
    assert fake.lines == ["Do:"]


def test_longest_line(fake: FakeAudacity, pipe: Pipe) -> None:
    line = "Do:" + "é" * 509 + "x"
    assert len(line.encode()) == LONGEST
    assert pipe.send(line, 10).ok
    assert fake.lines == [line]


def test_silence_and_the_answer_that_is_owed(fake: FakeAudacity, pipe: Pipe) -> None:
    answered = threading.Event()

    def answers(line: str) -> Sequence[Part]:
        if line == "Slow:":
            answered.wait(10)
        return [line.encode() + OK]

    fake.answers = answers
    began = time.monotonic()
    assert "line" in fails(Trap.SILENT, pipe, "Slow:", 0.1).context
    assert time.monotonic() - began < 5
    assert pipe.owed
    fails(Trap.STILL_BUSY, pipe, "Next:", 0.1)
    fails(Trap.STILL_BUSY, pipe, "Next:", 0)
    assert fake.lines == ["Slow:"]
    answered.set()
    assert pipe.send("Next:", 10).text == "Next:"
    assert fake.lines == ["Slow:", "Next:"]


def test_settle_gives_the_late_answer(fake: FakeAudacity, pipe: Pipe) -> None:
    assert pipe.settle(10) is None
    says(fake, 0.2, b"late" + OK)
    fails(Trap.SILENT, pipe, "Slow:", 0.02)
    assert pipe.settle(0.01) is None
    reply = pipe.settle(10)
    assert reply is not None
    assert reply.text == "late"
    assert not pipe.owed


def test_close_waits_for_what_is_owed(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, 0.3, OK)
    fails(Trap.SILENT, pipe, "Slow:", 0.02)
    began = time.monotonic()
    pipe.close()
    assert time.monotonic() - began > 0.15
    assert not pipe.connected
    pipe.close()


def test_cut_answer(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, b'\n[ { "name":"a', HANG_UP)
    fails(Trap.LOST, pipe)
    assert not pipe.connected
    fails(Trap.LOST_UNSENT, pipe)
    assert fake.lines == ["Do:"]


def test_cut_inside_the_marker_and_silent(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, OK[:-1])
    fails(Trap.SILENT, pipe, timeout=0.2)
    assert pipe.owed


def test_no_answer_but_the_end(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, HANG_UP)
    fails(Trap.LOST, pipe)


def test_end_while_an_answer_is_owed(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, 0.2, HANG_UP)
    fails(Trap.SILENT, pipe, timeout=0.02)
    fails(Trap.LOST_UNSENT, pipe, "Next:")
    assert fake.lines == ["Do:"]


def test_connects_again_after_the_end(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, HANG_UP)
    fails(Trap.LOST, pipe)
    says(fake, OK)
    pipe.connect(10)
    assert pipe.send("Again:", 10).ok
    assert fake.connections == 2
    assert fake.lines == ["Do:", "Again:"]


def test_broken_pipe(tmp_path: Path) -> None:
    """The other end leaves while nothing is asked; the line goes nowhere, and is known to."""
    with FakeAudacity(tmp_path, lambda line: [OK, HANG_UP] if line == "Last:" else [OK]) as fake:
        pipe = Pipe(fake.opener, GRACE)
        pipe.connect(10)
        assert pipe.send("Last:", 10).ok
        deadline = time.monotonic() + 10
        while fake.connections and fake._ends is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        error = fails(Trap.LOST_UNSENT, pipe)
        assert error.retryable
        assert fake.lines == ["Last:"]


def test_two_answers_for_one_line(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, b"theirs" + OK + b"ours" + OK)
    assert pipe.send("Do:", 10).text == "theirs"
    error = fails(Trap.CROSSED, pipe, "Next:")
    assert "ours" in str(error.context["stray"])
    assert fake.lines == ["Do:"]
    says(fake, OK)
    assert pipe.send("Next:", 10).ok


def test_answer_that_nobody_asked_for(fake: FakeAudacity, pipe: Pipe) -> None:
    assert pipe.send("Do:", 10).ok
    fake.say(b"for another client" + OK)
    fails(Trap.CROSSED, pipe)
    assert fake.lines == ["Do:"]


def test_garbled_bytes_are_an_answer_with_marks(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, b'\n[ { "name":"\xff\xfe' + OK)
    reply = pipe.send("GetInfo: Type=Tracks", 10)
    assert reply.ok
    with pytest.raises(HostError) as caught:
        reply.json()
    assert Trap.GARBLED.caused(caught.value)


def test_endless_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stembridge_audacity.replies._LIMIT", 200_000)
    with FakeAudacity(tmp_path, lambda _line: [b"x" * 50_000] * 50) as fake:
        pipe = Pipe(fake.opener, GRACE)
        pipe.connect(10)
        fails(Trap.LOST, pipe)
        assert not pipe.connected


def test_slow_but_steady(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, *(part for n in range(5) for part in (0.05, b"%d" % n)), OK)
    assert pipe.send("Do:", 10).text == "01234"


def test_threads_take_turns(fake: FakeAudacity, pipe: Pipe) -> None:
    fake.answers = lambda line: [0.002, line.encode() + OK]
    wrong: list[str] = []

    def many(who: str) -> None:
        for n in range(20):
            line = f"Do: {who}{n}"
            if pipe.send(line, 30).text != line:
                wrong.append(line)

    threads = [threading.Thread(target=many, args=(who,)) for who in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(fake.lines) == 80


def test_thread_waits_no_longer_than_its_time(fake: FakeAudacity, pipe: Pipe) -> None:
    says(fake, 0.5, OK)
    thread = threading.Thread(target=pipe.send, args=("Slow:", 10))
    thread.start()
    while not fake.lines:
        time.sleep(0.005)
    began = time.monotonic()
    fails(Trap.STILL_BUSY, pipe, "Next:", 0.05)
    assert time.monotonic() - began < 0.4
    thread.join()
    assert fake.lines == ["Slow:"]


def test_no_pipe(tmp_path: Path) -> None:
    pipe = Pipe(lambda: FakeAudacity(tmp_path).opener())
    began = time.monotonic()
    with pytest.raises(HostError) as caught:
        pipe.connect(0.2)
    assert Trap.MODULE_OFF.caused(caught.value)
    assert 0.15 < time.monotonic() - began < 5
    fails(Trap.LOST_UNSENT, pipe)


def test_orphaned_pipe(tmp_path: Path) -> None:
    make_fifos(tmp_path)
    pipe = Pipe(lambda: FakeAudacity(tmp_path).opener())
    with pytest.raises(HostError) as caught:
        pipe.connect(0.1)
    assert Trap.FIRST_START.caused(caught.value)


def test_file_in_the_pipes_place(tmp_path: Path) -> None:
    for path in make_fifos(tmp_path):
        path.unlink()
        path.write_bytes(b"")
    with pytest.raises(HostError) as caught:
        Pipe(lambda: FakeAudacity(tmp_path).opener()).connect(0)
    assert Trap.MODULE_OFF.caused(caught.value)


def test_waits_for_the_pipe_to_appear(tmp_path: Path) -> None:
    with Pipe(lambda: FakeAudacity(tmp_path).opener(), GRACE) as pipe:
        fake = FakeAudacity(tmp_path)
        timer = threading.Timer(0.2, fake.__enter__)
        timer.start()
        pipe.connect(10)
        assert pipe.send("Do:", 10).ok
    timer.join()
    fake.__exit__(None, None, None)


def test_gives_up_when_told(tmp_path: Path) -> None:
    asked: list[type[Exception]] = []

    def give_up(kind: type[Exception]) -> bool:
        asked.append(kind)
        return len(asked) == 2

    with pytest.raises(HostError):
        Pipe(lambda: FakeAudacity(tmp_path).opener()).connect(60, give_up)
    assert [kind.__name__ for kind in asked] == ["AbsentError", "AbsentError"]


def test_connecting_twice_is_one_connection(fake: FakeAudacity, pipe: Pipe) -> None:
    pipe.connect(10)
    assert pipe.send("Do:", 10).ok
    assert fake.connections == 1
