"""Comparing: separations of one region measured against each other, told and drawn.

A comparison is a job: listed, cancelled, resumed and removed as a separation is. Its result is no stems
but a document and a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import stembridge
from stembridge.bridge import batch, crew
from stembridge.bridge.batch import Bill, Entry
from stembridge.bridge.finished import (
    Finished,
    check_files,
    load_all,
    origin,
    same_region,
    seconds_taken,
    source_name,
)  # fmt: skip
from stembridge.bridge.kinds import Task
from stembridge.bridge.session import Session, Tools, drive
from stembridge.engines.base import Engine, Quote, is_remote
from stembridge.jobs import costs, disk, finishing
from stembridge.jobs.combining import CompareRequest
from stembridge.jobs.events import PROTOCOL
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job, Store
from stembridge.jobs.watch import Watch
from stembridge.model.errors import Cancelled, StembridgeError, UsageError
from stembridge.model.states import State

DOCUMENT = "compare.json"
PICTURE = "compare.png"
FILES = (DOCUMENT, PICTURE)
COMPARED_FIELDS: Mapping[str, str] = {
    "protocol": "version of the file protocol",
    "kind": '"compare"',
    "job": "the job's id",
    "jobs": "the ids of the jobs that were compared, in the order of their letters A, B, ...",
    "stems": "the ids of the stems that at least two of them have",
    "region": "as in the result of the first of them",
    "sentences": "the comparison in words",
    "document": "absolute path of compare.json",
    "picture": "absolute path of compare.png",
    "delivered_to": "the folder that got both, or null",
    "host_context": "as in the request",
}


def orders(requests: Sequence[SeparateRequest], tools: Tools) -> list[Entry]:
    """Check separations that are to be compared; all, before anything is made.

    Raises
    ------
    StembridgeError
        What stands against one of them; `UsageError` where two would be the same.
    """
    engines = tools.engines(background=False)
    found = [batch.entry(request, engines, tools) for request in requests]
    identities = {entry.plan.recipe.identity for entry in found}
    if len(identities) < len(found):
        raise UsageError(
            "The same model with the same options stands there twice.",
            hint="Give each --with another model, or other options.",
        )
    return found


def separate(
    entries: Sequence[Entry], bill: Bill, tools: Tools, session: Session, begun: Callable[[Job, str], None]
) -> list[Job]:
    """Separate with several models, side by side where services do the work.

    What was separated before is answered from that.

    Parameters
    ----------
    entries
        As `orders` gave them.
    bill
        Their prices, which the user agreed to: none is asked for again.
    begun
        Told every job and what it is called, before work on it begins.

    Returns
    -------
    list of Job
        All finished, in the order of the entries.

    Raises
    ------
    StembridgeError
        What kept one from being finished; the others are finished all the same, and answer the next try.
    Cancelled
        When the user wished it.
    """
    store = Store(tools.home, tools.clock)
    jobs: list[Job] = []
    for place, entry in enumerate(entries):
        job = store.create(entry.request)
        batch.keep_consent(job, bill, place)
        jobs.append(job)
        begun(job, entry.plan.recipe.title or entry.plan.recipe.model)
    pieces = [_Piece(job, tools, session) for job in jobs]
    lanes = [[pieces[place] for place in lane] for lane in batch.lanes(entries)]
    crew.together(lanes, at_once=batch.at_once(entries))
    return jobs


class _Piece:
    """The work on one job, as a lane of a crew has it."""

    def __init__(self, job: Job, tools: Tools, session: Session) -> None:
        self._job, self._tools, self._session = job, tools, session

    def __call__(self) -> None:
        if self._session.interrupted():
            raise Cancelled
        outcome = drive(self._job, self._tools, self._session)
        if outcome.state is State.READY:
            return
        if isinstance(outcome.error, StembridgeError):
            raise outcome.error
        raise Cancelled


def check(found: Sequence[Finished]) -> None:
    """Refuse jobs that can't be set side by side; nothing is made.

    Raises
    ------
    UsageError
        When they are too many, not of the same region, or have no stem in common.
    """
    from stembridge.report import comparison

    same_region(found)
    if len(found) > comparison.MOST:
        raise UsageError(
            f"That are {len(found)} jobs; {comparison.MOST} can be compared at a time.", hint="Name fewer."
        )
    held = [set(one.stems()) for one in found]
    if not any(stem in other for place, stems in enumerate(held) for stem in stems for other in held[:place]):
        have = "; ".join(f"{one.job.id} has {', '.join(one.stems())}" for one in found)
        raise UsageError("These jobs have no stem in common.", hint=f"There is: {have}.")


def carry_on(task: Task) -> None:
    """Compare the jobs that a job names; write compare.json, compare.png and result.json.

    A worker that takes the job up again starts anew: that costs seconds, and the same comes of it.

    Raises
    ------
    UsageError
        What `check` says.
    StoreError
        When the files can't be written, or are there already without ``overwrite``.
    TransferError
        When a stem was changed since.
    Cancelled
        When the user wished it.
    """
    request, job = task.request, task.job
    assert isinstance(request, CompareRequest)  # noqa: S101 - the row's own condition
    watch = Watch(job, task.tools.clock, task.log, task.interrupted)
    watch.stop_if_cancelled()
    finishing.take_back(job, request.deliver_to)
    found = load_all(task.tools, request.jobs)
    check(found)
    target = None if request.deliver_to is None else Path(request.deliver_to)
    if target is not None:
        check_files(target, FILES, overwrite=request.overwrite)
    task.log.emit("state", state=State.PROCESSING.value)
    engines = task.engines(True)  # noqa: FBT003 - as `Task.engines` takes it
    document = _compare(watch, found, [cost_of(one.job, engines) for one in found])
    watch.stop_if_cancelled()
    if target is not None:
        disk.make_folder(target)
        for name in FILES:
            disk.bring(job.stems_folder / name, target / name, overwrite=request.overwrite)
    place = target or job.stems_folder
    result = {
        "protocol": PROTOCOL,
        "kind": "compare",
        "job": job.id,
        "jobs": list(request.jobs),
        "stems": [stem["id"] for stem in document["stems"]],
        "region": dict(found[0].result["region"]),
        "sentences": document["sentences"],
        "document": str(place / DOCUMENT),
        "picture": str(place / PICTURE),
        "delivered_to": None if target is None else str(target),
        "host_context": request.host_context,
    }
    disk.write_json(job.result_file, result)


def _compare(watch: Watch, found: Sequence[Finished], costs_: Sequence[Quote | None]) -> dict[str, Any]:
    """Measure and draw. Every stem that at least two jobs have is read twice, in blocks."""
    from stembridge.audio.likeness import measure
    from stembridge.report import comparison, comparison_picture

    folder = watch.job.stems_folder
    sides = [
        comparison.Side(one.job.id, one.report, one.stems(), seconds_taken(one), cost)
        for one, cost in zip(found, costs_, strict=True)
    ]
    stems = comparison.shared(sides)
    takes = {stem: [one.take(stem) for one in found if stem in one.stems()] for stem in stems}
    shape = found[0].shape
    tell = watch.frames("compare")
    total = 2 * shape.frames * len(stems)
    done = 0

    def tick(frames: int) -> None:
        nonlocal done
        watch.stop_if_cancelled()
        done += frames
        tell(done, total)

    measured = {stem: measure(takes[stem], shape, tick) for stem in stems}
    document = comparison.build(sides, measured, name=source_name(found[0]), version=stembridge.__version__)
    disk.make_folder(folder)
    part = folder / (PICTURE + disk.PART)
    try:
        with disk.mapped(folder / PICTURE):
            comparison_picture.draw(document, takes, shape, part, tick)
            part.replace(folder / PICTURE)
    finally:
        disk.remove(part)
    disk.write_json(folder / DOCUMENT, document)
    return document


def cost_of(job: Job, engines: Mapping[str, Engine]) -> Quote | None:
    """Give what a finished job cost when its work was done; None where that isn't known.

    Of a job that was answered from an earlier one, that is what the earlier one cost; of one that is made
    of jobs, it is their sum.
    """
    job = origin(job)
    result = job.result() or {}
    if result.get("kind") == "blend":
        return Quote(0, costs.CREDITS)
    if job.family_json.exists():
        return _sum([cost_of(child, engines) for child in job.children()])
    engine = engines.get(str(result.get("engine")))
    if engine is not None and not is_remote(engine):
        return Quote(0, costs.CREDITS)
    return costs.ordered(job)


def _sum(quotes: Sequence[Quote | None]) -> Quote | None:
    """Add prices; None where one of them isn't known, or there are credits and attempts among them."""
    amounts = [quote.amount for quote in quotes if quote is not None and quote.amount is not None]
    units = {quote.unit for quote in quotes if quote is not None and quote.amount}
    if not quotes or len(amounts) < len(quotes) or len(units) > 1:
        return None
    return Quote(sum(amounts), units.pop() if units else costs.CREDITS)
