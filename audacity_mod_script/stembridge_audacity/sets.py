"""Separations that were asked for together: agreed to once, begun together, told of together.

A set is a folder of the bridge's until it is over: its regions as files, and what is to be made of
them. Jobs are made only when the cost is agreed to. All steps can be taken again after a kill: a set
names its jobs before they exist, and making them again gives the same ones.

Each job of a *batch* comes into the project on its own. Those of a *comparison* come together: the
job that compares them carries them, under the set's id.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stembridge.bridge.hosting import (
    TERMINAL,
    CompareRequest,
    Host,
    Job,
    failure,
    last_event,
    read_json,
    write_json,
)
from stembridge.model.errors import StembridgeError
from stembridge_audacity import agreeing, notices
from stembridge_audacity.choices import Choice
from stembridge_audacity.editor import Origin, Region

BATCH, COMPARISON = "batch", "comparison"
GIVEN_UP = "given up"
"""Of a note: nobody tries again."""
NEW, ASKED, BEGUN = "new", "asked", "begun"
_FREE = agreeing.Total(())


@dataclass(frozen=True, slots=True)
class Part:
    """One separation of a set.

    Attributes
    ----------
    job
        The id of its job, which may not be there yet.
    title
        What it is called among the others.
    region
        Its audio, in a file of the set's, and where that came from.
    """

    job: str
    title: str
    region: Region
    choice: Choice


@dataclass(frozen=True, slots=True)
class Set:
    """A set, as it is on disk.

    Attributes
    ----------
    kind
        `BATCH` or `COMPARISON`.
    state
        `NEW`: nobody was asked yet; `ASKED`: its question is open; `BEGUN`: its jobs are made.
    question, total
        What is asked, as long as that is open, and the prices that it is about.
    """

    id: str
    kind: str
    folder: Path
    parts: tuple[Part, ...]
    state: str = NEW
    question: str = ""
    total: agreeing.Total = _FREE


@dataclass(frozen=True, slots=True)
class Ending:
    """How one of a set's jobs ended: ``trouble`` is why it gave nothing, empty where it did."""

    part: Part
    job: Job
    trouble: str = ""


class Sets:
    """All sets of a data folder.

    Parameters
    ----------
    host
        The desk.
    home
        The data folder.
    """

    def __init__(self, host: Host, home: Path) -> None:
        self._host = host
        self._home = home
        self._folder = notices.folder(home) / "sets"

    def make(self, name: str, kind: str, parts: Sequence[Part]) -> Set:
        """Make a set, which has the regions' files under its own names; one that is there stays as it is."""
        folder = self._folder / name
        if not (folder / "set.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            kept: dict[Path, Path] = {}
            rows = []
            for part in parts:
                file = part.region.file
                if file not in kept:
                    kept[file] = folder / f"region{len(kept)}.wav"
                    _link(file, kept[file])
                rows.append(
                    {
                        "job": part.job,
                        "title": part.title,
                        "file": kept[file].name,
                        "origin": part.region.origin.to_dict(),
                        "choice": part.choice.to_dict(),
                    }
                )
            write_json(folder / "set.json", {"kind": kind, "state": NEW, "question": "", "parts": rows})
        return self._read(folder)

    def __iter__(self) -> Iterator[Set]:
        """Give all of them, oldest first; one that can't be understood is put away."""
        folders = sorted(self._folder.glob("*/set.json"), key=lambda path: path.stat().st_mtime)
        for path in folders:
            try:
                yield self._read(path.parent)
            except (StembridgeError, KeyError, TypeError):
                path.replace(path.with_suffix(".broken"))

    def exists(self, name: str) -> bool:
        """Say whether there is a set of this name."""
        return (self._folder / name / "set.json").exists()

    def jobs(self, name: str) -> frozenset[str]:
        """Give the ids of a set's jobs."""
        return frozenset(part.job for part in self._read(self._folder / name).parts)

    def price(self, one: Set) -> agreeing.Total:
        """Ask the core what all of it costs; raises what stands against that, or against a choice."""
        return agreeing.total(self._host, [(self._order(part), part.region.origin) for part in one.parts])

    def ask(self, one: Set, question: str, total: agreeing.Total) -> None:
        """Keep the question that is open: what is agreed to is these prices."""
        self._change(one, state=ASKED, question=question, prices=total.to_list())

    def begin(self, one: Set, total: agreeing.Total) -> list[Job]:
        """Make the jobs; nobody works on them before `Host.start`."""
        jobs = []
        for place, part in enumerate(one.parts):
            order = total.agreed(place, self._order(part))
            region = part.region
            copy = region.file.with_name(f"{part.job}.wav")
            if not (self._host.store.folder / part.job / "request.json").exists():
                _link(region.file, copy)
            jobs.append(self._host.order(order, copy, part.job))
        self._change(one, state=BEGUN, question="")
        return jobs

    def drop(self, one: Set) -> None:
        """Forget a set; its jobs stay."""
        shutil.rmtree(one.folder, ignore_errors=True)

    def endings(self, one: Set) -> list[Ending] | None:
        """Say how its jobs ended; None as long as one hasn't."""
        found = []
        for part in one.parts:
            job = Job(self._host.store.folder / part.job)
            ending = self._ending(part, job)
            if ending is None:
                return None
            found.append(ending)
        return found

    def _ending(self, part: Part, job: Job) -> Ending | None:
        if job.result_file.exists():
            return Ending(part, job)
        if not job.folder.exists():
            return Ending(part, job, "removed.")
        if any(note.get("what") == GIVEN_UP for note in self._host.notes(job)):
            return Ending(part, job, "its worker ended again and again without a word.")
        last = last_event(job)
        if last is None or last["type"] not in TERMINAL:
            return None
        if last["type"] == "needs_decision" and last.get("choices"):
            return None
        return Ending(part, job, "cancelled." if last["type"] == "cancelled" else failure(last).message)

    def compare(self, one: Set, endings: Sequence[Ending]) -> Job:
        """Make the job that compares what a comparison gave, and carries it into the project."""
        done = [ending for ending in endings if not ending.trouble]
        origin = replace(done[0].part.region.origin, part_of="", original=done[0].part.choice.original)
        request = CompareRequest(tuple(ending.job.id for ending in done), host_context=origin.to_dict())
        return self._host.order(request, None, one.id)

    def _order(self, part: Part) -> Any:
        return part.region.request(part.choice.wish(self._host.default_engine, self._home))

    def _change(self, one: Set, **more: Any) -> None:
        write_json(one.folder / "set.json", {**read_json(one.folder / "set.json"), **more})

    def _read(self, folder: Path) -> Set:
        document = read_json(folder / "set.json")
        parts = tuple(
            Part(
                row["job"],
                row["title"],
                Region(folder / row["file"], Origin.from_dict(row["origin"])),
                Choice.from_dict(row["choice"]),
            )
            for row in document["parts"]
        )
        total = agreeing.Total.from_list(document.get("prices", []))
        return Set(
            folder.name, document["kind"], folder, parts, document["state"], document["question"], total
        )


def _link(source: Path, target: Path) -> None:
    """Have a file under a second name, without a copy where the disk can."""
    target.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)


def summary(endings: Sequence[Ending]) -> str:
    """Say how a batch ended."""
    wrong = [ending for ending in endings if ending.trouble]
    text = f"{len(endings) - len(wrong)} of {len(endings)} separations are done."
    return " ".join([text, *(f"'{ending.part.title}': {ending.trouble}" for ending in wrong)])
