"""A result is good whole or refused whole; where its files lie; what is placed once is not placed twice."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.lua.placing import RATE, Desk, names, notes, wav


def one_job(desk: Desk, **choices: Any) -> Path:
    """Leave a finished job for one item."""
    item = desk.project.add_track("Guitar").add_item(desk.source(), position=1)
    return desk.job(desk.context([item], **choices))


def edit(folder: Path, change: Any) -> None:
    """Change a job's result."""
    path = folder / "result.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def everywhere(folder: Path) -> list[Path]:
    """Give both copies of the first stem."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return [Path(result["stems"][0][name]) for name in ("file", "delivered")]


def longer(document: dict[str, Any]) -> None:
    document["stems"][1]["frames"] += 1


def other_rate(document: dict[str, Any]) -> None:
    document["stems"][1]["rate"] = 48000


def other_region(document: dict[str, Any]) -> None:
    document["region"]["frames"] -= 1
    for row in document["stems"]:
        row["frames"] -= 1


def other_protocol(document: dict[str, Any]) -> None:
    document["protocol"] = 2


def other_context(document: dict[str, Any]) -> None:
    document["host_context"]["v"] = 2


def no_context(document: dict[str, Any]) -> None:
    document["host_context"] = None


def nothing(document: dict[str, Any]) -> None:
    document["stems"] = []


def unknown_kind(document: dict[str, Any]) -> None:
    document["stems"][0]["kind"] = "hologram"


def lost_region(document: dict[str, Any]) -> None:
    document["region"] = None


REFUSED = {
    longer: "has 176401 frames instead of 176400",
    other_rate: "came at 48000 Hz instead of 44100",
    other_region: "176400 frames at 44100 Hz were sent",
    other_protocol: "of different versions",
    other_context: "another version of the scripts",
    no_context: "wasn't started from REAPER",
    nothing: "there is nothing to place",
    unknown_kind: "doesn't know how to place a 'hologram'",
    lost_region: "doesn't say which region",
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_isnt_as_promised_is_refused_whole(desk: Desk, change: Any) -> None:
    """Nothing is placed, no undo point is made, no source stays open, and the sentence says why."""
    folder = one_job(desk)
    edit(folder, change)
    before = desk.state()
    done, sentence, code = desk.bring(folder)
    assert done is None
    assert code == "refused"
    assert REFUSED[change] in sentence
    assert desk.state() == before
    assert not desk.host.undo_points
    assert not list(folder.glob("host-reaper-*"))
    assert not desk.host.free_sources


@pytest.mark.parametrize("damage", ["missing", "cut", "grown", "no_audio", "shorter_inside"])
def test_a_stem_whose_file_isnt_right_refuses_the_whole_set(desk: Desk, damage: str) -> None:
    """One bad file of two: a part of a set is no success."""
    folder = one_job(desk)
    for path in everywhere(folder):
        data = path.read_bytes()
        path.unlink()
        if damage == "cut":
            path.write_bytes(data[:-8])
        elif damage == "grown":
            path.write_bytes(data + b"\0" * 8)
        elif damage == "no_audio":
            path.write_bytes(b"\0" * len(data))
        elif damage == "shorter_inside":  # right in its bytes, wrong in its frames
            wav(path, 100, channels=2)
            path.write_bytes(path.read_bytes() + b"\0" * (len(data) - path.stat().st_size))
    done, sentence, code = desk.bring(folder)
    assert done is None
    assert code == "refused"
    assert "Nothing was placed" in sentence
    assert "Vocals" in sentence
    assert names(desk.project) == ["Guitar"]
    assert not desk.host.undo_points
    assert not desk.host.free_sources


def test_no_result_yet(desk: Desk) -> None:
    """A job that isn't finished has nothing to place."""
    folder = one_job(desk)
    (folder / "result.json").unlink()
    assert desk.bring(folder)[2] == "refused"
    (folder / "result.json").write_text('{"kind": "separate", "st', encoding="utf-8")
    assert "can't be understood" in desk.bring(folder)[1]


def test_files_lie_where_the_worker_wrote_them(desk: Desk) -> None:
    """Nothing is copied: the take plays the delivered file."""
    folder = one_job(desk)
    wanted = everywhere(folder)[1]
    assert notes(desk.placed(folder)) == []
    take = desk.project.track("Guitar – Vocals").items[0].take
    assert take is not None
    assert take.source is not None
    assert take.source.root.path == wanted
    assert take.source.root.frames == 4 * RATE


def test_a_project_that_was_saved_elsewhere(desk: Desk) -> None:
    """The files are left where they are, and the user hears of it."""
    folder = one_job(desk)
    desk.project.path = None
    desk.host.save(desk.home / "Elsewhere" / "Song 2.rpp", desk.project)
    done = desk.placed(folder)
    assert len(notes(done)) == 1
    assert "outside of the project's folder" in notes(done)[0]
    assert str(everywhere(folder)[1].parent) in notes(done)[0]


def test_a_project_that_moved_with_its_files(desk: Desk) -> None:
    """The delivered file is looked for beside the project before the job's own copy is taken."""
    folder = one_job(desk)
    shutil.move(desk.home / "Song", desk.home / "Moved")
    desk.project.path = desk.home / "Moved" / "Song.rpp"
    assert notes(desk.placed(folder)) == []
    take = desk.project.track("Guitar – Vocals").items[0].take
    assert take is not None
    assert take.source is not None
    assert take.source.root.path == desk.home / "Moved" / "Stems" / folder.name / "take - vocals.wav"


