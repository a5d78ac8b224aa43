"""Finished jobs of one region: found, held to be that, and their stems ready to be read side by side."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stembridge.bridge import whereabouts
from stembridge.jobs import disk, events
from stembridge.jobs.plan import check_folder
from stembridge.jobs.reuse import ANSWER_OF
from stembridge.jobs.store import Job, Store
from stembridge.model.errors import InputError, StoreError, TransferError, UnknownNameError, UsageError
from stembridge.model.names import safe
from stembridge.model.regions import Region
from stembridge.model.stems import RESERVED, ResultKind, Role

if TYPE_CHECKING:
    from stembridge.audio.render import RegionFile
    from stembridge.audio.takes import Shape, Take
    from stembridge.bridge.session import Tools

_RANK = (Role.ADDITIVE.value, Role.COMPOSITE.value, Role.ALTERNATE.value)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished job: its result.json and its report.json."""

    job: Job
    result: Mapping[str, Any]
    report: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What its source is called in file names."""
        file = str(self.report["stems"][0]["file"])
        return file.rpartition(" - ")[0] or Path(file).stem

    @property
    def samples(self) -> tuple[str, int, int, int]:
        """What tells regions apart: hash of the samples, frames, rate, channels."""
        region = self.report["region"]
        return region["sha256"], region["frames"], region["rate"], region["channels"]

    @property
    def shape(self) -> Shape:
        """Frames, rate and channels of the region."""
        from stembridge.audio.takes import Shape

        return Shape(*self.samples[1:])

    def stems(self) -> dict[str, Mapping[str, Any]]:
        """Give the rows of the stems that an engine made, by their id, each id once."""
        found: dict[str, Mapping[str, Any]] = {}
        rows = [row for row in self.result["stems"] if row["kind"] == ResultKind.STEM.value]
        for row in sorted(
            (row for row in rows if row["role"] in _RANK), key=lambda r: _RANK.index(r["role"])
        ):
            if row["id"] not in RESERVED:
                found.setdefault(row["id"], row)
        order = [row["id"] for row in rows]
        return dict(sorted(found.items(), key=lambda pair: order.index(pair[0])))

    def take(self, stem: str) -> Take:
        """Give a stem's file, with the gain it was written with.

        Raises
        ------
        UnknownNameError
            When the job has no such stem.
        TransferError
            When the file was changed since it was written.
        """
        from stembridge.audio.takes import Take

        rows = self.stems()
        if stem not in rows:
            raise UnknownNameError(f"stem in job {self.job.id}", stem, rows)
        path = whereabouts.stem(self.job, rows[stem])
        if path is None:
            name = Path(rows[stem]["file"]).name
            raise TransferError(
                f"The stem '{name}' of job {self.job.id} was changed or removed since it was written.",
                hint=f"Separate the region once more with --again. {whereabouts.MOVED}",
                context={"path": str(self.job.stems_folder / name)},
            )
        return Take(path, 10 ** (float(self.result["gain_db"]) / 20))


def load(job: Job) -> Finished:
    """Read a finished job.

    Raises
    ------
    StoreError
        When it isn't finished, or can't be understood.
    UsageError
        When it is no separation of a region.
    """
    result = job.result()
    if result is None:
        raise StoreError(
            f"Job {job.id} has no result yet (it is {job.state().value}).",
            hint=f"Go on with it: `stembridge jobs resume {job.id}`.",
        )
    if result.get("kind") not in whereabouts.WITH_STEMS or result.get("region") is None:
        raise UsageError(
            f"Job {job.id} is no separation of a region of a file.",
            hint="Choose jobs that `stembridge separate` made of the same region.",
        )
    try:
        found = Finished(job, result, disk.read_json(whereabouts.report(job, result)))
        if all(found.samples) and found.name and found.stems():
            return found
    except FileNotFoundError:
        raise StoreError(
            f"The results of job {job.id} are no longer in its folder.",
            hint=f"Separate the region once more with --again. {whereabouts.MOVED}",
        ) from None
    except (KeyError, TypeError, IndexError) as error:
        raise disk.corrupt(job.result_file, "fields are missing") from error
    raise UsageError(f"Job {job.id} has no stems.", hint="Choose jobs whose models give stems.")


def load_all(tools: Tools, ids: Sequence[str]) -> list[Finished]:
    """Read finished jobs by their whole ids; raises `UnknownNameError`, or what `load` does."""
    known = {job.id: job for job in Store(tools.home, tools.clock).jobs()}
    for name in ids:
        if name not in known:
            raise UnknownNameError("job", name, known)
    return [load(known[name]) for name in ids]


def same_region(found: Sequence[Finished]) -> None:
    """Refuse jobs that are too few, not different, or not all of the same samples."""
    ids = [one.job.id for one in found]
    if len(set(ids)) < 2 or len(set(ids)) != len(ids):
        raise UsageError(
            "That takes at least two jobs, each named once.", hint="See `stembridge jobs list` for their ids."
        )
    first = found[0]
    for other in found[1:]:
        if other.samples != first.samples:
            raise UsageError(
                f"The jobs {first.job.id} and {other.job.id} are not of the same region: "
                f"{_words(first)}, and {_words(other)}{_unlike(first, other)}.",
                hint="Separate the same region with both models, then name those two jobs.",
            )


def _words(one: Finished) -> str:
    region = one.report["region"]
    return (
        f"frames {region['first_frame']} to {region['first_frame'] + region['frames']} of "
        f"'{source_name(one)}' at {region['rate']} Hz"
    )


def _unlike(one: Finished, other: Finished) -> str:
    return ", whose samples differ" if one.samples[1:] == other.samples[1:] else ""


def region_file(
    found: Sequence[Finished],
    work: Path,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> RegionFile:
    """Give the samples that all these jobs were made of.

    Parameters
    ----------
    work
        Folder for a new rendering where no job has kept its own.
    progress, cancelled
        As `render` has them.

    Raises
    ------
    Cancelled
        When ``cancelled`` said so.
    InputError
        ``source_changed`` when no job has kept the region, and the source no longer holds it.
    """
    from stembridge.audio.render import RegionFile, render, verify

    facts = found[0].report["region"]
    peak, rms = (0.0 if facts[key] is None else 10 ** (facts[key] / 20) for key in ("peak_db", "rms_db"))
    for one in found:
        kept = RegionFile(
            one.job.folder / "region.wav",
            facts["frames"], facts["rate"], facts["channels"], peak, rms, facts["sha256"],
        )  # fmt: skip
        if verify(kept):
            return kept
    places = [Path(one.result["delivered_to"]).parent for one in found if one.result.get("delivered_to")]
    region = Region(**found[0].result["region"])
    source = whereabouts.source(found[0].result["region"], *places)
    rendered = render(replace(region, source=str(source)), work, progress, cancelled)
    if rendered.sha256 != facts["sha256"]:
        raise InputError(
            f"'{source_name(found[0])}' no longer holds the samples that were separated.",
            code="source_changed",
            hint="Put the file back as it was, or separate it once more.",
        )
    return rendered


def source_name(one: Finished) -> str:
    """Give the source's name for people: its file's, or what the host calls what it rendered."""
    return one.name if _rendered_by_host(one) else str(one.report["source"]["name"])


def _rendered_by_host(one: Finished) -> bool:
    return Path(str(one.result["region"]["source"])).parent == one.job.folder


def seconds_taken(one: Finished) -> float:
    """Give how long the separation took from its order to its stems, while a worker had it.

    For a job that was answered from an earlier one, that is what the earlier one took.
    """
    spent = 0.0
    for event, following in itertools.pairwise(events.read(origin(one.job).events_file)):
        # Nobody was at work between an end, or a death, and the next worker's first word.
        if event["type"] not in events.TERMINAL and following["type"] != "accepted":
            spent += max(0.0, float(following.get("ts", 0)) - float(event.get("ts", 0)))
    return round(max(spent, float(sum(one.report["seconds"].values()))), 3)


def origin(job: Job) -> Job:
    """Give the job that did the work: the one it was answered from, as far back as they are still there."""
    seen = {job.id}
    while (earlier := _reused_from(job)) and earlier not in seen:
        seen.add(earlier)
        before = Job(job.folder.parent / earlier)
        try:
            if before.result() is None:
                break
        except StoreError:
            break
        job = before
    return job


def _reused_from(job: Job) -> str:
    """Give the job whose stems, or whose engine's answer, a job took over; empty where it is its own."""
    reused = (job.result() or {}).get("reused_from")
    if reused:
        return str(reused)
    try:
        return str(disk.read_json(job.separation_json).get(ANSWER_OF) or "")
    except (FileNotFoundError, StoreError):
        return ""


def place_for(one: Finished, ending: str, out: Path | None) -> Path:
    """Give the folder for results: ``out``, or '<source> <ending>' beside the source.

    Where a host rendered the region, there is no place beside it: then it is the current folder.
    """
    source = Path(str(one.result["region"]["source"]))
    parent = Path.cwd() if _rendered_by_host(one) else source.parent
    return place_beside(parent / f"{one.name}.wav", ending, out)


def place_beside(source: Path, ending: str, out: Path | None) -> Path:
    """Give the folder for results: ``out``, or '<source> <ending>' beside a file."""
    if out is not None:
        return Path(os.path.abspath(out))  # noqa: PTH100 - keeps links as they are
    return source.parent / f"{safe(source.stem)} {ending}"


def check_files(folder: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """Refuse a folder that can't be written to, or that has files of these names; nothing is made."""
    if not check_folder(folder) or overwrite:
        return
    for name in names:
        if (folder / name).exists():
            raise StoreError(
                f"'{name}' is in '{folder}' already.",
                code="output_exists",
                hint="Choose another folder with --out, or allow it with --overwrite.",
            )
