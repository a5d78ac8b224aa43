"""What can be done with a job: cancel, resume, try again, remove, answer its question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stembridge.bridge.hosting import Job, last_event
from stembridge.jobs import disk, runner
from stembridge.jobs.request import QueryRequest, SeparateRequest
from stembridge.jobs.store import let_go
from stembridge.model.errors import UsageError
from stembridge.model.states import TABLE
from stembridge.panel.answers import Asked, Work
from stembridge.panel.desk import Desk


def told(desk: Desk, job: Job | None) -> dict[str, Any]:
    """Give the answer that shows a job as it is now."""
    return {"job": None if job is None else desk.board.row(job)}


def cancel(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Ask for a job's end; a service that works on it is told by its worker."""
    job = desk.job(asked.path["id"])
    desk.host.cancel(job)
    return told(desk, job)


def resume(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Go on with a job that was cut off, cancelled or failed, from what is on disk."""
    job = desk.job(asked.path["id"])
    desk.host.resume(job)
    return told(desk, job)


def retry(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Make a new job of an old one's request, and start it; its rendered region is used again."""
    old = desk.job(asked.path["id"])
    if not TABLE[old.state()].over:
        raise UsageError("This job isn't over yet.", hint="Cancel it first, or wait for it.")
    asked_for = old.request()
    if isinstance(asked_for, QueryRequest):
        raise UsageError("This job is a question.")
    job = desk.host.store.create(asked_for)
    if isinstance(asked_for, SeparateRequest):
        runner.hand_over(old, job)
    desk.host.start(job)
    return told(desk, job)


def remove(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Delete a job's folder; what was delivered elsewhere stays."""
    job = desk.job(asked.path["id"])
    let_go(job, desk.host.clock)
    desk.host.store.remove(job)
    disk.remove(desk.folder / "cache" / job.id)
    return told(desk, None)


def answer(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Answer a job's question with one of its choices."""
    job = desk.job(asked.path["id"])
    question, choice = last_event(job), asked.need("choice", str)
    if question is None or question["type"] != "needs_decision" or question["id"] != asked.need("id", str):
        raise UsageError("This job asks something else by now.", hint="Look at it again.")
    if choice not in [key for key, _ in question.get("choices", [])]:
        raise UsageError("That is none of the choices.")
    desk.host.answer(job, question, choice)
    return told(desk, job)


ACTS: Mapping[str, tuple[Work, str]] = {
    "cancel": (cancel, ""),
    "resume": (resume, ""),
    "retry": (retry, ""),
    "remove": (remove, ""),
    "answer": (answer, "id choice"),
}
