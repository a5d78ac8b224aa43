"""Chains: a model's stem into the next model, every level summed, the leaves on the region's samples."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from stembridge.bridge import own_chains
from stembridge.jobs import disk, events
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.store import Job
from stembridge.model.chains import Chain, ChainStep
from stembridge.model.errors import DecisionNeededError, UnknownNameError, UsageError
from stembridge.model.states import State
from stembridge.model.stems import colour
from tests.fakes.bench import music, samples
from tests.fakes.families import Listener, Yard
from tests.fakes.kill import Killed, Reaper

pytestmark = pytest.mark.usefixtures("plain_picture")

DEEP: Mapping[str, Any] = {
    "id": "deep",
    "title": "Deep",
    "steps": [
        {"of": "vocals/instrumental", "engine": "toy"},
        {"of": "", "engine": "far", "options": {"part": "half"}},
        {"of": "vocals", "engine": "far"},
    ],
}
"""Three levels; the steps stand in no order."""
LEAVES = ["vocals.vocals", "vocals.instrumental.vocals", "vocals.instrumental.instrumental", "instrumental"]


def _yard(tmp_path: Path, *, price: int = 0) -> Yard:
    yard = Yard(tmp_path)
    yard.service.price, yard.service.steps = price, 0
    return yard


def _job(yard: Yard, chain: Any = DEEP, **wishes: Any) -> Job:
    return yard.store.create(
        SeparateRequest(source=Source(str(yard.source), 1_000, 15_000), chain=chain, **wishes)
    )


def _result(job: Job) -> dict[str, Any]:
    result = job.result()
    assert result is not None, events.read(job.events_file)[-1]
    return result


def _read(path: str | Path) -> NDArray[np.float64]:
    block: NDArray[np.float64] = sf.read(path, dtype="float64", always_2d=True)[0]
    return block


def _left_db(whole: NDArray[np.float64], parts: list[NDArray[np.float64]]) -> float:
    rms = float(np.sqrt(np.mean((whole - sum(parts)) ** 2)))
    return 20 * math.log10(max(rms, 1e-12))


def test_the_leaves_lie_on_the_region_and_every_level_adds_up(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = _job(yard)
    assert yard.drive(job).state is State.READY
    result = _result(job)
    assert result["kind"] == "separate"
    assert (result["engine"], result["model"]) == ("chain", "deep")
    assert [row["id"] for row in result["stems"]] == LEAVES
    assert result["stems"][1]["label"] == "Vocals: Instrumental: Vocals"
    assert Path(result["stems"][1]["file"]).name == "song - vocals.instrumental.vocals.wav"
    assert {row["colour"] for row in result["stems"][:3]} == {colour("vocals")}
    assert all(
        (row["frames"], row["rate"], row["role"]) == (15_000, 44_100, "additive") for row in result["stems"]
    )
    region = _read(yard.source)[1_000:16_000]
    assert _left_db(region, [_read(row["file"]) for row in result["stems"]]) < -120
    assert result["residual_db"] is None or result["residual_db"] < -120
    assert result["summed"] == LEAVES

    report = disk.read_json(Path(result["report"]))
    assert [row["of"] for row in report["levels"]] == ["", "vocals", "vocals/instrumental"]
    for row, child in zip(report["levels"], job.children(), strict=True):
        assert row["job"] == child.id
        assert row["complete"]
        assert row["residual_db"] is None or row["residual_db"] < -120
        inside = _read(child.folder / "region.wav")
        assert _left_db(inside, [_read(one["file"]) for one in _result(child)["stems"]]) < -120
    assert report["levels"][1]["summed"] == ["vocals.vocals", "vocals.instrumental"]
    assert "Vocals (with splitter): Vocals and Instrumental add up to it" in " ".join(result["sentences"])
    assert "with the chain Deep." in result["sentences"][0]


def test_with_levels_what_was_taken_apart_is_there_too_and_counts_once(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = _job(yard, levels=True)
    assert yard.drive(job).state is State.READY
    roles = {row["id"]: row["role"] for row in _result(job)["stems"]}
    assert {stem for stem, role in roles.items() if role == "composite"} == {"vocals", "vocals.instrumental"}
    assert {stem for stem, role in roles.items() if role == "additive"} == set(LEAVES)
    assert _result(job)["summed"] == LEAVES
    files = {row["id"]: row["file"] for row in _result(job)["stems"]}
    inner = [_read(files[stem]) for stem in LEAVES if stem.startswith("vocals.")]
    assert _left_db(_read(files["vocals"]), inner) < -120


def test_a_branch_and_the_rest(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = _job(yard, stems=("vocals/instrumental",), rest=True, residual=True)
    assert yard.drive(job).state is State.READY
    rows = {row["id"]: row for row in _result(job)["stems"]}
    assert list(rows) == [LEAVES[1], LEAVES[2], "rest", "residual"]
    region = _read(yard.source)[1_000:16_000]
    assert _left_db(region, [_read(rows[stem]["file"]) for stem in [*LEAVES[1:3], "rest"]]) < -120
    assert _result(job)["summed"] == [*LEAVES[1:3], "rest"]


def test_a_step_that_keeps_some_stems_gives_what_they_leave(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    steps = [
        {"of": "", "engine": "toy", "stems": ["vocals"]},
        {"of": "vocals", "engine": "toy", "stems": ["instrumental"]},
    ]
    job = _job(yard, {"id": "some", "steps": steps})
    assert yard.drive(job).state is State.READY
    rows = {row["id"]: row for row in _result(job)["stems"]}
    assert {stem: row["role"] for stem, row in rows.items()} == {
        "vocals.instrumental": "additive",
        "vocals.rest": "additive",
        "rest": "rest",
    }
    region = _read(yard.source)[1_000:16_000]
    assert _left_db(region, [_read(row["file"]) for row in rows.values()]) < -120
    with_rest = _job(yard, {"id": "some", "steps": steps}, rest=True, stems=("vocals.instrumental",))
    assert yard.drive(with_rest).state is State.READY
    found = {row["id"]: row for row in _result(with_rest)["stems"]}
    assert list(found) == ["vocals.instrumental", "rest"]
    assert _left_db(region, [_read(row["file"]) for row in found.values()]) < -120


def test_an_integer_format_gets_one_gain_for_all(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    loud = 6.0 * music(15_000)
    sf.write(yard.source, loud, 44_100, subtype="FLOAT")
    out = tmp_path / "out"
    whole = Source(str(yard.source))
    job = yard.store.create(SeparateRequest(whole, chain=DEEP, format="flac24", deliver_to=str(out)))
    assert yard.drive(job).state is State.READY
    result = _result(job)
    assert result["gain_db"] < 0
    undo = 10 ** (-result["gain_db"] / 20)
    parts = [undo * _read(row["delivered"]) for row in result["stems"]]
    assert _left_db(loud.astype(np.float64), parts) < -120
    assert (out / "report.json").exists()


def test_a_region_that_a_host_rendered_goes_the_same_way(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    first = _job(yard)
    assert yard.drive(first).state is State.READY
    orders = len(yard.service.orders)
    for _ in range(2):
        rendered = tmp_path / "rendered.wav"
        sf.write(rendered, _read(yard.source)[1_000:16_000].astype(np.float32), 44_100, subtype="FLOAT")
        job = yard.store.create(
            SeparateRequest(source=None, input=True, name="take", chain=DEEP, host="reaper"),
            rendered=rendered,
        )
        assert yard.drive(job).state is State.READY
        assert samples(job.stems_folder).keys() == samples(first.stems_folder).keys()
        assert _result(job)["stems"][0]["file"].endswith("take - vocals.vocals.wav")
    # The first time the region is another one to the store, the steps below it are not; then all is known.
    assert len(yard.service.orders) == orders + 1
    assert _result(job)["reused_from"]


def test_the_cost_is_asked_once_and_a_second_run_orders_nothing(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=2)
    job, heard = _job(yard), Listener(answers=["agree"])
    assert yard.drive(job, heard).state is State.READY
    (question,) = heard.questions
    assert isinstance(question, DecisionNeededError)
    assert question.message == (
        "This chain makes 2 separations for 4 credits in all. 1 more step costs nothing. You have 10."
    )
    assert yard.service.credits == 6
    again = _job(yard)
    assert yard.drive(again).state is State.READY
    assert _result(again)["reused_from"] == job.id
    # Another ending of the same chain: what was paid for serves it, nothing is asked, nothing is ordered.
    other = _job(yard, {**DEEP, "steps": DEEP["steps"][1:]})
    assert yard.drive(other).state is State.READY
    assert [row["id"] for row in _result(other)["stems"]] == [
        "vocals.vocals", "vocals.instrumental", "instrumental",
    ]  # fmt: skip
    assert len(yard.service.orders) == 2


def test_a_step_is_answered_from_an_ordinary_job_of_the_same_region(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=2)
    source = Source(str(yard.source), 1_000, 15_000)
    plain = yard.store.create(
        SeparateRequest(source=source, engine="far", options={"part": "half"}, max_credits=2)
    )
    assert yard.drive(plain).state is State.READY
    heard = Listener()
    assert yard.drive(_job(yard), heard).state is State.NEEDS_DECISION
    assert "makes 1 separation for 2 credits" in heard.questions[0].message


def test_killed_at_any_effect_it_gives_the_same_and_pays_once(tmp_path: Path) -> None:
    def worker(name: str) -> bool:
        return name == threading.main_thread().name or name.startswith("stembridge-job")

    calm = _yard(tmp_path / "calm", price=1)
    job = _job(calm, max_credits=2)
    reaper = Reaper(threads=worker)
    with pytest.MonkeyPatch.context() as patch:
        reaper.watch(patch)
        calm.service.effect = reaper.step
        assert calm.drive(job).state is State.READY
    expected = samples(job.stems_folder)
    for at in range(3, reaper.count, 11):
        yard = _yard(tmp_path / f"at{at}", price=1)
        out = yard.home / "out"
        job = _job(yard, max_credits=2, deliver_to=str(out))
        with pytest.MonkeyPatch.context() as patch:
            dying = Reaper(at, threads=worker)
            dying.watch(patch)
            yard.service.effect = dying.step
            with contextlib.suppress(Killed):
                yard.drive(job)
        yard.service.effect = lambda: None
        for _ in range(5):
            outcome = yard.drive(job)
            if outcome.state is not State.NEEDS_DECISION:
                break
            question = events.read(job.events_file)[-1]
            choice = "submit" if "submission" in question["id"] else "agree"
            disk.write_json(job.answer_file, {"id": question["id"], "choice": choice})
        assert outcome.state is State.READY, (at, outcome)
        assert samples(job.stems_folder) == expected, at
        assert samples(out) == expected, at
        assert len(yard.service.orders) == 2, at


def test_an_own_chain_that_changed_meanwhile_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=1)
    steps = (ChainStep("", "far"), ChainStep("vocals", "toy"))
    own_chains.save(yard.home, Chain("mine", "Mine", steps), overwrite=False)
    job = _job(yard, "mine")
    assert yard.drive(job).state is State.NEEDS_DECISION
    own_chains.save(yard.home, Chain("mine", "Mine", (ChainStep("", "toy"),)), overwrite=True)
    assert yard.drive(job, Listener(answers=["agree"])).state is State.READY
    assert [row["id"] for row in _result(job)["stems"]] == [
        "vocals.vocals", "vocals.instrumental", "instrumental",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("chain", "cls", "says"),
    [
        ("nobody", UnknownNameError, "chain called 'nobody'"),
        ({"steps": [{"of": ""}, {"of": "drums"}]}, UnknownNameError, "'drums'"),
        ({"steps": [{"of": "", "engine": "toy", "model": "none"}]}, UnknownNameError, "'none'"),
        ({"steps": []}, UsageError, "steps"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, chain: Any, cls: type[Exception], says: str
) -> None:
    yard = _yard(tmp_path)
    job = _job(yard, chain)
    outcome = yard.drive(job)
    assert outcome.state is State.FAILED
    assert isinstance(outcome.error, cls)
    assert says in outcome.error.message
    assert not job.children()
    assert not job.region_json.exists()


def test_stems_that_no_chain_gives_are_refused_at_once(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    outcome = yard.drive(_job(yard, stems=("drums",)))
    assert isinstance(outcome.error, UnknownNameError)
    assert not yard.service.orders


def test_a_step_draws_nothing_and_leaves_pictures_to_those_who_look(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    chain = _job(yard, {"id": "one", "steps": [{"of": "", "engine": "toy"}]})
    assert yard.drive(chain).state is State.READY
    (step,) = chain.children()
    assert _result(chain)["picture"] is not None
    assert _result(step)["picture"] is None
    source = Source(str(yard.source), 1_000, 15_000)
    plain = yard.store.create(SeparateRequest(source=source, engine="toy", rest=True))
    assert yard.drive(plain).state is State.READY
    assert _result(plain)["picture"] is not None
    again = _job(yard, {"id": "two", "steps": [{"of": "", "engine": "toy"}]}, residual=True)
    assert yard.drive(again).state is State.READY
    assert _result(again.children()[0])["reused_from"], "a step may be answered from whatever is there"
