"""A worker's shift at a job: the lock, the first event, and an end that always tells what happened."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import stembridge
from stembridge.jobs import events, lock
from stembridge.jobs.clock import Clock
from stembridge.jobs.events import Event, EventLog
from stembridge.jobs.store import Job
from stembridge.model.errors import Cancelled, DecisionNeededError, StembridgeError
from stembridge.model.states import State


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a shift ended; ``error`` is there for FAILED and NEEDS_DECISION."""

    state: State
    error: StembridgeError | None = None


def work(
    job: Job,
    body: Callable[[EventLog], None],
    *,
    clock: Clock,
    listener: Callable[[Event], None] | None = None,
) -> Outcome:
    """Hold the job's lock, run ``body``, and write the terminal event that fits.

    ``body`` returns once result.json is written. A job that has its result already only gets the
    event that a crash may have kept back.

    Raises
    ------
    StoreError
        When another worker has the job, or the folder can't be written to: then nothing can be told
        in the log.
    """
    with lock.hold(job.lock_file):
        log = EventLog(job.events_file, clock, listener)
        if job.result_file.exists():
            return _finished(job, log, listener)
        log.emit("accepted", pid=os.getpid(), version=stembridge.__version__, request=_kind(job))
        try:
            body(log)
            return _finished(job, log, listener)
        except Cancelled as wish:
            log.emit("cancelled", message=str(wish) or "Cancelled.")
            return Outcome(State.CANCELLED)
        except DecisionNeededError as question:
            log.emit(
                "needs_decision",
                id=question.context.get("id", question.code),
                **_words(question),
                choices=[list(choice) for choice in question.choices],
            )
            return Outcome(State.NEEDS_DECISION, question)
        except StembridgeError as error:
            log.emit("failed", **_words(error))
            return Outcome(State.FAILED, error)
        except Exception as fault:  # noqa: BLE001 - the boundary: whatever broke, the host is told
            told = _internal(job, fault)
            log.emit("failed", **_words(told))
            return Outcome(State.FAILED, told)


def _finished(job: Job, log: EventLog, listener: Callable[[Event], None] | None) -> Outcome:
    """Tell the end, unless an earlier shift did; then only the listener hears it again."""
    past = events.read(job.events_file)
    if past and past[-1]["type"] == "finished":
        if listener is not None:
            listener(past[-1])
    else:
        log.emit("finished", reused_from=(job.result() or {}).get("reused_from"))
    return Outcome(State.READY)


def _kind(job: Job) -> str | None:
    """Give the kind of request; one that can't be read is told as the job's failure, by the body."""
    try:
        kind = job.request_document().get("kind")
    except StembridgeError:
        return None
    return kind if isinstance(kind, str) else None


def _words(error: StembridgeError) -> dict[str, Any]:
    return dict(error.to_dict())


def _internal(job: Job, fault: Exception) -> StembridgeError:
    with contextlib.suppress(OSError), job.log_file.open("a", encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(fault)))
    error = StembridgeError(
        f"Stembridge itself failed ({type(fault).__name__}); the job's files are as they were.",
        hint=f"Try `stembridge jobs resume {job.id}`; if it fails again, send us '{job.log_file}'.",
    )
    error.__cause__ = fault
    return error
