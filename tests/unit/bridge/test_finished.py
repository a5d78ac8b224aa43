from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.audio.render import render
from stembridge.bridge import finished
from stembridge.bridge.finished import Finished
from stembridge.jobs import disk
from stembridge.jobs.reuse import stamp
from stembridge.jobs.store import Job
from stembridge.model.errors import InputError, StembridgeError, StoreError, TransferError, UsageError
from stembridge.model.regions import Region

RATE = 8000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "music" / "song.wav"
    path.parent.mkdir()
    sf.write(path, np.random.default_rng(1).normal(0, 0.1, (9000, 1)), RATE, subtype="FLOAT")
    return path


def job(
    folder: Path, source: Path, name: str = "job1", reused: str | None = None, first: int = 0, **more: Any
) -> Finished:
    """Make the folder of a finished job."""
    one = Job(folder / name)
    one.stems_folder.mkdir(parents=True)
    region = Region(str(source), first, 8000, RATE, 1)
    rendered = render(region, one.folder, lambda _a, _b: None, lambda: False)
    rows = []
    for stem, role, kind in (
        ("vocals", "alternate", "stem"), ("vocals", "additive", "stem"), ("rest", "rest", "stem"),
        ("words", "additive", "text"), ("drums", "composite", "stem"),
    ):  # fmt: skip
        path = one.stems_folder / f"song - {stem} {role}.wav"
        path.write_bytes((one.folder / "region.wav").read_bytes())
        rows.append({
            "id": stem, "role": role, "kind": kind, "file": str(path), "stamp": stamp(path),
            "label": stem.title(),
        })  # fmt: skip
    result = {
        "kind": "separate", "gain_db": -6.0206, "reused_from": reused, "stems": rows,
        "region": {"source": str(source), "first_frame": first, "frames": 8000, "rate": RATE, "channels": 1},
        **more,
    }  # fmt: skip
    report = {
        "source": {"name": "song.wav"}, "reused_from": reused, "seconds": {"align": 1.0},
        "stems": [{"file": "song - vocals.wav"}],
        "region": {
            "first_frame": first, "frames": 8000, "rate": RATE, "channels": 1, "peak_db": -3.0,
            "rms_db": -20.0, "sha256": rendered.sha256,
        },
    }  # fmt: skip
    disk.write_json(one.result_file, result)
    disk.write_json(one.stems_folder / "report.json", report)
    return (
        finished.load(one)
        if result["kind"] == "separate" and result["region"]
        else Finished(one, result, report)
    )


def log(one: Job, *events: tuple[float, str]) -> None:
    lines = []
    for number, (ts, kind) in enumerate(events, 1):
        state = ', "state": "queued"' if kind == "state" else ""
        lines.append(f'{{"v": 1, "seq": {number}, "ts": {ts}, "type": "{kind}"{state}}}\n')
    one.events_file.write_text("".join(lines))


def test_a_stem_is_the_one_that_counts_in_the_sum(tmp_path: Path, source: Path) -> None:
    one = job(tmp_path, source)
    assert list(one.stems()) == ["vocals", "drums"]
    take = one.take("vocals")
    assert take.path.name == "song - vocals additive.wav"
    assert take.gain == pytest.approx(0.5, abs=1e-5)
    assert one.name == "song"


def test_only_time_in_which_somebody_worked_counts(tmp_path: Path, source: Path) -> None:
    one = job(tmp_path, source)
    log(
        one.job,
        (0, "accepted"), (2, "state"), (5, "needs_decision"),
        (100, "accepted"), (101, "state"),  # killed here
        (900, "accepted"), (904, "finished"),
    )  # fmt: skip
    assert finished.seconds_taken(one) == 5 + 1 + 4


def test_a_reused_job_tells_of_the_one_that_did_the_work(tmp_path: Path, source: Path) -> None:
    first = job(tmp_path, source)
    log(first.job, (0, "accepted"), (30, "finished"))
    job(tmp_path, source, "job2", "job1")
    last = job(tmp_path, source, "job3", "job2")
    log(last.job, (50, "accepted"), (50.1, "finished"))
    assert finished.origin(last.job).id == "job1"
    assert finished.seconds_taken(last) == 30
    disk.remove(first.job.folder)
    assert finished.origin(last.job).id == "job2"
    assert finished.seconds_taken(last) == 1.0


def test_the_region_is_kept_or_rendered_again_or_refused(tmp_path: Path, source: Path) -> None:
    pair = [job(tmp_path, source), job(tmp_path, source, "job2")]
    work = tmp_path / "work"
    work.mkdir()
    assert finished.region_file(pair, work).path == pair[0].job.folder / "region.wav"
    disk.remove(pair[0].job.folder / "region.wav")
    assert finished.region_file(pair, work).path == pair[1].job.folder / "region.wav"
    (pair[1].job.folder / "region.wav").write_bytes(b"damaged")
    assert finished.region_file(pair, work).path == work / "region.wav"
    sf.write(source, np.zeros((9000, 1)), RATE, subtype="FLOAT")
    with pytest.raises(InputError) as told:
        finished.region_file(pair, work)
    assert told.value.code == "source_changed"


def test_jobs_must_be_of_the_same_samples(tmp_path: Path, source: Path) -> None:
    one, other = job(tmp_path, source), job(tmp_path, source, "job2")
    finished.same_region([one, other])
    later = job(tmp_path, source, "job3", first=1)
    for wrong in ([one], [one, one], [one, other, one], [one, later], [one, other, later]):
        with pytest.raises(UsageError):
            finished.same_region(wrong)


def test_what_isnt_a_finished_separation_is_refused(tmp_path: Path, source: Path) -> None:
    empty = Job(tmp_path / "empty")
    empty.folder.mkdir()
    wrong: list[tuple[Job, type[StembridgeError]]] = [
        (empty, StoreError),
        (job(tmp_path, source, "q", kind="query").job, UsageError),
        (job(tmp_path, source, "link", region=None).job, UsageError),
    ]
    torn = job(tmp_path, source, "torn").job
    disk.write_json(torn.stems_folder / "report.json", {"stems": []})
    wrong.append((torn, StoreError))
    for one, error in wrong:
        with pytest.raises(error):
            finished.load(one)


def test_a_stem_that_was_touched_is_refused(tmp_path: Path, source: Path) -> None:
    one = job(tmp_path, source)
    path = one.take("drums").path
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(TransferError):
        one.take("drums")


def test_results_lie_beside_the_source_but_never_in_a_job_folder(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert finished.place_for(job(tmp_path, source), "compared", None) == source.parent / "song compared"
    assert finished.place_for(job(tmp_path, source, "b"), "compared", Path("x")) == tmp_path / "x"
    folder = tmp_path / "c"
    folder.mkdir()
    kept = source.replace(folder / "input.wav")
    rendered = job(tmp_path, kept, "c")
    assert finished.place_for(rendered, "compared", None) == tmp_path / "song compared"
    assert finished.source_name(rendered) == "song"
