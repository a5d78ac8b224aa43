"""Comparing models: the dialog, one agreement, stems side by side in one undo step, the core's page."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.fakes.reaper import Reaper
from tests.lua import stage
from tests.lua.ui_desk import BACKSPACE, ENTER, ESCAPE, TAB, Screen, named

ACTION = "Stembridge_Compare models on selection.lua"
JOBS = "Stembridge_Show jobs.lua"
CENTRE = '[middle]\ntitle = "Voice in the middle"\nengine = "offline"\nmodel = "repet"\n'
CENTRE += 'options = { centre = "on" }\n'


def data_folder() -> Path:
    return Path(os.environ["STEMBRIDGE_HOME"])


def opened(host: Reaper, *, real: bool = False) -> Screen:
    """Open the dialog over an item of three seconds."""
    screen = Screen(host)
    if real:
        stage.install(host)
    else:
        screen.core()
    screen.item(3)
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Choose two to four models on the left."), 60)
    screen.wait(lambda: not screen.shows("Loading the models"), 60)
    return screen


def add(screen: Screen, *words: str) -> None:
    """Search for models, and mark each."""
    for word in words:
        screen.press(word)
        screen.wait(lambda: not screen.shows("Nothing matches"))
        screen.press(ENTER, ESCAPE)


def start(screen: Screen, chosen: int = 2) -> None:
    """Leave the list for the form, and start."""
    screen.press(*[TAB] * (chosen + 2), ENTER)


def test_models_are_marked_priced_together_and_ordered_with_one_word(host: Reaper) -> None:
    screen = opened(host)
    add(screen, "karaoke")
    assert screen.shows("Choose another model on the left.")
    add(screen, "six stems")
    screen.wait(lambda: screen.shows("Costs 6 credits (120 left)."))
    quotes = [request["arguments"] for request in screen.asked if request.get("what") == "quote"]
    assert [order["model"] for order in quotes[-1]["orders"]] == ["49", "63"]
    start(screen)
    screen.wait(lambda: len(screen.orders()) == 2)
    first, second = sorted(screen.orders(), key=lambda order: order["host_context"]["compare"]["number"])
    assert (first["max_credits"], second["max_credits"]) == (3, 3)
    assert first["source"] == second["source"]
    compare = [order["host_context"]["compare"] for order in (first, second)]
    assert compare[0]["id"] == compare[1]["id"]
    assert [(one["number"], one["title"]) for one in compare] == [
        (1, "MelBand Karaoke"),
        (2, "BS Roformer SW"),
    ]
    assert first["host_context"]["set"] == second["host_context"]["set"]


def test_what_cannot_be_compared_is_said(host: Reaper) -> None:
    screen = opened(host)
    add(screen, "karaoke", "transcript")
    assert screen.shows("'Transcript' gives no stems that could be compared.")
    start(screen)
    host.tick(5)
    assert not screen.orders()
    screen.press("x", BACKSPACE)
    screen.press("six stems", ENTER, ESCAPE, "bs roformer sw", ENTER, ESCAPE)
    assert screen.shows("'Transcript' gives no stems")
    screen.press("drum kit", ENTER)
    assert screen.shows("Four are the most: take one out first.")
    screen.press(ESCAPE, "transcript", ENTER, ESCAPE)
    assert screen.shows(
        "'Six stems' and 'BS Roformer SW (vocals, bass, drums, guitar, piano, other)' are the same"
    )


def test_what_was_compared_is_there_again(host: Reaper) -> None:
    screen = opened(host)
    add(screen, "karaoke", "six stems")
    screen.wait(lambda: screen.shows("Costs 6 credits"))
    start(screen)
    screen.wait(lambda: len(screen.orders()) == 2)
    host.quit()
    host.windows.clear()
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("1. Karaoke") and screen.shows("2. Six stems"))


def test_a_rendering_is_made_once_and_copied(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    screen.item(3)["D_VOL"] = 0.5
    host.ext_state["Stembridge", "last"] = json.dumps({"mode": "heard"})
    host.run_script(ACTION)
    screen.wait(lambda: not screen.shows("Loading the models") and screen.shows("Choose two to four"))
    add(screen, "karaoke", "six stems", "drum kit")
    screen.wait(lambda: screen.shows("Costs 9 credits"))
    start(screen, 3)
    screen.wait(lambda: len(screen.orders()) == 3)
    inputs = sorted((data_folder() / "jobs").glob("*/input.wav"))
    assert len(inputs) == 3
    assert len({path.read_bytes() for path in inputs}) == 1
    assert not list((data_folder() / "jobs").glob("*/*.part"))
    assert host.calls["Main_OnCommandEx"] == 1, "one rendering"


@pytest.mark.parametrize(("where", "lua"), [("takes", "lua53"), ("lanes", "lua54")])
def test_from_the_dialog_to_the_page(host: Reaper, where: str) -> None:
    """With the embedded engine: takes of one item per stem, or lanes; one undo step; then the comparison."""
    (data_folder()).mkdir(parents=True, exist_ok=True)
    (data_folder() / "presets.toml").write_text(CENTRE, encoding="utf-8")
    screen = opened(host, real=True)
    add(screen, "repet-sim", "voice in the middle")
    screen.wait(lambda: screen.shows("Free: this computer does the work."), 60)
    screen.press(*[TAB] * 4)
    if where == "lanes":
        screen.press(named("down"))
    before = screen.host.project.items[0]
    screen.press(ENTER)
    screen.wait(lambda: len(host.project.tracks) == 3, 120)
    assert [point.label for point in host.undo_points] == ["Stembridge: import stems"]
    vocals = host.project.track("Guitar – Vocals")
    if where == "takes":
        (item,) = vocals.items
        assert [take.name for take in item.takes] == ["Vocals (REPET-SIM)", "Vocals (Voice in the middle)"]
        assert (item.position, item.length) == (before.position, before.length)
        assert item["I_CURTAKE"] == 0
    else:
        assert vocals["I_FREEMODE"] == 2
        assert [item["I_FIXEDLANE"] for item in vocals.items] == [0, 1]
        names = [item.take.name for item in vocals.items if item.take]
        assert names == ["Vocals (REPET-SIM)", "Vocals (Voice in the middle)"]
    screen.wait(lambda: screen.shows("Compared 2 separations of"), 90)
    assert screen.shows("repet (offline), centre=on")
    assert host.gfx.canvas.getimgdim(3)[0] > 300, "the picture is loaded"
    screen.press(ESCAPE)
    host.tick(3)
    assert not screen.open
    screen.wait(lambda: not host.scripts)
    assert host.undo()
    assert len(host.project.tracks) == 1


@pytest.mark.parametrize("lua", ["lua53"])
def test_the_service_is_paid_what_was_agreed(
    host: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models of the sandbox service: the sum is shown, and spent; both lie side by side."""
    with Sandbox(tmp_path / "service", splitter()) as service:
        monkeypatch.setenv("STEMBRIDGE_MVSEP_URL", service.url)
        monkeypatch.setenv("STEMBRIDGE_API_TOKEN", str(service.premium.key))
        screen = opened(host, real=True)
        add(screen, "vocals", "six stems")
        screen.wait(lambda: screen.shows("credits (") or screen.shows("credit ("), 90)
        said = next(text for text in screen.texts if "Costs" in text)
        before = service.premium.credits
        start(screen)
        screen.wait(lambda: len(host.project.tracks) > 2, 120)
        spent = before - service.premium.credits
        assert said.startswith(f"Costs {spent} credits"), said
        assert len(host.undo_points) == 1
        screen.wait(lambda: screen.shows("Compared 2 separations of"), 90)
        assert screen.shows("A is ")
        assert screen.shows("residual")
