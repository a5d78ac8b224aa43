"""Faults of the network, the clock and the account, which no single answer of the service shows."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs import disk
from stembridge.model.states import State
from stembridge.sandbox.accounts import Plan
from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.splitters import shares, splitter
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep_shop import Shop
from tests.fakes.orders import create

pytestmark = pytest.mark.usefixtures("plain_picture")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


@pytest.fixture
def shop(service: FaultyService, tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home", service)


Break = Callable[[FaultyService], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def no_names(_service: FaultyService) -> Iterator[None]:
    def unknown(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        yield


def refusing(service: FaultyService) -> contextlib.AbstractContextManager[None]:
    return service.refusing()


BREAKS = {"connection refused": (refusing, "can't be reached"), "DNS failure": (no_names, "can't be found")}


@pytest.mark.parametrize("name", BREAKS)
def test_without_a_network_nothing_is_ordered_and_a_resume_orders_once(
    shop: Shop, service: FaultyService, name: str
) -> None:
    break_, says = BREAKS[name]
    job = shop.job()
    with break_(service):
        outcome = shop.run(job)
    assert outcome.state is State.FAILED
    assert outcome.error is not None
    assert says in outcome.error.message
    assert outcome.error.code == "unavailable"
    assert outcome.error.hint
    assert service.creates == []
    assert shop.until_over(job).state is State.READY
    assert service.paid == 1


@pytest.mark.parametrize("state", ["rendered", "submitting", "queued", "downloading"])
@pytest.mark.parametrize("name", BREAKS)
def test_a_network_that_goes_away_under_way(
    shop: Shop, service: FaultyService, name: str, state: str
) -> None:
    break_, says = BREAKS[name]
    job = shop.job()
    with contextlib.ExitStack() as stack:

        def listen(event: Mapping[str, Any]) -> None:
            if event["type"] == "state" and event["state"] == state and not told:
                told.append(state)
                stack.enter_context(break_(service))
            elif event["type"] == "waiting" and says in event["reason"]:
                told.append("waited")
                stack.close()

        told: list[str] = []
        shop.on_event = listen
        outcome = shop.run(job)
    assert told
    if outcome.state is State.READY:
        assert told == [state, "waited"] or name == "DNS failure"
    else:
        assert outcome.state is State.FAILED
        assert outcome.error is not None
        assert says in outcome.error.message
        assert outcome.error.hint
    assert shop.until_over(job).state is State.READY
    assert service.paid == 1
    assert len(shop.stems()) == 2


def test_a_service_that_speaks_no_tls_gets_nothing(shop: Shop, service: FaultyService) -> None:
    plain = shop.url
    shop.url = plain.replace("http:", "https:")
    job = shop.job()
    outcome = shop.run(job)
    assert outcome.state is State.FAILED
    assert outcome.error is not None
    assert "doesn't encrypt" in outcome.error.message
    assert outcome.error.hint
    assert service.log == [] or all(not entry.params for entry in service.log)
    shop.url = plain
    assert shop.until_over(job).state is State.READY
    assert service.paid == 1


def test_a_bad_key_is_said_to_be_bad_and_a_good_one_goes_on(shop: Shop, service: FaultyService) -> None:
    good, shop.key = shop.key, "nobody-knows-this-key"
    job = shop.job()
    outcome = shop.run(job)
    assert outcome.state is State.FAILED
    assert outcome.error is not None
    assert outcome.error.code == "key_refused"
    assert "account login" in outcome.error.hint
    shop.key = good
    assert shop.until_over(job).state is State.READY
    assert service.paid == 1


@pytest.mark.parametrize("jump", [-90_000.0, -3600.0, 3600.0, 90_000.0])
@pytest.mark.parametrize("state", ["submitting", "queued", "downloading"])
def test_the_clock_jumps(shop: Shop, service: FaultyService, jump: float, state: str) -> None:
    def listen(event: Mapping[str, Any]) -> None:
        if event["type"] == "state" and event["state"] == state:
            shop.clock.jump = jump

    # While the service takes its time to know the order, and to have its files.
    service.fault("answer_lost")
    service.fault("not_found", times=3)
    service.fault("done_without_files", times=3)
    shop.on_event = listen
    job = shop.job()
    assert shop.run(job).state is State.READY
    assert service.paid == len(service.creates) == 1


def test_a_late_start_is_taken_out(tmp_path: Path) -> None:
    with FaultyService(tmp_path / "late", splitter(shares)) as service:
        shop = Shop(tmp_path / "home", service, frames=400_000)
        service.fault("late_start", index="all", by=1105)
        job = shop.job()
        assert shop.run(job).state is State.READY
        rows = disk.read_json(job.result_file)["stems"]
        assert [row["offset"]["frames"] for row in rows] == [1105, 1105]
        assert {row["frames"] for row in rows} == {400_000}
        assert service.paid == 1


def test_a_hang_ends_when_the_clock_says_so(shop: Shop, service: FaultyService) -> None:
    service.fault("hang", on="get", seconds=20)
    entered: list[int] = []

    def listen(event: Mapping[str, Any]) -> None:
        if event["type"] == "state" and event["state"] == "queued" and not entered:
            entered.append(1)
            threading.Timer(0.4, lambda: service.clock.advance(600)).start()

    shop.on_event = listen
    assert shop.run(shop.job()).state is State.READY
    service.release.set()
    assert service.paid == 1


# The account's means


def test_no_credits_left(tmp_path: Path) -> None:
    with FaultyService(tmp_path / "service", credits=1) as service:
        shop = Shop(tmp_path / "home", service)
        job = shop.job(service={"mirror": "1"})  # one credit for the order, one for the mirror
        outcome = shop.run(job)
        assert outcome.state is State.FAILED
        assert outcome.error is not None
        assert outcome.error.code == "limit"
        assert outcome.error.hint
        assert service.creates == []
        service.premium.credits = 1000
        assert shop.until_over(job).state is State.READY
        assert service.paid == 1


def test_a_cost_that_nobody_allowed_is_asked_for(shop: Shop, service: FaultyService) -> None:
    job = shop.job(max_credits=0)
    outcome = shop.run(job)
    assert outcome.state is State.NEEDS_DECISION
    assert service.creates == []
    question = shop.events[-1]
    disk.write_json(job.answer_file, {"id": question["id"], "choice": "agree"})
    assert shop.run(job).state is State.READY
    assert service.paid == 1


def test_the_separations_of_the_day_are_used_up(tmp_path: Path) -> None:
    free = Plan("registered", 1, 100 << 20, 600.0, 1)
    with FaultyService(tmp_path / "service", free_plan=free) as service:
        shop = Shop(tmp_path / "home", service, service.free)
        assert shop.run(shop.job()).state is State.READY
        job = shop.job(again=True, overwrite=True)
        outcome = shop.run(job)
        assert outcome.state is State.FAILED
        assert outcome.error is not None
        assert outcome.error.code == "limit"
        assert outcome.error.hint
        assert len(service.creates) == service.paid == 1
        service.clock.advance(25 * 3600)
        assert shop.until_over(job).state is State.READY
        assert len(service.creates) == service.paid == 2


def test_a_free_account_waits_for_a_place_that_another_program_has(tmp_path: Path) -> None:
    with FaultyService(tmp_path / "service", pace=Pace(service_seconds=600.0)) as service:
        shop = Shop(tmp_path / "home", service, service.free)
        create(service, shop.source, str(service.free.key), output_format=2)
        assert service.paid == 1
        assert shop.run(shop.job()).state is State.READY
        assert service.paid == 2
        told = [event["reason"] for event in shop.told("waiting")]
        assert any("unprocessed file" in reason for reason in told), told


def test_the_file_is_not_sent_again_while_the_account_says_no(tmp_path: Path) -> None:
    with FaultyService(tmp_path / "service") as service:
        shop = Shop(tmp_path / "home", service, service.free)
        text = "You have reached the limit of separations for today. Please come back tomorrow."
        service.fault("400_errors", text=text)
        seen: list[float] = []

        def listen(event: Mapping[str, Any]) -> None:
            if event["type"] == "waiting":
                if not seen:  # the account says it too, from now on and for a day
                    service.free.created.extend([service.clock()] * 50)
                seen.append(service.clock())

        shop.on_event = listen
        assert shop.run(shop.job()).state is State.READY
        assert seen[-1] - seen[0] < 90_000
        assert len(service.creates) == 2
        assert service.clock() - seen[0] > 86_000


def test_the_services_wish_to_wait_is_kept_to(shop: Shop, service: FaultyService) -> None:
    service.fault("429", on="create", retry_after=100)
    told: list[float] = []

    def listen(event: Mapping[str, Any]) -> None:
        if event["type"] == "waiting" or event.get("state") == "submitting":
            told.append(event["ts"])

    shop.on_event = listen
    assert shop.run(shop.job()).state is State.READY
    assert [entry.status for entry in service.creates] == [429, 200]
    assert 100 <= told[2] - told[1] < 130
