"""What a service's answer is held against: the region, or the service's own copy of the input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stembridge.audio import render
from stembridge.audio.files import inspect
from stembridge.audio.render import RegionFile
from stembridge.jobs import disk, plan
from stembridge.jobs.plan import Plan
from stembridge.jobs.work import Work
from stembridge.model import regions
from stembridge.model.results import Separation


def settle(
    one: Work, planned: Plan, rendered: RegionFile | None, answer: Separation
) -> tuple[Plan, RegionFile | None, Separation]:
    """Give a remote answer its region, and its files their roles, by measurement.

    An order without a region of ours (a link, an adopted result) takes the service's copy of the
    input for one. Doing it again gives the same.
    """
    from stembridge.audio import sets

    copy = answer.details.get("input")
    if rendered is None and copy:
        planned, rendered = _region_of_copy(one, planned, one.job.answer_folder / Path(str(copy)).name)
    if rendered is None:
        return planned, None, replace(answer, complete=False, complement=None)
    verdict = sets.classify(
        rendered,
        one.job.answer_folder,
        answer.files,
        gain_exponent=answer.gain_exponent,
        cancelled=one.cancelled,
    )
    settled = replace(
        answer,
        files=verdict.files,
        complete=verdict.complete,
        complement=verdict.complement,
        notes=(*answer.notes, *verdict.notes),
        details={**answer.details, "sums": verdict.evidence},
    )
    return planned, rendered, settled


def _region_of_copy(one: Work, planned: Plan, copy: Path) -> tuple[Plan, RegionFile]:
    info = inspect(copy)
    region = regions.select(str(copy), total_frames=info.frames, rate=info.rate, channels=info.channels)
    rendered = render.render(region, one.job.folder, one.frames("render"), one.cancelled)
    planned = replace(planned, region=region, container=plan.container_of(info))
    document = {"plan": planned.to_dict(), "rendered": plan.region_file_to_dict(rendered)}
    disk.write_json(one.job.region_json, document)
    return planned, rendered
