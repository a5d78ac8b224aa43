"""A stem's item: every number as it was sent, live where nothing was printed, plain where all was."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
from typing import Any

from tests.lua.placing import GOLDEN, RATE, Desk, names, native, notes, only

LONG = 4.0000000000000009


def keys(value: dict[str, Any]) -> dict[str, Any]:
    """Give the shape of a document: its names, at every depth of objects."""
    return {name: keys(each) if isinstance(each, dict) else None for name, each in value.items()}


def test_the_snapshot_is_what_the_example_says(desk: Desk) -> None:
    """Both sides follow one file: no name more, none less."""
    example = json.loads(GOLDEN.read_text(encoding="utf-8"))
    item = desk.project.add_track("Guitar").add_item(desk.source())
    assert item.take is not None
    item.take.stretch((0, 0.5), (1, 1.5))
    item.take.envelope("Volume").add(0, 1)
    part = desk.part(item)
    wanted = example["parts"][0]
    if "I_FIXEDLANE" not in part["item"]["info"]:
        del wanted["item"]["info"]["I_FIXEDLANE"]
    assert keys(part) == keys(wanted)
    assert keys(desk.context([item])) == keys(example)
    assert part["take"]["stretch"] == [
        {"pos": 0, "srcpos": 0.5, "slope": 0},
        {"pos": 1, "srcpos": 1.5, "slope": 0},
    ]
    assert part["take"]["envelopes"][0].startswith("<VOLENV")
    assert "EGUID" not in part["take"]["envelopes"][0]


def test_numbers_come_back_bit_for_bit(desk: Desk) -> None:
    """Position, length and rate are copied, the start offset is what remains of the first frame."""
    track = desk.project.add_track("Guitar")
    odd = 12.345678901234567
    item = track.add_item(
        desk.source(seconds=9), position=odd, length=4.0000000000000009, startoffs=0.7512345
    )
    assert item.take is not None
    item.take["D_PLAYRATE"] = 1.2
    context = desk.context([item])
    done = desk.placed(desk.job(context))
    assert notes(done) == []
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]
    for stem in desk.project.tracks[1:]:
        made = only(stem)
        assert made.take is not None
        assert made["D_POSITION"] == odd
        assert made["D_LENGTH"] == LONG
        assert made.take["D_PLAYRATE"] == 1.2
        frame0 = context["span"]["frame0"]
        assert frame0 == int(0.7512345 * RATE)
        assert made.take["D_STARTOFFS"] == 0.7512345 - frame0 / RATE
        assert 0 <= float(made.take["D_STARTOFFS"]) < 1 / RATE
        assert made["C_BEATATTACHMODE"] == 0
        assert stem["C_BEATATTACHMODE"] == 0
        assert made["B_LOOPSRC"] == 0
        assert made["B_UISEL"] == 0


def test_the_time_base_comes_before_the_position(desk: Desk) -> None:
    """An item that follows the beat would be stretched by the tempo map when it is placed."""
    item = desk.project.add_track("Guitar").add_item(desk.source(), position=1)
    folder = desk.job(desk.context([item]))
    real, order = desk.host.functions["SetMediaItemInfo_Value"], []

    def noted(thing: object, name: str, value: float) -> object:
        if thing is not item:
            order.append(name)
        return real(thing, name, value)

    desk.host.functions["SetMediaItemInfo_Value"] = noted
    desk.placed(folder)
    assert order.index("C_BEATATTACHMODE") < min(order.index("D_POSITION"), order.index("D_LENGTH"))


def test_no_fade_that_nobody_asked_for(desk: Desk) -> None:
    """REAPER's preference for new items must not reach a stem, in any mode."""
    item = desk.project.add_track("Guitar").add_item(desk.source(), position=1)
    for mode in ("source", "heard", "accessor"):
        done = desk.placed(desk.job(desk.context([item], mode=mode, set=mode)))
        for guid in done["items"]:
            made = desk.project.find(guid)
            assert made is not None
            assert (made["D_FADEINLEN"], made["D_FADEOUTLEN"]) == (0, 0)
            assert (made["D_FADEINLEN_AUTO"], made["D_FADEOUTLEN_AUTO"]) == (-1, -1)


LIVE_ITEM = {
    "D_VOL": 0.5, "D_SNAPOFFSET": 0.25, "D_FADEINLEN": 0.3, "D_FADEOUTLEN": 0.4, "D_FADEINDIR": 0.1,
    "D_FADEOUTDIR": -0.1, "C_FADEINSHAPE": 2, "C_FADEOUTSHAPE": 3, "D_FADEINLEN_AUTO": 0.05, "I_GROUPID": 7,
}  # fmt: skip
LIVE_TAKE = {
    "D_VOL": 0.8, "D_PAN": -0.3, "D_PANLAW": 0.7, "D_PITCH": 3, "B_PPITCH": 0, "I_CHANMODE": 1,
    "I_PITCHMODE": 0x90000, "I_STRETCHFLAGS": 1, "F_STRETCHFADESIZE": 0.005,
}  # fmt: skip


