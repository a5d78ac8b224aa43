"""The stems' tracks: shared by items of one track, in the right folder, sounding like their source."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import pytest

from tests.fakes.reaper import HostViolation, Item, Project
from tests.lua.placing import Desk, names, notes, only
from tests.lua.test_folders import parents


def tree(project: Project) -> dict[str, str | None]:
    """Give each track's folder by name."""
    return {track.name: track.parent.name if track.parent else None for track in project.tracks}


def nested(desk: Desk) -> Item:
    """Make two nested folders whose last track closes both; give an item on that track."""
    desk.project.add_track("Band", depth=1)
    desk.project.add_track("Keys")
    desk.project.add_track("Guitars", depth=1)
    desk.project.add_track("Guitar L")
    last = desk.project.add_track("Guitar R", depth=-2)
    desk.project.add_track("Voice")
    return last.add_item(desk.source(), position=1)


@pytest.mark.parametrize("where", ["tracks", "folder"])
def test_folders_stay_as_they_are(desk: Desk, where: str) -> None:
    """The stems lie directly below the source, in its folder; what it closed is closed behind them."""
    item = nested(desk)
    before = tree(desk.project)
    desk.placed(desk.job(desk.context([item], where=where)))
    after = tree(desk.project)
    assert {name: after[name] for name in before} == before
    at = names(desk.project).index("Guitar R")
    if where == "tracks":
        new = ["Guitar R – Vocals", "Guitar R – Drums"]
        assert all(after[name] == "Guitars" for name in new)
    else:
        new = ["Guitar R – stems", "Guitar R – Vocals", "Guitar R – Drums"]
        assert [after[name] for name in new] == ["Guitars", new[0], new[0]]
    assert names(desk.project)[at + 1 : at + 1 + len(new)] == new
    assert names(desk.project)[-1] == "Voice"
    assert sum(int(track["I_FOLDERDEPTH"]) for track in desk.project.tracks) == 0


def test_below_a_folder_with_items_of_its_own(desk: Desk) -> None:
    """Stems of a folder track lie behind its children, so that they don't run through it again."""
    folder = desk.project.add_track("Drums bus", depth=1)
    desk.project.add_track("Kick")
    desk.project.add_track("Snare", depth=-1)
    item = folder.add_item(desk.source())
    desk.placed(desk.job(desk.context([item])))
    wanted = ["Drums bus", "Kick", "Snare", "Drums bus – Vocals", "Drums bus – Drums"]
    assert names(desk.project) == wanted
    assert [track.parent for track in desk.project.tracks[3:]] == [None, None]
    assert parents([int(track["I_FOLDERDEPTH"]) for track in desk.project.tracks]) == [None, 0, 0, None, None]


@pytest.mark.parametrize("where", ["tracks", "folder"])
def test_items_of_one_track_share_one_set(desk: Desk, where: str) -> None:
    """Jobs of one start end one after the other, with other stems even; the user moves tracks meanwhile."""
    track = desk.project.add_track("Guitar", depth=0)
    desk.project.add_track("Bass")
    items = [track.add_item(desk.source(f"{i}.wav"), position=10 * i) for i in range(3)]
    jobs = [desk.job(desk.context([item], where=where)) for item in items[:2]]
    third = [("vocals", "Vocals", "#e4572e"), ("rest", "Rest", "#9a8c98")]
    jobs.append(desk.job(desk.context([items[2]], where=where), stems=third))
    desk.placed(jobs[1])
    desk.project.track("Guitar – Drums").name = "My drums"
    desk.placed(jobs[0])
    desk.placed(jobs[2])
    new = ["Guitar – Vocals", "My drums", "Guitar – Rest"]
    if where == "folder":
        new.insert(0, "Guitar – stems")
        assert tree(desk.project)["Guitar – Rest"] == "Guitar – stems"
    assert names(desk.project) == ["Guitar", *new, "Bass"]
    assert tree(desk.project)["Bass"] is None
    assert [item.position for item in desk.project.track("Guitar – Vocals").items] == [0, 10, 20]
    assert [item.position for item in desk.project.track("My drums").items] == [0, 10]
    assert only(desk.project.track("Guitar – Rest")).position == 20


