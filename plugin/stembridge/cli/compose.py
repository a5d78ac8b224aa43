"""Wiring: which store, which clock, which engines, which hosts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.bridge.home import data_folder
from stembridge.cli.app import HOSTS_GROUP
from stembridge.jobs.clock import Clock, SystemClock
from stembridge.jobs.store import Job, Store

__all__ = ["Tools", "data_folder", "hosts"]

if TYPE_CHECKING:
    from importlib import metadata

    from stembridge.engines.base import Engine, Readiness


@dataclass(frozen=True)
class Tools:
    """What everything that runs jobs is given."""

    home: Path = field(default_factory=data_folder)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def default_engine(self) -> str:
        """What separates when nothing was asked for."""
        from stembridge.engines import registry

        return registry.default(self.home)

    @property
    def store(self) -> Store:
        """The store of jobs."""
        return Store(self.home, self.clock)

    def engines(self, *, background: bool) -> Mapping[str, Engine]:
        """Make the engines; in the background they leave a processor to the programs beside them."""
        from stembridge.engines import registry

        threads = None if background else os.cpu_count()
        return registry.build(registry.Settings(self.home, threads))

    def query(self, job: Job) -> None:
        """Answer a host's question."""
        from stembridge.bridge import queries

        queries.answer(job, self, hosts())


def hosts() -> dict[str, Callable[[], Iterable[Readiness]]]:
    """Find the doctor rows of every host: entry points named ``doctor:<host>``."""
    from importlib import metadata

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
