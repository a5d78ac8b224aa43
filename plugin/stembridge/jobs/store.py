"""The store of jobs: a folder each, under the data folder."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stembridge.jobs import disk, events, lock
from stembridge.jobs.clock import Clock
from stembridge.jobs.request import Request, parse
from stembridge.model.errors import StoreError, UnknownNameError
from stembridge.model.states import TABLE, State

_ALPHABET = string.ascii_lowercase + string.digits
_LETTING_GO = 5.0
_LOOK_AGAIN = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """One job's folder and the names in it. Who writes what stands in PROTOCOL.md."""

    folder: Path

    @property
    def id(self) -> str:
        """Letters and digits only: it becomes part of an upload's name."""
        return self.folder.name

    @property
    def request_file(self) -> Path:
        """What the host wants; written once."""
        return self.folder / "request.json"

    @property
    def input_file(self) -> Path:
        """The region, where the host rendered it."""
        return self.folder / "input.wav"

    @property
    def check_file(self) -> Path:
        """A stretch of a compressed source as the host reads it."""
        return self.folder / "check.wav"

    @property
    def events_file(self) -> Path:
        """The log."""
        return self.folder / "events.jsonl"

    @property
    def cancel_file(self) -> Path:
        """The wish to cancel: it exists, or it doesn't."""
        return self.folder / "cancel"

    @property
    def answer_file(self) -> Path:
        """The host's answer to a question."""
        return self.folder / "answer.json"

    @property
    def lock_file(self) -> Path:
        """The worker's lock."""
        return self.folder / "lock"

    @property
    def region_json(self) -> Path:
        """What was rendered, and the checked order: the fact of RENDERED."""
        return self.folder / "region.json"

    @property
    def remote_json(self) -> Path:
        """Intent, ticket and list of files: the only file with the service's secrets."""
        return self.folder / "remote.json"

    @property
    def separation_json(self) -> Path:
        """The engine's answer: the fact of ALIGNING."""
        return self.folder / "separation.json"

    @property
    def answer_folder(self) -> Path:
        """The engine's own files."""
        return self.folder / "downloads"

    @property
    def stems_folder(self) -> Path:
        """The finished stems, the report and the picture."""
        return self.folder / "stems"

    @property
    def result_file(self) -> Path:
        """What came out; written once, before the last event."""
        return self.folder / "result.json"

    @property
    def rows_file(self) -> Path:
        """The rows that answer a query, a line each."""
        return self.folder / "rows.jsonl"

    @property
    def family_json(self) -> Path:
        """The steps of a job that is made of jobs."""
        return self.folder / "family.json"

    @property
    def log_file(self) -> Path:
        """For us: what a worker had to say when something broke."""
        return self.folder / "worker.log"

    def request(self) -> Request:
        """Read the request."""
        return parse(self.request_document())

    def request_document(self) -> dict[str, Any]:
        """Give request.json as it stands."""
        try:
            return disk.read_json(self.request_file)
        except FileNotFoundError:
            raise StoreError(
                f"'{self.folder}' holds no request.json.",
                code="job_corrupt",
                hint="Give a job folder that a host or `stembridge separate` has made.",
            ) from None

    def state(self) -> State:
        """Fold the events."""
        if self.result_file.exists():
            return State.READY
        return events.fold(events.read(self.events_file))

    def result(self) -> dict[str, Any] | None:
        """Give result.json, or None."""
        try:
            return disk.read_json(self.result_file)
        except FileNotFoundError:
            return None

    def parent(self) -> str | None:
        """Give the id of the job whose step this is; None where it is nobody's, or can't be read."""
        try:
            parent = disk.read_json(self.request_file).get("parent")
        except (FileNotFoundError, StoreError):
            return None
        return parent if isinstance(parent, str) else None

    def of_another(self) -> bool:
        """Say whether this is a step of a job that is still there."""
        parent = self.parent()
        return parent is not None and self.folder.with_name(Path(parent).name).is_dir()

    def children(self) -> list[Job]:
        """Give the jobs that do this one's steps, as far as they were made, in their order."""
        if not self.family_json.exists():  # it is there before the first of them
            return []
        form = re.compile(rf"{re.escape(self.id)}s(\d{{2,}})")
        try:
            with os.scandir(self.folder.parent) as entries:
                found = [(match, entry.path) for entry in entries if (match := form.fullmatch(entry.name))]
        except OSError as error:
            raise disk.unreadable(error, self.folder.parent) from error
        jobs = [Job(Path(path)) for _, path in sorted(found, key=lambda pair: int(pair[0][1]))]
        # One without a request was cut off while it was made.
        return [job for job in jobs if not job.request_file.exists() or job.parent() == self.id]

    def folders(self) -> list[Path]:
        """Give the folders that belong to this job: its own, and those of its steps."""
        return [self.folder, *(folder for child in self.children() for folder in child.folders())]

    def busy(self) -> bool:
        """Say whether a worker has the job now."""
        return lock.held(self.lock_file)


