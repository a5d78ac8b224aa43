"""Wiring: which store, which clock, which engines, which hosts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from stembridge.cli.app import HOSTS_GROUP
from stembridge.engines import registry
from stembridge.engines.base import Engine, Readiness
from stembridge.jobs.clock import Clock, SystemClock
from stembridge.jobs.events import Event
from stembridge.jobs.shift import Outcome
from stembridge.jobs.store import Job, Store


def data_folder() -> Path:
    """Give STEMBRIDGE_HOME, or the platform's own place for an application's data."""
    named = os.environ.get("STEMBRIDGE_HOME")
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("stembridge", appauthor=False)


@dataclass(frozen=True)
class Tools:
    """What everything that runs jobs is given."""

    home: Path = field(default_factory=data_folder)
    clock: Clock = field(default_factory=SystemClock)
    default_engine: str = registry.DEFAULT

    @property
    def store(self) -> Store:
        """The store of jobs."""
        return Store(self.home, self.clock)

    def engines(self, *, background: bool) -> Mapping[str, Engine]:
        """Make the engines; in the background they leave a processor to the programs beside them."""
        threads = None if background else os.cpu_count()
        return registry.build(registry.Settings(self.home, threads))

    def query(self, job: Job, listener: Callable[[Event], None] | None) -> Outcome:
        """Answer a host's question."""
        from stembridge.bridge import queries

        return queries.answer(job, self, hosts(), listener)


def hosts() -> dict[str, Callable[[], Iterable[Readiness]]]:
    """Find the doctor rows of every host: entry points named ``doctor:<host>``."""
    found: dict[str, Callable[[], Iterable[Readiness]]] = {}
    for point in metadata.entry_points(group=HOSTS_GROUP):
        if point.name.startswith("doctor:"):
            found[point.name.removeprefix("doctor:")] = _late(point)
    return found


def _late(point: metadata.EntryPoint) -> Callable[[], Iterable[Readiness]]:
    def rows() -> Iterable[Readiness]:
        look: Callable[[], Iterable[Readiness]] = point.load()
        return look()

    return rows
