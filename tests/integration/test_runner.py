"""The runner with both kinds of engine: states, questions, cancel, reuse."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from stembridge.jobs import disk
from stembridge.jobs.store import Job
from stembridge.model.errors import LimitError, RemoteFailedError, StembridgeError
from stembridge.model.states import TABLE, State
from tests.fakes.bench import Workshop, samples

pytestmark = pytest.mark.usefixtures("plain_picture")


@pytest.fixture
def shop(home: Path) -> Workshop:
    return Workshop(home)


def test_a_local_job_goes_through_its_states_in_order(shop: Workshop) -> None:
    job = shop.job()
    assert shop.run(job).state is State.READY
    assert shop.states() == ["created", "rendering", "rendered", "processing", "aligning"]
    assert shop.events[0]["type"] == "accepted"
    assert shop.events[-1]["type"] == "finished"


def test_a_remote_job_goes_through_its_states_in_order(shop: Workshop) -> None:
    assert shop.run(shop.job("far")).state is State.READY
    told = [s for n, s in enumerate(shop.states()) if n == 0 or s != shop.states()[n - 1]]
    assert told == [
        "created", "rendering", "rendered", "submitting", "queued", "processing", "downloading", "aligning",
    ]  # fmt: skip
    assert len(shop.service.orders) == 1


def test_every_told_transition_stands_in_the_table(shop: Workshop) -> None:
    shop.run(shop.job("far"))
    states = [State(name) for name in shop.states()]
    for before, after in itertools.pairwise(states):
        assert after is before or after in TABLE[before].then


def test_the_remote_gain_is_undone(shop: Workshop) -> None:
    near, far = shop.job("toy"), shop.job("far")
    shop.run(near)
    shop.run(far)
    assert samples(near.stems_folder) == samples(far.stems_folder)


def test_the_ticket_is_private_and_in_remote_json_alone(shop: Workshop) -> None:
    job = shop.job("far")
    shop.run(job)
    ticket = disk.read_json(job.remote_json)["ticket"]["id"]
    assert job.remote_json.stat().st_mode & 0o077 == 0
    others = [path for path in job.folder.rglob("*.json*") if path != job.remote_json]
    assert others
    assert not any(f'"{ticket}"' in path.read_text(encoding="utf-8") for path in others)


def test_an_order_whose_answer_was_lost_is_found_in_the_history_and_never_repeated(shop: Workshop) -> None:
    shop.service.fault = "lost"
    shop.service.history_lag = 1
    assert shop.run(shop.job("far")).state is State.READY
    assert len(shop.service.orders) == 1
    assert "submission_unknown" in shop.states()


def test_an_order_that_may_have_got_lost_asks_the_user(shop: Workshop) -> None:
    shop.service.fault = "unsent"
    job = shop.job("far")
    outcome = shop.run(job)
    assert outcome.state is State.NEEDS_DECISION
    assert [choice for choice, _ in shop.events[-1]["choices"]] == ["search", "submit", "give_up"]
    assert not shop.service.orders
    again = shop.run(job)
    assert again.state is State.NEEDS_DECISION
    assert not shop.service.orders
    _answer(job, shop, "search")
    assert shop.run(job).state is State.NEEDS_DECISION
    _answer(job, shop, "submit")
    assert shop.run(job).state is State.READY
    assert len(shop.service.orders) == 1


def test_giving_up_an_uncertain_order_says_that_it_may_have_been_charged(shop: Workshop) -> None:
    shop.service.fault = "unsent"
    job = shop.job("far")
    shop.run(job)
    _answer(job, shop, "give_up")
    assert shop.run(job).state is State.CANCELLED
    assert "may have been charged" in shop.events[-1]["message"]
    assert not shop.service.orders


def test_an_answer_to_an_old_question_is_not_taken_for_a_new_one(shop: Workshop) -> None:
    shop.service.fault = "unsent"
    job = shop.job("far")
    shop.run(job)
    _answer(job, shop, "submit")
    shop.service.fault = "unsent"
    assert shop.run(job).state is State.NEEDS_DECISION
    assert shop.run(job).state is State.NEEDS_DECISION
    assert not shop.service.orders


def test_a_refusal_for_now_waits_and_a_refusal_for_good_ends_with_the_services_words(shop: Workshop) -> None:
    shop.service.fault = "busy"
    assert shop.run(shop.job("far")).state is State.READY
    assert any(event["type"] == "waiting" for event in shop.events)
    shop.service.fault = "refused"
    job = shop.job("far", again=True)
    outcome = shop.run(job)
    assert outcome.state is State.FAILED
    assert isinstance(outcome.error, LimitError)
    assert "limit of separations for today" in outcome.error.message
    assert not job.remote_json.exists()
    assert shop.run(job).state is State.READY
    assert len(shop.service.orders) == 2


def test_a_cost_is_asked_for_unless_it_was_allowed(shop: Workshop) -> None:
    shop.service.price = 3
    job = shop.job("far")
    assert shop.run(job).state is State.NEEDS_DECISION
    assert "3 credits" in shop.events[-1]["message"]
    assert not shop.service.orders
    _answer(job, shop, "agree")
    assert shop.run(job).state is State.READY
    assert shop.service.credits == 7
    assert shop.run(shop.job("far", max_credits=2, again=True)).state is State.NEEDS_DECISION
    assert shop.run(shop.job("far", max_credits=3, again=True)).state is State.READY
    assert shop.service.credits == 4


def test_declining_a_cost_ends_the_job_without_an_order(shop: Workshop) -> None:
    shop.service.price = 3
    job = shop.job("far")
    shop.run(job)
    _answer(job, shop, "decline")
    assert shop.run(job).state is State.CANCELLED
    assert not shop.service.orders


def test_polls_that_fail_are_waited_out(shop: Workshop) -> None:
    shop.service.unreachable = 5
    assert shop.run(shop.job("far")).state is State.READY
    assert sum(event["type"] == "waiting" for event in shop.events) == 5


def test_a_service_that_stays_silent_ends_the_worker_and_resume_goes_on(shop: Workshop) -> None:
    shop.service.unreachable = 10_000
    job = shop.job("far")
    outcome = shop.run(job)
    assert outcome.error is not None
    assert outcome.error.code == "unavailable"
    shop.service.unreachable = 0
    assert shop.run(job).state is State.READY
    assert len(shop.service.orders) == 1


@pytest.mark.parametrize(("outcome", "words"), [("failed", "Out of memory"), ("gone", "not found")])
def test_a_failure_at_the_service_ends_with_its_words(shop: Workshop, outcome: str, words: str) -> None:
    shop.service.outcome = outcome
    ended = shop.run(shop.job("far"))
    assert ended.state is State.FAILED
    assert isinstance(ended.error, RemoteFailedError)
    assert words in ended.error.message


def test_cancel_in_the_queue_reaches_the_service(shop: Workshop) -> None:
    shop.service.steps = 50
    job = shop.job("far")
    shop.clock.on_sleep = job.cancel_file.touch
    assert shop.run(job).state is State.CANCELLED
    assert [order.cancelled for order in shop.service.orders.values()] == [True]
    assert "cancelling" in shop.states()


def test_cancel_before_the_start_orders_nothing(shop: Workshop) -> None:
    for engine in ("toy", "far"):
        job = shop.job(engine)
        job.cancel_file.touch()
        assert shop.run(job).state is State.CANCELLED
    assert not shop.service.orders
    assert not shop.local.runs


def test_a_cancelled_paid_job_can_be_taken_up_again_without_a_new_order(shop: Workshop) -> None:
    shop.service.steps = 50
    job = shop.job("far")
    shop.clock.on_sleep = job.cancel_file.touch
    shop.run(job)
    shop.clock.on_sleep = lambda: None
    job.cancel_file.unlink()
    assert shop.run(job).state is State.READY
    assert len(shop.service.orders) == 1


@pytest.mark.parametrize("engine", ["toy", "far"])
def test_the_same_order_again_is_answered_from_the_first(shop: Workshop, engine: str) -> None:
    first, second = shop.job(engine), shop.job(engine)
    shop.run(first)
    done = (shop.local.runs, len(shop.service.orders))
    assert shop.run(second).state is State.READY
    result = second.result()
    assert result is not None
    assert result["reused_from"] == first.id
    assert samples(second.stems_folder) == samples(first.stems_folder)
    assert (shop.local.runs, len(shop.service.orders)) == done


def test_a_paid_answer_serves_another_choice_of_stems_and_format(shop: Workshop) -> None:
    shop.run(shop.job("far"))
    other = shop.job("far", stems=("vocals",), rest=True, format="flac24")
    assert shop.run(other).state is State.READY
    assert len(shop.service.orders) == 1
    assert {path.suffix for path in other.stems_folder.iterdir()} == {".flac", ".json", ".png"}


def test_another_option_or_again_is_separated_anew(shop: Workshop) -> None:
    shop.run(shop.job())
    shop.run(shop.job(options={"part": "half"}))
    shop.run(shop.job(again=True))
    assert shop.local.runs == 3


def test_a_stem_that_was_edited_in_place_is_not_handed_out_again(shop: Workshop) -> None:
    first = shop.job()
    shop.run(first)
    next(first.stems_folder.glob("*vocals.wav")).write_bytes(b"edited")
    shop.run(shop.job())
    assert shop.local.runs == 2


def test_a_hosts_own_rendering_is_known_again_by_its_samples(shop: Workshop) -> None:
    from stembridge.jobs.request import SeparateRequest

    jobs = []
    for _ in range(2):
        job = shop.store.create(SeparateRequest(None, input=True, name="Track 3", engine="toy"))
        job.input_file.write_bytes(shop.source.read_bytes())
        assert shop.run(job).state is State.READY
        jobs.append(job)
    assert shop.local.runs == 1
    assert (jobs[1].stems_folder / "Track 3 - vocals.wav").exists()
    assert samples(jobs[0].stems_folder) == samples(jobs[1].stems_folder)


def test_a_damaged_region_is_rendered_again(shop: Workshop) -> None:
    job = shop.job("far")
    shop.service.fault = "refused"
    shop.run(job)
    region = job.folder / "region.wav"
    data = bytearray(region.read_bytes())
    data[-1] ^= 0xFF
    region.write_bytes(bytes(data))
    assert shop.run(job).state is State.READY
    assert shop.states().count("rendering") == 2


def test_a_fault_of_ours_is_told_with_the_log_and_can_be_resumed(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = shop.job()
    with monkeypatch.context() as patch:
        patch.setattr(shop.local, "separate", lambda *_: 1 / 0)
        outcome = shop.run(job)
    assert isinstance(outcome.error, StembridgeError)
    assert outcome.error.code == "internal"
    assert "ZeroDivisionError" in job.log_file.read_text(encoding="utf-8")
    assert shop.run(job).state is State.READY


def test_the_result_names_every_stem_with_the_regions_shape(shop: Workshop) -> None:
    job = shop.job(residual=True, host_context={"track": "{1}"})
    shop.run(job)
    result = job.result()
    assert result is not None
    assert [row["id"] for row in result["stems"]] == ["vocals", "instrumental", "residual"]
    assert {(row["frames"], row["rate"], row["channels"]) for row in result["stems"]} == {(20_000, 44_100, 2)}
    assert result["host_context"] == {"track": "{1}"}
    assert json.dumps(result)


def _answer(job: Job, shop: Workshop, choice: str) -> None:
    question = [event for event in shop.events if event["type"] == "needs_decision"][-1]
    disk.write_json(job.answer_file, {"id": question["id"], "choice": choice})
