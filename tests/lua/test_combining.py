"""Jobs of one region together: marked in the list, compared, blended; and a region in parts."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stembridge.audio.blend import Method
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.fakes.reaper import Reaper
from tests.fakes.reaper.dialogs import NO
from tests.lua import stage
from tests.lua.test_jobs_window import JOBS, ORDER, START, STAY, started
from tests.lua.ui_desk import ENTER, ESCAPE, KEYLESS, SPACE, TAB, Screen, named

OFFLINE = {**ORDER, "engine": "offline", "model": "repet"}


def jobs_folder() -> Path:
    return Path(os.environ["STEMBRIDGE_HOME"], "jobs")


def separated(host: Reaper, *orders: dict[str, Any]) -> Screen:
    """Separate one item by the real core, once for each order, and show the jobs."""
    stage.install(host)
    screen = Screen(host)
    screen.item(2)

    def lies(wanted: int) -> bool:
        return sum(len(track.items) for track in host.project.tracks[1:]) == wanted

    for count, order in enumerate(orders, 1):
        host.ext_state["Stembridge", "last"] = json.dumps({"order": order})
        host.run_script(START)
        screen.wait(partial(lies, 2 * count), 90)
        host.quit()
        host.windows.clear()
    host.run_script(JOBS)
    screen.wait(lambda: screen.open and screen.shows("2 jobs") and screen.texts.count("Import again") == 1)
    return screen


@pytest.mark.parametrize("lua", ["lua54"])
def test_marked_jobs_of_one_region_are_blended_and_placed_as_any_result(host: Reaper) -> None:
    """One undo step; stem and rest are what was sent, to the last bit of a float."""
    screen = separated(host, OFFLINE, {**OFFLINE, "options": {"centre": "on"}})
    screen.press(SPACE)
    assert screen.shows("1 marked. Mark another one.")
    screen.press(named("down"), SPACE)
    assert screen.shows("2 marked.")
    screen.click_on("Blend…")
    screen.wait(lambda: screen.shows("Method"))
    assert screen.shows("Vocals")
    steps = len(host.undo_points)
    screen.press(TAB, named("down"))
    assert screen.shows("Least: what all of them agree on")
    screen.click_on("Blend")
    screen.wait(lambda: len(host.project.tracks) == 7, 60)
    names = [track.name for track in host.project.tracks]
    assert {"Guitar – Vocals (blend)", "Guitar – Rest (blend)"} <= set(names)
    assert len(host.undo_points) == steps + 1
    (result,) = [
        document
        for path in jobs_folder().glob("*/result.json")
        if (document := json.loads(path.read_text(encoding="utf-8")))["kind"] == "blend"
    ]
    sent = soundfile.read(host.folder / "guitar take 3.wav", always_2d=True)[0]
    placed = [soundfile.read(row["delivered"], always_2d=True)[0] for row in result["stems"]]
    assert np.abs(sum(placed) - sent).max() < 1e-6
    host.quit()
    host.windows.clear()
    host.run_script(JOBS)
    screen.wait(lambda: screen.open and screen.shows("Blend: Vocals, min"))


@pytest.mark.parametrize("lua", ["lua53"])
def test_marked_jobs_are_compared_and_the_list_comes_back(host: Reaper) -> None:
    screen = separated(host, OFFLINE, {**OFFLINE, "options": {"centre": "on"}})
    screen.press(SPACE, named("down"), SPACE)
    screen.click_on("Compare")
    screen.wait(lambda: screen.shows("Compared 2 separations of"), 60)
    top = screen.host.gfx.canvas.spots
    screen.press(named("down"))
    assert [spot[0] for spot in screen.host.gfx.canvas.spots] == [spot[0] for spot in top]
    screen.press(ESCAPE)
    screen.wait(lambda: screen.shows("2 jobs"))


def test_the_methods_are_those_of_the_core(host: Reaper) -> None:
    host.require("blend_window")
    methods = host.lua.python(host.lua.eval("require('blend_window').METHODS"))
    assert [row[0] for row in methods] == list(Method)


def test_jobs_of_other_regions_are_not_put_together(host: Reaper) -> None:
    finished: list[dict[str, Any]] = [
        {"type": "state", "state": "processing"},
        {"type": "finished", "reused_from": None},
    ]
    screen = started(host, finished, items=2)
    for folder in jobs_folder().glob("*"):
        (folder / "result.json").write_text("{}", encoding="utf-8")
    host.quit()
    host.windows.clear()
    host.run_script(JOBS)
    screen.wait(lambda: screen.open and screen.shows("2 jobs"))
    screen.wait(lambda: screen.texts.count("Finished; not imported yet.") > 1)
    screen.press(SPACE, named("down"), SPACE)
    assert screen.shows("2 marked. These aren't of one region."), screen.texts
    asked = len(screen.asked)
    screen.click_on("Compare")
    host.tick(5)
    assert len(screen.asked) == asked


def test_a_job_under_way_is_not_marked(host: Reaper) -> None:
    screen = started(host, [{"type": "state", "state": "processing"}, STAY])
    host.run_script(JOBS)
    screen.wait(lambda: screen.shows("1 job"))
    screen.press(SPACE)
    assert not screen.shows("marked")


def test_a_region_too_long_for_the_plan_is_asked_about_with_its_parts(host: Reaper) -> None:
    question = {
        "type": "needs_decision",
        "id": "parts-3",
        "code": "too_long",
        "message": "The region is longer than 10:00. In 3 parts it takes 3 attempts in all. You have 50.",
        "hint": "Agree to it, or select less.",
        "choices": [["parts", "Separate it in 3 parts, for 3 attempts"], ["decline", "Don't separate"]],
    }
    steps = {"type": "progress", "phase": "steps", "done": 1, "total": 3, "unit": "steps"}
    part = {"type": "progress", "phase": "Part 2: process", "done": 40, "total": 100, "unit": "percent"}
    screen = started(host, [question], [{"type": "state", "state": "processing"}, steps, part, STAY])
    screen.wait(lambda: screen.shows("In 3 parts it takes 3 attempts in all. You have 50."))
    assert screen.shows("Don't separate")
    screen.click_on("Separate it in 3 parts, for 3 attempts")
    screen.wait(lambda: screen.shows("Part 2: separating, 40 % (1 of 3 steps done)"))
    (answer,) = jobs_folder().glob("*/answer.json")
    assert json.loads(answer.read_text(encoding="utf-8")) == {"id": "parts-3", "choice": "parts"}


@pytest.mark.parametrize("lua", ["lua53"])
def test_on_a_free_plan_a_long_item_is_separated_in_parts(
    host: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the sandbox service and a plan of six seconds: asked, answered, joined, placed in one step."""
    short = tmp_path / "short"
    short.mkdir()
    (short / "sitecustomize.py").write_text(
        "from stembridge.mvsep import plans\n"
        "class Tenth(int):\n"
        "    def __mul__(self, other):\n"
        "        return other // 10\n"
        "object.__setattr__(plans.FREE, 'minutes', Tenth(1))\n",
        encoding="utf-8",
    )
    with Sandbox(tmp_path / "service", splitter()) as service:
        monkeypatch.setenv("PYTHONPATH", str(short))
        monkeypatch.setenv("STEMBRIDGE_MVSEP_URL", service.url)
        monkeypatch.setenv("STEMBRIDGE_API_TOKEN", str(service.free.key))
        stage.install(host)
        screen = Screen(host)
        item = screen.item(9)
        host.ext_state["Stembridge", "last"] = json.dumps({"order": ORDER})
        host.run_script(START)
        screen.wait(lambda: screen.open and screen.shows("Separate it in"), 90)
        assert screen.shows("attempts in all")
        assert len(host.project.tracks) == 1
        screen.click_on(next(text for text in screen.texts if text.startswith("Separate it in")))
        screen.wait(lambda: len(host.project.tracks) == 3, 150)
        assert len(host.undo_points) == 1
        for track in host.project.tracks[1:]:
            (stem,) = track.items
            assert (stem.position, stem.length) == (item.position, item.length)


