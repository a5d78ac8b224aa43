"""The job's log: JSON lines, append only, written by the holder of the job's lock and read by anyone."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stembridge.jobs import disk
from stembridge.jobs.clock import Clock
from stembridge.model.states import State

PROTOCOL = 1
"""Version of the file protocol between a host and the core."""

EVENTS: Mapping[str, tuple[str, str]] = {
    "accepted": ("pid, version, request", "a worker has the job"),
    "state": ("state", "the job entered a state"),
    "progress": ("phase, done, total, unit", "true numbers; total is null where it isn't known"),
    "waiting": ("reason, until", "why nothing moves; until is Unix seconds or null"),
    "needs_decision": ("id, code, message, hint, choices", "the worker ends; write answer.json, start again"),
    "warning": ("code, message", "worth knowing, nothing stops"),
    "heartbeat": ("", "the worker lives"),
    "finished": ("reused_from", "result.json is there"),
    "failed": ("code, message, hint", "the job is over; nothing on disk was lost"),
    "cancelled": ("message", "the user's wish was carried out"),
}
"""Every type with its fields and meaning; a reader ignores types and fields it doesn't know."""

TERMINAL = frozenset({"finished", "failed", "cancelled", "needs_decision"})
_ENDS: Mapping[str, State] = {
    "finished": State.READY,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
    "needs_decision": State.NEEDS_DECISION,
}

Event = Mapping[str, Any]


def read(path: Path) -> list[dict[str, Any]]:
    """Read all whole lines; an unfinished last line is another process's write under way.

    Raises
    ------
    StoreError
        ``job_corrupt`` when a whole line is no event.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise disk.unreadable(error, path) from error
    return parse(data[: data.rfind(b"\n") + 1], path)


def parse(lines: bytes, path: Path) -> list[dict[str, Any]]:
    """Take whole lines of a log for events; ``path`` is named where a line is none.

    Raises
    ------
    StoreError
        ``job_corrupt``.
    """
    events = []
    for line in lines.splitlines():
        try:
            event = json.loads(line)
            if not isinstance(event["type"], str) or not isinstance(event["seq"], int):
                raise TypeError
            if event["type"] == "state":
                State(event["state"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise disk.corrupt(path, "a line is no event") from error
        events.append(event)
    return events


def fold(events: list[dict[str, Any]]) -> State:
    """Give the state that the events tell."""
    state = State.CREATED
    for event in events:
        state = State(event["state"]) if event["type"] == "state" else _ENDS.get(event["type"], state)
    return state


@dataclass
class _Pace:
    """When the last line went out, and the last progress."""

    any_line: float = 0.0
    progress: float = float("-inf")


class EventLog:
    """Writer of a job's log. Only the holder of the job's lock may make one: it cuts a torn tail.

    Threads of that worker may share it: the lines stand in the order of their numbers.

    Parameters
    ----------
    path
        events.jsonl.
    clock
        Source of time stamps.
    listener
        Called with every event after it was written.
    """

    PROGRESS_EVERY = 0.25
    HEARTBEAT_EVERY = 5.0

    def __init__(self, path: Path, clock: Clock, listener: Callable[[Event], None] | None = None) -> None:
        self._path = path
        self._clock = clock
        self._listener = listener
        self._turn = threading.RLock()
        self._pace = _Pace()
        self._cut_torn_tail()
        past = read(path)
        self._seq = past[-1]["seq"] if past else 0

    def _cut_torn_tail(self) -> None:
        with disk.mapped(self._path):
            if not self._path.exists():
                return
            with self._path.open("r+b") as file:
                data = file.read()
                whole = data.rfind(b"\n") + 1
                if whole != len(data):
                    file.truncate(whole)
                    file.flush()
                    os.fsync(file.fileno())

    def emit(self, kind: str, /, *, durable: bool = True, **fields: Any) -> dict[str, Any]:
        """Append one event; with ``durable`` it is on the disk when this returns."""
        with self._turn:
            return self._append(kind, fields, durable=durable)

    def _append(self, kind: str, fields: Mapping[str, Any], *, durable: bool) -> dict[str, Any]:
        self._seq += 1
        event = {"v": PROTOCOL, "seq": self._seq, "ts": round(self._clock.time(), 3), "type": kind, **fields}
        line = disk.to_json(event).encode() + b"\n"
        with disk.mapped(self._path), self._path.open("ab") as file:
            file.write(line)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        self._pace.any_line = self._clock.monotonic()
        if self._listener is not None:
            self._listener(event)
        return event

    def progress(self, phase: str, done: int, total: int | None, unit: str) -> None:
        """Append a progress event, not more than four a second except for the last of a phase."""
        now = self._clock.monotonic()
        if done == total or now - self._pace.progress >= self.PROGRESS_EVERY:
            self._pace.progress = now
            self.emit("progress", durable=False, phase=phase, done=done, total=total, unit=unit)

    def heartbeat(self) -> None:
        """Show that the worker lives, when nothing else did for some seconds."""
        if self._clock.monotonic() - self._pace.any_line >= self.HEARTBEAT_EVERY:
            self.emit("heartbeat", durable=False)
