"""The index of answers: only what is still as it was written counts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.reuse import Index, stamp, unchanged
from stembridge.jobs.store import Job, Store
from tests.fakes.clock import FakeClock


@pytest.fixture
def index(home: Path) -> Index:
    return Index(home)


@pytest.fixture
def job(home: Path) -> Job:
    """A job with a finished stem."""
    job = Store(home, FakeClock()).create(SeparateRequest(Source("/a.wav")))
    job.stems_folder.mkdir()
    stem = job.stems_folder / "a - vocals.wav"
    stem.write_bytes(b"samples")
    _result(job, [{"id": "vocals", "file": str(stem), "stamp": stamp(stem)}])
    return job


def _result(job: Job, stems: Any) -> None:
    job.result_file.write_text(json.dumps({"stems": stems}), encoding="utf-8")


def test_what_was_remembered_is_found(index: Index, job: Job) -> None:
    index.remember("key", job)
    found = index.result("key")
    assert found is not None
    assert found[0].id == job.id
    assert index.result("other") is None


def test_a_stem_that_is_gone_shorter_or_touched_is_not_reused(index: Index, job: Job) -> None:
    index.remember("key", job)
    (stem,) = job.stems_folder.iterdir()
    facts = stem.stat()
    stem.write_bytes(b"sAmples")
    os.utime(stem, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert index.result("key") is None
    os.utime(stem, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert index.result("key") is not None
    stem.write_bytes(b"short")
    assert index.result("key") is None
    stem.unlink()
    assert index.result("key") is None


def test_a_change_through_a_delivered_link_is_seen(index: Index, job: Job, tmp_path: Path) -> None:
    index.remember("key", job)
    (stem,) = job.stems_folder.iterdir()
    os.link(stem, tmp_path / "mine.wav")
    with (tmp_path / "mine.wav").open("ab") as file:
        file.write(b"more")
    assert index.result("key") is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"job": 3}', '{"job": "gone"}', '{"job": "../../x"}', '{"job": null}']
)
def test_a_damaged_index_is_no_answer(index: Index, job: Job, home: Path, text: str) -> None:
    index.remember("key", job)
    (home / "reuse" / "key.json").write_text(text, encoding="utf-8")
    assert index.result("key") is None
    assert index.answer("key") is None


@pytest.mark.parametrize("stems", [None, [], {}, 3, [3], [{}], [{"file": "a", "stamp": 1}], [{"file": 3}]])
def test_a_damaged_result_is_no_answer(index: Index, job: Job, stems: object) -> None:
    index.remember("key", job)
    _result(job, stems)
    assert index.result("key") is None


def test_a_removed_or_unfinished_job_is_no_answer(index: Index, job: Job) -> None:
    index.remember("key", job)
    job.result_file.unlink()
    assert index.result("key") is None


def test_an_engines_answer_counts_only_whole(index: Index, job: Job) -> None:
    index.remember("key", job)
    assert index.answer("key") is None
    job.region_json.write_text("{}", encoding="utf-8")
    job.separation_json.write_text('{"files": [{"name": "v.wav"}]}', encoding="utf-8")
    assert index.answer("key") is None
    job.answer_folder.mkdir()
    (job.answer_folder / "v.wav").touch()
    found = index.answer("key")
    assert found is not None
    assert found.id == job.id
    job.separation_json.write_text('{"files": [3]}', encoding="utf-8")
    assert index.answer("key") is None


def test_a_row_without_facts_is_a_changed_file(tmp_path: Path) -> None:
    for row in ({}, {"file": "x"}, {"file": 3}, {"file": "x", "stamp": None}):
        assert not unchanged(tmp_path, dict[str, Any](row))
