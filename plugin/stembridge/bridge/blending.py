"""Blending: one stem made of the same stem of several finished jobs, and the rest of their region.

A blend is a job as any other: its result is placed, listed, resumed and removed as a separation's is.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stembridge
from stembridge.bridge.finished import (
    Finished,
    check_files,
    load_all,
    region_file,
    same_region,
)  # fmt: skip
from stembridge.bridge.kinds import Task
from stembridge.engines.base import Recipe
from stembridge.jobs import disk, finishing
from stembridge.jobs.combining import BlendRequest
from stembridge.jobs.plan import PICTURE, REPORT, Plan
from stembridge.jobs.watch import Watch
from stembridge.model.errors import StoreError, UnknownNameError, UsageError
from stembridge.model.formats import Format, check_format, find_format
from stembridge.model.names import stem_file
from stembridge.model.regions import Region
from stembridge.model.results import Separation
from stembridge.model.states import State
from stembridge.model.stems import STEMS

REST = "rest"


@dataclass(frozen=True, slots=True)
class Order:
    """A checked order: the stem's id, a weight for each job, and the name of each file by its stem."""

    stem: str
    weights: Sequence[float]
    format: Format
    name: str
    files: dict[str, str]


def check(found: Sequence[Finished], request: BlendRequest) -> Order:
    """Hold a request against the jobs that it names; nothing is made.

    Raises
    ------
    UsageError
        When the jobs are not of the same region, or weights make no sense.
    UnknownNameError
        When one of them has no such stem, or there is no such method or format.
    InputError
        When the format can't hold the stem.
    StoreError
        When the place for the results can't be used, or has files of these names without ``overwrite``.
    TransferError
        When a stem was changed since.
    """
    from stembridge.audio.blend import Method

    same_region(found)
    if request.method not in set(Method):
        raise UnknownNameError("method", request.method, list(Method))
    chosen = _stem_id(found[0], request.stem)
    takes = [one.take(chosen).path for one in found]
    weights = _weights(request.weights, request.method, len(found))
    fmt = find_format(request.format)
    check_format(fmt, channels=found[0].shape.channels, rate=found[0].shape.rate)
    name = request.name or found[0].name
    files = {stem: stem_file(name, stem, fmt.extension) for stem in (chosen, REST)}
    if request.deliver_to is not None:
        names = [*files.values(), REPORT, PICTURE]
        _check_place(found, takes, Path(request.deliver_to), names, overwrite=request.overwrite)
    return Order(chosen, weights, fmt, name, files)


def carry_on(task: Task) -> None:
    """Blend the stem that a job asks for; write it, the rest, report.json, report.png and result.json.

    A worker that takes the job up again starts anew: that costs seconds, and the same comes of it.

    Raises
    ------
    StembridgeError
        What `check` says; ``source_changed`` when the region can't be read any more.
    Cancelled
        When the user wished it.
    """
    request, job = task.request, task.job
    assert isinstance(request, BlendRequest)  # noqa: S101 - the row's own condition
    clock = task.tools.clock
    watch = Watch(job, clock, task.log, task.interrupted)
    watch.stop_if_cancelled()
    finishing.take_back(job, request.deliver_to)
    found = load_all(task.tools, request.jobs)
    order = check(found, request)
    task.log.emit("state", state=State.PROCESSING.value)
    plan, report, picture = _blend(watch, found, request, order)
    watch.stop_if_cancelled()
    result = finishing.hand_over(job, request, plan, report, kind="blend", picture=picture)
    disk.write_json(job.result_file, result)


