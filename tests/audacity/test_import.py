"""Putting stems in on the real program: which project, which window, which dialog, and kills at each step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from stembridge.bridge.hosting import Job
from stembridge.model.errors import HostError
from stembridge_audacity import effects
from stembridge_audacity.editor import Origin
from stembridge_audacity.export import WAV_FORMAT
from stembridge_audacity.importing import Moved
from stembridge_audacity.journal import Journal
from stembridge_audacity.selection import ask, read
from stembridge_audacity.trip import Trips
from tests.audacity.desk import RunningAudacity
from tests.audacity.studio import RATE, Studio, band
from tests.e2e.command import Command


@pytest.fixture
def studio(audacity: RunningAudacity, tmp_path: Path, home: Path) -> Studio:
    return Studio(audacity, tmp_path, home)


def _song(studio: Studio, rate: int = RATE, original: str = "mute") -> Job:
    """Make a project with a song, and a finished job for two seconds of it."""
    studio.track(band(4 * rate, 2, rate), rate, name="Song")
    studio.running.client.set_project_rate(RATE)
    studio.select(1.25, 3.25, [0])
    (region,) = studio.region()
    return studio.stand_in(region, original)


def _names(studio: Studio) -> list[str]:
    return [track.name for track in studio.running.client.tracks()]


def test_a_track_may_move_up_and_down_but_not_change(studio: Studio) -> None:
    job = _song(studio)
    studio.track(band(RATE, 1), name="New neighbour")
    client = studio.running.client
    client.select_only([0])
    client.do("FirstTrack:")  # it is the focused track that moves
    client.do("TrackMoveBottom:")
    before = studio.state()
    assert _names(studio) == ["New neighbour", "Song"]
    placed = studio.place(job)
    assert [track.mute for track in client.tracks()] == [False, True, False, False]
    studio.undo(placed.undo_steps)
    assert studio.state() == before
    client.select_only([1])
    client.set_clip(0.0, 0.5)
    before = studio.state()
    with pytest.raises(Moved, match="'Song' is gone or changed"):
        studio.place(job)
    assert studio.state() == before


def test_another_window_is_another_project(
    fresh_audacity: Callable[..., RunningAudacity], tmp_path: Path, home: Path
) -> None:
    studio = Studio(fresh_audacity(), tmp_path, home)
    job = _song(studio)
    client = studio.running.client
    client.do("New:")
    assert client.tracks() == []
    with pytest.raises(Moved):
        studio.place(job)
    assert client.tracks() == []
    # The same track in another project: only the name tells.
    studio.track(band(4 * RATE, 2), name="Song")
    with pytest.raises(Moved, match="in front"):
        studio.place(job)
    assert _names(studio) == ["Song"]


def test_an_unsaved_project_may_get_a_name_meanwhile(
    fresh_audacity: Callable[..., RunningAudacity], tmp_path: Path, home: Path
) -> None:
    studio = Studio(fresh_audacity(), tmp_path, home)
    client = studio.running.client
    client.do("NewMonoTrack:")
    client.select_only([0])
    client.select_time(0.0, 4.0)
    client.do("Noise:")
    studio.select(1.0, 2.0, [0])
    (region,) = studio.region()
    assert region.origin.project == ""  # no import has given it a file's name
    job = studio.stand_in(region)
    client.do(f'SaveProject2: Filename="{tmp_path}/Named.aup3"')
    studio.place(job)
    assert len(client.tracks()) == 3


def test_a_dialog_of_the_users_is_no_obstacle(studio: Studio) -> None:
    job = _song(studio)
    studio.running.xdotool("key", "ctrl+p")
    window = studio.running.window("Preferences")
    try:
        placed = studio.place(job)
        assert _names(studio) == ["Song", "Vocals", "Instrumental"]
        assert placed.undo_steps == 1
    finally:
        studio.running.xdotool("key", "--window", window, "Escape")


def test_the_cursor_and_the_selection_stay_to_the_last_digit(studio: Studio) -> None:
    job = _song(studio, original="leave")
    client = studio.running.client
    folder = studio.folder
    grid = 1e-6 + (0.5 / RATE if client.version >= (3, 7, 0) else 0)  # 3.7 tells whole samples
    for start, end in ((0.123456, 1.987654), (2.5, 2.5), (0.0, 0.0)):
        studio.select(start, end, [0])
        studio.place(job)
        assert [track.selected for track in client.tracks()] == [True, False, False]
        if start != end:
            for _ in range(2):  # reading it doesn't move it
                selection = read(client, folder, Journal(folder))
                assert (selection.start, selection.end) == pytest.approx((start, end), abs=grid)
        else:  # made non-empty by what follows it, so that Nyquist can tell it
            client.select_at_edge("SelectionStart", start + 0.5)
            assert ask(client, folder, client.tracks()[:1])[0].start == pytest.approx(start, abs=grid)
        client.undo(client.undo_label())


def test_here_takes_any_project_and_leaves_its_tracks_alone(studio: Studio) -> None:
    job = _song(studio)
    studio.running.new_project()
    studio.place(job, here=True)  # not even a track to ask for the project's rate
    assert _names(studio) == ["Vocals", "Instrumental"]
    starts = {clip.start for clip in studio.running.client.clips()}
    assert starts == {1.25}
    assert not any(track.mute for track in studio.running.client.tracks())


def test_an_effect_is_found_by_what_it_does(studio: Studio) -> None:
    """Audacity 3.2 has no real-time effect of its own, so the export is changed as one would."""
    studio.track(band(2 * RATE, 1), name="Left")
    studio.running.client.set_track(gain_db=-3.0, pan=-0.3)
    studio.track(band(2 * RATE, 2, seed=9), name="Both")
    studio.select(0.5, 1.5, [0, 1])
    (region,) = studio.region()
    assert region.notes == ()
    client = studio.running.client
    chosen = client.tracks()
    first = region.origin.first_frame
    assert effects.remark(client, region.file, first, chosen, studio.folder) is None
    samples, rate = sf.read(region.file, dtype="float32", always_2d=True)
    for changed in (np.tanh(2 * samples), samples * 0.98, samples[:, ::-1]):
        path = studio.folder / "changed.wav"
        sf.write(path, changed, rate, subtype="FLOAT")
        assert effects.remark(client, path, first, chosen, studio.folder) == effects.REMARK


def test_missing_stems_change_nothing(studio: Studio) -> None:
    job = _song(studio)
    before = studio.state()
    next(job.stems_folder.glob("*vocals*")).unlink()
    with pytest.raises(Exception, match="isn't there any more"):
        studio.place(job)
    assert studio.state() == before


def test_a_failed_import_lets_the_original_sound_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _song(studio)
    before = studio.state()

    def broken(*_: object, **__: object) -> None:
        raise HostError("The import fails.")

    monkeypatch.setattr(type(studio.running.client), "import_file", broken)
    with pytest.raises(HostError, match="The import fails"):
        studio.place(job)
    monkeypatch.undo()
    assert studio.state() == before
    assert not (studio.home / "audacity" / "journal.json").exists()


def _killed(studio: Studio, step: str, line: str, job: str = "") -> None:
    """Let a process of ours do something, and be killed as it sends a command."""
    studio.running.release()
    plan = {"home": str(studio.home), "folder": str(studio.folder), "step": step, "line": line, "job": job}
    done = subprocess.run(
        [sys.executable, "-m", "tests.audacity.killed", json.dumps(plan)],
        env=dict(os.environ), cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done
    time.sleep(0.5)


def _mended(studio: Studio) -> None:
    """Let the next start of ours mend."""
    told = Command(studio.home, studio.folder)("audacity", "doctor", "--json")
    assert told.code == 0, told
    assert [row["ready"] for row in told.document["rows"] if row["name"] == "Audacity: pipe"] == [True]
    assert not (studio.home / "audacity" / "journal.json").exists()


def _settings(studio: Studio) -> tuple[object, ...]:
    client = studio.running.client
    tracks = client.tracks()
    client.save_selection()
    client.select_at_edge("SelectionStart", 0.01)
    seen = ask(client, studio.folder, [tracks[0]])[0]
    client.restore_selection()
    return (
        client.preference(WAV_FORMAT),
        seen.project_rate,
        round(seen.start, 6),
        [track.selected for track in tracks],
        [track.mute for track in tracks],
    )


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("line", ["SetPreference", "SetProject", "Export2"])
def test_after_a_kill_during_the_export_all_is_as_it_was(studio: Studio, line: str) -> None:
    studio.track(band(2 * 48_000, 2, 48_000), 48_000, name="Song")
    client = studio.running.client
    client.set_project_rate(RATE)
    client.set_preference(WAV_FORMAT, "4")
    studio.select(0.5, 1.5, [0])
    before = _settings(studio)
    state = studio.state()
    _killed(studio, "regions", line)
    _mended(studio)
    assert _settings(studio) == before
    assert studio.state() == state


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("line", ["SelectTime", "SetTrack", "SetProject", "Import2", "SplitDelete"])
def test_after_a_kill_during_the_import_there_is_all_or_nothing(studio: Studio, line: str) -> None:
    job = _song(studio, 48_000)
    if line == "SplitDelete":
        document = job.result() or {}
        document["host_context"]["original"] = "replace"
        job.result_file.write_text(json.dumps(document), encoding="utf-8")
    studio.select(0.5, 1.5, [0])
    before = _settings(studio)
    state = studio.state()
    _killed(studio, "place", line, job.id)
    _mended(studio)
    there = _names(studio) == ["Song", "Vocals", "Instrumental"]
    assert there == (line in {"Import2", "SplitDelete"})
    after = _settings(studio)
    assert after[:3] == before[:3]
    if not there:
        assert studio.state() == state
    trips = Trips(studio.home)
    studio.running.release()
    trips.bring_home(trips.host.store.find(job.id))
    assert _names(studio) == ["Song", "Vocals", "Instrumental"]  # and never twice
    assert trips.placed(job)
    muted = [track.mute for track in studio.running.client.tracks()]
    assert muted == [line != "SplitDelete", False, False]
    assert isinstance(trips.origin(job), Origin)
