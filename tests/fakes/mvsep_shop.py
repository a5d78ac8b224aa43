"""Jobs of the engine `mvsep` in this process: the real runner, the real server, a clock that never waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile as sf

from stembridge.engines.base import Engine
from stembridge.engines.mvsep.engine import MvsepEngine
from stembridge.jobs import disk, runner
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.shift import Outcome, work
from stembridge.jobs.store import Job, Store
from stembridge.model.states import State
from stembridge.mvsep.redact import Secret
from stembridge.sandbox.accounts import Account
from tests.fakes.bench import music, samples
from tests.fakes.faulty_service import FaultyService

TICK = 0.02


class ShopClock:
    """The service's time, seen by a worker: it moves by sleeping, and a little with every look at it.

    ``jump`` is how far the worker's wall clock is from the truth. ``on_sleep`` may let things happen.
    Before a service on the real clock, it is the real one.
    """

    def __init__(self, service: FaultyService) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._real = service.clock is time.time
        self.jump = 0.0
        self.slept: list[float] = []
        self.on_sleep: Callable[[float], None] = lambda _seconds: None

    def monotonic(self) -> float:
        if self._real:
            return time.monotonic()
        with self._lock:
            self._service.clock.advance(TICK)
            return float(self._service.clock())

    def time(self) -> float:
        return float(self._service.clock()) + self.jump

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            if not self._real:
                self._service.clock.advance(seconds)
        if self._real:
            time.sleep(seconds)
        self.on_sleep(seconds)


@dataclass
class Shop:
    """A data folder, a source, and the engine before a service with faults."""

    home: Path
    service: FaultyService
    account: Account | None = None
    frames: int = 20_000
    events: list[dict[str, Any]] = field(default_factory=list)
    on_event: Callable[[Mapping[str, Any]], None] = lambda _event: None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.clock = ShopClock(self.service)
        self.store = Store(self.home, self.clock)
        self.key = str((self.account or self.service.premium).key)
        self.url = self.service.url
        self.source = self.home / "song.wav"
        if not self.source.exists():
            sf.write(self.source, music(self.frames), 44_100, subtype="FLOAT")

    @property
    def out(self) -> Path:
        """Where the stems are delivered."""
        return self.home / "out"

    def job(self, **wishes: Any) -> Job:
        """Make a job of the whole source."""
        wishes = {"model": "40", "max_credits": 100, "deliver_to": str(self.out), **wishes}
        return self.store.create(SeparateRequest(source=Source(str(self.source)), engine="mvsep", **wishes))

    def run(self, job: Job) -> Outcome:
        """Work on it as a new worker would."""
        secret = Secret(self.key)
        engine = MvsepEngine(
            self.home,
            base_url=self.url,
            key=lambda: secret,
            clock=self.clock.monotonic,
            wall=self.clock.time,
            sleep=self.clock.sleep,
        )
        engines: Mapping[str, Engine] = {"mvsep": engine}

        def listen(event: Mapping[str, Any]) -> None:
            self.events.append(dict(event))
            self.on_event(event)

        try:
            return work(
                job,
                lambda log: runner.carry_on(
                    job, log, home=self.home, engines=engines, default_engine="mvsep", clock=self.clock
                ),
                clock=self.clock,
                listener=listen,
            )
        finally:
            engine.close()

    def until_over(self, job: Job, tries: int = 4) -> Outcome:
        """Be the user: take back a cancel, start it again, and let it be sent again where it asks."""
        for _ in range(tries):
            disk.remove(job.cancel_file)
            outcome = self.run(job)
            if outcome.state is State.READY:
                break
            if outcome.state is State.NEEDS_DECISION:
                disk.write_json(job.answer_file, {"id": self.events[-1]["id"], "choice": "submit"})
        return outcome

    def states(self) -> list[str]:
        """Give the states that were told, in order."""
        return [event["state"] for event in self.events if event["type"] == "state"]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Give the events of a type."""
        return [event for event in self.events if event["type"] == kind]

    def stems(self) -> dict[str, bytes]:
        """Give the samples of what was delivered."""
        return samples(self.out)
