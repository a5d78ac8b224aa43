"""The board: every job as the page shows it, kept up to date by looking at what changed on the disk."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stembridge.bridge import household
from stembridge.bridge.hosting import Tail
from stembridge.jobs import costs, disk, usage
from stembridge.jobs.clock import Clock
from stembridge.jobs.events import TERMINAL
from stembridge.jobs.store import Job
from stembridge.model.errors import StembridgeError
from stembridge.model.states import TABLE, State

_ENDS = {
    "finished": State.READY, "failed": State.FAILED, "cancelled": State.CANCELLED,
    "needs_decision": State.NEEDS_DECISION,
}  # fmt: skip
_SILENCE = 30.0
"""Seconds without an event after which it is looked whether a worker still has the job."""
_MOST_WARNINGS = 20
HANDED = "handed_from"


@dataclass
class _Story:
    """What a job's events have told so far."""

    state: State = State.CREATED
    phase: str | None = None
    done: int | None = None
    total: int | None = None
    unit: str | None = None
    waiting: str | None = None
    place: int | None = None
    queue: int | None = None
    error: Mapping[str, Any] | None = None
    question: Mapping[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    last: float | None = None
    working: bool = False

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take in the next event."""
        kind, now = event["type"], float(event.get("ts", 0.0))
        if self.working and self.last is not None and kind != "accepted":
            self.seconds += max(0.0, now - self.last)
        self.last, self.working = now, kind not in TERMINAL
        if kind == "accepted":
            self._clear()
            self.error = self.question = None
        elif kind == "state":
            self._clear()
            self.state = State(event["state"])
        elif kind == "progress":
            self._progress(event)
        elif kind == "waiting":
            self.waiting = str(event.get("reason") or "")
        elif kind == "warning":
            self.warnings = [*self.warnings, str(event.get("message", ""))][-_MOST_WARNINGS:]
        elif kind in _ENDS:
            self._clear()
            self._end(kind, event)

    def _progress(self, event: Mapping[str, Any]) -> None:
        self.waiting = None
        if event.get("phase") == "queue":
            self.place, self.queue = event.get("done"), event.get("total")
            self.phase, self.done, self.total, self.unit = "queue", None, None, None
            return
        self.place = self.queue = None
        self.phase, self.done = str(event.get("phase")), event.get("done")
        self.total, self.unit = event.get("total"), event.get("unit")

    def _end(self, kind: str, event: Mapping[str, Any]) -> None:
        self.state = _ENDS[kind]
        told = {name: str(event.get(name) or "") for name in ("code", "message", "hint")}
        if kind == "failed":
            self.error = told
        elif kind == "needs_decision":
            choices = [[str(key), str(text)] for key, text in event.get("choices", [])]
            self.question = {"id": str(event.get("id", "")), **told, "choices": choices}

    def _clear(self) -> None:
        self.phase = self.done = self.total = self.unit = self.waiting = self.place = self.queue = None


class _Watched:
    """One job, and what is known of it."""

    def __init__(self, job: Job, request: Mapping[str, Any], created: float) -> None:
        self.job, self.request, self.created = job, request, created
        self.story = _Story()
        self.sign: tuple[int, int] = (-1, -1)
        self.row: dict[str, Any] = {}
        self.damaged: StembridgeError | None = None
        self.stalled = False
        self._tail = Tail(job)

    def look(self, sign: tuple[int, int], now: float, title: Callable[[str, str], str]) -> bool:
        """Read what is new; say whether the row is another one now."""
        changed = sign != self.sign
        silent = self.story.working and now - (self.story.last or now) > _SILENCE
        stalled = (silent or (not self.story.last and now - self.created > _SILENCE)) and not self.job.busy()
        if not changed and stalled == self.stalled:
            return False
        self.sign, self.stalled = sign, stalled
        try:
            for event in self._tail.read():
                self.story.hear(event)
            row = self._row(title)
        except (StembridgeError, KeyError, TypeError, ValueError) as fault:
            row = self._damaged(fault)
        same = row == self.row
        self.row = row
        return not same

    def _row(self, title: Callable[[str, str], str]) -> dict[str, Any]:
        job, story, request = self.job, self.story, self.request
        result = job.result() if job.result_file.exists() else None
        state = State.READY if result is not None else story.state
        planned = _planned(job)
        recipe = planned.get("recipe", {})
        told = result or {}
        engine = told.get("engine") or recipe.get("engine") or request.get("engine")
        model = told.get("model") or recipe.get("model") or request.get("model")
        return {
            "id": job.id,
            "kind": kind_of(request, family=job.family_json.exists()),
            "parent": request.get("parent"),
            "state": state.value,
            "over": TABLE[state].over,
            "stalled": self.stalled and not TABLE[state].over and state is not State.NEEDS_DECISION,
            "phase": story.phase,
            "done": story.done,
            "total": story.total,
            "unit": story.unit,
            "waiting": story.waiting,
            "queue_place": story.place,
            "queue_length": story.queue,
            "created": round(self.created, 3),
            "seconds": round(story.seconds, 3),
            "engine": engine,
            "model": model,
            "title": recipe.get("title") or title(str(engine or ""), str(model or "")),
            "source": _source(request, planned),
            "region": _region(told.get("region") or planned.get("region")),
            "cost": _cost(job, engine),
            "error": story.error if state is State.FAILED else None,
            "question": story.question if state is State.NEEDS_DECISION else None,
            "warnings": story.warnings,
            "imported": any(job.folder.glob("host-*-*.json")),
            "disk": usage.count(usage.names(job.folder)).bytes if TABLE[state].over else None,
            "host": str(request.get("host") or ""),
            "reused": bool(told.get("reused_from")),
        }

    def _damaged(self, fault: Exception) -> dict[str, Any]:
        error = fault if isinstance(fault, StembridgeError) else disk.corrupt(self.job.events_file, "damaged")
        blank = dict.fromkeys((
            "parent", "phase", "done", "total", "unit", "waiting", "queue_place", "queue_length", "region",
            "cost", "question", "disk", "engine", "model",
        ))  # fmt: skip
        return {
            **blank, "id": self.job.id, "kind": kind_of(self.request), "state": "failed", "over": True,
            "stalled": False, "created": round(self.created, 3), "seconds": 0.0, "title": "",
            "source": _source(self.request, {}), "error": error.to_dict(), "warnings": [],
            "imported": False, "host": str(self.request.get("host") or ""), "reused": False,
        }  # fmt: skip


class Board:
    """All jobs of a data folder but questions, and copies that were handed to another host.

    Parameters
    ----------
    folder
        Of the store.
    title
        Gives what people call a model, by its engine and its id.
    """

    def __init__(self, folder: Path, clock: Clock, title: Callable[[str, str], str]) -> None:
        self._folder, self._clock, self._title = folder, clock, title
        self._turn = threading.Lock()
        self._jobs: dict[str, _Watched] = {}
        self._passed: dict[str, int] = {}
        self._changed: dict[str, None] = {}
        self._gone: dict[str, None] = {}

    def look(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Look at the disk; give the rows that are new or changed, oldest first, and what ids are gone.

        Each change is given once, also where `rows` or `row` saw it first: this is for the one who tells.
        """
        with self._turn:
            self._look()
            changed = [self._jobs[name] for name in self._changed if name in self._jobs]
            gone = [name for name in self._gone if name not in self._jobs]
            self._changed.clear()
            self._gone.clear()
        return [one.row for one in sorted(changed, key=lambda one: (one.created, one.job.id))], gone

    def _look(self) -> None:
        now = self._clock.time()
        there = dict(self._folders())
        for name, stamp in there.items():
            watched = self._jobs.get(name) or self._meet(name, stamp)
            if watched is not None and watched.look((stamp, _size(watched.job)), now, self._title):
                self._changed[name] = None
        for name in [name for name in self._jobs if name not in there]:
            del self._jobs[name]
            self._gone[name] = None
        for name in [name for name in self._passed if name not in there]:
            del self._passed[name]

    def rows(self) -> list[dict[str, Any]]:
        """Give all jobs as they are now, newest first."""
        with self._turn:
            self._look()
            found = sorted(self._jobs.values(), key=lambda one: (one.created, one.job.id), reverse=True)
            return [one.row for one in found if one.row]

    def row(self, job: Job) -> dict[str, Any] | None:
        """Give one job as it is now; None for one that isn't shown."""
        with self._turn:
            self._look()
            watched = self._jobs.get(job.id)
            return watched.row if watched is not None else None

    def _folders(self) -> Iterator[tuple[str, int]]:
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # removed meanwhile
                    yield entry.name, entry.stat().st_mtime_ns

    def _meet(self, name: str, stamp: int) -> _Watched | None:
        """Take in a folder; None where it is no job to show, or none yet."""
        if self._passed.get(name) == stamp:
            return None
        job = Job(self._folder / name)
        try:
            request = job.request_document()
            created = job.request_file.stat().st_mtime
        except (StembridgeError, OSError):
            self._passed[name] = stamp  # looked at again when something is written there
            return None
        context = request.get("host_context")
        if request.get("kind") == "query" or (isinstance(context, dict) and context.get(HANDED)):
            self._passed[name] = stamp
            return None
        return self._jobs.setdefault(name, _Watched(job, request, created))


def kind_of(request: Mapping[str, Any], *, family: bool = False) -> str:
    """Name what a job does: separate, chain, parts, blend or compare.

    ``family`` says that it is made of other jobs.
    """
    if request.get("kind") != "separate":
        return str(request.get("kind"))
    if request.get("chain"):
        return "chain"
    return "parts" if family else "separate"


def _size(job: Job) -> int:
    try:
        return job.events_file.stat().st_size
    except OSError:
        return 0


def _planned(job: Job) -> Mapping[str, Any]:
    try:
        plan = disk.read_json(job.region_json)["plan"]
    except (FileNotFoundError, KeyError):
        return {}
    return plan if isinstance(plan, dict) else {}


def _source(request: Mapping[str, Any], planned: Mapping[str, Any]) -> str:
    """Name the source for people; a link is nobody's to see."""
    if request.get("name"):
        return str(request["name"])
    source = request.get("source") or {}
    path = str(source.get("path") or "").replace("\\", "/")
    return path.rpartition("/")[2] or ("a link" if source.get("url") else str(planned.get("name") or ""))


def _region(region: Mapping[str, Any] | None) -> dict[str, int] | None:
    if not region:
        return None
    return {name: int(region[name]) for name in ("first_frame", "frames", "rate", "channels")}


def _cost(job: Job, engine: str | None) -> dict[str, Any] | None:
    """Give what was ordered for a job; of one that is made of jobs, what its steps cost together."""
    if engine == "offline":
        return {"amount": 0, "unit": costs.CREDITS}
    steps = household.read(job)
    if steps is not None:
        found = [costs.ordered(Job(job.folder.with_name(step.job))) for step in steps]
        known = [quote for quote in found if quote is not None]
        amounts = [quote.amount for quote in known if quote.amount is not None]
        total = sum(amounts) if len(amounts) == len(known) else None
        return {"amount": total, "unit": known[0].unit if known else costs.CREDITS}
    quote = costs.ordered(job)
    return None if quote is None else {"amount": quote.amount, "unit": quote.unit}
