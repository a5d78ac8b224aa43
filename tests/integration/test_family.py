"""Jobs made of jobs: agreed on once, paid once, cancelled together, carried on after any death."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs import disk, events
from stembridge.jobs.store import Job
from stembridge.model.errors import DecisionNeededError, LimitError, RemoteFailedError
from stembridge.model.states import State
from tests.fakes.bench import samples
from tests.fakes.engines import ToyRemote
from tests.fakes.families import PATHS, Listener, Yard
from tests.fakes.kill import Killed, Reaper

pytestmark = pytest.mark.usefixtures("plain_picture")


def _yard(tmp_path: Path, *, price: int = 0, steps: int = 0) -> Yard:
    yard = Yard(tmp_path)
    yard.service.price, yard.service.steps = price, steps
    return yard


def _stems(job: Job) -> dict[str, dict[str, bytes]]:
    return {child.id[-3:]: samples(child.stems_folder) for child in job.children()}


def test_every_step_is_a_job_of_its_own_with_an_id_that_follows_from_the_parents(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    heard = Listener()
    assert yard.family(job, heard).state is State.READY
    children = job.children()
    assert [child.id for child in children] == [f"{job.id}s0{number}" for number in (1, 2, 3)]
    assert all(child.id.isalnum() and child.parent() == job.id for child in children)
    assert [child.state() for child in children] == [State.READY] * 3
    assert job.parent() is None
    rows = disk.read_json(job.family_json)["steps"]
    assert [(row["path"], row["job"]) for row in rows] == list(
        zip(PATHS, [child.id for child in children], strict=True)
    )
    # What the steps of the second level were given is what the first level gave.
    first = samples(children[0].stems_folder)
    assert samples(children[1].folder)["input.wav"] == first["vocals.wav"]
    assert samples(children[2].folder)["input.wav"] == first["instrumental.wav"]
    # A host hears of the steps in the parent's log alone, counted and by their titles.
    assert {event["job"] for event in heard.heard} == {job.id}
    counted = [e["done"] for e in heard.heard if e["type"] == "progress" and e["phase"] == "steps"]
    assert counted == sorted(counted)
    assert counted[-1] == 3
    phases = {event["phase"] for event in heard.heard if event["type"] == "progress"}
    assert "Stems: download" in phases


def test_the_whole_cost_is_agreed_to_once(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=3)
    job = yard.parent()
    outcome = yard.family(job)
    assert outcome.state is State.NEEDS_DECISION
    assert isinstance(outcome.error, DecisionNeededError)
    assert outcome.error.message == "This family makes 3 separations for 9 credits in all. You have 10."
    assert [choice for choice, _ in outcome.error.choices] == ["agree", "decline"]
    assert not yard.service.orders
    assert not job.children()
    disk.write_json(job.answer_file, {"id": outcome.error.context["id"], "choice": "agree"})
    assert yard.family(job).state is State.READY
    assert len(yard.service.orders) == 3
    assert yard.service.credits == 1


def test_declined_or_beyond_the_account_nothing_is_sent(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=3)
    job = yard.parent()
    question = yard.family(job).error
    assert question is not None
    disk.write_json(job.answer_file, {"id": question.context["id"], "choice": "decline"})
    assert yard.family(job).state is State.CANCELLED
    yard.service.credits = 8
    refused = yard.family(yard.parent(max_credits=100))
    assert isinstance(refused.error, LimitError)
    assert refused.error.message == "This family takes 9 credits, and the account has 8."
    assert not yard.service.orders


def test_what_was_allowed_in_advance_is_not_asked_for(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=2)
    assert yard.family(yard.parent(max_credits=5)).state is State.NEEDS_DECISION
    assert yard.family(yard.parent(max_credits=6)).state is State.READY


def test_the_same_again_orders_nothing_and_asks_nothing(tmp_path: Path) -> None:
    yard = _yard(tmp_path, price=3)
    yard.service.credits = 9
    first = yard.parent(max_credits=9)
    assert yard.family(first).state is State.READY
    assert yard.service.credits == 0
    again = yard.parent()
    assert yard.family(again).state is State.READY
    assert len(yard.service.orders) == 3
    assert _stems(again) == _stems(first)


def test_killed_at_any_effect(tmp_path: Path) -> None:
    price = 1

    def agreed(job: Job) -> None:
        disk.write_json(job.answer_file, {"id": "cost-3-credits", "choice": "agree"})

    def worker(name: str) -> bool:
        return name == threading.main_thread().name or name.startswith("stembridge-")

    calm = _yard(tmp_path / "calm", price=price)
    job = calm.parent()
    agreed(job)
    reaper = Reaper(threads=worker)
    with pytest.MonkeyPatch.context() as patch:
        reaper.watch(patch)
        calm.service.effect = reaper.step
        assert calm.family(job).state is State.READY
    expected = _stems(job)
    assert reaper.count > 200
    for at in range(1 + price * 3, reaper.count, 7):
        yard = _yard(tmp_path / f"at{at}", price=price)
        job = yard.parent()
        agreed(job)
        with pytest.MonkeyPatch.context() as patch:
            dying = Reaper(at, threads=worker)
            dying.watch(patch)
            yard.service.effect = dying.step
            try:
                yard.family(job)
            except Killed:
                pass
            else:
                continue  # threads don't come in the same order each time: it had one effect fewer
        yard.service.effect = lambda: None
        _until_over(yard, job)
        assert _stems(job) == expected, at
        assert len(yard.service.orders) == 3, at
        assert yard.service.credits == 10 - 3 * price, at


def _until_over(yard: Yard, job: Job) -> None:
    """Be the user: start it again, and let lost orders be sent once more."""
    for _ in range(6):
        outcome = yard.family(job)
        if outcome.state is not State.NEEDS_DECISION:
            break
        question = events.read(job.events_file)[-1]
        choice = "submit" if question["id"].partition(":")[2].startswith("submission") else "agree"
        disk.write_json(job.answer_file, {"id": question["id"], "choice": choice})
    assert outcome.state is State.READY, outcome


def test_a_cancel_reaches_every_step_at_the_service(tmp_path: Path) -> None:
    yard = _yard(tmp_path, steps=10_000)
    job = yard.parent()
    far = yard.engines["far"]
    assert isinstance(far, ToyRemote)

    def cancel() -> None:
        if yard.service.orders:
            job.cancel_file.touch()

    yard.clock.on_sleep = cancel
    heard = Listener()
    assert yard.family(job, heard).state is State.CANCELLED
    assert [order.cancelled for order in yard.service.orders.values()] == [True]
    assert heard.heard[-1]["message"] == "Cancelled, and the service was told."
    # Taken up again, it goes on.
    yard.clock.on_sleep = lambda: None
    yard.service.steps = 0
    disk.remove(job.cancel_file)
    assert yard.family(job).state is State.READY


def test_a_cancel_after_a_kill_reaches_the_service_too(tmp_path: Path) -> None:
    yard = _yard(tmp_path, steps=10_000)
    job = yard.parent()

    def die() -> None:
        if yard.service.orders:
            raise Killed

    yard.clock.on_sleep = die
    with pytest.raises(Killed):
        yard.family(job)
    yard.clock.on_sleep = lambda: None
    assert [order.cancelled for order in yard.service.orders.values()] == [False]
    job.cancel_file.touch()
    assert yard.family(job).state is State.CANCELLED
    assert [order.cancelled for order in yard.service.orders.values()] == [True]
    assert [child.state() for child in job.children()] == [State.CANCELLED]


def test_a_failed_step_lets_the_other_end_and_is_named(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    service, place = yard.service, yard.service.place

    def refuse(upload: Path, upload_name: str, part: float) -> Any:
        if upload_name.startswith(f"sb{job.id}s02"):
            raise RemoteFailedError("The model fell over.", hint=f"Resume {job.id}s02.")
        return place(upload, upload_name, part)

    service.place = refuse  # type: ignore[method-assign]
    outcome = yard.family(job)
    assert outcome.state is State.FAILED
    assert outcome.error is not None
    assert outcome.error.message == "Vocals: The model fell over."
    assert outcome.error.hint == f"Resume {job.id}."
    assert [child.state() for child in job.children()] == [State.READY, State.FAILED, State.READY]
    service.place = place  # type: ignore[method-assign]
    assert yard.family(job).state is State.READY
    assert len(service.orders) == 3


def test_a_steps_question_is_the_parents_and_its_answer_is_handed_down(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    yard.service.fault = "unsent"
    job = yard.parent()
    outcome = yard.family(job)
    assert outcome.state is State.NEEDS_DECISION
    assert isinstance(outcome.error, DecisionNeededError)
    assert outcome.error.message.startswith("Stems: The line broke")
    assert dict(outcome.error.choices).keys() >= {"search", "submit"}
    asked = events.read(job.events_file)[-1]
    assert asked["id"].startswith(f"{job.id}s01:submission-")
    disk.write_json(job.answer_file, {"id": asked["id"], "choice": "submit"})
    assert yard.family(job).state is State.READY
    assert len(yard.service.orders) == 3


def test_steps_of_this_machine_go_one_at_a_time_and_beside_the_services(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent("toy")
    assert yard.family(job, engines=("toy", "far", "toy")).state is State.READY
    assert yard.local.runs == 2
    assert len(yard.service.orders) == 1


def test_the_steps_go_with_their_parent(tmp_path: Path) -> None:
    yard = _yard(tmp_path)
    job = yard.parent()
    assert yard.family(job).state is State.READY
    assert yard.store.find("last") == job
    assert yard.store.find(job.id[:-2]) == job
    assert yard.store.find(f"{job.id}s02").parent() == job.id
    assert len(list(yard.store.jobs())) == 4
    assert len(job.folders()) == 4
    yard.store.remove(job)
    assert not list(yard.store.jobs())
    assert not list(yard.store.folder.iterdir())