def test_another_track_or_another_start_has_its_own_set(desk: Desk) -> None:
    """Only one start's items of one track belong together."""
    one = desk.project.add_track("Guitar").add_item(desk.source("a.wav"))
    two = desk.project.add_track("Bass").add_item(desk.source("b.wav"))
    for item, start in ((one, "s1"), (two, "s1"), (one, "s2")):
        desk.placed(desk.job(desk.context([item], set=start), stems=[("vocals", "Vocals", "#e4572e")]))
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Vocals", "Bass", "Bass – Vocals"]
    assert all(len(track.items) == 1 for track in desk.project.tracks)


def test_tracks_that_the_user_deleted_are_made_again(desk: Desk) -> None:
    """A later job of the start doesn't stumble over what is gone."""
    track = desk.project.add_track("Guitar")
    items = [track.add_item(desk.source(f"{i}.wav"), position=10 * i) for i in range(2)]
    jobs = [desk.job(desk.context([item], where="folder")) for item in items]
    desk.placed(jobs[0])
    kept = [t for t in desk.project.tracks if t.name in {"Guitar", "Guitar – stems"}]
    kept[-1]["I_FOLDERDEPTH"] = 0
    desk.project.state.tracks[:] = kept
    desk.placed(jobs[1])
    wanted = ["Guitar", "Guitar – stems", "Guitar – Vocals", "Guitar – Drums", "Guitar – stems"]
    assert names(desk.project) == wanted
    assert tree(desk.project)["Guitar – Vocals"] == "Guitar – stems"


def sounding(desk: Desk) -> Item:
    """Make a track with effects, a fader, envelopes, a delay and a send; give an item on it."""
    track = desk.project.add_track("Guitar", vol=0.5, pan=-0.25, nchan=4)
    track["B_PHASE"] = 1
    track["D_PLAY_OFFSET"], track["I_PLAY_OFFSET_FLAG"] = 0.02, 0
    track["I_AUTOMODE"] = 3
    track.add_fx("ReaEQ").parameters[0] = 0.7
    track.add_fx("ReaComp", enabled=False)
    track.envelope("Volume").add(3, 0.5)
    return track.add_item(desk.source())


def test_stems_sound_like_their_source(desk: Desk) -> None:
    """Each stem track carries what the source's track does to the sound."""
    item = sounding(desk)
    assert notes(desk.placed(desk.job(desk.context([item])))) == []
    for track in desk.project.tracks[1:]:
        assert [(fx.name, fx.enabled) for fx in track.fx] == [("ReaEQ", True), ("ReaComp", False)]
        assert track.fx[0].parameters[0] == 0.7
        assert (track["D_VOL"], track["D_PAN"], track["B_PHASE"], track["I_NCHAN"]) == (0.5, -0.25, 1, 4)
        assert (track["D_PLAY_OFFSET"], track["I_PLAY_OFFSET_FLAG"]) == (0.02, 0)
        assert [(p.time, p.value) for p in track.envelope("Volume").points] == [(3, 0.5)]
        assert track.envelope("Volume").guid != item.track.envelope("Volume").guid
        assert track["I_AUTOMODE"] == 1  # a mode that writes would write over the envelope
        assert only(track).take is not None


def test_a_folder_carries_the_sound_once(desk: Desk) -> None:
    """Effects that aren't linear hear the sum, as they heard the source; the delay is the media's own."""
    item = sounding(desk)
    desk.placed(desk.job(desk.context([item], where="folder")))
    parent, *children = desk.project.tracks[1:]
    assert [fx.name for fx in parent.fx] == ["ReaEQ", "ReaComp"]
    assert (parent["D_VOL"], parent["D_PAN"], parent["B_PHASE"]) == (0.5, -0.25, 1)
    assert [(p.time, p.value) for p in parent.envelope("Volume").points] == [(3, 0.5)]
    assert len(children) == 2
    for track in children:
        assert (len(track.fx), track["D_VOL"], track["D_PAN"], track["B_PHASE"]) == (0, 1, 0, 0)
        assert (track["D_PLAY_OFFSET"], track["I_PLAY_OFFSET_FLAG"]) == (0.02, 0)


