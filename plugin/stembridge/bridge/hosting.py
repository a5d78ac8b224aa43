"""A Python host's desk: it orders jobs by files and starts workers, as PROTOCOL.md says.

Nothing here works on a job: what a host in another language does with files and one command, this
does for Python, so that a job outlives its host here, too. No host is known by name.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stembridge.bridge import whereabouts
from stembridge.jobs import disk, events
from stembridge.jobs.clock import Clock, SystemClock
from stembridge.jobs.combining import BlendRequest, CompareRequest
from stembridge.jobs.disk import read_json, write_json
from stembridge.jobs.events import TERMINAL, Event
from stembridge.jobs.request import QueryRequest, SeparateRequest
from stembridge.jobs.store import Job, Store, let_go
from stembridge.model.errors import (
    CODES,
    DecisionNeededError,
    StembridgeError,
    StoreError,
    UnknownNameError,
    UsageError,
)
from stembridge.model.states import TABLE

__all__ = [
    "TERMINAL", "BlendRequest", "CompareRequest", "Event", "Following", "Host", "Job", "SeparateRequest",
    "failure", "last_event", "read_json", "write_json",
]  # fmt: skip

_LOOK_EVERY = 0.1
_SILENCE = 30.0
"""Seconds without an event and without a worker's lock after which a worker is taken for dead; a live
one holds the lock a few seconds after its start at the latest."""
_RESTARTS = 2


class Tail:
    """Reads a job's events as they come: each once, and never half a line."""

    def __init__(self, job: Job) -> None:
        self._path = job.events_file
        self._at = 0

    def read(self) -> list[dict[str, Any]]:
        """Give what is new; raises `StoreError` ``job_corrupt`` for a line that is no event."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise disk.unreadable(error, self._path) from error
        whole = data.rfind(b"\n") + 1
        self._at += whole
        return events.parse(data[:whole], self._path)


@dataclass(frozen=True)
class Host:
    """One host's jobs.

    Parameters
    ----------
    name
        The host's word for itself; it stands in its requests and in the names of its notes.
    home
        The data folder.
    clock
        Time.
    """

    name: str
    home: Path
    clock: Clock = field(default_factory=SystemClock)

    @property
    def store(self) -> Store:
        """All jobs of the data folder."""
        return Store(self.home, self.clock)

    @property
    def default_engine(self) -> str:
        """What separates when nothing was asked for."""
        from stembridge.engines import registry

        return registry.default(self.home)

    def new_id(self) -> str:
        """Give an id for a job that isn't there yet."""
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(self.clock.time()))
        return f"{stamp}{secrets.token_hex(4)}"

    def order(
        self,
        request: SeparateRequest | BlendRequest | CompareRequest,
        rendered: Path | None = None,
        job_id: str | None = None,
    ) -> Job:
        """Make a job; no worker has it yet.

        Parameters
        ----------
        rendered
            The region as the host rendered it; the file becomes the job's input.
        job_id
            Letters and digits: the job's id, where the host has one for the wish. Ordering the same
            again, after a kill at whatever point, gives the same job.
        """
        request = replace(request, host=self.name)
        if isinstance(request, SeparateRequest):
            request = replace(request, input=rendered is not None)
        if job_id is None:
            return self.store.create(request, rendered=rendered)
        job = Job(self.store.folder / job_id)
        if not job.request_file.exists():
            disk.make_folder(job.folder)
            if rendered is not None and rendered.exists():
                disk.bring(rendered, job.input_file, overwrite=True)
            disk.write_json(job.request_file, request.to_dict())
        if rendered is not None:
            disk.remove(rendered)
        return job

    def start(self, job: Job) -> None:
        """Have a worker begin on a job, or go on with it; it outlives this process.

        When this returns, the worker has the job, so that its log doesn't end with an old end. Where a
        worker has it already, or there is nothing left to do, nothing happens. Raises what the
        command says.
        """
        if not let_go(job, self.clock) or _ready(job):
            return
        before = _size(job.events_file)
        told = subprocess.run(
            [sys.executable, "-P", "-m", "stembridge", "run", str(job.folder)],
            env={**os.environ, "STEMBRIDGE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            **_no_window(os.name),
        )
        if told.returncode != 0 and not job.busy():
            message, _, hint = told.stderr.strip().partition("\n")
            raise StembridgeError(
                message or f"The worker of job {job.id} could not be started (code {told.returncode}).",
                hint=hint or "Run `stembridge doctor`.",
            )
        end = self.clock.monotonic() + _SILENCE
        while _size(job.events_file) == before and self.clock.monotonic() < end:
            self.clock.sleep(_LOOK_EVERY)

    def cancel(self, job: Job) -> None:
        """Ask for a job's end; where no worker has it, one is started to write that down."""
        if TABLE[job.state()].over:
            return
        with disk.mapped(job.cancel_file):
            job.cancel_file.touch()
        self.start(job)

    def answer(self, job: Job, question: Event, choice: str) -> None:
        """Answer a job's question (its last event) and have it go on."""
        disk.write_json(job.answer_file, {"id": question["id"], "choice": choice})
        self.start(job)

    def resume(self, job: Job) -> None:
        """Go on with a job that was cut off, cancelled or failed."""
        if let_go(job, self.clock):
            disk.remove(job.cancel_file)
        self.start(job)

    def follow(
        self,
        job: Job,
        hear: Callable[[Event], None],
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> Event:
        """Hear a started job's events until its worker ends.

        Parameters
        ----------
        hear
            Called with every event, also with those of earlier workers.
        stop
            Asked again and again; once it says True, the job is cancelled and followed to its end.

        Returns
        -------
        dict
            The last event: finished, failed, cancelled or needs_decision.
        """
        following = Following(self, job)
        asked = False
        while True:
            for event in following.poll():
                hear(event)
            if following.ended is not None:
                return following.ended
            if not asked and stop():
                asked = True
                self.cancel(job)
            self.clock.sleep(_LOOK_EVERY)

    def result(self, job: Job) -> dict[str, Any]:
        """Give result.json, with the files where they are now; raises `StoreError` where there is none."""
        found = job.result()
        if found is None:
            raise StoreError(
                f"Job {job.id} has no result yet (it is {job.state().value}).",
                hint=f"See `stembridge jobs show {job.id}`; go on with `stembridge jobs resume {job.id}`.",
            )
        return whereabouts.at_hand(job, found)

    def ask(self, what: str, arguments: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Ask the core (see `QUERIES`) and give the rows of its answer; nothing is left on disk.

        Raises
        ------
        StembridgeError
            As the core refused it.
        """
        job = self.store.create(QueryRequest(what, self.name, dict(arguments or {})))
        self.start(job)
        last = self.follow(job, lambda _event: None)
        if last["type"] != "finished":
            raise failure(last)
        with disk.mapped(job.rows_file):
            text = job.rows_file.read_text(encoding="utf-8")
        if let_go(job, self.clock):
            self.store.remove(job)
        return [json.loads(line) for line in text.splitlines()]

    def jobs(self) -> Iterator[Job]:
        """Give this host's separations and blends, newest first; a damaged job is passed over."""
        for job in self.store.jobs():
            try:
                request = job.request_document()
            except StembridgeError:
                continue
            if request.get("host") == self.name and request.get("kind") in {"separate", "blend"}:
                yield job

    def note(self, job: Job, document: Mapping[str, Any]) -> Path:
        """Write down, beside the job, what the host did with it; each note is a file of its own."""
        numbers = [number for number, _ in self._notes(job)]
        path = job.folder / f"host-{self.name}-{max(numbers, default=0) + 1}.json"
        disk.write_json(path, document)
        return path

    def notes(self, job: Job) -> list[dict[str, Any]]:
        """Give this host's notes, oldest first."""
        return [disk.read_json(path) for _, path in self._notes(job)]

    def _notes(self, job: Job) -> list[tuple[int, Path]]:
        form = re.compile(rf"host-{re.escape(self.name)}-(\d+)\.json")
        found = [(form.fullmatch(path.name), path) for path in job.folder.iterdir()]
        return sorted((int(match[1]), path) for match, path in found if match)


class Following:
    """One job under way, for a host that has several: `poll` it now and then.

    A worker that died (kill, power) is started again, twice; its job goes on from what is on disk.
    """

    def __init__(self, host: Host, job: Job) -> None:
        self.job = job
        self.ended: Event | None = None
        self._host = host
        self._tail = Tail(job)
        self._heard = host.clock.monotonic()
        self._restarts = 0

    def poll(self) -> list[Event]:
        """Give the new events.

        Raises
        ------
        StembridgeError
            When the worker died again and again.
        """
        fresh = self._tail.read()
        now = self._host.clock.monotonic()
        if fresh:
            self._heard = now
            self.ended = fresh[-1] if fresh[-1]["type"] in TERMINAL else None
        elif self.ended is None and now - self._heard > _SILENCE and not self.job.busy():
            self._revive(now)
        return list(fresh)

    def expect_more(self) -> None:
        """Go on after a terminal event, because a new worker was started."""
        self.ended = None
        self._heard = self._host.clock.monotonic()

    def _revive(self, now: float) -> None:
        if self._restarts == _RESTARTS:
            raise StembridgeError(
                f"The worker of job {self.job.id} ended again and again without a word.",
                hint=f"Look into '{self.job.log_file}', then try `stembridge jobs resume {self.job.id}`.",
            )
        self._restarts += 1
        self._heard = now
        self._host.start(self.job)


def last_event(job: Job) -> Event | None:
    """Give a job's last event; None before its first."""
    past = events.read(job.events_file)
    return past[-1] if past else None


def failure(event: Event) -> StembridgeError:
    """Make the error that a terminal event tells of."""
    code = event.get("code")
    cls, words = CODES.get(str(code), (StembridgeError, "The job ended without a result."))
    message, hint = str(event.get("message") or words), str(event.get("hint") or "")
    code = code if code in CODES else None
    if issubclass(cls, DecisionNeededError):
        choices = [(str(key), str(label)) for key, label in event.get("choices", [])]
        return cls(message, hint=hint, code=code, choices=choices)
    if issubclass(cls, UnknownNameError):  # it makes its own sentence, and this one is made already
        cls = UsageError
    return cls(message, hint=hint, code=code)


def _ready(job: Job) -> bool:
    """Say whether even the last event of a finished job is there."""
    if not job.result_file.exists():
        return False
    past = events.read(job.events_file)
    return bool(past) and past[-1]["type"] == "finished"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _no_window(system: str) -> dict[str, Any]:
    """Give what keeps a console window from opening, by the name of the system's family."""
    return {"creationflags": 0x08000000} if system == "nt" else {}
