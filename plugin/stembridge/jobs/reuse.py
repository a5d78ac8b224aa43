"""Answers that are there already: the same region, engine, model and options again cost nothing.

An index of small files names the job that has an answer; the job itself is asked whether it is
still as it was. A stem that was changed since, even in place through a hard link, is not reused.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from stembridge.jobs import disk
from stembridge.jobs.store import Job
from stembridge.model.errors import StoreError

ANSWER_OF = "answer_of"
"""Key of separation.json: the job that an answer was ordered by, where that is another."""


class Index:
    """The index of a data folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "reuse"
        self._jobs = home / "jobs"

    def remember(self, key: str, job: Job) -> None:
        """Say that ``job`` has what ``key`` names."""
        disk.make_folder(self._folder)
        disk.write_json(self._folder / f"{key}.json", {"job": job.id}, shared=True)

    def result(self, key: str) -> tuple[Job, dict[str, Any]] | None:
        """Find a job whose finished stems are all as they were written."""
        job = self._named(key)
        if job is None:
            return None
        try:
            result = job.result()
        except StoreError:
            return None
        rows = result.get("stems") if result is not None else None
        if result is None or not isinstance(rows, list) or not rows:
            return None
        return (job, result) if all(unchanged(job.stems_folder, row) for row in rows) else None

    def answer(self, key: str) -> Job | None:
        """Find a job that still has an engine's whole answer."""
        job = self._named(key)
        if job is None or not job.separation_json.exists() or not job.region_json.exists():
            return None
        try:
            files = disk.read_json(job.separation_json)["files"]
            return job if all((job.answer_folder / row["name"]).is_file() for row in files) else None
        except (StoreError, KeyError, TypeError):
            return None

    def claimant(self, key: str) -> Job | None:
        """Give the job that has an answer, or was the last to set out for it."""
        return self._named(key)

    def forget_missing(self) -> None:
        """Drop the entries whose job is no longer there."""
        for entry in self._folder.glob("*.json"):
            if self._named(entry.stem) is None:
                with contextlib.suppress(OSError):  # it is found out again when it is asked for
                    entry.unlink()

    def _named(self, key: str) -> Job | None:
        try:
            job = Job(self._jobs / Path(str(disk.read_json(self._folder / f"{key}.json")["job"])).name)
        except (FileNotFoundError, StoreError, KeyError):
            return None
        return job if job.folder.is_dir() else None


def stamp(path: Path) -> dict[str, int]:
    """Give the facts by which a file is known again."""
    facts = path.stat()
    return {"bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns}


def unchanged(folder: Path, row: dict[str, Any]) -> bool:
    """Say whether a stem of a result is still the file that was written."""
    try:
        return stamp(folder / Path(row["file"]).name) == dict(row["stamp"])
    except (OSError, KeyError, TypeError):
        return False
