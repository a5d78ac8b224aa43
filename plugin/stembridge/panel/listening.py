"""Listening: a finished job as a mixer, its tracks' samples, peaks and spectrograms."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.responses import Response

from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.render import REGION_NAME, render
from stembridge.audio.writers import StemWriter
from stembridge.bridge.hosting import Job
from stembridge.jobs import disk
from stembridge.model.errors import StembridgeError, StoreError
from stembridge.model.formats import FORMATS
from stembridge.model.regions import Region
from stembridge.panel import spectrogram, tracks, uploads, wave
from stembridge.panel.answers import Asked
from stembridge.panel.desk import Desk
from stembridge.panel.peaks import Peaks
from stembridge.panel.tracks import Plain, Track

_KEPT = 256
_BENCHES = 2
"""Tiles that are worked out at a time."""


class Listening:
    """What the section Listen asks for.

    Parameters
    ----------
    desk
        The panel's.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._peaks = Peaks(desk)
        self._decoding = threading.Lock()
        self._benches = threading.BoundedSemaphore(_BENCHES)
        # A page asks for a job's tracks hundreds of times; a result is written once, and never again.
        self._tracks = functools.lru_cache(maxsize=_KEPT)(self._read_tracks)

    def show(self, desk: Desk, asked: Asked) -> dict[str, Any]:
        """Give a job with its tracks, levels, offsets and sentences."""
        job = desk.job(asked.path["id"])
        row = desk.board.row(job)
        result = job.result()
        if row is None or result is None or "stems" not in result or result.get("kind") == "compare":
            return {"job": row, "tracks": [], "sentences": (result or {}).get("sentences", [])}
        found = self.tracks(job)
        self._warm(job.id, found)
        report = self._report(job)
        return {
            "job": row,
            "tracks": [_row(track) for track in found],
            "sentences": result.get("sentences", []),
            "offset": _offset(found),
            "residual_db": result.get("residual_db"),
            "summed": result.get("summed", []),
            "gain_db": result.get("gain_db") or 0.0,
            "labels": result.get("labels") or [],
            "same_region": self._same_region(job, report, row),
            "levels": report.get("levels"),
            "joints": report.get("joints"),
            "picture": bool(result.get("picture")),
        }

    def audio(self, desk: Desk, asked: Asked) -> Response:
        """Give a track as a virtual WAV, or the part of it that Range names."""
        return wave.answer(self._track(asked), asked.headers, head=asked.method == "HEAD")

    def peaks(self, desk: Desk, asked: Asked) -> Response:
        """Give a track's peaks at a level."""
        level = asked.query_number("level", tracks.BLOCK // 64)
        return self._peaks.answer(self._owner(asked), self._track(asked), level)

    def spectrogram(self, desk: Desk, asked: Asked) -> Response:
        """Give a tile of a track's spectrogram."""
        with self._benches:
            number = asked.query_number("tile", 0)
            return spectrogram.answer(desk, self._owner(asked), self._track(asked), number)

    def picture(self, desk: Desk, asked: Asked) -> Response:
        """Give the picture of a job's report."""
        job = desk.job(asked.path["id"])
        try:
            data = (job.stems_folder / "report.png").read_bytes()
        except OSError:
            raise StoreError("This job has no picture.", context={"status": 404}) from None
        return Response(data, media_type="image/png")

    def warm(self, name: str) -> None:
        """Have the peaks of a job that just became ready worked out, before anybody opens it."""
        with contextlib.suppress(StembridgeError):
            self._warm(name, self.tracks(Job(self._desk.home / "jobs" / name)))

    def _warm(self, owner: str, found: Sequence[Track]) -> None:
        """Begin with the residual, the last of them: it takes as long as all the others."""
        for track in reversed(found):
            self._peaks.warm(owner, track)

    def tracks(self, job: Job) -> tuple[Track, ...]:
        """Give a finished job's tracks."""
        try:
            facts = job.result_file.stat()
        except OSError:
            raise StoreError(
                f"Job {job.id} isn't finished.", hint="Wait for it.", context={"status": 404}
            ) from None
        return self._tracks(job.folder, facts.st_mtime_ns, _stamp(job.folder) + _stamp(job.stems_folder))

    def _read_tracks(self, folder: Path, _written: int, _looks: int) -> tuple[Track, ...]:
        return tuple(tracks.of_job(Job(folder), self._render, self._plain(folder.name)))

    def _render(self, job: Job, region: Mapping[str, Any]) -> Path:
        """Render the region of a job whose own rendering is gone, once."""
        folder = self._desk.folder / "cache" / job.id
        path = folder / REGION_NAME
        if not path.exists():
            disk.make_folder(folder)
            render(Region(**region), folder, lambda _done, _total: None, self._desk.closing.is_set)
        return path

    def _plain(self, owner: str) -> Plain:
        """Give what decodes a file once for all: one that could only be read from its start."""

        def decode(path: Path) -> Path:
            facts = path.stat()
            folder = self._desk.folder / "cache" / owner
            target = folder / f"{path.stem}-{facts.st_size}-{facts.st_mtime_ns}.wav"
            with self._decoding:
                if not target.exists():
                    disk.make_folder(folder)
                    _decode(path, target)
            return target

        return decode

    def _track(self, asked: Asked) -> Track:
        if "file" in asked.path:
            return uploads.track(self._desk, asked.path["file"], self._plain(asked.path["file"]))
        return tracks.find(self.tracks(self._desk.job(asked.path["id"])), asked.path["track"])

    def _owner(self, asked: Asked) -> str:
        return asked.path["file"] if "file" in asked.path else asked.path["id"]

    def _report(self, job: Job) -> Mapping[str, Any]:
        try:
            return disk.read_json(job.stems_folder / "report.json")
        except (FileNotFoundError, StembridgeError):
            return {}

    def _same_region(self, job: Job, report: Mapping[str, Any], row: Mapping[str, Any]) -> list[Any]:
        """Find finished jobs of the very same samples."""
        mine = (report.get("region") or {}).get("sha256")
        found = []
        for other in self._desk.board.rows() if mine else ():
            if other["state"] != "ready" or other["id"] == job.id or other["region"] is None:
                continue
            shape = ("frames", "rate", "channels")
            if row["region"] and any(other["region"][key] != row["region"][key] for key in shape):
                continue
            told = self._report(Job(self._desk.home / "jobs" / other["id"]))
            if (told.get("region") or {}).get("sha256") == mine:
                found.append({"id": other["id"], "title": other["title"], "engine": other["engine"] or ""})
        return found


def _decode(path: Path, target: Path) -> None:
    info = inspect(path)
    with StemWriter(
        target, FORMATS["wav32f"], rate=info.rate, channels=info.channels, frames=info.frames
    ) as writer:
        for block in read_blocks(info, 0, info.frames):
            writer.write(block)
        writer.commit()


def _row(track: Track) -> dict[str, Any]:
    return {
        "id": track.id, "label": track.label, "colour": track.colour, "role": track.role, "kind": track.kind,
        "frames": track.frames, "rate": track.rate, "channels": track.channels,
        "gain_db": round(track.gain_db, 6), "data_offset": wave.DATA_OFFSET,
        "frame_bytes": wave.frame_bytes(track), "bytes": wave.total_bytes(track), "mark": track.mark,
        "peak_db": track.facts.get("peak_db"), "rms_db": track.facts.get("rms_db"),
        "offset": track.facts.get("offset"),
    }  # fmt: skip


def _offset(found: tuple[Track, ...]) -> dict[str, Any] | None:
    """Give the largest offset that was taken out, and whether all places are certain."""
    offsets = [track.facts["offset"] for track in found if track.facts.get("offset")]
    if not offsets:
        return None
    most = max((int(one["frames"]) for one in offsets), key=abs)
    return {"frames": most, "verified": all(one["verified"] for one in offsets)}


def _stamp(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
