"""Where a job's questions go: a terminal asks its user, a detached worker ends and waits for the host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stembridge.bridge import kinds
from stembridge.jobs import disk
from stembridge.jobs.clock import Clock
from stembridge.jobs.events import Event, EventLog
from stembridge.jobs.shift import Outcome, work
from stembridge.jobs.store import Job
from stembridge.model.errors import DecisionNeededError
from stembridge.model.states import State

if TYPE_CHECKING:
    from stembridge.engines.base import Engine


class Session(Protocol):
    """What a host must answer."""

    def event(self, job: Job, event: Event) -> None:
        """Hear every event of a job, after it is on disk."""
        ...

    def decide(self, job: Job, question: DecisionNeededError) -> str | None:
        """Give the id of a choice, or None to leave the question open."""
        ...

    def interrupted(self) -> bool:
        """Say whether the user asked this process to stop."""
        ...


class Tools(Protocol):
    """What the composition root hands to everything that runs jobs."""

    @property
    def home(self) -> Path:
        """The data folder."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def default_engine(self) -> str:
        """What separates when nothing was asked for."""
        ...

    def engines(self, *, background: bool) -> Mapping[str, Engine]:
        """All engines; in the background they leave a processor to the host."""
        ...

    def query(self, job: Job) -> None:
        """Answer a question: write its rows and its result."""
        ...


def drive(job: Job, tools: Tools, session: Session) -> Outcome:
    """Work on a job, putting its questions to the session, until it ends or a question stays open."""

    def listener(event: Event) -> None:
        session.event(job, event)

    kept: dict[bool, Mapping[str, Engine]] = {}

    def engines(background: bool) -> Mapping[str, Engine]:  # noqa: FBT001 - as `Task.engines` takes it
        if background not in kept:
            kept[background] = tools.engines(background=background)
        return kept[background]

    def body(log: EventLog) -> None:
        kinds.carry_on(kinds.Task(job, job.request(), log, tools, session.interrupted, engines))

    while True:
        outcome = work(job, body, clock=tools.clock, listener=listener)
        if outcome.state is not State.NEEDS_DECISION or not isinstance(outcome.error, DecisionNeededError):
            return outcome
        choice = session.decide(job, outcome.error)
        if choice is None:
            return outcome
        answer = {"id": outcome.error.context.get("id", outcome.error.code), "choice": choice}
        disk.write_json(job.answer_file, answer)
