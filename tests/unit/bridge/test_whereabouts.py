"""Results that move: with the data folder, with the project, to another machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.bridge import attaching, finished, whereabouts
from stembridge.bridge.hosting import Host
from stembridge.bridge.placing import file_of
from stembridge.jobs import disk
from stembridge.jobs.store import Job
from stembridge.model.errors import StoreError, TransferError
from stembridge.model.states import State
from tests.fakes.families import Yard

pytestmark = pytest.mark.usefixtures("plain_picture")


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A project folder with its source in it, beside the data folder."""
    yard = Yard(tmp_path / "home")
    project = tmp_path / "project"
    project.mkdir()
    yard.source = Path(shutil.copy2(yard.source, project / "song.wav"))
    return yard


def _done(yard: Yard, **wishes: Any) -> Job:
    job = yard.job("toy", deliver_to=str(yard.source.parent / "song stems"), **wishes)
    assert yard.drive(job).state is State.READY
    return job


def _rows(job: Job) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in (job.result() or {})["stems"]}


def _move(yard: Yard) -> Path:
    """Move the project to another place."""
    new = yard.source.parent.parent / "elsewhere" / "project"
    new.parent.mkdir()
    yard.source.parent.rename(new)
    return new


def _samples(path: Path) -> bytes:
    samples: bytes = sf.read(path, dtype="float32")[0].tobytes()
    return samples


def test_a_moved_project_leaves_the_jobs_own_files(yard: Yard) -> None:
    job = _done(yard)
    _move(yard)
    for row in _rows(job).values():
        assert whereabouts.stem(job, row) == job.stems_folder / Path(row["file"]).name
    assert whereabouts.words(job, job.result() or {}).startswith(f"The stems are in {job.stems_folder}. They")


def test_a_moved_data_folder_is_followed(yard: Yard, tmp_path: Path) -> None:
    job = _done(yard)
    there = tmp_path / "new home"
    yard.home.rename(there)
    moved = Job(there / "jobs" / job.id)
    host = Host("test", there)
    for row in host.result(moved)["stems"]:
        assert Path(row["file"]).parent == moved.stems_folder
        assert Path(row["file"]).is_file()
    assert finished.load(moved).take("vocals").path.parent == moved.stems_folder
    assert file_of(moved, _rows(moved)["vocals"]).is_file()


def test_without_the_jobs_own_files_those_in_the_project_do(yard: Yard) -> None:
    job = _done(yard)
    delivered = yard.source.parent / "song stems"
    shutil.rmtree(job.stems_folder)
    assert finished.load(job).take("vocals").path == delivered / "song - vocals.wav"
    assert [Path(row["file"]).parent for row in Host("test", yard.home).result(job)["stems"]] == [
        delivered
    ] * 2
    assert whereabouts.words(job, job.result() or {}) == f"The stems are in {delivered}"
    # A file that was copied at another time is known by what it holds, and so is one that was changed.
    file = delivered / "song - vocals.wav"
    os.utime(file, (1, 1))
    assert whereabouts.stem(job, _rows(job)["vocals"]) == file
    samples, rate = sf.read(file, dtype="float32")
    sf.write(file, samples * np.float32(0.5), rate, subtype="FLOAT")
    assert file.stat().st_size == _rows(job)["vocals"]["stamp"]["bytes"]
    assert whereabouts.stem(job, _rows(job)["vocals"]) is None
    with pytest.raises(TransferError) as told:
        finished.load(job).take("vocals")
    assert "jobs adopt FOLDER" in told.value.hint
    assert whereabouts.words(job, job.result() or {}).endswith("`stembridge jobs adopt FOLDER`.")


def test_where_a_path_could_be_now(tmp_path: Path) -> None:
    new = tmp_path / "new"
    (new / "Media" / "takes").mkdir(parents=True)
    for place in (new / "take.wav", new / "takes", new / "Media" / "takes" / "take.wav"):
        place.mkdir() if not place.suffix else place.write_bytes(b"x")
    expected = [new / "Media" / "takes" / "take.wav", new / "take.wav"]
    assert list(whereabouts.moved("/old/project/Media/takes/take.wav", new)) == expected
    assert list(whereabouts.moved(r"D:\old\project\Media\takes\take.wav", new)) == expected
    assert list(whereabouts.moved("", new)) == []
    assert list(whereabouts.moved(f"/old/{'x' * 5000}/no\0file", new)) == []


