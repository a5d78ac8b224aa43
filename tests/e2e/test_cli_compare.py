"""Separations side by side: finished jobs, or a file and the models to separate it with."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, music, names, read, until, write
from tests.e2e.desk import KEY, POSIX, Desk

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
    jobs = separated(), separated("--again", out="second")
    delivered = command.cwd / "second" / "song - vocals.wav"
    stem = command.folder(jobs[1]) / "stems" / delivered.name
    samples = read(stem)
    stem.unlink()
    write(stem, samples[:-1])
    # What was delivered is the same stem, as long as nobody changed that, too.
    assert command("compare", *jobs, "--out", "compared").code == 0
    shutil.copy2(stem, delivered)
    command("compare", *jobs).refused(18, "was changed or removed", "--again")
    shutil.rmtree(command.folder(jobs[1]) / "stems")
    shutil.rmtree(delivered.parent)
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


MODELS = ("--with", "offline:repet", "--with", "mvsep:63", "--with", "mvsep:40")


def test_the_cost_of_all_is_told_and_agreed_to_once(desk: Desk, song: Path) -> None:
    desk.login()
    told = desk("compare", song, *MODELS)
    told.refused(17, "2 separations are to be ordered, for 2 credits in all.", "--max-credits")
    told = desk("compare", song, *MODELS, "--max-credits", "0", "--json")
    assert told.code == 17
    assert told.document["error"]["code"] == "needs_decision"
    assert not desk.service.service.timeline.jobs
    assert desk.command.jobs() == [], "nothing is made before the user agreed"
    assert not (song.parent / "song compared").exists()
    told = desk("compare", song, *MODELS, "--max-credits", "1")
    assert told.code == 0, told
    assert "2 separations are to be ordered, for 2 credits in all. You have " in told.err
    assert [row["kind"] for row in desk.command.jobs()] == ["compare"] + ["separate"] * 3
    desk.service.stop()
    again = desk("compare", song, *MODELS, "--overwrite")
    assert again.code == 0, again
    assert "ordered" not in again.err


def test_presets_and_chains_are_compared_too(desk: Desk, song: Path) -> None:
    desk.login()
    save = ("presets", "save", "mine", "--model", "repet", "--opt", "centre=on", "--stems", "vocals")
    assert desk(*save).code == 0
    order = ("compare", song, "--with", "kit", "--with", "mine", "--with", "4stems", "--end", "2")
    # The kit's first step and the preset are the same order: it is made once.
    desk(*order).refused(17, "2 separations are to be ordered, for 2 credits in all.")
    told = desk(*order, "--yes", "--json")
    assert told.code == 0, told
    assert len(desk.service.service.timeline.jobs) == 2
    jobs = told.document["jobs"]
    assert [job["engine"] for job in jobs] == ["chain", "offline", "mvsep"]
    assert [job["cost"]["amount"] for job in jobs] == [2, 0, 1]
    shared = {stem["id"]: "".join(take["mark"] for take in stem["takes"]) for stem in told.document["stems"]}
    assert shared == {"vocals": "ABC", "bass": "AC", "other": "AC"}


def test_more_than_the_account_has_is_refused_before_anything_is_made(
    command: Command, song: Path, tmp_path: Path
) -> None:
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, credits=1) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        desk("compare", song, *MODELS, "--yes").refused(12, "costs 2 credits, and the account has 1")
        assert not service.service.timeline.jobs
        assert command.jobs() == []


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_cut_off_half_way_it_is_resumed_and_nothing_is_paid_twice(
    command: Command, song: Path, tmp_path: Path, number: signal.Signals
) -> None:
    pace = Pace(service_seconds=2.0)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=pace) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        process = command.start("compare", song, *MODELS, "--yes")
        until(lambda: len(service.service.timeline.jobs) == 2)
        until(lambda: len([r for r in _remotes(command) if '"ticket"' in r.read_text("utf-8")]) == 2)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        if number == signal.SIGINT:
            assert process.returncode == 130
            assert "stembridge jobs resume " in err
            assert all(job.removed for job in service.service.timeline.jobs)
            return
        assert desk("jobs", "resume", "--open").code == 0
        told = desk("compare", song, *MODELS, "--json")
        assert told.code == 0, told
        assert [bool(job["reused_from"]) for job in told.document["jobs"]] == [True] * 3
        assert len(service.service.timeline.jobs) == 2


def _remotes(command: Command) -> list[Path]:
    return list((command.home / "jobs").glob("*/remote.json"))


def test_a_comparison_is_a_job_and_a_refused_one_is_none(
    command: Command, song: Path, separated: Callable[..., str]
) -> None:
    jobs = separated(), separated("--again")
    assert command("compare", *jobs).code == 0
    row = command.jobs()[0]
    assert (row["kind"], row["state"], row["source"]) == ("compare", "ready", str(song))
    shown = command("jobs", "show", "last", "--json").document
    assert shown["request"]["jobs"] == list(jobs)
    assert shown["result"]["delivered_to"] == str(song.parent / "song compared")
    command("compare", *jobs).refused(15, "already")
    assert len(command.jobs()) == 3
    assert command("jobs", "remove", row["id"]).code == 0
    assert names(song.parent / "song compared") == ["compare.json", "compare.png"]


def test_wrong_models_are_refused_before_anything_begins(command: Command, song: Path) -> None:
    both = ("--with", "offline:repet", "--with")
    command("compare", song, *both, "offline:repet").refused(2, "stands there twice")
    command("compare", song, *both, "offline:nothing").refused(2, "nothing")
    command("compare", song, *both, "nobody:repet").refused(2, "nobody")
    command("compare", song, *both, ":repet").refused(2, "names no engine and model", "ENGINE:MODEL")
    command("compare", song, *both, "vocalz").refused(2, "no preset called 'vocalz'", "'vocals'")
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
