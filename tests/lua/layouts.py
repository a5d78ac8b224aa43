"""The table of layouts: what people have in their projects, and how it has to be separated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import soundfile

from tests.fakes.reaper import Item, Track
from tests.lua import material
from tests.lua.stage import Stage

Build = Callable[[Stage], Sequence[Item] | None]


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes
    ----------
    build
        Lays it out and selects what is to be separated; gives the items of it where they aren't all that
        are selected.
    mode
        The mode that has to be used: source, heard or accessor.
    order
        What the user chose, besides the engine.
    jobs
        How many jobs that makes.
    audible
        The stems sound at once (in lanes beside their original they don't).
    part
        Start and end (project seconds) of what is selected, where that is only a part of its items.
    model
        The engine's model.
    rings
        Effects sound on behind the selection, and a render as heard ends with it.
    """

    build: Build
    mode: str = "source"
    order: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1
    audible: bool = True
    rings: bool = False
    part: tuple[float, float] | None = None
    model: str = "repet"

    @property
    def margin(self) -> float:
        """Seconds at both ends that aren't compared; negative: the silence around is compared, too.

        A cut through an item leaves the resampler other neighbours than the whole item did.
        """
        if self.part is not None and self.mode == "source":
            return 0.001
        return 0.0 if self.rings or self.part is not None else -0.05


TABLE: dict[str, Layout] = {}


def one(name: str, mode: str = "source", *, order: Mapping[str, Any] | None = None, **values: Any) -> None:
    """Put a layout of one item into the table; ``values`` go to `Stage.item`."""

    def build(stage: Stage) -> None:
        stage.item(**values)

    TABLE[name] = Layout(build, mode, order or {})


def layout(name: str, mode: str = "source", **more: Any) -> Callable[[Build], Build]:
    """Put a layout into the table that a function builds."""

    def put(build: Build) -> Build:
        TABLE[name] = Layout(build, mode, **more)
        return build

    return put


def _take(item: Item) -> Any:
    return material.active(item)


# Where an item lies, and what part of its file it plays.
one("at the start of the project", D_POSITION=0)
one("at an odd position", D_POSITION=0.1234567)
one("ten hours in", D_POSITION=36000.123456)
one("trimmed at both ends", D_STARTOFFS=0.2, D_LENGTH=0.6)
one("trimmed between frames", D_STARTOFFS=0.2000113, D_LENGTH=0.6000077, D_POSITION=0.31415926)
one("begins before its file", D_STARTOFFS=-0.2, D_LENGTH=1.0)
one("runs on behind its file", D_LENGTH=1.4)
one("loops its whole file", B_LOOPSRC=1, D_LENGTH=1.7, D_STARTOFFS=0.3)
one("loops a small part of a long file", "heard", seconds=2.5, B_LOOPSRC=1, D_LENGTH=0.7, D_STARTOFFS=2.2)

# Speed and pitch.
one("faster", D_PLAYRATE=1.371)
one("slower", D_PLAYRATE=0.717, D_POSITION=0.7654321)
one("faster at its pitch", D_PLAYRATE=1.25, B_PPITCH=1)
one("pitched down", D_PITCH=-4, B_PPITCH=1)
one("twice as fast, trimmed", D_PLAYRATE=2, D_STARTOFFS=0.1234567, D_LENGTH=0.4)
one("faster, as heard", "heard", order={"mode": "heard"}, D_PLAYRATE=1.371)
one("slower at its pitch, as heard", "heard", order={"mode": "heard"}, D_PLAYRATE=0.8, B_PPITCH=1)
one("pitched, by the accessor", "accessor", order={"mode": "accessor"}, D_PITCH=3, D_PLAYRATE=0.9, B_PPITCH=1)

# Levels.
one("with fades", D_FADEINLEN=0.2, D_FADEOUTLEN=0.3, C_FADEINSHAPE=1, C_FADEOUTSHAPE=5)
one("with an automatic fade", D_FADEINLEN_AUTO=0.1, D_FADEINLEN=0.01, D_FADEOUTLEN_AUTO=0.2)
one("quieter and panned", D_VOL=0.31, D_PAN=-0.4, track_D_VOL=0.8, track_D_PAN=0.25)
one("a track of turned polarity", D_LENGTH=0.9, track_B_PHASE=1, D_PAN=0.3)
one("louder than full scale", D_VOL=4, order={"mode": "heard"}, mode="heard")
one("with fades, as heard", "heard", order={"mode": "heard"}, D_FADEINLEN=0.2, D_FADEOUTLEN=0.3, D_VOL=0.5)
one("with fades, by the accessor", "accessor", order={"mode": "accessor"}, D_FADEINLEN=0.2, D_VOL=0.5)

# Rates and channels.
one("48 kHz", rate=48000)
one("96 kHz at an odd position", rate=96000, D_POSITION=0.1111111)
one("88.2 kHz, trimmed", rate=88200, D_STARTOFFS=0.1, D_LENGTH=0.7)
one("22.05 kHz", rate=22050)
one("96 kHz, as heard", "heard", order={"mode": "heard"}, rate=96000, D_POSITION=0.1111111)
one("48 kHz, by the accessor", "accessor", order={"mode": "accessor"}, rate=48000, D_POSITION=0.1111111)
one("mono", channels=1)
one("mono, as heard", "heard", order={"mode": "heard"}, channels=1, D_PAN=0.5)
one("mono, by the accessor", "accessor", order={"mode": "accessor"}, channels=1)
one("FLAC", suffix=".flac")
one("left and right exchanged", "heard", I_CHANMODE=1)
one("the left channel only", "heard", I_CHANMODE=3)
one("mixed down, by the accessor", "accessor", order={"mode": "accessor"}, I_CHANMODE=2)

