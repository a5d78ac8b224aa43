"""Transcripts: take markers in source time that move with the item, or regions; only what is visible."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Item, Reaper
from tests.lua.placing import Desk, notes

LINES = [(0.0, 0.4, "one"), (0.5, 0.9, " two\nwords "), (1.5, 2.0, "three"), (2.2, 2.4, "")]


def voice(desk: Desk, **more: float) -> Item:
    """Make an item in the middle of its file."""
    values: dict[str, Any] = {"position": 10.0, "length": 2.0, "startoffs": 3.0, "playrate": 1.25} | more
    return desk.project.add_track("Voice").add_item(desk.source("voice.wav", 12), **values)


def markers(item: Item) -> list[tuple[Any, str]]:
    """Give the markers of the active take."""
    assert item.take is not None
    return [(marker.source, marker.name) for marker in item.take.markers]


def test_take_markers_stand_in_source_time(desk: Desk) -> None:
    """A line's time counts from the region's first frame, a marker's from the file's."""
    item = voice(desk)
    context = desk.context([item])
    done = desk.placed(desk.job(context, stems=[], labels=LINES))
    assert (done["lines"], done["items"] or [], notes(done)) == (3, [], [])
    first = context["span"]["frame0"] / context["span"]["rate"]
    wanted = [(3.0, "one"), (first + 0.5, "two words"), (first + 1.5, "three")]
    assert [name for _, name in markers(item)] == [name for _, name in wanted]
    for (found, _), (time, _) in zip(markers(item), wanted, strict=True):
        assert math.isclose(found, time, abs_tol=1e-9)
    assert [point.label for point in desk.host.undo_points] == ["Stembridge: import stems"]


@pytest.mark.parametrize("mode", ["heard", "accessor"])
def test_printed_time_goes_back_through_the_rate(desk: Desk, mode: str) -> None:
    """A second of what was heard is 1.25 seconds of the file; stretch markers bend it."""
    item = voice(desk)
    desk.placed(desk.job(desk.context([item], mode=mode), stems=[], labels=[(0.8, 1.2, "word")]))
    assert markers(item) == [(pytest.approx(3.0 + 0.8 * 1.25, abs=1e-4), "word")]
    assert item.take is not None
    item.take.markers.clear()
    item.take.stretch((0, 3.0), (1.0, 5.0), (2.5, 5.5))
    desk.placed(
        desk.job(desk.context([item], mode=mode), stems=[], labels=[(0.4, 1.2, "a"), (1.2, 1.9, "b")])
    )
    bent = [3.0 + 0.5 * 2, 5.0 + 0.5 * 0.5 / 1.5]
    assert [time for time, _ in markers(item)] == pytest.approx(bent, abs=1e-4)


def test_only_what_is_visible(desk: Desk) -> None:
    """A whole file was sent for a stretched or looping item: lines outside of it are left out, and a line
    that begins before it is marked at its edge."""
    item = voice(desk)
    context = desk.context([item])
    context["span"] |= {"frame0": 0, "frames": 12 * 44100}
    context["stem"]["startoffs"] = 3.0
    lines = [(0, 1, "before"), (2.8, 3.3, "into"), (4, 4.2, "inside"), (5.4, 9, "out of"), (6, 7, "behind")]
    done = desk.placed(desk.job(context, stems=[], labels=lines))
    assert done["lines"] == 3
    assert [name for _, name in markers(item)] == ["into", "inside", "out of"]
    assert [time for time, _ in markers(item)] == pytest.approx([3.0, 4.0, 5.4], abs=1e-9)


@pytest.mark.parametrize("playrate", [1.0, 1.25])
def test_regions_on_the_timeline(desk: Desk, playrate: float) -> None:
    """In project time, clipped to what was sent; with the function of the version that runs."""
    item = voice(desk, playrate=playrate)
    context = desk.context([item], texts="regions")
    done = desk.placed(desk.job(context, stems=[], labels=[(0.5, 0.9, "a"), (1.0, 99, "b"), (77, 99, "c")]))
    assert (done["lines"], notes(done)) == (2, [])
    assert markers(item) == []
    found = [(region.name, region.position, region.end) for region in desk.project.markers]
    ends = [10 + 0.9 / playrate, 12.0]
    starts = [10 + 0.5 / playrate, 10 + 1 / playrate]
    assert [name for name, _, _ in found] == ["a", "b"]
    assert [start for _, start, _ in found] == pytest.approx(starts, abs=1e-4)
    assert [end for _, _, end in found] == pytest.approx(ends, abs=1e-4)
    new = desk.host.has_function("AddRegionOrMarker")
    assert bool(desk.host.calls.get("AddRegionOrMarker")) == new
    assert bool(desk.host.calls.get("AddProjectMarker2")) != new


def test_the_newest_reaper_has_another_function_for_regions(tmp_path: Path) -> None:
    """From 7.72 on."""
    with Reaper(tmp_path / "host", lua="lua54", version="7.78/linux-x86_64") as host:
        desk = Desk(host, tmp_path)
        context = desk.context([voice(desk)], texts="regions")
        desk.placed(desk.job(context, stems=[], labels=[(0.5, 0.9, "a")]))
        assert host.calls.get("AddRegionOrMarker") == 1
        assert [region.name for region in desk.project.markers] == ["a"]


@pytest.mark.parametrize("trouble", ["locked", "moved", "gone"])
def test_markers_that_cant_be_put_become_regions(desk: Desk, trouble: str) -> None:
    """The transcript stands where it was heard, and the user is told."""
    item = voice(desk)
    if trouble == "locked":
        item["C_LOCK"] = 1
    folder = desk.job(desk.context([item]), stems=[], labels=LINES)
    if trouble == "moved":
        item["D_POSITION"] = 50
    elif trouble == "gone":
        item.track.items.clear()
    done = desk.placed(folder)
    assert any("stands in regions" in note for note in notes(done))
    assert [region.name for region in desk.project.markers] == ["one", "two words", "three"]
    assert desk.project.markers[0].position == pytest.approx(10.0, abs=1e-4)
    if trouble != "gone":
        assert markers(item) == []


def test_lines_go_to_the_item_they_were_heard_in(desk: Desk) -> None:
    """One rendering of two items: each has its own lines, in its own source time."""
    one = voice(desk)
    two = voice(desk, position=13.0, startoffs=1.0, playrate=1.0)
    context = desk.context([one, two], mode="heard", window=(10.0, 15.0))
    lines = [(0.5, 1, "a"), (2.3, 2.8, "nowhere"), (3.5, 4, "b")]
    done = desk.placed(desk.job(context, stems=[], labels=lines))
    assert done["lines"] == 2
    assert markers(one) == [(pytest.approx(3.0 + 0.5 * 1.25, abs=1e-4), "a")]
    assert markers(two) == [(pytest.approx(1.5, abs=1e-4), "b")]


def test_a_transcript_beside_stems(desk: Desk) -> None:
    """Both come in one undo step; the text file itself is no media."""
    item = voice(desk)
    folder = desk.job(desk.context([item]), labels=LINES)
    before = desk.state()
    done = desk.placed(folder)
    assert (len(done["items"]), done["lines"]) == (2, 3)
    desk.host.undo()
    assert desk.state() == before


def test_a_transcript_mutes_nothing(desk: Desk) -> None:
    """There is nothing that would sound instead."""
    item = voice(desk)
    desk.placed(desk.job(desk.context([item], original="mute_item"), stems=[], labels=LINES))
    assert item["B_MUTE"] == 0
