"""Takes, lanes, and originals that were moved, cut, locked or deleted while the work went on."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import pytest

from tests.fakes.reaper import Item
from tests.lua.placing import RATE, STEMS, Desk, names, native, notes, only


def guitar(desk: Desk, **more: float) -> Item:
    """Make an item on a track with another one."""
    track = desk.project.add_track("Guitar")
    track.add_item(desk.source("other.wav"), position=20, name="other")
    values = {"position": 2.0, "length": 2.5, "startoffs": 0.7, "playrate": 1.25} | more
    return track.add_item(desk.source("take.wav", 8), name="solo", **values)


def takes(item: Item) -> list[str]:
    """Give the names of an item's takes."""
    return [take.name for take in item.takes]


def test_takes_of_the_source(desk: Desk) -> None:
    """Stems as takes: same place, same rate, own offset, the user's take still plays."""
    item = guitar(desk)
    assert item.take is not None
    item.take.envelope("Volume").add(1, 0.5)
    item.take.add_fx("ReaEQ")
    item["D_VOL"] = 0.123456789012345678
    context = desk.context([item], where="takes")
    done = desk.placed(desk.job(context))
    assert notes(done) == []
    assert (done["where"], len(done["takes"]), len(done["items"])) == ("takes", 2, 0)
    assert names(desk.project) == ["Guitar"]
    assert takes(item) == ["solo", "solo – Vocals", "solo – Drums"]
    assert item.current == 0
    assert (item.position, item.length, item["D_VOL"]) == (2.0, 2.5, 0.123456789012345678)
    assert item.takes[0]["D_STARTOFFS"] == 0.7
    for take, (_, _, colour) in zip(item.takes[1:], STEMS, strict=True):
        assert take["D_STARTOFFS"] == context["stem"]["startoffs"]
        assert take["D_PLAYRATE"] == 1.25
        assert take["I_CUSTOMCOLOR"] == native(desk, colour)
        assert [(p.time, p.value) for p in take.envelope("Volume").points] == [(1, 0.5)]
        assert [fx.name for fx in take.fx] == ["ReaEQ"]
    assert [fx.name for fx in item.takes[0].fx] == ["ReaEQ"]


@pytest.mark.parametrize("original", ["mute_item", "mute_track"])
def test_among_takes_another_one_plays_instead(desk: Desk, original: str) -> None:
    """Muting the item would mute its stems: the first of them becomes the active take."""
    item = guitar(desk)
    desk.placed(desk.job(desk.context([item], where="takes", original=original)))
    assert item.take is not None
    assert item.take.name == "solo – Vocals"
    assert (item["B_MUTE"], item.track["B_MUTE"]) == (0, 0)


def test_lanes_of_the_source(desk: Desk) -> None:
    """Fixed lanes where REAPER has them, takes (with a word) where it hasn't."""
    item = guitar(desk)
    done = desk.placed(desk.job(desk.context([item], where="lanes")))
    if desk.host.version_number < (7, 0):
        assert done["where"] == "takes"
        assert notes(done) == ["This REAPER has no fixed lanes: the stems are takes of the item."]
        assert len(item.takes) == 3
        return
    track = item.track
    assert notes(done) == []
    assert names(desk.project) == ["Guitar"]
    assert track["I_FREEMODE"] == 2
    lanes = {str(found.take.name): found["I_FIXEDLANE"] for found in track.items if found.take is not None}
    assert lanes == {"solo": 0, "other": 0, "solo – Vocals": 1, "solo – Drums": 2}
    assert track["I_NUMFIXEDLANES"] == 3
    assert [track[f"P_LANENAME:{lane}"] for lane in (1, 2)] == ["Vocals", "Drums"]
    assert [track[f"C_LANEPLAYS:{lane}"] for lane in range(3)] == [1, 0, 0]


def test_stems_in_lanes_take_over(desk: Desk) -> None:
    """With the original muted all lanes play: other items of the first lane go on, the item is silent."""
    item = guitar(desk)
    desk.placed(desk.job(desk.context([item], where="lanes", original="mute_item")))
    if desk.host.version_number >= (7, 0):
        assert [item.track[f"C_LANEPLAYS:{lane}"] for lane in range(3)] == [2, 2, 2]
        assert item["B_MUTE"] == 1
        assert sum(int(found["B_MUTE"]) for found in item.track.items) == 1


