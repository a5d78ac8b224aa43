"""Fixtures with a real Audacity. All tests here run on one worker (see tests/conftest.py), one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.audacity.desk import Desk, RunningAudacity, desk

_REAL = {"audacity", "fresh_audacity", "audacity_desk"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Don't count the wait for another run's Audacity as their own time."""
    for item in items:
        if _REAL & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(300, func_only=True))


@pytest.fixture(scope="package")
def audacity_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The screen on which at most one Audacity runs; both fixtures below use it."""
    with desk(tmp_path_factory.mktemp("desk")) as it:
        yield it


@pytest.fixture
def audacity(audacity_desk: Desk) -> Iterator[RunningAudacity]:
    """An Audacity that runs, with an empty project; the same one as the test's before, if it still does."""
    running = audacity_desk.running
    if running is None or not running.sound():
        running = audacity_desk.start()
    else:
        running.new_project()
    yield running
    running.release()


@pytest.fixture
def fresh_audacity(audacity_desk: Desk) -> Iterator[Callable[..., RunningAudacity]]:
    """Start new ones, one at a time: `Desk.start`'s parameters. None is left after the test."""

    def start(home: Path | None = None, *, cured: bool = True) -> RunningAudacity:
        return audacity_desk.start(home, cured=cured)

    yield start
    audacity_desk.clear()
