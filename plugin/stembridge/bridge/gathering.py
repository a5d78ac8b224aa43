"""Gathering: the leaves of a chain become one result, and every level of it is held against its input."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stembridge
from stembridge.audio.render import RegionFile
from stembridge.bridge import finished
from stembridge.bridge.finished import Finished
from stembridge.jobs import disk, events, finishing
from stembridge.jobs.plan import REPORT, Plan
from stembridge.jobs.reuse import unchanged
from stembridge.jobs.store import Job
from stembridge.jobs.work import Work
from stembridge.model import chains
from stembridge.model.errors import TransferError, UnknownNameError
from stembridge.model.formats import find_format
from stembridge.model.results import Offset, Separation
from stembridge.model.states import State
from stembridge.model.stems import ResultKind, Role

SILENT_DB = -120.0
"""What a step leaves of its input, and peaks no higher (dBFS), is no stem: it is the rounding of its sums."""


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the chain with its finished job.

    Attributes
    ----------
    rows
        The stems that count, as result.json has them, what the step left among them.
    """

    path: str
    done: Finished
    rows: tuple[Mapping[str, Any], ...]

    @classmethod
    def load(cls, path: str, job: Job) -> Level:
        """Read a step's job."""
        done = finished.load(job)
        return cls(path, done, tuple(row for row in done.result["stems"] if _counts(row)))

    @property
    def complete(self) -> bool:
        """True when what the step gave was meant to sum to its input."""
        return bool(self.done.result["summed"])

    def residual_db(self, work: Path) -> float | None:
        """Give what the step's stems leave of its input, in dBFS; None for digital silence."""
        from stembridge.audio.nulltest import decibels, null_test

        left_out = next(
            (row for row in self.done.result["stems"] if _is_rest(row) and not _counts(row)), None
        )
        if left_out is not None:
            level: float | None = left_out["rms_db"]
            return level
        if self.complete:
            measured: float | None = self.done.report["residual_db"]
            return measured
        region = finished.region_file([self.done], work)
        null, _ = null_test(region, [_file(self.done.job, row) for row in self.rows])
        rms = decibels(null.rms)
        return None if rms is None else round(rms, 2)


def _is_rest(row: Mapping[str, Any]) -> bool:
    return bool(row["role"] == Role.REST.value)


def _counts(row: Mapping[str, Any]) -> bool:
    if row["kind"] != ResultKind.STEM.value:
        return False
    if _is_rest(row):
        return row["peak_db"] is not None and row["peak_db"] > SILENT_DB
    return bool(row["role"] == Role.ADDITIVE.value)


def _file(job: Job, row: Mapping[str, Any]) -> Path:
    path = job.stems_folder / Path(str(row["file"])).name
    if not unchanged(job.stems_folder, dict(row)):
        raise TransferError(
            f"The stem '{path.name}' of job {job.id} was changed or removed since it was written.",
            hint="Separate once more with --again.",
            context={"path": str(path)},
        )
    return path


def stem_file(job: Job, stem: str) -> Path:
    """Give the file of a finished step's stem, for the step that takes it apart.

    Raises
    ------
    UnknownNameError
        When the step gave no such stem.
    TransferError
        When it was changed since.
    """
    rows = {row["id"]: row for row in reversed(Level.load("", job).rows)}
    if stem not in rows:
        raise UnknownNameError("stem in this chain's step", stem, rows)
    return _file(job, rows[stem])


def choose(wanted: Sequence[str], offered: Sequence[str]) -> tuple[str, ...]:
    """Check a choice of a chain's stems; a name may be a path, or a branch with all that lies below it.

    Returns
    -------
    tuple of str
        Ids, in the order they are offered in; all where nothing is wanted. Where nothing is known to be
        offered, what was wanted.

    Raises
    ------
    UnknownNameError
        For a name that is none of them.
    """
    names = [chains.id_of(name.strip().casefold()) for name in wanted]
    if not offered:
        return tuple(dict.fromkeys(names))
    chosen: set[str] = set()
    for given, name in zip(wanted, names, strict=True):
        found = [stem for stem in offered if stem == name or stem.startswith(f"{name}.")]
        if not found:
            raise UnknownNameError("stem in this chain", given.strip(), offered)
        chosen.update(found)
    return tuple(stem for stem in offered if not names or stem in chosen)


