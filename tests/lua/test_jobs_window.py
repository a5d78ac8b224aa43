"""Progress and jobs windows on the host: true numbers, questions, cancel, retry, closed and opened again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Reaper
from tests.fakes.reaper.dialogs import YES
from tests.lua import stage
from tests.lua.ui_desk import ENTER, ESCAPE, SPACE, TAB, Screen, named

START = "Stembridge_Separate selection with last settings.lua"
JOBS = "Stembridge_Show jobs.lua"
ORDER = {"engine": "mvsep", "model": "40", "where": "tracks", "original": "leave", "mode": "auto"}
STAY = {"sleep": 20}
ENOUGH = {
    "type": "failed",
    "code": "unavailable",
    "message": "MVSEP can't be reached.",
    "hint": "Resume later.",
}


def progress(phase: str, done: int, total: int | None, unit: str) -> dict[str, Any]:
    return {"type": "progress", "phase": phase, "done": done, "total": total, "unit": unit}


def started(
    host: Reaper, *runs: list[dict[str, Any]], items: int = 1, order: dict[str, Any] = ORDER
) -> Screen:
    """Start jobs whose core says what `runs` say, and wait for the progress window."""
    screen = Screen(host)
    screen.core(separate=list(runs))
    for number in range(items):
        screen.item(1, f"take {number + 1}.wav")
    host.dialogs.answers += [YES] * (items > 1)
    host.ext_state["Stembridge", "last"] = json.dumps({"order": order})
    host.run_script(START)
    screen.wait(lambda: screen.open and screen.shows("take 1"))
    return screen


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (progress("upload", 12_300_000, 40_000_000, "bytes"), "Uploading, 12.3 MB of 40 MB"),
        (progress("upload", 12_300_000, None, "bytes"), "Uploading, 12.3 MB"),
        (progress("queue", 3, 17, "place"), "In the queue, place 3 of 17"),
        (progress("queue", 3, None, "place"), "In the queue, place 3"),
        (progress("process", 2, 5, "parts"), "Separating, part 2 of 5"),
        (progress("separating", 1, 3, "frames"), "Separating, 33 %"),
        (progress("separating", 1, None, "frames"), "Separating"),
        (
            {"type": "waiting", "reason": "the quota is used up", "until": None},
            "Waiting: the quota is used up",
        ),
        ({"type": "state", "state": "submitting"}, "Handing in"),
        (
            {"type": "warning", "code": "upload_notice", "message": "Your audio leaves this machine."},
            "Your audio leaves this machine.",
        ),
    ],
)
def test_what_is_told_is_what_is_known(host: Reaper, event: dict[str, Any], words: str) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, event, STAY])
    screen.wait(lambda: screen.shows(words))
    if event.get("total") is None and event["type"] == "progress":
        assert "%" not in screen.said
        assert " of " not in screen.said


def test_a_wait_with_an_end_counts_down(host: Reaper) -> None:
    event = {"type": "waiting", "reason": "the service is busy", "until": time.time() + 90}
    screen = started(host, [event, STAY])
    screen.wait(lambda: screen.shows("Waiting: the service is busy (1:"))


def test_cancel_reaches_the_worker(host: Reaper) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, STAY, {"type": "state", "state": "x"}])
    screen.wait(lambda: screen.shows("Separating"))
    screen.press(TAB, SPACE)
    screen.wait(lambda: screen.shows("Cancelled."))
    assert screen.shows("Retry")
    assert screen.shows("Resume")


def test_a_question_is_shown_with_its_choices_and_the_answer_reaches_the_worker(host: Reaper) -> None:
    question = {
        "type": "needs_decision",
        "id": "cost-7-credits",
        "code": "needs_decision",
        "message": "This separation costs 7 credits. You have 20.",
        "hint": "Agree to it.",
        "choices": [["agree", "Spend 7 credits"], ["decline", "Don't separate"]],
    }
    screen = started(host, [question], [{"type": "state", "state": "processing"}, STAY])
    screen.wait(lambda: screen.shows("This separation costs 7 credits. You have 20."))
    assert screen.shows("Don't separate")
    screen.press(TAB, TAB)
    assert screen.shows("Spend 7 credits")
    screen.press(SPACE)
    screen.wait(lambda: screen.shows("Separating"))
    (job,) = Path(os.environ["STEMBRIDGE_HOME"], "jobs").glob("*/answer.json")
    assert json.loads(job.read_text(encoding="utf-8")) == {"id": "cost-7-credits", "choice": "agree"}


def test_a_failure_stays_and_is_tried_again(host: Reaper) -> None:
    screen = started(host, [ENOUGH])
    screen.wait(lambda: screen.shows("MVSEP can't be reached."))
    assert screen.shows("Resume later.")
    host.advance(30)
    host.tick(5)
    assert screen.open, "the window closes itself only when all went well"
    screen.press(TAB, TAB, SPACE)
    screen.wait(lambda: len(screen.orders()) == 2)
    first, again = screen.orders()
    assert again == first


def test_a_closed_window_comes_back_when_the_job_needs_its_user(host: Reaper) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, {"sleep": 1.5}, ENOUGH])
    screen.wait(lambda: screen.shows("Separating"))
    assert screen.shows("Closing this stops nothing.")
    screen.press(ESCAPE)
    host.tick(3)
    assert not screen.open
    assert host.scripts, "the work goes on"
    screen.wait(lambda: screen.open and screen.shows("MVSEP can't be reached."))


def test_several_jobs_have_a_card_each(host: Reaper) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, STAY], items=2)
    screen.wait(lambda: screen.shows("take 1") and screen.shows("take 2"))
    assert screen.texts.count("Cancel") == 2
    (box,) = host.dialogs.boxes
    assert box.text.startswith("2 separations cost 6 credits in all. You have 120."), "one word for both"
    assert {order["max_credits"] for order in screen.orders()} == {3}


def test_the_list_shows_all_jobs_while_another_script_runs_them(host: Reaper) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, STAY])
    screen.press(ESCAPE)
    host.tick(3)
    host.run_script(JOBS)
    screen.wait(lambda: screen.open and screen.shows("take 1") and screen.shows("Separating"))
    assert screen.shows("1 job")
    assert screen.shows("MVSEP, Vocals")
    assert len(host.scripts) == 2
    screen.press(TAB, TAB, TAB)
    screen.press(named("down"))
    screen.press(ESCAPE)
    host.tick(2)
    assert not screen.open


def test_the_folder_is_opened_only_where_the_extension_is_there(host: Reaper) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, STAY])
    host.run_script(JOBS)
    screen.wait(lambda: screen.shows("1 job"))
    assert not screen.shows("Open folder")


def test_done_is_placed_once_and_again_only_by_a_button(host: Reaper) -> None:
    stage.install(host)
    screen = Screen(host)
    screen.item(2)
    host.ext_state["Stembridge", "last"] = json.dumps(
        {"order": {**ORDER, "engine": "offline", "model": "repet"}}
    )
    host.run_script(START)
    screen.wait(lambda: len(host.project.tracks) == 3, 90)
    screen.wait(lambda: screen.shows("Done."))
    host.advance(20)
    screen.wait(lambda: not host.scripts)
    host.windows.clear()
    host.run_script(JOBS)
    screen.wait(lambda: screen.open and screen.shows("Import again"))
    assert screen.shows("free")
    host.tick(60)
    assert len(host.project.tracks) == 3
    screen.press(TAB, SPACE)
    if len(host.project.tracks) == 3:
        host.tick(20)
    screen.wait(lambda: sum(len(track.items) for track in host.project.tracks) == 5)
    assert len(host.undo_points) == 2


def test_the_jobs_action_without_jobs_says_so(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    host.run_script(JOBS)
    screen.wait(lambda: screen.shows("There are no jobs of this REAPER yet."))
    screen.press(ENTER, ESCAPE)
    host.tick(2)
    assert not host.scripts


def test_hundreds_of_jobs_are_found_and_shown_within_the_budget(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    golden = Path(__file__).parents[1] / "golden" / "host_context.json"
    request = {"protocol": 1, "kind": "separate", "host": "reaper", "engine": "mvsep", "model": "40"}
    request["host_context"] = json.loads(golden.read_text(encoding="utf-8"))
    for number in range(300):
        folder = Path(os.environ["STEMBRIDGE_HOME"], "jobs", f"20261122{number:06}r{number:08x}")
        folder.mkdir(parents=True)
        named_request = {**request, "name": f"song {number}"}
        (folder / "request.json").write_text(json.dumps(named_request), encoding="utf-8")
        event = {"v": 1, "seq": 1, "ts": 1.0, **ENOUGH}
        (folder / "events.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    host.run_script(JOBS)
    screen.wait(lambda: screen.shows("300 jobs") and screen.shows("song 299"), 60)
    screen.press(named("end"))
    assert screen.shows("song 0")
