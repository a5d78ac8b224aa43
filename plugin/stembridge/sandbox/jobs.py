"""The jobs of the stand-in service: what is known of each, and how they move on with the clock.

Nothing here waits. Time comes from the caller, and `Timeline.advance` carries all jobs on to it, event by
event, so that a test may jump over an hour, and the order of events is that of a service that ran through it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event

from stembridge.sandbox.accounts import Account, Plan


class Stage(StrEnum):
    """Where a job stands; the finer statuses of a long file come from the clock."""

    WAITING = "waiting"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long everything takes.

    Attributes
    ----------
    queue_seconds
        Least time that a job waits before it is taken up.
    service_seconds
        Processing time of every job; None: as long as the separation really takes.
    slots
        Jobs in process at a time, of all accounts.
    crowd
        Jobs of others that stand ahead in the queue when a job comes, gone after `queue_seconds`.
    split_after, chunk_seconds
        Audio longer than the first (in seconds) is distributed in chunks of the second, then merged.
    keep_seconds
        How long results are kept after they are done.
    """

    queue_seconds: float = 0.0
    service_seconds: float | None = None
    slots: int = 12
    crowd: int = 0
    split_after: float = 1200.0
    chunk_seconds: float = 300.0
    keep_seconds: float = 72 * 3600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that may be downloaded."""

    label: str
    name: str
    path: Path
    size: int
    etag: str
    peaks: tuple[float, ...] = ()


@dataclass(slots=True)
class Work:
    """The separation itself: what came of it, once `finished` is set."""

    finished: Event = field(default_factory=Event)
    ended_at: float = 0.0
    files: tuple[Stored, ...] = ()
    transcription: str | None = None
    tags: dict[str, object] = field(default_factory=dict)
    error: str = ""


@dataclass(slots=True, eq=False)
class Job:
    """One separation. Times are Unix seconds of the injected clock.

    `storage` names the job in download addresses; it can't be guessed from the hash.
    """

    number: int
    hash: str
    storage: str
    owner: Account
    plan: Plan
    sep_type: int
    name: str
    options: dict[str, str]
    output_format: int
    demo: bool
    slug: str
    suffix: str
    upload: Path | None
    upload_size: int
    seconds: float
    cost: int
    long_names: bool
    created: float
    stage: Stage = Stage.WAITING
    started: float = 0.0
    ended: float = 0.0
    removed: bool = False
    told: bool = False
    work: Work = field(default_factory=Work)

    @property
    def unprocessed(self) -> bool:
        """True while it fills a slot of its account."""
        return self.stage in {Stage.WAITING, Stage.PROCESSING} and not self.removed

    @property
    def priority(self) -> int:
        """0 for premium jobs, which go first; 1 for the others."""
        return 0 if self.plan.name == "premium" else 1


class Timeline:
    """All jobs, and the clockwork that moves them.

    Parameters
    ----------
    pace
        Durations.
    begin
        Called when a job's processing starts: sets its separation going, doesn't wait for it.
    exact
        True: a job takes what `Pace.service_seconds` says, however long its separation took.
    """

    def __init__(self, pace: Pace, begin: Callable[[Job], None], *, exact: bool = False) -> None:
        self.pace = pace
        self._exact = exact
        self.jobs: list[Job] = []
        self._begin = begin
        self._freed = -math.inf

    def advance(self, now: float) -> None:
        """Carry every job on to ``now``."""
        while True:
            ending = min(
                ((at, job) for job in self._in(Stage.PROCESSING) if (at := self._end_of(job)) <= now),
                key=lambda pair: (pair[0], pair[1].number),
                default=None,
            )
            starting = self._next_start(now)
            if ending and (starting is None or ending[0] <= starting[0]):
                at, job = ending
                job.stage = Stage.FAILED if job.work.error else Stage.DONE
                job.ended = at
                self._freed = max(self._freed, at)
            elif starting:
                at, job = starting
                job.stage, job.started = Stage.PROCESSING, at
                self._begin(job)
            else:
                return

    def remove(self, job: Job, now: float) -> None:
        """Take a job out: cancelled, or expired."""
        if job.stage is Stage.PROCESSING:
            self._freed = max(self._freed, now)
        job.removed = True

    def _in(self, stage: Stage) -> list[Job]:
        return [job for job in self.jobs if job.stage is stage and not job.removed]

    def _end_of(self, job: Job) -> float:
        if not job.work.finished.is_set():
            return math.inf
        end = job.started + (self.pace.service_seconds or 0.0)
        return end if self._exact else max(end, job.work.ended_at)

    def _next_start(self, now: float) -> tuple[float, Job] | None:
        if len(self._in(Stage.PROCESSING)) >= self.pace.slots:
            return None
        ready = [job for job in self._in(Stage.WAITING) if job.created + self.pace.queue_seconds <= now]
        if not ready:
            return None
        # Whoever is ready when the place becomes free competes by priority; before that, by time.
        first = min(max(job.created + self.pace.queue_seconds, self._freed_if_full()) for job in ready)
        at_first = [job for job in ready if job.created + self.pace.queue_seconds <= first]
        job = min(at_first, key=lambda job: (job.priority, job.created, job.number))
        return first, job

    def _freed_if_full(self) -> float:
        return self._freed if len(self._in(Stage.PROCESSING)) == self.pace.slots - 1 else -math.inf

    def overdue(self, now: float) -> Job | None:
        """Find a job that only its own separation still keeps from being done."""
        for job in self._in(Stage.PROCESSING):
            if not job.work.finished.is_set() and now >= job.started + (self.pace.service_seconds or 0.0):
                return job
        return None

    def place(self, job: Job, now: float) -> tuple[int, int]:
        """Give (queue_count, current_order): the waiting jobs of its priority, and its place among them."""
        waiting = [other for other in self._in(Stage.WAITING) if other.priority == job.priority]
        waiting.sort(key=lambda other: (other.created, other.number))
        order = waiting.index(job) + 1 if job in waiting else 1
        ahead = 0
        if self.pace.crowd and self.pace.queue_seconds > 0:
            left = 1 - (now - job.created) / self.pace.queue_seconds
            ahead = max(0, math.ceil(self.pace.crowd * left))
        return max(1, len(waiting)) + ahead, order + ahead

    def status(self, job: Job, now: float) -> tuple[str, dict[str, object]]:
        """Give the service's status word and the numbers that go with it."""
        if job.stage is Stage.WAITING:
            count, order = self.place(job, now)
            return "waiting", {"queue_count": count, "current_order": order}
        if job.stage is not Stage.PROCESSING or job.seconds <= self.pace.split_after:
            return job.stage.value, {}
        chunks = math.ceil(job.seconds / self.pace.chunk_seconds)
        share = 0.0
        if self.pace.service_seconds:
            share = (now - job.started) / (0.9 * self.pace.service_seconds)
        if share >= 1:
            return "merging", {}
        count, order = self.place(job, now)
        numbers = {"finished_chunks": int(share * chunks), "all_chunks": chunks}
        return "distributing", {"queue_count": count, "current_order": order, **numbers}

    def unprocessed(self, owner: Account) -> int:
        """Count the jobs that fill an account's slots."""
        return sum(job.owner is owner and job.unprocessed for job in self.jobs)

    def find(self, hash_: str) -> Job | None:
        """Find a job that is still there by its hash."""
        return next((job for job in self.jobs if job.hash == hash_ and not job.removed), None)
