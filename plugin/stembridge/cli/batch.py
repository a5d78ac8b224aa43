"""Several jobs in front of a user: agreed on once, worked on side by side, summed up at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from stembridge.bridge import batch, crew, session, summary
from stembridge.bridge.batch import Entry
from stembridge.bridge.summary import Ending
from stembridge.cli import conclude, exits
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs import runner
from stembridge.jobs.combining import BlendRequest, CompareRequest
from stembridge.jobs.request import QueryRequest, SeparateRequest
from stembridge.jobs.store import Job
from stembridge.model.errors import Cancelled, DecisionNeededError, StembridgeError
from stembridge.model.states import TABLE

if TYPE_CHECKING:
    from stembridge.engines.base import Engine


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user said of the cost in advance: ``--yes``, ``--max-total``."""

    agreed: bool = False
    max_total: int | None = None


@dataclass(slots=True)
class _Task:
    """A job to work on, and how it ended. ``entry`` is None where there is nothing to order."""

    entry: Entry | None
    job: Job
    ending: Ending
    code: int = exits.OK


def separate(
    titles: Sequence[str],
    requests: Sequence[Callable[[], SeparateRequest]],
    tools: Tools,
    terminal: TerminalSession,
    consent: Consent,
) -> int:
    """Check every order, agree on what all of them cost, make every job, then work on them.

    All are on disk before the first begins, so what a kill leaves open can be resumed. Of several, one
    that can't be leaves the others alone.
    """
    engines = tools.engines(background=False)
    several = len(titles) > 1
    endings = [Ending(title) for title in titles]
    codes = [exits.OK] * len(titles)
    entries: list[Entry] = []
    places: list[int] = []
    for place, make in enumerate(requests):
        try:
            asked = make()
            entries.append(batch.entry(asked, engines, tools))
            places.append(place)
        except StembridgeError as error:
            if not several:
                raise
            endings[place].error, codes[place] = error, exits.exit_code(error)
            _tell(error, titles[place], terminal)
    for why in dict.fromkeys(entry.plan.recipe.why for entry in entries if entry.plan.recipe.why):
        terminal.say(why)
    bill = None
    if several or consent.max_total is not None:
        entries = _offer_parts(entries, tools, terminal)
        bill = agree(entries, tools, terminal, consent)
    if terminal.interrupted():
        raise Cancelled
    tasks = []
    for number, (place, entry) in enumerate(zip(places, entries, strict=True)):
        job = tools.store.create(entry.request)
        endings[place].job = job
        if bill is not None:
            batch.keep_consent(job, bill, number)
        tasks.append(_Task(entry, job, endings[place]))
    if not several:
        return conclude.tell(tasks[0].job, session.drive(tasks[0].job, tools, terminal), terminal)
    _work_on(tasks, tools, terminal)
    for place, task in zip(places, tasks, strict=True):
        codes[place] = task.code
    return _sum_up(endings, codes, terminal)


def resume(jobs: Sequence[Job], tools: Tools, terminal: TerminalSession, consent: Consent) -> int:
    """Go on with several jobs, side by side, after agreeing on what is still to be ordered."""
    engines = tools.engines(background=False)
    tasks: list[_Task] = []
    endings = [Ending(job.id, job) for job in jobs]
    codes = [exits.OK] * len(jobs)
    for place, job in enumerate(jobs):
        try:
            entry = _entry(job, tools, engines)
        except StembridgeError as error:
            endings[place].error, codes[place] = error, exits.exit_code(error)
            _tell(error, job.id, terminal)
            continue
        if entry is not None:
            endings[place].title = f"{entry.plan.name} ({job.id})"
        tasks.append(_Task(entry, job, endings[place]))
    open_ = [task for task in tasks if task.entry is not None]
    bill = agree([task.entry for task in tasks if task.entry is not None], tools, terminal, consent)
    for number, task in enumerate(open_):
        batch.keep_consent(task.job, bill, number)
    _work_on(tasks, tools, terminal)
    done = iter(tasks)
    return _sum_up(endings, [code or next(done).code for code in codes], terminal)


