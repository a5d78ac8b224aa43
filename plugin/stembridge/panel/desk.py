"""What all of the panel's endpoints share: the jobs, the engines, the folders, and the word to stop."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.bridge.hosting import Host, Job
from stembridge.bridge.session import Tools
from stembridge.model.errors import UnknownNameError
from stembridge.panel.tickets import Tickets

if TYPE_CHECKING:
    from stembridge.engines.base import Engine, Readiness
    from stembridge.panel.board import Board

Hosts = Mapping[str, Callable[[], Iterable["Readiness"]]]
NAME = "panel"
"""The panel's word for itself in its requests."""


@dataclass(frozen=True)
class Desk:
    """The panel of one data folder.

    Attributes
    ----------
    tools
        What the composition root gives everything that runs jobs.
    hosts
        What gives the doctor's rows of every host.
    board
        All jobs, as the page shows them.
    start
        Random text of this start: a page that sees another one was served by an earlier server.
    tickets
        What opens the panel once.
    closing
        Set once the server ends.
    hands
        Threads for what takes long and isn't an answer by itself: peaks.
    """

    tools: Tools
    hosts: Hosts
    board: Board
    start: str
    tickets: Tickets
    closing: threading.Event = field(default_factory=threading.Event)
    hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "panel"))

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.tools.home

    @property
    def folder(self) -> Path:
        """The panel's own folder: uploads, and what was computed of the sound."""
        return self.home / NAME

    @property
    def host(self) -> Host:
        """Orders jobs and starts workers, which outlive the server."""
        return Host(NAME, self.home, self.tools.clock)

    @functools.cached_property
    def engines(self) -> Mapping[str, Engine]:
        """All engines; they leave a processor to the programs beside us."""
        return self.tools.engines(background=True)

    def job(self, name: str) -> Job:
        """Find a job by its whole id; raises `UnknownNameError`, also for what can be no id."""
        from stembridge.panel.answers import job_id

        job = Job(self.home / "jobs" / job_id(name))
        if not job.request_file.exists():
            raise UnknownNameError("job", name, ())
        return job