def _blend(
    watch: Watch, found: Sequence[Finished], request: BlendRequest, order: Order
) -> tuple[Plan, dict[str, Any], bool]:
    from stembridge.audio.blend import Blend, Method
    from stembridge.audio.ensemble import deliver
    from stembridge.report import document

    clock, job = watch.clock, watch.job
    started = clock.time(), clock.monotonic()
    disk.make_folder(job.stems_folder)
    rendered = region_file(found, job.folder, watch.frames("render"), watch.cancelled)
    stem, first = order.stem, found[0]
    label = STEMS[stem].label if stem in STEMS else str(first.stems()[stem]["label"])
    recipe = _recipe(found, stem, request.method, order.weights)
    facts = deliver(
        Blend(rendered, [one.take(stem) for one in found], Method(request.method), order.weights),
        (stem, label),
        fmt=order.format,
        files=order.files,
        folder=job.stems_folder,
        progress=watch.frames("blend"),
        cancelled=watch.cancelled,
    )
    container = {k: v for k, v in first.report["source"].items() if k not in {"path", "name"}}
    region = Region(**first.result["region"])
    details = {"blended": _blended(found, order.weights, request.method)}
    report = document.build(
        region=region,
        rendered=rendered,
        container=container,
        recipe=recipe,
        separation=Separation((), complete=False, details=details),
        facts=facts,
        format_name=order.format.name,
        versions={"stembridge": stembridge.__version__},
        started=_iso(started[0]),
        finished=_iso(clock.time()),
        phases={"blend": clock.monotonic() - started[1]},
    )
    disk.write_json(job.stems_folder / REPORT, report)
    picture = finishing.draw(watch, report, rendered)
    disk.remove(job.folder / "region.wav")  # where no job had kept its own
    plan = Plan(region, order.name, recipe, (stem, REST), "", container, first.result.get("source_offset"))
    return plan, report, picture


def _stem_id(one: Finished, name: str) -> str:
    """Find a stem by its id or its label."""
    wanted = name.strip().casefold()
    for stem, row in one.stems().items():
        if wanted in {stem.casefold(), str(row["label"]).casefold()}:
            return stem
    raise UnknownNameError(f"stem in job {one.job.id}", name.strip(), one.stems())


def _weights(given: Sequence[float], method: str, count: int) -> list[float]:
    if not given:
        return [1.0] * count
    if method != "average":
        raise UsageError(f"The method '{method}' takes no weights.", hint="Leave --weights out.")
    if len(given) != count:
        told = "1 weight" if len(given) == 1 else f"{len(given)} weights"
        raise UsageError(f"There are {count} jobs and {told}.", hint="Give one weight a job, as 1,2.")
    if not all(math.isfinite(weight) and weight >= 0 for weight in given) or not any(given):
        raise UsageError(
            "A weight is a number that isn't negative, and one of them is more than 0.",
            hint="Write how much each job counts, as 1,2.",
        )
    return list(given)


def _check_place(
    found: Sequence[Finished], takes: Sequence[Path], folder: Path, names: Sequence[str], *, overwrite: bool
) -> None:
    check_files(folder, names, overwrite=overwrite)
    read = [Path(str(found[0].result["region"]["source"])), *takes]
    there = [folder / name for name in names if (folder / name).exists()]
    inside = [one for one in found if folder in {one.job.folder, one.job.stems_folder}]
    if inside or any(path.exists() and path.samefile(target) for path in read for target in there):
        raise StoreError(
            "The blend would overwrite what it is made of.",
            code="output_is_input",
            hint="Choose another folder with --out.",
        )


def _recipe(found: Sequence[Finished], stem: str, method: str, weights: Sequence[float]) -> Recipe:
    options = {"jobs": ",".join(one.job.id for one in found)}
    if method == "average":
        options["weights"] = ",".join(f"{weight:g}" for weight in weights)
    models = [f"{one.report['model']['title']} ({one.report['engine']})" for one in found]
    title = f"{method} of {', '.join(models[:-1])} and {models[-1]}"
    return Recipe("blend", method, (stem, REST), options, f"blend-{method}-{options}", title=title)


def _blended(found: Sequence[Finished], weights: Sequence[float], method: str) -> list[dict[str, Any]]:
    return [
        {
            "job": one.job.id,
            "engine": one.report["engine"],
            "model": one.report["model"]["name"],
            **({"weight": weight} if method == "average" else {}),
        }
        for one, weight in zip(found, weights, strict=True)
    ]


def _iso(unix: float) -> str:
    return dt.datetime.fromtimestamp(unix, dt.UTC).isoformat(timespec="seconds")
