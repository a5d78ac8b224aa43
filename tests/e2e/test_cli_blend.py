"""One stem of several separations, by the real command."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.e2e.command import Command, decibels, music, names, read, write
from tests.e2e.desk import Desk

FRAMES = 3 * 44_100 + 17


@pytest.fixture
def song(command: Command) -> Path:
    return write(command.cwd / "song.wav", music(FRAMES))


@pytest.fixture
def pair(desk: Desk, song: Path) -> tuple[str, str]:
    """The same region separated by the embedded engine, and by the service."""
    desk.login()
    told = desk(
        "compare",
        song,
        "--with",
        "offline:repet",
        "--with",
        "mvsep:40",
        "--yes",
        "--json",
        "--out",
        "compared",
    )
    assert told.code == 0, told
    first, second = (job["job"] for job in told.document["jobs"])
    return first, second


def takes(command: Command, jobs: tuple[str, str]) -> list[np.ndarray]:
    return [read(next((command.folder(job) / "stems").glob("* - vocals.*"))) for job in jobs]


@pytest.mark.parametrize("method", ["average", "min", "max"])
def test_the_blend_and_the_rest_are_the_region(
    desk: Desk, song: Path, pair: tuple[str, str], method: str
) -> None:
    told = desk("blend", *pair, "--stem", "vocals", "--method", method)
    assert told.code == 0, told
    assert "add up to the region" in told.err
    folder = song.parent / "song blended"
    assert names(folder) == ["report.json", "report.png", "song - rest.wav", "song - vocals.wav"]
    vocals, rest, mix = read(folder / "song - vocals.wav"), read(folder / "song - rest.wav"), read(song)
    assert vocals.shape == rest.shape == mix.shape == (FRAMES, 2)
    assert decibels(mix.astype(np.float64) - vocals - rest) < -140
    one, other = takes(desk.command, pair)
    if method == "average":
        assert np.abs(vocals - (one.astype(np.float64) + other) / 2).max() < 1e-6
    else:
        levels = sorted([decibels(one), decibels(other)])
        assert decibels(vocals) < levels[1] if method == "min" else decibels(vocals) > levels[0]
        assert not np.array_equal(vocals, one)


def test_weights_and_format_are_kept_and_told(desk: Desk, song: Path, pair: tuple[str, str]) -> None:
    told = desk(
        "blend", *pair, "--stem", "Vocals", "--weights", "1,3", "--format", "flac24", "--json", "--out", "b"
    )
    assert told.code == 0, told
    report = told.document
    assert report["engine"] == "blend"
    assert [row["weight"] for row in report["details"]["blended"]] == [1.0, 3.0]
    assert [row["job"] for row in report["details"]["blended"]] == list(pair)
    assert report["summed"] == ["vocals", "rest"]
    assert report["residual_db"] < -130
    one, other = takes(desk.command, pair)
    path = song.parent / "b" / "song - vocals.flac"
    assert sf.info(str(path)).subtype == "PCM_24"
    gain = 10 ** (report["gain_db"] / 20)
    assert np.abs(read(path) / gain - (one.astype(np.float64) + 3 * other) / 4).max() < 1e-6


def test_a_blend_needs_the_region_as_it_was(desk: Desk, song: Path, pair: tuple[str, str]) -> None:
    for job in pair:
        (desk.command.folder(job) / "region.wav").unlink()
    assert desk("blend", *pair, "--stem", "vocals").code == 0
    write(song, music(FRAMES, seed=4))
    desk("blend", *pair, "--stem", "vocals", "--overwrite").refused(
        11, "no longer holds", "Put the file back"
    )
    assert not list(desk.command.home.glob("blend-*"))


def test_what_makes_no_sense_is_refused_in_words(desk: Desk, song: Path, pair: tuple[str, str]) -> None:
    blend = ("blend", *pair, "--stem")
    desk(*blend, "drums").refused(2, "called 'drums'", "vocals")
    desk(*blend, "vocals", "--method", "middle").refused(2, "called 'middle'")
    desk(*blend, "vocals", "--weights", "1").refused(2, "1 weight", "1,2")
    desk(*blend, "vocals", "--weights", "a,b").refused(2, "no weights", "1,2")
    desk(*blend, "vocals", "--weights", "0,0").refused(2, "weight")
    desk(*blend, "vocals", "--weights", "nan,1").refused(2, "weight")
    desk(*blend, "vocals", "--method", "min", "--weights", "1,2").refused(2, "takes no weights", "--weights")
    desk(*blend, "vocals", "--format", "ogg").refused(2, "called 'ogg'")
    desk("blend", pair[0], "--stem", "vocals").refused(2, "at least two jobs")
    assert not (song.parent / "song blended").exists()
    assert desk(*blend, "vocals").code == 0
    desk(*blend, "vocals").refused(15, "already", "--overwrite")
    stems = desk.command.folder(pair[0]) / "stems"
    desk(*blend, "vocals", "--out", stems, "--overwrite").refused(15, "made of", "--out")


def test_a_blend_is_a_job_that_can_be_blended_and_compared(
    desk: Desk, song: Path, pair: tuple[str, str]
) -> None:
    told = desk("blend", *pair, "--stem", "vocals", "--json")
    blend = told.document["job"]
    row = desk.command.jobs()[0]
    assert (row["id"], row["kind"], row["state"], row["model"]) == (blend, "blend", "ready", "average")
    assert row["source"] == str(song)
    document = desk("compare", *pair, blend, "--out", "three", "--json").document
    assert [job["engine"] for job in document["jobs"]] == ["offline", "mvsep", "blend"]
    assert document["jobs"][2]["cost"] == {"amount": 0, "unit": "credits"}
    assert desk("blend", pair[0], blend, "--stem", "vocals", "--out", "four").code == 0
    desk("compare", pair[0], document["job"], "--out", "five").refused(2, "is no separation of a region")


@pytest.mark.network
def test_both_models_of_the_embedded_engine(command: Command, song: Path, models: Path) -> None:
    shutil.copytree(models / "models", command.home / "models")
    told = command("compare", song, "--with", "offline:spleeter", "--with", "offline:repet", "--json")
    jobs = [job["job"] for job in told.document["jobs"]]
    for method in ("average", "min", "max"):
        out = command("blend", *jobs, "--stem", "vocals", "--method", method, "--out", method, "--json")
        assert out.code == 0, out
        assert out.document["residual_db"] < -140
