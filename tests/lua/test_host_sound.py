"""The stand-in host's audio against the witness, who works it out again from the .RPP alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.fakes.reaper import render, rpp
from tests.fakes.reaper.items import Item
from tests.fakes.reaper.project import Project
from tests.lua import material
from tests.witness import nulling, reading
from tests.witness.hearing import Place, hear

FLOAT = "ZXZhdyAAAA=="


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.texts |= {"RENDER_FILE": str(tmp_path / "out"), "RENDER_PATTERN": "heard", "RENDER_FORMAT": FLOAT}
    made.numbers |= {"RENDER_TAILFLAG": 0, "RENDER_BOUNDSFLAG": 0, "RENDER_ENDPOS": 2.0}
    return made


def both(project: Project, folder: Path) -> nulling.Null:
    """Render the project's first two seconds, and hold it against the witness."""
    rate, channels = render.rate_of(project), int(project.numbers["RENDER_CHANNELS"])
    (path,) = render.render(project)
    rendered, _ = soundfile.read(path, always_2d=True)
    project.numbers["RENDER_SETTINGS"] = 0
    read = reading.read(rpp.write(project, folder / "project.rpp"))
    takes = [item.takes[item.selected_take].guid for t in read.tracks for item in t.items if item.takes]
    heard = hear(read, takes, Place(0, len(rendered), rate, channels))
    return nulling.compare(rendered, heard)


def agree(project: Project, folder: Path) -> None:
    null = both(project, folder)
    assert null.level > -60, null
    assert null.peak < -135, null
    assert null.offset == 0, null


VALUES: dict[str, dict[str, float]] = {
    "plain": {},
    "odd position": {"D_POSITION": 0.1234567},
    "odd offset": {"D_STARTOFFS": 0.0771234},
    "trimmed": {"D_LENGTH": 0.777777},
    "looped": {"B_LOOPSRC": 1, "D_LENGTH": 1.7},
    "past its end": {"D_LENGTH": 1.7},
    "looped with offset": {"B_LOOPSRC": 1, "D_LENGTH": 1.7, "D_STARTOFFS": 0.9},
    "negative offset": {"D_STARTOFFS": -0.25},
    "faster": {"D_PLAYRATE": 1.37},
    "slower": {"D_PLAYRATE": 0.61},
    "faster at its pitch": {"D_PLAYRATE": 1.37, "B_PPITCH": 1},
    "pitched": {"D_PITCH": -3.5, "B_PPITCH": 1},
    "pitched with its rate": {"D_PITCH": 2, "D_PLAYRATE": 0.8},
    "fades": {"D_FADEINLEN": 0.2, "D_FADEOUTLEN": 0.3},
    "fades 1 and 4": {"D_FADEINLEN": 0.2, "D_FADEOUTLEN": 0.3, "C_FADEINSHAPE": 1, "C_FADEOUTSHAPE": 4},
    "fades 2 and 5": {"D_FADEINLEN": 0.2, "D_FADEOUTLEN": 0.3, "C_FADEINSHAPE": 2, "C_FADEOUTSHAPE": 5},
    "fades 3 and 6": {"D_FADEINLEN": 0.2, "D_FADEOUTLEN": 0.3, "C_FADEINSHAPE": 3, "C_FADEOUTSHAPE": 6},
    "automatic fade": {"D_FADEINLEN": 0.01, "D_FADEINLEN_AUTO": 0.4},
    "swapped": {"I_CHANMODE": 1},
    "mixed down": {"I_CHANMODE": 2},
    "left": {"I_CHANMODE": 3},
    "right": {"I_CHANMODE": 4},
    "track": {"track_D_VOL": 0.5, "track_D_PAN": -0.3, "track_B_PHASE": 1},
    "playback offset": {"track_D_PLAY_OFFSET": 0.0123, "track_I_PLAY_OFFSET_FLAG": 0},
}


@pytest.fixture
def item(project: Project, tmp_path: Path) -> Item:
    """One item of 1.2 s at 0.25 s."""
    path = material.write(tmp_path / "a.wav", 1.2, 44100)
    return project.add_track("one").add_item(path, position=0.25)


@pytest.mark.parametrize("name", VALUES)
def test_host_and_witness_hear_the_same(project: Project, tmp_path: Path, item: Item, name: str) -> None:
    material.dress(item, **VALUES[name])
    agree(project, tmp_path)


def test_volumes(project: Project, tmp_path: Path, item: Item) -> None:
    item["D_VOL"] = 0.3
    material.active(item)["D_VOL"] = -1.5
    material.active(item)["D_PAN"] = 0.4
    project.master["D_VOL"] = 0.7
    agree(project, tmp_path)


def test_take_envelopes(project: Project, tmp_path: Path, item: Item) -> None:
    take = material.active(item)
    material.curve(take, "Volume", (0.1, 1), (0.5, 0.2, 2), (0.6, 0.4, 3), (0.7, 0.1, 4), (0.8, 1.2))
    material.curve(take, "Pan", (0, -1), (0.9, 1))
    material.curve(take, "Mute", (0, 1, 1), (0.31003, 0, 1), (0.42003, 1, 1))
    take["D_PLAYRATE"] = 1.25
    agree(project, tmp_path)


