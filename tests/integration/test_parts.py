"""Regions that are too long for the plan: asked about, separated in parts, joined without a seam."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from stembridge.bridge import queries
from stembridge.engines.base import Model, Quote, Recipe
from stembridge.jobs import costs, disk, events
from stembridge.jobs.request import QueryRequest, SeparateRequest, Source
from stembridge.jobs.shift import Outcome
from stembridge.jobs.store import Job
from stembridge.model.errors import (
    DecisionNeededError,
    InputError,
    LimitError,
    RemoteFailedError,
    StoreError,
    TransferError,
)
from stembridge.model.results import EngineFile
from stembridge.model.states import State
from stembridge.model.stems import ResultKind
from tests.fakes.bench import music
from tests.fakes.engines import Order, ToyRemote
from tests.fakes.families import Listener, Yard
from tests.fakes.kill import Killed, Reaper

pytestmark = pytest.mark.usefixtures("plain_picture")
RATE = 8000
FRAMES = 39_111
LONGEST = 2
"""Seconds that the plan takes: three parts."""


def _yard(folder: Path, *, price: int = 0, attempts: int | None = 50, frames: int = FRAMES) -> Yard:
    folder.mkdir(parents=True, exist_ok=True)
    sf.write(folder / "song.wav", music(frames), RATE, subtype="FLOAT")
    yard = Yard(folder)
    yard.service.price, yard.service.steps = price, 0
    yard.service.attempts, yard.service.longest = attempts, LONGEST
    return yard


def _answer(job: Job, choice: str) -> None:
    disk.write_json(job.answer_file, {"id": events.read(job.events_file)[-1]["id"], "choice": choice})


def _samples(job: Job) -> dict[str, NDArray[np.float32]]:
    result = job.result()
    assert result is not None
    return {row["id"]: sf.read(row["file"], dtype="float32", always_2d=True)[0] for row in result["stems"]}


def _report(job: Job) -> dict[str, Any]:
    return disk.read_json(job.stems_folder / "report.json")


def _question(outcome: Outcome) -> DecisionNeededError:
    assert outcome.state is State.NEEDS_DECISION, outcome
    assert isinstance(outcome.error, DecisionNeededError)
    return outcome.error


def _residual(job: Job, samples: NDArray[np.float32]) -> float:
    left = samples.astype(np.float64) - sum(_samples(job).values())
    return float(20 * np.log10(max(np.sqrt(np.mean(left**2)), 1e-12)))


def test_the_user_is_asked_how_many_parts_and_how_many_attempts(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    asked = _question(yard.drive(job))
    assert asked.code == "too_long"
    assert asked.message == (
        "The region is longer than 2 s. In 3 parts it takes 3 attempts in all. You have 50."
    )
    assert asked.choices == (
        ("parts", "Separate it in 3 parts, for 3 attempts"),
        ("decline", "Don't separate"),
    )
    assert not yard.service.orders
    assert not job.children()


def test_the_parts_are_joined_to_stems_of_the_whole_region(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    heard = Listener(answers=["parts"])
    assert yard.drive(job, heard).state is State.READY
    assert len(heard.questions) == 1
    assert len(yard.service.orders) == 3
    assert yard.service.attempts == 47
    song = sf.read(yard.source, dtype="float32", always_2d=True)[0]
    stems = _samples(job)
    assert {stem: found.shape for stem, found in stems.items()} == {
        "vocals": (FRAMES, 2),
        "instrumental": (FRAMES, 2),
    }
    assert np.abs(stems["vocals"] - np.float32(0.25) * song).max() < 1e-7
    assert _residual(job, song) < -140
    report = _report(job)
    assert report["summed"] == ["vocals", "instrumental"]
    assert report["residual_db"] is None or report["residual_db"] < -140
    assert report["seconds"].keys() >= {"separate", "join", "align"}
    joints = report["details"]["joints"]
    assert len(joints) == 2
    for joint in joints:
        assert 0 < joint["frame"] < FRAMES
        assert joint["seconds"] == pytest.approx(joint["frame"] / RATE, abs=1e-3)
        assert joint["fade_first"] < joint["frame"] < joint["fade_first"] + joint["fade_frames"]
        assert joint["residual_db"] is None or joint["residual_db"] < -140
        assert joint["apart_db"].keys() == {"vocals", "instrumental"}
    (sentence,) = (text for text in report["notes"] if "overlapping" in text)
    assert sentence.startswith("It was separated in 3 overlapping parts, which were joined at 0:0")
    parts = report["details"]["parts"]
    assert [part["job"] for part in parts] == [child.id for child in job.children()]
    assert all(child.parent() == job.id for child in job.children())
    # What is there twice goes: the joined answer is in the stems, a part's input in its region.
    assert not job.answer_folder.exists()
    assert not any(child.input_file.exists() for child in job.children())
    assert costs.ordered(job) == Quote(3, "attempts")


def test_a_region_that_fits_is_no_family(tmp_path: Path) -> None:
    yard = _yard(tmp_path, frames=LONGEST * RATE)
    job = yard.parent(parts=True)
    assert yard.drive(job).state is State.READY
    assert len(yard.service.orders) == 1
    assert not job.family_json.exists()


def test_what_was_wished_in_advance_is_not_asked_for(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent(parts=True)
    heard = Listener()
    assert yard.drive(job, heard).state is State.READY
    assert not heard.questions
    assert len(yard.service.orders) == 3


def test_parts_agreed_to_are_no_money_agreed_to(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=2, attempts=None)
    asked = _question(yard.drive(yard.parent(parts=True)))
    assert asked.message == "Separating it in 3 parts makes 3 separations for 6 credits in all. You have 10."
    assert not yard.service.orders
    allowed = yard.parent(parts=True, max_credits=6)
    assert yard.drive(allowed).state is State.READY
    assert yard.service.credits == 4


def test_one_answer_agrees_to_the_parts_and_to_their_price(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=2, attempts=None)
    job = yard.parent()
    asked = _question(yard.drive(job))
    assert asked.message.endswith("In 3 parts it takes 6 credits in all. You have 10.")
    _answer(job, "parts")
    assert yard.drive(job).state is State.READY
    assert (len(yard.service.orders), yard.service.credits) == (3, 4)
    assert costs.ordered(job) == Quote(6, "credits")


def test_another_price_is_another_question(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=2, attempts=None)
    job = yard.parent()
    _question(yard.drive(job))
    _answer(job, "parts")
    yard.service.price = 3
    assert "9 credits" in _question(yard.drive(job)).message
    assert not yard.service.orders


def test_what_the_account_lacks_is_said_and_nothing_is_sent(tmp_path: Path) -> None:
    yard = _yard(tmp_path, attempts=2)
    refused = yard.drive(yard.parent(parts=True)).error
    assert isinstance(refused, LimitError)
    assert refused.message == (
        "The region is longer than 2 s. In 3 parts it takes 3 attempts, and 2 are left today."
    )
    assert "try again when more are left" in refused.hint
    poor = _yard(tmp_path / "poor", price=5, attempts=None)
    refused = poor.drive(poor.parent(max_credits=100)).error
    assert isinstance(refused, LimitError)
    assert "15 credits, and the account has 10" in refused.message
    assert not yard.service.orders
    assert not poor.service.orders


def test_declined_nothing_is_sent(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    heard = Listener(answers=["decline"])
    job = yard.parent()
    assert yard.drive(job, heard).state is State.CANCELLED
    assert not yard.service.orders


def test_a_plan_that_takes_more_by_now_takes_it_whole(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    _question(yard.drive(job))
    yard.service.longest = 60
    assert yard.drive(job).state is State.READY
    assert len(yard.service.orders) == 1


def test_a_plan_that_takes_less_by_now_is_asked_about_anew(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    _question(yard.drive(job))
    _answer(job, "parts")
    yard.service.longest = 1
    assert "In 7 parts" in _question(yard.drive(job)).message


def test_what_gives_no_stems_is_refused_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yard = _yard(tmp_path)
    far = yard.engines["far"]
    (model,) = far.models()
    audio = Model(model.id, model.name, model.engine, model.stems, "", model.fields, kind=ResultKind.AUDIO)
    monkeypatch.setattr(ToyRemote, "models", lambda _self: (audio,))
    refused = yard.drive(yard.parent(parts=True)).error
    assert isinstance(refused, LimitError)
    assert refused.message == "The region is longer than 2 s."


def test_a_region_inside_a_file_with_chosen_stems_and_the_rest(tmp_path: Path) -> None:
    yard = _yard(tmp_path, frames=60_000)
    span = Source(str(yard.source), 12_345, FRAMES)
    out = tmp_path / "out"
    job = yard.store.create(
        SeparateRequest(
            span, engine="far", parts=True, stems=("vocals",), rest=True, format="flac24", deliver_to=str(out)
        )
    )
    assert yard.drive(job).state is State.READY
    song = sf.read(yard.source, dtype="float32", always_2d=True)[0][12_345 : 12_345 + FRAMES]
    stems = _samples(job)
    assert stems.keys() == {"vocals", "rest"}
    assert np.abs(stems["vocals"] - np.float32(0.25) * song).max() < 2**-23
    assert _residual(job, song) < -130
    assert {"song - vocals.flac", "song - rest.flac", "report.json"} <= {path.name for path in out.iterdir()}


def test_what_a_host_rendered_is_cut_alike(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    rendered = tmp_path / "rendered.wav"
    sf.write(rendered, music(FRAMES, seed=3), RATE, subtype="FLOAT")
    request = SeparateRequest(None, input=True, name="bounce", engine="far", parts=True)
    job = yard.store.create(request, rendered=rendered)
    assert yard.drive(job).state is State.READY
    assert _residual(job, music(FRAMES, seed=3)) < -140
    assert {row["file"] for row in _report(job)["stems"]} == {
        "bounce - vocals.wav",
        "bounce - instrumental.wav",
    }


def test_what_was_ordered_before_is_never_ordered_again(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    first = yard.parent(parts=True)
    assert yard.drive(first).state is State.READY
    again = yard.parent()
    assert yard.drive(again).state is State.READY  # the whole is known: nothing is asked
    other = yard.parent(parts=True, stems=("vocals",))
    assert yard.drive(other).state is State.READY
    assert len(yard.service.orders) == 3
    assert np.array_equal(_samples(other)["vocals"], _samples(first)["vocals"])
    assert costs.ordered(other) is None


def _failing(yard: Yard, number: int) -> None:
    """Let the order of one part fail for good, until told otherwise."""
    service, place = yard.service, yard.service.place

    def refuse(upload: Path, upload_name: str, part: float) -> Order:
        if f"s{number:02d}." in upload_name and service.outcome == "fall":
            raise RemoteFailedError("The model fell over.", hint="Try again.")
        return place(upload, upload_name, part)

    service.outcome = "fall"
    service.place = refuse  # type: ignore[method-assign]


def test_a_part_that_fails_leaves_the_others_and_only_it_is_ordered_again(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    _failing(yard, 2)
    job = yard.parent(parts=True)
    failed = yard.drive(job)
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error.message == "Part 2 of 3: The model fell over."
    assert not job.result_file.exists()
    assert [child.state() for child in job.children()] == [State.READY, State.FAILED, State.READY]
    yard.service.outcome = ""
    assert yard.drive(job).state is State.READY
    assert len(yard.service.orders) == 3


def test_a_new_job_takes_over_the_parts_of_one_that_was_given_up(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    _failing(yard, 3)
    assert yard.drive(yard.parent(parts=True)).state is State.FAILED
    assert len(yard.service.orders) == 2
    yard.service.outcome = ""
    job = yard.parent()
    asked = _question(yard.drive(job))
    assert asked.message.endswith(
        "In 3 parts (2 of them are there already) it takes 1 attempt in all. You have 48."
    )
    _answer(job, "parts")
    assert yard.drive(job).state is State.READY
    assert len(yard.service.orders) == 3


def test_a_cancel_reaches_every_part(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    yard.service.steps = 10_000
    job = yard.parent(parts=True)

    def cancel() -> None:
        if len(yard.service.orders) == 3:
            job.cancel_file.touch()

    yard.clock.on_sleep = cancel
    assert yard.drive(job).state is State.CANCELLED
    assert [order.cancelled for order in yard.service.orders.values()] == [True] * 3


def test_killed_at_any_effect_nothing_is_ordered_twice(tmp_path: Path) -> None:
    def worker(name: str) -> bool:
        return name == threading.main_thread().name or name.startswith("stembridge-")

    calm = _yard(tmp_path / "calm")
    job = calm.parent(parts=True)
    reaper = Reaper(threads=worker)
    with pytest.MonkeyPatch.context() as patch:
        reaper.watch(patch)
        calm.service.effect = reaper.step
        assert calm.drive(job).state is State.READY
    expected = {stem: found.tobytes() for stem, found in _samples(job).items()}
    assert reaper.count > 300
    for at in range(3, reaper.count, 17):
        yard = _yard(tmp_path / f"at{at}")
        job = yard.parent(parts=True)
        with pytest.MonkeyPatch.context() as patch:
            dying = Reaper(at, threads=worker)
            dying.watch(patch)
            yard.service.effect = dying.step
            try:
                yard.drive(job)
            except Killed:
                pass
            else:
                continue  # threads don't come in the same order each time: it had one effect fewer
        yard.service.effect = lambda: None
        _until_over(yard, job)
        assert {stem: found.tobytes() for stem, found in _samples(job).items()} == expected, at
        assert len(yard.service.orders) == 3, at


def _until_over(yard: Yard, job: Job) -> None:
    """Be the user: start it again, and let lost orders be sent once more."""
    for _ in range(6):
        outcome = yard.drive(job)
        if outcome.state is not State.NEEDS_DECISION:
            break
        _answer(job, "submit")
    assert outcome.state is State.READY, outcome


def test_parts_with_other_stems_are_not_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yard = _yard(tmp_path)

    def resolve(_self: ToyRemote, _model: str | None, _options: object) -> Recipe:
        return Recipe("far", "splitter", (), {"part": "quarter"}, "far quarter")

    fetch = ToyRemote.fetch

    def poorer(self: ToyRemote, ticket: Any, listing: Sequence[Any], *rest: Any) -> Any:
        answer = fetch(self, ticket, listing, *rest)
        second = "s02." in self.service.orders[ticket.id].upload_name
        return replace(answer, files=answer.files[:1]) if second else answer

    monkeypatch.setattr(ToyRemote, "resolve", resolve)
    monkeypatch.setattr(ToyRemote, "fetch", poorer)
    failed = yard.drive(yard.parent(parts=True)).error
    assert isinstance(failed, TransferError)
    assert failed.message.startswith("Part 2 came back with other stems (vocals) than part 1 (vocals, instr")


def test_a_stem_of_a_part_that_was_changed_is_noticed(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    _failing(yard, 3)
    job = yard.parent(parts=True)
    assert yard.drive(job).state is State.FAILED
    spoilt = next(job.children()[0].stems_folder.glob("*vocals.wav"))
    spoilt.write_bytes(spoilt.read_bytes()[:-8])
    yard.service.outcome = ""
    failed = yard.drive(job).error
    assert isinstance(failed, TransferError)
    assert "was changed or removed" in failed.message


def test_a_source_that_changed_meanwhile_is_not_mixed_with_what_it_was(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    _failing(yard, 2)
    job = yard.parent(parts=True)
    assert yard.drive(job).state is State.FAILED
    sf.write(yard.source, music(FRAMES, seed=99), RATE, subtype="FLOAT")
    (job.folder / "region.wav").unlink()
    yard.service.outcome = ""
    failed = yard.drive(job).error
    assert isinstance(failed, InputError)
    assert failed.code == "source_changed"
    assert len(yard.service.orders) == 2


def test_a_scheme_that_can_not_be_read_is_no_reason_to_guess(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    _question(yard.drive(job))
    disk.write_json(job.folder / "parts.json", {"longest": 2})
    failed = yard.drive(job).error
    assert isinstance(failed, StoreError)
    assert failed.code == "job_corrupt"


def test_a_step_of_another_job_asks_nothing(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    refused = yard.drive(yard.parent(parent="chain")).error
    assert isinstance(refused, LimitError)
    assert not yard.service.orders


CHAIN = {
    "id": "twice",
    "title": "Twice",
    "steps": [{"of": "", "engine": "far"}, {"of": "vocals", "engine": "far", "options": {"part": "half"}}],
}


def test_every_step_of_a_chain_is_separated_in_parts_where_that_is_wished(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=1, attempts=None)
    source = Source(str(yard.source))
    first = yard.store.create(SeparateRequest(source, chain=CHAIN, max_credits=9))
    refused = yard.drive(first).error
    assert isinstance(refused, LimitError)
    assert refused.message.endswith("The region is longer than 2 s.")
    assert "--parts" in refused.hint
    job = yard.store.create(SeparateRequest(source, chain=CHAIN, parts=True))
    asked = _question(yard.drive(job))
    assert asked.message == "This chain makes 2 separations for 6 credits in all. You have 10."
    assert not yard.service.orders
    _answer(job, "agree")
    assert yard.drive(job).state is State.READY
    assert (len(yard.service.orders), yard.service.credits) == (6, 4)
    song = sf.read(yard.source, dtype="float32", always_2d=True)[0]
    assert {stem: found.shape for stem, found in _samples(job).items()} == {
        "vocals.vocals": (FRAMES, 2),
        "vocals.instrumental": (FRAMES, 2),
        "instrumental": (FRAMES, 2),
    }
    assert _residual(job, song) < -140
    assert costs.ordered(job) == Quote(6, "credits")
    yard.store.remove(job)
    assert list(yard.store.jobs()) == [first]


def test_a_cancel_reaches_the_parts_of_a_chains_step(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    yard.service.steps = 10_000
    job = yard.store.create(SeparateRequest(Source(str(yard.source)), chain=CHAIN, parts=True))

    def cancel() -> None:
        if len(yard.service.orders) == 3:
            job.cancel_file.touch()

    yard.clock.on_sleep = cancel
    assert yard.drive(job).state is State.CANCELLED
    assert [order.cancelled for order in yard.service.orders.values()] == [True] * 3


def _quoted(yard: Yard) -> dict[str, Any]:
    spans = [{"frames": FRAMES, "rate": RATE, "channels": 2}]
    job = yard.store.create(QueryRequest("quote", "test", {"spans": spans, "engine": "far"}))
    queries.answer(job, yard.tools, {})
    row: dict[str, Any] = json.loads(job.rows_file.read_text(encoding="utf-8"))
    return row


def test_a_dialog_hears_of_the_parts_before_it_orders(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    row = _quoted(yard)
    assert (row["parts"], row["amount"], row["unit"], row["left"]) == (3, 3, "attempts", 50)
    assert row["limits"] == [
        "The region is longer than 2 s.",
        "You will be asked whether to separate it in 3 parts.",
    ]
    yard.service.longest = 60
    row = _quoted(yard)
    assert (row["parts"], row["amount"], row["limits"]) == (None, 1, [])


def test_what_is_no_stem_stays_with_the_parts_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = _yard(tmp_path)
    fetch = ToyRemote.fetch

    def with_more(self: ToyRemote, ticket: Any, listing: Sequence[Any], folder: Path, *rest: Any) -> Any:
        answer = fetch(self, ticket, listing, folder, *rest)
        sf.write(folder / "click.wav", np.zeros((100, 2)), RATE)
        click = EngineFile("click.wav", "click", "Click", kind=ResultKind.GENERATED)
        return replace(answer, files=(*answer.files, click))

    def resolve(_self: ToyRemote, _model: str | None, _options: object) -> Recipe:
        return Recipe("far", "splitter", (), {"part": "quarter"}, "far quarter")

    monkeypatch.setattr(ToyRemote, "resolve", resolve)
    monkeypatch.setattr(ToyRemote, "fetch", with_more)
    job = yard.parent(parts=True)
    assert yard.drive(job).state is State.READY
    assert _samples(job).keys() == {"vocals", "instrumental"}
    assert any(note.startswith("Click can't be joined") for note in _report(job)["notes"])
