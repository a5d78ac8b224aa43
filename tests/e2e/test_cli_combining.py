"""Blends and comparisons are jobs: ordered by a host, and listed, stopped, resumed and removed as any."""

from __future__ import annotations

import json
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Command, decibels, music, names, order, read, told_in, until, write
from tests.e2e.desk import POSIX

FRAMES = 3 * 44_100
KINDS = ("blend", "compare")


def _pair(command: Command, frames: int = FRAMES) -> list[str]:
    """Separate a song twice, with other options; the stems stay in the job folders."""
    song = write(command.cwd / "song.wav", music(frames))
    for name, options in (("one", {}), ("two", {"centre": "on"})):
        wish = {"kind": "separate", "source": {"path": str(song)}, "model": "repet", "options": options}
        assert command("run", order(command.folder(name), wish), "--foreground").code == 0
    return ["one", "two"]


def _wish(kind: str, jobs: list[str], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "jobs": jobs, **({"stem": "vocals"} if kind == "blend" else {}), **more}


def _has(folder: Path, kind: str, since: int = 0) -> bool:
    return any(row["type"] == kind for row in told_in(folder)[since:])


def _result(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return document


def test_a_host_orders_a_blend_and_a_comparison(command: Command) -> None:
    jobs = _pair(command)
    out = command.cwd / "Media"
    for kind in KINDS:
        folder = order(command.folder(kind), _wish(kind, jobs, deliver_to=str(out / kind), host="daw"))
        assert command("run", folder).code == 0
        until(partial(_has, folder, "finished"))
        assert told_in(folder)[0]["request"] == kind
        assert (folder / "worker.log").read_text(encoding="utf-8") == ""
    blend, compare = _result(command.folder("blend")), _result(command.folder("compare"))
    stems = [read(Path(row["delivered"])) for row in blend["stems"]]
    assert decibels(stems[0] + stems[1] - music(FRAMES)) < -120
    assert names(out / "compare") == ["compare.json", "compare.png"]
    assert Path(compare["document"]).parent == out / "compare"
    rows = {row["id"]: row for row in command.jobs()}
    for kind, model in (("blend", "average"), ("compare", None)):
        row = rows[kind]
        assert (row["kind"], row["engine"], row["model"]) == (kind, kind, model)
        assert (row["state"], row["busy"]) == ("ready", False)
        assert row["source"] == str(command.cwd / "song.wav")
        assert row["bytes"] > 10_000
        shown = command("jobs", "show", kind).out
        assert f"{row['bytes'] / 1e6:.1f} MB" in shown
        assert _result(command.folder(kind))["sentences"][0] in shown


def test_a_wrong_order_is_told_in_the_log_and_can_be_tried_again(command: Command) -> None:
    jobs = _pair(command, 20_000)
    out = command.cwd / "out"
    out.mkdir()
    for kind, name in (("blend", "song - vocals.wav"), ("compare", "compare.png")):
        (out / name).write_bytes(b"mine")
        folder = order(command.folder(kind), _wish(kind, jobs, deliver_to=str(out)))
        command("run", folder, "--foreground").refused(15, "already", "--overwrite")
        assert (out / name).read_bytes() == b"mine"
        assert names(out) == [name]
        assert command("jobs", "retry", kind, "--json").code == 15
        assert command("jobs", "retry", kind, "--overwrite").code == 0
        for path in out.iterdir():
            path.unlink()
        told = command("jobs", "resume", kind)
        assert told.code == 0, told
        assert f"In: {out}" in told.err
        for path in out.iterdir():
            path.unlink()


def test_they_go_with_the_old_jobs_and_what_they_delivered_stays(command: Command) -> None:
    jobs = _pair(command, 20_000)
    out = command.cwd / "out"
    for kind, place in (("blend", None), ("compare", str(out))):
        folder = order(command.folder(kind), _wish(kind, jobs, deliver_to=place))
        assert command("run", folder, "--foreground").code == 0
    then = time.time() - 40 * 86_400
    for name in KINDS:
        for path in command.folder(name).iterdir():
            os.utime(path, (then, then))
    (command.folder("blend") / "host-reaper-1.json").write_text("{}", encoding="utf-8")
    kept = command("jobs", "clean", "--older", "30d", "--keep-imported", "--yes", "--json").document
    assert [row["id"] for row in kept["removed"]] == ["compare"]
    assert names(out) == ["compare.json", "compare.png"]
    told = command("jobs", "clean", "--older", "30d", "--yes").out
    assert "blend  goes: its stems lie nowhere else" in told
    assert sorted(row["id"] for row in command.jobs()) == ["one", "two"]


@POSIX
@pytest.mark.parametrize("kind", KINDS)
def test_stopped_or_killed_they_are_resumed_with_all_that_is_open(command: Command, kind: str) -> None:
    jobs = _pair(command, 20 * 44_100)
    out = command.cwd / "out"
    folder = order(command.folder(kind), _wish(kind, jobs, deliver_to=str(out), **_slow(kind)))
    for number in (signal.SIGINT, signal.SIGKILL):
        process = command.start("run", folder, "--foreground")
        before = len(told_in(folder))
        until(partial(_has, folder, "progress", before))
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
        assert not out.exists()
        if number == signal.SIGINT:
            assert command.jobs()[0]["state"] == "cancelled"
    told = command("jobs", "resume", "--open", "--json")
    assert told.code == 0, told
    assert told.lines[-1]["done"] == 1
    assert _result(folder)["delivered_to"] == str(out)
    assert not list(command.home.rglob("*.part"))
    past = told_in(folder)
    assert [row["seq"] for row in past] == list(range(1, len(past) + 1))


def _slow(kind: str) -> dict[str, Any]:
    return {"method": "max"} if kind == "blend" else {}


def test_a_cancel_reaches_them_and_resume_takes_the_wish_back(command: Command) -> None:
    jobs = _pair(command, 20_000)
    folder = order(command.folder("blend"), _wish("blend", jobs))
    assert command("jobs", "cancel", "blend").out == "blend is cancelled.\n"
    assert not (folder / "result.json").exists()
    assert command("jobs", "resume", "blend").code == 0
    assert _result(folder)["kind"] == "blend"
    assert "over already" in command("jobs", "cancel", "blend").out