def test_the_jobs_own_copy_serves_when_the_delivered_one_is_gone(desk: Desk) -> None:
    """And the user is told that it lies outside of the project."""
    folder = one_job(desk)
    kept, delivered = everywhere(folder)
    delivered.unlink()
    done = desk.placed(folder)
    assert "outside of the project's folder" in notes(done)[0]
    take = desk.project.track("Guitar – Vocals").items[0].take
    assert take is not None
    assert take.source is not None
    assert take.source.root.path == kept


def test_an_unsaved_project_is_told_to_keep_its_files(desk: Desk) -> None:
    """Stems that were delivered nowhere lie in the job's folder."""
    desk.project = desk.host.open_project()
    item = desk.project.add_track("Guitar").add_item(desk.source())
    folder = desk.job(desk.context([item]))
    for row in json.loads((folder / "result.json").read_text(encoding="utf-8"))["stems"]:
        Path(row["delivered"]).unlink()
    edit(folder, lambda document: [row.update(delivered=None) for row in document["stems"]])
    done = desk.placed(folder)
    assert "save the project with its media" in notes(done)[0]


def test_nothing_is_placed_twice(desk: Desk) -> None:
    """Not again by itself, not after an undo, not after a redo, not with the note lost; again when asked."""
    folder = one_job(desk)
    desk.placed(folder)
    assert desk.bring(folder)[2] == "placed"
    desk.host.undo()
    assert names(desk.project) == ["Guitar"]
    assert desk.bring(folder)[2] == "placed"
    desk.host.redo()
    assert desk.bring(folder)[2] == "placed"
    (folder / "host-reaper-1.json").unlink()
    assert desk.bring(folder)[2] == "placed"
    assert len(desk.project.items) == 3
    desk.placed(folder, again=True)
    desk.placed(folder, again=True)
    wanted = ["Guitar"] + ["Guitar – Vocals", "Guitar – Drums"] * 3
    assert names(desk.project) == wanted
    assert all(len(track.items) == 1 for track in desk.project.tracks)
    written = [json.loads(path.read_text()) for path in sorted(folder.glob("host-reaper-*.json"))]
    assert [len(note["items"]) for note in written] == [2, 2]
    assert written[0]["project"]["id"] == desk.facts()["id"]
    assert {item.guid for item in desk.project.items} >= set(written[0]["items"] + written[1]["items"])


def test_after_an_undo_it_comes_again_when_asked(desk: Desk) -> None:
    """'Import again' puts it where it was: among the stems of the same start."""
    folder = one_job(desk)
    other = desk.project.tracks[0].add_item(desk.source("other.wav"), position=9)
    desk.placed(desk.job(desk.context([other])))
    desk.placed(folder)
    desk.host.undo()
    assert len(desk.project.track("Guitar – Vocals").items) == 1
    desk.placed(folder, again=True)
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]
    assert [item.position for item in desk.project.track("Guitar – Vocals").items] == [1, 9]


def test_a_note_that_cant_be_written(desk: Desk) -> None:
    """The stems are there, the user is told, and their marks keep them from coming twice."""
    folder = one_job(desk)
    (folder / "host-reaper-1.json.part").mkdir()
    done = desk.placed(folder)
    assert any("can't be written to" in note for note in notes(done))
    assert desk.bring(folder)[2] == "placed"


def test_a_neighbour_with_a_longer_name_is_another_folder(desk: Desk) -> None:
    """'Song 2' doesn't lie in 'Song'."""
    folder = one_job(desk)
    desk.project.path = None
    desk.host.save(desk.home / "So" / "Song.rpp", desk.project)
    assert "outside" in notes(desk.placed(folder))[0]


def test_takes_are_known_by_their_marks_too(desk: Desk) -> None:
    """A note that was lost doesn't add the takes a second time."""
    folder = one_job(desk, where="takes")
    desk.placed(folder)
    (folder / "host-reaper-1.json").unlink()
    assert desk.bring(folder)[2] == "placed"


def test_not_while_recording(desk: Desk) -> None:
    """Tracks don't move under a take that is being recorded."""
    folder = one_job(desk)
    desk.project.play_state = 5
    assert desk.bring(folder)[2] == "recording"
    desk.project.play_state = 0
    assert desk.placed(folder)


def test_waveforms_are_drawn_slice_by_slice(desk: Desk) -> None:
    """Never blank: a bounded piece a tick, and no call at all for what is gone or in the background."""
    folder = one_job(desk)
    desk.placed(folder)
    peaks = desk.host.require("peaks")
    lua = desk.host.lua
    assert lua.call(peaks.pending) == 2
    sources = [item.take.source for item in desk.project.items[1:] if item.take is not None]
    other = desk.host.open_project()
    lua.call(peaks.tick)
    assert lua.call(peaks.pending) == 2
    desk.host.select_project(desk.project)
    for _ in range(20):
        lua.call(peaks.tick)
    assert lua.call(peaks.pending) == 0
    assert all(source is not None and source.root.peaks == 0 for source in sources)
    assert all(source is not None and source.root.peaks_mode == 2 for source in sources)
    again = desk.placed(folder, again=True)
    assert len(again["items"]) == 2
    desk.host.undo()
    lua.call(peaks.tick)
    assert lua.call(peaks.pending) == 0
    desk.host.close_project(other)


def test_unicode_comes_through(desk: Desk) -> None:
    """Names, labels and paths of every script."""
    item = desk.project.add_track("Гитара 🎸").add_item(desk.source("Ünïcode 歌.wav"))
    rows = [("vocals", "Вокал", "#e4572e")]
    folder = desk.job(
        desk.context([item]), stems=rows, name="Ünïcode 歌", deliver=desk.home / "Song" / "Стемы 歌"
    )
    desk.placed(folder)
    assert names(desk.project) == ["Гитара 🎸", "Гитара 🎸 – Вокал"]
