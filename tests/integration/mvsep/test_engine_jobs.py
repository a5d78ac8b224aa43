"""The engine under the runner: the whole job, with tickets that change, answers that get lost, kills."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.engines.base import Poll, Ticket
from stembridge.engines.mvsep.engine import MvsepEngine
from stembridge.jobs import disk
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.store import Job
from stembridge.model.states import State
from stembridge.mvsep.redact import Secret
from stembridge.sandbox.jobs import Pace
from tests.fakes.bench import Workshop
from tests.fakes.faulty_service import FaultyService
from tests.fakes.file_server import FileServer
from tests.fakes.noise import noise_file

pytestmark = pytest.mark.usefixtures("plain_picture")


class Bench(Workshop):
    """A workshop whose service is the stand-in, on the same clock."""

    def __init__(self, home: Path, folder: Path, **options: Any) -> None:
        super().__init__(home)
        self.sandbox = FaultyService(folder, clock=self.clock.time, **options)
        self.engine = self.new_engine()

    def new_engine(self, key: str | None = None) -> MvsepEngine:
        """Give an engine as a new process would make it."""
        secret = Secret(key or str(self.sandbox.premium.key))
        engine = MvsepEngine(
            self.home,
            base_url=self.sandbox.url,
            key=lambda: secret,
            clock=self.clock.monotonic,
            wall=self.clock.time,
            sleep=self.clock.sleep,
        )
        self.engines = {"mvsep": engine}
        return engine

    def order(self, **wishes: Any) -> Job:
        wishes.setdefault("max_credits", 1000)
        return self.job("mvsep", **wishes)

    def told(self) -> list[str]:
        states = self.states()
        return [s for n, s in enumerate(states) if n == 0 or s != states[n - 1]]


@pytest.fixture
def bench(home: Path, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(home, tmp_path / "service")
    with bench.sandbox:
        yield bench
    bench.engine.close()


def test_a_job_goes_all_the_way(bench: Bench) -> None:
    job = bench.order(model="40")
    assert bench.run(job).state is State.READY
    assert bench.told()[-4:] == ["submitting", "queued", "downloading", "aligning"]
    result = disk.read_json(job.result_file)
    assert [stem["id"] for stem in result["stems"]] == ["vocals", "instrumental"]
    mix = sf.read(bench.source, dtype="float64", always_2d=True)[0]
    total = sum(sf.read(stem["file"], dtype="float64", always_2d=True)[0] for stem in result["stems"])
    assert np.abs(total - mix).max() < 2**-20
    assert bench.sandbox.paid == 1
    assert disk.read_json(job.remote_json)["upload_name"] == f"sb{job.id}.flac"


def test_the_same_again_asks_the_service_nothing(bench: Bench) -> None:
    bench.run(bench.order(model="40"))
    before = len(bench.sandbox.log)
    assert bench.run(bench.order(model="40")).state is State.READY
    assert len(bench.sandbox.log) == before


def test_a_lost_answer_is_found_in_the_history(bench: Bench) -> None:
    bench.sandbox.fault("answer_lost")
    assert bench.run(bench.order(model="40")).state is State.READY
    assert "submission_unknown" in bench.told()
    assert bench.sandbox.paid == 1


def test_the_ticket_that_a_link_gets_later_is_on_disk_before_the_next_poll(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web").mkdir()
    noise_file(tmp_path / "web" / "song.flac", frames=60_000)
    asked: list[tuple[str, str]] = []
    job: Job | None = None
    ask = MvsepEngine.poll

    def poll(engine: MvsepEngine, ticket: Ticket) -> Poll:
        assert job is not None
        asked.append((ticket.id, disk.read_json(job.remote_json)["ticket"]["id"]))
        return ask(engine, ticket)

    monkeypatch.setattr(MvsepEngine, "poll", poll)
    with FileServer(tmp_path / "web") as web:
        request = SeparateRequest(
            source=Source(url=f"{web.url}/song.flac"), engine="mvsep", model="40", max_credits=1000
        )
        job = bench.store.create(request)
        bench.run(job)
        if bench.events[-1]["type"] == "needs_decision":
            question = bench.events[-1]
            job.answer_file.write_text(json.dumps({"id": question["id"], "choice": "agree"}))
            bench.run(job)
    assert bench.events[-1]["type"] == "finished"
    assert [ticket for ticket, _ in asked] == [kept for _, kept in asked]
    assert asked[0][0].startswith("url:")
    assert asked[-1][0] == bench.sandbox.jobs[0].hash
    assert bench.sandbox.paid == 1
    assert {stem["id"] for stem in disk.read_json(job.result_file)["stems"]} == {"vocals", "instrumental"}


def test_a_stem_that_is_missing_for_a_while_is_waited_for(bench: Bench) -> None:
    bench.sandbox.fault("missing_stem", times=4)
    assert bench.run(bench.order(model="63")).state is State.READY
    assert bench.sandbox.armed == []


def test_a_stem_that_stays_missing_fails_in_words_and_can_be_resumed(bench: Bench) -> None:
    bench.sandbox.fault("missing_stem", times=10_000)
    job = bench.order(model="40")
    outcome = bench.run(job)
    assert outcome.state is State.FAILED
    assert "incomplete: vocals missing" in bench.events[-1]["message"]
    assert bench.sandbox.paid == 1
    assert disk.read_json(job.remote_json)["ticket"]["id"] == bench.sandbox.jobs[0].hash


def test_an_order_that_was_found_again_promises_what_it_did(bench: Bench) -> None:
    bench.sandbox.fault("answer_lost")
    bench.sandbox.fault("missing_stem", times=10_000, index=4)
    assert bench.run(bench.order(model="63")).state is State.FAILED
    assert "incomplete: piano missing" in bench.events[-1]["message"]
    assert bench.sandbox.paid == 1


def test_a_new_process_goes_on_from_every_poll(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    left = [2]
    ask = MvsepEngine.poll

    def poll(engine: MvsepEngine, ticket: Ticket) -> Poll:
        if left[0]:
            left[0] -= 1
            raise Killed
        return ask(engine, ticket)

    monkeypatch.setattr(MvsepEngine, "poll", poll)
    job = bench.order(model="40", service={"mirror": "1"})
    for _ in range(2):
        with pytest.raises(Killed):
            bench.run(job)
        bench.new_engine()
    assert bench.run(job).state is State.READY
    assert bench.sandbox.paid == 1
    mirrored = [entry for entry in bench.sandbox.seen("get") if entry.params.get("mirror")]
    assert len(mirrored) == 1


def test_a_cancel_in_the_queue_reaches_the_service(home: Path, tmp_path: Path) -> None:
    bench = Bench(home, tmp_path / "queue", pace=Pace(queue_seconds=600.0, crowd=2, slots=1))
    with bench.sandbox:
        job = bench.order(model="40")
        credits_before = bench.sandbox.premium.credits

        def wish() -> None:
            if bench.sandbox.paid and "queued" in bench.states():
                job.cancel_file.touch()

        bench.clock.on_sleep = wish
        assert bench.run(job).state is State.CANCELLED
        assert bench.sandbox.premium.credits == credits_before
        assert bench.sandbox.jobs[0].removed
        assert any(event.get("unit") == "place" for event in bench.events)
    bench.engine.close()


def test_a_cost_that_was_not_allowed_is_asked_for(bench: Bench) -> None:
    job = bench.order(model="40", max_credits=None)
    assert bench.run(job).state is State.NEEDS_DECISION
    assert "credit" in bench.events[-1]["message"]
    assert bench.sandbox.creates == []


def test_a_free_account_pays_no_credits_and_is_not_asked(bench: Bench) -> None:
    bench.new_engine(str(bench.sandbox.free.key))
    assert bench.run(bench.order(model="40", max_credits=None)).state is State.READY
    assert bench.sandbox.jobs[0].output_format == 2


def test_the_aligned_stems_are_the_services_bytes_in_32_bit_float(bench: Bench) -> None:
    job = bench.order(model="63", service={"format": "4"}, stems=("vocals", "bass"))
    assert bench.run(job).state is State.READY
    exponent = disk.read_json(job.remote_json)["gain_exponent"]
    theirs = {file.label: file.path for file in bench.sandbox.jobs[0].work.files}
    for stem in disk.read_json(job.result_file)["stems"]:
        sent = sf.read(theirs[stem["label"]], dtype="float32")[0] * np.float32(2.0**-exponent)
        assert sf.read(stem["file"], dtype="float32")[0].tobytes() == sent.tobytes()
