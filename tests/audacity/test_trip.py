"""The whole trip on the real program: `stembridge audacity separate` from the selection to the stems."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.audacity.desk import RunningAudacity
from tests.audacity.studio import RATE, Studio, band, decibels, pad
from tests.e2e.command import Command, Told, music, told_in, until


@pytest.fixture
def studio(audacity: RunningAudacity, tmp_path: Path, home: Path) -> Studio:
    return Studio(audacity, tmp_path, home)


@pytest.fixture
def command(studio: Studio) -> Command:
    return Command(studio.home, studio.folder)


@pytest.fixture
def service(command: Command, tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "service", splitter()) as service:
        assert service.premium.key
        command.environ.update(STEMBRIDGE_MVSEP_URL=service.url, STEMBRIDGE_API_TOKEN=service.premium.key)
        yield service


def run(studio: Studio, command: Command, *words: object) -> Told:
    """Run `stembridge audacity ...` as the user does: with nobody else on the pipe."""
    studio.running.release()
    return command("audacity", *words)


def placed(told: Told) -> dict[str, Any]:
    """Give the line that says what was put in."""
    assert told.code == 0, told
    last = told.lines[-1]
    assert last["type"] == "placed", told
    return last


def null(studio: Studio, before: Any, first: int, frames: int) -> float:
    """Give the peak of what is left of the region, in dBFS, when it is heard again."""
    heard = pad(studio.heard()[0], len(before))
    span = slice(first, first + frames)
    return decibels((heard - before)[span])[1]


def test_the_embedded_engine_gives_stems_at_exactly_the_selection(studio: Studio, command: Command) -> None:
    studio.track(music(8 * RATE), name="Song")
    reference, _ = studio.heard()
    studio.select(1.2345678, 5.6789012, [0])
    before = studio.state()
    told = run(studio, command, "separate", "--model", "repet", "--original", "mute", "--json")
    assert placed(told)["undo_steps"] == 1
    client = studio.running.client
    assert client.undo_label().endswith("Import")
    tracks = client.tracks()
    assert [track.name for track in tracks] == ["Song", "Vocals", "Instrumental"]
    assert [track.mute for track in tracks] == [True, False, False]
    assert [track.selected for track in tracks] == [True, False, False]
    assert {(clip.start, clip.end) for clip in client.clips() if clip.track} == {(1.23456, 5.67891)}
    assert {clip.colour for clip in client.clips() if clip.track} == {0, 1}
    first, end = round(1.2345678 * RATE), round(5.6789012 * RATE)
    assert null(studio, reference, first, end - first) <= -130
    studio.undo()
    assert studio.state() == before


def test_the_service_gives_six_stems_and_the_user_is_told_what_leaves(
    studio: Studio, command: Command, service: Sandbox
) -> None:
    studio.track(music(3 * 48_000, 48_000), 48_000, name="Song")
    studio.running.client.set_project_rate(RATE)
    reference, _ = studio.heard()
    studio.select(0.5, 2.5, [0])
    before = studio.state()
    told = run(studio, command, "separate", "--preset", "6stems", "--original", "replace", "--json")
    assert told.code == 17, told
    assert "costs 1 credit" in told.lines[-1]["error"]["message"]
    assert not service.service.timeline.jobs
    told = run(studio, command, "separate", "--last", "--yes", "--json")
    assert placed(told)["undo_steps"] == 2
    assert any("leaves this machine" in line.get("message", "") for line in told.lines)
    names = [track.name for track in studio.running.client.tracks()]
    assert sorted(names[1:]) == ["Bass", "Drums", "Guitar", "Other", "Piano", "Vocals"]
    # Audacity's own conversion from 48 kHz loses 2 ms at the end of a clip.
    assert null(studio, reference, round(0.5025 * RATE), round(1.995 * RATE)) <= -130
    assert studio.heard()[1] == RATE
    studio.undo(2)
    assert studio.state() == before


def test_a_transcript_becomes_labels_and_mutes_nothing(
    studio: Studio, command: Command, service: Sandbox
) -> None:
    studio.track(music(3 * RATE), name="Talk")
    studio.select(0.5, 2.5, [0])
    before = studio.state()
    told = run(studio, command, "separate", "--preset", "transcript", "--yes", "--json")
    assert placed(told)["tracks"] == ["Transcript"]
    client = studio.running.client
    labels = client.labels()
    assert labels
    assert all(0.5 <= label.start <= label.end <= 2.51 for label in labels)
    assert not client.tracks()[0].mute
    studio.undo()
    assert studio.state() == before


def test_a_single_result_has_a_track_of_its_own(studio: Studio, command: Command, service: Sandbox) -> None:
    """Super-resolution comes at a rate of its own and still starts where it belongs."""
    studio.track(music(3 * RATE), name="Old tape")
    studio.select(1.0, 2.5, [0])
    before = studio.state()
    told = run(studio, command, "separate", "--model", "59", "--yes", "--json")
    (name,) = placed(told)["tracks"]
    clip = next(clip for clip in studio.running.client.clips() if clip.track == 1)
    assert clip.start == 1.0
    assert abs(clip.end - 2.5) < 0.001
    assert [track.name for track in studio.running.client.tracks()] == ["Old tape", name]
    studio.undo()
    assert studio.state() == before


def test_several_tracks_as_one_mix_or_each_on_its_own(studio: Studio, command: Command) -> None:
    studio.track(music(3 * RATE, channels=1, seed=1), name="Left")
    studio.track(music(3 * 48_000, 48_000, seed=2), 48_000, name="Right")
    studio.select(0.5, 2.5, [0, 1])
    told = run(studio, command, "separate", "--model", "repet", "--json")
    assert told.code == 2
    assert "different sample rates" in told.out
    assert "--each" in told.out
    before = studio.state()
    told = run(studio, command, "separate", "--model", "repet", "--each", "--json")
    assert told.code == 0, told
    tracks = studio.running.client.tracks()
    assert {track.name: track.channels for track in tracks[2:]} == {
        "Vocals - Left": 1, "Instrumental - Left": 1, "Vocals - Right": 2, "Instrumental - Right": 2,
    }  # fmt: skip
    assert [track.mute for track in tracks] == [True, True, False, False, False, False]
    assert [track.selected for track in tracks] == [True, True, False, False, False, False]
    studio.undo(2)
    assert studio.state() == before


def _empty(studio: Studio) -> None:
    studio.select(1.0, 1.0, [0])


def _nobody(studio: Studio) -> None:
    studio.select(1.0, 2.0, [])


def _muted(studio: Studio) -> None:
    studio.select(1.0, 2.0, [0])
    studio.running.client.set_track(mute=True)


def _soloed(studio: Studio) -> None:
    studio.track(music(RATE), name="Other")
    studio.running.client.set_track(solo=True)
    studio.select(0.2, 0.8, [0])


def _beyond(studio: Studio) -> None:
    studio.select(7.0, 9.0, [0])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_empty, "No stretch of time is selected"),
        (_nobody, "No audio track is selected"),
        (_muted, "'Song' is muted"),
        (_soloed, "soloed"),
        (_beyond, "no audio in the selection"),
    ],
)
def test_a_selection_that_can_not_be_separated_gives_a_sentence(
    studio: Studio, command: Command, make: Callable[[Studio], None], sentence: str
) -> None:
    studio.track(music(3 * RATE), name="Song")
    make(studio)
    before = studio.state(), [track.selected for track in studio.running.client.tracks()]
    told = run(studio, command, "separate", "--model", "repet")
    told.refused(16, sentence)
    assert studio.running.sound()  # no dialog waits
    assert (studio.state(), [track.selected for track in studio.running.client.tracks()]) == before
    assert not list(studio.host.store.jobs())


def test_a_soloed_track_is_replaced_by_soloed_stems(studio: Studio, command: Command) -> None:
    studio.track(music(3 * RATE, seed=1), name="Backing")
    studio.track(music(3 * RATE, seed=2), name="Song")
    studio.running.client.set_track(solo=True)
    studio.select(0.5, 2.0, [1])
    before = studio.state()
    assert run(studio, command, "separate", "--model", "repet").code == 0
    tracks = studio.running.client.tracks()
    assert [(track.mute, track.solo) for track in tracks] == [
        (False, False), (True, False), (False, True), (False, True),
    ]  # fmt: skip
    studio.undo()
    assert studio.state() == before


def test_sync_lock_moves_nothing(studio: Studio, command: Command) -> None:
    client = studio.running.client
    studio.track(music(3 * RATE, seed=1), name="Song")
    studio.track(music(3 * RATE, seed=2), name="Neighbour")
    client.set_preference("/GUI/SyncLockTracks", "1")
    try:
        studio.select(0.5, 2.0, [0])
        told = run(studio, command, "separate", "--model", "repet", "--original", "replace")
        assert told.code == 0, told
        clips = studio.running.client.clips()
        assert [(clip.start, clip.end) for clip in clips if clip.track == 1] == [(0.0, 3.0)]
        assert [(clip.start, clip.end) for clip in clips if clip.track == 0] == [(0.0, 0.5), (2.0, 3.0)]
    finally:
        studio.running.client.set_preference("/GUI/SyncLockTracks", "0")


def test_ctrl_c_cancels_and_leaves_the_project_alone(studio: Studio, command: Command) -> None:
    studio.track(band(40 * RATE, 2), name="Song")
    studio.select(0.0, 40.0, [0])
    before = studio.state()
    studio.running.release()
    with command.start("audacity", "separate", "--model", "repet") as process:
        until(lambda: any(row["type"] == "progress" for job in _jobs(studio) for row in told_in(job)))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "Cancelled" in err
    assert studio.state() == before


def test_who_moved_on_finds_the_stems_waiting(studio: Studio, command: Command) -> None:
    studio.track(music(20 * RATE), name="Song")
    studio.select(0.5, 19.0, [0])
    studio.running.release()
    with command.start("audacity", "separate", "--model", "repet", "--json") as process:
        until(lambda: _jobs(studio) and told_in(_jobs(studio)[0]))
        client = studio.running.client
        client.select_only([0])
        client.set_track(name="Renamed meanwhile")
        studio.running.release()
        out, err = process.communicate(timeout=120)
    assert process.returncode == 16, (out, err)
    assert "The stems wait" in out
    assert [track.name for track in studio.running.client.tracks()] == ["Renamed meanwhile"]
    studio.running.client.set_track(name="Song")
    (row,) = run(studio, command, "status", "--json").document["jobs"]
    assert row["state"] == "ready"
    assert run(studio, command, "import", row["id"]).code == 0
    names = ["Song", "Vocals", "Instrumental"]
    assert [track.name for track in studio.running.client.tracks()] == names
    run(studio, command, "import", row["id"]).refused(16, "already", "--again")
    assert [track.name for track in studio.running.client.tracks()] == names
    assert run(studio, command, "import", row["id"], "--again", "--here").code == 0
    assert len(studio.running.client.tracks()) == 5
    (row,) = run(studio, command, "status", "--json").document["jobs"]
    assert row["state"] == "placed"


def _jobs(studio: Studio) -> list[Path]:
    return sorted((studio.home / "jobs").glob("*")) if (studio.home / "jobs").exists() else []


def test_the_doctor_speaks_with_the_audacity_that_runs(studio: Studio, command: Command) -> None:
    rows = run(studio, command, "doctor", "--json").document["rows"]
    (row,) = [row for row in rows if row["name"] == "Audacity: pipe"]
    assert row["ready"]
    assert "answers" in row["text"]
