"""The watcher on the real program: requests as the menu writes them, results that come by themselves."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stembridge.model.errors import HostError
from stembridge_audacity import notices, requests
from stembridge_audacity.calls import Audacity
from stembridge_audacity.traps import Trap
from stembridge_audacity.trip import Trips
from tests.audacity.desk import RunningAudacity, forget_crash
from tests.audacity.studio import RATE, Studio, band, decibels, pad
from tests.e2e.command import Command, ended, music, until

SETTINGS = {
    "preset": "vocals", "engine": "offline", "model": "repet", "stems": [], "rest": False, "original": "mute",
}  # fmt: skip


@pytest.fixture
def studio(audacity: RunningAudacity, tmp_path: Path, home: Path) -> Studio:
    return Studio(audacity, tmp_path, home)


@contextmanager
def watching(studio: Studio, *, killed: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Have a watcher run; it must end in peace, unless it is to be killed in the end."""
    studio.running.release()
    with Command(studio.home, studio.folder).start("audacity", "watch") as process:
        try:
            until(lambda: (beat := notices.last_beat(studio.home)) and beat.pid == process.pid)
            yield process
            process.send_signal(signal.SIGKILL if killed else signal.SIGTERM)
            if killed:
                process.wait()
                return
            told = ended(process)
            assert told.code == 0, told
            assert notices.last_beat(studio.home) is None
        finally:
            process.kill()


def client_of(studio: Studio) -> Audacity:
    """Connect while a watcher runs, which may have the pipe just now."""

    def look() -> bool:
        try:
            return studio.running.client is not None
        except HostError as error:
            if not Trap.OWNED.caused(error):
                raise
            return False

    until(look)
    return studio.running.client


def ask(studio: Studio, name: str, document: dict[str, Any]) -> None:
    """Write a request as a menu entry does: in place, its closing brace last."""
    folder = requests.folder(studio.home)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"v": requests.VERSION, **document})
    with (folder / f"{name}.json").open("w", encoding="utf-8") as file:
        file.write(text[:20])
        file.flush()
        file.write(f"{text[20:]}\n")


def separate(studio: Studio, name: str, project: str, start: float, end: float, **more: Any) -> None:
    """Ask for the first track's separation."""
    track = {
        "index": 0,
        "name": "Song",
        "rate": 44100,
        "channels": 2,
        "start": 0.0,
        "end": more.pop("length"),
    }
    ask(
        studio,
        name,
        {
            "what": "separate",
            "project": {"name": project, "rate": 44100},
            **SETTINGS,
            "selection": {"start": start, "end": end},
            "tracks": [track],
            "export": None,
            **more,
        },
    )  # fmt: skip


def status(studio: Studio) -> dict[str, str]:
    """Give the states of all jobs, as `stembridge audacity status` does."""
    trips = Trips(studio.home)
    return {job.id: trips.describe(job)["state"] for job in trips.host.jobs()}


def _project(studio: Studio) -> str:
    """Give the project's name, as the menu would."""
    studio.select(0.5, 1.0, [0])
    return studio.region()[0].origin.project


def test_requests_of_the_menu_are_carried_out_and_cancelled(studio: Studio) -> None:
    studio.track(music(60 * RATE), name="Song")
    reference, _ = studio.heard()
    project = _project(studio)
    before = studio.state()
    with watching(studio):
        until(lambda: (beat := notices.last_beat(studio.home)) and beat.pipe)
        separate(studio, "short1", project, 1.2345678, 3.4567891, length=60.0)
        until(lambda: status(studio).get("short1") == "running")
        separate(studio, "long1", project, 0.0, 60.0, length=60.0)  # the engine does one at a time
        ask(studio, "c1", {"what": "cancel", "project": {"name": "another", "rate": 44100}})
        until(lambda: status(studio)["short1"] == "placed", 120)
        until(lambda: not list(requests.folder(studio.home).glob("*.json")))
        assert status(studio)["long1"] == "running"
        ask(studio, "c2", {"what": "cancel", "project": {"name": project, "rate": 44100}})
        until(lambda: status(studio)["long1"] == "cancelled")
        second = Command(studio.home, studio.folder)("audacity", "watch")
        second.refused(16, "A watcher runs already", "One is enough")
    assert [track.name for track in studio.running.client.tracks()] == ["Song", "Vocals", "Instrumental"]
    first, end = round(1.2345678 * RATE), round(3.4567891 * RATE)
    heard = pad(studio.heard()[0], len(reference))
    assert decibels((heard - reference)[first:end])[1] <= -130
    studio.undo()
    assert studio.state() == before


