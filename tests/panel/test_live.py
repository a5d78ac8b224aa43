"""Live: what changes is told to every page, jobs outlive the server, and a second start finds the first."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stembridge.panel import server
from tests.browser.panel import Panel
from tests.e2e.command import music, until, write
from tests.panel.conftest import RATE, Shop

Event = tuple[str, dict[str, Any]]


@contextlib.contextmanager
def events(panel: Panel) -> Iterator[Iterator[Event]]:
    """Listen as a page does."""
    with httpx.stream("GET", panel.link + "api/events", timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")

        def read() -> Iterator[Event]:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name != "place":  # another test's Audacity comes and goes
                    yield name, json.loads(line.removeprefix("data: "))

        yield read()


def song(tmp_path: Path, seconds: int = 2) -> Path:
    """A song of a few seconds."""
    return write(tmp_path / "song.wav", music(seconds * RATE))


def long_job(panel: Panel, tmp_path: Path) -> str:
    """Begin a job that takes a while."""
    job = panel.order(song(tmp_path, 240))
    until(lambda: panel.job(job)["phase"] is not None, 30)
    return job


def test_two_pages_hear_of_the_same(panel: Panel, tmp_path: Path) -> None:
    """A job from its order to its removal, and who serves first of all."""
    with events(panel) as one, events(panel) as other:
        hello = [next(one), next(other)]
        assert hello[0] == hello[1]
        assert hello[0][0] == "hello"
        assert set(hello[0][1]) == {"version", "start"}
        job = panel.order(song(tmp_path))
        for page in (one, other):
            states = []
            for name, row in page:
                assert (name, row["id"]) == ("job", job)
                states.append(row["state"])
                if row["over"]:
                    break
            assert states[-1] == "ready"
            assert {**row, "disk": 0} == {**panel.job(job), "disk": 0}
            assert row["disk"] > 0, "its worker may still write a line of its log"
        panel.post(f"api/jobs/{job}/remove").raise_for_status()
        for page in (one, other):
            # Its worker may still have written a line or two meanwhile.
            late = list(itertools.takewhile(lambda event: event != ("gone", {"id": job}), page))
            assert all((name, row["id"], row["state"]) == ("job", job, "ready") for name, row in late)
            assert len(late) < 3
    assert panel.jobs() == []


def test_progress_is_true_and_time_runs(panel: Panel, tmp_path: Path) -> None:
    """Phases with numbers that never exceed their total."""
    with events(panel) as page:
        next(page)
        job = panel.order(song(tmp_path, 60))
        seen = []
        for _, row in page:
            seen.append(row)
            if row["over"]:
                break
    working = [row for row in seen if row["total"]]
    assert working
    assert all(0 <= row["done"] <= row["total"] for row in working)
    assert {row["unit"] for row in working} == {"frames"}
    assert [row["seconds"] for row in seen] == sorted(row["seconds"] for row in seen)
    last = seen[-1]
    assert last["seconds"] > 0
    assert last["cost"] == {"amount": 0, "unit": "credits"}
    assert last["region"] == {"first_frame": 0, "frames": 60 * RATE, "rate": RATE, "channels": 2}
    assert (last["source"], last["title"], last["host"]) == ("song", "REPET-SIM", "panel")
    assert last["disk"] > 60 * RATE * 8 * 2
    assert panel.post(f"api/jobs/{job}/cancel").json()["job"]["state"] == "ready", (
        "what is over stays as it is"
    )


def test_cancel_resume_and_try_again(panel: Panel, tmp_path: Path) -> None:
    """What a page's buttons do."""
    job = long_job(panel, tmp_path)
    assert panel.post(f"api/jobs/{job}/retry").status_code == 400, "it isn't over yet"
    assert panel.post(f"api/jobs/{job}/remove").status_code == 409, "a worker has it"
    panel.post(f"api/jobs/{job}/cancel").raise_for_status()
    assert panel.finished(job)["state"] == "cancelled"
    resumed = panel.post(f"api/jobs/{job}/resume").raise_for_status().json()["job"]
    assert resumed["id"] == job
    until(lambda: panel.job(job)["state"] == "processing", 30)
    panel.post(f"api/jobs/{job}/cancel").raise_for_status()
    assert panel.finished(job)["state"] == "cancelled"
    again = panel.post(f"api/jobs/{job}/retry").raise_for_status().json()["job"]
    assert again["id"] != job
    panel.post(f"api/jobs/{again['id']}/cancel").raise_for_status()
    assert panel.finished(again["id"])["state"] == "cancelled"
    assert panel.post(f"api/jobs/{job}/answer", {"id": "x", "choice": "y"}).status_code == 400


