"""Blending: one stem made of the same stem of several finished jobs, and the rest of their region."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import stembridge
from stembridge.bridge.finished import Finished, check_files, region_file, same_region
from stembridge.bridge.session import Tools
from stembridge.engines.base import Recipe
from stembridge.jobs import disk
from stembridge.jobs.plan import PICTURE, REPORT
from stembridge.model.errors import StoreError, UnknownNameError, UsageError
from stembridge.model.formats import check_format, find_format
from stembridge.model.names import stem_file
from stembridge.model.regions import Region
from stembridge.model.results import Separation
from stembridge.model.stems import STEMS, colour

REST = "rest"


def blend(
    found: Sequence[Finished],
    stem: str,
    tools: Tools,
    folder: Path,
    *,
    method: str,
    weights: Sequence[float],
    format_name: str,
    overwrite: bool,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> dict[str, Any]:
    """Blend a stem of finished jobs of one region; write it, the rest, report.json and report.png.

    Parameters
    ----------
    stem
        Its id or label.
    folder
        Where to; made when it isn't there.
    method
        A word of `stembridge.audio.blend.Method`.
    weights
        For the average: one a job; empty: all alike.
    format_name
        A row of the table of formats.
    progress
        Told frames done and frames in all.
    cancelled
        Asked at every block.

    Returns
    -------
    dict
        What report.json holds.

    Raises
    ------
    UsageError
        When the jobs are not of the same region, or weights make no sense.
    UnknownNameError
        When one of them has no such stem, or there is no such method or format.
    InputError
        When the format can't hold the stem, or the region can't be read any more.
    StoreError
        When the files can't be written, or are there already without ``overwrite``.
    TransferError
        When a stem was changed since.
    Cancelled
        When ``cancelled`` said so.
    """
    from stembridge.audio.blend import Blend, Method
    from stembridge.audio.ensemble import deliver
    from stembridge.report import document, picture

    started = tools.clock.time(), tools.clock.monotonic()
    same_region(found)
    if method not in set(Method):
        raise UnknownNameError("method", method, list(Method))
    chosen = _stem_id(found[0], stem)
    takes = [one.take(chosen) for one in found]
    checked = _weights(weights, method, len(found))
    fmt = find_format(format_name)
    region = found[0].shape
    check_format(fmt, channels=region.channels, rate=region.rate)
    files = {name: stem_file(found[0].name, name, fmt.extension) for name in (chosen, REST)}
    _check_place(found, folder, [*files.values(), REPORT, PICTURE], overwrite=overwrite)

    disk.make_folder(tools.home)
    with tempfile.TemporaryDirectory(prefix="blend-", dir=tools.home) as work:
        rendered = region_file(found, Path(work))
        label = STEMS[chosen].label if chosen in STEMS else str(found[0].stems()[chosen]["label"])
        facts = deliver(
            Blend(rendered, takes, Method(method), checked),
            (chosen, label),
            fmt=fmt,
            files=files,
            folder=folder,
            progress=progress,
            cancelled=cancelled,
        )
        report = document.build(
            region=Region(**found[0].result["region"]),
            rendered=rendered,
            container={k: v for k, v in found[0].report["source"].items() if k not in {"path", "name"}},
            recipe=_recipe(found, chosen, method, checked),
            separation=Separation((), complete=False, details={"blended": _blended(found, checked, method)}),
            facts=facts,
            format_name=fmt.name,
            versions={"stembridge": stembridge.__version__},
            started=_iso(started[0]),
            finished=_iso(tools.clock.time()),
            phases={"blend": tools.clock.monotonic() - started[1]},
        )
        disk.write_json(folder / REPORT, report)
        shown = [(row["label"], colour(row["id"]), folder / row["file"]) for row in report["stems"]]
        part = folder / (PICTURE + disk.PART)
        try:
            with disk.mapped(folder / PICTURE):
                picture.draw(report, rendered, shown, part, cancelled=cancelled)
                part.replace(folder / PICTURE)
        finally:
            disk.remove(part)
    return report


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


def _check_place(found: Sequence[Finished], folder: Path, names: Sequence[str], *, overwrite: bool) -> None:
    check_files(folder, names, overwrite=overwrite)
    source = Path(str(found[0].result["region"]["source"]))
    inside = [one for one in found if folder in {one.job.folder, one.job.stems_folder}]
    same = any((folder / n).exists() and source.exists() and source.samefile(folder / n) for n in names)
    if inside or same:
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
