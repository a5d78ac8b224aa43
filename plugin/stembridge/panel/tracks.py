"""Tracks: what can be listened to of a job or an upload, read from any frame on, in whatever format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.audio.nulltest import Feed
from stembridge.bridge.placing import file_of, named
from stembridge.jobs import disk
from stembridge.jobs.plan import REPORT
from stembridge.jobs.store import Job
from stembridge.model.errors import StembridgeError, StoreError, UnknownNameError
from stembridge.model.stems import STEMS

BLOCK = 65_536
ORIGINAL, RESIDUAL = "original", "residual"
Block = NDArray[np.float32]
Reader = Callable[[int, int], Iterator[Block]]
Plain = Callable[[Path], Path]


@dataclass(frozen=True)
class Track:
    """One thing to listen to.

    Attributes
    ----------
    frames, rate, channels
        Its exact shape; rate in Hz.
    read
        Gives blocks of shape (1 to `BLOCK`, channels), together the frames asked for: first frame, count.
    mark
        Text that changes whenever the samples do.
    gain_db
        What brings it to the region's level: undoes the common gain of an integer format.
    facts
        Levels and the like, for the page.
    """

    id: str
    label: str
    colour: str
    role: str
    kind: str
    frames: int
    rate: int
    channels: int
    read: Reader = field(repr=False, compare=False)
    mark: str = ""
    gain_db: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def blocks(self, first: int, frames: int) -> Iterator[Block]:
        """Give a stretch; what lies outside of the track is an error of the caller's."""
        if first < 0 or frames < 0 or first + frames > self.frames:
            raise ValueError(f"frames {first} to {first + frames} of {self.frames}")
        return self.read(first, frames)


def seekable(info: SourceInfo) -> bool:
    """Say whether a file can be read from any frame on without decoding all that is before."""
    return info.reader == "soundfile" and info.codec != "VORBIS"


def of_file(path: Path, channels: int, plain: Plain | None = None) -> Reader:
    """Give what reads a file; where a lossy one ends early, there are zeros.

    ``plain`` gives a file of the same samples that can be read from any frame on, where this one can't.
    """

    def read(first: int, count: int) -> Iterator[Block]:
        info = inspect(path)
        if plain is not None and not seekable(info):
            info = inspect(plain(path))
        there = max(0, min(count, info.frames - first))
        if there:
            yield from read_blocks(info, first, there, block_frames=BLOCK)
        for start in range(there, count, BLOCK):
            yield np.zeros((min(BLOCK, count - start), channels), np.float32)

    return read


def of_upload(path: Path, name: str, plain: Plain | None = None) -> Track:
    """Give an uploaded file as a track."""
    info = inspect(path)
    facts = path.stat()
    return Track(
        ORIGINAL, name, "#7d8597", ORIGINAL, "stem", info.frames, info.rate, info.channels,
        of_file(path, info.channels, plain), mark=_mark(path.name, facts.st_size, facts.st_mtime_ns),
    )  # fmt: skip


def of_job(
    job: Job,
    render: Callable[[Job, Mapping[str, Any]], Path] | None = None,
    plain: Plain | None = None,
) -> list[Track]:
    """Give a finished job's tracks: the original, its stems in their order, the residual.

    A stem whose file is gone is left out. The residual is worked out while it is read: the region minus
    what was summed; its file is taken where there is one.

    Parameters
    ----------
    render
        Gives the region's file where the job's own is gone; None: then there is no original.
    plain
        As `of_file` has it.

    Raises
    ------
    StoreError
        When the job isn't finished.
    """
    result = job.result()
    if result is None or "stems" not in result:
        raise StoreError(
            f"Job {job.id} has no stems to listen to.",
            hint="Wait for its end, or go on with it.",
            context={"status": 409},
        )
    gain = 0.0 - float(result.get("gain_db") or 0.0)
    stems: dict[str, Track] = {}
    for name, row in named(result).items():
        if row["kind"] != "text":
            track = _stem(job, name, row, plain)
            if track is not None:
                stems[name] = replace(_fitted(track, result.get("region")), gain_db=gain)
    original = _original(job, result, render)
    tracks = [] if original is None else [original]
    tracks += [track for name, track in stems.items() if name != RESIDUAL]
    left = stems.get(RESIDUAL) or (original and _residual(original, stems, result))
    return [*tracks, left] if left else tracks


