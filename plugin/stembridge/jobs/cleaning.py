"""Which finished jobs may go, and what their going frees."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stembridge.jobs import disk, reuse, usage
from stembridge.jobs.store import Job, Store
from stembridge.model.errors import StembridgeError, UsageError
from stembridge.model.states import TABLE, State

FETCHABLE = 72 * 3600.0
"""Seconds for which a service keeps what was ordered."""
_NOTE = re.compile(r"host-.+-\d+\.json")
_AGE = re.compile(r"(\d{1,5})\s*([hdw])", re.IGNORECASE)
_SECONDS = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a job that is old enough goes. ``why`` is what a person should know of it, or empty."""

    job: Job
    state: State | None
    goes: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What went and what had to stay after all, and the bytes that are free again."""

    gone: tuple[Verdict, ...]
    kept: tuple[Verdict, ...]
    freed: int


def parse_age(text: str) -> float:
    """Read an age such as ``12h``, ``30d`` or ``2w``; gives seconds, `UsageError` for anything else."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"'{text}' is no age.", hint="Write hours, days or weeks: 12h, 30d or 2w.")
    return int(match[1]) * _SECONDS[match[2].lower()]


def survey(store: Store, *, older: float, keep_imported: bool, now: float) -> Iterator[Verdict]:
    """Judge every job in which nothing has happened for ``older`` seconds, newest first; steps go with it.

    Parameters
    ----------
    keep_imported
        True to keep what a host has put into a project: its notes lie beside the job.
    now
        Unix seconds.
    """
    for job in store.jobs():
        if not job.of_another() and now - _touched(job) >= older:
            yield judge(job, keep_imported=keep_imported, now=now)


def judge(job: Job, *, keep_imported: bool, now: float) -> Verdict:
    """Say whether a job may go: only one that is over, and has nothing paid for waiting at the service."""
    try:
        state = job.state()
        result = job.result() or {}
    except StembridgeError:
        return Verdict(job, None, goes=False, why=f"damaged; `stembridge jobs remove {job.id}` deletes it")
    if job.busy():
        return Verdict(job, state, goes=False, why="a worker is busy with it")
    if not TABLE[state].over:
        return Verdict(job, state, goes=False, why="not finished")
    if keep_imported and any(_NOTE.fullmatch(path.name) for path in job.folder.iterdir()):
        return Verdict(job, state, goes=False, why="imported into a project")
    if state is State.READY:
        alone = result.get("kind") in {"separate", "blend"} and not result.get("delivered_to")
        return Verdict(job, state, goes=True, why="its stems lie nowhere else" if alone else "")
    waiting = [until for folder in job.folders() if (until := _fetchable_until(Job(folder))) is not None]
    until = max(waiting, default=None)
    if until is None:
        return Verdict(job, state, goes=True)
    when = dt.datetime.fromtimestamp(until).astimezone().strftime("%Y-%m-%d %H:%M")
    if now < until:
        why = f"what was ordered may still be fetched, until {when}: `stembridge jobs resume {job.id}`"
        return Verdict(job, state, goes=False, why=why)
    return Verdict(job, state, goes=True, why=f"what was ordered could be fetched until {when}")


def clean(store: Store, verdicts: Iterable[Verdict], *, keep_imported: bool, now: float) -> Cleaned:
    """Delete the jobs that may go; one that changed since it was judged stays.

    Files that a project or another job has, too, stay there, and don't count as freed.
    """
    chosen = [(verdict, _names(verdict.job)) for verdict in verdicts if verdict.goes]
    gone: list[Verdict] = []
    kept: list[Verdict] = []
    freed: list[usage.Name] = []
    for verdict, names in chosen:
        again = judge(verdict.job, keep_imported=keep_imported, now=now)
        if not again.goes:
            kept.append(again)
            continue
        try:
            store.remove(verdict.job)
        except StembridgeError as error:
            kept.append(Verdict(verdict.job, verdict.state, goes=False, why=error.message))
            continue
        gone.append(verdict)
        freed += names
    reuse.Index(store.home).forget_missing()
    return Cleaned(tuple(gone), tuple(kept), usage.count(freed).own)


def frees(verdicts: Iterable[Verdict]) -> int:
    """Give the bytes that would be free if the jobs that may go went together."""
    return usage.count(name for verdict in verdicts if verdict.goes for name in _names(verdict.job)).own


def _names(job: Job) -> list[usage.Name]:
    """Give the names of a job's files, and of its steps'."""
    return [name for folder in job.folders() for name in usage.names(folder)]


def _touched(job: Job) -> float:
    """Give when something last happened in a job, Unix seconds."""
    times = []
    for path in (job.request_file, job.events_file, job.result_file):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=float("inf"))  # gone meanwhile: nobody's to clean


def _fetchable_until(job: Job) -> float | None:
    """Give until when the service may have something of ours; None when it has nothing we lack."""
    if not job.remote_json.exists() or job.separation_json.exists():
        return None
    try:
        return float(disk.read_json(job.remote_json)["intent_at"]) + FETCHABLE
    except (StembridgeError, OSError, KeyError, TypeError, ValueError):
        return _touched(job) + FETCHABLE