def test_a_region_that_the_menu_exported_itself(studio: Studio) -> None:
    studio.track(band(5 * RATE, 2), name="Song")
    reference, _ = studio.heard()
    studio.select(1.5, 3.5, [0])
    (region,) = studio.region()
    spool = requests.folder(studio.home)
    spool.mkdir(parents=True, exist_ok=True)
    region.file.replace(spool / "own1.wav")
    separate(
        studio, "own1", region.origin.project, 1.5, 3.5, length=5.0, export="own1.wav", original="replace"
    )
    with watching(studio):
        until(lambda: status(studio).get("own1") == "placed", 120)
    assert not list(spool.iterdir())
    assert decibels(pad(studio.heard()[0], len(reference)) - reference)[1] <= -130


def test_audacity_is_killed_and_the_results_come_after_its_restart(
    fresh_audacity: Callable[..., RunningAudacity], tmp_path: Path, home: Path
) -> None:
    studio = Studio(fresh_audacity(), tmp_path, home)
    studio.track(music(16 * RATE), name="Song")
    studio.running.client.do(f'SaveProject2: Filename="{tmp_path}/Opus.aup3"')
    with watching(studio):
        until(lambda: (beat := notices.last_beat(home)) and beat.pipe)
        separate(studio, "kill1", "Opus", 1.0, 15.0, length=16.0)
        until(lambda: status(studio).get("kill1") == "running")
        old = studio.running
        old.kill()
        until(lambda: status(studio)["kill1"] == "ready", 120)
        until(lambda: (beat := notices.last_beat(home)) and not beat.pipe)
        # What waits is there for the menu, too.
        listed = home / "audacity" / "finished.lsp"
        until(lambda: listed.exists() and "kill1" in listed.read_text(encoding="utf-8"))
        forget_crash(old.home)
        # Not `cured`: that would speak with it at the same time as the watcher.
        studio.running = fresh_audacity(old.home, cured=False)
        client = client_of(studio)
        client.do(f'OpenProject2: Filename="{tmp_path}/Opus.aup3"')
        assert client.tracks()[0].name == "Song"
        studio.running.release()
        until(lambda: status(studio)["kill1"] == "placed", 120)
    names = [track.name for track in studio.running.client.tracks()]
    assert names == ["Song", "Vocals", "Instrumental"]


def test_a_killed_watcher_is_succeeded(studio: Studio) -> None:
    studio.track(music(16 * RATE), name="Song")
    project = _project(studio)
    with watching(studio, killed=True):
        until(lambda: (beat := notices.last_beat(studio.home)) and beat.pipe)
        separate(studio, "orphan1", project, 1.0, 15.0, length=16.0)
        until(lambda: status(studio).get("orphan1") == "running")
    with watching(studio):
        until(lambda: status(studio)["orphan1"] == "placed", 120)
    assert [track.name for track in studio.running.client.tracks()] == ["Song", "Vocals", "Instrumental"]


def test_who_moved_on_asks_for_the_import_later(studio: Studio) -> None:
    studio.track(music(4 * RATE), name="Song")
    project = _project(studio)
    client = studio.running.client
    client.set_track(name="Other name")
    studio.running.release()
    separate(studio, "late1", project, 1.0, 3.0, length=4.0)
    with watching(studio):
        # The export refuses another track than the one that was chosen.
        until(lambda: not list(requests.folder(studio.home).glob("*.json")))
        assert status(studio) == {}
        client_of(studio).set_track(name="Song")
        studio.running.release()
        separate(studio, "late2", project, 1.0, 3.0, length=4.0)
        until(lambda: status(studio).get("late2") == "running")
        client_of(studio).set_track(name="Moved on")
        studio.running.release()
        until(lambda: status(studio)["late2"] == "ready")
        client_of(studio).set_track(name="Song")
        studio.running.release()
        ask(studio, "i1", {"what": "import", "project": {"name": project, "rate": 44100}, "done": []})
        until(lambda: status(studio)["late2"] == "placed")
