"""A session's work in the real Audacity: models compared, a stem blended, labels, stems from the panel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stembridge.bridge import placing
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from stembridge_audacity import notices
from stembridge_audacity.placing import Placing
from tests.audacity.desk import RunningAudacity
from tests.audacity.studio import RATE, Studio, band, decibels, pad
from tests.audacity.test_watch import ask, client_of, status, watching
from tests.e2e.command import Command, music, until


@pytest.fixture
def studio(audacity: RunningAudacity, tmp_path: Path, home: Path) -> Studio:
    return Studio(audacity, tmp_path, home)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "service", splitter()) as service:
        assert service.premium.key
        monkeypatch.setenv("STEMBRIDGE_MVSEP_URL", service.url)
        monkeypatch.setenv("STEMBRIDGE_API_TOKEN", service.premium.key)
        yield service


def _asked(studio: Studio) -> str | None:
    """The set whose question is open."""
    for path in (notices.folder(studio.home) / "sets").glob("*/set.json"):
        if json.loads(path.read_bytes())["state"] == "asked":
            return path.parent.name
    return None


def _project(studio: Studio) -> dict[str, object]:
    studio.select(0.5, 1.0, [0])
    return {"name": studio.region()[0].origin.project, "rate": RATE}


TRACK = {"index": 0, "name": "Song", "rate": RATE, "channels": 2, "start": 0.0, "end": 6.0}
COMPARE = {
    "what": "compare",
    "choices": [
        {"preset": "vocals", "engine": "offline", "model": "repet"},
        {"preset": "vocals", "engine": "mvsep", "model": None},
    ],
    "original": "mute",
    "selection": {"start": 1.2345678, "end": 4.5},
    "tracks": [TRACK],
    "export": None,
}
BLEND = {
    "what": "blend", "stem": "vocals", "method": "average", "models": [], "original": "leave",
    "selection": {"start": 2.0, "end": 2.5},
}  # fmt: skip


def test_models_are_compared_and_blended_and_one_is_placed_again(studio: Studio, service: Sandbox) -> None:
    studio.track(music(6 * RATE), name="Song")
    reference, _ = studio.heard()
    project = _project(studio)
    before = studio.state()
    with watching(studio):
        until(lambda: (beat := notices.last_beat(studio.home)) and beat.pipe)
        ask(studio, "c1", {**COMPARE, "project": project})
        until(lambda: _asked(studio) == "c1", 60)
        assert not service.service.timeline.jobs, "nothing is sent before the cost is agreed to"
        ask(studio, "a1", {"what": "answer", "project": project, "question": "c1", "choice": "agree"})
        until(lambda: any(note["what"] == "placed" for note in _notes(studio, "c1")), 120)
        client = client_of(studio)
        tracks = client.tracks()
        names = [track.name for track in tracks[1:]]
        assert [name.partition(" (")[0] for name in names] == ["Vocals"] * 2 + ["Instrumental"] * 2
        assert len(set(names)) == 4
        assert [track.mute for track in tracks] == [True, False, True, False, True]
        first, end = round(1.2345678 * RATE), round(4.5 * RATE)
        heard = pad(studio.heard()[0], len(reference))
        assert decibels((heard - reference)[first:end])[1] <= -130, "what sounds is one mix"
        compared = json.loads((studio.home / "jobs" / "c1" / "result.json").read_bytes())
        assert compared["sentences"]
        assert Path(compared["picture"]).is_file()
        studio.running.release()
        ask(studio, "b1", {**BLEND, "project": project})
        until(lambda: status(studio).get("b1") == "placed", 120)
    names = [track.name for track in studio.running.client.tracks()]
    assert names[5:] == ["Vocals (blend)", "Rest (blend)"]
    studio.undo(2)
    assert studio.state() == before
    # The panel, at the edit cursor of a project that the stems don't come from.
    client = studio.running.client
    client.select_only([0])
    client.set_track(name="Another song")
    client.select_time(2.0, 2.0)
    studio.running.release()
    panel: placing.Destination = Placing(studio.home)
    assert panel.ready()[0], panel.ready()
    job = studio.host.store.find("c1m1")
    assert "at 2.000 s: Vocals." in panel.place(job, placing.choose(job, [("vocals", -6.0)]))
    client = studio.running.client
    new = client.tracks()[1]
    assert (new.name, new.start) == ("Vocals", 2.0)
    assert new.gain == pytest.approx(10 ** (-6 / 20), abs=1e-4)
    assert client.tracks()[0].mute is False
    assert (client.undo_label().endswith("Import"), client.tracks()[0].selected) == (True, True)


def _notes(studio: Studio, name: str) -> list[dict[str, object]]:
    job = studio.host.store.folder / name
    return studio.host.notes(studio.host.store.find(name)) if (job / "request.json").exists() else []


def test_each_label_is_a_region_of_its_own(studio: Studio) -> None:
    studio.track(band(6 * RATE, 2), name="Song")
    reference, _ = studio.heard()
    client = studio.running.client
    client.add_label("Verse", 0.5, 1.75)
    client.add_label("", 2.0, 2.0)
    client.add_label("Refrain", 2.5, 4.0)
    client.add_label("beyond", 5.0, 5.5)
    studio.select(0.0, 4.5, [0])
    command = Command(studio.home, studio.folder)
    studio.running.release()
    told = command("audacity", "separate", "--model", "repet", "--labels", "--original", "mute", "--json")
    assert told.code == 0, told
    tracks = studio.running.client.tracks()
    assert {track.name: track.start for track in tracks[2:]} == {
        "Vocals (Verse)": 0.5, "Instrumental (Verse)": 0.5,
        "Vocals (Refrain)": 2.5, "Instrumental (Refrain)": 2.5,
    }  # fmt: skip
    summary = told.lines[-1]
    assert (summary["type"], summary["jobs"], summary["done"]) == ("summary", 2, 2)
    heard = pad(studio.heard()[0], len(reference))
    for start, end in ((0.5, 1.75), (2.5, 4.0)):
        span = slice(round(start * RATE), round(end * RATE))
        assert decibels((heard - reference)[span])[1] <= -130
    assert not np.any(heard[round(1.8 * RATE) : round(2.4 * RATE)]), "the whole track is muted"


CHAIN = """[voices]
title = "Voices twice"

[[voices.steps]]
engine = "offline"
model = "repet"

[[voices.steps]]
of = "vocals"
engine = "offline"
model = "repet"
"""


def test_the_stems_of_a_chain_are_tracks_by_their_paths(studio: Studio) -> None:
    studio.track(music(4 * RATE), name="Song")
    reference, _ = studio.heard()
    studio.select(0.5, 3.0, [0])
    before = studio.state()
    studio.home.mkdir(parents=True, exist_ok=True)
    (studio.home / "chains.toml").write_text(CHAIN, encoding="utf-8")
    command = Command(studio.home, studio.folder)
    studio.running.release()
    told = command("audacity", "separate", "--preset", "voices", "--json")
    assert told.code == 0, told
    names = [track.name for track in studio.running.client.tracks()]
    assert names == ["Song", "Vocals: Vocals", "Vocals: Instrumental", "Instrumental"]
    heard = pad(studio.heard()[0], len(reference))
    assert decibels((heard - reference)[RATE // 2 : 3 * RATE])[1] <= -130
    studio.undo()
    assert studio.state() == before
