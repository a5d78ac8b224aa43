"""Putting chosen stems of a finished job into an audio program, whichever host the job came from.

A host offers it by two entry points of the group ``stembridge.hosts``, the second if it likes:

``place:<host>``
    A callable that takes the data folder and gives a `Destination`.
``project:<host>``
    A `ProjectWriter`: it writes a project file around stems that lie beside it.

Nothing here knows a host by name.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from stembridge.bridge import whereabouts
from stembridge.jobs import disk, events
from stembridge.jobs.clock import SystemClock
from stembridge.jobs.plan import PICTURE, REPORT
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.reuse import stamp
from stembridge.jobs.store import Job
from stembridge.model.errors import HostError, StoreError, TransferError, UnknownNameError, UsageError

GROUP = "stembridge.hosts"
QUIETEST_DB, LOUDEST_DB = -60.0, 24.0
"""Gains that a stem may be placed with."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stem that is to be placed.

    Attributes
    ----------
    row
        Its row of result.json: id, label, colour, kind, frames, rate, channels and so on.
    file
        Where it lies now: absolute, complete, as it was written.
    gain_db
        What to turn it up (positive) or down by, `QUIETEST_DB` to `LOUDEST_DB`.
    """

    row: Mapping[str, Any]
    file: Path
    gain_db: float = 0.0


class Destination(Protocol):
    """An audio program that takes stems."""

    @property
    def title(self) -> str:
        """What people call the program."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Say whether stems can be placed now, and in a sentence what will happen, or what to do first.

        Takes a second at most, changes nothing, never raises.
        """
        ...

    def place(self, job: Job, stems: Sequence[Chosen]) -> str:
        """Place stems of a finished job, all or none; those of a job of another host at the edit cursor.

        Returns
        -------
        str
            What was done, and what is left to do, for the user.

        Raises
        ------
        StembridgeError
            Nothing was placed then.
        """
        ...


class ProjectWriter(Protocol):
    """Writes a project that plays stems."""

    def __call__(self, name: str, stems: Sequence[Chosen]) -> tuple[str, bytes]:
        """Give the project's file name and its bytes; the stems' files lie beside it, by their own names."""
        ...


def destinations(home: Path) -> dict[str, Destination]:
    """Find the programs that take stems, by their hosts' names; one whose bridge is broken says so."""
    return {name: _made(name, point, home) for name, point in _points("place:")}


def project_writers() -> dict[str, Callable[[str, Sequence[Chosen]], tuple[str, bytes]]]:
    """Find what writes project files, by the hosts' names."""
    return {name: point.load() for name, point in _points("project:")}


def _points(prefix: str) -> Iterable[tuple[str, metadata.EntryPoint]]:
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        if point.name.startswith(prefix):
            yield point.name.removeprefix(prefix), point


def _made(name: str, point: metadata.EntryPoint, home: Path) -> Destination:
    try:
        made: Destination = point.load()(home)
    except Exception as fault:  # noqa: BLE001 - a host's bridge is another's code
        return _Broken(name, f"Its bridge doesn't load ({type(fault).__name__}): install Stembridge again.")
    return made


@dataclass(frozen=True)
class _Broken:
    """A destination whose bridge doesn't load."""

    title: str
    why: str

    def ready(self) -> tuple[bool, str]:
        return False, self.why

    def place(self, job: Job, stems: Sequence[Chosen]) -> str:
        raise HostError(self.why)