def test_source_mode_keeps_every_edit_live(desk: Desk) -> None:
    """Fades, levels, pitch, stretch markers, envelopes and effects go with the stem."""
    item = desk.project.add_track("Guitar").add_item(
        desk.source(seconds=9), position=2, startoffs=1.5, length=3
    )
    take = item.take
    assert take is not None
    for name, value in LIVE_ITEM.items():
        item[name] = value
    for name, value in LIVE_TAKE.items():
        take[name] = value
    take.stretch((0, 1.5), (1.25, 2.5), (3, 4.5))
    take.stretch_markers[1].slope = 0.25
    take.envelope("Volume").add(0, 1)
    take.envelope("Volume").add(1.125, 0.25, 2)
    take.envelope("Pitch").add(0.5, -2)
    take.add_fx("ReaEQ").parameters[1] = 0.9
    take.add_fx("ReaComp", enabled=False)
    context = desk.context([item])
    assert notes(desk.placed(desk.job(context))) == []
    shift = context["stem"]["startoffs"] - 1.5
    for track in desk.project.tracks[1:]:
        made = only(track)
        assert made.take is not None
        assert {name: made[name] for name in LIVE_ITEM} == LIVE_ITEM
        assert {name: made.take[name] for name in LIVE_TAKE} == LIVE_TAKE
        assert made["D_FADEOUTLEN_AUTO"] == -1
        found = [(m.position, m.source, m.slope) for m in made.take.stretch_markers]
        assert found == [(0, 1.5 + shift, 0), (1.25, 2.5 + shift, 0.25), (3, 4.5 + shift, 0)]
        assert [(p.time, p.value, p.shape) for p in made.take.envelope("Volume").points] == [
            (0, 1, 0),
            (1.125, 0.25, 2),
        ]
        assert [(p.time, p.value) for p in made.take.envelope("Pitch").points] == [(0.5, -2)]
        assert made.take.envelope("Volume").guid != take.envelope("Volume").guid
        assert [(fx.name, fx.enabled) for fx in made.take.fx] == [("ReaEQ", True), ("ReaComp", False)]
        assert made.take.fx[0].parameters[1] == 0.9


def test_as_heard_leaves_nothing_live(desk: Desk) -> None:
    """What was printed must not be done twice."""
    track = desk.project.add_track("Guitar", vol=0.5, pan=0.2)
    track.add_fx("ReaEQ")
    track["D_PLAY_OFFSET"], track["I_PLAY_OFFSET_FLAG"] = 0.01, 0
    item = track.add_item(desk.source(), position=1.00001, playrate=1.5, pitch=2, vol=0.5, fadeinlen=0.2)
    assert item.take is not None
    item.take.envelope("Volume").add(0, 0.5)
    item.take.stretch((0, 0), (1, 1.2))
    item.take.add_fx("ReaComp")
    context = desk.context([item], mode="heard")
    desk.placed(desk.job(context))
    for stem in desk.project.tracks[1:]:
        made = only(stem)
        assert made.take is not None
        assert made["D_POSITION"] == context["span"]["frame0"] / RATE
        assert made["D_LENGTH"] == context["span"]["frames"] / RATE
        assert 0 <= item.position - made.position < 1 / RATE
        assert (made["D_VOL"], made["D_FADEINLEN"]) == (1, 0)
        plain = {"D_PLAYRATE": 1, "D_PITCH": 0, "D_VOL": 1, "D_PAN": 0, "D_STARTOFFS": 0, "I_CHANMODE": 0}
        assert {name: made.take[name] for name in plain} == plain
        assert not made.take.envelopes
        assert not made.take.stretch_markers
        assert not made.take.fx
        assert not stem.fx
        assert (stem["D_VOL"], stem["D_PAN"], stem["D_PLAY_OFFSET"], stem["I_PLAY_OFFSET_FLAG"]) == (
            1,
            0,
            0,
            1,
        )
        assert stem["B_MAINSEND"] == 1


def test_the_accessor_prints_rate_and_pitch_alone(desk: Desk) -> None:
    """Levels, fades and envelopes stay live; an envelope's times follow the rate that is 1 now."""
    item = desk.project.add_track("Guitar").add_item(
        desk.source(),
        position=1,
        length=1.5,
        playrate=2,
        pitch=3,
        vol=0.5,
        fadeinlen=0.2,
        take_pan=-0.5,
        startoffs=0.5,
    )
    assert item.take is not None
    item.take["D_PAN"] = -0.5
    item.take.stretch((0, 0.5), (1, 1.7))
    item.take.envelope("Volume").add(0.5, 0.25)
    context = desk.context([item], mode="accessor")
    desk.placed(desk.job(context))
    made = only(desk.project.tracks[1])
    assert made.take is not None
    assert (made["D_POSITION"], made["D_LENGTH"], made.take["D_STARTOFFS"]) == (1, 1.5, 0)
    assert (made.take["D_PLAYRATE"], made.take["D_PITCH"], made.take["D_PAN"]) == (1, 0, -0.5)
    assert (made["D_VOL"], made["D_FADEINLEN"]) == (0.5, 0.2)
    assert not made.take.stretch_markers
    assert [(p.time, p.value) for p in made.take.envelope("Volume").points] == [(0.25, 0.25)]


