"""Families: a job that is made of jobs, such as a chain of models, or a long region in parts.

To a host and to `stembridge jobs` the parent is a job like any other. Its steps are jobs of their own in
the same store (`Job.parent` names their parent), so that resume, reuse and cancel hold for each of them.
Their ids follow from the parent's id and the step's place: made again after a kill, they are the same.

How a kind of family works (see `chaining` for one)::

    one = family.work(task, engine)                  # what a step of the runner has at hand, for the parent
    opened = family.opened(one, task, check)         # the parent's own region; None: answered from earlier
    jobs = family.run(one, task, steps, noun="This chain")   # every step's finished job, by its path
    one.enter(State.ALIGNING)                        # then put their stems together, and write result.json

What `run` promises
-------------------
* Before any step begins, all are priced. The user agrees to the sum, once (`max_credits`, a consent
  given in advance, or a question with the choices agree and decline); each step then orders at that price
  without asking again. A price that isn't known is asked for by the step itself. What earlier jobs are
  known to answer isn't counted.
* Steps go side by side, as far as they don't need each other and the account has places. What this
  machine separates goes one at a time.
* A cancel of the parent reaches every step, and the service. A step's question becomes the parent's; the
  answer is handed down. When a step fails, those under way end and are kept, no other begins, and the
  parent fails with that step's sentence. The next worker goes on with what is open.
* `family.json` {steps: [{path, title, job, quote}]} is on disk before the first step is made: the agreement
  and the plan outlive a kill.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stembridge.audio.render import RegionFile
from stembridge.bridge import batch, household
from stembridge.bridge.kinds import Task
from stembridge.bridge.session import drive
from stembridge.engines.base import Engine, Quote, is_remote
from stembridge.jobs import disk, runner
from stembridge.jobs.events import Event
from stembridge.jobs.plan import Plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.shift import Outcome
from stembridge.jobs.store import Job, Store
from stembridge.jobs.work import Work
from stembridge.model.errors import Cancelled, DecisionNeededError, StembridgeError
from stembridge.model.states import TABLE, State

_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """One separation of a family.

    Attributes
    ----------
    path
        Its name within the family, each only once.
    title
        What it is called in front of people: its words begin with that.
    engine
        Who does it.
    plan
        For the price: the region (its length counts, it needn't be there yet) and the recipe. With a
        ``source_key``, what earlier jobs answer is known and not counted.
    request
        What the step's job is asked for; `run` adds whose step it is.
    after
        Paths of the steps whose results it needs.
    prepare
        Puts what the job needs into its folder (``input.wav``), before the request appears there; gets the
        new job and the finished jobs of the family by path. After a kill it may run again.
    memory
        Text that names the samples this step is about to give, where that is known before there are any:
        a step that had them before isn't counted in the price. Empty where it isn't known.
    """

    path: str
    title: str
    engine: Engine
    plan: Plan
    request: SeparateRequest
    after: tuple[str, ...] = ()
    prepare: Callable[[Job, Mapping[str, Job]], None] = lambda _job, _done: None
    memory: str = ""


def work(task: Task, engine: Engine) -> Work:
    """Give what a step of the runner has at hand, for a parent; ``engine`` is its first step's."""
    request = task.request
    if not isinstance(request, SeparateRequest):
        raise TypeError(request)
    tools = task.tools
    return Work(
        job=task.job,
        request=request,
        engine=engine,
        home=tools.home,
        clock=tools.clock,
        log=task.log,
        interrupted=task.interrupted,
    )


def opened(one: Work, task: Task, check: Callable[[], Plan]) -> tuple[Plan, RegionFile] | None:
    """Render the parent's region, or take up what an earlier worker rendered.

    Parameters
    ----------
    check
        Checks the order; called only where no earlier worker did.

    Returns
    -------
    Plan and RegionFile
        None where the job was answered from an earlier one: it is ready.

    Raises
    ------
    Cancelled
        After every step was told.
    """
    if one.cancelled():
        call_off(task)
    planned = runner.opened(one, check)
    if planned is None:
        return None
    region = runner.read_plan(one.job)[1]
    if region is None:
        raise disk.corrupt(one.job.region_json, "a family needs a region")
    return planned, region


def run(one: Work, task: Task, steps: Sequence[Step], *, noun: str) -> dict[str, Job]:
    """Have every step done; give their finished jobs by path.

    Parameters
    ----------
    noun
        What the question of cost begins with: "This chain".

    Raises
    ------
    DecisionNeededError
        When the user has to agree to the cost, or a step asks something.
    StembridgeError
        What kept a step from being finished, named in the sentence; the others are kept.
    Cancelled
        When the user wished it; the service was told.
    """
    one.stop_if_cancelled()
    children = household.read(one.job)
    if children is None:
        agreed = household.agree(one, bill(one, steps), steps_of=len(steps), noun=noun)
        children = household.write(one.job, [(s.path, s.title) for s in steps], agreed)
    household.hand_down(one.job, children, one.clock)
    one.enter(State.PROCESSING)
    return _Crew(one, task, steps, children).work()


def call_off(task: Task) -> None:
    """Cancel every step that isn't over, at the service too; always ends with `Cancelled`."""
    told: list[str] = []

    class Off(_Silent):
        def event(self, job: Job, event: Event) -> None:
            if event["type"] == "cancelled":
                told.append(str(event.get("message", "")))

        def interrupted(self) -> bool:
            return True

    for child in task.job.children():
        try:
            if child.request_file.exists() and not TABLE[child.state()].over:
                drive(child, task.tools, Off())
        except StembridgeError:
            with disk.mapped(child.cancel_file):  # another worker has it, and will see this
                child.cancel_file.touch()
    raise Cancelled(_told(told))


def _told(messages: Sequence[str]) -> str:
    """Say once what the steps said when they were cancelled."""
    said = [text for text in dict.fromkeys(messages) if text and text != "Cancelled."]
    return " ".join(said) or "Cancelled."


def bill(one: Work, steps: Sequence[Step]) -> batch.Bill:
    """Price what has to be ordered; `LimitError` where the service would refuse a step."""
    quotes: dict[int, Quote] = {}
    for place, step in enumerate(steps):
        asked = replace(step.request, again=one.request.again)
        quote = batch.price(batch.Entry(asked, step.plan, step.engine, memory=step.memory), one.index)
        if quote is None:
            continue
        if quote.limits:
            raise household.refused(step.title, quote)
        quotes[place] = quote
    return batch.Bill(quotes)


class _Silent:
    """A session without a person: hears nothing, answers nothing."""

    def event(self, job: Job, event: Event) -> None:
        """Hear an event."""

    def decide(self, job: Job, question: DecisionNeededError) -> str | None:
        """Leave every question to the parent."""
        return None

    def interrupted(self) -> bool:
        """Say whether the parent is to stop."""
        return False


class _Relay(_Silent):
    """A step's session: its words go into the parent's log, with its title in front."""

    def __init__(self, crew: _Crew, step: Step) -> None:
        self._crew, self._step = crew, step

    def event(self, job: Job, event: Event) -> None:
        self._crew.hear(self._step, event)

    def interrupted(self) -> bool:
        return self._crew.one.cancelled()


class _Crew:
    """The steps under way, each in a thread, as far as they may."""

    def __init__(
        self, one: Work, task: Task, steps: Sequence[Step], children: Sequence[household.Child]
    ) -> None:
        self.one = one
        self._task = task
        self._store = Store(one.home, one.clock)
        self._open = {step.path: step for step in steps}
        self._order = list(self._open)
        self._children = {child.path: child for child in children}
        self._running: dict[str, Step] = {}
        self._done: dict[str, Job] = {}
        self._ended: dict[str, Outcome] = {}
        self._faults: list[BaseException] = []
        self._told: list[str] = []
        self._turn = threading.Condition()

    def work(self) -> dict[str, Job]:
        """Work until nothing more can be done."""
        self._count()
        while True:
            with self._turn:
                for step in self._ready():
                    self._start(step)
                if not self._running:
                    break
                self._turn.wait(_LOOK)
            self.one.log.heartbeat()
        if self._faults:
            raise self._faults[0]
        if self.one.cancelled():
            if any(not TABLE[child.state()].over for child in self._task.job.children()):
                call_off(self._task)
            raise Cancelled(_told(self._told))
        self._raise_what_ended()
        return self._done

    def _ready(self) -> list[Step]:
        """Give the steps that may begin now, in their order."""
        failed = any(outcome.state is State.FAILED for outcome in self._ended.values())
        if failed or self._faults or self.one.cancelled():
            return []
        found: list[Step] = []
        for step in self._open.values():
            others = [*self._running.values(), *found]
            if all(path in self._done for path in step.after) and _room(step, others):
                found.append(step)
        return found

    def _start(self, step: Step) -> None:
        del self._open[step.path]
        self._running[step.path] = step
        name = f"stembridge-job-{self._order.index(step.path)}"
        threading.Thread(target=self._one_step, args=(step,), name=name, daemon=True).start()

    def _one_step(self, step: Step) -> None:
        try:
            outcome = self._drive(step)
        except StembridgeError as error:
            outcome = Outcome(State.FAILED, error)
        except BaseException as fault:  # noqa: BLE001 - raised in the parent's thread
            with self._turn:
                self._faults.append(fault)
                self._gone(step)
            return
        with self._turn:
            if outcome.state is not State.READY:
                self._ended[step.path] = outcome
            self._gone(step)

    def _drive(self, step: Step) -> Outcome:
        child = self._children[step.path]
        with self._turn:
            done = dict(self._done)

        def prepare(job: Job) -> None:
            child.consent(job)
            step.prepare(job, done)

        request = household.step_request(step.request, self.one.job)
        job = self._store.create_child(self.one.job, child.number, request, prepare)
        outcome = drive(job, self._task.tools, _Relay(self, step))
        if outcome.state is State.READY:
            if step.memory:
                household.remember(self.one.index, step.memory, job)
            with self._turn:
                self._done[step.path] = job
        return outcome

    def _gone(self, step: Step) -> None:
        del self._running[step.path]
        if not self._faults:
            self._count()
        self._turn.notify_all()

    def _count(self) -> None:
        # Written each time: a step that is done soon after another line would else never be told.
        done, total = len(self._done), len(self._order)
        self.one.log.emit("progress", durable=False, phase="steps", done=done, total=total, unit="steps")

    def hear(self, step: Step, event: Event) -> None:
        """Pass on what a step tells; of several, only the one that began first tells how far it is."""
        log = self.one.log
        match event["type"]:
            case "progress":
                with self._turn:
                    first = next(iter(self._running), None)
                if step.path == first:
                    phase = f"{step.title}: {event['phase']}"
                    log.progress(phase, event["done"], event["total"], event["unit"])
            case "warning":
                said = event["message"]
                self.one.warn(event["code"], said if event["code"] in _SAID_ONCE else f"{step.title}: {said}")
            case "waiting":
                log.emit("waiting", reason=f"{step.title}: {event['reason']}", until=event["until"])
            case "cancelled":
                self._told.append(str(event.get("message", "")))
            case _:
                log.heartbeat()

    def _raise_what_ended(self) -> None:
        ended = [(self._children[path], self._ended[path]) for path in self._order if path in self._ended]
        for state in (State.FAILED, State.NEEDS_DECISION):
            for child, outcome in ended:
                if outcome.state is state and outcome.error is not None:
                    raise household.named(outcome.error, child, self.one.job)
        for child, _ in ended:
            raise Cancelled(f"The step '{child.title}' was cancelled.")


_SAID_ONCE = frozenset({"upload_notice"})


def _room(step: Step, running: Sequence[Step]) -> bool:
    """Say whether a step may begin beside others: one at a time here, as many as there are places there."""
    if not is_remote(step.engine):
        return all(is_remote(other.engine) for other in running)
    busy = sum(is_remote(other.engine) for other in running)
    return busy < step.engine.slots().count + batch.AHEAD


def take_in(source: Path, job: Job) -> None:
    """Make a file the input of a step whose request says ``input``."""
    disk.bring(source, job.input_file, overwrite=True)


def take_over(parent: Job, planned: Plan, job: Job) -> None:
    """Hand a step the parent's whole region, rendered already; ``planned`` is the step's own plan."""
    runner.hand_over(parent, job)
    document: dict[str, Any] = disk.read_json(parent.region_json)
    disk.write_json(job.region_json, {**document, "plan": planned.to_dict()})
