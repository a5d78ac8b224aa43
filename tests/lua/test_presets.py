"""Own presets and chains in the dialog: filled in, priced, ordered, saved and removed."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge import own_chains, own_presets
from stembridge.model.chains import CHAINS, Chain, ChainStep
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.fakes.reaper import Reaper
from tests.fakes.reaper.dialogs import NO, YES
from tests.lua import stage
from tests.lua.test_dialog import ACTION, opened, ordered
from tests.lua.ui_desk import ENTER, ESCAPE, KEYLESS, SPACE, TAB, Screen, named


def own(name: str, title: str, **order: Any) -> dict[str, Any]:
    """A row of the query "presets": a preset of the user's own."""
    whole: dict[str, Any] = {
        "engine": None,
        "model": None,
        "options": {},
        "stems": [],
        "rest": False,
        "residual": False,
    }
    return {
        "id": name, "title": title, "gives": "what was saved", "own": True,
        "order": {**whole, "format": None, **order}, "chain": None,
    }  # fmt: skip


def chain(name: str) -> dict[str, Any]:
    """A row of a shipped chain."""
    row = CHAINS[name]
    steps = [step.to_dict() for step in row.steps]
    return {
        "id": name,
        "title": row.title,
        "gives": row.gives,
        "own": False,
        "offline": False,
        "chain": steps,
    }


LEAD = own(
    "lead", "Lead, dry", engine="mvsep", model="49", options={"add_opt1": "2"},
    stems=["lead"], rest=True, residual=True, format="flac24",
)  # fmt: skip


def quotes(screen: Screen) -> list[dict[str, Any]]:
    return [request["arguments"] for request in screen.asked if request.get("what") == "quote"]


def test_an_own_preset_fills_in_everything_it_was_saved_with(host: Reaper) -> None:
    screen = opened(host, presets=[LEAD])
    texts = screen.texts
    assert texts.index("Your presets") < texts.index("Lead, dry") < texts.index("Presets")
    screen.press("lead, dry")
    assert screen.shows("FLAC, 24 bit")
    order = ordered(screen)
    assert (order["engine"], order["model"], order["options"]) == ("mvsep", "49", {"add_opt1": "2"})
    assert (order["stems"], order["rest"], order["residual"]) == (["lead"], True, True)
    assert order["format"] == "flac24"
    assert "chain" not in order


def test_a_preset_may_be_changed_for_once_and_leaves_nothing_behind(host: Reaper) -> None:
    screen = opened(host, presets=[LEAD, own("any", "Anything", model="melband karaoke")])
    screen.press("lead, dry", ESCAPE)
    screen.press("six stems")
    order = ordered(screen)
    assert (order["rest"], order["residual"], order["format"]) == (False, False, "wav32f")


def test_a_preset_names_its_model_as_a_person_does(host: Reaper) -> None:
    screen = opened(host, presets=[own("any", "Anything", model="melband karaoke")])
    screen.press("anything")
    assert screen.shows("Karaoke model type"), "the options of the model it names"
    order = ordered(screen)
    assert order["engine"] == "mvsep"
    assert order["model"] == "melband karaoke"


def test_what_is_chosen_is_saved_under_a_name_and_chosen_from_then_on(host: Reaper) -> None:
    screen = opened(host)
    screen.press("six stems", TAB, TAB, SPACE)
    host.dialogs.inputs.append(["No guitar, please"])
    screen.answers["presets"] = [own("no-guitar-please", "No guitar, please", engine="mvsep", model="63")]
    screen.core(save_preset=[{"id": "no-guitar-please"}])
    screen.click_on("Save as preset…")
    screen.wait(lambda: screen.shows("Remove"))
    (saved,) = [one["arguments"] for one in screen.asked if one.get("what") == "save_preset"]
    assert (saved["name"], saved["title"], saved["replace"]) == (
        "no-guitar-please",
        "No guitar, please",
        False,
    )
    assert saved["order"]["model"] == "63"
    assert "vocals" not in saved["order"]["stems"]
    assert "guitar" in saved["order"]["stems"]
    assert screen.shows("No guitar, please")


def test_a_name_that_is_there_is_asked_about_and_a_refusal_of_the_core_is_said(host: Reaper) -> None:
    refused = {"failed": {"code": "usage", "message": "That can't be.", "hint": "Take another name."}}
    screen = opened(host, presets=[LEAD], save_preset=refused)
    screen.press("karaoke")
    for answer in (NO, YES):
        host.dialogs.inputs.append(["Lead"])
        host.dialogs.answers.append(answer)
        screen.click_on("Save as preset…")
    assert [box.text for box in host.dialogs.boxes] == [
        "There is a preset 'Lead, dry' already. Replace it?"
    ] * 2
    screen.wait(lambda: screen.shows("That can't be. Take another name."))
    (saved,) = [one["arguments"] for one in screen.asked if one.get("what") == "save_preset"]
    assert saved["replace"] is True


