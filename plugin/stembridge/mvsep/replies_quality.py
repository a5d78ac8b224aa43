"""Replies of the Quality Checker: entries, the leaderboard, what was added or deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stembridge.mvsep.shapes import ShapeError, flag, integer, needed, number, obj, rows, text
from stembridge.mvsep.words import words

DATASETS: Mapping[int, str] = {
    0: "Synth",
    1: "Multi",
    2: "Piano",
    3: "Lead/Back Vocals",
    4: "Guitar",
    5: "Medley Vox",
    6: "Strings",
    7: "Wind",
    8: "DNR v3 Test",
    9: "Super Resolution Checker for Music",
    10: "Drums Separation (5 stems)",
    11: "Male/Female vocals separation",
}
"""The leaderboards, by ``dataset_type``."""

_FIGURE = re.compile(r"[+-]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class QualityEntry:
    """An algorithm's result on a data set.

    Attributes
    ----------
    processed
        False while it waits.
    msg
        "OK", or what went wrong.
    metrics
        As the service wrote them: plain JSON values.
    sdr
        Every ``sdr_*`` field without its prefix, in dB; None where it isn't a number.
    """

    id: int
    dataset_type: int | None
    dataset_name: str
    date: str
    algo_name: str
    main_text: str
    processed: bool
    proc_remote_date: str
    msg: str
    metrics: object = field(default=None, repr=False)
    sdr: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A page of a leaderboard; ``sortables`` are the keys it can be sorted by, ``sort`` the one used."""

    entries: tuple[QualityEntry, ...]
    dataset_type: int | None
    sortables: tuple[str, ...]
    sort: str


@dataclass(frozen=True, slots=True)
class QualityAdded:
    """A new entry."""

    id: int
    link: str


def parse_quality_queue(value: object) -> tuple[QualityEntry, ...]:
    """Read the entries of the queue, newest first."""
    return tuple(_entry(row) for row in rows(value, "queue"))


def parse_quality_entry(value: object) -> QualityEntry:
    """Read one entry: bare, under ``data``, or as an array of one."""
    if isinstance(value, dict) and isinstance(value.get("data"), dict | list) and "algo_name" not in value:
        value = value["data"]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    row = obj(value, "entry")
    return _entry(row)


def parse_leaderboard(value: object) -> Leaderboard:
    """Read a page of a leaderboard."""
    whole = obj(value, "")
    if "data" not in whole:
        raise ShapeError("data")
    return Leaderboard(
        entries=tuple(_entry(row) for row in rows(whole["data"], "data")),
        dataset_type=integer(whole.get("dataset_type"), "dataset_type"),
        sortables=_keys(whole.get("sortables")),
        sort=text(whole.get("sort"), "sort"),
    )


def parse_quality_added(value: object) -> QualityAdded:
    """Read the reply to a new entry."""
    whole = obj(value, "")
    data = obj(whole.get("data"), "data")
    number_of = integer(data.get("id"), "data.id")
    if number_of is None:
        raise ShapeError("data.id")
    return QualityAdded(number_of, text(data.get("link"), "data.link"))


def parse_quality_deleted(value: object) -> str:
    """Read the reply to a deletion: the service's sentence."""
    whole = obj(value, "")
    if not flag(whole.get("success"), "success"):
        raise ShapeError("success")
    return words(whole)


def _keys(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):
        value = list(value.values()) if all(key.isdigit() for key in value) else list(value)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ShapeError("sortables")
    return tuple(needed(item, "sortables[]") for item in value)


def _entry(row: Mapping[str, object]) -> QualityEntry:
    number_of = integer(row.get("id"), "id")
    if number_of is None:
        raise ShapeError("id")
    return QualityEntry(
        id=number_of,
        dataset_type=integer(row.get("dataset_type"), "dataset_type"),
        dataset_name=text(row.get("dataset_name"), "dataset_name"),
        date=text(row.get("date"), "date"),
        algo_name=text(row.get("algo_name"), "algo_name"),
        main_text=text(row.get("main_text"), "main_text"),
        processed=bool(flag(row.get("proc"), "proc")),
        proc_remote_date=text(row.get("proc_remote_date"), "proc_remote_date"),
        msg=text(row.get("msg"), "msg"),
        metrics=_metrics(row.get("metrics")),
        sdr={name[4:]: _figure(value) for name, value in row.items() if name.startswith("sdr_")},
    )


def _metrics(value: object) -> object:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _figure(value: object) -> float | None:
    # An entry that failed has texts or nulls here; that is no reason to lose the others.
    if isinstance(value, str):
        return float(value) if _FIGURE.fullmatch(value.strip()) and len(value) < 40 else None
    try:
        return number(value, "sdr")
    except ShapeError:
        return None
