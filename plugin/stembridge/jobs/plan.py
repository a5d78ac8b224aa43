"""From a request to a checked order: which region, which model, which stems, and where they go.

Everything that can be refused without touching a sample is refused here, before a job costs time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from stembridge.audio.files import SourceInfo, inspect
from stembridge.audio.render import RegionFile
from stembridge.engines.base import Engine, Recipe, is_remote
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job
from stembridge.model import formats, names, regions, stems
from stembridge.model.errors import InputError, StoreError, UsageError
from stembridge.model.regions import Region

REPORT = "report.json"
PICTURE = "report.png"
MOST_SILENCE = 16_384
"""So many frames a host may read of a compressed file before or behind what we read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked order.

    Attributes
    ----------
    region
        What is separated; None where no audio of the user's is sent: a link, or a model without input.
    name
        What its source is called in file names.
    recipe
        The model with all its options.
    stems
        The stems to write, in the model's order.
    source_key
        Text that names these samples and no others: path, size, time and span of the file, or the
        hash of what the host rendered (then empty until it is rendered).
    container
        What kind of file the source is, for the report.
    source_offset
        Frames by which the host's count of a compressed source was corrected; None where it wasn't
        compared.
    """

    region: Region | None
    name: str
    recipe: Recipe
    stems: tuple[str, ...]
    source_key: str
    container: Mapping[str, Any]
    source_offset: int | None = None

    def answer_key(self, source_key: str = "") -> str:
        """Name the engine's answer to this order."""
        sent = self.recipe.service.get("format", "auto")
        return _digest(
            "answer", source_key or self.source_key, self.recipe.engine, self.recipe.identity, sent
        )

    def result_key(self, request: SeparateRequest, source_key: str = "") -> str:
        """Name the finished stems of this order."""
        return _digest(
            "result",
            self.answer_key(source_key),
            list(self.stems),
            request.rest,
            request.residual,
            request.format,
        )

    def file_name(self, stem: str, request: SeparateRequest) -> str:
        """Give the file name of a stem."""
        return names.stem_file(self.name, stem, formats.find_format(request.format).extension)

    def files(self, request: SeparateRequest) -> list[str]:
        """Give the names of the files that are known to come; a service may give more."""
        wanted = [*self.stems, *(["rest"] * request.rest), *(["residual"] * request.residual)]
        return [self.file_name(stem, request) for stem in wanted]

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "region": None if self.region is None else asdict(self.region),
            "name": self.name,
            "recipe": {
                **asdict(self.recipe),
                "options": dict(self.recipe.options),
                "service": dict(self.recipe.service),
            },
            "stems": list(self.stems),
            "source_key": self.source_key,
            "container": dict(self.container),
            "source_offset": self.source_offset,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Read what `to_dict` gave."""
        recipe = {**data["recipe"], "stems": tuple(data["recipe"]["stems"])}
        return cls(
            region=None if data["region"] is None else Region(**data["region"]),
            name=data["name"],
            recipe=Recipe(**recipe),
            stems=tuple(data["stems"]),
            source_key=data["source_key"],
            container=data["container"],
            source_offset=data.get("source_offset"),
        )


def region_file_to_dict(rendered: RegionFile) -> dict[str, Any]:
    """Give plain JSON values; the path is always the job's own region.wav."""
    return {name: getattr(rendered, name) for name in RegionFile.__slots__ if name != "path"}


def region_file_from_dict(path: Path, data: Mapping[str, Any]) -> RegionFile:
    """Read what `region_file_to_dict` gave."""
    return RegionFile(path=path, **data)


def check(request: SeparateRequest, engine: Engine, job: Job | None = None) -> Plan:
    """Check a request against its source, the engine, the format and the place for the results.

    Parameters
    ----------
    job
        The job, where there is one already; needed for a region that the host rendered.

    Raises
    ------
    StembridgeError
        Of the fitting class, before anything was made.
    """
    fmt = formats.find_format(request.format)
    region, container, source_key, offset = locate(request, engine, job)
    if region is not None:
        formats.check_format(fmt, channels=region.channels, rate=region.rate)
    recipe = engine.resolve(request.model, request.options)
    link = request.source.url if request.source else None
    extras = {} if link is None else {"url": link, "remote_type": _remote_type(request)}
    recipe = replace(recipe, service={**request.service, **extras})
    _check_input(request, engine, recipe)
    if request.service and not is_remote(engine):
        raise UsageError(
            f"The engine '{engine.name}' is no service: it takes no format, no demo page and no mirror.",
            hint="Leave these options out, or choose --engine mvsep.",
        )
    chosen = stems.choose(request.stems, recipe.stems)
    name = request.name or (recipe.model if region is None else Path(region.source).stem)
    plan = Plan(region, name, recipe, chosen, source_key, container, offset)
    if request.deliver_to is not None:
        check_place(Path(request.deliver_to), plan, request, job)
    return plan


def _remote_type(request: SeparateRequest) -> str:
    return (request.source and request.source.remote_type) or "direct"