def named(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Give the rows of a result's stems, each under a name of its own: its id.

    Another estimate of the same stem is called ``<id>~2``, and so on. Raises `StoreError` for the result of
    a comparison, which has but names of stems.
    """
    if result.get("kind") == "compare":
        raise StoreError("A comparison has no stems of its own.", hint="Open one of what it compares.")
    found: dict[str, Mapping[str, Any]] = {}
    for row in result["stems"]:
        name, count = str(row["id"]), 2
        while name in found:
            name, count = f"{row['id']}~{count}", count + 1
        found[name] = row
    return found


def choose(job: Job, wanted: Sequence[tuple[str, float]]) -> list[Chosen]:
    """Find stems of a finished job by their names (see `named`), with their gains in dB; empty: all.

    Raises
    ------
    StoreError
        When the job has no result.
    UnknownNameError
        For a stem that isn't there.
    UsageError
        For one that is named twice, or a gain out of bounds.
    TransferError
        When a file was changed or removed since it was written.
    """
    result = job.result()
    if result is None or "stems" not in result:
        raise StoreError(f"Job {job.id} has no stems yet.", hint="Wait for it, or go on with it.")
    rows = named(result)
    if len({name for name, _ in wanted}) != len(wanted):
        raise UsageError("A stem is named twice.", hint="Name each once.")
    found = []
    for name, gain in wanted or [(name, 0.0) for name in rows]:
        if name not in rows:
            raise UnknownNameError(f"stem in job {job.id}", name, rows)
        found.append(Chosen(rows[name], file_of(job, rows[name]), checked_gain(gain)))
    return found


def checked_gain(gain_db: float) -> float:
    """Give a gain back that a stem may be placed with; `UsageError` for any other."""
    if not QUIETEST_DB <= gain_db <= LOUDEST_DB:
        raise UsageError(
            f"A stem can't be placed with {gain_db} dB.",
            hint=f"Choose a level from {QUIETEST_DB:.0f} to +{LOUDEST_DB:.0f} dB.",
        )
    return gain_db


def file_of(job: Job, row: Mapping[str, Any]) -> Path:
    """Give a stem's file: in the job's folder, else where it was delivered; `TransferError` when gone."""
    found = whereabouts.stem(job, row)
    if found is None:
        name = Path(row["file"]).name
        raise TransferError(
            f"The stem '{name}' of job {job.id} was changed or removed since it was written.",
            hint=f"Separate the region once more with --again. {whereabouts.MOVED}",
            context={"path": str(job.stems_folder / name)},
        )
    return found


def placed_name(chosen: Chosen) -> str:
    """Give the file name of a stem at its gain: ending in ``.wav`` where it has to be written anew."""
    if not chosen.gain_db or chosen.row.get("kind") == "text":
        return chosen.file.name
    return f"{chosen.file.stem}.wav"


def hand_over(home: Path, host: str, job: Job, stems: Sequence[Chosen], context: Mapping[str, Any]) -> Job:
    """Make a finished job of another host's out of chosen stems, for it to find among its own.

    The stems are the same files (hard links where the disk has them). Their rows carry ``gain_db`` where
    it isn't 0. The request appears last, so that nobody finds half a job.

    Parameters
    ----------
    host
        The host's word in its requests.
    context
        Its ``host_context``; ``handed_from`` is added to it.

    Raises
    ------
    StoreError
        When it can't be made; nothing stays then.
    """
    result, clock = job.result(), SystemClock()
    if result is None:
        raise StoreError(f"Job {job.id} has no result yet.")
    when = time.strftime("%Y%m%d%H%M%S", time.gmtime(clock.time()))
    made = Job(home / "jobs" / f"{when}{secrets.token_hex(4)}")
    told = {**context, "handed_from": job.id}
    disk.make_folder(made.stems_folder)
    try:
        rows = []
        for one in stems:
            path = made.stems_folder / one.file.name
            disk.bring(one.file, path, overwrite=False)
            row = {**one.row, "file": str(path), "stamp": stamp(path)}
            rows.append({**row, "gain_db": one.gain_db} if one.gain_db else row)
        for name in (REPORT, PICTURE):
            if (job.stems_folder / name).exists():
                disk.bring(job.stems_folder / name, made.stems_folder / name, overwrite=False)
        document = {
            **result, "kind": "separate", "job": made.id, "stems": rows, "host_context": told,
            "reused_from": job.id,
        }  # fmt: skip
        for name, field in ((REPORT, "report"), (PICTURE, "picture")):
            path = made.stems_folder / name
            document[field] = str(path) if path.exists() else None
        disk.write_json(made.result_file, document)
        log = events.EventLog(made.events_file, clock)
        log.emit("finished", reused_from=job.id)
        disk.write_json(made.request_file, _request(job, result, host, told))
    except BaseException:
        disk.remove(made.folder)
        raise
    return made


def _request(job: Job, result: Mapping[str, Any], host: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Give an order that a host lists the finished job by; no worker has anything to do for it."""
    asked = job.request_document()
    name = asked.get("name") or Path(str(result["stems"][0]["file"])).name.rpartition(" - ")[0]
    engine, model = result.get("engine"), result.get("model")
    order = SeparateRequest(None, host, str(name), engine, model, host_context=dict(context), max_credits=0)
    return order.to_dict()
