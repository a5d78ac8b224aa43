"""The connection to the real program: nothing is lost, nothing is crossed, every trap has its sentence."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stembridge.model.errors import HostError
from stembridge_audacity import diagnosis, running
from stembridge_audacity.opening import open_audacity
from stembridge_audacity.pipe import LONGEST
from stembridge_audacity.traps import Trap
from tests.audacity.desk import LEASH, Desk, RunningAudacity, end, forget_crash, plain_environ, write_config

COMMANDS = int(os.environ.get("STEMBRIDGE_STRESS", "100"))
"""How many the stress sends; 1,000 were sent without a loss on 3.2.4 and 3.7.3."""
RECONNECTIONS = max(10, COMMANDS // 20)

Start = Callable[..., RunningAudacity]


def trap_of(error: HostError) -> Trap:
    return Trap[str(error.context["trap"])]


def failing_to_open(timeout: float) -> Trap:
    with pytest.raises(HostError) as caught:
        open_audacity(timeout)
    assert caught.value.hint
    return trap_of(caught.value)


def none_runs() -> set[Trap]:
    """What is said then; where a sandbox on this machine has one, that may be named instead."""
    return {Trap.NOT_RUNNING, Trap.SANDBOX} if running.audacities() else {Trap.NOT_RUNNING}


def test_stress_without_a_loss(audacity: RunningAudacity) -> None:
    """Each command's effect is asked for by the next: an answer lost or crossed would show at once."""
    pipe = audacity.client.pipe
    sent = pipe.sent
    for n in range(COMMANDS // 2):
        name = f"/Stembridge/Stress{n}"
        assert pipe.send(f'SetPreference: Name="{name}" Value="{n}"', 30).ok
        assert pipe.send(f'GetPreference: Name="{name}"', 30).text == str(n)
    assert pipe.sent - sent == 2 * (COMMANDS // 2)
    assert not pipe.owed


def test_long_answer(audacity: RunningAudacity) -> None:
    reply = audacity.client.pipe.send("GetInfo: Type=Commands", 60)
    assert len(reply.raw) > 30_000
    commands = reply.json()
    assert isinstance(commands, list)
    assert len(commands) > 50


def test_connecting_again_and_again(audacity: RunningAudacity) -> None:
    """Audacity makes new pipes each time; whoever comes at once may catch the old ones."""
    audacity.release()
    for _n in range(RECONNECTIONS):
        with open_audacity(20) as client:
            assert client.tracks() == []


def test_longest_line(audacity: RunningAudacity) -> None:
    """One byte more and Audacity would drop the last, silently: so the last one has to matter."""
    pipe = audacity.client.pipe
    head = 'SetPreference: Name="/Stembridge/Long" Value="'
    value = "x" * (LONGEST - len(head) - 2) + "z"
    line = f'{head}{value}"'
    assert len(line) == LONGEST
    assert pipe.send(line, 30).ok
    assert audacity.client.preference("/Stembridge/Long") == value


def test_dialog_of_a_command(audacity: RunningAudacity) -> None:
    """What the typed commands avoid, forced by hand: the answer is owed, and no line is written before it."""
    pipe = audacity.client.pipe
    with pytest.raises(HostError) as caught:
        pipe.send("SetProject: Rate=0", 1.0)
    assert trap_of(caught.value) is Trap.SILENT
    window = audacity.window("^Set Project$")
    sent = pipe.sent
    with pytest.raises(HostError) as caught:
        pipe.send("GetInfo: Type=Tracks", 0.5)
    assert trap_of(caught.value) is Trap.STILL_BUSY
    assert pipe.sent == sent
    audacity.xdotool("windowactivate", "--sync", window, "key", "Return")
    late = pipe.settle(20)
    assert late is not None
    assert audacity.client.tracks() == []


def test_dialog_of_the_user_stops_nothing(audacity: RunningAudacity) -> None:
    # Not by its title: that may be the name of what another test had in it.
    (main,) = audacity.xdotool(
        "search", "--onlyvisible", "--pid", str(audacity.pid), "--name", "."
    ).splitlines()
    window = None
    while window is None:
        audacity.xdotool("windowactivate", "--sync", main, "key", "ctrl+p")
        with contextlib.suppress(TimeoutError):  # a busy machine may lose the key
            window = audacity.window("Preferences", timeout=10)
    client = audacity.client
    client.select_time(0, 1)
    assert client.tracks() == []
    audacity.xdotool("windowactivate", "--sync", window, "key", "Escape")


def test_killed_and_started_again(fresh_audacity: Start, audacity_desk: Desk) -> None:
    first = fresh_audacity()
    client = open_audacity(20)
    os.kill(first.pid, 9)
    with pytest.raises(HostError) as caught:
        client.tracks()
    assert trap_of(caught.value) in {Trap.LOST, Trap.LOST_UNSENT}
    client.close()
    first.kill()
    assert failing_to_open(20) in none_runs()
    forget_crash(first.home)
    fresh_audacity(first.home)
    with open_audacity(20) as again:
        assert again.tracks() == []


def test_killed_while_an_answer_is_due(fresh_audacity: Start) -> None:
    audacity = fresh_audacity()
    client = open_audacity(20)
    timer = threading.Timer(0.5, audacity.kill)
    timer.start()
    with pytest.raises(HostError) as caught:
        client.pipe.send("SetProject: Rate=0", 30)
    assert trap_of(caught.value) is Trap.LOST
    assert caught.value.retryable is False
    timer.join()
    client.close()


def test_second_stembridge_is_refused(audacity: RunningAudacity) -> None:
    assert audacity.client.tracks() == []
    code = "from stembridge_audacity.opening import open_audacity; open_audacity(5)"
    other = [sys.executable, "-c", code]
    said = subprocess.run(other, env=audacity.env, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode != 0
    assert Trap.OWNED.message in said.stderr
    assert audacity.client.tracks() == []
    audacity.release()
    subprocess.run(other, env=audacity.env, check=True, timeout=60)


def test_no_audacity_is_said_at_once(fresh_audacity: Start) -> None:
    fresh_audacity().kill()
    began = time.monotonic()
    assert failing_to_open(30) in none_runs()
    assert time.monotonic() - began < 10


@pytest.fixture
def settled_home(audacity_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which the settings are looked for, too."""
    home = audacity_desk.new_home()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


def test_module_off(fresh_audacity: Start, settled_home: Path) -> None:
    home = settled_home
    write_config(home, module=False)
    audacity = fresh_audacity(home, cured=False)
    audacity.window("^Audacity$")
    assert failing_to_open(1) is Trap.MODULE_OFF


def test_module_of_another_date(fresh_audacity: Start, settled_home: Path, home: Path) -> None:
    """After an upgrade Audacity leaves the module out without a word, and writes down that it is new."""
    path = write_config(settled_home)
    text = re.sub(r"=(\d{4})-(\d\d-\d\dT)", r"=2001-\2", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    (home / "audacity").mkdir(parents=True)
    (home / "audacity" / "setup.json").write_text(json.dumps({str(path.parent): {}}), encoding="utf-8")
    audacity = fresh_audacity(settled_home, cured=False)
    audacity.window("^Audacity$")
    assert failing_to_open(1) is Trap.MODULE_DATE


def test_first_start_loses_the_pipe_and_the_second_has_it(fresh_audacity: Start, audacity_desk: Desk) -> None:
    home = audacity_desk.new_home()
    audacity = fresh_audacity(home, cured=False)
    registry = home / ".config" / "audacity" / "pluginregistry.cfg"
    deadline = time.monotonic() + 60
    while not registry.is_file() or time.time() - registry.stat().st_mtime < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert failing_to_open(20) is Trap.FIRST_START
    assert reachable() == [(audacity.pid, 3)]
    audacity.stop()
    forget_crash(home)
    again = fresh_audacity(home, cured=False)
    again.window("^Audacity$")
    with open_audacity(20) as client:
        assert client.tracks() == []


def reachable() -> list[tuple[int, int | None]]:
    """Others may run on this machine with a /tmp of their own; they are none of ours."""
    return [(program.pid, program.major) for program in diagnosis.reachable(running.audacities() or ())]


def test_which_audacity_runs(audacity: RunningAudacity) -> None:
    assert reachable() == [(audacity.pid, 3)]
    assert audacity.client.version[0] == 3


def test_two_at_once(fresh_audacity: Start, audacity_desk: Desk) -> None:
    """The second takes the pipe, and whose project would be meant? Neither is touched."""
    first = fresh_audacity()
    home = audacity_desk.new_home()
    second = subprocess.Popen(
        [*LEASH, "audacity"],
        env={**plain_environ(home), "DISPLAY": first.display},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while reachable() != sorted([(first.pid, 3), (second.pid, 3)]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert failing_to_open(10) is Trap.SECOND
    finally:
        end(second, politely=0)


def test_waits_for_a_start_under_way(fresh_audacity: Start, audacity_desk: Desk) -> None:
    """FIFOs come long before a project; commands would be swallowed meanwhile."""
    warm = fresh_audacity()
    home = warm.home
    warm.stop()
    forget_crash(home)
    fresh_audacity(home, cured=False)
    with open_audacity(60) as client:
        assert client.tracks() == []