def test_a_part_of_an_item_has_only_its_own_edges(desk: Desk) -> None:
    """Fades and the snap offset belong to the item's ends; envelopes move with the cut."""
    item = desk.project.add_track("Guitar").add_item(
        desk.source(seconds=9),
        position=2,
        length=6,
        fadeinlen=0.5,
        fadeoutlen=0.6,
        playrate=1.5,
        snapoffset=0.4,
    )
    assert item.take is not None
    item.take.envelope("Volume").add(3.0, 0.5)
    context = desk.context([item], window=(3.0, 5.0))
    desk.placed(desk.job(context))
    made = only(desk.project.tracks[1])
    assert made.take is not None
    assert (made.position, made.length) == (3, 2)
    assert (made["D_FADEINLEN"], made["D_FADEOUTLEN"], made["D_SNAPOFFSET"]) == (0, 0, 0)
    assert [p.time for p in made.take.envelope("Volume").points] == [1.5]
    context = desk.context([item], window=(6.0, 8.0), set="s2")
    desk.placed(desk.job(context))
    made = only(desk.project.tracks[1])
    assert (made["D_FADEINLEN"], made["D_FADEOUTLEN"]) == (0, 0.6)


def test_a_looping_item_loops_its_stems(desk: Desk) -> None:
    """Where the whole file was sent, the stem goes round as its source does."""
    item = desk.project.add_track("Loop").add_item(desk.source(seconds=1), length=3.5, loopsrc=1)
    context = desk.context([item])
    context["span"] |= {"frame0": 0, "frames": RATE}
    context["stem"] |= {"startoffs": 0.0, "loop": True}
    desk.placed(desk.job(context))
    made = only(desk.project.tracks[1])
    assert (made["B_LOOPSRC"], made["D_LENGTH"]) == (1, 3.5)


def test_names_and_colours(desk: Desk) -> None:
    """A track is called after the source's track, a take after its take; colours are the stems' own."""
    item = desk.project.add_track("").add_item(desk.source(), name="chorus")
    desk.placed(desk.job(desk.context([item])))
    assert names(desk.project) == ["", "Track 1 – Vocals", "Track 1 – Drums"]
    vocals, drums = desk.project.tracks[1:]
    colours = [native(desk, colour) for colour in ("#e4572e", "#f3a712")]
    assert [vocals["I_CUSTOMCOLOR"], drums["I_CUSTOMCOLOR"]] == colours
    made = only(vocals)
    assert made.take is not None
    assert made.take.name == "chorus – Vocals"
    assert (
        made["P_EXT:stembridge_job"]
        == made.take["P_EXT:stembridge_job"]
        == vocals["P_EXT:stembridge_job"]
        == "job001"
    )


def test_more_channels_need_a_wider_track(desk: Desk) -> None:
    """A stem of six channels plays on six; three need four."""
    for channels, wide in ((6, 6), (3, 4), (1, 2)):
        source = desk.source(f"{channels}.wav", channels=channels)
        item = desk.project.add_track(str(channels)).add_item(source)
        context = desk.context([item], set=str(channels))
        context["span"]["channels"] = channels
        desk.placed(desk.job(context, channels=channels))
        track = desk.project.track(f"{channels} – Vocals")
        assert track["I_NCHAN"] == wide


def test_several_items_as_one_rendering(desk: Desk) -> None:
    """One set of stems lies below the lowest of the tracks and is called after the selection."""
    one = desk.project.add_track("Piano").add_item(desk.source("a.wav"), position=1)
    two = desk.project.add_track("Guitar").add_item(desk.source("b.wav"), position=0.5)
    desk.project.add_track("Bass")
    context = desk.context([one, two], mode="heard", window=(0.5, 5))
    desk.placed(desk.job(context, name="Song selection"))
    wanted = ["Piano", "Guitar", "Song selection – Vocals", "Song selection – Drums", "Bass"]
    assert names(desk.project) == wanted


def test_a_model_without_input_lays_down_at_the_cursor(desk: Desk) -> None:
    """Generated audio owes its length to nothing; it lies where the cursor was, on a new track at the end."""
    desk.project.add_track("Piano")
    context = desk.context([], mode="heard", window=(0, 1), cursor=7.25, span=None, stem=None)
    folder = desk.job(
        context, kind="generated", frames=1000, rate=32000, stems=[("music", "Music", "#7d8597")]
    )
    assert notes(desk.placed(folder)) == []
    assert names(desk.project) == ["Piano", "take – Music"]
    made = only(desk.project.tracks[1])
    assert (made["D_POSITION"], made["D_LENGTH"]) == (7.25, 1000 / 32000)
