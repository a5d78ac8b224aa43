"""Blends and comparisons as jobs: killed at any effect, cancelled, resumed, and handed to a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.bridge import session
from stembridge.engines.base import Engine
from stembridge.jobs import disk, events
from stembridge.jobs.clock import Clock
from stembridge.jobs.combining import BlendRequest, CompareRequest
from stembridge.jobs.finishing import RESULT_FIELDS
from stembridge.jobs.shift import Outcome
from stembridge.jobs.store import Job
from stembridge.model.errors import DecisionNeededError
from stembridge.model.states import State
from tests.fakes.bench import Workshop, samples
from tests.fakes.kill import Killed, Reaper

FRAMES = 20_000


@dataclass
class Bench:
    """A workshop in which two models have separated the same region; it is its own composition root."""

    shop: Workshop
    default_engine: str = "toy"
    heard: list[dict[str, Any]] = field(default_factory=list)
    stop: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        pair = self.shop.job("toy"), self.shop.job("toy", options={"part": "half"})
        assert [self.shop.run(job).state for job in pair] == [State.READY] * 2
        self.pair = tuple(job.id for job in pair)
        self.out = self.home / "out"

    @property
    def home(self) -> Path:
        return self.shop.home

    @property
    def clock(self) -> Clock:
        return self.shop.clock

    def engines(self, *, background: bool) -> Mapping[str, Engine]:
        assert isinstance(background, bool)
        return self.shop.engines

    def query(self, job: Job) -> None:
        raise AssertionError(job)

    def event(self, _job: Job, event: Mapping[str, Any]) -> None:
        self.heard.append(dict(event))

    def decide(self, job: Job, question: DecisionNeededError) -> str | None:
        raise AssertionError((job, question))

    def interrupted(self) -> bool:
        return self.stop()

    def make(self, kind: str, **more: Any) -> Job:
        """Order a blend of the vocals, or a comparison, with a folder to deliver to."""
        wishes = {"deliver_to": str(self.out), **more}
        if kind == "blend":
            return self.shop.store.create(BlendRequest(self.pair, "vocals", **wishes))
        return self.shop.store.create(CompareRequest(self.pair, **wishes))

    def run(self, job: Job) -> Outcome:
        """Work on it as a new worker would."""
        return session.drive(job, self, self)


@pytest.fixture
def bench(tmp_path: Path, plain: None) -> Bench:
    return Bench(Workshop(tmp_path / "home"))


@pytest.fixture
def plain(plain_picture: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing."""

    def draw(_doc: object, _takes: object, _shape: object, part: Path, _tick: object) -> None:
        part.write_bytes(b"picture")

    monkeypatch.setattr("stembridge.report.comparison_picture.draw", draw)


def test_a_blend_has_the_result_of_a_separation(bench: Bench) -> None:
    job = bench.make("blend", host_context={"item": 1}, weights=(1, 3))
    assert bench.run(job).state is State.READY
    result = job.result()
    assert result is not None
    assert set(result) == set(RESULT_FIELDS)
    assert (result["kind"], result["engine"], result["model"]) == ("blend", "blend", "average")
    assert result["region"]["frames"] == FRAMES
    assert result["host_context"] == {"item": 1}
    assert result["residual_db"] is None or result["residual_db"] < -140
    rows = {row["id"]: row for row in result["stems"]}
    assert [(name, row["role"]) for name, row in rows.items()] == [("vocals", "additive"), ("rest", "rest")]
    mix = sf.read(bench.shop.source, dtype="float32", always_2d=True)[0]
    vocals = sf.read(rows["vocals"]["delivered"], dtype="float32", always_2d=True)[0]
    assert np.abs(vocals - (1 * 0.25 + 3 * 0.5) / 4 * mix).max() < 1e-6
    assert Path(rows["vocals"]["file"]).samefile(rows["vocals"]["delivered"])
    assert sorted(path.name for path in bench.out.iterdir()) == [
        "report.json", "report.png", "song - rest.wav", "song - vocals.wav",
    ]  # fmt: skip
    assert not (job.folder / "region.wav").exists()
    told = [event.get("state") or event["type"] for event in bench.heard if event["type"] != "progress"]
    assert told == ["accepted", "processing", "finished"]
    last = [event for event in bench.heard if event["type"] == "progress"][-1]
    assert (last["phase"], last["unit"]) == ("blend", "frames")
    assert last["done"] == last["total"]


def test_a_comparison_has_a_document_a_picture_and_sentences(bench: Bench) -> None:
    job = bench.make("compare", deliver_to=None, host_context="x")
    assert bench.run(job).state is State.READY
    result = job.result()
    assert result is not None
    assert (result["kind"], result["jobs"]) == ("compare", list(bench.pair))
    assert result["stems"] == ["vocals", "instrumental"]
    assert result["region"]["frames"] == FRAMES
    assert result["delivered_to"] is None
    assert result["host_context"] == "x"
    document = disk.read_json(Path(result["document"]))
    assert result["sentences"] == document["sentences"] != []
    assert [row["cost"] for row in document["jobs"]] == [{"amount": 0, "unit": "credits"}] * 2
    assert Path(result["picture"]).read_bytes() == b"picture"


