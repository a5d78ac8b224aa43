"""Every fault of the table, through the real runner, against the real server.

After each one the job is READY, or FAILED or asking with the service's sentence and a hint; nothing is
lost, it can be resumed, and at most one order was accepted.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs.store import Job
from stembridge.model.states import State
from tests.fakes.fault_rows import LONG, ROWS, Row
from tests.fakes.faults import FAULTS
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep_shop import Shop

pytestmark = pytest.mark.usefixtures("plain_picture")
ELSEWHERE = {"late_start"}
"""Faults that another test of this folder's `test_faults_*` takes through the runner."""


@dataclass(frozen=True)
class Calm:
    """What a run gives that nothing disturbs, and the service's files of it."""

    stems: dict[str, bytes]
    files: list[bytes]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Row], Calm]:
    known: dict[tuple[str, bool, int], Calm] = {}

    def of(row: Row) -> Calm:
        key = (row.model, row.free, row.frames)
        if key not in known:
            folder = tmp_path_factory.mktemp("calm")
            with FaultyService(folder / "service") as service:
                shop = Shop(folder / "home", service, service.free if row.free else None, row.frames)
                assert shop.run(shop.job(model=row.model)).state is State.READY
                files = [file.path.read_bytes() for file in service.jobs[0].work.files]
                known[key] = Calm(shop.stems(), files)
        return known[key]

    return of


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


def mend(service: FaultyService, calm: Calm) -> None:
    """Let the service have its files whole again."""
    for job in service.jobs:
        files = []
        for file, whole in zip(job.work.files, calm.files, strict=True):
            file.path.write_bytes(whole)
            files.append(replace(file, size=len(whole)))
        job.work.files = tuple(files)


def narrow(service: FaultyService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets hold little: what has left this side has then all but arrived at the other."""
    connect = socket.create_connection

    def connected(*arguments: Any, **named: Any) -> socket.socket:
        made = connect(*arguments, **named)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return made

    service.sandbox.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    monkeypatch.setattr(socket, "create_connection", connected)


def words_of(shop: Shop) -> list[dict[str, Any]]:
    return [*shop.told("failed"), *shop.told("needs_decision"), *shop.told("waiting")]


@pytest.mark.parametrize("name", ROWS)
def test_fault(
    name: str,
    service: FaultyService,
    tmp_path: Path,
    calm: Callable[[Row], Calm],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = ROWS[name]
    if row.frames == LONG:
        narrow(service, monkeypatch)
    undisturbed = calm(row)
    shop = Shop(tmp_path / "home", service, service.free if row.free else None, row.frames)
    job = shop.job(model=row.model)
    for fault, args in row.faults:
        service.fault(fault, **args)
    outcome = shop.run(job)
    assert outcome.state is row.ends, outcome
    assert len(service.creates) == row.posts
    assert service.paid <= 1
    used = {entry.fault for entry in service.log}
    assert used >= {fault for fault, _ in row.faults}
    if row.says:
        said = [str(event.get("message") or event.get("reason")) for event in words_of(shop)]
        assert any(re.search(row.says, text) for text in said), said
    if outcome.error is not None:
        assert outcome.error.hint
        assert outcome.error.code == (row.code or outcome.error.code)
    if row.ends is not State.READY:
        if row.again is State.READY:
            service.clear()
            if row.mend:
                mend(service, undisturbed)
        ended = shop.until_over(job)
        assert ended.state is row.again, ended
    assert service.paid == 1
    accepted = [entry for entry in service.creates if entry.status == 200 and not entry.fault]
    assert len(accepted) <= 1
    if row.again is State.READY:
        assert_whole(shop, job, undisturbed, row)


def assert_whole(shop: Shop, job: Job, calm: Calm, row: Row) -> None:
    if row.same:
        assert shop.stems() == calm.stems
    else:
        assert len(shop.stems()) == len(calm.stems)
    assert job.state() is State.READY
    assert job.remote_json.stat().st_mode & 0o077 == 0
    assert not list(shop.home.rglob("*.part*"))
    assert {path.parent for path in shop.home.parent.rglob("evil*")} == set()


def test_every_fault_of_the_service_is_taken_through_the_runner() -> None:
    used = {name for row in ROWS.values() for name, _ in row.faults}
    assert used | ELSEWHERE == set(FAULTS)