@pytest.mark.parametrize("keeps_pitch", [0, 1])
def test_stretch_markers(project: Project, tmp_path: Path, item: Item, keeps_pitch: int) -> None:
    material.dress(item, B_PPITCH=keeps_pitch, D_PLAYRATE=1.1)
    material.active(item).stretch((0.05, 0.05), (0.4, 0.3), (0.9, 0.95))
    agree(project, tmp_path)


def test_backwards(project: Project, tmp_path: Path, item: Item) -> None:
    material.section(item, 0.0, 1.2, reverse=True)
    agree(project, tmp_path)


def test_looped_section(project: Project, tmp_path: Path, item: Item) -> None:
    material.section(item, 0.3, 0.5)
    material.dress(item, D_LENGTH=1.1, B_LOOPSRC=1)
    agree(project, tmp_path)


@pytest.mark.parametrize("enabled", [0, 1])
def test_effects(project: Project, tmp_path: Path, item: Item, enabled: int) -> None:
    material.effect(material.active(item), "JS: low-pass", 0.8)
    material.effect(item.track, "VST: ReaDelay (Cockos)", 0.3)
    material.effect(item.track, "VST: ReaEQ (Cockos)")
    item.track["I_FXEN"] = enabled
    agree(project, tmp_path)


@pytest.mark.parametrize("rate", [22050, 48000, 88200, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_other_rates(project: Project, tmp_path: Path, rate: int, channels: int) -> None:
    track = project.add_track("one")
    track.add_item(material.write(tmp_path / "a.wav", 1.0, rate, channels), position=0.25)
    agree(project, tmp_path)


@pytest.mark.parametrize("srate", [48000, 22050, 0])
def test_other_rates_of_the_render(project: Project, tmp_path: Path, srate: int) -> None:
    project.numbers["RENDER_SRATE"] = srate
    project.add_track("one").add_item(material.write(tmp_path / "a.wav", 1.0, 44100), position=0.25)
    agree(project, tmp_path)


def test_six_channels(project: Project, tmp_path: Path) -> None:
    project.numbers["RENDER_CHANNELS"] = 6
    project.master["I_NCHAN"] = 6
    track = project.add_track("six", nchan=6)
    track.add_item(material.write(tmp_path / "a.wav", 1.0, 48000, 6), position=0.25)
    agree(project, tmp_path)


def test_folders_mutes_envelopes_and_lanes(project: Project, tmp_path: Path) -> None:
    path = material.write(tmp_path / "a.wav", 1.0, 44100)
    outer = project.add_track("outer", depth=1, vol=0.8)
    outer.add_fx("gain").parameters[0] = 0.4
    project.add_track("inner", depth=1, pan=0.5).add_item(path, position=0.5, length=0.4)
    project.add_track("deep", depth=-1).add_item(path, position=0.1)
    muted = project.add_track("muted", depth=-1)
    muted.add_item(path)
    muted["B_MUTE"] = 1
    last = project.add_track("last")
    last.add_item(path, position=0.9, mute=1)
    for name, points in {
        "Volume": [(0.2, 1.0), (0.9, 0.1)], "Pan": [(0.1, 0.0), (1.2, 0.6)], "Volume (Pre-FX)": [(0.0, 0.9)],
    }.items():  # fmt: skip
        for time, value in points:
            outer.envelope(name).add(time, value)
    agree(project, tmp_path)


def test_only_the_active_take_plays(project: Project, tmp_path: Path) -> None:
    item = project.add_track("one").add_item(material.write(tmp_path / "a.wav", 1.0, 44100), length=1.0)
    item.add_take(material.write(tmp_path / "b.wav", 1.0, 48000, seed=2), name="b", pan=-0.4, vol=0.6)
    agree(project, tmp_path)
    item["I_CURTAKE"] = 1
    project.texts["RENDER_PATTERN"] = "second"
    agree(project, tmp_path)


def test_resampling_is_as_good_as_soxr_in_the_middle(project: Project, tmp_path: Path) -> None:
    """The stand-in's own interpolation is a resampler, not just a rule: a tone keeps its shape."""
    time = np.arange(96000) / 96000
    tone = (0.5 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    soundfile.write(tmp_path / "tone.wav", tone, 96000, subtype="FLOAT")
    project.numbers["RENDER_ENDPOS"] = 1.0
    project.add_track("one").add_item(tmp_path / "tone.wav")
    (path,) = render.render(project)
    rendered, _ = soundfile.read(path)
    wanted = soxr.resample(tone, 96000, 44100, quality="VHQ")
    middle = slice(2000, -2000)
    assert nulling.decibels(float(np.abs(rendered[middle, 0] - wanted[middle]).max())) < -80
