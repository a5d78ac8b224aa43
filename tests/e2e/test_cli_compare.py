"""Separations side by side: finished jobs, or a file and the models to separate it with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.command import Command, music, names, read, write
from tests.e2e.desk import Desk

REPET = ("--model", "repet", "--engine", "offline")


@pytest.fixture
def song(command: Command) -> Path:
    return write(command.cwd / "song.wav", music(3 * 44_100))


@pytest.fixture
def separated(command: Command, song: Path) -> Callable[..., str]:
    """Separate once more; gives the job's id."""

    def separate(*options: object, source: Path = song, out: str = "") -> str:
        folder = out or f"out {len(names(command.cwd))}"
        told = command("separate", source, *REPET, "--out", folder, "--json", *options)
        assert told.code == 0, told
        return str(told.lines[-1]["job"])

    return separate


def test_two_jobs_of_one_region_are_measured_told_and_drawn(
    command: Command, song: Path, separated: Callable[..., str]
) -> None:
    jobs = separated(), separated("--again")
    told = command("compare", *jobs)
    assert told.code == 0, told
    assert not told.out
    assert "alike to the last sample" in told.err
    folder = song.parent / "song compared"
    assert names(folder) == ["compare.json", "compare.png"]
    document = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    assert [job["job"] for job in document["jobs"]] == list(jobs)
    assert {stem["id"] for stem in document["stems"]} == {"vocals", "instrumental"}
    for stem in document["stems"]:
        (pair,) = stem["pairs"]
        assert (pair["correlation"], pair["difference_db"]) == (1.0, None)
        assert len(stem["hertz"]) == len(stem["takes"][0]["bands_db"])
    with Image.open(folder / "compare.png") as picture:
        assert picture.size[0] == 1600
        assert picture.size[1] > 1200
    command("compare", *jobs).refused(15, "already", "--overwrite")
    told = command("compare", *jobs, "--overwrite", "--json")
    assert told.document["folder"] == str(folder)


def test_levels_are_those_of_the_region_whatever_the_format(
    command: Command, song: Path, separated: Callable[..., str]
) -> None:
    loud = write(song.with_name("loud.wav"), 3 * read(song))
    jobs = separated(source=loud), separated("--format", "wav24", source=loud)
    document = command("compare", *jobs, "--json").document
    for stem in document["stems"]:
        (pair,) = stem["pairs"]
        assert pair["difference_db"] is not None
        assert pair["difference_db"] < -120
        assert stem["takes"][0]["peak_db"] == pytest.approx(stem["takes"][1]["peak_db"], abs=0.01)
    assert [job["format"] for job in document["jobs"]] == ["wav32f", "wav24"]


def test_what_only_one_job_has_is_told(command: Command, separated: Callable[..., str]) -> None:
    jobs = separated(), separated("--stems", "vocals", "--rest")
    document = command("compare", *jobs, "--json").document
    assert [stem["id"] for stem in document["stems"]] == ["vocals"]
    assert any("Only A has instrumental" in sentence for sentence in document["sentences"])


def test_three_jobs_give_every_pair(command: Command, separated: Callable[..., str]) -> None:
    jobs = [separated(), separated("--again"), separated("--format", "wav16")]
    document = command("compare", *jobs, "--json").document
    for stem in document["stems"]:
        assert [pair["marks"] for pair in stem["pairs"]] == [["A", "B"], ["A", "C"], ["B", "C"]]


def test_jobs_that_cant_be_compared_are_refused_in_words(
    command: Command, song: Path, separated: Callable[..., str]
) -> None:
    one = separated()
    part = separated("--frames", "60000")
    changed = read(song)
    changed[5] += 0.1
    louder = write(song.with_name("b.wav"), changed)
    other = separated(source=louder)
    command("compare", one, part).refused(2, "not of the same region", "Separate the same region")
    command("compare", one, other).refused(2, "whose samples differ")
    command("compare", one).refused(2, "at least two jobs", "jobs list")
    command("compare", one, one).refused(2, "at least two jobs")
    command("compare", one, "nonsense").refused(2, "no job called", "")
    command("compare", one, part, "--start", "1").refused(2, "--with", "--with")
    vocals, instrumental = separated("--stems", "vocals"), separated("--stems", "instrumental")
    command("compare", vocals, instrumental).refused(2, "no stem in common", vocals)
    assert not (song.parent / "song compared").exists()


