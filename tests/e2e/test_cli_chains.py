"""Chains with the real command: the embedded engine, and a real stand-in service."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stembridge.sandbox.accounts import REGISTERED
from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, Samples, Told, decibels, music, names, read, until, write
from tests.e2e.desk import KEY, POSIX, Desk

FRAMES = 90_000
TWICE = """
title = "Twice"

[[steps]]
of = ""
engine = "offline"
model = "repet"

[[steps]]
of = "vocals"  # the singer again
engine = "offline"
model = "repet"
options = { centre = "on" }
"""


def _result(told: Told) -> dict[str, Any]:
    assert told.code == 0, told
    result: dict[str, Any] = told.lines[-1]["result"]
    return result


def _left(whole: Samples, files: list[str]) -> float:
    return decibels(whole.astype(np.float64) - sum(read(Path(file)).astype(np.float64) for file in files))


def _orders(desk: Desk) -> list[Any]:
    return desk.service.service.timeline.jobs


def test_an_own_chain_of_the_embedded_engine(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(FRAMES))
    (command.cwd / "twice.toml").write_text(TWICE, encoding="utf-8")
    assert "The chain 'twice' is saved" in command("presets", "save", "Twice", "--chain", "twice.toml").out
    region = ["--first-frame", "10000", "--frames", "70001"]
    result = _result(command("separate", song, *region, "--chain", "twice", "--levels", "--json"))
    assert [(row["id"], row["role"]) for row in result["stems"]] == [
        ("vocals", "composite"),
        ("vocals.vocals", "additive"),
        ("vocals.instrumental", "additive"),
        ("instrumental", "additive"),
    ]
    files = {row["id"]: row["delivered"] for row in result["stems"]}
    assert {row["frames"] for row in result["stems"]} == {70_001}
    whole = read(song)[10_000:80_001]
    leaves = [files[stem] for stem in ("vocals.vocals", "vocals.instrumental", "instrumental")]
    assert _left(whole, leaves) < -120
    assert _left(read(Path(files["vocals"])), leaves[:2]) < -120
    report = json.loads((command.cwd / "song stems" / "report.json").read_text("utf-8"))
    assert [row["of"] for row in report["levels"]] == ["", "vocals"]
    assert all(row["residual_db"] is None or row["residual_db"] < -120 for row in report["levels"])
    assert names(command.cwd / "song stems") == sorted(
        ["report.json", "report.png", *(f"song - {stem}.wav" for stem in files)]
    )

    # It is one job; its steps go, stay and are counted with it.
    rows = command.jobs()
    assert [row["parent"] for row in rows].count(rows[-1]["id"]) == 2
    parent = next(row for row in rows if row["parent"] is None)
    assert (parent["engine"], parent["model"]) == ("chain", "twice")
    assert len(command("jobs", "list").out.splitlines()) == 2
    assert "1 job," in command("jobs", "list").out
    assert len(command("jobs", "list", "--all").out.splitlines()) == 4
    assert command("jobs", "show", "last").out.count("  step ") == 2
    # The recipe comes out as it went in, also of a job.
    shown = command("presets", "show", "twice").out
    (command.cwd / "again.toml").write_text(shown[shown.index("[twice]") :], encoding="utf-8")
    assert command("presets", "save", "again", "--chain", "again.toml").code == 0
    assert command("presets", "save", "third", "--from", "last").code == 0
    chains = {row["id"]: row["chain"] for row in command("presets", "--json").document if row["own"]}
    assert chains["again"] == chains["twice"] == chains["third"]
    # Integers get one gain; a preset's name finds a chain, and a second run is answered from the first.
    flac = _result(command("separate", song, *region, "--preset", "again", "--levels", "--json",
                           "--format", "flac16", "--out", "flac"))  # fmt: skip
    assert flac["reused_from"] is None
    assert _left(whole, [row["delivered"] for row in flac["stems"] if row["role"] == "additive"]) < -75
    assert _result(
        command("separate", song, *region, "--chain", "third", "--levels", "--json", "--out", "c")
    )["reused_from"]
    assert command("jobs", "remove", parent["id"]).code == 0
    assert not [row for row in command.jobs() if row["parent"] == parent["id"]]


def test_what_is_no_chain_is_refused(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20_000))
    command("separate", song, "--chain", "ful-band").refused(2, "no chain called 'ful-band'", "full-band")
    command("separate", song, "--chain", "kit", "--model", "40").refused(2, "says itself which models")
    command("separate", song, "--chain", "kit", "--preset", "vocals").refused(2, "exclude each other")
    command("separate", song, "--levels").refused(2, "--levels is for chains")
    bad = command.cwd / "bad.toml"
    bad.write_text('[[steps]]\nof = ""\nmodel = "repet"\n\n[[steps]]\nof = "drums"\n', encoding="utf-8")
    command("presets", "save", "x", "--chain", bad).refused(2, "no stem", "vocals")
    bad.write_text('[[steps]]\nof = ""\n\n[[steps]]\nof = "a//b"\n', encoding="utf-8")
    command("presets", "save", "x", "--chain", bad).refused(2, "bad.toml', line 5: step 2")
    bad.write_text('[[steps]]\nof = ""\nmodel = "9063"\n', encoding="utf-8")
    command("presets", "save", "x", "--chain", bad).refused(2, "asks for the model '9063'")
    command("presets", "save", "kit", "--chain", bad).refused(2, "comes with Stembridge")
    assert not (command.home / "chains.toml").exists()


def test_three_levels_at_the_service_agreed_on_once_and_paid_once(desk: Desk) -> None:
    desk.login()
    song = write(desk.command.cwd / "song.wav", music(FRAMES))
    asked = desk("separate", song, "--chain", "lead-dry")
    assert asked.code == 17
    assert "This chain makes 3 separations for 3 credits in all. You have 1000." in asked.err
    assert not _orders(desk)
    result = _result(desk("separate", song, "--chain", "lead-dry", "--max-credits", "3", "--json"))
    assert len(_orders(desk)) == 3
    assert desk.service.premium.credits == 997
    ids = [row["id"] for row in result["stems"]]
    assert ids[:3] == ["vocals.lead.dry", "vocals.lead.rest", "vocals.backing"]
    assert _left(read(song), [row["delivered"] for row in result["stems"]]) < -120
    assert {row["frames"] for row in result["stems"]} == {FRAMES}
    levels = json.loads(Path(result["report"]).read_text("utf-8"))["levels"]
    assert [row["of"] for row in levels] == ["", "vocals", "vocals/lead"]
    assert all(row["residual_db"] is None or row["residual_db"] < -120 for row in levels)
    # Again: nothing is asked, nothing is ordered; other leaves of it neither.
    desk.service.stop()
    again = _result(desk("separate", song, "--chain", "lead-dry", "--json", "--out", "b"))
    assert again["reused_from"] == result["job"]
    few = desk(
        "separate", song, "--chain", "lead-dry", "--stems", "vocals/lead", "--rest", "--out", "c", "--json"
    )
    assert [row["id"] for row in _result(few)["stems"]] == ["vocals.lead.dry", "vocals.lead.rest", "rest"]
    assert _left(read(song), [row["delivered"] for row in _result(few)["stems"]]) < -120


def test_a_batch_of_chains_is_agreed_on_together(desk: Desk) -> None:
    desk.login()
    songs = [write(desk.command.cwd / f"take {n}.wav", music(FRAMES, seed=n)) for n in range(2)]
    asked = desk("separate", *songs, "--chain", "kit")
    assert asked.code == 17
    assert "4 separations are to be ordered, for 4 credits in all. You have 1000." in asked.err
    assert not _orders(desk)
    assert desk.command.jobs() == []
    told = desk("separate", *songs, "--chain", "kit", "--max-total", "4", "--json")
    assert told.code == 0, told
    assert len(_orders(desk)) == 4
    summary = told.lines[-1]
    assert (summary["jobs"], summary["done"], summary["credits"]) == (2, 2, 4)
    for number, song in enumerate(songs):
        folder = desk.command.cwd / f"take {number} stems"
        files = [str(path) for path in folder.glob("*.wav")]
        assert len(files) == 9
        assert _left(read(song), files) < -120


@pytest.fixture
def slow(command: Command, tmp_path: Path) -> Iterator[Desk]:
    """A user before a service that takes a second and a half for everything."""
    pace = Pace(service_seconds=1.5)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=pace) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        yield Desk(command, service)


@POSIX
def test_killed_half_way_it_goes_on_and_no_order_is_repeated(slow: Desk) -> None:
    slow.login()
    song = write(slow.command.cwd / "song.wav", music(FRAMES))
    for orders in (1, 3):  # in the first step; and while two of the second level are under way
        process = slow.command.start("separate", song, "--chain", "full-band", "--yes", "--again",
                                     "--out", f"out{orders}")  # fmt: skip
        before = len(_orders(slow))
        until(lambda wanted=before + orders: len(_orders(slow)) >= wanted)  # type: ignore[misc]
        process.kill()
        process.communicate()
        (parent,) = [row for row in slow.command.jobs() if row["state"] != "ready" and not row["parent"]]
        told = slow("jobs", "resume", "--open", "--json")
        assert told.code == 0, told
        result = next(line["result"] for line in told.lines if line.get("type") == "finished")
        assert result["job"] == parent["id"]
        assert len(_orders(slow)) == before + 3
        assert _left(read(song), [row["delivered"] for row in result["stems"]]) < -120
        assert len(result["stems"]) >= 12


@POSIX
def test_ctrl_c_reaches_every_order_at_the_service(command: Command, tmp_path: Path) -> None:
    pace = Pace(service_seconds=None)
    gate = tmp_path / "gate"

    def held(path: Path | None, sep_type: int, options: Mapping[str, str], folder: Path) -> Any:
        if sep_type != 63:
            until(gate.exists)
        return splitter()(path, sep_type, options, folder)

    with Sandbox(tmp_path / "service", held, premium_key=KEY, pace=pace, workers=3) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        song = write(command.cwd / "song.wav", music(FRAMES))
        process = command.start("separate", song, "--chain", "full-band", "--yes", "--json")
        try:
            until(lambda: len(_orders(desk)) == 3)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            gate.touch()
        assert process.returncode == 130
        assert json.loads(out.splitlines()[-1])["type"] == "cancelled"
        assert [job.removed for job in _orders(desk)] == [False, True, True]
        states = {row["id"][-3:]: row["state"] for row in command.jobs()}
        assert states.pop("s01") == "ready"
        assert set(states.values()) == {"cancelled"}


def test_a_step_that_fails_is_named_and_what_was_paid_is_kept(command: Command, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.touch()

    def fails(path: Path | None, sep_type: int, options: Mapping[str, str], folder: Path) -> Any:
        if sep_type == 37 and broken.exists():
            raise ValueError("out of memory")
        return splitter()(path, sep_type, options, folder)

    with Sandbox(tmp_path / "service", fails, premium_key=KEY) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        song = write(command.cwd / "song.wav", music(FRAMES))
        told = desk("separate", song, "--chain", "full-band", "--yes")
        assert told.code == 14, told
        assert "Drums: " in told.err
        assert len(_orders(desk)) == 3
        states = {row["id"][-3:]: row["state"] for row in command.jobs() if row["parent"]}
        assert states == {"s01": "ready", "s02": "failed", "s03": "ready"}
        os.remove(broken)  # noqa: PTH107 - the file is a switch
        retried = desk("jobs", "retry", "last", "--yes", "--json")
        assert retried.code == 0, retried
        assert len(_orders(desk)) == 4, "only the failed step is ordered anew"


def test_a_free_account_pays_a_chain_in_attempts_and_never_more_than_it_has(
    command: Command, tmp_path: Path
) -> None:
    song = write(command.cwd / "song.wav", music(FRAMES))
    two = replace(REGISTERED, per_day=2)
    with Sandbox(tmp_path / "service", splitter(), free_key=KEY, free_plan=two) as service:
        command.environ |= {"STEMBRIDGE_MVSEP_URL": service.url, "STEMBRIDGE_API_TOKEN": KEY}
        desk = Desk(command, service)
        told = desk("separate", song, "--chain", "lead-dry")
        told.refused(12, "This chain takes 3 attempts, and the account has 2.")
        assert not _orders(desk)
        result = _result(desk("separate", song, "--chain", "kit", "--json"))
        assert len(_orders(desk)) == 2
        assert _left(read(song), [row["delivered"] for row in result["stems"]]) < -120


def test_a_row_of_a_list_may_be_a_chain_and_its_steps_are_cleaned_with_it(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(FRAMES))
    (command.cwd / "twice.toml").write_text(TWICE, encoding="utf-8")
    assert command("presets", "save", "twice", "--chain", "twice.toml").code == 0
    rows = "start,end,name,preset,model\n0,0.5,verse,twice,\n0.5,1.2,chorus,,repet\n"
    (command.cwd / "regions.csv").write_text(rows, encoding="utf-8")
    told = command("separate", song, "--regions", "regions.csv", "--out", "out", "--json")
    assert told.code == 0, told
    assert told.lines[-1]["done"] == 2
    assert len(list((command.cwd / "out" / "verse").glob("*.wav"))) == 3
    assert len(list((command.cwd / "out" / "chorus").glob("*.wav"))) == 2
    listed = command.jobs()
    assert len(listed) == 4
    for row in listed:  # the chain is old, and its steps look new: they go with it
        if row["parent"] is None and row["engine"] == "chain":
            for path in Path(row["folder"]).iterdir():
                os.utime(path, (1_000_000_000, 1_000_000_000))
    cleaned = command("jobs", "clean", "--older", "1d", "--yes", "--json").document
    assert len(cleaned["removed"]) == 1
    assert [row["engine"] for row in command.jobs()] == ["offline"]
    assert len(list((command.home / "jobs").iterdir())) == 1


@pytest.mark.network
def test_the_network_then_another_model_on_its_stem(command: Command, models: Path) -> None:
    shutil.copytree(models / "models", command.home / "models")
    song = write(command.cwd / "song.wav", music(3 * 44_100))
    recipe = TWICE.replace('model = "repet"', 'model = "spleeter"', 1)
    (command.cwd / "mixed.toml").write_text(recipe, encoding="utf-8")
    assert command("presets", "save", "mixed", "--chain", "mixed.toml").code == 0
    result = _result(command("separate", song, "--chain", "mixed", "--json"))
    assert [row["id"] for row in result["stems"]] == [
        "vocals.vocals", "vocals.instrumental", "instrumental",
    ]  # fmt: skip
    assert _left(read(song), [row["delivered"] for row in result["stems"]]) < -120
    levels = json.loads(Path(result["report"]).read_text("utf-8"))["levels"]
    assert all(row["residual_db"] is None or row["residual_db"] < -120 for row in levels)
