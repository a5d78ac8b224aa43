"""The runner: carries a job on from whatever its folder says.

Where a job stands is read off the facts on disk, never off a memory of it: a result, an engine's
answer, a ticket, an intent, a rendered region, or only a request. So the same code starts a job and
takes it up again after a crash, and a crash between two facts costs only the work between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from stembridge.audio import render
from stembridge.audio.render import RegionFile
from stembridge.engines import registry
from stembridge.engines.base import Engine, LocalEngine, is_remote
from stembridge.jobs import claims, disk, finishing, lock, plan, remote
from stembridge.jobs.clock import Clock
from stembridge.jobs.events import EventLog
from stembridge.jobs.plan import Plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job
from stembridge.jobs.work import Work
from stembridge.model.errors import Cancelled, InputError, UsageError
from stembridge.model.states import State


def carry_on(
    job: Job,
    log: EventLog,
    *,
    home: Path,
    engines: Mapping[str, Engine],
    default_engine: str,
    clock: Clock,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Carry a separation on until its result is written; the body of a shift (see `shift.work`).

    Parameters
    ----------
    log
        The job's log, whose holder has the job's lock.
    home
        The data folder: slots and the index of answers are shared there by all processes.
    engines
        Every engine by name.
    interrupted
        Says True when this process was asked to stop; treated as a cancel.

    Raises
    ------
    StembridgeError, Cancelled
        Whatever ends the job without a result; the shift writes it into the log.
    """
    request = order(job)
    engine = registry.choose(engines, default_engine, request.engine, request.model)
    one = Work(job, clock, log, interrupted, request, engine, home)
    one.state = standing(job)
    with one.held:
        while one.state is not State.READY:
            one.state = _STEPS[one.state](one)


def standing(job: Job) -> State:
    """Read off the folder where a job stands."""
    if job.result_file.exists():
        return State.READY
    if job.separation_json.exists():
        return State.ALIGNING
    standing_remote = remote.standing(job)
    if standing_remote is not None:
        return standing_remote
    return State.RENDERED if job.region_json.exists() else State.CREATED


def read_plan(job: Job) -> tuple[Plan, RegionFile | None]:
    """Read the fact of RENDERED; no region where no audio of the user's is sent."""
    try:
        document = disk.read_json(job.region_json)
        planned = Plan.from_dict(document["plan"])
        if document["rendered"] is None:
            return planned, None
        return planned, plan.region_file_from_dict(job.folder / "region.wav", document["rendered"])
    except (FileNotFoundError, KeyError, TypeError) as error:
        raise disk.corrupt(job.region_json, "fields are missing") from error


def _create(one: Work) -> State:
    """Check the order; answer it from an earlier job, or render its region."""
    one.stop_if_cancelled()
    one.enter(State.CREATED)
    return _begin(one, plan.check(one.request, one.engine, one.job))


def _begin(one: Work, planned: Plan) -> State:
    """Answer a checked order from an earlier job, or render its region."""
    if planned.source_offset:
        one.warn(
            "source_offset",
            "The host counts the frames of this compressed file from another place: the region was moved by "
            f"{planned.source_offset} frames to the same samples.",
        )
    if not one.request.again and planned.source_key and finishing.from_earlier(one, planned):
        return State.READY
    one.enter(State.RENDERING)
    started = one.clock.monotonic()
    region = planned.region
    if region is None:
        disk.write_json(one.job.region_json, {"plan": planned.to_dict(), "rendered": None})
        one.enter(State.RENDERED)
        return State.RENDERED
    rendered = render.render(region, one.job.folder, one.frames("render"), one.cancelled)
    if one.request.input:
        digest = f"samples:{rendered.sha256}:{rendered.rate}:{rendered.channels}"
        planned = replace(planned, source_key=digest)
    one.seconds["render"] = one.clock.monotonic() - started
    disk.write_json(
        one.job.region_json,
        {"plan": planned.to_dict(), "rendered": plan.region_file_to_dict(rendered)},
    )
    one.enter(State.RENDERED)
    if rendered.silent:
        one.warn("silent", "The region is silent; its stems will be silent too.")
    return State.RENDERED


def _rendered(one: Work) -> State:
    """Have the region separated."""
    one.stop_if_cancelled()
    planned, rendered = read_plan(one.job)
    if one.request.deliver_to is not None:  # a retry was never checked, and much may happen in a long wait
        plan.check_place(Path(one.request.deliver_to), planned, one.request, one.job)
    fresh = "render" in one.seconds
    if rendered is not None and not fresh and not render.verify(rendered):
        return _render_again(one)
    late = one.request.input or one.request.parent is not None  # it came here rendered, or by its samples
    if late and planned.source_key and not one.request.again and finishing.from_earlier(one, planned):
        return State.READY
    if not one.request.again and planned.source_key and finishing.answer_from_earlier(one, planned):
        return State.ALIGNING
    if is_remote(one.engine):
        # Of several such jobs that run now, the first orders it for all.
        while planned.source_key and not one.request.again and not claims.take(one, planned.answer_key()):
            if finishing.answer_from_earlier(one, planned):
                return State.ALIGNING
        return remote.submit(one, one.engine, planned, rendered)
    if rendered is None:
        raise disk.corrupt(one.job.region_json, "a local engine needs a region")
    return _separate(one, cast("LocalEngine", one.engine), planned, rendered)


