"""The live display: one bar a phase, with numbers that are true, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.jobs.events import Event
from stembridge.jobs.store import Job

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PHASES: Mapping[str, str] = {
    "render": "Reading the region",
    "prepare": "Preparing what is sent",
    "upload": "Sending",
    "queue": "Place in the queue",
    "process": "Being separated",
    "measuring": "Measuring the levels",
    "separating": "Separating",
    "download": "Fetching",
    "align": "Writing the stems",
    "blend": "Blending",
    "compare": "Comparing",
    "steps": "Steps done",
    "cut": "Looking where to cut",
    "join": "Joining the parts",
    "fetching": "Fetching the model",
    "checking": "Checking the model",
    "converting": "Converting the model",
}


class Display:
    """Shows a job's events to a person, on stderr.

    Parameters
    ----------
    quiet
        Show nothing but what `say` is told, and not that either.
    verbose
        Also tell every state.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._live = sys.stderr.isatty() and not quiet
        self._progress: Progress | None = None
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def event(self, job: Job, event: Event, name: str = "") -> None:
        """Show one event; ``name`` where there are several jobs."""
        said = f"{name}: " if name else ""
        match event["type"]:
            case "progress":
                self.progress(event["phase"], event["done"], event["total"], event["unit"], name)
            case "waiting":
                self.say(f"{said}Waiting: {event['reason']}")
            case "warning":
                self.say(said + event["message"])
            case "state" if self._verbose:
                self.say(f"[{job.id}] {event['state']}")
            case "accepted" if self._verbose:
                self.say(f"[{job.id}] {job.folder}")
            case "finished" | "failed" | "cancelled" | "needs_decision":
                self.stop()
            case _:
                pass

    def progress(self, phase: str, done: int, total: int | None, unit: str, name: str = "") -> None:
        """Show how far a phase is; of several jobs, each has one bar."""
        if not self._live:
            return
        if self._progress is None:
            self._progress = _bars()
            self._progress.start()
        key = (name, "" if name else phase)
        words = _words(phase)
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(words, total=total, amount="")
        amount = f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
        told = f"{Path(name).name}: {words}" if name else words
        self._progress.update(self._tasks[key], description=told, completed=done, total=total, amount=amount)

    def say(self, text: str) -> None:
        """Tell something, above the bars."""
        if self._quiet:
            return
        if self._progress is not None:
            self._progress.console.print(text, markup=False, highlight=False)
        else:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def stop(self) -> None:
        """Leave the bars as they are and go on below them."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._tasks.clear()


def _words(phase: str) -> str:
    """Say a phase; a step's begins with its title, as in "Drums: upload"."""
    title, _, last = phase.rpartition(": ")
    return f"{title}: {PHASES.get(last, last)}" if title else PHASES.get(phase, phase)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(stderr=True),
    )
