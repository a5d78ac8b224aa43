"""Attaching: a folder of results becomes a finished job again.

The folder that a job delivered to tells everything itself: its report.json names the files beside it and
says what they are. So it may move with the user's project, to another disk or another machine, and outlive
the job; attached, its stems are placed, compared and blended as those of any job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stembridge.bridge import whereabouts
from stembridge.bridge.session import Tools
from stembridge.engines.base import Recipe
from stembridge.jobs import disk, finishing
from stembridge.jobs.events import Event
from stembridge.jobs.plan import PICTURE, REPORT, Plan
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.shift import work
from stembridge.jobs.store import Job, Store
from stembridge.model.errors import StembridgeError, StoreError, TransferError
from stembridge.model.regions import Region

if TYPE_CHECKING:
    from stembridge.jobs.events import EventLog

_ABOVE = 3
"""So many folders above the results are searched for a source that moved with them."""


def attach(folder: Path, tools: Tools, listener: Callable[[Event], None] | None = None) -> Job:
    """Make a finished job of a folder of results.

    The stems are linked into the job's folder, or copied where that can't be; the folder stays as it is.

    Parameters
    ----------
    folder
        Absolute; what a job delivered to, wherever it lies now.
    listener
        Hears the job's events.

    Raises
    ------
    StoreError
        When it holds no report, or one that can't be understood; or the data folder can't be written to.
    TransferError
        When a stem is missing, or isn't what the report says.
    """
    report = _read(folder)
    try:
        planned = _plan(report, folder)
        for row in report["stems"]:
            path = folder / row["file"]
            if path.parent != folder or path.name != row["file"]:  # a report may come from anywhere
                raise disk.corrupt(folder / REPORT, "a stem doesn't lie beside it")
            if not whereabouts.intact(path, row):
                raise TransferError(
                    f"'{path.name}' is missing in '{folder}', or isn't what its report tells of.",
                    hint="Put the file back as it was, or separate the region once more.",
                    context={"path": str(path)},
                )
        request = _request(report, planned, folder)
    except (KeyError, TypeError, IndexError) as error:
        raise disk.corrupt(folder / REPORT, "fields are missing") from error
    job = Store(tools.home, tools.clock).create(request)

    def body(_log: EventLog) -> None:
        _take_in(job, request, planned, report, folder)

    outcome = work(job, body, clock=tools.clock, listener=listener)
    if isinstance(outcome.error, StembridgeError):
        raise outcome.error
    return job


def _read(folder: Path) -> dict[str, Any]:
    try:
        report = disk.read_json(folder / REPORT)
    except FileNotFoundError:
        raise StoreError(
            f"'{folder}' holds no {REPORT}: it is no folder that stems were delivered to.",
            hint="Name the folder in which the stems lie.",
        ) from None
    if not report.get("stems") or not isinstance(report["stems"], list):
        raise disk.corrupt(folder / REPORT, "it tells of no stems")
    return report


def _plan(report: Mapping[str, Any], folder: Path) -> Plan:
    told, model = report["source"], report["model"]
    first = str(report["stems"][0]["file"])
    recipe = Recipe(
        report["engine"],
        model["name"],
        tuple(row["id"] for row in report["stems"]),
        dict(report["options"]),
        model["identity"],
        automatic=bool(model["automatic"]),
        why=str(model["why"]),
        title=str(model["title"]),
    )
    region = None
    if report["region"] is not None and told["path"] is not None:
        span = {name: report["region"][name] for name in ("first_frame", "frames", "rate", "channels")}
        written = {"source": str(told["path"]), **span}
        found = whereabouts.source(written, *list(folder.parents)[:_ABOVE])
        region = Region(**{**written, "source": str(found)})
    name = first.rpartition(" - ")[0] or Path(first).stem
    container = {key: value for key, value in told.items() if key not in {"path", "name"}}
    return Plan(region, name, recipe, recipe.stems, "", container)


def _request(report: Mapping[str, Any], planned: Plan, folder: Path) -> SeparateRequest:
    region = planned.region
    span = None
    if region is not None:
        span = Source(region.source, region.first_frame, region.frames, region.rate, region.channels)
    return SeparateRequest(
        span,
        host="cli",
        name=planned.name,
        engine=planned.recipe.engine,
        model=planned.recipe.model,
        options=planned.recipe.options,
        format=str(report["format"]),
        deliver_to=str(folder),
    )


def _take_in(job: Job, request: SeparateRequest, planned: Plan, report: dict[str, Any], folder: Path) -> None:
    disk.make_folder(job.stems_folder)
    picture = (folder / PICTURE).is_file()
    names = [str(row["file"]) for row in report["stems"]] + [REPORT] + [PICTURE] * picture
    for name in names:
        disk.bring(folder / name, job.stems_folder / name, overwrite=True)
    _render(job, planned, report)
    at_home = SeparateRequest(request.source, deliver_to=None)
    result = finishing.hand_over(job, at_home, planned, report, picture=picture)
    rows = [{**row, "delivered": str(folder / Path(row["file"]).name)} for row in result["stems"]]
    place = {"report": str(folder / REPORT), "picture": str(folder / PICTURE) if picture else None}
    disk.write_json(job.result_file, {**result, **place, "stems": rows, "delivered_to": str(folder)})


def _render(job: Job, planned: Plan, report: Mapping[str, Any]) -> None:
    """Keep the region's samples where the source still has them: a blend needs them."""
    from stembridge.audio.render import render

    if planned.region is None:
        return
    try:
        rendered = render(planned.region, job.folder, lambda _done, _total: None, lambda: False)
    except StembridgeError:  # the source has gone, or another file has its name: the stems are fine
        return
    if rendered.sha256 != report["region"]["sha256"]:
        disk.remove(rendered.path)
