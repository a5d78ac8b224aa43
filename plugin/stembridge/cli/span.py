"""A region of a file, from what a person typed."""

from __future__ import annotations

import os
from pathlib import Path

from stembridge.jobs.request import Source
from stembridge.model import regions
from stembridge.model.errors import UsageError


def span(
    name: str, *, start: str | None, end: str | None, first_frame: int | None, frames: int | None
) -> Source:
    """Turn times, or frames, into a span of a file; all of it where neither was given.

    Raises
    ------
    UsageError
        When both were given, or a time can't be read.
    InputError
        When times were given and the file's rate can't be told.
    """
    times = start is not None or end is not None
    if times and (first_frame is not None or frames is not None):
        raise UsageError("--start/--end and --first-frame/--frames exclude each other.", hint="Use one pair.")
    path = os.path.abspath(name)  # noqa: PTH100 - keeps links as they are
    if not times:
        return Source(path, first_frame or 0, frames)
    from stembridge.audio.files import inspect

    rate = inspect(Path(path)).rate
    first = regions.frames_from_seconds(regions.parse_seconds(start or "0"), rate)
    if end is None:
        return Source(path, first, None)
    return Source(path, first, regions.frames_from_seconds(regions.parse_seconds(end), rate) - first)
