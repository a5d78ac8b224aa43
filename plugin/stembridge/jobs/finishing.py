"""The last stretch of a job: aligned stems, report, picture, delivery, and result.json."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import stembridge
from stembridge.audio.render import RegionFile
from stembridge.engines.base import is_remote
from stembridge.jobs import disk, events
from stembridge.jobs.plan import PICTURE, REPORT, Plan
from stembridge.jobs.reuse import ANSWER_OF, stamp
from stembridge.jobs.store import Job
from stembridge.jobs.watch import Watch
from stembridge.jobs.work import Work
from stembridge.model.errors import Cancelled, StembridgeError, StoreError
from stembridge.model.formats import find_format
from stembridge.model.names import safe
from stembridge.model.results import Separation
from stembridge.model.stems import colour

RESULT_FIELDS = {
    "protocol": "version of the file protocol",
    "kind": '"separate"; "blend" of a blend',
    "job": "the job's id",
    "engine": 'who separated; "chain" of a chain',
    "model": "with what; of a chain its id",
    "automatic": "true when the engine chose the model itself",
    "region": (
        "source, first_frame, frames, rate, channels; before and after: how many of the frames are silence "
        "that isn't in the file"
    ),
    "source_offset": "frames by which the host's count of a compressed source was corrected, or null",
    "stems": (
        "a list of id, label, colour, role, kind, file (absolute, in the job folder), delivered (absolute, "
        "or null), frames, rate, channels, peak_db, rms_db, offset, stamp; handed over from another host's "
        "job also gain_db, the level it is to be placed with"
    ),
    "summed": "the stems whose sum was held against the region",
    "residual_db": "RMS of what is left then, in dBFS; null: digital silence",
    "gain_db": "common gain of the stems of an integer format",
    "report": "absolute path of report.json",
    "picture": "absolute path of report.png, or null",
    "delivered_to": "the folder that got the files, or null",
    "labels": "a transcript's lines: a list of [start, end, text], seconds from the region's first frame",
    "sentences": "the report in words",
    "reused_from": "the earlier job that this one was answered from, or null",
    "host_context": "as in the request",
}

_BENCHES = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
_LOOK = 0.1


def finish(one: Work, planned: Plan, rendered: RegionFile | None) -> None:
    """Make the stems from the engine's answer; the last thing to appear is result.json.

    Of several jobs in one process, no more are at it than there are processors: the first are ready
    sooner, and the last no later.
    """
    with bench(one):
        _finish(one, planned, rendered)


@contextlib.contextmanager
def bench(one: Work) -> Iterator[None]:
    """Wait for a place among those that write stems in this process."""
    while not _BENCHES.acquire(timeout=_LOOK):
        one.stop_if_cancelled()
        one.log.heartbeat()
    try:
        yield
    finally:
        _BENCHES.release()


def _finish(one: Work, planned: Plan, rendered: RegionFile | None) -> None:
    from stembridge.audio.finish import finish as bring_home
    from stembridge.report import document

    started = one.clock.monotonic()
    job, request = one.job, one.request
    try:
        answer = Separation.from_dict(disk.read_json(job.separation_json))
    except (KeyError, TypeError, ValueError) as error:
        raise disk.corrupt(job.separation_json, "fields are missing") from error
    if is_remote(one.engine):
        from stembridge.jobs.settling import settle

        planned, rendered, answer = settle(one, planned, rendered, answer)
    disk.make_folder(job.stems_folder)
    take_back(job, request.deliver_to)
    facts = bring_home(
        rendered,
        job.answer_folder,
        answer,
        wanted=planned.stems,
        rest=request.rest,
        residual=request.residual,
        fmt=find_format(request.format),
        names=lambda stem: planned.file_name(stem, request),
        folder=job.stems_folder,
        progress=one.frames("align"),
        cancelled=one.cancelled,
    )
    one.seconds["align"] = one.clock.monotonic() - started
    report = document.build(
        region=planned.region,
        rendered=rendered,
        container=planned.container,
        recipe=planned.recipe,
        separation=answer,
        facts=facts,
        format_name=request.format,
        versions={"stembridge": stembridge.__version__},
        started=_iso(events.read(job.events_file)[0]["ts"]),
        finished=_iso(one.clock.time()),
        phases=one.seconds,
    )
    disk.write_json(job.stems_folder / REPORT, report)
    # Nobody looks at a step's own: its parent has one of everything.
    picture = request.parent is None and draw(one, report, rendered)
    conclude(one, planned, report, picture=picture)
    if not is_remote(one.engine):
        disk.remove(job.answer_folder)


def take_back(job: Job, deliver_to: str | None) -> None:
    """Undo a delivery that a crash cut short: the stems are about to be written anew."""
    if deliver_to is not None and job.stems_folder.exists():
        for file in sorted(job.stems_folder.iterdir()):
            disk.take_back(file, Path(deliver_to) / file.name)


def draw(one: Watch, report: dict[str, Any], rendered: RegionFile | None) -> bool:
    """Draw the picture; a job doesn't fail for want of one."""
    from stembridge.report import picture

    folder = one.job.stems_folder
    stems = [(row["label"], colour(row["id"]), folder / row["file"]) for row in report["stems"]]
    try:
        return picture.draw(report, rendered, stems, folder / PICTURE, cancelled=one.cancelled)
    except (Cancelled, StembridgeError):
        raise
    except Exception as fault:  # noqa: BLE001 - drawing libraries fail in many ways, the stems are fine
        one.warn("picture", f"The picture could not be drawn ({type(fault).__name__}); the stems are fine.")
        return False