def test_items_of_one_track_share_lanes(desk: Desk) -> None:
    """A second item's stems lie in the same lanes; a second start has lanes of its own."""
    item = guitar(desk)
    other = next(found for found in item.track.items if found is not item)
    for each, start in ((item, "s1"), (other, "s1"), (item, "s2")):
        desk.placed(desk.job(desk.context([each], where="lanes", set=start)))
    if desk.host.version_number >= (7, 0):
        assert item.track["I_NUMFIXEDLANES"] == 5
        lanes = sorted(int(found["I_FIXEDLANE"]) for found in item.track.items)
        assert lanes == [0, 0, 1, 1, 2, 2, 3, 4]


def test_a_track_that_positions_freely_keeps_its_mode(desk: Desk) -> None:
    """Lanes would rearrange the user's own layout."""
    item = guitar(desk)
    item.track["I_FREEMODE"] = 1
    done = desk.placed(desk.job(desk.context([item], where="lanes")))
    assert done["where"] == "takes"
    assert item.track["I_FREEMODE"] == 1
    assert len(notes(done)) == 1


@pytest.mark.parametrize("where", ["takes", "lanes"])
def test_what_was_printed_never_goes_through_the_track_again(desk: Desk, where: str) -> None:
    """As heard, the stems hold the track's effects: on its own track they would sound twice."""
    item = guitar(desk)
    done = desk.placed(desk.job(desk.context([item], where=where, mode="heard")))
    assert done["where"] == "tracks"
    assert "twice" in notes(done)[0]
    assert len(item.takes) == 1


def test_one_better_version_is_a_take_beside_the_original(desk: Desk) -> None:
    """A restoration of another rate lies on the same seconds, whatever layout stems would have."""
    for where in ("tracks", "folder", "takes"):
        item = guitar(desk)
        context = desk.context([item], where=where, set=where)
        rows = [("restored", "Restored", "#7d8597")]
        frames = round(context["span"]["frames"] * 96000 / RATE)
        done = desk.placed(desk.job(context, kind="audio", rate=96000, frames=frames, stems=rows))
        assert done["where"] == "takes"
        assert takes(item) == ["solo", "solo – Restored"]
        assert item.takes[1]["D_STARTOFFS"] == context["stem"]["startoffs"]
        assert item.takes[1]["D_PLAYRATE"] == 1.25
        assert item.takes[1].source is not None
        assert abs(item.takes[1].source.length - context["span"]["frames"] / RATE) < 1 / 96000


def test_one_better_version_as_heard_has_its_own_track(desk: Desk) -> None:
    """What the track printed can't lie on the track; it is as long as it was, in seconds."""
    item = guitar(desk)
    context = desk.context([item], mode="heard")
    rows = [("restored", "Restored", "#7d8597")]
    frames = round(context["span"]["frames"] * 48000 / RATE)
    desk.placed(desk.job(context, kind="audio", rate=48000, frames=frames, stems=rows))
    made = only(desk.project.track("Guitar – Restored"))
    assert made["D_LENGTH"] == context["span"]["frames"] / RATE


def test_a_part_of_an_item_becomes_no_take(desk: Desk) -> None:
    """A take is as long as its item."""
    item = guitar(desk)
    done = desk.placed(desk.job(desk.context([item], where="takes", window=(2.5, 3.5))))
    assert done["where"] == "tracks"
    assert "part of the item" in notes(done)[0]


def change(desk: Desk, item: Item, what: str) -> None:
    """Do to the original what users do meanwhile."""
    if what == "moved":
        item["D_POSITION"] = 7.5
    elif what == "trimmed":
        item["D_LENGTH"] = 1
    elif what == "changed":
        assert item.take is not None
        item.take["D_STARTOFFS"] = 1.5
    elif what == "split":
        desk.host.lua.call(desk.host.lua.eval("function(i) reaper.SplitMediaItem(i, 3.0) end"), item)
    elif what == "moved to another track":
        item.track.items.remove(item)
        item.track = desk.project.add_track("Elsewhere")
        item.track.items.append(item)
    elif what == "gone":
        item.track.items.remove(item)


CHANGES = ["moved", "trimmed", "changed", "split", "moved to another track", "gone"]


