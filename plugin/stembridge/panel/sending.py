"""Sending: stems to an audio program, to the disk, into an archive or a project, at the levels set here."""

from __future__ import annotations

import dataclasses
import re
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse, Response, StreamingResponse

from stembridge.audio.writers import StemWriter
from stembridge.bridge import placing
from stembridge.bridge.hosting import Job
from stembridge.bridge.placing import Chosen, Destination
from stembridge.jobs import disk
from stembridge.model.errors import HostError, UnknownNameError, UsageError
from stembridge.model.formats import FORMATS
from stembridge.model.names import safe
from stembridge.panel import tracks, wave
from stembridge.panel.answers import Asked
from stembridge.panel.desk import Desk
from stembridge.panel.listening import Listening
from stembridge.panel.tracks import Block, Track

_NUMBER = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,6})?")
_READ = 1 << 20
WATCHED_FOR = 600.0
"""Seconds after a page asked for the programs in which a change is told to it."""
_DATE = (1980, 1, 1, 0, 0, 0)


class Sending:
    """What the section Place asks for.

    Parameters
    ----------
    desk
        The panel's.
    listening
        Has the tracks; what has no file (the residual) is written from them.
    """

    def __init__(self, desk: Desk, listening: Listening) -> None:
        self._desk, self._listening = desk, listening
        self._found: dict[str, Destination] | None = None
        self._asked_at: float | None = None
        self._turn = threading.Lock()

    def destinations(self, _desk: Desk, _asked: Asked) -> dict[str, Any]:
        """Give the programs that take stems, and whether they are ready."""
        self._asked_at = self._desk.tools.clock.monotonic()
        return {"destinations": self.rows()}

    def watched(self) -> list[dict[str, Any]] | None:
        """Give `rows` while somebody may be looking at them: nobody's program is asked for nothing."""
        asked = self._asked_at
        if asked is None or self._desk.tools.clock.monotonic() - asked > WATCHED_FOR:
            return None
        return self.rows()

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each program."""
        rows = []
        for name, one in self._places().items():
            ready, text = one.ready()
            rows.append({"id": name, "title": one.title, "ready": ready, "text": text})
        return rows

    def place(self, desk: Desk, asked: Asked) -> dict[str, Any]:
        """Put chosen stems into a program."""
        places, name = self._places(), str(asked.need("destination", str))
        if name not in places:
            raise UnknownNameError("destination", name[:40], places)
        job = desk.job(asked.path["id"])
        wanted = [_stem(one) for one in asked.need("stems", list)]
        if not wanted:
            raise UsageError("No stem is chosen.", hint="Choose at least one.")
        stems = self._chosen(job, wanted)
        with self._turn:  # one after the other: a program has one selection and one cursor
            return {"sentence": places[name].place(job, stems)}

    def file(self, desk: Desk, asked: Asked) -> Response:
        """Give one track as a file to keep; at another level as a float WAV."""
        gain = _gain(asked.query_text("gain_db", "0"))
        job, name = desk.job(asked.path["id"]), asked.path["track"]
        if not gain and name in placing.named(job.result() or {"stems": []}):
            (one,) = placing.choose(job, [(name, 0.0)])
            return FileResponse(one.file, filename=one.file.name)
        track = scaled(tracks.find(self._listening.tracks(job), name), gain)
        title = f"{safe(self._title(job))} - {name}.wav"
        length = {"content-length": str(wave.total_bytes(track))}
        return StreamingResponse(
            wave.bytes_of(track, 0, wave.total_bytes(track)), headers={**_attached(title), **length},
            media_type="audio/wav",
        )  # fmt: skip

    def zip(self, desk: Desk, asked: Asked) -> Response:
        """Give chosen stems as a ZIP, made while it is sent."""
        job, stems = self._asked_for(desk, asked)
        entries = [(placing.placed_name(one), self._bytes(one)) for one in stems]
        return _zip(f"{safe(self._title(job))} stems.zip", entries)

    def project(self, desk: Desk, asked: Asked) -> Response:
        """Give a project that plays chosen stems at their levels, with their files, as a ZIP."""
        job, stems = self._asked_for(desk, asked)
        writers = placing.project_writers()
        if not writers:
            raise HostError("No project can be written here.", hint="Install Stembridge again.")
        audio = [one for one in stems if one.row.get("kind") != "text"]
        title = self._title(job)
        name, data = next(iter(writers.values()))(title, audio)
        entries: list[tuple[str, Callable[[], Iterable[bytes]]]] = [(name, lambda: [data])]
        entries += [(one.file.name, _file(one.file)) for one in audio]
        return _zip(f"{safe(title)} project.zip", entries)

    def _places(self) -> dict[str, Destination]:
        if self._found is None:
            self._found = placing.destinations(self._desk.home)
        return self._found

    def _asked_for(self, desk: Desk, asked: Asked) -> tuple[Job, list[Chosen]]:
        job = desk.job(asked.path["id"])
        gains: dict[str, float] = {}
        for pair in filter(None, asked.query_text("gains").split(",")):
            name, _, text = pair.rpartition(":")
            gains[name] = _gain(text)
        names = [name for name in asked.query_text("stems").split(",") if name]
        if not names:
            names = list(placing.named(job.result() or {"stems": []}))
        if unknown := set(gains) - set(names):
            raise UnknownNameError("chosen stem", min(unknown)[:40], names)
        return job, self._chosen(job, [(name, gains.get(name, 0.0)) for name in names])

    def _chosen(self, job: Job, wanted: Sequence[tuple[str, float]]) -> list[Chosen]:
        """Find the files; what has none is written to the panel's cache first."""
        there = placing.named(job.result() or {"stems": []})
        made = {name: gain for name, gain in wanted if name == tracks.RESIDUAL and name not in there}
        rest = [pair for pair in wanted if pair[0] not in made]
        # Nothing wanted at all: the job has nothing yet, which is said there.
        found = placing.choose(job, rest) if rest or not made else []
        if len(rest) + len(made) < len(wanted):
            raise UsageError("A stem is named twice.", hint="Name each once.")
        return [*found, *(self._written(job, name, gain) for name, gain in made.items())]

    def _written(self, job: Job, name: str, gain: float) -> Chosen:
        track = tracks.find(self._listening.tracks(job), name)
        folder = self._desk.folder / "cache" / job.id / track.mark
        path = folder / f"{safe(self._title(job))} - {name}.wav"
        with self._turn:
            if not path.exists():
                disk.make_folder(folder)
                _write(track, path)
        row = {
            "id": track.id, "label": track.label, "colour": track.colour, "role": track.role,
            "kind": track.kind, "frames": track.frames, "rate": track.rate, "channels": track.channels,
            "file": str(path), "delivered": None, "peak_db": None, "rms_db": track.facts.get("rms_db"),
            "offset": None,
        }  # fmt: skip
        return Chosen(row, path, placing.checked_gain(gain))

    def _bytes(self, one: Chosen) -> Callable[[], Iterable[bytes]]:
        if not one.gain_db or one.row.get("kind") == "text":
            return _file(one.file)
        row = one.row
        reader = tracks.of_file(one.file, int(row["channels"]))
        plain = Track(
            str(row["id"]), "", "", "", "", int(row["frames"]), int(row["rate"]), int(row["channels"]), reader
        )
        track = scaled(plain, one.gain_db)
        return lambda: wave.bytes_of(track, 0, wave.total_bytes(track))

    def _title(self, job: Job) -> str:
        row = self._desk.board.row(job)
        return Path(str(row["source"])).stem if row and row["source"] else "Stembridge"