def let_go(job: Job, clock: Clock) -> bool:
    """Say whether no worker has a job; one that has written its end lets go in a moment, and is waited for.

    Whoever takes back a wish to cancel asks this first: a worker at work shall still see the wish, and one
    that has followed it must not leave it to the next.
    """
    end = clock.monotonic() + _LETTING_GO
    while job.busy():
        past = events.read(job.events_file)
        if not past or past[-1]["type"] not in events.TERMINAL or clock.monotonic() > end:
            return False
        clock.sleep(_LOOK_AGAIN)
    return True


def child_id(parent: Job, number: int) -> str:
    """Give the id of a job's step, by its place from 1: the same each time; letters and digits only."""
    return f"{parent.id}s{number:02d}"


class Store:
    """All jobs of a data folder.

    Parameters
    ----------
    home
        The data folder; made when needed.
    clock
        Where a new job's name takes its time from.
    """

    def __init__(self, home: Path, clock: Clock) -> None:
        self.home = home
        self.folder = home / "jobs"
        self._clock = clock

    def create(self, request: Request, *, rendered: Path | None = None) -> Job:
        """Make a job folder with its request; the request is the last thing to appear in it.

        Parameters
        ----------
        rendered
            The region, where the host rendered it; it becomes the job's input and leaves its place.
        """
        try:
            disk.make_folder(self.folder)
        except StoreError as error:
            raise StoreError(
                f"The data folder '{self.home}' can't be written to.",
                code=error.code,
                hint="Set STEMBRIDGE_HOME to a folder that you can write to.",
                context=error.context,
            ) from error
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(self._clock.time()))
        with disk.mapped(self.folder):
            while True:
                tail = "".join(secrets.choice(_ALPHABET) for _ in range(5))
                job = Job(self.folder / f"{stamp}{tail}")
                try:
                    job.folder.mkdir()
                except FileExistsError:
                    continue
                break
        if rendered is not None:
            disk.bring(rendered, job.input_file, overwrite=False)
            disk.remove(rendered)
        disk.write_json(job.request_file, request.to_dict())
        return job

    def create_child(
        self,
        parent: Job,
        number: int,
        request: Request,
        prepare: Callable[[Job], None] = lambda _job: None,
    ) -> Job:
        """Make the job of a step, or find it where it is made already.

        Parameters
        ----------
        number
            The step's place, from 1.
        request
            Its ``parent`` is the parent's id.
        prepare
            Puts into the folder what has to be there before the request; runs again after a kill.
        """
        job = Job(self.folder / child_id(parent, number))
        if job.request_file.exists():
            return job
        disk.make_folder(job.folder)
        prepare(job)
        disk.write_json(job.request_file, request.to_dict())
        return job

    def jobs(self) -> Iterator[Job]:
        """Give all jobs, newest first: by the time of their request, since a host may choose any name."""
        try:
            with os.scandir(self.folder) as entries:
                found = [Job(Path(entry.path)) for entry in entries if entry.is_dir()]
        except FileNotFoundError:
            return
        except OSError as error:
            raise disk.unreadable(error, self.folder) from error
        dated = []
        for job in found:
            with contextlib.suppress(OSError):  # without a request it is no job (yet)
                dated.append((job.request_file.stat().st_mtime_ns, job.id, job))
        for _, _, job in sorted(dated, key=lambda row: row[:2], reverse=True):
            yield job

    def find(self, name: str) -> Job:
        """Give the job of that id, or of that unmistakable beginning or end of an id.

        ``last`` is the newest that is no other's step. Raises `UnknownNameError`.
        """
        jobs = list(self.jobs())
        if name == "last" and jobs:
            return next((job for job in jobs if job.parent() is None), jobs[0])
        for job in jobs:
            if job.id == name:
                return job
        near = [job for job in jobs if len(name) >= 3 and (job.id.startswith(name) or job.id.endswith(name))]
        if len(near) > 1:  # a beginning that fits a job fits its steps, too
            near = [job for job in near if job.parent() is None] or near
        if len(near) == 1:
            return near[0]
        raise UnknownNameError("job", name, [job.id for job in near or jobs])

    def remove(self, job: Job) -> None:
        """Delete a job's folder and those of its steps; what was delivered elsewhere stays."""
        folders = job.folders()
        for one in map(Job, folders):
            with lock.hold(one.lock_file):
                if one.remote_json.exists() and not _over(one):
                    raise StoreError(
                        "This job has something at the service and isn't over.",
                        code="job_locked",
                        hint=f"Cancel it first: `stembridge jobs cancel {job.id}`.",
                    )
        for folder in reversed(folders):
            disk.remove(folder)


def _over(job: Job) -> bool:
    """Say whether no worker has anything left to do; a job that can't be understood is past help."""
    try:
        return TABLE[job.state()].over
    except StoreError:
        return True
