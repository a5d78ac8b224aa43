"""Stems that were handed over from elsewhere: found like REAPER's own, placed at their levels."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import reaper_parser

from stembridge.bridge import placing
from stembridge.bridge.hosting import Job
from stembridge.jobs.reuse import stamp
from stembridge.model.errors import HostError
from stembridge_reaper import installing
from stembridge_reaper.placing import Placing, project
from tests.lua.following import Watch
from tests.lua.placing import STEMS, Desk, names, only, wav

FRAMES, RATE = 44_100, 44_100


@pytest.fixture
def watch(desk: Desk) -> Watch:
    """Give a desk whose jobs are followed."""
    return Watch(desk)


def finished(watch: Watch, name: str = "panel1", host: str = "panel", context: Any = None) -> Job:
    """Leave a finished job of another host's."""
    job = Job(watch.jobs / name)
    rows = []
    for number, (stem, label, colour) in enumerate(STEMS):
        file = wav(job.stems_folder / f"Song - {stem}.wav", FRAMES, seed=number)
        rows.append(
            {
                "id": stem, "label": label, "colour": colour, "role": "additive", "kind": "stem",
                "file": str(file), "delivered": None, "frames": FRAMES, "rate": RATE, "channels": 2,
                "stamp": stamp(file),
            }
        )  # fmt: skip
    region = {"source": "Song.wav", "first_frame": 0, "frames": FRAMES, "rate": RATE, "channels": 2}
    request = {"protocol": 1, "kind": "separate", "host": host, "name": "Song", "host_context": context}
    result = {
        "protocol": 1, "kind": "separate", "job": name, "engine": "offline", "model": "repet",
        "region": region, "stems": rows, "labels": [], "report": None, "picture": None,
        "delivered_to": None, "host_context": context,
    }  # fmt: skip
    job.result_file.write_text(json.dumps(result), encoding="utf-8")
    job.request_file.write_text(json.dumps(request), encoding="utf-8")
    return job


def ready(watch: Watch, monkeypatch: pytest.MonkeyPatch, *, running: bool = True) -> Placing:
    """Install the scripts, and give what places."""
    (watch.host.resource / "reaper.ini").touch()
    installing.install(watch.host.resource, watch.desk.home / "data")
    monkeypatch.setattr("stembridge_reaper.places.running", lambda: running)
    return Placing(watch.desk.home / "data", watch.host.resource)


def test_stems_of_the_panel_go_to_the_cursor_at_their_levels(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the action that imports finished jobs, once, in one undo step."""
    job = finished(watch)
    one = ready(watch, monkeypatch)
    said = one.place(job, placing.choose(job, [("drums", -6.0), ("vocals", 0.0)]))
    assert said.startswith("2 stems wait for REAPER")
    project_ = watch.desk.project
    project_.cursor = 12.5
    watch.open()
    watch.tick(20)
    assert not project_.items, "a finished one waits for a word"
    assert watch.call("import_finished") == 1
    watch.tick(6)
    assert names(project_) == ["Song – Drums", "Song – Vocals"]
    drums, vocals = (only(track) for track in project_.tracks)
    assert (drums.position, drums.length, vocals.position) == (12.5, 1.0, 12.5)
    assert drums.take is not None
    assert vocals.take is not None
    assert drums.take["D_VOL"] == pytest.approx(10 ** (-6 / 20))
    assert vocals.take["D_VOL"] == 1.0
    watch.host.undo()
    assert names(project_) == []


def test_what_was_sent_from_reaper_goes_where_it_came_from(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the recorded place, whatever the cursor says."""
    desk = watch.desk
    item = desk.project.add_track("Guitar").add_item(desk.source(seconds=1.0), position=3.0)
    context = desk.context([item])
    job = finished(watch, "reaper1", "reaper", context)
    desk.project.cursor = 40.0
    said = ready(watch, monkeypatch).place(job, placing.choose(job, [("vocals", 3.0)]))
    assert "where they came from" in said
    (made,) = [folder for folder in watch.jobs.iterdir() if folder.name != "reaper1"]
    desk.placed(made)
    placed = only(desk.project.tracks[-1])
    assert placed.position == 3.0
    assert placed.take is not None
    assert placed.take["D_VOL"] == pytest.approx(10 ** (3 / 20))


def test_it_says_what_stands_against_it(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """No REAPER, no scripts, another data folder, REAPER closed; nothing is handed over in vain."""
    job = finished(watch)
    home = watch.desk.home / "data"
    nowhere = Placing(home, watch.desk.home / "nowhere")
    assert nowhere.ready()[0] is False
    assert "no reaper" in nowhere.ready()[1].casefold()
    (watch.host.resource / "reaper.ini").touch()
    assert Placing(home, watch.host.resource).ready()[0] is False
    one = ready(watch, monkeypatch, running=False)
    assert one.ready() == (
        True,
        'REAPER isn\'t running. The stems will wait for the action "Stembridge: Import finished jobs".',
    )
    other = Placing(watch.desk.home / "other", watch.host.resource)
    assert other.ready()[0] is False
    with pytest.raises(HostError, match="jobs lie in"):
        other.place(job, placing.choose(job, []))
    assert [folder.name for folder in watch.jobs.iterdir()] == ["panel1"]


def test_a_project_with_the_stems_beside_it(watch: Watch, tmp_path: Path) -> None:
    """Tracks with name, colour and fader, their items at 0, their files relative."""
    job = finished(watch)
    name, data = project("Mein Lied", placing.choose(job, [("vocals", -6.0), ("drums", 0.0)]))
    assert name == "Mein Lied.rpp"
    found = reaper_parser.parse(data.decode())
    assert [track.name for track in found.project.tracks] == [
        "Mein Lied - stems", "Mein Lied - Vocals", "Mein Lied - Drums",
    ]  # fmt: skip
    text = data.decode()
    assert 'FILE "Song - vocals.wav"' in text
    assert f"VOLPAN {10 ** (-6 / 20)!r} 0 -1 -1 1" in text
    assert text.count("POSITION 0.0") == 2
    assert text.count("LENGTH 1.0") == 2
    assert tmp_path.as_posix() not in text
