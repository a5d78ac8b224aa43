"""Separations of one region side by side, as a document and in words.

Levels are in dBFS, differences of levels in dB; None (``null``) where a level means digital silence.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stembridge.audio.likeness import Likeness
from stembridge.engines.base import Quote
from stembridge.model.stems import STEMS, colour
from stembridge.report.document import clock, sum_sentence

COMPARISON = 1
"""Version of the document; it changes when a key changes its meaning or goes away."""
MOST = len(string.ascii_uppercase)
"""So many separations have a letter."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the separations.

    Attributes
    ----------
    job
        Its id.
    report
        Its report.json.
    stems
        Its rows of result.json by stem id.
    seconds
        What it took from order to stems.
    cost
        What the order cost; an amount of None, and None, where that isn't known.
    """

    job: str
    report: Mapping[str, Any]
    stems: Mapping[str, Mapping[str, Any]]
    seconds: float
    cost: Quote | None


def shared(sides: Sequence[Side]) -> list[str]:
    """Give the ids of the stems that at least two of them have, in the order in which they first come."""
    ids = dict.fromkeys(stem for side in sides for stem in side.stems)
    return [stem for stem in ids if sum(stem in side.stems for side in sides) > 1]


def build(
    sides: Sequence[Side], measured: Mapping[str, Likeness], *, name: str, version: str
) -> dict[str, Any]:
    """Put together the document.

    Parameters
    ----------
    sides
        All of the same region; they get the letters A, B, ... in this order.
    measured
        For every stem of `shared`, in its order: the takes of those that have it, in theirs.
    name
        What the source is called in front of people.
    version
        Stembridge's.
    """
    marks = string.ascii_uppercase[: len(sides)]
    report = sides[0].report
    document: dict[str, Any] = {
        "compare": COMPARISON,
        "stembridge": version,
        "source": {**report["source"], "name": name},
        "region": dict(report["region"]),
        "jobs": [_job(mark, side) for mark, side in zip(marks, sides, strict=True)],
        "stems": [],
    }
    for stem, found in measured.items():
        having = [(mark, side) for mark, side in zip(marks, sides, strict=True) if stem in side.stems]
        document["stems"].append(_stem(stem, having, found))
    document["sentences"] = sentences(document)
    return document


def _job(mark: str, side: Side) -> dict[str, Any]:
    report, model = side.report, side.report["model"]
    cost = side.cost
    return {
        "mark": mark,
        "job": side.job,
        "engine": report["engine"],
        "model": model["name"],
        "title": model["title"],
        "options": dict(report["options"]),
        "seconds": side.seconds,
        "phases": dict(report["seconds"]),
        "cost": None if cost is None else {"amount": cost.amount, "unit": cost.unit},
        "reused_from": report["reused_from"],
        "format": report["format"],
        "stems": list(side.stems),
        "complete": report["complete"],
        "summed": list(report["summed"]),
        "residual_db": report["residual_db"],
        "residual_peak_db": report["residual_peak_db"],
        "sum": sum_sentence(report),
    }


def _stem(stem: str, having: Sequence[tuple[str, Side]], found: Likeness) -> dict[str, Any]:
    marks = [mark for mark, _ in having]
    label = STEMS[stem].label if stem in STEMS else str(having[0][1].stems[stem]["label"])
    return {
        "id": stem,
        "label": label,
        "colour": colour(stem),
        "takes": [
            {
                "mark": mark,
                "file": side.stems[stem]["file"],
                "peak_db": _level(found.peaks[place]),
                "rms_db": _level(found.rms[place]),
                "bands_db": [_level(float(band)) for band in found.bands[place]],
            }
            for place, (mark, side) in enumerate(having)
        ],
        "hertz": [round(float(hertz), 2) for hertz in found.hertz],
        "pairs": [
            {
                "marks": [marks[pair.one], marks[pair.other]],
                "correlation": None if pair.correlation is None else round(pair.correlation, 6),
                "louder_db": _ratio(found.rms[pair.other], found.rms[pair.one]),
                "difference_db": _level(pair.difference),
                "below_db": _ratio(max(found.rms[pair.one], found.rms[pair.other]), pair.difference),
            }
            for pair in found.pairs
        ],
    }


def sentences(document: Mapping[str, Any]) -> list[str]:
    """Say what the document says in plain sentences, the most important first."""
    jobs, region = document["jobs"], document["region"]
    said = [
        f"Compared {len(jobs)} separations of '{document['source']['name']}', "
        f"{clock(region['start'], 3)} to {clock(region['end'], 3)}: "
        + ", ".join(f"{job['mark']} is {title(job, jobs)}" for job in jobs)
        + "."
    ]
    said += [
        f"{stem['label']}, {pair['marks'][0]} and {pair['marks'][1]}: {pair_words(pair)}."
        for stem in document["stems"]
        for pair in stem["pairs"]
    ]
    said += [f"{job['mark']} {job_words(job)}." for job in jobs]
    for job in jobs:
        alone = [
            s for s in job["stems"] if not any(s in other["stems"] for other in jobs if other is not job)
        ]
        if alone:
            said.append(f"Only {job['mark']} has {', '.join(alone)}.")
    return said


def title(job: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> str:
    """Name a separation in words; the options are told where they are all that differs."""
    name = f"{job['title']} ({job['engine']})"
    same = [other for other in jobs if (other["title"], other["engine"]) == (job["title"], job["engine"])]
    told = [
        f"{key}={value}"
        for key, value in job["options"].items()
        if any(other["options"].get(key) != value for other in same)
    ]
    return f"{name}, {', '.join(told)}" if told else name


def pair_words(pair: Mapping[str, Any]) -> str:
    """Say how two takes of a stem compare."""
    one, other = pair["marks"]
    if pair["difference_db"] is None:
        return "alike to the last sample"
    if pair["correlation"] is None:
        return f"one of them is digital silence, so they differ by {pair['difference_db']:.1f} dBFS"
    louder = pair["louder_db"]
    if abs(louder) < 0.05:
        level = "equally loud"
    else:
        level = f"{other if louder > 0 else one} is {abs(louder):.1f} dB louder"
    return f"correlation {pair['correlation']:.3f}, {level}, they differ by {pair['difference_db']:.1f} dBFS"


def job_words(job: Mapping[str, Any]) -> str:
    """Say what a separation took, and what it left of the region."""
    parts = [f"took {job['seconds']:.1f} s"]
    if job["reused_from"]:
        parts[0] += " when it was first made"
    cost = cost_words(job["cost"])
    if cost:
        parts.append(cost)
    parts.append(residual_words(job))
    return ", ".join(parts)


def cost_words(cost: Mapping[str, Any] | None) -> str:
    """Say what was paid; "" where nobody knows."""
    if cost is None or cost["amount"] is None:
        return ""
    if cost["amount"] == 0:
        return "cost nothing"
    unit = str(cost["unit"])
    return f"cost {cost['amount']} {unit.removesuffix('s') if cost['amount'] == 1 else unit}"


def residual_words(job: Mapping[str, Any]) -> str:
    """Say what its stems leave of the region."""
    if not job["summed"]:
        return "its stems aren't meant to add up"
    if job["residual_db"] is None:
        return "its stems add up exactly"
    return f"residual {job['residual_db']:.0f} dBFS"


def _level(linear: float) -> float | None:
    return round(20 * math.log10(linear), 2) if linear > 0 else None


def _ratio(one: float, other: float) -> float | None:
    return round(20 * math.log10(one / other), 2) if one > 0 and other > 0 else None
