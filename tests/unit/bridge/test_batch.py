"""Several separations as one: lanes, their cost, and whether it may be spent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf

from stembridge.bridge import batch, summary
from stembridge.bridge.batch import Bill, Entry
from stembridge.bridge.summary import Ending
from stembridge.engines.base import Quote
from stembridge.jobs import costs, disk, plan
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.model.errors import DecisionNeededError, InputError, LimitError
from stembridge.model.states import State
from tests.fakes.bench import Workshop, music


@pytest.fixture
def shop(home: Path) -> Workshop:
    shop = Workshop(home)
    shop.service.price = 2
    return shop


def _entry(shop: Workshop, first: int = 0, *, engine: str = "far", **more: Any) -> Entry:
    request = SeparateRequest(Source(str(shop.source), first), engine=engine, **more)
    return Entry(request, plan.check(request, shop.engines[engine]), shop.engines[engine])


def _begun(shop: Workshop, first: int = 0) -> Entry:
    entry = _entry(shop, first)
    job = shop.store.create(entry.request)
    facts = {"intent_at": 1.0, "upload_name": "sb1.flac", "ticket": {"id": "1", "host": "h"}}
    disk.write_json(job.remote_json, facts, private=True)
    return replace(entry, job=job)


def test_the_same_order_twice_shares_a_lane_and_local_ones_are_one_lane(shop: Workshop) -> None:
    entries = [_entry(shop), _entry(shop, 5), _entry(shop), _entry(shop, engine="toy"),
               _entry(shop, 7, engine="toy")]  # fmt: skip
    assert batch.lanes(entries) == [[0, 2], [1], [3, 4]]


def test_what_was_ordered_already_comes_first_in_its_lane(shop: Workshop) -> None:
    entries = [_entry(shop), _begun(shop)]
    assert batch.lanes(entries) == [[1, 0]]
    assert batch.bill(entries, shop.home).quotes == {}, "its twin answers it"


def test_as_many_at_a_time_as_there_are_places_and_some_that_get_ready(shop: Workshop) -> None:
    shop.service.slots = 3
    assert batch.at_once([_entry(shop), _entry(shop, engine="toy")]) == 3 + batch.AHEAD
    assert batch.at_once([_entry(shop, engine="toy")]) == batch.at_once([]) == 1


def test_only_what_will_be_ordered_is_priced(shop: Workshop) -> None:
    entries = [_entry(shop), _entry(shop), _entry(shop, 5), _begun(shop, 9), _entry(shop, engine="toy")]
    bill = batch.bill(entries, shop.home)
    assert sorted(bill.quotes) == [0, 2]
    assert (bill.credits, bill.attempts, bill.unpriced) == (4, 0, 0)
    again = [replace(one, request=replace(one.request, again=True)) for one in entries[:2]]
    assert sorted(batch.bill(again, shop.home).quotes) == [0, 1]


def test_what_an_earlier_job_answers_costs_nothing(shop: Workshop) -> None:
    job = shop.job("far", max_credits=2)
    assert shop.run(job).state is State.READY
    assert costs.ordered(job) == Quote(2, "credits")
    assert batch.bill([_entry(shop), _entry(shop, stems=("vocals",))], shop.home).quotes == {}
    assert sorted(batch.bill([_entry(shop, 5)], shop.home).quotes) == [0]


def _bill(*amounts: int | None, left: int | None = 100, unit: str = "credits") -> Bill:
    return Bill({place: Quote(amount, unit, left) for place, amount in enumerate(amounts)})


ALLOWED = [
    ((2, 3), None, {"agreed": True}),
    ((2, 3), None, {"max_total": 5}),
    ((2, 3), 3, {}),
    ((2, 3), 3, {"max_total": 5}),
    ((2, None), None, {"agreed": True}),
    ((0, 0), None, {}),
    ((), None, {"max_total": 0}),
]
ASKED = [
    ((2, 3), None, {}),
    ((2, 3), 2, {}),
    ((2, 3), 2, {"max_total": 9}),
    ((2, 3), None, {"max_total": 4}),
    ((2, 3), None, {"max_total": 4, "agreed": True}),
    ((2, None), None, {"max_total": 9, "agreed": True}),
]


@pytest.mark.parametrize(("amounts", "each", "consent"), ALLOWED)
def test_a_cost_within_every_limit_that_was_set_needs_no_question(
    shop: Workshop, amounts: tuple[int | None, ...], each: int | None, consent: dict[str, Any]
) -> None:
    entries = [_entry(shop, place, max_credits=each) for place in range(len(amounts))]
    batch.check(entries, _bill(*amounts), **consent)


@pytest.mark.parametrize(("amounts", "each", "consent"), ASKED)
def test_any_other_cost_is_a_question(
    shop: Workshop, amounts: tuple[int | None, ...], each: int | None, consent: dict[str, Any]
) -> None:
    entries = [_entry(shop, place, max_credits=each) for place in range(len(amounts))]
    with pytest.raises(DecisionNeededError, match="2 separations are to be ordered") as caught:
        batch.check(entries, _bill(*amounts), **consent)
    assert [choice for choice, _ in caught.value.choices] == ["agree", "decline"]


def test_attempts_are_no_money_and_are_told(shop: Workshop) -> None:
    bill = _bill(1, 1, left=7, unit="attempts")
    batch.check([_entry(shop), _entry(shop, 1)], bill, max_total=0)
    assert bill.words() == "2 separations are to be ordered, for 2 attempts in all. You have 7."
    assert "The price of 1 of them isn't known." in _bill(1, None).words()


def test_more_than_there_is_is_refused_even_when_agreed(shop: Workshop) -> None:
    with pytest.raises(LimitError, match="costs 5 credits, and the account has 4"):
        batch.check([_entry(shop), _entry(shop, 1)], _bill(2, 3, left=4), agreed=True)


def test_a_consent_is_for_one_price_only(shop: Workshop) -> None:
    job = shop.job("far")
    costs.consent(job, Quote(1, "credits"))
    assert shop.run(job).state is State.NEEDS_DECISION
    costs.consent(job, Quote(2, "credits"))
    assert shop.run(job).state is State.READY
    assert shop.service.price == 2


def test_what_was_agreed_to_before_a_kill_is_not_asked_again(shop: Workshop) -> None:
    entries = [replace(_entry(shop, place), job=shop.job("far")) for place in range(2)]
    bill = _bill(2, 3)
    for entry, quote in zip(entries, bill.quotes.values(), strict=True):
        assert entry.job is not None
        with pytest.raises(DecisionNeededError):
            batch.check(entries, bill)
        costs.consent(entry.job, quote)
    batch.check(entries, bill)
    with pytest.raises(DecisionNeededError):
        batch.check(entries, _bill(2, 4))
    with pytest.raises(DecisionNeededError):
        batch.check(entries, bill, max_total=4)


def test_the_summary_counts_every_end(shop: Workshop) -> None:
    first = shop.job("far", max_credits=2)
    shop.run(first)
    twin = shop.job("far")
    shop.run(twin)
    asks, stops = shop.job("far", again=True), shop.job("far", again=True)
    shop.run(asks)
    stops.cancel_file.touch()
    shop.run(stops)
    error = InputError("It is no audio.", hint="Give audio.")
    endings = [Ending("a", first, State.READY), Ending("b", twin, State.READY), Ending("notes", error=error)]
    endings += [Ending("c", asks, State.NEEDS_DECISION), Ending("d", stops, State.CANCELLED)]
    total = summary.totals(endings)
    counts = {name: total[name] for name in ("jobs", "done", "reused", "failed", "waiting", "cancelled")}
    assert counts == {"jobs": 5, "done": 2, "reused": 1, "failed": 1, "waiting": 1, "cancelled": 1}
    assert (total["credits"], total["unpriced"], total["attempts"]) == (2, 0, 0)
    assert total["seconds"] == pytest.approx(2 * 20_000 / 44_100, abs=1e-3)
    assert total["unfinished"] == [asks.id, stops.id]
    assert total["failures"] == [
        {"input": "notes", "job": None, "code": "source_unreadable", "message": "It is no audio."}
    ]
    words = summary.sentences(total)
    assert words[0].startswith("5 separations: 2 done (1 of them from earlier work), 1 failed, 1 cancelled")
    assert words[0].endswith(", 1 waiting for a decision.")
    assert words[1] == "0.9 seconds of audio, for 2 credits."
    assert words[-1].endswith(f"jobs resume {asks.id} {stops.id}")


def test_an_order_of_unknown_price_and_one_from_before_are_told_apart_from_none(shop: Workshop) -> None:
    job = _begun(shop).job
    assert job is not None
    assert costs.ordered(job) == Quote(None, "credits")
    adopted = {"intent_at": 1.0, "upload_name": "", "ticket": {"id": "1"}}
    disk.write_json(job.remote_json, adopted, private=True)
    assert costs.ordered(job) is None
    total = summary.totals([Ending("x", _begun(shop).job, State.READY)] * 9)
    assert total["unpriced"] == 9
    assert "9 orders whose price isn't known" in summary.sentences(total)[1]


def _long(shop: Workshop, *, attempts: int | None = None, **more: Any) -> Entry:
    """Five seconds for a plan that takes two: three parts."""
    shop.service.longest, shop.service.attempts = 2, attempts
    path = shop.home / "long.wav"
    sf.write(path, music(39_111), 8000, subtype="FLOAT")
    request = SeparateRequest(Source(str(path)), engine="far", **more)
    return Entry(request, plan.check(request, shop.engines["far"]), shop.engines["far"])


def test_what_is_too_long_is_told_and_not_priced_while_nobody_wants_parts(shop: Workshop) -> None:
    bill = batch.bill([_entry(shop), _long(shop)], shop.home)
    assert (sorted(bill.quotes), bill.too_long, bill.refused) == ([0], (1,), 0)
    assert bill.words().endswith(
        "You have 10. 1 region is longer than your plan takes, and could be separated in parts."
    )
    alone = batch.bill([_long(shop)], shop.home)
    assert alone.words().startswith("1 region is longer")


def test_parts_are_in_the_sum(shop: Workshop) -> None:
    entries = [_entry(shop), _long(shop, parts=True)]
    bill = batch.bill(entries, shop.home)
    assert (bill.credits, bill.parts, bill.too_long) == (8, {1: 3}, ())
    assert bill.words() == (
        "2 separations are to be ordered (1 of them in 3 parts), for 8 credits in all. You have 10."
    )
    with pytest.raises(DecisionNeededError, match="8 credits"):
        batch.check(entries, bill)
    shop.service.credits = 7
    with pytest.raises(LimitError, match="8 credits"):
        batch.check(entries, batch.bill(entries, shop.home), agreed=True)


def test_parts_never_take_more_attempts_than_are_left(shop: Workshop) -> None:
    entries = [_long(shop, attempts=2, parts=True)]
    with pytest.raises(LimitError, match="takes 3 attempts, and 2 are left today"):
        batch.check(entries, batch.bill(entries, shop.home), agreed=True)


def test_a_price_that_was_agreed_to_holds_for_a_lower_one(shop: Workshop) -> None:
    job = shop.job("far")
    assert costs.allowance(job) == 0
    costs.consent(job, Quote(12, "credits"))
    assert costs.allowance(job) == 12
    disk.write_json(job.answer_file, {"id": "cost-12-credits", "choice": "decline"})
    assert costs.allowance(job) == 0
    disk.write_json(job.answer_file, {"id": "too_long-3-12-credits", "choice": "parts"})
    assert costs.allowance(job) == 0


def _chain(shop: Workshop, *steps: Entry) -> Entry:
    whole = replace(
        steps[0].plan.recipe, engine="chain", identity=" ".join(s.plan.recipe.identity for s in steps)
    )
    return replace(steps[0], plan=replace(steps[0].plan, recipe=whole), steps=steps)


def test_a_chain_shares_a_lane_and_the_price_with_what_its_first_step_is(shop: Workshop) -> None:
    other = _entry(shop, options={"part": "half"})
    below = replace(other, plan=replace(other.plan, source_key=""))
    entries = [
        _chain(shop, _entry(shop), below),
        _entry(shop),
        other,
        _chain(shop, _entry(shop), below, below),
    ]
    assert batch.lanes(entries) == [[0, 1, 3], [2]]
    total = batch.bill(entries, shop.home)
    assert {place: quote.amount for place, quote in total.quotes.items()} == {0: 4, 2: 2, 3: 4}
    assert total.steps == {0: 2, 3: 2}
    again = replace(entries[3], steps=tuple(
        replace(step, request=replace(step.request, again=True)) for step in entries[3].steps
    ))  # fmt: skip
    assert batch.bill([entries[1], again], shop.home).steps == {1: 3}
