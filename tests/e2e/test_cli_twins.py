"""Copies of one item, each with a worker of its own, as hosts order them: the service is paid once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, ended, music, order, read, told_in, until, write
from tests.e2e.desk import KEY, POSIX, Desk

FRAMES = 44_100


@pytest.fixture
def slow(command: Command, tmp_path: Path) -> Iterator[Desk]:
    """A service that takes some seconds for each order."""
    pace = Pace(service_seconds=3.0)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=pace) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        yield desk


def _start(command: Command, name: str, **more: Any) -> subprocess.Popen[str]:
    """Order what a host rendered; copies of an item render to the same samples."""
    folder = command.folder(name)
    folder.mkdir(parents=True)
    write(folder / "input.wav", music(FRAMES))
    wish = {"kind": "separate", "input": True, "name": name, "engine": "mvsep", "model": "40", **more}
    order(folder, {"max_credits": 1, **wish})
    return command.start("run", folder, "--foreground")


def _orders(desk: Desk) -> int:
    return len(desk.service.service.timeline.jobs)


def _waits(desk: Desk, name: str) -> bool:
    reasons = [event.get("reason") for event in told_in(desk.command.folder(name))]
    return "another job has ordered the very same" in reasons


def _stems(desk: Desk, name: str) -> list[np.ndarray[Any, Any]]:
    return [read(path) for path in sorted((desk.command.folder(name) / "stems").glob("*.wav"))]


def test_the_second_waits_for_the_first_and_both_have_the_stems(slow: Desk) -> None:
    first = _start(slow.command, "first")
    until(lambda: _orders(slow) == 1)
    others = [_start(slow.command, "second"), _start(slow.command, "third", format="flac24")]
    until(lambda: _waits(slow, "second") and _waits(slow, "third"))
    another = _start(slow.command, "another", options={"add_opt1": "29"})  # no copy: not held up
    until(lambda: _orders(slow) == 2)
    assert [ended(one).code for one in (first, *others, another)] == [0] * 4
    assert _orders(slow) == 2
    for one, other in zip(_stems(slow, "first"), _stems(slow, "second"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_again_means_again(slow: Desk) -> None:
    both = [_start(slow.command, "first"), _start(slow.command, "second", again=True)]
    assert [ended(one).code for one in both] == [0, 0]
    assert _orders(slow) == 2


def test_who_waits_can_be_cancelled_and_orders_when_the_other_is(slow: Desk) -> None:
    first = _start(slow.command, "first")
    until(lambda: _orders(slow) == 1)
    second, third = _start(slow.command, "second"), _start(slow.command, "third")
    until(lambda: _waits(slow, "second") and _waits(slow, "third"))
    (slow.command.folder("third") / "cancel").touch()
    assert ended(third).code == 130
    (slow.command.folder("first") / "cancel").touch()
    assert ended(first).code == 130
    assert ended(second).code == 0
    assert [job.removed for job in slow.service.service.timeline.jobs] == [True, False]


@POSIX
def test_who_waits_goes_on_alone_when_the_other_dies(slow: Desk) -> None:
    first = _start(slow.command, "first")
    until(lambda: '"ticket"' in _remote(slow, "first"))
    second = _start(slow.command, "second")
    until(lambda: _waits(slow, "second"))
    first.kill()
    first.communicate()
    assert ended(second).code == 0
    assert slow("jobs", "resume", "first").code == 0
    assert _orders(slow) == 2, "the first's own order was fetched, not made again"


def _remote(desk: Desk, name: str) -> str:
    path = desk.command.folder(name) / "remote.json"
    return path.read_text("utf-8") if path.exists() else ""
