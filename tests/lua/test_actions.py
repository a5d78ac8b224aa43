"""The action files: generated from the tables, loaded as REAPER loads them, and what each does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import stembridge
from stembridge.model.presets import PRESETS
from stembridge_reaper import action_files
from tests.fakes.reaper import Reaper
from tests.fakes.reaper.host import SCRIPTS
from tests.lua.ui_desk import ESCAPE, KEYLESS, READY, TAB, Screen, named

ORDER = {"engine": "mvsep", "model": "40", "where": "folder", "original": "mute_item", "mode": "auto"}
STAY = [[{"type": "state", "state": "processing"}, {"sleep": 20}]]


def action(title: str) -> str:
    return f"Stembridge_{title}.lua"


def saved(host: Reaper) -> dict[str, object]:
    return dict(json.loads(host.ext_state["Stembridge", "settings"]))


def test_the_files_are_what_the_tables_say(tmp_path: Path) -> None:
    for name, text in action_files.files().items():
        assert (SCRIPTS / name).read_text(encoding="utf-8") == text, (
            f"{name} is stale: run `python -m stembridge_reaper.action_files`"
        )
    on_disk = {path.name for path in SCRIPTS.glob("Stembridge_*.lua")}
    assert on_disk == {name for name in action_files.files() if "/" not in name}
    (tmp_path / "Stembridge_Old.lua").write_text("", encoding="utf-8")
    assert len(action_files.write(tmp_path)) == len(action_files.files()) + 1
    assert action_files.write(tmp_path) == []
    assert not (tmp_path / "Stembridge_Old.lua").exists()


def test_every_preset_has_an_action_and_the_package_one_header() -> None:
    for preset in PRESETS.values():
        text = (SCRIPTS / action(f"Separate selection ({preset.title})")).read_text(encoding="utf-8")
        assert f'separate_preset("{preset.id}")' in text
    heads = {path.name: path.read_text(encoding="utf-8") for path in SCRIPTS.glob("Stembridge_*.lua")}
    packages = [name for name, text in heads.items() if "@noindex" not in text]
    assert packages == [action_files.MAIN]
    header = heads[action_files.MAIN].split("\n\n")[0]
    assert f"-- @version {stembridge.__version__}\n" in header
    for tag in ("@description", "@author", "@about", "@provides"):
        assert f"-- {tag} " in header or f"-- {tag}\n" in header
    assert all(line.startswith("--") for line in header.splitlines()), "contiguous, as ReaPack wants it"


@pytest.mark.parametrize("title", sorted(action_files.actions()))
def test_every_action_loads_and_says_what_is_missing(host: Reaper, title: str) -> None:
    host.run_script(action(title))
    host.tick(3)
    needs_core = title not in {"Settings", "About", "Self-test", "Register actions"}
    if needs_core:
        assert any("stembridge setup reaper" in text for text in host.dialogs.texts)
        assert not host.scripts
    else:
        assert not any("stembridge setup reaper" in text for text in host.dialogs.texts)
    for script in list(host.scripts):
        script.window.close()
    host.tick(3)


def test_a_preset_action_orders_its_recipe_within_the_limit_of_credits(host: Reaper) -> None:
    screen = Screen(host)
    screen.core(separate=STAY)
    screen.item()
    host.ext_state["Stembridge", "settings"] = json.dumps({"limit": 12})
    host.ext_state["Stembridge", "last"] = json.dumps({"where": "folder", "original": "mute_track"})
    host.run_script(action("Separate selection (Karaoke)"))
    screen.wait(screen.orders)
    (order,) = screen.orders()
    assert (order["model"], order["options"]) == ("49", {"add_opt2": "1"})
    assert order["stems"] == ["lead", "backing", "instrumental"]
    assert order["max_credits"] == 12
    assert order["host_context"]["where"] == "folder"
    assert order["host_context"]["original"] == "mute_track"


def test_a_preset_works_here_without_a_key_where_it_can(host: Reaper) -> None:
    screen = Screen(host)
    screen.core(engines=KEYLESS, separate=STAY)
    screen.item()
    host.run_script(action("Separate selection (Vocals)"))
    screen.wait(screen.orders)
    assert screen.orders()[0]["engine"] == "offline"


def test_a_preset_that_needs_the_service_says_so_without_a_key(host: Reaper) -> None:
    screen = Screen(host)
    screen.core(engines=KEYLESS)
    screen.item()
    host.run_script(action("Separate selection (Six stems)"))
    screen.wait(lambda: host.dialogs.texts)
    assert "MVSEP needs your key" in host.dialogs.texts[0]
    screen.wait(lambda: not host.scripts)
    assert not screen.orders()


def test_a_preset_without_a_selection_is_refused_before_the_core_is_asked(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    host.run_script(action("Separate selection (Vocals)"))
    screen.wait(lambda: not host.scripts)
    assert len(host.dialogs.texts) == 1
    assert not screen.asked


def test_last_settings_repeat_the_order_and_may_spend_no_more_than_the_limit(host: Reaper) -> None:
    screen = Screen(host)
    screen.core(separate=STAY)
    screen.item()
    host.ext_state["Stembridge", "last"] = json.dumps({"order": ORDER})
    host.run_script(action("Separate selection with last settings"))
    screen.wait(screen.orders)
    (order,) = screen.orders()
    assert (order["model"], order["max_credits"]) == ("40", 0), "0: every paid job asks"
    assert order["host_context"]["where"] == "folder"


def test_last_settings_open_the_dialog_where_there_are_none(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    screen.item()
    host.run_script(action("Separate selection with last settings"))
    screen.wait(lambda: screen.shows("Search presets and models"))


def test_started_again_an_action_replaces_itself(host: Reaper, lua: str) -> None:
    screen = Screen(host)
    screen.core()
    screen.item()
    script = host.run_script(action("Separate selection"))
    assert script.options == (3 if lua == "lua54" else 0)


def test_it_does_not_while_audio_is_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Reaper(tmp_path, lua="lua54") as host:
        told: list[int] = []
        monkeypatch.setitem(host.functions, "set_action_options", told.append)
        screen = Screen(host)
        screen.core(separate=STAY)
        screen.item()
        host.ext_state["Stembridge", "last"] = json.dumps({"order": ORDER})
        host.run_script(action("Separate selection with last settings"))
        screen.wait(screen.orders)
        assert told == [3, 0, 3]


def test_import_finished_says_when_there_is_nothing(host: Reaper) -> None:
    screen = Screen(host)
    screen.core()
    host.run_script(action("Import finished jobs"))
    screen.wait(lambda: host.dialogs.texts)
    assert "no finished jobs" in host.dialogs.texts[0]
    screen.wait(lambda: not host.scripts)


def test_register_puts_all_actions_into_the_list_and_writes_a_toolbar(host: Reaper) -> None:
    (host.resource / "reaper-menu.ini").write_text(
        "[Floating toolbar 16]\nitem_0=40001 x\n[Floating toolbar 15]\ntitle=empty\n", encoding="utf-8"
    )
    host.run_script(action("Register actions"))
    names = {path.name for path in host.commands.values()}
    assert names == {path.name for path in SCRIPTS.glob("Stembridge_*.lua")}
    assert host.calls["AddRemoveReaScript"] == len(names) - 1
    toolbar = (host.resource / "MenuSets" / "Stembridge.ReaperMenu").read_text(encoding="utf-8")
    assert toolbar.startswith("[Floating toolbar 15]\n"), "16 is in use"
    ids = re.findall(r"^item_\d+=(\S+) ", toolbar, re.MULTILINE)
    assert len(ids) == 7
    known = {host.command_name(path) for path in host.commands.values()}
    assert set(ids) <= known
    assert "title=Stembridge\n" in toolbar
    (told,) = host.dialogs.texts
    assert str(host.resource / "MenuSets" / "Stembridge.ReaperMenu") in told
    assert "Floating toolbar 15" in told


def test_register_names_what_is_missing(host: Reaper, tmp_path: Path) -> None:
    folder = tmp_path / "Scripts"
    (folder / "lib").mkdir(parents=True)
    host.require("register")
    run = host.lua.eval("function(folder) return require('register').run(folder) end")
    text = run(str(folder))
    assert "could not be registered: Separate selection, " in text
    assert "0 actions" in text


def test_settings_are_kept_as_they_are_changed_and_nonsense_is_none(host: Reaper) -> None:
    screen = Screen(host)
    host.run_script(action("Settings"))
    host.tick(2)
    screen.press(named("end"), "25")
    assert saved(host)["limit"] == 25, "the 0 in front means nothing"
    screen.press("x")
    assert screen.shows("Write a whole number of credits.")
    assert saved(host)["limit"] == 25
    screen.press(TAB, " ")
    assert saved(host)["again"] is True
    screen.press(*[TAB] * 5, named("down"))
    assert saved(host)["colours"] == "dark"
    screen.press(TAB, named("down"))
    assert saved(host)["zoom"] == 1.1
    screen.press(ESCAPE)
    host.tick(2)
    assert not host.scripts
    host.ext_state["Stembridge", "settings"] = json.dumps({"limit": -4, "zoom": 99, "where": "moon", "x": 1})
    host.require("settings")
    checked = host.lua.python(host.lua.eval("require('settings').load()"))
    assert (checked["limit"], checked["zoom"], checked["where"]) == (0, 2, "tracks")
    assert "x" not in checked


def test_about_puts_what_needs_mending_first_with_its_command(host: Reaper) -> None:
    rows = [
        {"name": "python", "ready": True, "text": "Python 3", "remedy": "", "needed": True},
        {"name": "key", "ready": False, "text": "No key.", "remedy": "Run `x login`.", "needed": False},
        {"name": "disk space", "ready": False, "text": "0 GB free", "remedy": "Free some.", "needed": True},
    ]
    screen = Screen(host)
    screen.core(doctor=rows, engines=READY)
    host.run_script(action("About"))
    screen.wait(lambda: screen.shows("Python 3"))
    texts = screen.texts
    assert texts.index("Disk space") < texts.index("Key") < texts.index("Python")
    assert screen.shows("Run `x login`.")
    assert screen.shows(f"Stembridge scripts {stembridge.__version__}")
    assert screen.shows("different versions"), "the scripted core is of version 0"
    screen.press(ESCAPE)
    host.tick(2)
    assert not host.scripts


def test_about_says_how_to_install_what_is_not_there(host: Reaper) -> None:
    screen = Screen(host)
    host.run_script(action("About"))
    host.tick(2)
    assert screen.shows("stembridge setup reaper")
