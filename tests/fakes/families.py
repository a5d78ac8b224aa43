"""What a test needs to run jobs that are made of jobs, with engines that work in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stembridge.bridge import family, session
from stembridge.bridge.family import Step
from stembridge.bridge.kinds import Task
from stembridge.engines.base import Engine
from stembridge.jobs import disk, plan
from stembridge.jobs.events import EventLog
from stembridge.jobs.plan import Plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.shift import Outcome, work
from stembridge.jobs.store import Job
from stembridge.model.errors import DecisionNeededError
from stembridge.model.regions import Region
from stembridge.model.states import State
from tests.fakes.bench import Workshop


@dataclass
class Listener:
    """A session that writes down what it hears, and answers what it was told to."""

    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    questions: list[DecisionNeededError] = field(default_factory=list)
    stop: Callable[[], bool] = lambda: False

    def event(self, job: Job, event: Mapping[str, Any]) -> None:
        self.heard.append({"job": job.id, **event})

    def decide(self, job: Job, question: DecisionNeededError) -> str | None:
        self.questions.append(question)
        return self.answers.pop(0) if self.answers else None

    def interrupted(self) -> bool:
        return self.stop()


class Yard(Workshop):
    """A workshop that is its own composition root."""

    default_engine = "toy"

    @property
    def tools(self) -> _Tools:
        return _Tools(self)

    def drive(self, job: Job, listener: Listener | None = None) -> Outcome:
        """Work on a job as any worker does."""
        return session.drive(job, self.tools, listener or Listener())

    def parent(self, engine: str = "far", **wishes: Any) -> Job:
        return self.job(engine, **wishes)

    def family(self, job: Job, listener: Listener | None = None, **options: Any) -> Outcome:
        """Work on a parent of three steps: the second and third each need a stem of the first."""
        hears = listener or Listener()

        def body(log: EventLog) -> None:
            three_steps(
                Task(job, job.request(), log, self.tools, hears.interrupted, self._engines), **options
            )

        return work(job, body, clock=self.clock, listener=lambda event: hears.event(job, event))

    def _engines(self, _background: bool) -> Mapping[str, Engine]:
        return self.engines


@dataclass(frozen=True)
class _Tools:
    yard: Yard

    @property
    def home(self) -> Path:
        return self.yard.home

    @property
    def clock(self) -> Any:
        return self.yard.clock

    @property
    def default_engine(self) -> str:
        return self.yard.default_engine

    def engines(self, *, background: bool) -> Mapping[str, Engine]:
        del background
        return self.yard.engines

    def query(self, job: Job) -> None:
        raise AssertionError(job)


PATHS = ("", "vocals", "instrumental")


def three_steps(
    task: Task, *, engines: Sequence[str] = ("far", "far", "far"), done: Callable[..., None] | None = None
) -> None:
    """Separate the region, then both of its stems."""
    assert isinstance(task.request, SeparateRequest)
    found = task.engines(False)
    one = family.work(task, found[engines[0]])

    def check() -> Plan:
        whole = plan.check(one.request, one.engine, one.job)
        return replace(whole, recipe=replace(whole.recipe, identity="three steps"))

    opened = family.opened(one, task, check)
    if opened is None:
        return
    planned, region = opened
    planned = replace(planned, recipe=found[engines[0]].resolve(None, {}))
    steps = []
    for path, name in zip(PATHS, engines, strict=True):
        engine = found[name]
        recipe = engine.resolve(None, {"part": "half"} if path else {})
        span = Region("", 0, region.frames, region.rate, region.channels)
        steps.append(
            Step(
                path,
                path.title() or "Stems",
                engine,
                planned if not path else Plan(span, path, recipe, recipe.stems, "", {}),
                SeparateRequest(
                    source=None,
                    input=True,
                    name=path or "song",
                    engine=name,
                    model=recipe.model,
                    options=recipe.options,
                ),
                after=("",) if path else (),
                prepare=_prepare(one.job, planned, path),
                memory=f"memory-{path}-{planned.source_key}" if path else "",
            )
        )
    jobs = family.run(one, task, steps, noun="This family")
    one.enter(State.ALIGNING)
    if done is not None:
        done(jobs)
    disk.write_json(one.job.result_file, {"kind": "test", "jobs": [job.id for job in jobs.values()]})


def _prepare(parent: Job, planned: Plan, path: str) -> Callable[[Job, Mapping[str, Job]], None]:
    def prepare(job: Job, done: Mapping[str, Job]) -> None:
        if not path:
            family.take_over(parent, planned, job)
            disk.bring(job.folder / "region.wav", job.input_file, overwrite=True)
            return
        result = done[""].result() or {}
        row = next(row for row in result["stems"] if row["id"] == path)
        family.take_in(Path(row["file"]), job)

    return prepare
