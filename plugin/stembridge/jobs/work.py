"""What a step of the runner has at hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from stembridge.engines.base import Engine, Progress
from stembridge.jobs import disk
from stembridge.jobs.clock import Clock
from stembridge.jobs.events import EventLog
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.reuse import Index
from stembridge.jobs.store import Job
from stembridge.model.errors import Cancelled
from stembridge.model.states import TABLE, State

_LOOK_EVERY = 0.05


@dataclass
class Work:
    """One job under way.

    Attributes
    ----------
    engine
        The engine that the request asks for.
    interrupted
        Says True when the process itself was asked to stop (Ctrl-C).
    held
        What is given back at the latest when the worker ends: a slot at the service.
    seconds
        How long each phase took, for the report.
    ordered
        When this worker got hold of its order at the service (monotonic seconds).
    """

    job: Job
    request: SeparateRequest
    engine: Engine
    home: Path
    clock: Clock
    log: EventLog
    interrupted: Callable[[], bool]
    held: ExitStack = field(default_factory=ExitStack)
    seconds: dict[str, float] = field(default_factory=dict)
    ordered: float | None = None
    state: State = State.CREATED
    _looked: float = float("-inf")
    _wished: bool = False

    @property
    def index(self) -> Index:
        """The answers that are there already."""
        return Index(self.home)

    def cancelled(self) -> bool:
        """Say whether the user wants no more of it; the file is looked for 20 times a second at most."""
        now = self.clock.monotonic()
        if not self._wished and now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._wished = self.interrupted() or self.job.cancel_file.exists()
        return self._wished

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` when the user wants no more of it."""
        if self.cancelled():
            raise Cancelled

    def enter(self, state: State) -> None:
        """Write that the job enters a state; the fact that belongs to it is on disk already."""
        allowed = TABLE[self.state].then | {self.state, TABLE[self.state].resume}
        if state not in allowed:
            raise AssertionError(f"{self.state.value} may not become {state.value}")
        self.state = state
        self.log.emit("state", state=state.value)

    def report(self, progress: Progress) -> None:
        """Pass on an engine's progress."""
        self.log.progress(progress.phase, progress.done, progress.total, progress.unit)
        self.log.heartbeat()

    def frames(self, phase: str) -> Callable[[int, int], None]:
        """Give a callback that passes on progress counted in frames."""
        return lambda done, total: self.report(Progress(phase, done, total, "frames"))

    def wait(self, seconds: float) -> None:
        """Wait, ready to be cancelled, with a heartbeat."""
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0:
            self.stop_if_cancelled()
            self.log.heartbeat()
            self.clock.sleep(min(left, 0.25))

    def warn(self, code: str, message: str) -> None:
        """Tell something that doesn't stop the job."""
        self.log.emit("warning", code=code, message=message)

    def answer(self, question: str) -> str | None:
        """Give what the user answered to this very question; None while there is no answer."""
        try:
            answer = disk.read_json(self.job.answer_file)
        except FileNotFoundError:
            return None
        return str(answer.get("choice")) if answer.get("id") == question else None
