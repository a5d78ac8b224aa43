"""Many hands: two workers on one job, many jobs on one account, and a cancel at any moment."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs.shift import Outcome
from stembridge.jobs.store import Job
from stembridge.model.errors import StoreError
from stembridge.model.states import State
from stembridge.sandbox.accounts import Account
from stembridge.sandbox.jobs import Pace
from tests.e2e.command import Command, ended
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep_shop import Shop


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


@pytest.fixture
def shop(service: FaultyService, tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home", service)


# Two workers


@pytest.mark.usefixtures("plain_picture")
def test_a_second_worker_is_sent_away_at_every_state(shop: Shop, service: FaultyService) -> None:
    refused: list[str] = []
    job = shop.job()

    def second() -> None:
        with pytest.raises(StoreError) as caught:
            Shop(shop.home, service).run(job)
        refused.append(caught.value.code)

    def listen(event: Mapping[str, Any]) -> None:
        if event["type"] == "state":
            other = threading.Thread(target=second)
            other.start()
            other.join()

    shop.on_event = listen
    assert shop.run(job).state is State.READY
    assert len(refused) >= 7
    assert set(refused) == {"job_locked"}
    assert service.paid == len(service.creates) == 1


# Cancel


def cancel_at(shop: Shop, job: Job, state: str) -> list[dict[str, Any]]:
    """Wish for an end as soon as a state is entered; give the events that came afterwards.

    In SUBMITTING it is wished for once bytes are under way: before that, nothing was ordered.
    """

    def listen(event: Mapping[str, Any]) -> None:
        moving = event["type"] == "progress" and event["phase"] == "upload"
        if moving if state == "submitting" else event.get("state") == state:
            job.cancel_file.touch()

    shop.on_event = listen
    shop.run(job)
    shop.on_event = lambda _event: None
    entered = next(n for n, event in enumerate(shop.events) if event.get("state") == state)
    return shop.events[entered:]


CANCELS = {
    # state: (what is said, orders that were taken, orders that are left)
    "created": ("Cancelled", 0, 0),
    "rendering": ("Cancelled", 0, 0),
    "rendered": ("Cancelled", 0, 0),
    "submitting": ("the service was told", 1, 0),
    "submission_unknown": ("the service was told", 1, 0),
    "queued": ("the service was told", 1, 0),
    "processing": ("the service was told", 1, 0),
    "downloading": ("the service", 1, 0),
    "aligning": ("Cancelled", 1, 1),
}


@pytest.mark.usefixtures("plain_picture")
@pytest.mark.parametrize("state", CANCELS)
def test_cancel_in_every_state(shop: Shop, service: FaultyService, state: str) -> None:
    says, taken, left = CANCELS[state]
    if state == "submitting":
        service.fault("slow_upload", pause=0.3, block=1 << 16)
    if state == "submission_unknown":
        service.fault("answer_lost")
    if state in {"queued", "processing"}:
        service.sandbox.service.timeline.pace = Pace(queue_seconds=60.0, service_seconds=120.0)
    if state == "downloading":
        service.fault("slow_drip", times=2, block=500, pause=0.05)
    before = service.premium.credits
    job = shop.job()
    events = cancel_at(shop, job, state)
    assert events[-1]["type"] == "cancelled"
    assert says in events[-1]["message"]
    assert job.state() is State.CANCELLED
    assert service.paid <= taken
    assert sum(not one.removed for one in service.jobs) <= left
    if state == "queued":
        assert service.premium.credits == before
    if state != "submitting":
        assert service.paid == taken
    # What was paid for and is still there comes back with a resume, and isn't ordered again.
    kept = [one for one in service.jobs if not one.removed]
    if taken == left:
        assert shop.until_over(job).state is State.READY
        assert service.paid == 1
        assert len(kept) == left
    assert len(service.creates) <= 1


@pytest.mark.usefixtures("plain_picture")
def test_cancel_of_a_question(shop: Shop, service: FaultyService) -> None:
    service.fault("reset_after_upload")
    job = shop.job()
    assert shop.run(job).state is State.NEEDS_DECISION
    job.cancel_file.touch()
    assert shop.run(job).state is State.CANCELLED
    assert "may have been charged" in shop.events[-1]["message"]
    assert len(service.creates) == 1
    assert service.paid == 0


@pytest.mark.usefixtures("plain_picture")
def test_cancel_while_the_service_cannot_be_told(shop: Shop, service: FaultyService) -> None:
    service.sandbox.service.timeline.pace = Pace(service_seconds=3600.0)
    service.fault("503_html", on="cancel", times=99)
    job = shop.job()
    events = cancel_at(shop, job, "queued")
    assert events[-1]["type"] == "cancelled"
    assert "could not be reached" in events[-1]["message"]
    assert len(service.seen("cancel")) == 3
    # It goes on at the service; a resume takes it up.
    service.clear()
    assert shop.until_over(job).state is State.READY
    assert service.paid == len(service.creates) == 1


@pytest.mark.usefixtures("plain_picture")
@pytest.mark.parametrize("ended", ["ready", "failed"])
def test_a_cancel_after_the_end_changes_nothing(shop: Shop, service: FaultyService, ended: str) -> None:
    if ended == "failed":
        service.fault("failed", times=99, reason="GPU on fire")
    job = shop.job()
    assert shop.run(job).state is State(ended)
    job.cancel_file.touch()
    assert job.state() is State(ended)
    if ended == "ready":
        assert shop.run(job).state is State.READY
        assert len(shop.stems()) == 2
    assert service.seen("cancel") == []


# Many jobs


def most_at_once(service: FaultyService, account: Account, stop: threading.Event) -> list[int]:
    """Count an account's unprocessed orders at the service, again and again."""
    counts: list[int] = []

    def look() -> None:
        while not stop.wait(0.002):
            with service.sandbox.service.lock:
                counts.append(service.sandbox.service.timeline.unprocessed(account))

    threading.Thread(target=look, daemon=True).start()
    return counts


