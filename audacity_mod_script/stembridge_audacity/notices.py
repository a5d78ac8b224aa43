"""What the menu entries are told: whether a watcher lives, and which finished stems wait.

Nyquist reads no JSON, knows no clock but the local one, and reads numbers as the locale writes them;
so everything here is written a second time as Lisp, with numbers as text where they aren't whole.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STALE_SECONDS = 15
"""A watcher whose last beat is older counts as gone; it beats at least three times in that time."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Finished stems that wait for an import from the menu.

    Attributes
    ----------
    project
        The project's name, as in the request.
    manifest
        What one import brings in; its files must stay where they are until then.
    rate
        Rate of the stems in Hz: the project has this rate while they are imported.
    first_frame, frames
        Where the stems lie, at that rate.
    original
        As in the request: leave, mute or replace.
    tracks
        Place from the top and name of the tracks that were separated.
    files
        All audio files that the manifest names.
    """

    job: str
    project: str
    manifest: Path
    rate: int
    first_frame: int
    frames: int
    original: str
    tracks: tuple[tuple[int, str], ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life. ``beat`` is in Unix seconds; ``pipe`` says whether Audacity answers."""

    pid: int
    beat: float
    pipe: bool

    def alive(self, now: float) -> bool:
        """Say whether the watcher lives; ``now`` in Unix seconds."""
        return abs(now - self.beat) < STALE_SECONDS


def folder(home: Path) -> Path:
    """Give the folder in the core's data folder that the bridge and the menu entries share."""
    return home / "audacity"


def make_folders(home: Path) -> None:
    """Make the folders that menu entries write into: they can't make any."""
    for name in ("requests", "finished"):
        (folder(home) / name).mkdir(parents=True, exist_ok=True)


def beat(home: Path, *, pid: int, pipe: bool, now: float) -> None:
    """Give a sign of life: ``now`` in Unix seconds."""
    local = time.localtime(now)
    second = (local.tm_hour * 60 + local.tm_min) * 60 + local.tm_sec
    put(folder(home) / "watch.json", json.dumps({"pid": pid, "beat": now, "pipe": pipe}))
    put(folder(home) / "watch.lsp", f"({local.tm_year} {local.tm_yday} {second} {'t' if pipe else 'nil'})")


def last_beat(home: Path) -> Beat | None:
    """Read the last sign of life; None where there is none, or none that can be read."""
    try:
        document = json.loads((folder(home) / "watch.json").read_bytes())
        return Beat(int(document["pid"]), float(document["beat"]), bool(document["pipe"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def rest(home: Path) -> None:
    """Take the sign of life away: the watcher ends."""
    for name in ("watch.json", "watch.lsp"):
        (folder(home) / name).unlink(missing_ok=True)


def publish(home: Path, waiting: Iterable[Waiting]) -> None:
    """Write the list of what waits, in the order in which it is to be imported."""
    rows = "\n".join(_row(row) for row in waiting)
    put(folder(home) / "finished.lsp", f"(\n{rows}\n)")


def imported(home: Path) -> frozenset[str]:
    """Give the jobs that the menu has put into a project itself."""
    return frozenset(path.stem for path in (folder(home) / "finished").glob("*.done"))


def forget(home: Path, job: str) -> None:
    """Remove the mark that `imported` goes by; for a job that is no longer published."""
    (folder(home) / "finished" / f"{job}.done").unlink(missing_ok=True)


def lisp_text(text: str) -> str:
    """Quote a text for XLISP's reader."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def plain_path(path: Path) -> str:
    """Give a path as Nyquist opens it: with slashes, also on Windows."""
    return path.as_posix()


def _row(row: Waiting) -> str:
    start, end = (frame / row.rate for frame in (row.first_frame, row.first_frame + row.frames))
    tracks = " ".join(f"({place} {lisp_text(name)})" for place, name in row.tracks)
    files = " ".join(lisp_text(plain_path(path)) for path in row.files)
    texts = (
        row.job,
        row.project,
        plain_path(row.manifest),
        str(row.rate),
        repr(start),
        repr(end),
        row.original,
    )
    return f"({' '.join(map(lisp_text, texts))} ({tracks}) ({files}))"


def put(path: Path, text: str) -> None:
    """Write a whole file in one go: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text + "\n", encoding="utf-8", newline="\n")
    part.replace(path)
