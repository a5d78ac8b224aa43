"""Jobs through the real command: reuse, cancel, kill, resume, and the list of them all."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.command import (
    Command,
    Samples,
    decibels,
    ended,
    music,
    names,
    order,
    read,
    told_in,
    until,
    write,
)
from tests.e2e.conftest import Trip

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
LONG = 60 * 22050


@pytest.fixture(scope="session")
def long_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of mono: long enough to be interrupted."""
    return write(tmp_path_factory.mktemp("long") / "long.wav", music(LONG, 22050, 1), 22050)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, long_song: Path) -> dict[str, Samples]:
    """What comes of it when nothing happens."""
    command = Command(tmp_path_factory.mktemp("calmhome"), tmp_path_factory.mktemp("calm"))
    assert command("separate", long_song, "--model", "repet", "--out", "out").code == 0
    return _stems(command.cwd / "out")


def _stems(folder: Path) -> dict[str, Samples]:
    return {path.name: read(path) for path in sorted(folder.glob("*.wav"))}


def _same(found: dict[str, Samples], expected: dict[str, Samples]) -> None:
    assert list(found) == list(expected)
    for name, samples in expected.items():
        np.testing.assert_array_equal(found[name], samples)


def _at_work(command: Command, state: str = "processing") -> str:
    """Wait until the only job is in a state, with some progress made in it; give its id."""
    jobs = command.home / "jobs"

    def there() -> list[Path]:
        return [
            folder
            for folder in (jobs.iterdir() if jobs.is_dir() else [])
            if any(event.get("state") == state for event in told_in(folder))
            and told_in(folder)[-1]["type"] == "progress"
        ]

    until(there)
    return there()[0].name


def _report(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_the_same_again_is_answered_from_the_first(trip: Trip, command: Command) -> None:
    first = trip.command.jobs()[-1]["id"]
    command.home = trip.command.home
    told = command("separate", trip.song, "--model", "repet", "--out", "again", "--json")
    assert told.code == 0
    states = [line["state"] for line in told.lines if line["type"] == "state"]
    assert states == ["created"], "the engine ran again"
    assert told.lines[-1]["result"]["reused_from"] == first
    assert told.lines[-1]["job"] != first
    _same(_stems(command.cwd / "again"), _stems(trip.out))
    assert _report(command.cwd / "again")["reused_from"] == first


@pytest.mark.parametrize(
    "options", [["--again"], ["--format", "wav24"], ["--stems", "vocals"], ["--frames", "9000"]]
)
def test_another_order_is_not_answered_from_the_first(
    trip: Trip, command: Command, options: list[str]
) -> None:
    command.home = trip.command.home
    told = command("separate", trip.song, "--model", "repet", "--out", "out", "--json", *options)
    assert told.code == 0
    assert told.lines[-1]["result"]["reused_from"] is None
    assert "processing" in [line.get("state") for line in told.lines]


def test_a_changed_source_or_a_changed_stem_is_not_reused(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20000))

    def reused(out: str) -> object:
        told = command("separate", song, "--model", "repet", "--out", out, "--json")
        assert told.code == 0
        return told.lines[-1]["result"]["reused_from"]

    assert reused("one") is None
    assert reused("two") is not None
    with (command.cwd / "two" / "song - vocals.wav").open("r+b") as file:
        file.seek(2000)
        file.write(bytes(400))
    assert reused("three") is None, "a stem was edited in place, through a link"
    samples = music(20000, seed=99)
    write(song, samples)
    assert reused("four") is None, "the song is another"
    four = _stems(command.cwd / "four")
    assert decibels(four["song - vocals.wav"] + four["song - instrumental.wav"] - samples) <= -120


@POSIX
def test_ctrl_c_says_how_to_resume_and_resume_ends_in_the_same_samples(
    command: Command, long_song: Path, undisturbed: dict[str, Samples]
) -> None:
    process = command.start("separate", long_song, "--model", "repet", "--out", "out")
    job = _at_work(command)
    process.send_signal(signal.SIGINT)
    told = ended(process)
    assert told.code == 130
    assert f"stembridge jobs resume {job}" in told.err
    assert not (command.cwd / "out").exists()
    assert not list(command.home.rglob("*.part"))
    assert command.jobs()[0]["state"] == "cancelled"
    assert command("jobs", "resume", job).code == 0
    _same(_stems(command.cwd / "out"), undisturbed)
    assert names(command.cwd / "out") == sorted([*undisturbed, "report.json", "report.png"])


@POSIX
def test_ctrl_c_stops_the_inputs_that_follow_too(command: Command, long_song: Path) -> None:
    write(command.cwd / "b.wav", music(4000))
    process = command.start("separate", long_song, "b.wav", "--model", "repet", "--out", "out")
    _at_work(command)
    process.send_signal(signal.SIGINT)
    told = ended(process)
    assert told.code == 130
    assert [row["state"] for row in command.jobs()] == ["cancelled", "cancelled"]
    assert "2 separations: 0 done, 2 cancelled." in told.err
    assert not (command.cwd / "out").exists()


