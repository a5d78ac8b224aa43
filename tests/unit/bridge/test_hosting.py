"""A Python host's desk, with real workers in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.bridge import hosting
from stembridge.bridge.hosting import (
    BlendRequest,
    CompareRequest,
    Following,
    Host,
    SeparateRequest,
    Tail,
    failure,
)
from stembridge.jobs import lock
from stembridge.jobs.store import Job
from stembridge.model.errors import (
    CODES,
    DecisionNeededError,
    InputError,
    StembridgeError,
    StoreError,
    UsageError,
)  # fmt: skip
from tests.e2e.command import music, until, write

RATE = 44100
ORDER = SeparateRequest(source=None, name="take", engine="offline", model="repet")


@pytest.fixture
def desk(home: Path) -> Host:
    return Host("tester", home)


def _rendered(folder: Path, frames: int = 3 * RATE) -> Path:
    return write(folder / "export.wav", music(frames))


def _line(number: int, kind: str = "heartbeat", **more: Any) -> bytes:
    return json.dumps({"v": 1, "seq": number, "ts": 0, "type": kind, **more}).encode() + b"\n"


def test_a_job_goes_from_the_hosts_rendering_to_stems(desk: Host, tmp_path: Path) -> None:
    source = _rendered(tmp_path)
    samples = sf.read(source, dtype="float32", always_2d=True)[0]
    job = desk.order(ORDER, source)
    assert not source.exists()
    assert job.request_document()["host"] == "tester"
    assert job.request_document()["input"] is True
    desk.start(job)
    heard: list[str] = []
    last = desk.follow(job, lambda event: heard.append(event["type"]))
    assert last["type"] == "finished"
    assert heard[0] == "accepted"
    assert heard[-1] == "finished"
    stems = [
        sf.read(row["file"], dtype="float32", always_2d=True)[0] for row in desk.result(job)["stems"]
    ]  # fmt: skip
    assert np.abs(np.sum(stems, axis=0) - samples).max() < 1e-6
    desk.start(job)  # nothing is left to do: the old end is the end
    assert desk.follow(job, lambda _event: None)["type"] == "finished"


def test_a_host_compares_and_blends_what_it_had_separated(desk: Host, tmp_path: Path) -> None:
    def done(request: SeparateRequest | BlendRequest | CompareRequest, source: Path | None = None) -> Job:
        job = desk.order(request, source)
        desk.start(job)
        assert desk.follow(job, lambda _event: None)["type"] == "finished"
        return job

    pair = [
        done(replace(ORDER, options=options), _rendered(tmp_path, RATE)) for options in ({}, {"centre": "on"})
    ]
    ids = tuple(job.id for job in pair)
    compared = done(CompareRequest(ids))
    blended = done(BlendRequest(ids, "vocals", host_context="dialog"))
    assert desk.result(compared)["jobs"] == list(ids)
    assert Path(desk.result(compared)["picture"]).is_file()
    assert desk.result(blended)["host_context"] == "dialog"
    assert {row["frames"] for row in desk.result(blended)["stems"]} == {RATE}
    assert blended.request_document()["host"] == compared.request_document()["host"] == "tester"
    assert [job.id for job in desk.jobs()] == [blended.id, *reversed(ids)], "a comparison is placed nowhere"

    (row,) = desk.ask("save_preset", {"name": "mine", "order": {"model": "repet", "stems": ["vocals"]}})
    assert row in desk.ask("presets")
    with pytest.raises(UsageError, match="already"):
        desk.ask("save_preset", {"name": "mine", "order": {"model": "repet"}})
    assert desk.ask("remove_preset", {"name": "mine"}) == [{"id": "mine", "removed": True}]


def test_a_wish_to_stop_cancels_the_job_and_resume_goes_on(desk: Host, tmp_path: Path) -> None:
    job = desk.order(ORDER, _rendered(tmp_path, 20 * RATE))
    desk.start(job)
    last = desk.follow(job, lambda _event: None, stop=lambda: True)
    assert last["type"] == "cancelled"
    desk.cancel(job)  # it is over: no second worker
    with pytest.raises(StoreError, match="cancelled"):
        desk.result(job)
    desk.resume(job)
    assert desk.follow(job, lambda _event: None)["type"] == "finished"


def test_resume_waits_for_the_cancelled_worker_to_let_go(desk: Host, tmp_path: Path) -> None:
    job = desk.order(ORDER, _rendered(tmp_path))
    desk.cancel(job)
    assert desk.follow(job, lambda _event: None)["type"] == "cancelled"
    job.cancel_file.touch()
    with lock.hold(job.lock_file):  # as a worker does that has just written its end
        slow = threading.Thread(target=desk.resume, args=(job,))
        slow.start()
        slow.join(0.3)
        assert job.cancel_file.exists(), "the wish stays until the worker has gone"
    slow.join(60)
    assert desk.follow(job, lambda _event: None)["type"] == "finished"


def test_a_cancel_before_any_worker_is_written_down(desk: Host, tmp_path: Path) -> None:
    job = desk.order(ORDER, _rendered(tmp_path))
    desk.cancel(job)
    assert desk.follow(job, lambda _event: None)["type"] == "cancelled"


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_worker_is_started_again(
    desk: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "_SILENCE", 2.0)
    job = desk.order(ORDER, _rendered(tmp_path, 30 * RATE))
    desk.start(job)
    pids: list[int] = []

    def hear(event: hosting.Event) -> None:
        if event["type"] == "accepted":
            pids.append(event["pid"])
            if len(pids) == 1:
                os.kill(event["pid"], signal.SIGKILL)

    assert desk.follow(job, hear)["type"] == "finished"
    assert len(pids) == 2


def test_a_worker_that_always_dies_is_given_up(
    desk: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "_SILENCE", 0.05)
    started: list[str] = []
    monkeypatch.setattr(Host, "start", lambda _self, job: started.append(job.id))
    job = desk.order(ORDER, _rendered(tmp_path))
    with pytest.raises(StembridgeError, match="without a word"):
        desk.follow(job, lambda _event: None)
    assert started == [job.id, job.id]


def test_a_refused_job_ends_as_the_core_says(desk: Host, tmp_path: Path) -> None:
    job = desk.order(SeparateRequest(source=None, engine="offline", model="nothing"), _rendered(tmp_path))
    desk.start(job)
    last = desk.follow(job, lambda _event: None)
    error = failure(last)
    assert last["type"] == "failed"
    assert isinstance(error, UsageError)
    assert error.code == "unknown_name"
    assert "nothing" in error.message


def test_a_question_is_answered_and_leaves_nothing_behind(desk: Host) -> None:
    rows = desk.ask("presets")
    assert {"vocals", "4stems"} <= {row["id"] for row in rows}
    assert not list(desk.store.jobs())
    with pytest.raises(StembridgeError):
        desk.ask("nonsense")


def test_a_decision_is_answered_and_a_new_worker_goes_on(desk: Host, tmp_path: Path) -> None:
    job = desk.order(ORDER, _rendered(tmp_path))
    job.events_file.write_bytes(_line(1, "needs_decision", id="cost", code="needs_decision", message="Pay?"))
    following = Following(desk, job)
    following.poll()
    assert following.ended is not None
    desk.answer(job, following.ended, "agree")
    assert json.loads(job.answer_file.read_text()) == {"id": "cost", "choice": "agree"}
    following.expect_more()
    until(lambda: following.poll() and following.ended)
    assert following.ended["type"] == "finished"


def test_only_this_hosts_separations_are_listed_and_notes_are_numbered(desk: Host, tmp_path: Path) -> None:
    job = desk.order(ORDER, _rendered(tmp_path))
    Host("other", desk.home).order(ORDER, _rendered(tmp_path))
    broken = desk.order(ORDER, _rendered(tmp_path))
    broken.request_file.write_text("{", encoding="utf-8")
    assert [found.id for found in desk.jobs()] == [job.id]
    for number in range(11):
        desk.note(job, {"number": number})
    assert [note["number"] for note in desk.notes(job)] == list(range(11))
    assert (job.folder / "host-tester-11.json").exists()


@pytest.mark.parametrize("cut", ["nothing", "folder", "input", "request"])
def test_a_wish_with_an_id_is_one_job_wherever_a_kill_came(desk: Host, tmp_path: Path, cut: str) -> None:
    source = _rendered(tmp_path)
    data = source.read_bytes()
    folder = desk.home / "jobs" / "wish1"
    if cut != "nothing":
        folder.mkdir(parents=True)
    if cut == "input":
        (folder / "input.wav").write_bytes(data[:100])
    if cut == "request":
        desk.order(ORDER, source, "wish1")
    job = desk.order(ORDER, source, "wish1")
    assert job.folder == folder
    assert job.input_file.read_bytes() == data
    assert not source.exists()
    assert [found.id for found in desk.jobs()] == ["wish1"]


def test_new_ids_are_letters_and_digits_and_no_two_the_same(desk: Host) -> None:
    ids = {desk.new_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(name.isascii() and name.isalnum() for name in ids)


def test_the_default_engine_is_the_cores(desk: Host) -> None:
    assert desk.default_engine == "offline"


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 40), max_size=40), count=st.integers(0, 8))
def test_events_are_read_once_and_whole_however_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], count: int
) -> None:
    job = Job(tmp_path_factory.mktemp("job"))
    data = b"".join(_line(number) for number in range(1, count + 1))
    tail = Tail(job)
    assert tail.read() == []
    heard: list[int] = []
    for size in [*cuts, len(data)]:
        piece, data = data[:size], data[size:]
        with job.events_file.open("ab") as file:
            file.write(piece)
        heard += [event["seq"] for event in tail.read()]
    assert heard == list(range(1, count + 1))


def test_a_line_that_is_no_event_is_said(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.events_file.write_bytes(b"{}\n")
    with pytest.raises(StoreError) as told:
        Tail(job).read()
    assert told.value.code == "job_corrupt"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_becomes_an_error_of_its_class(code: str) -> None:
    error = failure({"code": code, "message": "It is so.", "hint": "Do this.", "choices": [["a", "A"]]})
    assert (error.code, error.message, error.hint) == (code, "It is so.", "Do this.")
    assert issubclass(CODES[code][0], type(error))
    if isinstance(error, DecisionNeededError):
        assert error.choices == (("a", "A"),)


def test_an_unknown_code_is_an_error_all_the_same() -> None:
    assert failure({"code": "from the future"}).code == "internal"
    assert isinstance(failure({"code": "channels"}), InputError)


def test_no_window_opens_on_windows() -> None:
    pick: Callable[[str], dict[str, Any]] = hosting._no_window
    assert pick("nt") == {"creationflags": 0x08000000}
    assert pick("posix") == {}