def finish(one: Work, planned: Plan, region: RegionFile, ended: Sequence[tuple[str, Job]]) -> None:
    """Write a chain's result: its leaves, the report with every level, the picture; then result.json.

    Parameters
    ----------
    ended
        Every step's path and finished job, in the chain's order.
    """
    with finishing.bench(one):
        one.stop_if_cancelled()
        one.enter(State.ALIGNING)
        _finish(one, planned, region, [Level.load(path, job) for path, job in ended])


def _finish(one: Work, planned: Plan, region: RegionFile, levels: Sequence[Level]) -> None:
    from stembridge.audio.leaves import Leaves, deliver
    from stembridge.report import document

    started = one.clock.monotonic()
    job, request = one.job, one.request
    disk.make_folder(job.stems_folder)
    finishing.take_back(job, request.deliver_to)
    places = list(_places({level.path: level for level in levels}))
    offered = [place.stem for place in places if request.levels or not place.apart]
    chosen = set(choose(request.stems, offered))
    kept = [place for place in places if place.stem in chosen or not place.apart]
    if request.rest:  # it is about to be made of the region: what the first step left is part of it
        kept = [place for place in kept if place.stem != chains.REST]
    complete = all(level.complete for level in levels)
    facts = deliver(
        Leaves(region, [p.leaf(planned.file_name(p.stem, request), p.stem in chosen) for p in kept]),
        complete=complete,
        rest=request.rest,
        residual=request.residual,
        fmt=find_format(request.format),
        names=lambda stem: planned.file_name(stem, request),
        folder=job.stems_folder,
        progress=one.frames("align"),
        cancelled=one.cancelled,
    )
    with tempfile.TemporaryDirectory(prefix="level-", dir=job.folder) as work:
        rows = [_row(level, Path(work)) for level in levels]
    one.seconds["align"] = one.clock.monotonic() - started
    report = document.build(
        region=planned.region,
        rendered=region,
        container=planned.container,
        recipe=planned.recipe,
        separation=Separation((), complete=complete, notes=tuple(_notes(levels))),
        facts=facts,
        format_name=request.format,
        versions={"stembridge": stembridge.__version__},
        started=_iso(events.read(job.events_file)[0]["ts"]),
        finished=_iso(one.clock.time()),
        phases=one.seconds,
    )
    report["levels"] = rows
    disk.write_json(job.stems_folder / REPORT, report)
    picture = finishing.draw(one, report, region)
    finishing.conclude(one, planned, report, picture=picture)


@dataclass(frozen=True, slots=True)
class _Place:
    """A stem of the chain: where it lies, and whether it was taken apart further."""

    path: str
    row: Mapping[str, Any]
    job: Job
    apart: bool

    @property
    def stem(self) -> str:
        return chains.id_of(self.path)

    def leaf(self, file: str, chosen: bool) -> Any:  # noqa: FBT001 - a fact of the leaf
        from stembridge.audio.leaves import Leaf, blank
        from stembridge.audio.takes import Take

        role = Role.COMPOSITE if self.apart else Role.REST if self.path == chains.REST else Role.ADDITIVE
        offset = Offset(**self.row["offset"])
        facts = blank(self.stem, self._label(), file, role, offset, clipped=int(self.row["full_scale_runs"]))
        return Leaf(facts, Take(_file(self.job, self.row)), chosen)

    def _label(self) -> str:
        above = chains.split(self.path)[0]
        label = str(self.row["label"])
        return f"{chains.words(above)}: {label}" if above else label


def _places(by_path: Mapping[str, Level], path: str = "") -> Iterator[_Place]:
    """Give all stems, depth first, each before those that it was taken apart into."""
    level = by_path[path]
    for row in level.rows:
        below = chains.below(path, str(row["id"]))
        yield _Place(below, row, level.done.job, below in by_path)
        if below in by_path:
            yield from _places(by_path, below)


def _row(level: Level, work: Path) -> dict[str, Any]:
    report = level.done.report
    return {
        "of": level.path,
        "title": chains.words(level.path),
        "job": level.done.job.id,
        "engine": report["engine"],
        "model": report["model"]["title"],
        "summed": [chains.id_of(chains.below(level.path, str(row["id"]))) for row in level.rows],
        "labels": [str(row["label"]) for row in level.rows],
        "complete": level.complete,
        "residual_db": level.residual_db(work),
    }


def _notes(levels: Sequence[Level]) -> Iterator[str]:
    """Give what the steps' own reports say, with the step's title in front."""
    for level in levels:
        for note in level.done.report["notes"]:
            yield f"{chains.words(level.path)}: {note}"


def _iso(unix: float) -> str:
    return dt.datetime.fromtimestamp(unix, dt.UTC).isoformat(timespec="seconds")