def test_nothing_the_user_looks_at_moves(desk: Desk) -> None:
    """Selections, time selection, loop, cursor and view are as before."""
    item = nested(desk)
    other = desk.project.track("Keys").add_item(desk.source("k.wav")).select()
    desk.project.track("Voice").select()
    desk.project.master.select()
    desk.project.select_time(2, 3)
    desk.project.loop = (1, 9)
    desk.project.cursor = 5.5
    desk.project.view = (1.25, 17.5)
    desk.placed(desk.job(desk.context([item])))
    project = desk.project
    assert project.selected_items == [other]
    assert [track.name for track in project.selected_tracks] == ["Voice"]
    assert project.master["I_SELECTED"] == 1
    assert (project.time_selection, project.loop, project.cursor, project.view) == (
        (2, 3),
        (1, 9),
        5.5,
        (1.25, 17.5),
    )


def test_a_host_that_selects_what_is_new_is_put_right(desk: Desk) -> None:
    """Where REAPER selects a new track or item by itself, the user's selection comes back."""
    item = nested(desk).select()
    desk.project.track("Keys").select()
    insert, add = desk.host.functions["InsertTrackAtIndex"], desk.host.functions["AddMediaItemToTrack"]

    def selecting(index: int, defaults: bool) -> None:
        insert(index, defaults)
        for track in desk.project.tracks:
            track.select(False)
        desk.project.tracks[index].select()
        desk.project.cursor += 1
        desk.project.view = (0, 1)
        desk.project.time_selection = (0, 0)

    def choosing(track: object) -> object:
        for each in desk.project.items:
            each.select(False)
        return add(track).select()

    desk.host.functions |= {"InsertTrackAtIndex": selecting, "AddMediaItemToTrack": choosing}
    desk.project.select_time(2, 3)
    desk.project.cursor, desk.project.view = 4, (3, 8)
    desk.placed(desk.job(desk.context([item])))
    assert desk.project.selected_items == [item]
    assert [track.name for track in desk.project.selected_tracks] == ["Keys"]
    found = desk.project.time_selection, desk.project.cursor, desk.project.view
    assert found == ((2, 3), 4, (3, 8))


@pytest.mark.parametrize("where", ["tracks", "folder", "takes", "lanes"])
def test_one_undo_step_takes_all_back(desk: Desk, where: str) -> None:
    """Undo gives exactly the project before, redo exactly the one after; nothing happens outside."""
    item = sounding(desk)
    assert item.take is not None
    item.take.envelope("Volume").add(0.5, 0.3)
    folder = desk.job(desk.context([item], where=where, original="mute_item"), labels=[(0.5, 1, "la")])
    before, litter = desk.state(), len(desk.host.litter)
    desk.placed(folder)
    after = desk.state()
    assert after != before
    assert [point.label for point in desk.host.undo_points] == ["Stembridge: import stems"]
    assert len(desk.host.litter) == litter
    desk.host.undo()
    assert desk.state() == before
    desk.host.redo()
    assert desk.state() == after


def test_a_fault_on_the_way_leaves_nothing_behind(desk: Desk) -> None:
    """The block is closed, what was half done is undone, the sentence says so, and a second try succeeds."""
    item = nested(desk)
    folder = desk.job(desk.context([item]))
    before = desk.state()
    real = desk.host.functions["SetMediaItemTake_Source"]
    calls = []

    def refuses(take: object, source: object) -> object:
        calls.append(take)
        return real(take, source) if len(calls) == 1 else False

    desk.host.functions["SetMediaItemTake_Source"] = refuses
    done, sentence, code = desk.bring(folder)
    assert done is None
    assert code == "failed"
    assert "the project is as it was" in sentence
    assert desk.state() == before
    assert not desk.host.undo_points
    assert desk.host.prevent_refresh == 0
    desk.host.functions["SetMediaItemTake_Source"] = real
    assert len(desk.placed(folder)["items"]) == 2


def test_a_view_that_cant_be_restored_counts_as_a_fault(desk: Desk) -> None:
    """Whole or not at all holds for what the user looks at, too."""
    folder = desk.job(desk.context([nested(desk).select()]))
    before = desk.state()
    desk.host.lua.execute("require('view').keep = function() return function() error('no', 0) end end")
    assert desk.bring(folder)[2] == "failed"
    assert desk.state() == before


def test_the_host_would_catch_an_open_block(desk: Desk) -> None:
    """A guard on the guard: an undo block that stays open fails a test."""
    with pytest.raises(HostViolation, match="Undo_BeginBlock"):
        desk.host.lua.execute("reaper.Undo_BeginBlock2(0)")
