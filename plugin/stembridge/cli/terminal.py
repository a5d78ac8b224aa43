"""A person at a terminal, or a program reading JSON lines: how a job is shown and its questions asked."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click

from stembridge.cli.complaints import complain
from stembridge.cli.display import Display
from stembridge.jobs import disk
from stembridge.jobs.events import Event
from stembridge.jobs.store import Job
from stembridge.model.errors import DecisionNeededError, StembridgeError


class TerminalSession:
    """Show events, ask questions, hear Ctrl-C. Jobs of several threads take turns.

    Parameters
    ----------
    as_json
        Print events as JSON lines on stdout and nothing else; ask nothing.
    quiet, verbose
        As on the command line.
    agreed
        True when the user agreed in advance to the cost that is shown (``--yes``).
    parts
        True when a region that is too long may be separated in parts (``--parts``); what that costs in
        credits is another matter.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        agreed: bool = False,
        parts: bool = False,
    ) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self._agreed = agreed
        self._parts = parts
        self._stop = self._told = self._unheard = False
        self._display = None if as_json else Display(quiet=quiet, verbose=verbose)
        self._turn = threading.RLock()
        self._names: dict[str, str] = {}

    @property
    def may_ask(self) -> bool:
        """True when there is a person to answer."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def name(self, job: Job, title: str) -> None:
        """Name a job that is one of several: what is told about it begins with that."""
        self._names[job.id] = title

    @contextlib.contextmanager
    def turn(self, job: Job) -> Iterator[None]:
        """Let no other job speak within the block."""
        with self._turn:
            if job.id in self._names:
                self.pause()
                self.say(f"{self._names[job.id]}:")
            yield

    def event(self, job: Job, event: Event) -> None:
        """Show one event."""
        with self._turn:
            self._event(job, event)

    def _event(self, job: Job, event: Event) -> None:
        if self._display is not None:
            self._display.event(job, event, self._names.get(job.id, ""))
            return
        row: dict[str, Any] = {"job": job.id, **event}
        if event["type"] == "finished":
            row["result"] = job.result()
        self.line(row)

    def decide(self, job: Job, question: DecisionNeededError) -> str | None:
        """Ask the person, where there is one; ``--yes`` has answered questions of cost."""
        if self._agreed and any(choice == "agree" for choice, _ in question.choices):
            return "agree"
        paid = bool(question.context.get("credits"))
        if self._parts and question.code == "too_long" and (self._agreed or not paid):
            return "parts"
        if not self.may_ask or not question.choices:
            return None
        with self.turn(job):
            return self.ask(question)

    def ask(self, question: DecisionNeededError) -> str:
        """Have the person choose; gives the id of the choice."""
        self.pause()
        click.echo(question.message, err=True)
        for number, (_, label) in enumerate(question.choices, 1):
            click.echo(f"  {number}  {label}", err=True)
        picked = click.prompt("Your choice", type=click.IntRange(1, len(question.choices)), err=True)
        return question.choices[int(picked) - 1][0]

    def interrupted(self) -> bool:
        """Say whether Ctrl-C was pressed."""
        if self._stop and not self._told:
            self._told = True  # here, because a signal handler may not write to a stream in use
            self.say("Cancelling ... (Ctrl-C again to leave at once)")
        return self._stop

    def say(self, text: str) -> None:
        """Tell the person something."""
        if self._display is not None:
            with self._turn:
                self._display.say(text)

    def complain(self, error: StembridgeError, *, about: str = "") -> None:
        """Tell a person of an error."""
        with self._turn:
            self.pause()
            complain(error, about=about, verbose=self.verbose)

    def progress(self, phase: str, done: int, total: int | None, unit: str) -> None:
        """Show how far something is that is no job."""
        if self._display is not None:
            self._display.progress(phase, done, total, unit)

    def line(self, document: object) -> None:
        """Print a JSON line. A reader that has gone doesn't stop the job: the log has it all."""
        if self._unheard:
            return
        try:
            with self._turn:
                sys.stdout.write(disk.to_json(document) + "\n")
                sys.stdout.flush()
        except BrokenPipeError:
            self._unheard = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def pause(self) -> None:
        """Take the progress display off the screen."""
        if self._display is not None:
            self._display.stop()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Turn the first Ctrl-C into a wish to cancel; the second ends the process at once."""

        def wish(_number: int, _frame: FrameType | None) -> None:
            if self._stop:
                raise KeyboardInterrupt
            self._stop = True

        before = signal.signal(signal.SIGINT, wish)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            self.pause()