@pytest.mark.parametrize("where", ["tracks", "takes"])
@pytest.mark.parametrize("what", CHANGES)
def test_what_was_sent_decides_the_place(desk: Desk, what: str, where: str) -> None:
    """An item that changed meanwhile changes nothing about its stems, and the user is told."""
    item = guitar(desk, fadeinlen=0.2)
    item.track.add_fx("ReaEQ")
    context = desk.context([item], where=where, original="mute_item")
    folder = desk.job(context)
    change(desk, item, what)
    done = desk.placed(folder)
    told = {"split": "trimmed", "gone": "isn't there any more"}.get(what, what)
    assert told in notes(done)[0]
    assert "'solo'" in notes(done)[0]
    assert done["where"] == "tracks"
    assert names(desk.project)[:3] == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]
    made = only(desk.project.track("Guitar – Vocals"))
    assert made.take is not None
    assert (made.position, made.length, made["D_FADEINLEN"]) == (2.0, 2.5, 0.2)
    assert made.take["D_STARTOFFS"] == context["stem"]["startoffs"]
    assert len(made.track.fx) == 1
    assert item["B_MUTE"] == 0


def test_a_track_that_is_gone(desk: Desk) -> None:
    """The stems come behind the others, at their place in time."""
    item = guitar(desk)
    assert item.take is not None
    item.take.add_fx("ReaEQ")
    desk.project.add_track("Bass", depth=1)
    desk.project.add_track("Bass DI", depth=-1)
    folder = desk.job(desk.context([item]))
    desk.project.state.tracks.remove(item.track)
    done = desk.placed(folder)
    assert names(desk.project) == ["Bass", "Bass DI", "Guitar – Vocals", "Guitar – Drums"]
    assert desk.project.tracks[2].parent is None
    assert only(desk.project.tracks[2]).position == 2.0
    assert any("track is gone" in note for note in notes(done))
    assert any("effects are gone" in note for note in notes(done))


def test_the_original_is_left_or_muted(desk: Desk) -> None:
    """The item alone, or its track, or nothing; other items go on playing."""
    for wish in ("leave", "mute_item", "mute_track"):
        item = guitar(desk)
        desk.placed(desk.job(desk.context([item], original=wish, set=wish)))
        assert item["B_MUTE"] == (wish == "mute_item")
        assert item.track["B_MUTE"] == (wish == "mute_track")
        assert sum(int(found["B_MUTE"]) for found in item.track.items) == (wish == "mute_item")
        stems = [track for track in desk.project.tracks if " – " in track.name]
        assert not any(track["B_MUTE"] or only(track)["B_MUTE"] for track in stems[:2])


def test_several_originals_are_muted_together(desk: Desk) -> None:
    """All items of one rendering are."""
    items = [guitar(desk), guitar(desk)]
    context = desk.context(items, mode="heard", original="mute_item", window=(2.0, 4.5))
    desk.placed(desk.job(context))
    assert [item["B_MUTE"] for item in items] == [1, 1]


def test_a_part_doesnt_mute_the_whole(desk: Desk) -> None:
    """What wasn't separated would be silent."""
    item = guitar(desk)
    done = desk.placed(desk.job(desk.context([item], original="mute_item", window=(2.0, 3.5))))
    assert notes(done) == ["'solo' isn't muted: only a part of it was separated."]
    assert item["B_MUTE"] == 0


@pytest.mark.parametrize("where", ["tracks", "takes", "lanes"])
def test_a_locked_original_stays_as_it_is(desk: Desk, where: str) -> None:
    """Neither muted nor given takes, and the user is told."""
    item = guitar(desk, lock=1)
    before = (dict(item.values), takes(item))
    done = desk.placed(desk.job(desk.context([item], where=where, original="mute_item")))
    assert done["where"] == "tracks"
    assert any("locked" in note for note in notes(done))
    assert (dict(item.values), takes(item)) == before


def test_sends_are_named_where_they_stay_behind(desk: Desk) -> None:
    """Copied sends would feed a bus twice over; the user hears of it."""
    item = guitar(desk)
    bus = desk.project.add_track("Reverb")
    desk.host.lua.call(desk.host.lua.eval("function(a, b) reaper.CreateTrackSend(a, b) end"), item.track, bus)
    done = desk.placed(desk.job(desk.context([item])))
    assert notes(done) == ["The sends of 'Guitar' weren't copied to the stems' tracks."]