def conclude(
    one: Work, planned: Plan, report: dict[str, Any], *, picture: bool, reused_from: str | None = None
) -> None:
    """Deliver what lies in the stems folder and write result.json."""
    request = one.request
    one.stop_if_cancelled()
    result = hand_over(one.job, request, planned, report, picture=picture, reused_from=reused_from)
    if planned.source_key:
        one.index.remember(planned.result_key(request), one.job)
    if planned.source_key and one.job.separation_json.exists() and is_remote(one.engine):
        one.index.remember(planned.answer_key(), one.job)
    disk.write_json(one.job.result_file, result)


class Wish(Protocol):
    """What any request for stems says of their place."""

    @property
    def deliver_to(self) -> str | None:
        """The folder that gets the files."""
        ...

    @property
    def overwrite(self) -> bool:
        """Files of the same name there may be replaced."""
        ...

    @property
    def host_context(self) -> Any:
        """Whatever the host keeps there."""
        ...


def hand_over(
    job: Job,
    wish: Wish,
    planned: Plan,
    report: dict[str, Any],
    *,
    kind: str = "separate",
    picture: bool,
    reused_from: str | None = None,
) -> dict[str, Any]:
    """Deliver what lies in the stems folder; give what result.json will say. It may be done again."""
    from stembridge.report import document

    target = None if wish.deliver_to is None else Path(wish.deliver_to)
    if target is not None:
        disk.make_folder(target)
    rows = []
    for row in report["stems"]:
        path = job.stems_folder / row["file"]
        delivered = None if target is None else target / row["file"]
        if delivered is not None:
            disk.bring(path, delivered, overwrite=wish.overwrite)
        rows.append(
            {
                **row,
                "colour": colour(row["id"]),
                "file": str(path),
                "delivered": None if delivered is None else str(delivered),
                "stamp": stamp(path),
            }
        )
    if target is not None:
        for name_of in [REPORT, *([PICTURE] if picture else [])]:
            disk.bring(job.stems_folder / name_of, target / name_of, overwrite=wish.overwrite)
    place = target or job.stems_folder
    region = planned.region
    return {
        "protocol": events.PROTOCOL,
        "kind": kind,
        "job": job.id,
        "engine": planned.recipe.engine,
        "model": planned.recipe.model,
        "automatic": planned.recipe.automatic,
        "region": None if region is None else asdict(region),
        "source_offset": planned.source_offset,
        "stems": rows,
        "summed": report["summed"],
        "residual_db": report["residual_db"],
        "gain_db": report["gain_db"],
        "report": str(place / REPORT),
        "picture": str(place / PICTURE) if picture else None,
        "delivered_to": None if target is None else str(target),
        "labels": report["details"].get("labels", []),
        "sentences": document.sentences(report),
        "reused_from": reused_from,
        "host_context": wish.host_context,
    }


def from_earlier(one: Work, planned: Plan) -> bool:
    """Answer the job from an earlier one with the very same order, if there is such a job."""
    found = one.index.result(planned.result_key(one.request))
    if found is None:
        return False
    earlier, result = found
    job = one.job
    if one.request.parent is None and earlier.parent() is not None:
        return False  # a step has no picture
    disk.make_folder(job.stems_folder)
    try:
        report = disk.read_json(earlier.stems_folder / REPORT)
        for row in report["stems"]:
            name = f"{safe(planned.name)} - {row['file'].rpartition(' - ')[2]}"
            disk.bring(earlier.stems_folder / row["file"], job.stems_folder / name, overwrite=True)
            row["file"] = name
        picture = result["picture"] is not None and (earlier.stems_folder / PICTURE).exists()
        if picture:
            disk.bring(earlier.stems_folder / PICTURE, job.stems_folder / PICTURE, overwrite=True)
        _share_region(earlier, job)
    except (FileNotFoundError, StoreError, KeyError, TypeError):
        return False  # the earlier job changes under our hands, or can't be taken over: do it anew
    report["reused_from"] = earlier.id
    disk.write_json(job.stems_folder / REPORT, report)
    conclude(one, planned, report, picture=picture, reused_from=earlier.id)
    return True


def answer_from_earlier(one: Work, planned: Plan) -> bool:
    """Take over an engine's whole answer from an earlier job: a paid one is never bought twice."""
    earlier = one.index.answer(planned.answer_key())
    if earlier is None or earlier.id == one.job.id:
        return False
    disk.make_folder(one.job.answer_folder)
    document = disk.read_json(earlier.separation_json)
    for row in document["files"]:
        disk.bring(earlier.answer_folder / row["name"], one.job.answer_folder / row["name"], overwrite=True)
    # Whose it was first: what it cost, and how long it took, is known there.
    disk.write_json(one.job.separation_json, {ANSWER_OF: earlier.id, **document})
    return True


def _share_region(earlier: Job, job: Job) -> None:
    region = earlier.folder / "region.wav"
    if region.exists() and not job.region_json.exists():
        disk.bring(region, job.folder / "region.wav", overwrite=True)


def _iso(unix: float) -> str:
    return dt.datetime.fromtimestamp(unix, dt.UTC).isoformat(timespec="seconds")