def opened(one: Work, check: Callable[[], Plan]) -> Plan | None:
    """Bring a job whose separating others do as far as RENDERED; its region is kept in its folder.

    Parameters
    ----------
    check
        Gives the checked order; asked only where no earlier worker rendered the region.

    Returns
    -------
    Plan
        None where the job was answered from an earlier one: it is ready.
    """
    one.state = standing(one.job)
    one.stop_if_cancelled()
    if one.state is State.RENDERED:
        planned, rendered = read_plan(one.job)
        if one.request.deliver_to is not None:
            plan.check_place(Path(one.request.deliver_to), planned, one.request, one.job)
        if rendered is None or not render.verify(rendered):
            one.state = _render_again(one)
    if one.state is State.CREATED:
        one.enter(State.CREATED)
        if _begin(one, check()) is State.READY:
            return None
        planned = read_plan(one.job)[0]
        if one.request.input and not one.request.again and finishing.from_earlier(one, planned):
            return None
    return read_plan(one.job)[0]


def _render_again(one: Work) -> State:
    """The rendered region isn't what it was: drop it, and render anew where that is possible."""
    if one.request.input and not one.job.input_file.exists():
        raise InputError(
            "The rendered region in the job folder was damaged, and the host's own rendering is gone.",
            code="source_changed",
            hint="Start the separation again from the host.",
        )
    disk.remove(one.job.region_json)
    return State.CREATED


def _separate(one: Work, engine: LocalEngine, planned: Plan, rendered: RegionFile) -> State:
    """Run a local engine; one job at a time on a machine."""

    def waiting() -> None:
        one.log.heartbeat()

    slots = one.home / "slots"
    if lock.held(slots / f"{engine.name}-0.lock"):
        one.log.emit("waiting", reason="another separation is running on this machine", until=None)
    with lock.slot(slots, engine.name, 1, clock=one.clock, waiting=waiting, cancelled=one.cancelled):
        one.enter(State.PROCESSING)
        started = one.clock.monotonic()
        disk.remove(one.job.answer_folder)
        disk.make_folder(one.job.answer_folder)
        try:
            answer = engine.separate(
                rendered, planned.recipe, one.job.answer_folder, one.report, one.cancelled
            )
        except Cancelled:
            disk.remove(one.job.answer_folder)
            raise
        one.seconds["separate"] = one.clock.monotonic() - started
    disk.write_json(one.job.separation_json, answer.to_dict())
    return State.ALIGNING


def _align(one: Work) -> State:
    """Bring the answer home, draw the report, deliver."""
    one.stop_if_cancelled()
    planned, rendered = read_plan(one.job)
    one.enter(State.ALIGNING)
    finishing.finish(one, planned, rendered)
    return State.READY


def _unknown(one: Work) -> State:
    assert is_remote(one.engine)  # noqa: S101 - only a remote engine leaves an intent
    return remote.clear_up(one, one.engine)


def _poll(one: Work) -> State:
    assert is_remote(one.engine)  # noqa: S101
    return remote.poll(one, one.engine)


def _download(one: Work) -> State:
    assert is_remote(one.engine)  # noqa: S101
    return remote.download(one, one.engine)


_STEPS: Mapping[State, Callable[[Work], State]] = {
    State.CREATED: _create,
    State.RENDERED: _rendered,
    State.SUBMISSION_UNKNOWN: _unknown,
    State.QUEUED: _poll,
    State.DOWNLOADING: _download,
    State.ALIGNING: _align,
}


def order(job: Job) -> SeparateRequest:
    """Give a job's request to separate: for its worker, or for another try."""
    request = job.request()
    if not isinstance(request, SeparateRequest):
        raise UsageError("This job is a question, not a separation.")
    return request


def hand_over(old: Job, new: Job) -> None:
    """Give a new job the region that an old one rendered, so that it needn't be rendered again."""
    for ours, theirs in ((old.input_file, new.input_file), (old.check_file, new.check_file)):
        if ours.exists():
            disk.bring(ours, theirs, overwrite=True)
    region = old.folder / "region.wav"
    if region.exists() and old.region_json.exists():
        disk.bring(region, new.folder / "region.wav", overwrite=True)
        disk.write_json(new.region_json, disk.read_json(old.region_json))