@pytest.mark.usefixtures("plain_picture")
@pytest.mark.parametrize(("plan", "jobs", "places"), [("premium", 12, 10), ("free", 4, 1)])
def test_as_many_jobs_at_once_as_the_plan_has_places(
    tmp_path: Path, plan: str, jobs: int, places: int
) -> None:
    pace = Pace(service_seconds=1.0 if places > 1 else 0.2, slots=12)
    with FaultyService(tmp_path / "service", clock=time.time, pace=pace) as service:
        account = service.premium if places > 1 else service.free
        stop = threading.Event()
        counts = most_at_once(service, account, stop)
        # The plan is known from an earlier look at the account.
        home = tmp_path / "home"
        assert RealShop(home, service, account).run_one(0).state is State.READY
        with ThreadPoolExecutor(jobs) as pool:
            ends = list(pool.map(RealShop(home, service, account).run_one, range(1, jobs + 1)))
        stop.set()
        assert [end for end in ends if end.state is not State.READY] == []
        assert service.paid == len(service.creates) == jobs + 1
        assert {entry.status for entry in service.creates} == {200}
        assert max(counts) <= places
        assert max(counts) >= min(places, 5)


class RealShop:
    """Jobs on the real clock, each with a source of its own."""

    def __init__(self, home: Path, service: FaultyService, account: Account) -> None:
        self.home, self.service, self.account = home, service, account

    def run_one(self, number: int) -> Outcome:
        shop = Shop(self.home, self.service, self.account)
        job = shop.job(again=True, deliver_to=str(self.home / f"out{number}"))
        return shop.run(job)


def commands(
    service: FaultyService, account: Account, home: Path, tmp_path: Path, count: int
) -> tuple[list[Job], list[subprocess.Popen[str]]]:
    """Start so many workers, each in a process of its own with a job of its own."""
    shop = Shop(home, service, account)
    jobs = [shop.job(again=True, deliver_to=str(tmp_path / f"out{n}")) for n in range(count)]
    environ = {"STEMBRIDGE_MVSEP_URL": service.url, "STEMBRIDGE_API_TOKEN": str(account.key)}
    command = Command(home, tmp_path, environ)
    return jobs, [command.start("--quiet", "run", "--foreground", job.folder) for job in jobs]


@pytest.mark.parametrize(("plan", "places"), [("premium", 10), ("free", 1)])
def test_processes_share_the_places_of_an_account(tmp_path: Path, home: Path, plan: str, places: int) -> None:
    pace = Pace(service_seconds=0.5)
    with FaultyService(tmp_path / "service", clock=time.time, pace=pace) as service:
        account = service.premium if places > 1 else service.free
        stop = threading.Event()
        counts = most_at_once(service, account, stop)
        jobs, processes = commands(service, account, home, tmp_path, 3)
        for process in processes:
            with process:
                told = ended(process)
                assert told.code == 0, told
        stop.set()
        assert {job.state() for job in jobs} == {State.READY}
        assert service.paid == len(service.creates) == 3
        assert {entry.status for entry in service.creates} == {200}
        assert max(counts) <= places


def test_two_processes_on_one_job(tmp_path: Path, home: Path) -> None:
    with FaultyService(tmp_path / "service", clock=time.time) as service:
        shop = Shop(home, service)
        job = shop.job()
        environ = {"STEMBRIDGE_MVSEP_URL": service.url, "STEMBRIDGE_API_TOKEN": shop.key}
        command = Command(home, tmp_path, environ)
        both = [command.start("run", "--foreground", job.folder) for _ in range(2)]
        told = []
        for process in both:
            with process:
                told.append(ended(process))
        codes = sorted(one.code for one in told)
        assert codes in ([0, 15], [0, 0]), told
        if codes == [0, 15]:
            assert any("Another worker" in one.err for one in told)
        assert job.state() is State.READY
        assert service.paid == len(service.creates) == 1
