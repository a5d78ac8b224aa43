"""The store: names, order, and lists that no damaged folder can break."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from stembridge.jobs import lock
from stembridge.jobs.request import QueryRequest, SeparateRequest, Source
from stembridge.jobs.store import Job, Store
from stembridge.model.errors import StoreError, UnknownNameError
from stembridge.model.states import State
from tests.fakes.clock import FakeClock

REQUEST = SeparateRequest(source=Source("/music/song.wav", 5, 10), stems=("vocals",))


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home, FakeClock())


def _named(store: Store, name: str) -> Job:
    """Make a job as a host does, under a name of its own."""
    folder = store.folder / name
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps(REQUEST.to_dict()), encoding="utf-8")
    return Job(folder)


def _event(kind: str, **fields: object) -> str:
    return json.dumps({"v": 1, "seq": 1, "ts": 0, "type": kind, **fields}) + "\n"


def test_a_new_job_has_its_request_and_a_name_of_letters_and_digits(store: Store) -> None:
    job = store.create(REQUEST)
    assert job.request() == REQUEST
    assert re.fullmatch(r"[a-z0-9]{10,40}", job.id)
    assert job.state() is State.CREATED
    assert job.result() is None
    assert not job.busy()


def test_a_question_is_a_job_too(store: Store) -> None:
    request = QueryRequest("presets", host_context={"track": 3})
    assert store.create(request).request() == request


def test_a_hundred_jobs_of_one_second_have_names_of_their_own(store: Store) -> None:
    assert len({store.create(REQUEST).id for _ in range(100)}) == 100


def test_jobs_come_newest_first_even_within_a_second_and_under_a_hosts_names(store: Store) -> None:
    made = [store.create(REQUEST), _named(store, "zz"), store.create(REQUEST), _named(store, "aa")]
    for age, job in enumerate(made):
        os.utime(job.request_file, ns=(age, 1_000_000_000 + age))
    assert [job.id for job in store.jobs()] == [job.id for job in reversed(made)]
    assert store.find("last").id == made[-1].id


def test_a_folder_without_a_request_is_no_job_yet(store: Store) -> None:
    job = store.create(REQUEST)
    (store.folder / "halfmade").mkdir()
    (store.folder / "stray.txt").touch()
    assert [one.id for one in store.jobs()] == [job.id]


def test_no_jobs_at_all(store: Store) -> None:
    assert list(store.jobs()) == []
    with pytest.raises(UnknownNameError, match="job called 'last'"):
        store.find("last")


def test_a_job_is_found_by_id_beginning_and_end(store: Store) -> None:
    job, _ = _named(store, "abcdef123"), _named(store, "abcxyz789")
    for name in ("abcdef123", "abcd", "f123"):
        assert store.find(name).id == job.id


@pytest.mark.parametrize("name", ["abc", "zzz", "", "a", "../abcdef123", "abcdef123/", "LAST"])
def test_a_name_that_fits_none_or_many_is_refused(store: Store, name: str) -> None:
    _named(store, "abcdef123")
    _named(store, "abcxyz789")
    with pytest.raises(UnknownNameError) as caught:
        store.find(name)
    assert "abc" in caught.value.hint


def test_a_job_goes_and_what_it_delivered_stays(store: Store, tmp_path: Path) -> None:
    job = store.create(REQUEST)
    job.stems_folder.mkdir()
    (job.stems_folder / "a.wav").write_bytes(b"x")
    os.link(job.stems_folder / "a.wav", tmp_path / "a.wav")
    store.remove(job)
    assert not job.folder.exists()
    assert (tmp_path / "a.wav").read_bytes() == b"x"


def test_a_job_at_work_is_not_removed(store: Store) -> None:
    job = store.create(REQUEST)
    with lock.hold(job.lock_file), pytest.raises(StoreError) as caught:
        store.remove(job)
    assert caught.value.code == "job_locked"
    assert job.request_file.exists()


def test_a_job_that_owes_the_service_an_answer_is_not_removed(store: Store) -> None:
    job = store.create(REQUEST)
    job.remote_json.write_text("{}", encoding="utf-8")
    job.events_file.write_text(_event("state", state="queued"), encoding="utf-8")
    with pytest.raises(StoreError, match="isn't over") as caught:
        store.remove(job)
    assert job.id in caught.value.hint
    job.events_file.write_text(_event("failed"), encoding="utf-8")
    store.remove(job)
    assert not job.folder.exists()


DAMAGE = {
    "request": ("request.json", b"\xff\xfe nonsense"),
    "list": ("request.json", b"[]"),
    "old protocol": ("request.json", b'{"protocol": 99, "kind": "separate"}'),
    "events": ("events.jsonl", b"nonsense\n"),
    "state": ("events.jsonl", b'{"seq": 1, "type": "state", "state": "dancing"}\n'),
    "state missing": ("events.jsonl", b'{"seq": 1, "type": "state"}\n'),
    "result": ("result.json", b'{"stems": '),
    "empty result": ("result.json", b"{}"),
    "region": ("region.json", b'{"plan": {"recipe": 1}, "rendered": []}'),
    "region plan": ("region.json", b'{"plan": [1], "rendered": {}}'),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_no_damage_breaks_the_list_or_keeps_the_job_from_being_removed(
    store: Store, damage: tuple[str, bytes]
) -> None:
    from stembridge.cli.jobs import _row

    job = store.create(REQUEST)
    (job.folder / damage[0]).write_bytes(damage[1])
    (found,) = store.jobs()
    row = _row(found)
    assert row["id"] == job.id
    assert row["state"] in set(State)
    assert row["bytes"] > 0
    store.remove(found)
    assert list(store.jobs()) == []


def test_a_data_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="data folder") as caught:
        Store(tmp_path / "file" / "home", FakeClock()).create(REQUEST)
    assert "STEMBRIDGE_HOME" in caught.value.hint
