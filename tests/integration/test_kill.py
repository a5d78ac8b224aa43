"""Killed at any effect, a job is carried on to the very samples of an undisturbed run, and pays once."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.jobs import disk
from stembridge.jobs.store import Job
from stembridge.model.states import State
from tests.fakes.bench import Workshop, samples
from tests.fakes.kill import Killed, Reaper

pytestmark = pytest.mark.usefixtures("plain_picture")


def _undisturbed(tmp_path: Path, engine: str) -> tuple[dict[str, bytes], int]:
    """Give the samples of a run that nothing disturbs, and how many effects it has."""
    shop = Workshop(tmp_path / "calm")
    job = shop.job(engine, deliver_to=str(tmp_path / "calm" / "out"), rest=False, residual=True)
    reaper = Reaper()
    with pytest.MonkeyPatch.context() as patch:
        reaper.watch(patch)
        shop.service.effect = reaper.step
        assert shop.run(job).state is State.READY
    return samples(job.stems_folder), reaper.count


def _until_over(shop: Workshop, job: Job) -> None:
    """Be the user: start it again, and answer what it asks."""
    for _ in range(4):
        outcome = shop.run(job)
        if outcome.state is not State.NEEDS_DECISION:
            break
        question = shop.events[-1]
        disk.write_json(job.answer_file, {"id": question["id"], "choice": "submit"})
    assert outcome.state is State.READY, outcome


@pytest.mark.parametrize("engine", ["toy", "far"])
def test_killed_at_every_effect(tmp_path: Path, engine: str) -> None:
    expected, effects = _undisturbed(tmp_path, engine)
    assert effects > 40
    for at in range(1, effects + 1):
        shop = Workshop(tmp_path / f"{engine}{at}")
        out = shop.home / "out"
        job = shop.job(engine, deliver_to=str(out), residual=True)
        reaper = Reaper(at)
        with pytest.MonkeyPatch.context() as patch:
            reaper.watch(patch)
            shop.service.effect = reaper.step
            with pytest.raises(Killed):
                shop.run(job)
        shop.service.effect = lambda: None
        _until_over(shop, job)
        assert samples(job.stems_folder) == expected, at
        assert samples(out) == expected, at
        assert not list(out.glob("*.part")), at
        assert len(shop.service.orders) == (1 if engine == "far" else 0), at


def test_killed_twice_in_the_same_job(tmp_path: Path) -> None:
    expected, effects = _undisturbed(tmp_path, "far")
    for at in range(3, effects, 9):
        shop = Workshop(tmp_path / f"twice{at}")
        job = shop.job("far", deliver_to=str(shop.home / "out"), residual=True)
        for death in (at, max(2, (effects - at) // 2)):
            reaper = Reaper(death)
            with pytest.MonkeyPatch.context() as patch:
                reaper.watch(patch)
                shop.service.effect = reaper.step
                try:
                    shop.run(job)
                except Killed:
                    continue
        shop.service.effect = lambda: None
        _until_over(shop, job)
        assert samples(job.stems_folder) == expected, at
        assert len(shop.service.orders) == 1, at