def test_an_own_preset_is_removed_once_the_user_has_agreed(host: Reaper) -> None:
    screen = opened(host, presets=[LEAD], remove_preset=[{"id": "lead", "removed": True}])
    assert not screen.shows("Remove")
    screen.press("lead, dry", ESCAPE)
    host.dialogs.answers += [NO, YES]
    screen.click_on("Remove")
    assert not [one for one in screen.asked if one.get("what") == "remove_preset"]
    screen.answers["presets"] = []
    screen.core()
    screen.click_on("Remove")
    screen.wait(lambda: not screen.shows("Lead, dry"))
    (gone,) = [one["arguments"] for one in screen.asked if one.get("what") == "remove_preset"]
    assert gone == {"name": "lead"}
    screen.wait(lambda: screen.shows("Costs 3 credits"))


def test_a_file_of_presets_that_cannot_be_read_is_said(host: Reaper) -> None:
    broken = {"failed": {"code": "usage", "message": "'presets.toml', line 3: no.", "hint": "Mend it."}}
    screen = opened(host, presets=broken)
    assert screen.shows("'presets.toml', line 3: no. Mend it.")
    screen.press("karaoke")
    screen.wait(lambda: screen.shows("Costs 3 credits"))


def test_a_chain_shows_its_steps_and_costs_their_sum(host: Reaper) -> None:
    screen = opened(host, presets=[chain("full-band"), chain("lead-dry")])
    screen.press("full band")
    assert screen.shows("2. Drums, with DrumSep")
    assert screen.shows("Drums: Kick")
    assert "Drums" not in screen.texts, "what is taken apart further is no stem"
    screen.wait(lambda: screen.shows("Costs 9 credits (120 left)."))
    assert [one["model"] for one in quotes(screen)[-1]["orders"]] == ["63", "37", "49"]
    order = ordered(screen)
    assert order["chain"] == "full-band"
    assert not {"engine", "model", "options"} & {name for name, value in order.items() if value}
    assert (order["stems"], order["max_credits"], order.get("levels")) == ([], 9, None)


def test_stems_of_a_chain_are_chosen_and_its_levels_kept(host: Reaper) -> None:
    screen = opened(host, presets=[chain("kit")])
    screen.press("drum kit of a song", TAB, TAB, SPACE)
    screen.press(*[TAB] * 8, SPACE)
    screen.press(*[TAB] * 3, SPACE)
    assert "Drums" in screen.texts
    screen.wait(lambda: screen.shows("Costs 6 credits"))
    order = ordered(screen)
    assert order["levels"] is True
    assert order["stems"][0] == "drums.kick"
    assert "vocals" not in order["stems"]
    assert "drums" in order["stems"]


def test_a_chain_of_the_service_needs_a_key(host: Reaper) -> None:
    screen = opened(host, presets=[chain("kit")], engines=KEYLESS)
    screen.press("drum kit of a song")
    assert screen.shows("MVSEP needs your key")


def test_items_may_each_have_a_preset_of_their_own(host: Reaper) -> None:
    screen = Screen(host)
    screen.core(presets=[LEAD])
    for number in range(2):
        screen.item(1 + number, f"take {number}.wav")
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Your presets") and screen.shows("Costs 6 credits"))
    while not screen.shows("A preset for each of them"):
        screen.press(TAB)
    screen.click_on("A preset for each of them")
    screen.press(TAB, named("down"))
    screen.wait(lambda: screen.shows("Costs 6 credits"))
    screen.press(ENTER)
    screen.wait(lambda: len(screen.orders()) == 2)
    by_name = {order["name"]: order for order in screen.orders()}
    assert (by_name["take 0"]["model"], by_name["take 0"]["stems"]) == ("49", ["lead"])
    assert by_name["take 1"]["model"] == "40"