def _entry(job: Job, tools: Tools, engines: Mapping[str, Engine]) -> Entry | None:
    """Find out what a job on disk is about; None for one that has nothing to order."""
    asked = job.request()
    if job.result_file.exists() or isinstance(asked, BlendRequest | CompareRequest):
        return None
    return batch.entry(runner.order(job), engines, tools, job)


def agree(entries: Sequence[Entry], tools: Tools, terminal: TerminalSession, consent: Consent) -> batch.Bill:
    """Tell what all of it costs, and have the user agree to it once; nothing is made or sent before."""
    bill = batch.bill(entries, tools.home)
    try:
        batch.check(entries, bill, agreed=consent.agreed, max_total=consent.max_total)
    except DecisionNeededError as question:
        if not terminal.may_ask:
            raise
        if terminal.ask(question) != "agree":
            raise Cancelled("You declined the cost; nothing was ordered.") from None
    else:
        if bill.words():
            terminal.say(bill.words())
    return bill


def _offer_parts(entries: list[Entry], tools: Tools, terminal: TerminalSession) -> list[Entry]:
    """Ask a person once whether what is too long is separated in parts; the price is agreed to afterwards."""
    bill = batch.bill(entries, tools.home) if terminal.may_ask else None
    if bill is None or not bill.too_long:
        return entries
    question = DecisionNeededError(
        bill.longer(),
        code="too_long",
        choices=[("parts", "Separate them in parts"), ("each", "Ask for each by itself")],
    )
    if terminal.ask(question) != "parts":
        return entries
    return [
        replace(entry, request=replace(entry.request, parts=True)) if place in bill.too_long else entry
        for place, entry in enumerate(entries)
    ]


def _work_on(tasks: Sequence[_Task], tools: Tools, terminal: TerminalSession) -> None:
    for task in tasks:
        terminal.name(task.job, task.ending.title)
        if task.entry is None:
            _work(task, tools, terminal)
    todo = [(task, task.entry) for task in tasks if task.entry is not None]
    entries = [entry for _, entry in todo]
    lanes = batch.lanes(entries)
    work = [[partial(_work, todo[place][0], tools, terminal) for place in lane] for lane in lanes]
    crew.together(work, at_once=batch.at_once(entries))


def _work(task: _Task, tools: Tools, terminal: TerminalSession) -> None:
    begun = not terminal.interrupted()
    try:
        outcome = session.drive(task.job, tools, terminal)
        task.ending.state, task.ending.error = outcome.state, outcome.error
        # What Ctrl-C kept from beginning is counted in the summary, and needs no words of its own.
        task.code = conclude.tell(task.job, outcome, terminal) if begun else exits.CANCELLED
    except StembridgeError as error:
        task.ending.error, task.code = error, exits.exit_code(error)
        _tell(error, task.ending.title, terminal)


def _sum_up(endings: Sequence[Ending], codes: Sequence[int], terminal: TerminalSession) -> int:
    total = summary.totals(endings)
    terminal.pause()
    if terminal.as_json:
        terminal.line({"type": "summary", **total})
    for sentence in summary.sentences(total) if endings else ["Nothing is open."]:
        terminal.say(sentence)
    if exits.CANCELLED in codes:
        return exits.CANCELLED
    return next((code for code in codes if code), exits.OK)


def _tell(error: StembridgeError, title: str, terminal: TerminalSession) -> None:
    if terminal.as_json:
        terminal.line({"input": title, "error": error.to_dict()})
    else:
        terminal.complain(error, about=title)


def open_jobs(tools: Tools) -> list[Job]:
    """Give the jobs that are neither finished nor in another worker's hands, oldest first.

    A job's steps are not among them: they go on with it.
    """
    found = []
    for job in tools.store.jobs():
        try:
            is_open = not TABLE[job.state()].over and not isinstance(job.request(), QueryRequest)
        except StembridgeError:
            continue  # damaged: `jobs list` shows it as failed
        if is_open and not job.busy() and not job.of_another():
            found.append(job)
    return found[::-1]