def test_a_job_outlives_a_killed_server(panel: Panel, tmp_path: Path) -> None:
    """Its worker is nobody's child; the next server has another key, and shows it."""
    job = long_job(panel, tmp_path)
    link, note = panel.link, (panel.home / "panel.json").read_text()
    panel.kill()
    assert (panel.home / "panel.json").read_text() == note, "a killed one can't tidy up"
    panel.start()
    assert panel.link.rpartition(":")[2] != link.rpartition(":")[2]
    row = panel.job(job)
    assert not row["over"] or row["state"] == "ready"
    assert panel.get(f"../{link.split('/')[3]}/api/state").status_code == 404
    panel.post(f"api/jobs/{job}/cancel").raise_for_status()
    assert panel.finished(job)["state"] in {"cancelled", "ready"}


def test_ctrl_c_ends_the_server_and_not_the_job(panel: Panel, tmp_path: Path) -> None:
    """Also while pages listen: their streams are ended, nothing is left behind."""
    job = long_job(panel, tmp_path)
    with events(panel) as page:
        next(page)
        assert panel.stop() == 0
        with contextlib.suppress(httpx.TransportError):
            assert all(name == "job" for name, _ in page)
    assert not (panel.home / "panel.json").exists()
    panel.start()
    assert panel.job(job)["state"] in {"processing", "aligning", "ready"}
    panel.post(f"api/jobs/{job}/cancel")
    panel.finished(job)


def test_a_second_start_names_the_first_ones_page(shop: Shop) -> None:
    """One server for a data folder."""
    code, said = shop.panel.run()
    assert code == 0
    assert said.strip() == f"The panel is open already, at {shop.panel.link}"


