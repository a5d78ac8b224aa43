"""Comparing: separations of one region measured against each other, told and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import stembridge
from stembridge.bridge import crew
from stembridge.bridge.finished import Finished, check_files, origin, same_region, seconds_taken, source_name
from stembridge.bridge.session import Session, Tools, drive
from stembridge.engines.base import Engine, Quote, is_remote
from stembridge.jobs import costs, disk, plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job, Store
from stembridge.model.errors import Cancelled, StembridgeError, UsageError
from stembridge.model.states import State

DOCUMENT = "compare.json"
PICTURE = "compare.png"


def separate(
    requests: Sequence[SeparateRequest], tools: Tools, session: Session, begun: Callable[[Job, str], None]
) -> list[Job]:
    """Separate with several models, side by side where services do the work.

    All is checked before anything begins. What was separated before is answered from that.

    Parameters
    ----------
    begun
        Told every job and what it is called, before work on it begins.

    Returns
    -------
    list of Job
        All finished, in the order of the requests.

    Raises
    ------
    StembridgeError
        What kept one from being finished; the others are finished all the same, and answer the next try.
    Cancelled
        When the user wished it.
    """
    from stembridge.engines import registry

    engines = tools.engines(background=False)
    checked: list[tuple[Engine, plan.Plan]] = []
    for request in requests:
        engine = registry.choose(engines, tools.default_engine, request.engine, request.model)
        checked.append((engine, plan.check(request, engine)))
    identities = [planned.recipe.identity for _, planned in checked]
    if len(set(identities)) < len(identities):
        raise UsageError(
            "The same model with the same options stands there twice.",
            hint="Give each --with another model, or other options.",
        )
    store = Store(tools.home, tools.clock)
    lanes: dict[str, list[Callable[[], None]]] = {}
    jobs: list[Job] = []
    for request, (engine, planned) in zip(requests, checked, strict=True):
        job = store.create(request)
        jobs.append(job)
        begun(job, planned.recipe.title or planned.recipe.model)
        lane = job.id if is_remote(engine) else ""
        lanes.setdefault(lane, []).append(_Piece(job, tools, session))
    crew.together(list(lanes.values()), at_once=len(lanes))
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


def compare(
    found: Sequence[Finished],
    tools: Tools,
    folder: Path,
    *,
    overwrite: bool,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> dict[str, Any]:
    """Compare finished jobs of one region; write compare.json and compare.png.

    Every stem that at least two of them have is read twice, in blocks: memory doesn't grow with length.

    Parameters
    ----------
    folder
        Where to; made when it isn't there.
    progress
        Told frames done and frames in all.
    cancelled
        Asked at every block; nothing is written then.

    Returns
    -------
    dict
        What compare.json holds.

    Raises
    ------
    UsageError
        When they are not of the same region, or have no stem in common.
    StoreError
        When the files can't be written, or are there already without ``overwrite``.
    TransferError
        When a stem was changed since.
    Cancelled
        When ``cancelled`` said so.
    """
    from stembridge.audio.likeness import measure
    from stembridge.report import comparison, comparison_picture

    same_region(found)
    if len(found) > comparison.MOST:
        raise UsageError(
            f"That are {len(found)} jobs; {comparison.MOST} can be compared at a time.", hint="Name fewer."
        )
    check_files(folder, (DOCUMENT, PICTURE), overwrite=overwrite)
    engines = tools.engines(background=False)
    store = tools.home / "jobs"
    sides = [
        comparison.Side(
            one.job.id, one.report, one.stems(), seconds_taken(one, store), cost_of(one, engines, store)
        )
        for one in found
    ]
    stems = comparison.shared(sides)
    if not stems:
        have = "; ".join(f"{one.job.id} has {', '.join(one.stems())}" for one in found)
        raise UsageError("These jobs have no stem in common.", hint=f"There is: {have}.")
    takes = {stem: [one.take(stem) for one in found if stem in one.stems()] for stem in stems}
    shape = found[0].shape
    total = 2 * shape.frames * len(stems)
    done = 0

    def tick(frames: int) -> None:
        nonlocal done
        if cancelled():
            raise Cancelled
        done += frames
        progress(done, total)

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


def cost_of(one: Finished, engines: Mapping[str, Engine], store: Path) -> Quote | None:
    """Give what a separation cost when it was made; None where that isn't known."""
    engine = engines.get(str(one.report["engine"]))
    if engine is not None and not is_remote(engine):
        return Quote(0, costs.CREDITS)
    return costs.ordered(origin(one, store))