def save_chain(*steps: ChainStep) -> None:
    """Leave a chain of the user's own in the data folder."""
    home = Path(os.environ["STEMBRIDGE_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    own_chains.save(home, Chain("twice", "Twice", steps), overwrite=True)


@pytest.mark.parametrize("lua", ["lua54"])
def test_a_chain_of_the_embedded_engine_comes_home_under_the_names_of_its_paths(host: Reaper) -> None:
    """Two steps, one result: three leaves that are placed as any stems, in one undo step."""
    repet = ("offline", "repet")
    save_chain(ChainStep("", *repet), ChainStep("instrumental", *repet, {"centre": "on"}))
    stage.install(host)
    screen = Screen(host)
    screen.item(3)
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Vocals") and not screen.shows("Loading the models"), 60)
    screen.press("twice")
    screen.wait(lambda: screen.shows("Free: this computer does the work."), 60)
    screen.press(ENTER)
    seen: set[str] = set()

    def done() -> bool:
        seen.update(count for count in ("0 of 2", "1 of 2") if screen.shows(f"({count} steps done)"))
        return len(host.project.tracks) > 1

    screen.wait(done, 120)
    assert [track.name for track in host.project.tracks[1:]] == [
        "Guitar – Vocals",
        "Guitar – Instrumental: Vocals",
        "Guitar – Instrumental: Instrumental",
    ]
    assert seen == {"0 of 2", "1 of 2"}
    assert len(host.undo_points) == 1
    screen.wait(lambda: not host.scripts or screen.shows("Done."))
    host.quit()
    host.windows.clear()
    host.run_script("Stembridge_Show jobs.lua")
    screen.wait(lambda: screen.open and screen.shows("Chain: twice") and not screen.shows("Looking for jobs"))
    host.tick(60)
    assert screen.shows("1 job"), "its steps are no jobs of the list"


@pytest.mark.parametrize("lua", ["lua53"])
def test_a_chain_of_the_service_spends_what_was_shown_and_its_rest_is_exact(
    host: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen stems and the rest: what is placed nulls against what was sent (held by the core's report)."""
    with Sandbox(tmp_path / "service", splitter()) as service:
        monkeypatch.setenv("STEMBRIDGE_MVSEP_URL", service.url)
        monkeypatch.setenv("STEMBRIDGE_API_TOKEN", str(service.premium.key))
        stage.install(host)
        screen = Screen(host)
        screen.item(3)
        host.run_script(ACTION)
        screen.wait(lambda: screen.shows("Presets") and not screen.shows("Loading the models"), 90)
        screen.press("drum kit of a song")
        screen.wait(lambda: screen.shows("Costs ") and screen.shows("credits ("), 90)
        said = next(text for text in screen.texts if text.startswith("Costs"))
        before = service.premium.credits
        screen.press(TAB, TAB, SPACE)
        screen.press(*[TAB] * 9, SPACE)
        screen.wait(lambda: screen.shows("Costs ") and screen.shows("credits ("), 60)
        screen.press(ENTER)
        screen.wait(lambda: len(host.project.tracks) > 1 or screen.shows("Resume"), 180)
        names = [track.name for track in host.project.tracks[1:]]
        assert "Guitar – Drums: Kick" in names
        assert "Guitar – Vocals" not in names
        assert "Guitar – Rest" in names
        spent = before - service.premium.credits
        assert said.startswith(f"Costs {spent} credits"), said
        (result,) = [
            document
            for path in Path(os.environ["STEMBRIDGE_HOME"], "jobs").glob("*/result.json")
            if (document := json.loads(path.read_text(encoding="utf-8"))).get("engine") == "chain"
        ]
        assert result["residual_db"] is None or result["residual_db"] < -100


@pytest.mark.parametrize("lua", ["lua54"])
def test_with_the_real_core_a_preset_is_saved_used_and_removed(host: Reaper) -> None:
    """It is the file that the command line and the other hosts read."""
    stage.install(host)
    screen = Screen(host)
    screen.item(2)
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Presets") and not screen.shows("Loading the models"), 60)
    screen.press("repet-sim", TAB, TAB, named("down"))
    host.dialogs.inputs.append(["Voice in the middle"])
    screen.click_on("Save as preset…")
    file = Path(os.environ["STEMBRIDGE_HOME"], "presets.toml")
    screen.wait(lambda: screen.shows("Remove"), 60)
    assert file.exists()
    found = own_presets.read(file.parent)["voice-in-the-middle"]
    assert (found.title, found.engine, found.model) == ("Voice in the middle", "offline", "repet")
    assert found.options == {"centre": "on"}
    screen.wait(lambda: screen.shows("Free: this computer does the work."), 60)
    screen.press(ENTER)
    screen.wait(lambda: len(host.project.tracks) == 3, 90)
    host.quit()
    host.windows.clear()
    host.run_script(ACTION)
    screen.wait(lambda: screen.shows("Your presets") and screen.shows("Remove"), 60)
    host.dialogs.answers.append(YES)
    screen.click_on("Remove")
    screen.wait(lambda: not own_presets.read(file.parent), 60)
    screen.wait(lambda: not screen.shows("Voice in the middle"), 60)
    host.dialogs.inputs.append(["Vocals"])
    screen.click_on("Save as preset…")
    screen.wait(lambda: screen.shows("comes with Stembridge"), 60)
    assert not own_presets.read(file.parent)
