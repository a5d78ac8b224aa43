"""The dialog on the host, by its keys: what it shows, what it prices, what it orders, what it remembers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.fakes.reaper import Reaper
from tests.lua import stage
from tests.lua.ui_desk import BACKSPACE, ENTER, ESCAPE, KEYLESS, QUOTE, READY, SPACE, TAB, Screen, named

ACTION = "Stembridge_Separate selection.lua"


def opened(host: Reaper, *, item: bool = True, **answers: Any) -> Screen:
    """Open the dialog and wait until it knows its models and the price."""
    screen = Screen(host)
    screen.core(**answers)
    if item:
        screen.item()
    host.run_script(ACTION)
    screen.wait(lambda: not screen.shows("Loading the models") and not screen.shows("Looking up the cost"))
    return screen


def ordered(screen: Screen) -> dict[str, Any]:
    """Start, and give the order that the core got."""
    screen.press(ENTER)
    screen.wait(lambda: screen.orders() or screen.host.dialogs.boxes)
    assert not screen.host.dialogs.boxes
    (order,) = screen.orders()
    return order


def test_presets_come_first_and_the_price_stands_beside_the_start(host: Reaper) -> None:
    screen = opened(host)
    texts = screen.texts
    assert texts.index("Presets") < texts.index("Vocals") < texts.index("Four stems")
    assert screen.shows("guitar take 3 · 0:01.0 · 48 kHz, stereo")
    assert screen.shows("Taken from the file itself")
    assert screen.shows("Costs 3 credits (120 left).")
    quotes = [request["arguments"] for request in screen.asked if request.get("what") == "quote"]
    assert quotes[-1] == {
        "engine": "mvsep",
        "model": "40",
        "options": {},
        "spans": [{"frames": 48000, "rate": 48000, "channels": 2}],
    }


def test_enter_starts_what_was_shown_and_allows_what_was_shown(host: Reaper) -> None:
    order = ordered(opened(host))
    assert (order["engine"], order["model"], order["stems"]) == ("mvsep", "40", [])
    assert (order["max_credits"], order["options"], order["again"]) == (3, {}, False)
    assert (order["rest"], order["residual"]) == (False, False)
    assert order["host_context"]["where"] == "tracks"


def test_typing_searches_wherever_the_keyboard_is(host: Reaper) -> None:
    screen = opened(host)
    screen.press(TAB, TAB, "karaoke")
    assert screen.texts.count("Karaoke") >= 1
    assert not screen.shows("Six stems")
    assert screen.shows("MelBand Karaoke (lead/back vocals)")
    screen.press(named("down"))
    screen.wait(lambda: screen.shows("Karaoke model type"))
    order = ordered(screen)
    assert (order["engine"], order["model"]) == ("mvsep", "49")


def test_a_search_that_finds_nothing_says_so_and_escape_clears_it_before_it_closes(host: Reaper) -> None:
    screen = opened(host)
    screen.press("zither")
    assert screen.shows("Nothing matches 'zither'.")
    screen.press(ESCAPE)
    assert screen.shows("Six stems")
    assert host.scripts
    screen.press(ESCAPE)
    host.tick(2)
    assert not screen.open
    assert not host.scripts


def test_options_of_a_model_are_set_by_keys_and_only_what_differs_is_ordered(host: Reaper) -> None:
    screen = opened(host)
    screen.press("drumsep", TAB, TAB)
    assert screen.shows("DrumSep (4-6 stems")
    before = screen.texts
    assert "Ride" in before
    screen.press(*[named("up")] * 7)
    screen.wait(lambda: "Ride" not in screen.texts, 5)
    assert "Cymbals" in screen.texts, "what the model promises follows its options"
    order = ordered(screen)
    assert order["model"] == "37"
    assert order["options"] == {"add_opt1": "0"}


def test_a_preset_names_its_stems_and_its_options(host: Reaper) -> None:
    screen = opened(host)
    screen.press("six", named("down"))
    screen.press(*[BACKSPACE] * 3)
    screen.press("karaoke")
    order = ordered(screen)
    assert (order["model"], order["options"]) == ("49", {"add_opt2": "1"})


def test_stems_are_chosen_by_check_boxes_and_none_is_refused(host: Reaper) -> None:
    screen = opened(host)
    screen.press(TAB, TAB, TAB, SPACE)
    screen.press(TAB, SPACE)
    assert screen.shows("Choose at least one stem to import.")
    screen.press(ENTER)
    host.tick(5)
    assert not screen.orders()
    screen.press(SPACE)
    screen.press(TAB, SPACE, TAB, SPACE)
    screen.wait(lambda: screen.shows("Costs 3 credits"))
    order = ordered(screen)
    assert order["stems"] == ["instrumental"]
    assert (order["rest"], order["residual"]) == (True, True)


def test_place_original_engine_and_audio_reach_the_order(host: Reaper) -> None:
    screen = opened(host)
    screen.press(*[TAB] * 7, named("down"))
    screen.press(TAB, named("down"))
    screen.press(TAB, named("rght"))
    screen.wait(lambda: screen.shows("Free: this computer does the work."))
    screen.press(TAB, named("down"))
    order = ordered(screen)
    assert order["engine"] == "offline"
    assert order["host_context"]["where"] == "folder"
    assert order["host_context"]["original"] == "mute_item"
    assert order["host_context"]["mode"] == "source"


def test_what_was_chosen_is_there_again_in_this_project_and_the_start_for_others(host: Reaper) -> None:
    screen = opened(
        host, separate=[[{"type": "failed", "code": "internal", "message": "No.", "hint": "Try."}]]
    )
    screen.press("bs roformer sw", TAB, TAB, SPACE)
    screen.wait(lambda: screen.shows("Costs"))
    first = ordered(screen)
    assert first["model"] == "63"
    assert "vocals" not in first["stems"]
    for _ in range(2):
        screen.wait(lambda: screen.shows("No."))
        host.quit()
        host.windows.clear()
        host.run_script(ACTION)
        screen.wait(lambda: screen.shows("BS Roformer SW (vocals"))
        screen.wait(lambda: screen.shows("Costs"))
        count = len(screen.orders())
        screen.press(ENTER)
        screen.more_orders(count)
        assert screen.orders()[-1]["stems"] == first["stems"]
        host.open_project()
        screen.item(name="other.wav")


def test_without_a_key_mvsep_is_refused_in_a_sentence_and_presets_stay_here(host: Reaper) -> None:
    screen = opened(host, engines=KEYLESS)
    assert screen.shows("Model: REPET-SIM") or screen.shows("Model: Spleeter")
    assert screen.shows("Free: this computer does the work.")
    screen.press("six")
    assert screen.shows("MVSEP needs your key")
    screen.press(ENTER)
    host.tick(5)
    assert not screen.orders()


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ({**QUOTE, "amount": None}, "The price isn't known; you are asked before anything is spent."),
        ({**QUOTE, "amount": 1, "left": None}, "Costs 1 credit."),
        (
            {**QUOTE, "amount": 1, "unit": "attempts", "left": 9},
            "Costs 1 of today's free separations (9 left).",
        ),
        ({**QUOTE, "limits": ["Too long.", "Select less."]}, "Too long. Select less."),
        (
            {"failed": {"code": "unavailable", "message": "MVSEP can't be reached.", "hint": "Try later."}},
            "MVSEP can't be reached. Try later.",
        ),
    ],
)
def test_the_price_is_told_as_it_is_known(host: Reaper, quote: dict[str, Any], words: str) -> None:
    screen = opened(host, quote=quote)
    assert screen.shows(words)


def test_an_unknown_price_is_never_allowed_in_advance(host: Reaper) -> None:
    assert ordered(opened(host, quote={**QUOTE, "amount": None})).get("max_credits") is None


def test_nothing_selected_is_one_sentence_and_a_selection_made_meanwhile_is_seen(host: Reaper) -> None:
    screen = opened(host, item=False)
    assert screen.shows("Select items, or a time selection on tracks, or a razor edit.")
    screen.press(ENTER)
    host.tick(5)
    assert not screen.orders()
    screen.item()
    screen.wait(lambda: screen.shows("guitar take 3 · 0:01.0"))
    screen.wait(lambda: screen.shows("Costs 3 credits"))


def test_a_model_that_makes_audio_needs_words_and_no_selection(host: Reaper) -> None:
    screen = opened(host, item=False)
    screen.press("stable audio")
    assert screen.shows("Fill in the field 'Text prompt'.")
    screen.press(TAB, TAB, "Rain on tin")
    screen.wait(lambda: screen.shows("Costs 3 credits"))
    order = ordered(screen)
    assert order["options"] == {"add_opt1": "Rain on tin"}
    assert order.get("source") is None
    assert order["input"] is False


def test_several_items_are_priced_each_and_started_each(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    for number in range(3):
        screen.item(1 + number, f"take {number}.wav")
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Costs 9 credits (120 left)."))
    assert screen.shows("3 jobs · 0:06.0 in all")
    screen.press(ENTER)
    screen.wait(lambda: len(screen.orders()) == 3)
    assert {order["max_credits"] for order in screen.orders()} == {3}


def test_lanes_are_offered_where_reaper_has_them(host: Reaper, lua: str) -> None:
    screen = Screen(host)
    host.ext_state["Stembridge", "last"] = json.dumps({"where": "lanes"})
    screen.core()
    screen.item()
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Costs"))
    assert screen.shows("Fixed lanes of the track" if lua == "lua54" else "Takes of the item")


def test_a_hundred_items_are_read_in_slices(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    track = screen.item(1).track
    path = host.folder / "guitar take 3.wav"
    for number in range(99):
        track.add_item(path, position=3.0 + number).select()
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("100 jobs · 1:40.0 in all"))
    screen.wait(lambda: screen.shows("Costs 300 credits (120 left)."))
    quotes = [request["arguments"] for request in screen.asked if request.get("what") == "quote"]
    assert len(quotes[-1]["spans"]) == 1, "what is as long costs as much"


def test_a_core_that_is_missing_or_silent_is_said_and_nothing_hangs(host: Reaper) -> None:
    host.run_script(ACTION)
    assert any("stembridge setup reaper" in text for text in host.dialogs.texts)
    assert not host.scripts
    host.dialogs.boxes.clear()
    screen = Screen(host)
    broken = {"code": "internal", "message": "Broken.", "hint": "Run the doctor."}
    screen.core(engines=READY)
    (host.folder / "core.py").write_text(
        "import json, sys, time\n"
        "from pathlib import Path\n"
        f"event = {{'v': 1, 'seq': 1, 'ts': time.time(), 'type': 'failed', **{broken!r}}}\n"
        "Path(sys.argv[-1], 'events.jsonl').write_text(json.dumps(event) + '\\n')\n",
        encoding="utf-8",
    )
    screen.item()
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Broken. Run the doctor."))


def test_small_windows_keep_everything_in_reach_of_the_keyboard(host: Reaper) -> None:
    screen = opened(host)
    host.gfx.resize(460, 360)
    host.tick(2)
    assert screen.shows("Separate")
    seen = set()
    for _ in range(14):
        screen.press(TAB)
        seen |= set(screen.texts)
    assert {"Place", "Original", "Engine", "Audio", "Instrumental", "Vocal model type"} <= seen


def test_the_notice_of_an_older_core_is_a_sentence(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    path = host.resource / "Data" / "Stembridge" / "core.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "protocol": 99}), encoding="utf-8")
    host.run_script(ACTION)
    assert any("different versions" in text for text in host.dialogs.texts)


def test_with_the_real_core_from_the_dialog_to_the_stems(host: Reaper) -> None:
    stage.install(host)
    screen = Screen(host)
    screen.item(3)
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Free: this computer does the work."), 60)
    screen.press(ENTER)
    screen.wait(lambda: len(host.project.tracks) == 3, 120)
    names = [track.name for track in host.project.tracks[1:]]
    assert names == ["Guitar \N{EN DASH} Vocals", "Guitar \N{EN DASH} Instrumental"]
    assert [point.label for point in host.undo_points] == ["Stembridge: import stems"]
    screen.wait(lambda: screen.shows("Done."))
    host.advance(10)
    screen.wait(lambda: not screen.open)
    screen.wait(lambda: not host.scripts)
    shutil.rmtree(host.folder / "Song", ignore_errors=True)


def test_with_the_service_what_was_priced_is_what_is_spent(
    host: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(tmp_path / "service", splitter()) as service:
        monkeypatch.setenv("STEMBRIDGE_MVSEP_URL", service.url)
        monkeypatch.setenv("STEMBRIDGE_API_TOKEN", str(service.premium.key))
        stage.install(host)
        screen = Screen(host)
        screen.item(3)
        host.run_script(ACTION)
        screen.wait(lambda: screen.shows("Costs 1 credit ("), 90)
        before = service.premium.credits
        screen.press(ENTER)
        screen.wait(lambda: len(host.project.tracks) == 3, 120)
        assert before - service.premium.credits == 1
        assert screen.shows("Your audio leaves this machine")
