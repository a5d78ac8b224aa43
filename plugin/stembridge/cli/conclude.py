"""How a command ends that worked on jobs: what it tells, and with which code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from stembridge.bridge import session
from stembridge.cli import exits
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs import disk
from stembridge.jobs.events import Event
from stembridge.jobs.shift import Outcome
from stembridge.jobs.store import Job
from stembridge.model.errors import Cancelled
from stembridge.model.states import State


def drive(
    job: Job, tools: Tools, settings: dict[str, Any], *, as_json: bool = False, agreed: bool = False
) -> int:
    """Work on one job in front of the user, and tell how it ended."""
    terminal = TerminalSession(as_json=as_json, agreed=agreed, **settings)
    with terminal.listening():
        return tell(job, session.drive(job, tools, terminal), terminal)


class Reader(TerminalSession):
    """A terminal that tells a program nothing but one document at the end."""

    def event(self, job: Job, event: Event) -> None:
        """Show one event to a person."""
        if not self.as_json:
            super().event(job, event)


def read(job: Job, tools: Tools, terminal: Reader, document: str) -> int:
    """Work on a job whose result is to be read: a program gets the document that result.json names."""
    outcome = session.drive(job, tools, terminal)
    if not terminal.as_json:
        return tell(job, outcome, terminal)
    if outcome.error is not None:
        raise outcome.error
    if outcome.state is not State.READY:
        raise Cancelled
    path = Path((job.result() or {})[document])
    terminal.line({**disk.read_json(path), "job": job.id, "folder": str(path.parent)})
    return exits.OK


def tell(job: Job, outcome: Outcome, terminal: TerminalSession) -> int:
    """Tell how a job ended; give the exit code."""
    with terminal.turn(job):
        return _tell(job, outcome, terminal)


def _tell(job: Job, outcome: Outcome, terminal: TerminalSession) -> int:
    terminal.pause()
    if outcome.state is State.READY:
        result = job.result() or {}
        if result.get("reused_from"):
            terminal.say(
                f"Answered from the earlier job {result['reused_from']}; --again separates once more."
            )
        for sentence in result.get("sentences", []):
            terminal.say(sentence)
        if result.get("kind") != "query":
            terminal.say(f"In: {result.get('delivered_to') or job.stems_folder}")
        return exits.OK
    if outcome.state is State.CANCELLED:
        terminal.say(f"Cancelled. Go on with it: stembridge jobs resume {job.id}")
        return exits.CANCELLED
    error = outcome.error
    if error is None:
        return 1
    if not terminal.as_json:
        terminal.complain(error)
        if outcome.state is State.NEEDS_DECISION:
            sys.stderr.write(f"The job waits: stembridge jobs resume {job.id}\n")
    return exits.exit_code(error)