def test_a_source_is_followed_only_if_it_can_hold_the_region(yard: Yard) -> None:
    job = _done(yard)
    region = (job.result() or {})["region"]
    old = yard.source
    assert whereabouts.source(region, old.parent) == old
    new = _move(yard)
    assert whereabouts.source(region, new.parent) == new.parent / "project" / "song.wav"
    assert whereabouts.source(region, new) == new / "song.wav"
    sf.write(new / "song.wav", np.zeros((10, 2)), 44_100)
    assert whereabouts.source(region, new) == old
    (new / "song.wav").write_bytes(b"no audio")
    assert whereabouts.source(region, new) == old


def test_a_folder_of_results_becomes_a_job_again(yard: Yard) -> None:
    job = _done(yard, stems=("vocals",), rest=True)
    before = {stem: _samples(Path(row["file"])) for stem, row in _rows(job).items()}
    yard.store.remove(job)
    folder = _move(yard) / "song stems"
    names = sorted(path.name for path in folder.iterdir())
    heard: list[str] = []
    again = attaching.attach(folder, yard.tools, lambda event: heard.append(event["type"]))
    assert again.id != job.id
    assert again.state() is State.READY
    assert heard == ["accepted", "finished"]
    assert sorted(path.name for path in folder.iterdir()) == names
    result = again.result() or {}
    assert result["delivered_to"] == str(folder)
    assert result["region"]["source"] == str(folder.parent / "song.wav")
    assert (result["kind"], result["engine"], result["model"]) == ("separate", "toy", "splitter")
    assert {stem: _samples(Path(row["file"])) for stem, row in _rows(again).items()} == before
    assert [row["delivered"] for row in result["stems"]] == [
        str(folder / "song - vocals.wav"),
        str(folder / "song - rest.wav"),
    ]
    assert (again.folder / "region.wav").exists()
    yard.source = folder.parent / "song.wav"
    other = yard.job("toy", options={"part": "half"})
    assert yard.drive(other).state is State.READY
    finished.same_region([finished.load(again), finished.load(other)])


def test_without_its_source_it_is_a_job_all_the_same(yard: Yard) -> None:
    job = _done(yard)
    yard.store.remove(job)
    folder = _move(yard) / "song stems"
    sf.write(folder.parent / "song.wav", np.zeros((50_000, 2)), 44_100)  # another file of that name
    again = attaching.attach(folder, yard.tools)
    assert not (again.folder / "region.wav").exists()
    assert finished.load(again).take("vocals").path.is_file()


def test_what_is_no_folder_of_results_or_not_as_it_was_is_refused(yard: Yard, tmp_path: Path) -> None:
    job = _done(yard)
    yard.store.remove(job)
    folder = yard.source.parent / "song stems"
    with pytest.raises(StoreError, match="no folder that stems were delivered to"):
        attaching.attach(tmp_path, yard.tools)
    vocals = folder / "song - vocals.wav"
    kept = vocals.read_bytes()
    samples, rate = sf.read(vocals, dtype="float32")
    sf.write(vocals, samples * np.float32(0.9), rate, subtype="FLOAT")
    with pytest.raises(TransferError, match="isn't what its report tells of"):
        attaching.attach(folder, yard.tools)
    vocals.unlink()
    with pytest.raises(TransferError, match="is missing"):
        attaching.attach(folder, yard.tools)
    vocals.write_bytes(kept)
    report = disk.read_json(folder / "report.json")
    worse: list[dict[str, Any]] = [
        {"stems": []},
        {**report, "stems": [{}]},
        {**report, "stems": [{**report["stems"][0], "file": "../song.wav"}]},
        {**report, "stems": [{**report["stems"][0], "file": str(vocals)}]},
        {**report, "source": {}},
        {**report, "model": None},
    ]
    for broken in worse:
        disk.write_json(folder / "report.json", broken)
        with pytest.raises(StoreError, match="can't be understood"):
            attaching.attach(folder, yard.tools)
    assert not list(yard.store.jobs())