def test_a_port_of_ones_own(panel: Panel, tmp_path: Path) -> None:
    """Where it is free; else a sentence."""
    panel.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "-m", "stembridge", "panel", "--no-browser", "--port", str(number)],
            env={**os.environ, "STEMBRIDGE_HOME": str(panel.home)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert told.returncode == 2
    assert f"Port {number} can't be used" in told.stderr
    panel.start(number)
    assert panel.port == number


def test_nothing_but_the_link_is_said(shop: Shop) -> None:
    """No access log, no warnings, no tracebacks, whatever was asked for."""
    shop.panel.get("api/nothing")
    shop.panel.get("api/jobs/none")
    lines = shop.panel.said().strip().splitlines()
    assert lines[0] == f"The panel is at {shop.panel.link}"
    assert lines[1:] == ["Ctrl-C ends it; jobs go on."]


def test_a_note_of_a_dead_server_is_no_server(tmp_path: Path) -> None:
    """Only who holds the lock counts."""
    (tmp_path / "panel.json").write_text('{"link": "http://127.0.0.1:1/x/", "port": 1, "pid": 1}')
    assert server.running(tmp_path) is None


def test_a_job_of_another_host_is_shown_and_a_question_can_be_answered(panel: Panel) -> None:
    """What a worker asked before the panel was there."""
    folder = panel.home / "jobs" / "asks1"
    folder.mkdir(parents=True)
    request = {
        "protocol": 1,
        "kind": "separate",
        "host": "reaper",
        "name": "Take",
        "source": {"path": "/gone.wav"},
    }
    question = {
        "type": "needs_decision", "id": "cost-3-credits", "code": "needs_decision", "message": "It costs 3.",
        "hint": "Agree.", "choices": [["agree", "Spend 3"], ["decline", "Don't"]],
    }  # fmt: skip
    log: list[dict[str, Any]] = [
        {"type": "accepted"},
        {"type": "warning", "message": "Mind the gap."},
        question,
    ]
    lines = [json.dumps({"v": 1, "seq": n, "ts": 100.0 + n, **event}) for n, event in enumerate(log, 1)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "request.json").write_text(json.dumps(request))
    row = panel.job("asks1")
    assert row["state"] == "needs_decision"
    assert row["question"]["choices"] == question["choices"]
    assert (row["host"], row["source"], row["warnings"], row["seconds"]) == (
        "reaper",
        "Take",
        ["Mind the gap."],
        2,
    )
    wrong = panel.post("api/jobs/asks1/answer", {"id": "cost-3-credits", "choice": "maybe"})
    assert wrong.status_code == 400
    assert panel.post("api/jobs/asks1/answer", {"id": "cost-9-credits", "choice": "agree"}).status_code == 400
    panel.post("api/jobs/asks1/answer", {"id": "cost-3-credits", "choice": "agree"}).raise_for_status()
    row = panel.finished("asks1")
    assert row["error"]["code"] == "source_missing"
    assert json.loads((folder / "answer.json").read_text()) == {"id": "cost-3-credits", "choice": "agree"}


def test_a_damaged_job_is_shown_as_such_and_holds_up_nothing(panel: Panel) -> None:
    """Torn requests, logs that are none, questions, copies for hosts."""
    jobs = panel.home / "jobs"
    for name, text in {
        "query1": '{"kind": "query", "protocol": 1}', "torn": '{"kind": "sep', "empty": None,
        "copy1": '{"kind": "separate", "protocol": 1, "host_context": {"handed_from": "x"}}',
        "badlog": '{"kind": "separate", "protocol": 1, "host": "cli", "name": "Bad"}',
    }.items():  # fmt: skip
        (jobs / name).mkdir(parents=True)
        if text is not None:
            (jobs / name / "request.json").write_text(text)
    (jobs / "badlog" / "events.jsonl").write_text("no event\n")
    (jobs / "a file").write_text("x")
    (row,) = panel.jobs()
    assert (row["id"], row["state"], row["error"]["code"]) == ("badlog", "failed", "job_corrupt")
    assert panel.post("api/jobs/badlog/remove").json() == {"job": None}
    assert panel.jobs() == []


def test_a_worker_that_died_is_noticed(tmp_path: Path) -> None:
    """After half a minute of silence without a lock; `resume` goes on."""
    from stembridge.panel.board import Board
    from tests.fakes.clock import FakeClock

    clock = FakeClock()
    folder = tmp_path / "jobs" / "dead1"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text('{"protocol": 1, "kind": "separate", "host": "cli", "name": "N"}')
    os.utime(folder / "request.json", (clock.time(), clock.time()))
    line = {"v": 1, "seq": 1, "ts": clock.time(), "type": "accepted"}
    (folder / "events.jsonl").write_text(json.dumps(line) + "\n")
    board = Board(tmp_path / "jobs", clock, lambda _engine, model: model)
    ((row,), _) = board.look()
    assert not row["stalled"]
    clock.sleep(29)
    assert board.look() == ([], [])
    clock.sleep(2)
    ((row,), _) = board.look()
    assert row["stalled"]
    assert not row["over"]


def test_a_change_that_an_answer_saw_first_is_told_all_the_same(tmp_path: Path) -> None:
    """The page that asked isn't the only one."""
    from stembridge.panel.board import Board
    from tests.fakes.clock import FakeClock

    folder = tmp_path / "jobs" / "one1"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text('{"protocol": 1, "kind": "separate", "host": "cli", "name": "N"}')
    board = Board(tmp_path / "jobs", FakeClock(), lambda _engine, model: model)
    (row,) = board.rows()
    assert board.look() == ([row], [])
    assert board.look() == ([], [])
    shutil.rmtree(folder)
    assert board.rows() == []
    assert board.look() == ([], ["one1"])
    assert board.look() == ([], [])


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_it_ends_as_politely_when_the_system_asks(panel: Panel) -> None:
    """SIGTERM: the note goes."""
    assert panel._process is not None
    panel._process.send_signal(signal.SIGTERM)
    panel._process.wait(20)
    assert not (panel.home / "panel.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="a browser of the test's own is a shell script")
def test_the_users_browser_gets_a_link_that_opens_the_panel_once(shop: Shop, tmp_path: Path) -> None:
    """At the first start and at every further one; without it, nothing is opened.

    What a browser is started with can be read by every user of the machine: the panel's own link isn't in it.
    """
    opened = tmp_path / "opened.txt"
    browser = tmp_path / "browser.sh"
    browser.write_text(f'#!/bin/sh\necho "$1" >> "{opened}"\n', encoding="utf-8")
    browser.chmod(0o755)
    environ = {**os.environ, "STEMBRIDGE_HOME": str(shop.panel.home), "BROWSER": f"{browser} %s"}
    command = [sys.executable, "-m", "stembridge", "panel"]
    for more in ([], ["--no-browser"]):
        told = subprocess.run(
            [*command, *more], env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert (told.returncode, told.stderr) == (0, "")
    (given,) = opened.read_text(encoding="utf-8").splitlines()
    assert given.startswith(f"http://127.0.0.1:{shop.panel.port}/open/")
    assert shop.panel.link not in given
    found = [httpx.get(given, follow_redirects=True) for _ in range(2)]
    assert [answer.status_code for answer in found] == [200, 410]
    assert str(found[0].url) == shop.panel.link
    assert "<title>" in found[0].text
    first = {**environ, "STEMBRIDGE_HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, env=first, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        link = process.stdout.readline().split()[-1]
        until(lambda: len(opened.read_text(encoding="utf-8").splitlines()) == 2, 30)
        given = opened.read_text(encoding="utf-8").splitlines()[1]
        assert str(httpx.get(given, follow_redirects=True).url) == link
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
