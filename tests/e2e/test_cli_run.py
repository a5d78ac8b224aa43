"""The worker as a host starts it: a folder written by hand, one path passed, files read."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Command, decibels, ended, music, names, order, read, told_in, until, write
from tests.e2e.conftest import Trip

TERMINAL = {"finished", "failed", "cancelled", "needs_decision"}


def _over(folder: Path) -> dict[str, Any]:
    """Wait as a host does: for a terminal event."""
    until(lambda: told_in(folder) and told_in(folder)[-1]["type"] in TERMINAL)
    return told_in(folder)[-1]


def _begun(folder: Path) -> bool:
    """Say whether the job is being separated, or waits for that."""
    return any(event["type"] == "waiting" or event.get("state") == "processing" for event in told_in(folder))


def _result(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return document


def test_a_host_orders_a_span_of_a_file_and_the_worker_goes_on_alone(trip: Trip, command: Command) -> None:
    out = command.cwd / "Media"
    context = {"item": "{1234-ABCD}", "track": 3, "none": None}
    folder = order(
        command.home / "jobs" / "byhand1",
        {
            "kind": "separate",
            "host": "daw",
            "source": {
                "path": str(trip.song),
                "first_frame": 5000,
                "frames": 20000,
                "rate": 44100,
                "channels": 2,
            },
            "model": "repet",
            "deliver_to": str(out),
            "background": True,
            "host_context": context,
        },
    )
    started = time.monotonic()
    told = command("run", folder)
    assert (told.code, told.out, told.err) == (0, "", "")
    assert time.monotonic() - started < 10
    assert _over(folder)["type"] == "finished"
    past = told_in(folder)
    assert past[0]["type"] == "accepted"
    assert past[0]["request"] == "separate"
    assert past[0]["pid"] != os.getpid()
    result = _result(folder)
    assert result["host_context"] == context
    assert result["delivered_to"] == str(out)
    stems = [read(Path(row["delivered"])) for row in result["stems"]]
    assert decibels(stems[0] + stems[1] - trip.samples[5000:25000]) <= -120
    assert names(out) == ["report.json", "report.png", "song - instrumental.wav", "song - vocals.wav"]
    assert (folder / "worker.log").read_text(encoding="utf-8") == ""


def test_a_host_renders_the_region_itself(command: Command) -> None:
    samples = music(15000, 48000)
    for name in ("byhand2", "byhand3"):
        folder = command.home / "jobs" / name
        folder.mkdir(parents=True)
        write(folder / "input.wav", samples, 48000)
        order(folder, {"kind": "separate", "input": True, "name": "Take 7: loud", "model": "repet"})
        assert command("run", folder, "--foreground").code == 0
        result = _result(folder)
        assert result["delivered_to"] is None
        files = [Path(row["file"]) for row in result["stems"]]
        assert [file.name for file in files] == [
            "Take 7_ loud - vocals.wav",
            "Take 7_ loud - instrumental.wav",
        ]
        assert decibels(read(files[0]) + read(files[1]) - samples) <= -120
    assert result["reused_from"] == "byhand2", "the same samples were rendered twice"


@pytest.mark.parametrize("what", ["catalogue", "presets", "engines", "doctor"])
def test_a_host_asks(command: Command, what: str) -> None:
    folder = order(command.home / "jobs" / "ask", {"kind": "query", "what": what, "host_context": "x"})
    assert command("run", folder).code == 0
    assert _over(folder)["type"] == "finished"
    assert [event["type"] for event in told_in(folder)] == ["accepted", "finished"]
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert _result(folder)["rows"] == len(rows) > 0
    assert _result(folder)["host_context"] == "x"


def test_the_run_with_json_speaks_the_events(command: Command) -> None:
    folder = order(command.home / "jobs" / "ask", {"kind": "query", "what": "presets"})
    told = command("run", folder, "--json")
    assert told.code == 0
    assert [line["type"] for line in told.lines] == ["accepted", "finished"]
    assert told.lines[-1]["result"]["rows"] > 5


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"kind": "separate", "protocol": 99}, "protocol"),
        ({"kind": "query", "what": "doctor", "protocol": 0}, "protocol"),
        ({"kind": "separate", "input": True, "stem": ["vocals"]}, "usage"),
        ({"kind": "dance"}, "usage"),
        ({"kind": "separate", "source": {"path": "/nowhere/song.wav"}}, "source_missing"),
        ({"kind": "separate", "input": True}, "source_missing"),
        ({"kind": "separate", "input": True, "engine": "ofline"}, "unknown_name"),
        ({"kind": "separate", "source": {"path": "song.wav"}}, "usage"),
    ],
)
def test_what_cannot_be_done_is_told_in_the_log(
    command: Command, document: dict[str, Any], code: str
) -> None:
    folder = order(command.home / "jobs" / "bad", document)
    assert command("run", folder).code == 0
    last = _over(folder)
    assert (last["type"], last["code"]) == ("failed", code)
    assert last["message"]
    assert last["hint"]
    assert told_in(folder)[0]["type"] == "accepted"
    assert not (folder / "result.json").exists()
    assert "Traceback" not in (folder / "worker.log").read_text(encoding="utf-8")


def test_a_request_that_is_no_json_is_told_in_the_log_too(command: Command) -> None:
    folder = command.home / "jobs" / "torn"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text('{"protocol": 1, "kin', encoding="utf-8")
    assert command("run", folder).code == 0
    assert _over(folder)["code"] == "job_corrupt"


def test_a_source_that_changed_under_the_host_is_refused(trip: Trip, command: Command) -> None:
    source = {"path": str(trip.song), "rate": 48000}
    folder = order(command.home / "jobs" / "old", {"kind": "separate", "source": source, "model": "repet"})
    assert command("run", folder, "--foreground").code == 11
    assert told_in(folder)[-1]["code"] == "source_changed"


def test_a_folder_without_a_request_is_refused(command: Command) -> None:
    command("run", command.cwd).refused(15, "no request.json", "job folder")
    command("run", command.cwd / "none").refused(15, "no request.json")


def test_a_second_worker_is_refused_and_a_cancel_reaches_the_first(command: Command) -> None:
    song = write(command.cwd / "long.wav", music(400 * 22050, 22050, 1), 22050)
    out = command.cwd / "out"
    folder = order(
        command.home / "jobs" / "long",
        {"kind": "separate", "source": {"path": str(song)}, "model": "repet", "deliver_to": str(out)},
    )
    assert command("run", folder).code == 0
    until(lambda: any(event.get("state") == "processing" for event in told_in(folder)))
    command("run", folder).refused(15, "Another worker", "stembridge jobs")
    command("run", folder, "--foreground").refused(15, "Another worker", "stembridge jobs")
    command("jobs", "remove", "long").refused(15, "Another worker")
    assert command.jobs()[0]["busy"] is True
    started = time.monotonic()
    (folder / "cancel").touch()
    assert _over(folder)["type"] == "cancelled"
    assert time.monotonic() - started < 5
    assert not out.exists()
    assert not list(folder.rglob("*.part"))
    until(lambda: not command.jobs()[0]["busy"])
    assert command.jobs()[0]["state"] == "cancelled"


def test_the_second_separation_on_a_machine_waits_for_the_first(command: Command) -> None:
    song = write(command.cwd / "long.wav", music(40 * 22050, 22050, 1), 22050)
    processes = []
    for name, frames in (("first", 40 * 22050), ("second", 5000)):
        folder = order(
            command.home / "jobs" / name,
            {"kind": "separate", "source": {"path": str(song), "frames": frames}, "model": "repet"},
        )
        processes.append(command.start("run", folder, "--foreground"))
        until(partial(_begun, folder))
    assert [ended(process).code for process in processes] == [0, 0]
    second = told_in(command.folder("second"))
    assert any(event["type"] == "waiting" for event in second)
    first_done = next(
        event["ts"] for event in told_in(command.folder("first")) if event.get("state") == "aligning"
    )
    begun = next(event["ts"] for event in second if event.get("state") == "processing")
    assert begun >= first_done - 0.5
    assert all(len(read(Path(row["file"]))) == 5000 for row in _result(command.folder("second"))["stems"])


def test_files_already_in_the_hosts_folder_are_kept(trip: Trip, command: Command) -> None:
    out = command.cwd / "Media"
    out.mkdir()
    (out / "song - vocals.wav").write_bytes(b"mine")
    folder = order(
        command.home / "jobs" / "busy",
        {"kind": "separate", "source": {"path": str(trip.song)}, "model": "repet", "deliver_to": str(out)},
    )
    assert command("run", folder, "--foreground").code == 15
    assert told_in(folder)[-1]["code"] == "output_exists"
    assert names(out) == ["song - vocals.wav"]
    assert (out / "song - vocals.wav").read_bytes() == b"mine"
