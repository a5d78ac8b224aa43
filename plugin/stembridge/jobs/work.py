"""What a step of the runner has at hand."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from stembridge.engines.base import Engine
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.reuse import Index
from stembridge.jobs.watch import Watch
from stembridge.model.states import TABLE, State


@dataclass
class Work(Watch):
    """One separation under way.

    Attributes
    ----------
    engine
        The engine that the request asks for.
    held
        What is given back at the latest when the worker ends: a slot at the service.
    seconds
        How long each phase took, for the report.
    ordered
        When this worker got hold of its order at the service (monotonic seconds).
    """

    request: SeparateRequest
    engine: Engine
    home: Path
    held: ExitStack = field(default_factory=ExitStack)
    seconds: dict[str, float] = field(default_factory=dict)
    ordered: float | None = None
    state: State = State.CREATED

    @property
    def index(self) -> Index:
        """The answers that are there already."""
        return Index(self.home)

    def enter(self, state: State) -> None:
        """Write that the job enters a state; the fact that belongs to it is on disk already."""
        allowed = TABLE[self.state].then | {self.state, TABLE[self.state].resume}
        if state not in allowed:
            raise AssertionError(f"{self.state.value} may not become {state.value}")
        self.state = state
        self.log.emit("state", state=state.value)