def _check_input(request: SeparateRequest, engine: Engine, recipe: Recipe) -> None:
    """Hold the input against what the model takes."""
    takes = all(model.upload for model in engine.models() if model.id == recipe.model)
    given = request.source is not None or request.input
    if takes and not given:
        raise UsageError("There is nothing to separate.", hint="Give an audio file.")
    if given and not takes:
        raise UsageError(
            "This model makes audio from words and takes no input.", hint="Leave the audio file out."
        )


def locate(
    request: SeparateRequest, engine: Engine, job: Job | None
) -> tuple[Region | None, dict[str, Any], str, int | None]:
    """Find the region in its file; give it with the kind of file, the key of its samples and the offset.

    The offset is `Plan.source_offset`. None for the region where the service fetches a link, or nothing is
    sent at all.
    """
    if request.source is not None and request.source.url is not None:
        if not is_remote(engine):
            raise UsageError(
                f"The engine '{engine.name}' separates files, not links.",
                hint="Download the audio and give the file, or choose --engine mvsep.",
            )
        return None, {"name": request.name}, "", None
    if request.source is None and not request.input:
        return None, {"name": request.name}, "", None
    if request.source is None:
        if job is None:
            raise UsageError("A region that a host rendered needs its job folder.")
        path, first, frames, rate, channels = job.input_file, 0, None, None, None
    else:
        path = Path(request.source.path)
        if not path.is_absolute():
            raise UsageError(
                "The source must be an absolute path.", hint="Give the whole path of the audio file."
            )
        first, frames = request.source.first_frame, request.source.frames
        rate, channels = request.source.rate, request.source.channels
    info = inspect(path)
    if (rate or info.rate) != info.rate or (channels or info.channels) != info.channels:
        raise InputError(
            f"'{path.name}' has {info.channels} channels at {info.rate} Hz, the host expects "
            f"{channels or info.channels} at {rate or info.rate} Hz.",
            code="source_changed",
            hint="Let the host read the file again, or separate the item as it is heard.",
        )
    offset = _agree(request, info, job)
    region = _select(info, first + (offset or 0), frames, padded=offset is not None)
    facts = path.stat()
    container = container_of(info)
    key = ""
    if request.source is not None:
        silence = (region.before, region.after) if region.before or region.after else ()
        span = (region.first_frame, region.frames, *silence)
        key = _digest("file", str(path), facts.st_size, facts.st_mtime_ns, *span)
    return region, container, key, offset


def _agree(request: SeparateRequest, info: SourceInfo, job: Job | None) -> int | None:
    """Hold a compressed source against what the host reads from it, where the host sent some of that."""
    if request.check is None:
        return None
    if job is None:
        raise UsageError("A source that is to be compared with the host's reading needs its job folder.")
    from stembridge.audio.agreement import find_offset

    return find_offset(info, job.check_file, request.check)


def _select(info: SourceInfo, first: int, frames: int | None, *, padded: bool) -> Region:
    """Make the region; a host that reads more of a compressed file than we do gets silence there."""
    before = after = 0
    if padded and frames is not None:
        before = max(0, -first)
        after = max(0, first + frames - info.frames)
        if before > MOST_SILENCE or after > MOST_SILENCE or before + after >= frames:
            before = after = 0
    region = regions.select(
        str(info.path),
        total_frames=info.frames,
        rate=info.rate,
        channels=info.channels,
        first_frame=first + before,
        frames=None if frames is None else frames - before - after,
    )
    return replace(region, frames=region.frames + before + after, before=before, after=after)


def container_of(info: SourceInfo) -> dict[str, Any]:
    """Give what the report says of a source file."""
    return {
        "container": info.container,
        "codec": info.codec,
        "lossy": info.lossy,
        "reader": info.reader,
        "note": info.note,
    }


def check_place(folder: Path, plan: Plan, request: SeparateRequest, job: Job | None) -> None:
    """Refuse a place for the results that can't be used, or where something would be overwritten.

    Nothing is made: a job that fails later leaves no empty folder behind.
    """
    if not check_folder(folder):
        return
    source = None if plan.region is None else Path(plan.region.source)
    for name in [*plan.files(request), REPORT, PICTURE]:
        target = folder / name
        if not target.exists():
            continue
        if source is not None and source.exists() and target.samefile(source):
            raise StoreError(
                f"The result '{name}' would overwrite its own source.",
                code="output_is_input",
                hint="Choose another folder with --out.",
            )
        ours = job is not None and (job.stems_folder / name).exists()
        if not request.overwrite and not ours:
            raise StoreError(
                f"'{name}' is in '{folder}' already.",
                code="output_exists",
                hint="Choose another folder with --out, or allow it with --overwrite.",
            )


def check_folder(folder: Path) -> bool:
    """Refuse a folder that can't be made or written to, without making it; True when it is there already."""
    if not folder.is_absolute():
        raise UsageError("The folder for the results must be an absolute path.", hint="Give the whole path.")
    existing = folder
    while not os.path.lexists(existing) and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise StoreError(
            f"'{existing}' is not a folder.",
            code="output_readonly",
            hint="Choose another folder with --out.",
            context={"path": str(existing)},
        )
    if not os.access(existing, os.W_OK):
        raise StoreError(
            f"'{existing}' can't be written to.",
            code="output_readonly",
            hint="Choose a folder of your own with --out.",
            context={"path": str(existing)},
        )
    return existing == folder


def _digest(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
