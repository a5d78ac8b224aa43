"""What lies around an item: tempo, folders, other items; and selections of other kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.fakes.reaper import Item, Track
from tests.lua import material
from tests.lua.layouts.base import TABLE, layout, one
from tests.lua.stage import Stage


@layout("project at 48 kHz")
def _(stage: Stage) -> None:
    stage.host.project.numbers["PROJECT_SRATE"] = 48000
    stage.item(D_POSITION=0.1234567)


@layout("project at 96 kHz, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    stage.host.project.numbers["PROJECT_SRATE"] = 96000
    stage.item(D_POSITION=0.1234567)


@layout("tempo map, time base beats")
def _(stage: Stage) -> None:
    project = stage.host.project
    project.numbers["PROJECT_TIMEBASE"] = 1
    project.tempo.add(0.6, 140)
    project.tempo.add(0.9, 80, linear=True)
    stage.item(D_POSITION=0.8123456, C_BEATATTACHMODE=1, track_C_BEATATTACHMODE=1)


@layout("tempo map, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    stage.host.project.tempo.add(0.6, 140)
    stage.item(D_POSITION=0.8123456, C_BEATATTACHMODE=1)


def _folders(stage: Stage) -> Track:
    stage.track("Band", depth=1, vol=0.8)
    inner = stage.track("Choir", depth=1, pan=0.2)
    material.effect(inner, "JS: low-pass", 0.5)
    track = stage.track("Lead", depth=-2)
    stage.track("Behind").add_item(stage.file(), position=0.2)
    return track


@layout("the last of two nested folders")
def _(stage: Stage) -> None:
    stage.item(track=_folders(stage))


@layout("the last of two nested folders, into a folder, as heard", "heard",
        order={"where": "folder", "mode": "heard"})  # fmt: skip
def _(stage: Stage) -> None:
    stage.item(track=_folders(stage))


@layout("an item on a folder's own track")
def _(stage: Stage) -> None:
    folder = stage.track("Band", depth=1, vol=0.6)
    stage.item(track=folder)
    stage.track("Child", depth=-1).add_item(stage.file(), position=0.1)


@layout("two items of one track, apart", jobs=2)
def _(stage: Stage) -> None:
    track = stage.track()
    stage.item(track=track, D_POSITION=0.1)
    stage.item(track=track, D_POSITION=1.3, D_STARTOFFS=0.2, D_LENGTH=0.5)


@layout("items of two tracks", jobs=2)
def _(stage: Stage) -> None:
    stage.item(D_POSITION=0.1)
    stage.item(track=stage.track("Guitar", vol=0.5), rate=48000, D_POSITION=0.7)


@layout("three items of two tracks in one render", "heard", order={"per": "selection", "mode": "heard"})
def _(stage: Stage) -> None:
    track = stage.track()
    stage.item(track=track, D_POSITION=0.1, seconds=0.5)
    stage.item(track=track, D_POSITION=0.9, seconds=0.5)
    stage.item(track=stage.track("Guitar", vol=0.5, pan=-0.5), D_POSITION=0.4321, seconds=0.7)


@layout("overlapping items in one render", "heard", order={"per": "selection", "mode": "heard"})
def _(stage: Stage) -> None:
    track = stage.track()
    stage.item(track=track, D_POSITION=0.1, D_FADEOUTLEN_AUTO=0.3)
    stage.item(track=track, D_POSITION=0.8, D_FADEINLEN_AUTO=0.3)


@layout("beside others that aren't selected", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    item = stage.item()
    item.track.add_item(stage.file(), position=0.6)
    stage.track("Loud", vol=2).add_item(stage.file(), position=0.2)


@layout("the second of three takes")
def _(stage: Stage) -> None:
    item = stage.item()
    item.add_take(stage.file(rate=48000), name="second", pan=-0.4, vol=0.6, startoffs=0.1)
    item.add_take(stage.file(), name="third")
    item["I_CURTAKE"] = 1
    item["D_LENGTH"] = 0.8


@layout("an item in a lane that plays")
def _(stage: Stage) -> None:
    track = stage.track(freemode=2, numfixedlanes=2)
    track["C_LANEPLAYS:0"], track["C_LANEPLAYS:1"] = 0, 1
    track.add_item(stage.file(), position=0.5, fixedlane=0, laneplays=0)
    stage.item(track=track, I_FIXEDLANE=1)


@layout("locked", order={"original": "mute_item", "where": "takes"})
def _(stage: Stage) -> None:
    stage.item(C_LOCK=1)


@layout("grouped", jobs=2)
def _(stage: Stage) -> None:
    stage.item(I_GROUPID=3)
    stage.item(I_GROUPID=3, D_POSITION=0.6)


# Selections that aren't items.


@layout("a razor edit inside an item", part=(0.7123456, 1.1))
def _(stage: Stage) -> Sequence[Item]:
    item = stage.item(D_PLAYRATE=1.1).select(False)
    item.track["P_RAZOREDITS"] = '0.7123456 1.1 ""'
    return [item]


@layout("a razor edit over the end of an item", "heard", part=(0.8123456, 1.7), order={"mode": "heard"})
def _(stage: Stage) -> Sequence[Item]:
    item = stage.item(D_FADEOUTLEN=0.3).select(False)
    item.track["P_RAZOREDITS"] = '0.8123456 1.7 ""'
    return [item]


@layout("a time selection over two tracks", jobs=2, part=(0.8, 1.2))
def _(stage: Stage) -> Sequence[Item]:
    items = [stage.item(), stage.item(track=stage.track("Guitar", vol=0.5), rate=48000, D_POSITION=0.3)]
    for item in items:
        item.select(False).track.select()
    stage.host.project.select_time(0.8, 1.2)
    return items


@layout("a time selection over two tracks in one render", "heard", part=(0.8000101, 1.3000202),
        order={"per": "selection"})  # fmt: skip
def _(stage: Stage) -> Sequence[Item]:
    items = [stage.item(), stage.item(track=stage.track("Guitar", vol=0.5), rate=48000, D_POSITION=0.9)]
    for item in items:
        item.select(False).track.select()
    stage.host.project.select_time(0.8000101, 1.3000202)
    return items


# Compressed files, whose decoders may begin to count elsewhere.
one("MP3", suffix=".mp3", seconds=3)
one("MP3, trimmed", suffix=".mp3", seconds=3, D_STARTOFFS=0.5, D_LENGTH=2)
one("Ogg Vorbis", suffix=".ogg", seconds=3)
one("MP3, faster", "heard", suffix=".mp3", D_PLAYRATE=1.2)

# On the network.
for _name, _order, _mode in (
    ("the network", {}, "source"),
    ("the network, as heard", {"mode": "heard"}, "heard"),
    ("the network, 48 kHz, by the accessor", {"mode": "accessor"}, "accessor"),
):
    one(_name, _mode, order=_order, rate=48000 if "48" in _name else 44100, D_POSITION=0.1234567, seconds=2)
    TABLE[_name] = replace(TABLE[_name], model="spleeter")