# Where the stems go, and what becomes of the original.
one("into a folder", order={"where": "folder"}, track_D_VOL=0.7)
one("as takes", order={"where": "takes"}, D_POSITION=0.1234567, D_STARTOFFS=0.1)
one("as takes that replace it", order={"where": "takes", "original": "mute_item"}, D_PLAYRATE=1.1)
one("the original item muted", order={"original": "mute_item"})
one("the original track muted", order={"original": "mute_track"})


@layout("in lanes", order={"where": "lanes"}, audible=False)
def _(stage: Stage) -> None:
    stage.item(D_POSITION=0.4567891)


@layout("in lanes that replace it", order={"where": "lanes", "original": "mute_item"})
def _(stage: Stage) -> None:
    stage.item()


@layout("six channels")
def _(stage: Stage) -> None:
    stage.channels = stage.host.project.master.values["I_NCHAN"] = 6
    stage.item(track=stage.track(nchan=6), channels=6, rate=48000)


@layout("six channels, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    stage.channels = stage.host.project.master.values["I_NCHAN"] = 6
    stage.item(track=stage.track(nchan=6), channels=6, D_POSITION=0.3333333)


@layout("a take of turned polarity")
def _(stage: Stage) -> None:
    _take(stage.item(D_STARTOFFS=0.1))["D_VOL"] = -0.5


@layout("take envelopes")
def _(stage: Stage) -> None:
    take = _take(stage.item(D_PLAYRATE=1.25))
    material.curve(take, "Volume", (0.1, 1), (0.5, 0.2, 2), (0.8, 1.2))
    material.curve(take, "Pan", (0, -1), (0.9, 1))


@layout("take envelopes, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    take = _take(stage.item(D_POSITION=0.1234567))
    material.curve(take, "Volume", (0.1, 1), (0.5, 0.2), (0.8, 1.2))
    material.curve(take, "Mute", (0, 1, 1), (0.31003, 0, 1), (0.42003, 1, 1))


@layout("take envelopes, by the accessor", "accessor", order={"mode": "accessor"})
def _(stage: Stage) -> None:
    material.curve(_take(stage.item(D_PLAYRATE=0.8)), "Volume", (0.1, 1), (0.5, 0.2), (0.8, 1.2))


@layout("stretch markers")
def _(stage: Stage) -> None:
    item = stage.item(D_STARTOFFS=0.1, D_LENGTH=0.8, B_PPITCH=1)
    _take(item).stretch((0.0, 0.1), (0.3, 0.45), (0.8, 0.9))


@layout("stretch markers, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    _take(stage.item(D_LENGTH=0.8)).stretch((0.0, 0.0), (0.3, 0.45), (0.8, 0.9))


@layout("stretch markers, by the accessor", "accessor", order={"mode": "accessor"})
def _(stage: Stage) -> None:
    _take(stage.item(D_LENGTH=0.8)).stretch((0.0, 0.0), (0.3, 0.45), (0.8, 0.9))


@layout("backwards", "heard")
def _(stage: Stage) -> None:
    material.section(stage.item(), 0, 1, reverse=True)


@layout("backwards, by the accessor", "accessor", order={"mode": "accessor"})
def _(stage: Stage) -> None:
    material.section(stage.item(D_LENGTH=0.7), 0.1, 0.8, reverse=True)


@layout("a silence in the middle, by the accessor", "accessor", order={"mode": "accessor"})
def _(stage: Stage) -> None:
    path = stage.file()
    wave, rate = soundfile.read(path, dtype="float32")
    wave[12000:30000] = 0
    soundfile.write(path, wave, rate, subtype="FLOAT")
    stage.track().add_item(path, position=0.25).select()


@layout("a section")
def _(stage: Stage) -> None:
    material.section(stage.item(D_LENGTH=0.5, D_STARTOFFS=0.1), 0.25, 0.7)


@layout("a section that loops", "heard")
def _(stage: Stage) -> None:
    material.section(stage.item(D_LENGTH=1.2, B_LOOPSRC=1), 0.25, 0.5)


@layout("effects of the take", "heard")
def _(stage: Stage) -> None:
    material.effect(_take(stage.item()), "JS: low-pass", 0.8)


@layout("effects of the take, from the file", order={"mode": "source"})
def _(stage: Stage) -> None:
    material.effect(_take(stage.item()), "JS: low-pass", 0.8)


@layout("effects of the track")
def _(stage: Stage) -> None:
    item = stage.item(track_D_PAN=0.2)
    material.effect(item.track, "ReaDelay", 0.2)
    material.effect(item.track, "JS: low-pass", 0.7)


@layout("effects of the track, as heard", "heard", order={"mode": "heard"}, rings=True)
def _(stage: Stage) -> None:
    item = stage.item(track_D_PAN=0.2)
    material.effect(item.track, "JS: gain", 0.3)
    material.effect(item.track, "JS: low-pass", 0.7)


@layout("effects of the track, stems in a folder", order={"where": "folder"})
def _(stage: Stage) -> None:
    material.effect(stage.item().track, "JS: low-pass", 0.9)


@layout("playback offset")
def _(stage: Stage) -> None:
    stage.item(track_D_PLAY_OFFSET=0.0123, track_I_PLAY_OFFSET_FLAG=0)


@layout("playback offset, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    stage.item(track_D_PLAY_OFFSET=0.0123, track_I_PLAY_OFFSET_FLAG=0)


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
