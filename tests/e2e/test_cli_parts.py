"""A region longer than a free account may send: in parts, by the real command and a real stand-in service."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.sandbox.accounts import REGISTERED
from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, Samples, decibels, ended, music, read, told_in, until, write
from tests.e2e.desk import KEY, Desk

RATE = 44_100
FRAMES = 10 * 60 * RATE + 12_345
PAUSE = FRAMES // 2 + 7 * RATE


@contextlib.contextmanager
def _free(command: Command, folder: Path, **service: Any) -> Iterator[Desk]:
    with Sandbox(folder / "service", splitter(), free_key=KEY, **service) as sandbox:
        command.environ["STEMBRIDGE_MVSEP_URL"] = sandbox.url
        desk = Desk(command, sandbox)
        desk.login()
        yield desk


@pytest.fixture
def free(command: Command, tmp_path: Path) -> Iterator[Desk]:
    """A user with a free account."""
    with _free(command, tmp_path) as desk:
        yield desk


def _long(desk: Desk) -> tuple[Path, Samples]:
    """Write ten minutes and a bit: a bar again and again, with a pause of half a second in the middle."""
    samples = np.resize(music(8 * RATE, channels=1), (FRAMES, 1))
    samples[PAUSE : PAUSE + RATE // 2] *= np.float32(1e-3)
    return write(desk.command.cwd / "album.wav", samples), samples


def test_asked_then_killed_half_way_then_resumed(free: Desk) -> None:
    song, samples = _long(free)
    asked = free("separate", song, "--engine", "mvsep", "--model", "40", "--json")
    assert asked.code == 17
    question = asked.lines[-1]
    assert (question["type"], question["code"]) == ("needs_decision", "too_long")
    assert question["message"].endswith("In 2 parts it takes 2 attempts in all. You have 50.")
    assert [choice for choice, _ in question["choices"]] == ["parts", "decline"]
    orders = free.service.service.timeline.jobs
    assert not orders

    job = question["job"]
    folder = free.command.folder(job)
    killed = free.command.start("jobs", "resume", job, "--parts")
    first = free.command.folder(f"{job}s01") / "result.json"
    until(lambda: first.exists() or killed.poll() is not None, 100)
    killed.kill()
    ended(killed)
    assert first.exists()
    assert not (folder / "result.json").exists()

    told = free("jobs", "resume", job)
    assert told.code == 0, told.err
    assert len(orders) == 2
    assert free.service.free.used_today(orders[0].created) == 2

    out = song.with_name("album stems")
    stems = {path.stem.rpartition(" - ")[2]: read(path) for path in out.glob("*.wav")}
    assert stems.keys() == {"vocals", "instrumental"}
    assert {stem.shape for stem in stems.values()} == {(FRAMES, 1)}
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    (joint,) = report["details"]["joints"]
    assert PAUSE <= joint["frame"] <= PAUSE + RATE // 2
    assert joint["level_db"] < -60
    # A free account gets 16 bits: across the joint nothing is lost beside their rounding.
    left = samples - stems["vocals"] - stems["instrumental"]
    around = slice(joint["frame"] - RATE, joint["frame"] + RATE)
    assert decibels(left[around]) < max(-90, decibels(left) + 3)
    assert joint["residual_db"] < -90
    assert any("2 overlapping parts" in note for note in report["notes"])
    listed = {row["id"]: row["state"] for row in free.command.jobs()}
    assert listed == {job: "ready", f"{job}s01": "ready", f"{job}s02": "ready"}


def test_a_cancel_reaches_the_part_that_is_under_way(command: Command, tmp_path: Path) -> None:
    with _free(command, tmp_path, pace=Pace(service_seconds=300.0)) as free:
        song = free.command.cwd / "tape.wav"
        sf.write(song, np.full(FRAMES, 0.01, np.float32), RATE, subtype="FLOAT")
        process = free.command.start("separate", song, "--engine", "mvsep", "--model", "40", "--parts")
        orders = free.service.service.timeline.jobs
        until(lambda: orders or process.poll() is not None, 100)
        assert free("jobs", "cancel", "last").code == 0
        assert ended(process).code == 130
        assert [order.removed for order in orders] == [True]
        states = {row["id"]: row["state"] for row in free.command.jobs()}
        assert set(states.values()) == {"cancelled"}
        (parent,) = (job for job in states if f"{job}s01" in states)
        assert told_in(free.command.folder(parent))[-1]["type"] == "cancelled"


def test_among_several_it_is_told_and_left_to_wait(free: Desk) -> None:
    short = write(free.command.cwd / "short.wav", music(RATE))
    long = free.command.cwd / "tape.wav"
    sf.write(long, np.zeros(FRAMES, np.int16), RATE)
    told = free("separate", short, long, "--engine", "mvsep", "--model", "40", "--json")
    assert told.code == 17
    assert len(free.service.service.timeline.jobs) == 1
    summary = told.lines[-1]
    assert (summary["done"], summary["waiting"]) == (1, 1)
    spoken = free("separate", short, long, "--engine", "mvsep", "--model", "40", "--out", "again")
    assert "1 region is longer than your plan takes, and could be separated in parts." in spoken.err


def test_a_person_is_asked_once_for_all_that_are_too_long(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("pty", reason="a terminal of this kind is not to be had here")
    from tests.e2e.test_cli_terminal import at_a_terminal

    with _free(command, tmp_path, free_plan=replace(REGISTERED, per_day=3)) as free:
        short = write(free.command.cwd / "short.wav", music(RATE))
        tapes = [free.command.cwd / f"tape {number}.wav" for number in (1, 2)]
        for tape in tapes:
            sf.write(tape, np.zeros(FRAMES, np.int16), RATE)
        order = ("separate", short, *tapes, "--engine", "mvsep", "--model", "40")
        code, said = at_a_terminal(free.command, b"1\n", *order)
        assert said.count("2 regions are longer than your plan takes, and could be separated in parts.") == 1
        assert said.count("Your choice") == 1
        # They are in the sum then, and what is too much is refused before anything is sent.
        assert "All of it takes 5 attempts, and 3 are left today." in said
        assert code == 12
        assert not free.service.service.timeline.jobs


def test_more_parts_than_attempts_are_refused_before_anything_is_sent(
    command: Command, tmp_path: Path
) -> None:
    with _free(command, tmp_path, free_plan=replace(REGISTERED, per_day=2)) as free:
        short = write(free.command.cwd / "short.wav", music(RATE))
        long = free.command.cwd / "tape.wav"
        sf.write(long, np.zeros(FRAMES, np.int16), RATE)
        told = free("separate", short, long, "--engine", "mvsep", "--model", "40", "--parts", "--json")
        assert told.code == 12
        assert "takes 3 attempts, and 2 are left today" in told.out
        assert not free.service.service.timeline.jobs
        longer = free.command.cwd / "longer.wav"
        sf.write(longer, np.zeros(21 * 60 * 8000, np.int16), 8000)
        free("separate", longer, "--engine", "mvsep", "--model", "40", "--parts").refused(
            12, "In 3 parts it takes 3 attempts, and 2 are left today.", "up to 19 minutes"
        )
        assert not free.service.service.timeline.jobs
