"""Killed at any effect, or out of disk at any: carried on to the very samples, paid for once."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs.store import Job
from stembridge.model.states import State
from tests.e2e.command import Command, until
from tests.fakes.faulty_service import FakeClock, FaultyService
from tests.fakes.kill import EFFECTS, Killed, Reaper
from tests.fakes.mvsep_shop import Shop

FAR = 1_500_000
ALL = os.environ.get("STEMBRIDGE_TEST_EVERY_EFFECT", "") == "1"
"""Set it to 1 to die at each effect, and not only at every few of them."""


def ours(thread: str) -> bool:
    return thread == "MainThread" or thread.startswith("stembridge-")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyService]:
    with FaultyService(tmp_path_factory.mktemp("service"), credits=1_000_000) as service:
        yield service


@pytest.fixture(scope="module")
def calm(service: FaultyService, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """Give the samples of a run that nothing disturbs, and how many effects it has."""
    shop = Shop(tmp_path_factory.mktemp("calm"), service)
    job, reaper = shop.job(residual=True), Reaper(threads=ours)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stembridge.report.picture.draw", plain)
        reaper.watch(patch)
        assert shop.run(job).state is State.READY
    return shop.stems(), reaper.count


def plain(_doc: object, _region: object, _stems: object, destination: Path, **_named: object) -> None:
    destination.write_bytes(b"picture")


def some(effects: int, share: int, first: int = 1) -> range:
    return range(first, effects + 1, 1 if ALL else share)


def assert_over(
    shop: Shop, job: Job, before: int, service: FaultyService, stems: dict[str, bytes], at: int
) -> None:
    ended = shop.until_over(job)
    assert ended.state is State.READY, (at, ended)
    assert shop.stems() == stems, at
    assert service.paid - before == 1, at
    assert not list(shop.out.glob("*.part")), at


@pytest.mark.usefixtures("plain_picture")
def test_killed_at_every_effect(
    service: FaultyService, calm: tuple[dict[str, bytes], int], tmp_path: Path
) -> None:
    stems, effects = calm
    assert effects > 80
    for at in some(effects, 5):
        shop, before = Shop(tmp_path / f"{at}", service), service.paid
        job, reaper = shop.job(residual=True), Reaper(at, ours)
        with pytest.MonkeyPatch.context() as patch:
            reaper.watch(patch)
            with pytest.raises(Killed):
                shop.run(job)
        assert_over(shop, job, before, service, stems, at)


@pytest.mark.usefixtures("plain_picture")
def test_killed_twice(service: FaultyService, calm: tuple[dict[str, bytes], int], tmp_path: Path) -> None:
    stems, effects = calm
    for at in some(effects, 23, 3):
        shop, before = Shop(tmp_path / f"{at}", service), service.paid
        job = shop.job(residual=True)
        for death in (at, max(2, (effects - at) // 2)):
            reaper = Reaper(death, ours)
            with pytest.MonkeyPatch.context() as patch:
                reaper.watch(patch)
                try:
                    shop.run(job)
                except Killed:
                    continue
        assert_over(shop, job, before, service, stems, at)


class FullDisk:
    """A disk that is full from one effect on, for so many of them."""

    def __init__(self, at: int, count: int) -> None:
        self.reaper = Reaper(threads=ours)
        self.at, self.count = at, count

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        for name in set(EFFECTS) - {"unlink"}:
            patch.setattr(os, name, self._around(getattr(os, name)))

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            self.reaper.step()
            full = self.at <= self.reaper.count < self.at + self.count
            if full and ours(threading.current_thread().name):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*arguments, **named)

        return watched


@pytest.mark.usefixtures("plain_picture")
@pytest.mark.parametrize("count", [1, 3, 10_000])
def test_disk_full_at_every_effect(
    service: FaultyService, calm: tuple[dict[str, bytes], int], tmp_path: Path, count: int
) -> None:
    from stembridge.model.errors import StoreError

    stems, effects = calm
    told = []
    for at in some(effects // 2, 7, 1 + count % 5):
        shop, before = Shop(tmp_path / f"{at}", service), service.paid
        job, disk = shop.job(residual=True), FullDisk(at, count)
        with pytest.MonkeyPatch.context() as patch:
            disk.watch(patch)
            try:
                error = shop.run(job).error
            except StoreError as full:
                # Not even the log can be written to.
                error = full
        if error is not None:
            told.append(error.code)
            assert error.hint
        assert_over(shop, job, before, service, stems, at)
    assert set(told) >= {"no_space"}, told


# Processes


@pytest.fixture
def real(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service", clock=time.time) as service:
        yield service


def killed_when(
    real: FaultyService,
    home: Path,
    tmp_path: Path,
    condition: Callable[[Job], object],
    frames: int = 20_000,
) -> tuple[Shop, Job]:
    """Start a worker in a process of its own, and kill it when something is true."""
    shop = Shop(home, real, frames=frames)
    job = shop.job(residual=True)
    environ = {"STEMBRIDGE_MVSEP_URL": real.url, "STEMBRIDGE_API_TOKEN": str(real.premium.key)}
    worker = Command(home, tmp_path, environ).start("--quiet", "run", "--foreground", job.folder)
    with worker:
        until(lambda: condition(job) or worker.poll() is not None)
        assert worker.poll() is None, worker.communicate()
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    assert worker.returncode == -signal.SIGKILL
    return shop, job


def carried_on(shop: Shop, job: Job, home: Path, tmp_path: Path, real: FaultyService) -> None:
    """Start a worker in another process; it goes on to the end."""
    real.release.set()
    environ = {"STEMBRIDGE_MVSEP_URL": real.url, "STEMBRIDGE_API_TOKEN": str(real.premium.key)}
    told = Command(home, tmp_path, environ)("run", "--foreground", job.folder)
    assert told.code == 0, told
    assert job.state() is State.READY


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL here")
@pytest.mark.parametrize("when", ["the order is taken", "the files come"])
def test_a_process_killed_is_carried_on_by_another(
    real: FaultyService,
    calm: tuple[dict[str, bytes], int],
    home: Path,
    tmp_path: Path,
    when: str,
) -> None:
    if when == "the order is taken":
        real.fault("late_answer", seconds=60)
        shop, job = killed_when(real, home, tmp_path, lambda _job: real.paid)
        assert "ticket" not in job.remote_json.read_text()
    else:
        real.fault("slow_drip", times=2, block=500, pause=0.2)
        shop, job = killed_when(real, home, tmp_path, lambda job: list(job.answer_folder.glob("*.part")))
        assert "listing" in job.remote_json.read_text()
    carried_on(shop, job, home, tmp_path, real)
    assert real.paid == len(real.creates) == 1
    assert shop.stems() == calm[0]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL here")
@pytest.mark.usefixtures("plain_picture")
def test_a_process_killed_within_the_upload_asks_before_it_orders_again(
    real: FaultyService, home: Path, tmp_path: Path
) -> None:
    # More than the system's buffers hold: what they hold is sent even after the process is dead.
    real.sandbox.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    real.fault("slow_upload", pause=0.5, block=2000)
    _, job = killed_when(
        real, home, tmp_path, lambda _job: real.creates and real.creates[0].received, frames=FAR
    )
    real.release.set()
    # The searches of the history lie twenty seconds apart: this worker's clock doesn't wait.
    real.clock = real.sandbox.service.clock = FakeClock(time.time())
    shop = Shop(home, real, frames=FAR)
    assert shop.run(job).state is State.NEEDS_DECISION
    assert real.paid == 0
    assert shop.until_over(job).state is State.READY
    assert real.paid == 1
    calm = Shop(tmp_path / "calm", real, frames=FAR)
    assert calm.run(calm.job(residual=True)).state is State.READY
    assert shop.stems() == calm.stems()
