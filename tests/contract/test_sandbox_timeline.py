"""The clockwork of the stand-in: a jump over an hour ends where an hour in small steps ends."""

from __future__ import annotations

import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.sandbox.accounts import PREMIUM, REGISTERED, Account
from stembridge.sandbox.jobs import Job, Pace, Stage, Timeline
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file
from tests.fakes.web import call


def job(number: int, created: float, *, premium: bool) -> Job:
    return Job(
        number=number,
        hash=str(number),
        storage=str(number),
        owner=Account("A", "a@example.com", "password"),
        plan=PREMIUM if premium else REGISTERED,
        sep_type=40,
        name="Model",
        options={},
        output_format=0,
        demo=False,
        slug="song",
        suffix="wav",
        upload=None,
        upload_size=0,
        seconds=10.0,
        cost=1,
        long_names=False,
        created=created,
    )


orders = st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), min_size=1, max_size=12)


@settings(deadline=None, max_examples=150)
@given(orders=orders, slots=st.integers(1, 3), queue=st.integers(0, 9), service=st.integers(0, 9))
def test_one_jump_is_many_steps(
    orders: list[tuple[int, bool, bool]], slots: int, queue: int, service: int
) -> None:
    def run(step: float) -> list[tuple[Stage, float, float]]:
        pace = Pace(queue_seconds=queue, service_seconds=service, slots=slots)
        timeline = Timeline(pace, lambda job: job.work.finished.set(), exact=True)
        now = 0.0
        for number, (pause, premium, cancelled) in enumerate(orders):
            end = now + pause
            while now < end:
                now = min(end, now + step)
                timeline.advance(now)
            timeline.advance(now)
            timeline.jobs.append(job(number, now, premium=premium))
            timeline.advance(now)
            if cancelled and timeline.jobs[number // 2].unprocessed:
                timeline.remove(timeline.jobs[number // 2], now)
                timeline.advance(now)
            running = sum(j.stage is Stage.PROCESSING and not j.removed for j in timeline.jobs)
            assert running <= slots
        end = now + 1000
        while now < end:
            now = min(end, now + step)
            timeline.advance(now)
        assert all(j.removed or j.stage is Stage.DONE for j in timeline.jobs)
        return [(j.stage, j.started, j.ended) for j in timeline.jobs]

    assert run(1.0) == run(10_000.0)


def test_ten_orders_at_once_fill_the_slots_once(tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav", frames=500)
    with FaultyService(tmp_path / "service", pace=Pace(service_seconds=100)) as service:
        for key, count in ((service.free.key, 1), (service.premium.key, 10)):
            before = service.paid
            statuses: list[int] = []

            def order(key: str | None = key, statuses: list[int] = statuses) -> None:
                fields = {"api_token": key, "sep_type": 40}
                statuses.append(
                    call(f"{service.url}/api/separation/create", fields, {"audiofile": song}).status
                )

            threads = [threading.Thread(target=order) for _ in range(14)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(statuses) == [200] * count + [400] * (14 - count)
            assert service.paid - before == count
        assert service.premium.credits == 990
