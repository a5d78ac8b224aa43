"""Cleaning up: what is finished and old goes; what is open, busy, paid for or imported stays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs import cleaning, lock, reuse
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.store import Job, Store
from stembridge.model.errors import UsageError
from tests.fakes.clock import FakeClock

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_800_000_000.0
END = {
    "ready": None,
    "failed": {"type": "failed"},
    "cancelled": {"type": "cancelled"},
    "open": {"type": "state", "state": "processing"},
    "waiting": {"type": "needs_decision"},
}


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home, FakeClock())


def _job(store: Store, end: str, *, age: float, result: dict[str, Any] | None = None) -> Job:
    job = store.create(SeparateRequest(source=Source("/music/song.wav")))
    event = END[end]
    if event is None:
        document = {"kind": "separate", "delivered_to": "/music/out", **(result or {})}
        job.result_file.write_text(json.dumps(document), encoding="utf-8")
    else:
        job.events_file.write_text(json.dumps({"v": 1, "seq": 1, "ts": 0, **event}) + "\n", encoding="utf-8")
    for path in job.folder.iterdir():
        os.utime(path, (NOW - age, NOW - age))
    return job


def _goes(store: Store, *, older: float, keep_imported: bool = False) -> dict[str, tuple[bool, str]]:
    found = cleaning.survey(store, older=older, keep_imported=keep_imported, now=NOW)
    return {one.job.id: (one.goes, one.why) for one in found}


@pytest.mark.parametrize(
    ("text", "seconds"), [("12h", 12 * HOUR), ("30d", 30 * DAY), (" 2W ", 14 * DAY), ("0h", 0.0)]
)
def test_ages_are_hours_days_or_weeks(text: str, seconds: float) -> None:
    assert cleaning.parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "3m", "1d2h"])
def test_another_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no age") as caught:
        cleaning.parse_age(text)
    assert "30d" in caught.value.hint


def test_only_finished_jobs_that_are_old_enough_go(store: Store) -> None:
    old = {end: _job(store, end, age=31 * DAY) for end in END}
    for end in END:
        _job(store, end, age=29 * DAY)
    found = _goes(store, older=30 * DAY)
    assert set(found) == {job.id for job in old.values()}
    assert {end for end, job in old.items() if found[job.id][0]} == {"ready", "failed", "cancelled"}
    assert found[old["open"].id][1] == found[old["waiting"].id][1] == "not finished"


def test_a_job_in_which_something_happened_lately_is_not_old(store: Store) -> None:
    job = _job(store, "failed", age=31 * DAY)
    os.utime(job.events_file, (NOW - DAY, NOW - DAY))
    assert not _goes(store, older=30 * DAY)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_what_was_ordered_is_kept_as_long_as_it_can_be_fetched(store: Store, end: str) -> None:
    job = _job(store, end, age=5 * DAY)
    facts = {"intent_at": NOW - 71 * HOUR, "ticket": {"id": "secret"}}
    job.remote_json.write_text(json.dumps(facts), encoding="utf-8")
    goes, why = _goes(store, older=DAY)[job.id]
    assert not goes
    assert "may still be fetched, until" in why
    job.remote_json.write_text(json.dumps({**facts, "intent_at": NOW - 73 * HOUR}), encoding="utf-8")
    goes, why = _goes(store, older=DAY)[job.id]
    assert goes
    assert "could be fetched until" in why


def test_damaged_facts_of_an_order_count_from_its_last_sign_of_life(store: Store) -> None:
    job = _job(store, "failed", age=2 * DAY)
    job.remote_json.write_text("{", encoding="utf-8")
    assert not _goes(store, older=DAY)[job.id][0]


def test_an_answer_that_is_here_whole_needs_no_service(store: Store) -> None:
    job = _job(store, "failed", age=2 * DAY)
    job.remote_json.write_text(json.dumps({"intent_at": NOW}), encoding="utf-8")
    job.separation_json.write_text("{}", encoding="utf-8")
    assert _goes(store, older=DAY)[job.id][0]


def test_imported_jobs_stay_when_that_is_wished(store: Store) -> None:
    placed, other = _job(store, "ready", age=9 * DAY), _job(store, "ready", age=9 * DAY)
    (placed.folder / "host-reaper-1.json").write_text("{}", encoding="utf-8")
    (other.folder / "host-audacity.lock").touch()
    assert {key: goes for key, (goes, _) in _goes(store, older=DAY).items()} == {
        placed.id: True,
        other.id: True,
    }
    kept = _goes(store, older=DAY, keep_imported=True)
    assert kept[placed.id] == (False, "imported into a project")
    assert kept[other.id][0]


def test_stems_that_lie_nowhere_else_are_named(store: Store) -> None:
    job = _job(store, "ready", age=9 * DAY, result={"delivered_to": None})
    assert _goes(store, older=DAY)[job.id] == (True, "its stems lie nowhere else")


def test_a_damaged_job_stays_and_says_how_to_delete_it(store: Store) -> None:
    job = _job(store, "ready", age=9 * DAY)
    job.result_file.write_text("{", encoding="utf-8")
    os.utime(job.result_file, (NOW - 9 * DAY, NOW - 9 * DAY))
    goes, why = _goes(store, older=DAY)[job.id]
    assert not goes
    assert f"jobs remove {job.id}" in why


def test_what_goes_frees_what_no_other_place_holds(store: Store, tmp_path: Path) -> None:
    one, two, stays = (_job(store, "ready", age=age) for age in (9 * DAY, 8 * DAY, HOUR))
    for job in (one, two, stays):
        job.stems_folder.mkdir()
    sizes = {"delivered": 1000, "shared": 200, "own": 30, "reused": 4000}
    for name, size in sizes.items():
        (one.stems_folder / name).write_bytes(bytes(size))
    os.link(one.stems_folder / "delivered", tmp_path / "delivered")
    os.link(one.stems_folder / "shared", two.stems_folder / "shared")
    os.link(one.stems_folder / "reused", stays.stems_folder / "reused")
    small = sum(path.stat().st_size for job in (one, two) for path in job.folder.glob("*.json"))
    verdicts = list(cleaning.survey(store, older=DAY, keep_imported=False, now=NOW))
    expected = cleaning.frees(verdicts)
    index = reuse.Index(store.home)
    index.remember("a" * 64, one)
    index.remember("b" * 64, stays)
    cleaned = cleaning.clean(store, verdicts, keep_imported=False, now=NOW)
    assert expected == cleaned.freed == 230 + small
    assert [job.id for job in store.jobs()] == [stays.id]
    assert (tmp_path / "delivered").stat().st_size == 1000
    assert [path.stem for path in (store.home / "reuse").iterdir()] == ["b" * 64]


def test_a_job_that_is_taken_up_before_it_goes_stays(store: Store) -> None:
    busy, resumed, goes = (_job(store, "failed", age=9 * DAY) for _ in range(3))
    verdicts = list(cleaning.survey(store, older=DAY, keep_imported=False, now=NOW))
    resumed.events_file.write_text(
        json.dumps({"v": 1, "seq": 1, "ts": 0, "type": "state", "state": "created"}) + "\n", encoding="utf-8"
    )
    with lock.hold(busy.lock_file):
        cleaned = cleaning.clean(store, verdicts, keep_imported=False, now=NOW)
    assert [one.job.id for one in cleaned.gone] == [goes.id]
    assert {one.job.id: one.why for one in cleaned.kept} == {
        busy.id: "a worker is busy with it",
        resumed.id: "not finished",
    }
    assert busy.folder.exists()
    assert resumed.folder.exists()
