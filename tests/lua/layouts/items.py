"""One item: where it lies, how it plays, and where its stems go."""

from __future__ import annotations

import soundfile

from tests.lua import material
from tests.lua.layouts.base import layout, one
from tests.lua.material import active
from tests.lua.stage import Stage

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
    active(stage.item(D_STARTOFFS=0.1))["D_VOL"] = -0.5


@layout("take envelopes")
def _(stage: Stage) -> None:
    take = active(stage.item(D_PLAYRATE=1.25))
    material.curve(take, "Volume", (0.1, 1), (0.5, 0.2, 2), (0.8, 1.2))
    material.curve(take, "Pan", (0, -1), (0.9, 1))


@layout("take envelopes, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    take = active(stage.item(D_POSITION=0.1234567))
    material.curve(take, "Volume", (0.1, 1), (0.5, 0.2), (0.8, 1.2))
    material.curve(take, "Mute", (0, 1, 1), (0.31003, 0, 1), (0.42003, 1, 1))


@layout("take envelopes, by the accessor", "accessor", order={"mode": "accessor"})
def _(stage: Stage) -> None:
    material.curve(active(stage.item(D_PLAYRATE=0.8)), "Volume", (0.1, 1), (0.5, 0.2), (0.8, 1.2))


@layout("stretch markers")
def _(stage: Stage) -> None:
    item = stage.item(D_STARTOFFS=0.1, D_LENGTH=0.8, B_PPITCH=1)
    active(item).stretch((0.0, 0.1), (0.3, 0.45), (0.8, 0.9))


@layout("stretch markers, as heard", "heard", order={"mode": "heard"})
def _(stage: Stage) -> None:
    active(stage.item(D_LENGTH=0.8)).stretch((0.0, 0.0), (0.3, 0.45), (0.8, 0.9))


@layout("stretch markers, by the accessor", "accessor", order={"mode": "accessor"})
def _(stage: Stage) -> None:
    active(stage.item(D_LENGTH=0.8)).stretch((0.0, 0.0), (0.3, 0.45), (0.8, 0.9))


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
    material.effect(active(stage.item()), "JS: low-pass", 0.8)


@layout("effects of the take, from the file", order={"mode": "source"})
def _(stage: Stage) -> None:
    material.effect(active(stage.item()), "JS: low-pass", 0.8)


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