def test_a_blend_may_be_compared_and_blended_again_but_not_a_comparison(bench: Bench) -> None:
    blend, compare = bench.make("blend"), bench.make("compare")
    assert [bench.run(job).state for job in (blend, compare)] == [State.READY] * 2
    bench.pair = (*bench.pair, blend.id)
    both = [bench.make("compare", deliver_to=None), bench.make("blend", deliver_to=None, method="min")]
    assert [bench.run(job).state for job in both] == [State.READY] * 2
    document = disk.read_json(Path((both[0].result() or {})["document"]))
    assert document["jobs"][2]["engine"] == "blend"
    assert document["jobs"][2]["cost"] == {"amount": 0, "unit": "credits"}
    bench.pair = (bench.pair[0], compare.id)
    wrong = bench.make("blend", deliver_to=None)
    assert bench.run(wrong).state is State.FAILED
    assert "no separation" in events.read(wrong.events_file)[-1]["message"]


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("blend", {"stem": "drums"}, "unknown_name"),
        ("blend", {"jobs": ("nobody", "knows")}, "unknown_name"),
        ("blend", {"jobs": ()}, "usage"),
        ("blend", {"method": "middle"}, "unknown_name"),
        ("blend", {"format": "ogg"}, "unknown_name"),
        ("blend", {"weights": (1,)}, "usage"),
        ("blend", {"deliver_to": "relative"}, "usage"),
        ("compare", {"jobs": ("last", "last")}, "unknown_name"),
        ("compare", {"jobs": ("../jobs", "..")}, "unknown_name"),
    ],
)
def test_what_cannot_be_is_told_in_the_log_and_leaves_nothing(
    bench: Bench, kind: str, change: dict[str, Any], code: str
) -> None:
    made: type[BlendRequest | CompareRequest] = BlendRequest if kind == "blend" else CompareRequest
    wishes = {
        "jobs": bench.pair,
        "deliver_to": str(bench.out),
        **({"stem": "vocals"} if kind == "blend" else {}),
    }
    job = bench.shop.store.create(made(**{**wishes, **change}))
    assert bench.run(job).state is State.FAILED
    last = events.read(job.events_file)[-1]
    assert (last["type"], last["code"]) == ("failed", code)
    assert last["hint"]
    assert not bench.out.exists()
    assert not job.result_file.exists()


@pytest.mark.parametrize("kind", ["blend", "compare"])
def test_files_of_others_are_kept_and_the_jobs_own_replaced(bench: Bench, kind: str) -> None:
    assert bench.run(bench.make(kind)).state is State.READY
    job = bench.make(kind)
    assert bench.run(job).state is State.FAILED
    assert events.read(job.events_file)[-1]["code"] == "output_exists"
    assert bench.run(bench.make(kind, overwrite=True)).state is State.READY


def test_a_blend_never_replaces_what_it_is_made_of(bench: Bench) -> None:
    separated = bench.shop.job("toy", deliver_to=str(bench.out), again=True)
    assert bench.shop.run(separated).state is State.READY
    bench.pair = (separated.id, bench.pair[1])
    for folder in (bench.out, separated.stems_folder):
        job = bench.make("blend", deliver_to=str(folder), overwrite=True)
        before = samples(folder)
        assert bench.run(job).state is State.FAILED
        assert events.read(job.events_file)[-1]["code"] == "output_is_input"
        assert samples(folder) == before


@pytest.mark.parametrize("kind", ["blend", "compare"])
def test_cancelled_under_way_it_is_resumed(bench: Bench, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stembridge.jobs.watch._LOOK_EVERY", 0.0)  # the clock stands still here
    job = bench.make(kind)
    bench.stop = lambda: any(event["type"] == "progress" for event in bench.heard)
    assert bench.run(job).state is State.CANCELLED
    assert not bench.out.exists()
    bench.stop = lambda: False
    job.cancel_file.touch()
    assert bench.run(job).state is State.CANCELLED, "the wish still stands"
    disk.remove(job.cancel_file)
    assert bench.run(job).state is State.READY
    assert bench.out.exists()


@pytest.mark.parametrize("kind", ["blend", "compare"])
def test_killed_at_every_effect_it_comes_to_the_same(tmp_path: Path, plain: None, kind: str) -> None:
    def made(name: str) -> tuple[Bench, Job]:
        bench = Bench(Workshop(tmp_path / name))
        if kind == "blend":  # as when the user has cleaned up: the region is rendered once more
            for one in bench.pair:
                (bench.home / "jobs" / one / "region.wav").unlink()
        return bench, bench.make(kind)

    calm, job = made("calm")
    counter = Reaper()
    with pytest.MonkeyPatch.context() as patch:
        counter.watch(patch)
        assert calm.run(job).state is State.READY
    expected = samples(calm.out)
    names = sorted(path.name for path in calm.out.iterdir())
    assert counter.count > 12
    for at in range(1, counter.count + 1):
        bench, job = made(f"{kind}{at}")
        reaper = Reaper(at)
        with pytest.MonkeyPatch.context() as patch:
            reaper.watch(patch)
            with pytest.raises(Killed):
                bench.run(job)
        assert bench.run(job).state is State.READY, at
        assert sorted(path.name for path in bench.out.iterdir()) == names, at
        assert samples(bench.out) == expected, at
        assert not list(job.folder.rglob("*.part")), at
        assert not (job.folder / "region.wav").exists(), at
        ends = [event["type"] for event in events.read(job.events_file)]
        assert ends[-1] == "finished", at
        assert ends.count("finished") == 1, at


def test_the_samples_do_not_depend_on_whether_a_job_kept_the_region(bench: Bench) -> None:
    one = bench.make("blend", deliver_to=None)
    assert bench.run(one).state is State.READY
    for name in bench.pair:
        (bench.home / "jobs" / name / "region.wav").unlink()
    other = bench.make("blend", deliver_to=None)
    assert bench.run(other).state is State.READY
    assert samples(one.stems_folder) == samples(other.stems_folder)
