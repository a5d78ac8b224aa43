"""Many at once: one agreement on the cost, one summary, and resume for all that a kill left open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, decibels, music, read, told_in, until, write
from tests.e2e.desk import KEY, POSIX, Desk

FRAMES = 40_000


@pytest.fixture
def slow(command: Command, tmp_path: Path) -> Iterator[Desk]:
    """A service that takes some seconds for each order."""
    pace = Pace(service_seconds=3.0)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=pace) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        yield Desk(command, service)


def _songs(desk: Desk | Command, count: int, frames: int = FRAMES) -> list[Path]:
    folder = desk.cwd if isinstance(desk, Command) else desk.command.cwd
    return [write(folder / f"take {n}.wav", music(frames, seed=n)) for n in range(count)]


def _orders(desk: Desk) -> int:
    return len(desk.service.service.timeline.jobs)


def _sums_to(folder: Path, samples: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    total = np.sum([read(path) for path in folder.glob("*.wav")], axis=0)
    assert decibels(total - samples) < -85  # a free account gets 16 bits


def test_the_cost_of_all_is_told_and_agreed_to_once(desk: Desk) -> None:
    desk.login()
    songs = _songs(desk, 3)
    order = ["separate", *songs, songs[0], "--engine", "mvsep", "--out", "stems"]
    told = desk(*order)
    told.refused(17, "3 separations are to be ordered, for 3 credits in all.", "--max-total")
    assert desk.command.jobs() == []
    assert desk(*order, "--max-total", "2").code == 17
    assert desk(*order, "--max-total", "2", "--yes").code == 17, "a limit holds, whatever is agreed to"
    assert desk(*order, "--max-credits", "0", "--max-total", "9").code == 17
    assert not _orders(desk)
    told = desk(*order, "--max-total", "3", "--json")
    assert told.code == 0, told
    assert _orders(desk) == 3
    summary = told.lines[-1]
    assert summary["type"] == "summary"
    assert (summary["jobs"], summary["done"], summary["reused"]) == (4, 4, 1)
    assert (summary["credits"], summary["unpriced"], summary["attempts"]) == (3, 0, 0)
    assert summary["seconds"] == pytest.approx(4 * FRAMES / 44_100, abs=1e-3)
    assert summary["failures"] == summary["unfinished"] == []
    assert sorted(Path(folder).name for folder in summary["folders"]) == [
        "take 0 stems", "take 0 stems 2", "take 1 stems", "take 2 stems",
    ]  # fmt: skip


def test_what_there_is_already_costs_nothing_and_asks_nobody(desk: Desk) -> None:
    desk.login()
    songs = _songs(desk, 2)
    assert desk("separate", *songs, "--engine", "mvsep", "--max-credits", "1", "--out", "a").code == 0
    desk.service.stop()
    told = desk("separate", *songs, "--engine", "mvsep", "--out", "b")
    assert told.code == 0, told
    assert "ordered" not in told.err
    assert "2 separations: 2 done (2 of them from earlier ones)." in told.err
    assert "credit" not in told.err


def test_more_than_the_account_has_is_refused_before_anything_is_sent(
    command: Command, tmp_path: Path
) -> None:
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, credits=2) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        told = desk("separate", *_songs(desk, 3), "--engine", "mvsep", "--yes")
        assert told.code == 12
        assert "costs 3 credits, and the account has 2" in told.err
        assert not _orders(desk)
        assert command.jobs() == []


def test_a_free_account_is_told_how_many_attempts_it_takes(desk: Desk) -> None:
    assert desk.service.free.key
    desk.command.environ["STEMBRIDGE_API_TOKEN"] = desk.service.free.key
    told = desk("separate", *_songs(desk, 2), "--engine", "mvsep")
    assert told.code == 0, told
    assert "2 separations are to be ordered, for 2 attempts in all. You have " in told.err
    assert "of audio, for 2 attempts." in told.err


def test_one_that_fails_leaves_the_others_alone_and_is_named_at_the_end(command: Command) -> None:
    songs = _songs(command, 2)
    wrong = command.cwd / "notes.wav"
    wrong.write_text("no audio", encoding="utf-8")
    order = ["separate", songs[0], wrong, songs[1], "--model", "repet", "--out", "stems"]
    told = command(*order)
    assert told.code == 11
    assert "3 separations: 2 done, 1 failed." in told.err
    assert f"Failed: {wrong}." in told.err
    assert f"In: {command.cwd / 'stems'} (2 folders)" in told.err
    _sums_to(command.cwd / "stems" / "take 1 stems", music(FRAMES, seed=1))
    summary = command(*order, "--overwrite", "--json").lines[-1]
    assert (summary["done"], summary["reused"], summary["failed"]) == (2, 2, 1)
    (failure,) = summary["failures"]
    assert (failure["input"], failure["job"], failure["code"]) == (str(wrong), None, "source_unreadable")
    assert failure["message"]
    alone = command("separate", songs[0], "--model", "repet", "--out", "alone", "--json")
    assert alone.lines[-1]["type"] == "finished", "one alone needs no summary"


@POSIX
def test_killed_half_way_everything_open_is_resumed_and_nothing_paid_twice(slow: Desk) -> None:
    # A free account has one order at a time: the others wait, on disk, while it is worked on.
    assert slow.service.free.key
    slow.command.environ["STEMBRIDGE_API_TOKEN"] = slow.service.free.key
    songs = _songs(slow, 3)
    process = slow.command.start("separate", *songs, "--engine", "mvsep", "--out", "stems")
    remote = slow.command.home / "jobs"
    until(lambda: any('"ticket"' in path.read_text("utf-8") for path in remote.glob("*/remote.json")))
    process.kill()
    process.communicate()
    rows = slow.command.jobs()
    assert len(rows) == 3
    assert not {row["state"] for row in rows} & {"ready", "failed"}
    told = slow("jobs", "resume", "--open", "--json")
    assert told.code == 0, told
    summary = told.lines[-1]
    assert summary["type"] == "summary"
    assert summary["attempts"] == summary["done"] == summary["jobs"] == 3
    assert _orders(slow) == 3
    for number in range(3):
        _sums_to(slow.command.cwd / "stems" / f"take {number} stems", music(FRAMES, seed=number))
    assert slow("jobs", "resume", "--open", "--json").lines[-1]["jobs"] == 0
    assert "Nothing is open." in slow("jobs", "resume", "--open").err


@POSIX
def test_killed_half_way_offline_it_is_resumed_too(command: Command) -> None:
    songs = _songs(command, 3, frames=10 * 44_100)
    process = command.start("separate", *songs, "--model", "repet", "--out", "stems")
    until(lambda: len(list((command.home / "jobs").glob("*/region.json"))) >= 2)
    process.kill()
    process.communicate()
    states = {row["state"] for row in command.jobs()}
    assert "ready" in states
    assert len(states) > 1
    told = command("jobs", "resume", "--open")
    assert told.code == 0, told
    assert " separation" in told.err
    assert [row["state"] for row in command.jobs()] == ["ready"] * 3
    for number in range(3):
        _sums_to(command.cwd / "stems" / f"take {number} stems", music(10 * 44_100, seed=number))
    for row in command.jobs():
        past = told_in(command.folder(row["id"]))
        assert [event["seq"] for event in past] == list(range(1, len(past) + 1))


def test_several_jobs_are_resumed_by_their_ids(command: Command) -> None:
    songs = _songs(command, 2)
    assert command("-q", "separate", *songs, "--model", "repet").code == 0
    ids = [row["id"] for row in command.jobs()]
    told = command("jobs", "resume", *ids, "--json")
    assert told.code == 0, told
    assert [line["type"] for line in told.lines] == ["finished", "finished", "summary"]
    assert told.lines[-1]["done"] == 2
    command("jobs", "resume").refused(2, "Which jobs?", "--open")
    command("jobs", "resume", ids[0], "--open").refused(2, "Which jobs?")
