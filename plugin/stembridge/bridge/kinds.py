"""Kinds of jobs: who carries which request on. This table is the one place where that is decided.

A row says which requests are its own and who works on them; the first that fits has the job. A worker
of a kind is a function that takes a `Task`, works until result.json is written, and ends with an error,
a question or `Cancelled` otherwise; the shift (`stembridge.jobs.shift`) tells the log. It is imported
only when a job needs it: the first event of a job is out before anything heavy loads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stembridge.jobs.combining import BlendRequest, CompareRequest
from stembridge.jobs.events import EventLog
from stembridge.jobs.request import QueryRequest, Request, SeparateRequest
from stembridge.jobs.store import Job
from stembridge.model.errors import UsageError

if TYPE_CHECKING:
    from stembridge.bridge.session import Tools
    from stembridge.engines.base import Engine


@dataclass(frozen=True, slots=True)
class Task:
    """A job in a worker's hands.

    Attributes
    ----------
    request
        What request.json says.
    log
        Of the job; whoever has it holds the job's lock.
    interrupted
        Says True when this process was asked to stop; treated as a cancel.
    engines
        Gives all engines by name, made once in a process and kept; ``background`` as in the request.
    """

    job: Job
    request: Request
    log: EventLog
    tools: Tools
    interrupted: Callable[[], bool]
    engines: Callable[[bool], Mapping[str, Engine]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table."""

    name: str
    fits: Callable[[Task], bool]
    carry_on: Callable[[Task], None]


def carry_on(task: Task) -> None:
    """Work on a job as its kind is worked on; the body of a shift.

    Raises
    ------
    StembridgeError, Cancelled
        Whatever ends the job without a result.
    """
    for kind in KINDS:
        if kind.fits(task):
            kind.carry_on(task)
            return
    raise UsageError("Nobody knows how to do this kind of job.", hint="See PROTOCOL.md for the kinds.")


def _query(task: Task) -> None:
    task.tools.query(task.job)


def _separate(task: Task) -> None:
    from stembridge.bridge import parts

    parts.carry_on(task)


def _chain(task: Task) -> None:
    from stembridge.bridge import chaining

    chaining.carry_on(task)


def _is_chain(task: Task) -> bool:
    return isinstance(task.request, SeparateRequest) and task.request.chain is not None


def _blend(task: Task) -> None:
    from stembridge.bridge import blending

    blending.carry_on(task)


def _compare(task: Task) -> None:
    from stembridge.bridge import comparing

    comparing.carry_on(task)


KINDS: tuple[Kind, ...] = (
    Kind("query", lambda task: isinstance(task.request, QueryRequest), _query),
    Kind("blend", lambda task: isinstance(task.request, BlendRequest), _blend),
    Kind("compare", lambda task: isinstance(task.request, CompareRequest), _compare),
    Kind("chain", _is_chain, _chain),
    Kind("separate", lambda task: isinstance(task.request, SeparateRequest), _separate),
)