def find(tracks: Sequence[Track], name: str) -> Track:
    """Give the track of that name; raises `UnknownNameError`."""
    for track in tracks:
        if track.id == name:
            return track
    raise UnknownNameError("track", name[:60], [track.id for track in tracks])


def _stem(job: Job, name: str, row: Mapping[str, Any], plain: Plain | None) -> Track | None:
    try:
        path = file_of(job, row)
    except StembridgeError:
        return None
    facts = {key: row.get(key) for key in ("peak_db", "rms_db", "offset", "full_scale_runs")}
    return Track(
        name, str(row["label"]), str(row["colour"]), str(row["role"]), str(row["kind"]),
        int(row["frames"]), int(row["rate"]), int(row["channels"]),
        of_file(path, int(row["channels"]), plain),
        mark=_mark(job.id, name, row["stamp"]["bytes"], row["stamp"]["mtime_ns"]), facts=facts,
    )  # fmt: skip


def _fitted(track: Track, region: Mapping[str, Any] | None) -> Track:
    """Cut what some lossy files have behind the region's end: a stem has the region's frames."""
    if region is None or track.kind != "stem" or track.rate != region["rate"]:
        return track
    return replace(track, frames=int(region["frames"]))


def _original(
    job: Job, result: Mapping[str, Any], render: Callable[[Job, Mapping[str, Any]], Path] | None
) -> Track | None:
    region = result.get("region")
    if region is None:
        return None
    frames, rate, channels = (int(region[key]) for key in ("frames", "rate", "channels"))
    path = job.folder / "region.wav"
    try:
        info = inspect(path)
        whole = (info.frames, info.rate, info.channels) == (frames, rate, channels)
        path = path if whole else (render(job, region) if render else path)
    except StembridgeError:
        try:
            path = render(job, region) if render else path
        except StembridgeError:
            return None
    if not path.exists():
        return None
    levels = _report(job).get("region") or {}
    return Track(
        ORIGINAL, "Original", "#7d8597", ORIGINAL, "stem", frames, rate, channels,
        of_file(path, channels), mark=_mark(job.id, ORIGINAL, levels.get("sha256")),
        facts={key: levels.get(key) for key in ("peak_db", "rms_db")},
    )  # fmt: skip


def _report(job: Job) -> Mapping[str, Any]:
    try:
        return disk.read_json(job.stems_folder / REPORT)
    except (FileNotFoundError, StembridgeError):
        return {}


def _residual(original: Track, stems: Mapping[str, Track], result: Mapping[str, Any]) -> Track | None:
    """Give the region minus the sum of what was summed, at the region's level; None where nothing was."""
    summed = [
        track for track in stems.values()
        if track.id in result.get("summed", ()) and track.role in {"additive", "rest"}
        and (track.frames, track.rate, track.channels) == (original.frames, original.rate, original.channels)
    ]  # fmt: skip
    if not summed or len(summed) != len(result["summed"]):
        return None

    def read(first: int, count: int) -> Iterator[Block]:
        feeds = [(Feed(track.read(first, count)), 10 ** (track.gain_db / 20)) for track in summed]
        whole = Feed(original.read(first, count))
        for start in range(0, count, BLOCK):
            wanted = min(BLOCK, count - start)
            left = whole.take(wanted).astype(np.float64)
            for feed, gain in feeds:
                block = feed.take(wanted)
                left -= block if gain == 1.0 else block.astype(np.float64) * gain
            yield left.astype(np.float32)

    row = STEMS[RESIDUAL]
    return Track(
        RESIDUAL, row.label, row.colour, RESIDUAL, "stem", original.frames, original.rate, original.channels,
        read, mark=_mark(original.mark, *(track.mark for track in summed)),
        facts={"rms_db": result.get("residual_db"), "peak_db": None},
    )  # fmt: skip


def _mark(*facts: object) -> str:
    return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:24]
