"""The report as a document: everything that is known about a finished job, as plain JSON values.

Levels are in dBFS (0 = full scale). A level of None (``null``) means digital silence: every sample is
zero. Times for people are in seconds; what programs need is in frames.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Recipe
from stembridge.model.formats import FORMATS
from stembridge.model.regions import Region
from stembridge.model.results import Offset, Separation, SetFacts, StemFacts
from stembridge.model.stems import ResultKind, Role

REPORT = 1
"""Version of the document; it changes when a key changes its meaning or goes away."""


def build(
    *,
    region: Region | None,
    rendered: RegionFile | None,
    container: Mapping[str, Any],
    recipe: Recipe,
    separation: Separation,
    facts: SetFacts,
    format_name: str,
    versions: Mapping[str, str],
    started: str,
    finished: str,
    phases: Mapping[str, float],
    reused_from: str | None = None,
) -> dict[str, Any]:
    """Put together the document of a finished job.

    Parameters
    ----------
    region, rendered
        What was separated, and the file that it was rendered to; None where the service fetched its
        input itself, or made audio of a prompt. ``region`` is None in the document then, and so are the
        source's path and name, unless ``container`` gives a name.
    container
        Plain facts on the input file: container, codec, whether it is lossy.
    recipe, separation, facts
        What was asked of the engine, what it answered, what became of it.
    format_name
        Row of the table of formats that the stems were written in.
    versions
        Versions that matter, by name; ``stembridge`` among them.
    started, finished
        ISO 8601 times.
    phases
        Seconds that each phase took, in order.
    reused_from
        Id of the earlier job that this one was answered from, None when it was worked out anew.

    Returns
    -------
    dict
        Plain JSON values, no NaN and no infinity among them.
    """
    document = {
        "report": REPORT,
        "stembridge": versions["stembridge"],
        "versions": dict(versions),
        "started": started,
        "finished": finished,
        "seconds": {phase: round(spent, 3) for phase, spent in phases.items()},
        "reused_from": reused_from,
        "source": {
            "path": None if region is None else region.source,
            "name": None if region is None else Path(region.source).name,
            **container,
        },
        "region": None if region is None or rendered is None else _region(region, rendered),
        "engine": recipe.engine,
        "model": {
            "name": recipe.model,
            "title": recipe.title or recipe.model,
            "automatic": recipe.automatic,
            "why": recipe.why,
            "identity": recipe.identity,
        },
        "options": dict(recipe.options),
        "details": separation.details,
        "complete": separation.complete,
        "complement": separation.complement,
        "gain_exponent": separation.gain_exponent,
        "format": format_name,
        "gain_db": round(facts.gain_db, 6),
        "stems": [_stem(stem) for stem in facts.stems],
        "summed": list(facts.summed),
        "residual_db": _rounded(facts.residual_db),
        "residual_peak_db": _rounded(facts.residual_peak_db),
        "notes": list(dict.fromkeys((*separation.notes, *facts.notes))),
    }
    plain = _plain(document)
    assert isinstance(plain, dict)  # noqa: S101 - a mapping went in
    return plain


def sentences(document: Mapping[str, Any]) -> list[str]:
    """Say what the document says in a few plain sentences, the most important first."""
    stems = document["stems"]
    said = [_opening(document), sum_sentence(document), *level_sentences(document)]
    said.extend(_offset_sentences(stems))
    if document["region"] is not None and document["region"]["silent"]:
        said.append("The region is digital silence, and so is every stem.")
    gain = document["gain_db"]
    if gain:
        turned = "down" if gain < 0 else "up"
        said.append(
            f"All stems were turned {turned} together by {abs(gain):.1f} dB, so that none of them clips."
        )
    is_float = document["format"] in FORMATS and FORMATS[document["format"]].is_float
    over = [s for s in stems if s["peak_db"] is not None and s["peak_db"] > 0]
    if over and is_float:
        loudest = max(stem["peak_db"] for stem in over)
        said.append(
            f"{_names(over)} {_verb(over, 'peaks', 'peak')} above full scale (up to +{loudest:.1f} dBFS): "
            f"float files keep that, so turn {_verb(over, 'it', 'them')} down before exporting."
        )
    for stem in stems:
        runs = stem["full_scale_runs"]
        if runs:
            places = "1 place" if runs == 1 else f"{runs} places"
            said.append(f"{stem['label']} sits at full scale in {places}: it may have arrived clipped.")
    said.append(document["source"].get("note") or "")
    said.extend(document["notes"])
    return [sentence for sentence in dict.fromkeys(said) if sentence]


def sum_sentence(document: Mapping[str, Any]) -> str:
    """Say in words how well the stems add up to the region; "" when nothing was added up."""
    if document["region"] is None:
        return ""
    stems = [s for s in document["stems"] if counts(document, s)]
    if not stems:
        placed = any(s["kind"] == ResultKind.STEM.value for s in document["stems"])
        told = placed and not document["complete"]
        return "These stems are not meant to add up to the region." if told else ""
    who = _names(stems)
    add = _verb(stems, "is", "add up to")
    residual = document["residual_db"]
    if residual is None:
        return f"{who} {add} the region exactly, to the last sample."
    if residual <= NOTHING_LEFT_DB:
        return f"{who} {add} the region within {residual:.0f} dB."
    if document["format"] in FORMATS and not FORMATS[document["format"]].lossless:
        cause = f"; {document['format']} files don't keep the exact samples"
    else:
        cause = ""
    return f"{who} {add} the region but for a residual of {residual:.0f} dBFS{cause}."


def level_sentences(document: Mapping[str, Any]) -> list[str]:
    """Say of every level of a chain how well what it gave adds up to what it got; none for another job."""
    return [_level(level) for level in document.get("levels", ())]


def _level(level: Mapping[str, Any]) -> str:
    what = level["title"] if level["of"] else "The region"
    labels = [str(label) for label in level["labels"]]
    names = f"{', '.join(labels[:-1])} and {labels[-1]}" if len(labels) > 1 else "".join(labels)
    head = f"{what} (with {level['model']}): {names}"
    residual = level["residual_db"]
    if not level["complete"]:
        left = "nothing" if residual is None else f"a residual of {residual:.0f} dBFS"
        return f"{head} are not meant to add up to it, and leave {left}."
    add = "is it" if len(labels) == 1 else "add up to it"
    if residual is None:
        return f"{head} {add} exactly, to the last sample."
    if residual <= NOTHING_LEFT_DB:
        return f"{head} {add} within {residual:.0f} dB."
    return f"{head} {add} but for a residual of {residual:.0f} dBFS."


def counts(document: Mapping[str, Any], stem: Mapping[str, Any]) -> bool:
    """Say whether a stem of the document is one of those that were added up.

    An id alone doesn't tell: another estimate of a stem may have the same.
    """
    return stem["id"] in document["summed"] and stem["role"] in {Role.ADDITIVE.value, Role.REST.value}


NOTHING_LEFT_DB = -80.0
"""At or below this the residual (dBFS) is called nothing: it lies under the noise of a 16-bit file."""


def channel_words(channels: int) -> str:
    """Name a channel count: mono, stereo, 6 channels."""
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")


def clock(seconds: float, digits: int = 0) -> str:
    """Write a time as ``m:ss``, from one hour on ``h:mm:ss``, with so many decimals."""
    units = round(seconds * 10**digits)
    whole, part = divmod(units, 10**digits)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{part:0{digits}d}" if digits else text


def _region(region: Region, rendered: RegionFile) -> dict[str, Any]:
    return {
        "first_frame": region.first_frame,
        "frames": region.frames,
        "rate": region.rate,
        "channels": region.channels,
        "start": round(region.first_frame / region.rate, 6),
        "end": round(region.end_frame / region.rate, 6),
        "peak_db": _decibels(rendered.peak),
        "rms_db": _decibels(rendered.rms),
        "silent": rendered.silent,
        "sha256": rendered.sha256,
    }


def _stem(stem: StemFacts) -> dict[str, Any]:
    return {
        "id": stem.stem,
        "label": stem.label,
        "file": stem.file,
        "role": stem.role.value,
        "kind": stem.kind.value,
        "frames": stem.frames,
        "rate": stem.rate,
        "channels": stem.channels,
        "peak_db": _rounded(stem.peak_db),
        "rms_db": _rounded(stem.rms_db),
        "offset": _offset(stem.offset),
        "full_scale_runs": stem.full_scale_runs,
    }


def _offset(offset: Offset) -> dict[str, Any]:
    return {
        "frames": offset.frames,
        "verified": offset.verified,
        "measured": None if offset.measured is None else round(offset.measured, 3),
        "polarity": offset.polarity,
        "note": offset.note,
    }


def _opening(document: Mapping[str, Any]) -> str:
    region, model, stems = document["region"], document["model"], document["stems"]
    name = document["source"]["name"]
    whence = f" from '{name}'" if name else ""
    if region is not None:
        whence += f", {clock(region['start'], 3)} to {clock(region['end'], 3)}"
    things = "stem" if all(s["kind"] == ResultKind.STEM.value for s in stems) else "file"
    chosen = " (chosen automatically)" if model["automatic"] else ""
    earlier = f", answered from job {document['reused_from']}" if document["reused_from"] else ""
    is_chain = "levels" in document
    who = (
        f"the chain {model['title']}"
        if is_chain
        else f"the engine {document['engine']}, model {model['title']}"
    )
    count = f"1 {things}" if len(stems) == 1 else f"{len(stems)} {things}s"
    return f"Made {count} ({_names(stems)}){whence}{',' if whence else ''} with {who}{chosen}{earlier}."


def _offset_sentences(stems: Sequence[Mapping[str, Any]]) -> list[str]:
    placed = [s for s in stems if s["kind"] == ResultKind.STEM.value]
    plain = [s for s in placed if s["offset"]["verified"] and s["offset"]["frames"] == 0]
    said = []
    if placed and len(plain) == len(placed):
        what = "The stem starts" if len(placed) == 1 else "All stems start"
        said.append(
            f"{what} on the region's first sample (offset 0) and {_verb(placed, 'has', 'have')} its length."
        )
    for stem in placed:
        offset, label = stem["offset"], stem["label"]
        if offset["frames"]:
            by = abs(offset["frames"])
            frames = "1 frame" if by == 1 else f"{by} frames"
            when = "late" if offset["frames"] > 0 else "early"
            said.append(f"{label} came {frames} {when} and was put back in its place.")
        if not offset["verified"] and not offset["note"]:
            said.append(f"There was too little in {label} to check its place; it was left where it came.")
        if offset["polarity"] < 0:
            said.append(f"{label} is upside down (its polarity is inverted); it was left so.")
        if offset["note"] and not offset["verified"]:
            said.append(f"{label}: {offset['note']}")
    return said


def _names(stems: Sequence[Mapping[str, Any]]) -> str:
    labels = [str(stem["label"]) for stem in stems]
    if len(labels) < 2:
        return "".join(labels) or "nothing"
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def _verb(stems: Sequence[Mapping[str, Any]], one: str, many: str) -> str:
    return one if len(stems) == 1 else many


def _decibels(linear: float) -> float | None:
    return _rounded(20 * math.log10(linear)) if linear > 0 else None


def _rounded(level: float | None) -> float | None:
    return None if level is None or not math.isfinite(level) else round(level, 2)


def _plain(value: Any) -> Any:
    """Turn mappings, sequences and numpy's numbers into what JSON knows; what is no number into None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