def test_a_cancel_from_outside_ends_the_run(command: Command, long_song: Path) -> None:
    process = command.start("separate", long_song, "--model", "repet", "--out", "out", "--json")
    job = _at_work(command)
    cancelled = command("jobs", "cancel", job, "--json")
    assert cancelled.document[0]["id"] == job
    told = ended(process)
    assert told.code == 130
    assert told.lines[-1]["type"] == "cancelled"
    assert "over already" in command("jobs", "cancel", job).out
    assert not (command.cwd / "out").exists()


@POSIX
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_it_resumes_to_the_same_samples(
    command: Command, long_song: Path, undisturbed: dict[str, Samples], seed: int
) -> None:
    rng = random.Random(f"{seed}{os.getpid()}")
    process = command.start("separate", long_song, "--model", "repet", "--out", "out")
    until(lambda: list((command.home / "jobs").glob("*/request.json")))
    for _ in range(4):
        wait = rng.uniform(0.0, 1.5)
        try:
            process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        process = command.start("jobs", "resume", "last")
    told = ended(process)
    assert told.code == 0, told.err
    _same(_stems(command.cwd / "out"), undisturbed)
    assert names(command.cwd / "out") == sorted([*undisturbed, "report.json", "report.png"])
    assert not list(command.home.rglob("*.part"))
    past = told_in(next((command.home / "jobs").iterdir()))
    assert [event["seq"] for event in past] == list(range(1, len(past) + 1))
    assert past[-1]["type"] == "finished"


def test_the_list_the_facts_and_the_end_of_a_job(command: Command) -> None:
    assert command("jobs", "list", "--json").document == []
    assert "No jobs yet" in command("jobs", "list").out
    song = write(command.cwd / "song.wav", music(8000))
    for out in ("one", "two"):
        assert command("-q", "separate", song, "--model", "repet", "--out", out, "--again").code == 0
    newest, oldest = command.jobs()
    assert newest["id"] > oldest["id"] or newest["id"][:14] == oldest["id"][:14]
    for row in (newest, oldest):
        facts = (row["state"], row["engine"], row["model"], row["source"], row["kind"], row["busy"])
        assert facts == ("ready", "offline", "repet", str(song), "separate", False)
        assert row["bytes"] > 8000 * 8
    shown = command("jobs", "show", "last", "--json").document
    assert shown["id"] == newest["id"]
    assert shown["request"]["deliver_to"] == str(command.cwd / "two")
    assert shown["events"][-1]["type"] == "finished"
    assert shown["result"]["job"] == newest["id"]
    listed = command("jobs", "list").out.splitlines()
    assert [line.split()[0] for line in listed[:2]] == [newest["id"], oldest["id"]]
    assert listed[2].startswith("2 jobs, ")
    assert "finished" in command("jobs", "show", oldest["id"]).out
    assert command("jobs", "remove", oldest["id"], "--json").document == [
        {"id": oldest["id"], "removed": True}
    ]
    assert [row["id"] for row in command.jobs()] == [newest["id"]]
    assert (command.cwd / "one" / "song - vocals.wav").exists()
    command("jobs", "show", oldest["id"]).refused(2, "job called", newest["id"])


def test_resuming_what_is_over_tells_it_again(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(8000))
    assert command("-q", "separate", song, "--model", "repet").code == 0
    told = command("jobs", "resume", "last", "--json")
    assert told.code == 0
    assert [line["type"] for line in told.lines] == ["finished"]
    assert told.lines[0]["result"]["stems"]


def test_retry_makes_a_new_job_of_the_same_order(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(8000))
    assert command("-q", "separate", song, "--model", "repet", "--out", "out").code == 0
    before = _stems(command.cwd / "out")
    old = command.jobs()[0]["id"]
    refused = command("jobs", "retry", old, "--json")
    assert refused.code == 15
    assert refused.lines[-1]["code"] == "output_exists"
    assert "processing" not in [line.get("state") for line in refused.lines], "it was known before"
    told = command("jobs", "retry", old, "--overwrite", "--json")
    assert told.code == 0, told.out
    assert "rendering" not in [line.get("state") for line in told.lines], "the old region was used"
    assert told.lines[-1]["job"] not in {old, refused.lines[-1]["job"]}
    _same(_stems(command.cwd / "out"), before)
    assert len(command.jobs()) == 3


def test_a_failed_job_is_resumed_once_its_cause_is_gone(command: Command) -> None:
    song, samples = command.cwd / "song.wav", music(8000)
    document = {"kind": "separate", "source": {"path": str(song)}, "model": "repet"}
    folder = order(command.folder("early"), {**document, "deliver_to": str(command.cwd / "out")})
    command("run", folder, "--foreground").refused(11, "isn't there")
    assert command.jobs()[0]["state"] == "failed"
    write(song, samples)
    assert command("jobs", "resume", "early").code == 0
    stems = _stems(command.cwd / "out")
    assert decibels(stems["song - vocals.wav"] + stems["song - instrumental.wav"] - samples) <= -120
