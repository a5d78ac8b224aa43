"""Trips without an Audacity: whose job it is, what waits, what the menu is told, and nothing twice."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge.hosting import Job, SeparateRequest
from stembridge.model.errors import HostError, StembridgeError
from stembridge_audacity import notices
from stembridge_audacity.editor import Origin, Placed, Region, Source, Wish
from stembridge_audacity.importing import Moved
from stembridge_audacity.journal import Journal, mend
from stembridge_audacity.trip import Trips
from stembridge_audacity.watch import PAUSES, Watcher

SOURCE = Source(0, "Song", 44_100, 2, 0.0, 10.0)
WISH = Wish(SeparateRequest(source=None, engine="offline", model="repet"), "mute")


class _Editor:
    """Counts what is put in; `fault` is raised instead."""

    def __init__(self) -> None:
        self.placed: list[str] = []
        self.there = False
        self.fault: BaseException | None = None
        self.mended: list[str] = []

    def place(self, _folder: Path, origin: Origin, _result: object, *, here: bool = False) -> Placed:
        if self.fault is not None:
            raise self.fault
        self.placed.append(f"{origin.project}{' here' if here else ''}")
        return Placed(("Vocals",), 1)

    def holds(self, _origin: Origin, _result: object) -> bool:
        return self.there


@pytest.fixture
def editor() -> _Editor:
    return _Editor()


@pytest.fixture
def trips(home: Path, editor: _Editor) -> Trips:
    @contextlib.contextmanager
    def connect(_folder: Path) -> Iterator[Any]:
        yield editor

    return Trips(home, connect)


def _job(trips: Trips, name: str, folder: Path, *, done: bool = True) -> Job:
    rendered = folder / "region.wav"
    rendered.write_bytes(b"RIFF")
    job, claim = trips.begin(Region(rendered, Origin("Opus", 44_100, 10, 100, 44_100, (SOURCE,))), WISH, name)
    claim.release()
    if done:
        stem = job.folder / "vocals.wav"
        stem.write_bytes(b"RIFF")
        row = {
            "id": "vocals", "label": "Vocals", "colour": "#e4572e", "kind": "stem", "file": str(stem),
            "frames": 100, "rate": 44_100, "channels": 2,
        }  # fmt: skip
        document = {"stems": [row], "labels": [], "host_context": job.request_document()["host_context"]}
        job.result_file.write_text(json.dumps(document), encoding="utf-8")
    return job


def test_a_claim_is_one_processs(trips: Trips, tmp_path: Path) -> None:
    rendered = tmp_path / "region.wav"
    rendered.write_bytes(b"RIFF")
    region = Region(rendered, Origin("Opus", 44_100, 10, 100, 44_100, (SOURCE,)))
    job, claim = trips.begin(region, WISH, "j1")
    with trips.claimed(job) as free:
        assert not free
    with pytest.raises(HostError, match="busy with this job"):
        trips.begin(region, WISH, "j1")
    claim.release()
    with trips.claimed(job) as free:
        assert free


def test_a_result_is_put_in_once_unless_asked(trips: Trips, editor: _Editor, tmp_path: Path) -> None:
    job = _job(trips, "j1", tmp_path)
    assert [found.id for found in trips.waiting()] == ["j1"]
    trips.bring_home(job)
    assert trips.placed(job)
    assert trips.waiting() == []
    with pytest.raises(HostError, match="already"):
        trips.bring_home(job)
    trips.bring_home(job, again=True, here=True)
    assert editor.placed == ["Opus", "Opus here"]


def test_an_import_that_a_kill_cut_off_is_recognised(trips: Trips, editor: _Editor, tmp_path: Path) -> None:
    job = _job(trips, "j1", tmp_path)
    editor.fault = KeyboardInterrupt()  # as good as a kill
    with pytest.raises(KeyboardInterrupt):
        trips.bring_home(job)
    editor.fault, editor.there = None, True
    assert trips.bring_home(job).tracks == ("Vocals",)
    assert editor.placed == []
    assert trips.placed(job)


def test_the_menu_is_told_what_waits_and_tells_what_it_took(trips: Trips, tmp_path: Path) -> None:
    job = _job(trips, "j1", tmp_path)
    _job(trips, "j2", tmp_path, done=False)
    trips.publish()
    listed = (trips.folder / "finished.lsp").read_text(encoding="utf-8")
    assert '"j1"' in listed
    assert '"j2"' not in listed
    assert (trips.folder / "finished" / "j1" / "stems.aup").exists()
    (trips.folder / "finished" / "j1.done").write_text("imported", encoding="utf-8")
    assert trips.waiting() == []
    assert trips.placed(job)
    trips.publish()
    assert not list((trips.folder / "finished").iterdir())


def test_old_and_foreign_jobs_are_left_alone(trips: Trips, tmp_path: Path) -> None:
    old = _job(trips, "old", tmp_path)
    past = time.time() - 30 * 86_400
    os.utime(old.request_file, (past, past))
    foreign = trips.host.store.create(SeparateRequest(source=None, host="audacity", input=True))
    assert list(trips.unsettled()) == []
    assert foreign.folder.exists()
    with pytest.raises(StembridgeError):
        trips.describe(foreign)


def test_a_waiting_result_is_tried_ever_more_rarely_and_told_once(
    trips: Trips, editor: _Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(trips, "j1", tmp_path)
    told: list[str] = []
    watcher = Watcher(trips, tell=lambda _title, text: told.append(text), programs=lambda: ())
    editor.fault = Moved("another project is in front")
    now = [1000.0]
    monkeypatch.setattr("stembridge_audacity.watch.time.monotonic", lambda: now[0])
    tries: list[float] = []
    place = editor.place

    def counted(*words: Any, **more: Any) -> Placed:
        tries.append(now[0] - 1000)
        return place(*words, **more)

    monkeypatch.setattr(editor, "place", counted)
    for _ in range(200):
        watcher.round()
        now[0] += 1
    assert tries == [sum(PAUSES[: count + 1]) for count in range(len(PAUSES))]
    assert len(told) == 1
    assert "The stems wait" in told[0]
    folder = trips.folder / "requests"
    folder.mkdir(exist_ok=True)
    (folder / "r1.json").write_text(
        '{"v":1,"what":"import","project":{"name":"Opus","rate":44100},"done":[]}\n', encoding="utf-8"
    )
    editor.fault = None
    watcher.round()
    assert trips.placed(job)
    assert not list(folder.iterdir())


def test_a_broken_request_is_put_aside_and_told(trips: Trips, tmp_path: Path) -> None:
    told: list[str] = []
    watcher = Watcher(trips, tell=lambda _title, text: told.append(text), programs=lambda: ())
    folder = trips.folder / "requests"
    folder.mkdir(exist_ok=True)
    path = folder / "bad1.json"
    path.write_text("{}\n", encoding="utf-8")
    watcher.round()
    assert path.exists()  # it may still be being written
    past = time.time() - 60
    os.utime(path, (past, past))
    watcher.round()
    assert not path.exists()
    assert "can't be understood" in told[0]
    assert notices.last_beat(trips.home) is None


class _Recorder:
    """Stands for an Audacity: notes what is set."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def set_preference(self, name: str, value: str) -> None:
        self.did.append(f"{name}={value}")

    def tracks(self) -> list[Any]:
        return []

    def set_project_rate(self, rate: int) -> None:
        self.did.append(f"rate {rate}")


def test_what_belongs_to_another_project_is_told_and_not_touched(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open("project", [["Song", "wave", 2, 0.0, 10.0]])
    journal.open("preference", {"name": "Format", "value": "2"})
    journal.open("rate", 44_100)
    recorder: Any = _Recorder()
    told = mend(recorder, Journal(tmp_path))
    assert recorder.did == ["Format=2"]
    assert any("sample rate (44100 Hz)" in sentence for sentence in told)
    assert not Journal(tmp_path).entries
    assert mend(recorder, Journal(tmp_path)) == []


def test_a_torn_journal_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text("{", encoding="utf-8")
    recorder: Any = _Recorder()
    assert mend(recorder, Journal(tmp_path)) == []
    assert not (tmp_path / "journal.json").exists()