def test_several_preset_jobs_are_agreed_to_once_and_a_no_sends_nothing(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    for number in range(3):
        screen.item(1 + number, f"take {number}.wav")
    host.dialogs.answers.append(NO)
    host.run_script("Stembridge_Separate selection (Vocals).lua")
    screen.wait(lambda: host.dialogs.boxes)
    host.tick(30)
    assert host.dialogs.texts[0].startswith("3 separations cost 9 credits in all. You have 120.")
    assert not screen.orders()
    assert not host.scripts


def test_several_jobs_within_the_limit_or_of_this_computer_start_unasked(host: Reaper) -> None:
    screen = Screen(host)
    screen.core(separate=[[{"type": "state", "state": "processing"}, STAY]])
    host.ext_state["Stembridge", "settings"] = json.dumps({"limit": 3})
    for number in range(2):
        screen.item(1 + number, f"take {number}.wav")
    host.run_script("Stembridge_Separate selection (Vocals).lua")
    screen.wait(lambda: len(screen.orders()) == 2)
    assert not host.dialogs.boxes
    host.quit()
    screen.core(engines=KEYLESS)
    host.run_script("Stembridge_Separate selection (Vocals).lua")
    screen.wait(lambda: len(screen.orders()) == 4)
    assert not host.dialogs.boxes


def test_a_batch_ends_with_one_summary_and_a_failure_leaves_the_others(host: Reaper) -> None:
    screen = Screen(host)
    failed = {"type": "failed", "code": "engine_failed", "message": "It failed.", "hint": "Try again."}
    stay = [{"type": "state", "state": "processing"}, STAY]
    screen.core(**{"by name": {"take 0": [[failed]], "take 1": [stay], "take 2": [stay]}})
    for number in range(3):
        screen.item(1, f"take {number}.wav")
    host.ext_state["Stembridge", "last"] = json.dumps({"order": {**ORDER, "engine": "offline"}})
    host.run_script(START)
    said = "0 of 3 done, 1 failed. Closing this stops nothing."
    screen.wait(lambda: screen.open and screen.shows(said))
    host.gfx.resize(900, 1400)  # room for all rows, whichever comes first
    screen.wait(lambda: screen.shows("It failed."))
    screen.press(ENTER)