def scaled(track: Track, gain_db: float) -> Track:
    """Give a track turned up or down."""
    factor = 10 ** (gain_db / 20)

    def read(first: int, count: int) -> Iterator[Block]:
        for block in track.read(first, count):
            yield block * block.dtype.type(factor)

    return track if not gain_db else dataclasses.replace(track, read=read)


def _write(track: Track, path: Path) -> None:
    with StemWriter(
        path, FORMATS["wav32f"], rate=track.rate, channels=track.channels, frames=track.frames
    ) as writer:
        for block in track.blocks(0, track.frames):
            writer.write(block)
        writer.commit()


def _zip(title: str, entries: Sequence[tuple[str, Callable[[], Iterable[bytes]]]]) -> Response:
    return StreamingResponse(zipped(entries), headers=_attached(title), media_type="application/zip")


def zipped(entries: Sequence[tuple[str, Callable[[], Iterable[bytes]]]]) -> Iterator[bytes]:
    """Give a ZIP of uncompressed entries, block by block; nothing of it is kept."""
    sink = _Sink()
    taken: set[str] = set()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries:
            unique, count = name, 2
            while unique.casefold() in taken:
                unique, count = f"{Path(name).stem} {count}{Path(name).suffix}", count + 1
            taken.add(unique.casefold())
            with archive.open(zipfile.ZipInfo(unique, _DATE), "w", force_zip64=True) as entry:
                for piece in content():
                    entry.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


class _Sink:
    """Where a ZIP is written to: it can't be sought in, and forgets what was taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes, /) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        data = bytes(self._held)
        self._held.clear()
        return data


def _file(path: Path) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while data := file.read(_READ):
                yield data

    return read


def _stem(one: object) -> tuple[str, float]:
    if not isinstance(one, Mapping) or set(one) - {"id", "gain_db"}:
        raise UsageError("A stem to place is an object with id and gain_db.")
    row = Asked({}, body=one)
    return str(row.need("id", str)), float(row.get("gain_db", float, 0.0))


def _gain(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise UsageError("A level is a number of dB.", hint="Write for instance -3.5.")
    return placing.checked_gain(float(text))


def _attached(name: str) -> dict[str, str]:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return {"content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"}
