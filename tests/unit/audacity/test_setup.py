"""Set-up's own rules; that a real Audacity follows them is in tests/audacity."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from stembridge.model.errors import HostError, StoreError
from stembridge_audacity import cfgfile, health, notices, plugins, registry, setup, shelf
from stembridge_audacity.cfgfile import CfgFile
from stembridge_audacity.places import Place, System
from stembridge_audacity.running import Program

NYQUIST = (
    b"pluginregistryversion=1.4\n[pluginregistry]\n[pluginregistry/Effect]\n"
    b"[pluginregistry/Effect/base64\\:QQ\\=\\=]\nPath=/usr/share/x.ny\nSymbol=X\nName=X\nNew Field=7\n"
    b"EffectFamily=Nyquist\nEffectType=Process\n"
)


def nobody() -> tuple[Program, ...]:
    return ()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    module = tmp_path / "modules" / "mod-script-pipe.so"
    module.parent.mkdir()
    module.touch()
    os.utime(module, (1_700_000_000.9, 1_700_000_000.9))
    config = tmp_path / "my_config"
    config.mkdir()
    return Place("usual", config, tmp_path / "data" / "Plug-Ins", (tmp_path / "none.so", module))


def states(home: Path, place: Place) -> dict[str, bool]:
    return {row.name.partition(": ")[2]: row.ready for row in health.examine(home, place)}


def test_the_first_set_up_of_a_fresh_audacity(home: Path, place: Place) -> None:
    done = setup.install(home, place, ["vocals"], nobody)
    assert done.changed
    assert done.first_start
    assert done.module == place.modules[1]
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(1_700_000_000))
    assert place.cfg.read_text(encoding="utf-8") == (
        "[Module]\nmod-script-pipe=1\n"
        f"[ModulePath]\nmod-script-pipe={place.modules[1]}\n"
        f"[ModuleDateTime]\nmod-script-pipe={local}\n"
    )
    assert not place.registry.exists()
    assert (notices.folder(home) / "requests").is_dir()
    assert not setup.install(home, place, ["vocals"], nobody).changed
    assert states(home, place) == {"scripting": True, "menu": True, "plug-in list": False, "watcher": False}
    assert setup.remove(home, place, nobody)
    assert place.cfg.read_bytes() == b""
    assert not setup.remove(home, place, nobody)


def test_the_list_of_plugins_gets_entries_with_all_fields_of_its_version(home: Path, place: Place) -> None:
    place.registry.write_bytes(NYQUIST)
    assert not setup.install(home, place, [], nobody).first_start
    listed = cfgfile.load(place.registry)
    assert len(registry.known(listed, place.plugins)) == len(plugins.ENTRIES)
    ours = [group for group in listed.groups() if listed.get(group, "Vendor") == "Stembridge"]
    assert len(ours) == len(plugins.ENTRIES)
    assert all(listed.get(group, "New Field") == "7" for group in ours)
    assert all(states(home, place)[row] for row in ("scripting", "menu", "plug-in list"))
    # A list from an older version of ours is brought up to date.
    cfgfile.change(place.registry, lambda cfg: cfg.set(ours[0], "Version", "0.0.1"))
    assert not states(home, place)["plug-in list"]
    assert setup.install(home, place, [], nobody).changed
    assert states(home, place)["plug-in list"]
    setup.remove(home, place, nobody)
    assert place.registry.read_bytes() == NYQUIST


def test_an_id_of_the_list_is_what_audacity_makes_of_it() -> None:
    """Taken from a list that Audacity 3.2.4 wrote: underscores inside a part have a backslash."""
    cfg = CfgFile(NYQUIST)
    registry.enter(cfg, Path("/tmp/a_b"))
    id_ = "RWZmZWN0X055cXVpc3RfU3RlbWJyaWRnZV9DYW5jZWwgSm9ic18vdG1wL2FcX2Ivc3RlbWJyaWRnZS1jYW5jZWwubnk\\="
    assert f"pluginregistry/Effect/base64\\:{id_}" in cfg.groups()


def test_values_from_before_come_back(home: Path, place: Place) -> None:
    before = (
        b"[Module]\nmod-script-pipe=4\n[ModulePath]\nmod-script-pipe=/old/place.so\n"
        b"[ModuleDateTime]\nmod-script-pipe=2020-01-01T00:00:00\n[GUI]\nx=1\n"
    )
    place.cfg.write_bytes(before)
    setup.install(home, place, [], nobody)
    os.utime(place.modules[1], (1_710_000_000, 1_710_000_000))
    assert not states(home, place)["scripting"]
    setup.install(home, place, [], nobody)  # a second set-up doesn't take the first one's for the user's
    assert states(home, place)["scripting"]
    setup.remove(home, place, nobody)
    assert place.cfg.read_bytes() == before


def test_what_the_user_switched_off_since_stays_off(home: Path, place: Place) -> None:
    setup.install(home, place, [], nobody)
    cfgfile.change(place.cfg, lambda cfg: cfg.set("Module", "mod-script-pipe", "0"))
    assert not states(home, place)["scripting"]
    kept = place.cfg.read_bytes()
    assert setup.remove(home, place, nobody)
    assert place.cfg.read_bytes() == kept


def test_a_module_that_audacity_noted_itself_wins(home: Path, place: Place, tmp_path: Path) -> None:
    noted = tmp_path / "elsewhere.so"
    noted.touch()
    place.cfg.write_text(f"[ModulePath]\nmod-script-pipe={noted}\n")
    assert setup.install(home, place, [], nobody).module == noted
    noted.unlink()
    assert setup.find_module(place) == place.modules[1]
    assert not states(home, place)["scripting"]  # on, but for another place


@pytest.mark.parametrize("kind", ["flatpak", "no module"])
def test_without_a_pipe_the_menu_is_set_up_alone(home: Path, place: Place, kind: str) -> None:
    alone = Place(kind, place.config, place.plugins, (), pipe=kind != "flatpak")
    done = setup.install(home, alone, [], nobody)
    assert done.module is None
    assert not alone.cfg.exists()
    assert len(list(alone.plugins.glob("*.ny"))) == len(plugins.ENTRIES)
    assert states(home, alone).get("scripting") is (None if kind == "flatpak" else False)
    assert setup.remove(home, alone, nobody)
    assert not alone.cfg.exists()


def test_nothing_happens_while_audacity_runs(home: Path, place: Place) -> None:
    def one() -> tuple[Program, ...]:
        return (Program(7, "/usr/bin/audacity", 3),)

    for act in (lambda: setup.install(home, place, [], one), lambda: setup.remove(home, place, one)):
        with pytest.raises(HostError, match="running"):
            act()
    assert not place.cfg.exists()
    assert not place.plugins.exists()
    assert not notices.folder(home).exists()


def test_entries_of_an_older_version_go_and_the_users_own_stay(home: Path, place: Place) -> None:
    place.plugins.mkdir(parents=True)
    for name in ("stembridge-older.ny", "mine.ny"):
        (place.plugins / name).write_text("")
    setup.install(home, place, [], nobody)
    assert not (place.plugins / "stembridge-older.ny").exists()
    setup.remove(home, place, nobody)
    assert [path.name for path in place.plugins.iterdir()] == ["mine.ny"]


def test_purging_takes_the_spool_and_leaves_the_jobs(home: Path, place: Place) -> None:
    setup.install(home, place, [], nobody)
    (home / "jobs" / "j1").mkdir(parents=True)
    setup.remove(home, place, nobody)
    setup.purge(home)
    setup.purge(home)
    assert [path.name for path in home.iterdir()] == ["jobs"]


def test_notes_that_cannot_be_read_name_the_way_out(home: Path, place: Place) -> None:
    notices.make_folders(home)
    (notices.folder(home) / "setup.json").write_text("{")
    with pytest.raises(StoreError) as caught:
        setup.install(home, place, [], nobody)
    assert "setup.json" in caught.value.hint


def test_two_places_are_kept_apart(home: Path, place: Place, tmp_path: Path) -> None:
    other = Place("portable", tmp_path / "p", tmp_path / "p" / "Plug-Ins", place.modules)
    setup.install(home, place, [], nobody)
    setup.install(home, other, [], nobody)
    assert set(setup.noted_places(home)) == {place.config, other.config}
    setup.remove(home, place, nobody)
    assert setup.noted_places(home) == [other.config]
    assert states(home, other)["scripting"]
    notes = json.loads((notices.folder(home) / "setup.json").read_text())
    assert list(notes) == [str(other.config)]


def test_a_place_that_was_named_is_found_again(home: Path, tmp_path: Path) -> None:
    system = System("linux", tmp_path / "nobody", {}, None)
    config = tmp_path / "mine"
    setup.install(home, Place("named", config, config / "Plug-Ins"), [], nobody)
    assert config in [place.config for place in health.all_places(home, system)]


def test_the_watcher_is_no_need(home: Path, place: Place) -> None:
    setup.install(home, place, [], nobody)
    notices.beat(home, pid=1, pipe=False, now=time.time())
    (row,) = [row for row in health.examine(home, place) if row.name.endswith("watcher")]
    assert row.ready
    assert not row.needed


def test_an_audacity_without_the_bridge_is_no_fault_of_the_doctors(home: Path, place: Place) -> None:
    (row,) = health.examine(home, place, needed=False)
    assert not row.ready
    assert not row.needed
    assert "stembridge setup audacity" in row.remedy


def test_snap_and_version_four_are_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "snap" / "audacity").mkdir(parents=True)
    (tmp_path / ".config" / "Audacity").mkdir(parents=True)
    (tmp_path / ".config" / "Audacity" / "Audacity4.ini").touch()
    rows = list(health.remarks(System("linux", tmp_path, {}, None)))
    assert [row.name for row in rows] == ["Audacity (snap)", "Audacity 4"]
    assert all(row.remedy and not row.needed for row in rows)


def _busy(_path: Path, _text: str) -> None:
    raise PermissionError


def test_the_dialogs_are_kept_up_to_date_and_nothing_else(
    home: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.install(home, place, ["wind"], nobody)
    answer, separate = (place.plugins / f"stembridge-{name}.ny" for name in ("answer", "separate"))
    cancel = place.plugins / "stembridge-cancel.ny"
    for path in (answer, separate, cancel):
        os.utime(path, (1_900_000_000, 1_900_000_000))
    home.mkdir(exist_ok=True)
    (home / "presets.toml").write_text('[mine]\nstems = ["vocals"]\n', encoding="utf-8")
    assert states(home, place)["menu"], "what changes from day to day is no fault"
    assert setup.refresh(home, plugins.Question("j1q2", "Really?", (("agree", "Yes"),)))
    assert "(own: vocals)" in separate.read_text(encoding="utf-8")
    assert "Really" in answer.read_text(encoding="utf-8")
    assert separate.stat().st_mtime >= 1_900_000_001, "Audacity looks at whole seconds"
    assert cancel.stat().st_mtime == 1_900_000_000
    assert states(home, place)["menu"]
    assert shelf.find(home, "mine").order is not None
    setup.refresh(home)
    assert "Really" not in answer.read_text(encoding="utf-8")
    with monkeypatch.context() as busy:  # as where Audacity is reading it on Windows
        busy.setattr(notices, "put", _busy)
        assert not setup.refresh(home, plugins.Question("j1q9", "Later?", (("agree", "Yes"),)))
    assert "Later" not in answer.read_text(encoding="utf-8")
    # What another version wrote, or the user took away, is left to the set-up.
    old = separate.read_text(encoding="utf-8").replace(plugins.release(), "0.0.1")
    separate.write_text(old, encoding="utf-8")
    answer.unlink()
    setup.refresh(home, plugins.Question("j1q3", "Really?", (("agree", "Yes"),)))
    assert separate.read_text(encoding="utf-8") == old
    assert not answer.exists()
    assert not states(home, place)["menu"]
