"""Whereabouts: where what belongs to a finished job is now, also when folders were moved since.

A result names its files by absolute paths: where they were written. The data folder may move, and so may
the user's project, with the folder of stems and often with the source in it. What is found by another path
has to be the same file: of the length and time that were written, or of the very levels that were measured.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from stembridge.jobs.plan import REPORT
from stembridge.jobs.reuse import unchanged
from stembridge.jobs.store import Job
from stembridge.model.errors import StembridgeError

WITH_STEMS = frozenset({"separate", "blend"})
"""Kinds of jobs whose results are files of stems."""
_ROUNDING = 0.011
"""Decibels by which a level may differ from the one in a report, which has two decimals."""


def stem(job: Job, row: Mapping[str, Any]) -> Path | None:
    """Give a stem's file: in the job's folder, else where it was delivered; None where neither is as written.

    Parameters
    ----------
    row
        Of the job's result.
    """
    kept = job.stems_folder / Path(row["file"]).name
    if unchanged(kept.parent, dict(row)):
        return kept
    delivered = row.get("delivered")
    return Path(delivered) if delivered and is_same(Path(delivered), row) else None


def is_same(path: Path, row: Mapping[str, Any]) -> bool:
    """Say whether a file is a copy of the one that a result's row tells of."""
    try:
        facts, stamp = path.stat(), row["stamp"]
        if facts.st_size != stamp["bytes"]:
            return False
        if facts.st_mtime_ns == stamp["mtime_ns"]:
            return True
    except (OSError, KeyError, TypeError):
        return False
    return intact(path, row)


def intact(path: Path, row: Mapping[str, Any]) -> bool:
    """Read a file, and say whether it holds what a report's row says: its shape and its levels."""
    from stembridge.audio.nulltest import decibels, measure_file

    if row.get("kind") == "text":
        return path.is_file()
    try:
        level = measure_file(path, lambda _frames: None)
    except StembridgeError:
        return False
    if (level.frames, level.rate, level.channels) != (row["frames"], row["rate"], row["channels"]):
        return False
    return _near(decibels(level.peak), row["peak_db"]) and _near(decibels(level.rms), row["rms_db"])


def _near(found: float | None, told: float | None) -> bool:
    if found is None or told is None:
        return found is told
    return math.isclose(found, told, abs_tol=_ROUNDING)


def moved(old: str, folder: Path) -> Iterator[Path]:
    """Give where a path could be now if something above it became ``folder``: the most of it first.

    A path of another system is understood, too. Only what exists is given.
    """
    parts = (PureWindowsPath(old) if "\\" in old else PurePosixPath(old)).parts
    for first in range(1, len(parts)):
        found = folder.joinpath(*parts[first:])
        if os.path.exists(found):  # noqa: PTH110 - what can't be a path here is no error
            yield found


def source(region: Mapping[str, Any], *folders: Path) -> Path:
    """Give where a region's source is now: as written, else moved to below one of the folders.

    A file that moved has to hold the region at its rate and with its channels. Where there is none, the path
    is given as it was written.
    """
    from stembridge.audio.files import inspect

    written = Path(region["source"])
    if written.exists():
        return written
    end = region["first_frame"] + region["frames"] - region.get("before", 0) - region.get("after", 0)
    for found in (one for folder in folders for one in moved(str(region["source"]), folder)):
        try:
            info = inspect(found)
        except StembridgeError:
            continue
        if (info.rate, info.channels) == (region["rate"], region["channels"]) and info.frames >= end:
            return found
    return written


def report(job: Job, result: Mapping[str, Any]) -> Path:
    """Give the job's report: in its folder, else where it was delivered."""
    kept, delivered = job.stems_folder / REPORT, result.get("delivered_to")
    if not kept.exists() and delivered and (Path(delivered) / REPORT).exists():
        return Path(delivered) / REPORT
    return kept


def at_hand(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
    """Give a result with its stems' files where they are now: in the job's folder, or where they went."""
    if result.get("kind") not in WITH_STEMS:
        return dict(result)
    rows = []
    for row in result["stems"]:
        kept = job.stems_folder / Path(row["file"]).name
        found = kept if kept.is_file() else stem(job, row)
        rows.append({**row, "file": str(found or kept)})
    return {**result, "stems": rows}


def words(job: Job, result: Mapping[str, Any]) -> str:
    """Say where the stems are; empty where the job has none."""
    rows = result["stems"] if result.get("kind") in WITH_STEMS else []
    if not rows:
        return ""
    delivered = result.get("delivered_to")
    if delivered and all(row.get("delivered") and is_same(Path(row["delivered"]), row) for row in rows):
        return f"The stems are in {delivered}"
    found = {path.parent for row in rows if (path := stem(job, row)) is not None}
    if len(found) == 1 and all(stem(job, row) is not None for row in rows):
        away = f" They are no longer as they were in {delivered}." if delivered else ""
        return f"The stems are in {found.pop()}{'.' if away else ''}{away}"
    return f"Some stems are no longer where they were written. {MOVED}"


MOVED = "If you moved the folder that they lie in, bring it in: `stembridge jobs adopt FOLDER`."
"""What to do about stems that are nowhere."""