def test_a_stem_that_was_changed_since_is_no_evidence(
    command: Command, separated: Callable[..., str]
) -> None:
    jobs = separated(), separated("--again")
    stem = command.folder(jobs[1]) / "stems" / "song - vocals.wav"
    samples = read(stem)
    stem.unlink()
    write(stem, samples[:-1])
    command("compare", *jobs).refused(18, "was changed or removed", "--again")
    shutil.rmtree(command.folder(jobs[1]) / "stems")
    command("compare", *jobs).refused(15, "no longer in its folder", "--again")


def test_models_are_compared_on_a_region_of_a_file(desk: Desk, song: Path) -> None:
    desk.login()
    order = (
        "compare", song, "--with", "offline:repet", "--with", "mvsep:63", "--with", "mvsep:40,add_opt1=29",
        "--start", "0.5", "--end", "2", "--yes", "--json",
    )  # fmt: skip
    told = desk(*order)
    assert told.code == 0, told
    document = told.document
    assert [job["engine"] for job in document["jobs"]] == ["offline", "mvsep", "mvsep"]
    assert document["region"]["first_frame"] == 22_050
    assert document["region"]["frames"] == 66_150
    vocals = document["stems"][0]
    assert vocals["id"] == "vocals"
    assert [take["mark"] for take in vocals["takes"]] == ["A", "B", "C"]
    assert document["jobs"][0]["cost"] == {"amount": 0, "unit": "credits"}
    paid = document["jobs"][1]["cost"]
    assert paid["amount"] >= 1
    assert paid["unit"] == "credits"
    assert len(desk.service.service.timeline.jobs) == 2
    again = desk(*order, "--overwrite").document
    assert len(desk.service.service.timeline.jobs) == 2
    assert all(job["reused_from"] for job in again["jobs"])
    assert [job["cost"] for job in again["jobs"]] == [job["cost"] for job in document["jobs"]]
    assert [job["seconds"] for job in again["jobs"]] == [job["seconds"] for job in document["jobs"]]
    assert [stem["pairs"] for stem in again["stems"]] == [stem["pairs"] for stem in document["stems"]]


def test_a_cost_is_never_spent_unasked(desk: Desk, song: Path) -> None:
    desk.login()
    told = desk("compare", song, "--with", "offline:repet", "--with", "mvsep:63", "--json")
    assert told.code == 17
    assert told.document["error"]["code"] == "needs_decision"
    assert not desk.service.service.timeline.jobs
    assert not (song.parent / "song compared").exists()


def test_wrong_models_are_refused_before_anything_begins(command: Command, song: Path) -> None:
    both = ("--with", "offline:repet", "--with")
    command("compare", song, *both, "offline:repet").refused(2, "stands there twice")
    command("compare", song, *both, "offline:nothing").refused(2, "nothing")
    command("compare", song, *both, "nobody:repet").refused(2, "nobody")
    command("compare", song, *both, "repet").refused(2, "names no engine and model", "ENGINE:MODEL")
    command("compare", song, "--with", "offline:repet").refused(2, "at least two models")
    command("compare", song, song, *both, "offline:spleeter").refused(2, "one INPUT")
    command("compare", "gone.wav", *both, "offline:spleeter").refused(11, "gone.wav")
    (song.parent / "taken").write_text("a file")
    command("compare", song, *both, "offline:spleeter", "--out", "taken").refused(15, "not a folder")
    assert not command.jobs()


@pytest.mark.network
def test_both_models_of_the_embedded_engine(command: Command, song: Path, models: Path) -> None:
    (command.home / "models").parent.mkdir(exist_ok=True)
    shutil.copytree(models / "models", command.home / "models")
    told = command("compare", song, "--with", "offline:spleeter", "--with", "offline:repet", "--json")
    assert told.code == 0, told
    for stem in told.document["stems"]:
        (pair,) = stem["pairs"]
        paths = [
            command.folder(job["job"]) / "stems" / f"song - {stem['id']}.wav" for job in told.document["jobs"]
        ]
        one, other = (read(path).astype(np.float64) for path in paths)
        expected = float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))
        assert pair["correlation"] == pytest.approx(expected, abs=1e-5)
        gap = 10 * np.log10(np.mean((one - other) ** 2))
        assert pair["difference_db"] == pytest.approx(gap, abs=0.01)
