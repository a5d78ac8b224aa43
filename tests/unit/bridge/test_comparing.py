"""What a comparison says of the cost: when the work was done, by whom, and for how much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge import comparing, summary
from stembridge.bridge.summary import Ending
from stembridge.engines.base import Quote
from stembridge.jobs import disk
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job
from stembridge.model.states import State
from tests.fakes.bench import Workshop


def _job(
    home: Path, name: str, engine: str = "far", *, price: Any = None, parent: str = "", **more: Any
) -> Job:
    """Make the folder of a finished job; ``price`` is what its order remembers of it."""
    job = Job(home / "jobs" / name)
    job.folder.mkdir(parents=True)
    disk.write_json(job.request_file, SeparateRequest(None, parent=parent or None).to_dict())
    disk.write_json(job.result_file, {"kind": "separate", "engine": engine, "reused_from": None, **more})
    if price is not None:
        facts = {"ticket": {"id": "1"}, "upload_name": "a.flac", "quote": price}
        disk.write_json(job.remote_json, facts, private=True)
    return job


def _credits(amount: int | None) -> dict[str, Any]:
    return {"amount": amount, "unit": "credits"}


def _family(home: Path, *steps: dict[str, Any]) -> Job:
    parent = _job(home, "parent", "chain")
    disk.write_json(parent.family_json, {"steps": []})
    for number, step in enumerate(steps, 1):
        _job(home, f"parents{number:02d}", parent="parent", **step)
    return parent


@pytest.fixture
def shop(home: Path) -> Workshop:
    return Workshop(home)


def test_a_job_costs_what_its_order_did_also_when_it_is_used_again(shop: Workshop) -> None:
    _job(shop.home, "first", price=_credits(3))
    _job(shop.home, "second", reused_from="first")
    last = _job(shop.home, "third", reused_from="second")
    assert comparing.cost_of(last, shop.engines) == Quote(3, "credits")
    disk.remove(shop.home / "jobs" / "first")
    assert comparing.cost_of(last, shop.engines) is None, "nobody knows any more"
    assert comparing.cost_of(_job(shop.home, "unpriced", price=_credits(None)), shop.engines) == Quote(
        None, "credits"
    )
    assert comparing.cost_of(_job(shop.home, "here", "toy"), shop.engines) == Quote(0, "credits")
    assert comparing.cost_of(_job(shop.home, "blend", "blend", kind="blend"), shop.engines) == Quote(
        0, "credits"
    )
    round_ = _job(shop.home, "round", reused_from="round")
    assert comparing.cost_of(round_, shop.engines) is None


def test_a_job_of_jobs_costs_what_they_do(shop: Workshop) -> None:
    _job(shop.home, "earlier", price=_credits(5))
    steps = ({"price": _credits(2)}, {"reused_from": "earlier"}, {"engine": "toy"})
    parent = _family(shop.home, *steps)
    assert comparing.cost_of(parent, shop.engines) == Quote(7, "credits")
    total = summary.totals([Ending("song", parent, State.READY)])
    assert total["credits"] == 2, "what was ordered this time"


@pytest.mark.parametrize(
    "steps",
    [
        [{"price": _credits(2)}, {"price": _credits(None)}],
        [{"price": _credits(2)}, {}],
        [{"price": _credits(2)}, {"price": {"amount": 1, "unit": "attempts"}}],
        [],
    ],
)
def test_what_is_not_known_is_not_guessed(shop: Workshop, steps: list[dict[str, Any]]) -> None:
    assert comparing.cost_of(_family(shop.home, *steps), shop.engines) is None


def test_attempts_are_counted_beside_steps_that_cost_nothing(shop: Workshop) -> None:
    attempt = {"price": {"amount": 1, "unit": "attempts"}}
    parent = _family(shop.home, attempt, attempt, {"engine": "toy"})
    assert comparing.cost_of(parent, shop.engines) == Quote(2, "attempts")


def test_an_answer_that_was_taken_over_costs_what_its_order_did(shop: Workshop) -> None:
    _job(shop.home, "first", price=_credits(3))
    second = _job(shop.home, "second")  # the same answer, other stems of it
    disk.write_json(second.separation_json, {"answer_of": "first", "files": []})
    third = _job(shop.home, "third", reused_from="second")
    assert [comparing.cost_of(job, shop.engines) for job in (second, third)] == [Quote(3, "credits")] * 2
