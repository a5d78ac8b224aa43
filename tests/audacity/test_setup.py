"""Set-up on the real Audacity: a user's way from a fresh home to a menu and a pipe, and back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stembridge.model.errors import HostError
from stembridge_audacity import plugins
from stembridge_audacity.cfgfile import CfgFile
from tests.audacity.desk import Desk, RunningAudacity, forget_crash, machine_lock, module_file, write_config
from tests.e2e.command import Command, Told
from tests.programs import need

Start = Callable[..., RunningAudacity]
SEARCH = 30.0


@dataclass
class User:
    """A user with a home of their own, and the command as they call it."""

    home: Path
    command: Command

    @property
    def config(self) -> Path:
        return self.home / ".config" / "audacity"

    @property
    def plugins(self) -> Path:
        return self.home / ".local" / "share" / "audacity" / "Plug-Ins"

    def __call__(self, *words: object) -> Told:
        """Set up, while no Audacity of this machine runs."""
        with machine_lock().acquire(timeout=900):
            return self.command("setup", "audacity", *words)


@pytest.fixture
def user(audacity_desk: Desk, tmp_path: Path, home: Path) -> User:
    audacity_desk.clear()  # nobody can be set up while an Audacity runs
    folder = tmp_path / "Jane's home"
    folder.mkdir()
    return User(
        folder, Command(home, folder, {"HOME": str(folder), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""})
    )


@pytest.fixture
def start(fresh_audacity: Start) -> Start:
    return fresh_audacity


def searched(user: User) -> None:
    """Wait until the list of plug-ins is there."""
    deadline = time.monotonic() + SEARCH
    listed = user.config / "pluginregistry.cfg"
    while not listed.is_file() or "Nyquist Effects" not in listed.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, "no list of plug-ins"
        time.sleep(0.2)
    time.sleep(1.0)


def in_menu(running: RunningAudacity) -> list[str]:
    """Our entries in the Tools menu, in its order; the pipe has to answer for it.

    Whether a dialog's entry ends in dots is Audacity's affair: 3.2 adds them.
    """
    return [
        item.label.removesuffix("...") for item in running.client.menu() if "_Stembridge_" in item.identity
    ]


def entries(listed: bytes) -> dict[str, list[tuple[str, str]]]:
    """The list of plug-ins by their ids."""
    cfg = CfgFile(listed)
    return {group: sorted(cfg.items(group)) for group in cfg.groups() if cfg.items(group)}


ENTRIES = sorted(entry.name for entry in plugins.ENTRIES)


def test_from_a_fresh_home_to_menu_and_pipe_and_back(user: User, start: Start, audacity_desk: Desk) -> None:
    told = user()
    assert told.code == 0, told
    assert "never been started" in told.out
    assert user("--check").out.count("never been started") == 1
    # The first start makes the list of plug-ins, with ours in it.
    first = start(user.home, cured=False)
    searched(user)
    assert first.alive
    audacity_desk.clear()
    forget_crash(user.home)
    second = start(user.home, cured=False)
    time.sleep(4.0)  # late enough for the pipe to be lost, were there anything to search for
    assert in_menu(second) == ENTRIES
    audacity_desk.clear()
    told = user("--check")
    assert told.code == 0, told
    assert told.out.count("ok ") == 3
    # And back: what Audacity itself wrote meanwhile stays, what is ours goes.
    assert user("--remove").code == 0
    assert list(user.plugins.glob("*.ny")) == []
    cfg = (user.config / "audacity.cfg").read_text(encoding="utf-8")
    assert "mod-script-pipe" not in cfg
    assert "[Version]" in cfg
    assert "Stembridge" not in (user.config / "pluginregistry.cfg").read_text(encoding="utf-8")
    forget_crash(user.home)
    third = start(user.home, cured=False)
    searched(user)
    assert third.alive
    assert "mod-script-pipe=1" not in (user.config / "audacity.cfg").read_text(encoding="utf-8")


def test_a_set_up_of_a_used_audacity_needs_no_second_start(
    user: User, start: Start, audacity_desk: Desk
) -> None:
    write_config(user.home, module=False)
    start(user.home, cured=False)
    searched(user)
    audacity_desk.clear()
    forget_crash(user.home)
    files = [user.config / "audacity.cfg", user.config / "pluginregistry.cfg"]
    before = {path: path.read_bytes() for path in files}
    assert b"mod-script-pipe=4" in before[files[0]]  # Audacity noted the module as one that it won't load
    told = user()
    assert told.code == 0, told
    assert "never been started" not in told.out
    assert all(before[path] != path.read_bytes() for path in files)
    listed = files[1].read_bytes()
    running = start(user.home, cured=False)
    time.sleep(4.0)
    assert in_menu(running) == ENTRIES
    audacity_desk.clear()
    # Audacity writes its list in an order of its own: the entries agree, each with all of its fields.
    assert entries(files[1].read_bytes()) == entries(listed)
    # Without a start in between, removing is exact to the byte.
    assert user("--remove").code == 0
    assert list(user.plugins.glob("*.ny")) == []
    assert entries(files[1].read_bytes()) == entries(before[files[1]])
    before = {path: path.read_bytes() for path in files}
    assert user().code == 0
    assert user("--remove").code == 0
    assert {path: path.read_bytes() for path in files} == before
    assert list(user.config.glob("*stembridge*")) == []
    assert "nothing to remove" in user("--remove").out


def test_nothing_is_changed_while_audacity_runs(user: User, start: Start) -> None:
    write_config(user.home, module=False)
    running = start(user.home, cured=False)
    searched(user)
    for words in ([], ["--remove"]):
        user.command("setup", "audacity", *words).refused(16, "Audacity is running", "close Audacity")
    # Audacity itself may write its settings at any moment: ours must not be among them, nor a copy of ours.
    assert CfgFile((user.config / "audacity.cfg").read_bytes()).get("Module", "mod-script-pipe") != "1"
    assert list(user.config.glob("*stembridge*")) == []
    assert not user.plugins.exists() or not list(user.plugins.glob("*.ny"))
    assert running.alive
    assert user.command("setup", "audacity", "--check").code == 16


def test_check_names_what_is_wrong_and_setting_up_again_mends_it(user: User) -> None:
    write_config(user.home, module=False)
    # An update of Audacity exchanges the module: a copy stands for it here.
    module = user.home / "modules" / "mod-script-pipe.so"
    module.parent.mkdir()
    shutil.copy2(module_file(Path(need("audacity"))), module)
    assert user("--module", module).code == 0
    told = user("--check")
    assert told.code == 0, told
    os.utime(module, (1_700_000_000, 1_700_000_000))
    told = user("--check")
    assert told.code == 16
    assert "exchanged by an update" in told.out
    assert user().code == 0
    assert user("--check").code == 0
    separate = user.plugins / "stembridge-separate.ny"
    separate.write_text(separate.read_text().replace(plugins.release(), "0.0.1"))
    told = user("--check", "--json")
    assert told.code == 16
    assert told.document["ok"] is False
    assert any("another version" in row["text"] for row in told.document["rows"])
    separate.unlink()
    assert "missing: stembridge-separate.ny" in user("--check").out
    assert user().code == 0
    assert user("--check").code == 0
    doctor = user.command("doctor", "--json").document
    assert any(row["name"] == "Audacity: scripting" and row["ready"] for row in doctor["rows"])


def test_a_pipe_lost_to_a_search_is_what_the_cure_prevents(
    user: User, start: Start, audacity_desk: Desk
) -> None:
    """Without our entries on the list the pipe is gone: the cure cures something."""
    write_config(user.home)
    start(user.home, cured=False)
    searched(user)
    audacity_desk.clear()
    forget_crash(user.home)
    listed = (user.config / "pluginregistry.cfg").read_bytes()
    assert user().code == 0
    (user.config / "pluginregistry.cfg").write_bytes(listed)
    start(user.home, cured=False)
    time.sleep(5.0)
    with pytest.raises(HostError, match="lost its scripting pipe"):
        in_menu(audacity_desk.running or pytest.fail("it ended"))
