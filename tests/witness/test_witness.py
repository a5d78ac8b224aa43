"""The witness himself: he hears what the rules say, notices the least fault, and knows nobody's code."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.witness import nulling, playing, reading
from tests.witness.hearing import Place, hear
from tests.witness.playing import Wave

RATE = 44100
HERE = Path(__file__).parent

ITEM = """
    <ITEM
      POSITION {position}
      LENGTH {length}
      LOOP {loop}
      FADEIN 1 {fade} 0 1 0 0 0
      FADEOUT 1 0 0 1 0 0 0
      MUTE {mute} 0
      IGUID {{I-{guid}}}
      NAME "{guid}"
      VOLPAN {volume} {pan} {take_volume} -1
      SOFFS {offset}
      PLAYRATE {rate} {keep} {pitch} -1 0 0.0025
      CHANMODE {channels}
      GUID {guid}
      <SOURCE WAVE
        FILE "{file}"
      >
    >"""
PLAIN: dict[str, object] = {
    "position": 0.25, "length": 1.0, "loop": 0, "fade": 0, "mute": 0, "volume": 1, "pan": 0, "take_volume": 1,
    "offset": 0, "rate": 1, "keep": 0, "pitch": 0, "channels": 0, "file": "a.wav",
}  # fmt: skip


def sound(seconds: float = 1.0, rate: int = RATE, channels: int = 2) -> Wave:
    """Give noise without high notes."""
    raw = np.random.default_rng(3).normal(0, 0.2, (round(seconds * rate), channels))
    return np.asarray(soxr.resample(soxr.resample(raw, rate, rate // 3), rate // 3, rate)[: len(raw)])


class Desk:
    """A folder with a file and projects that play it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wave = sound()
        self.write("a.wav", self.wave)

    def write(self, name: str, wave: Wave, rate: int = RATE) -> None:
        soundfile.write(self.folder / name, wave, rate, subtype="DOUBLE")

    def project(
        self, *items: str, name: str = "p.rpp", track: str = "SEL 0", at: int = RATE
    ) -> reading.Project:
        head = f'<REAPER_PROJECT 0.1 "7.62/linux" 1\n  SAMPLERATE {at} 1 0\n  <TRACK {{T}}\n    {track}'
        path = self.folder / name
        path.write_text(f"{head}{''.join(items)}\n  >\n>\n", encoding="utf-8")
        return reading.read(path)

    def heard(self, track: str = "SEL 0", at: int = RATE, **values: object) -> Wave:
        """Give two seconds of a project with one item."""
        project = self.project(item("{A}", **values), track=track, at=at)
        return hear(project, ["{A}"], Place(0, 2 * at, at))


def item(guid: str, **values: object) -> str:
    return ITEM.format(**PLAIN | values, guid=guid)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_item_lies_where_it_lies(desk: Desk) -> None:
    heard = desk.heard()
    assert np.array_equal(heard[11025 : 11025 + RATE], desk.wave)
    assert not heard[:11025].any()
    assert not heard[11025 + RATE :].any()


def test_an_offset_and_a_length_cut(desk: Desk) -> None:
    heard = desk.heard(offset=0.1, length=0.2)
    assert np.array_equal(heard[11025 : 11025 + 8820], desk.wave[4410 : 4410 + 8820])
    assert np.count_nonzero(heard.any(axis=1)) == 8820


def test_a_loop_goes_round(desk: Desk) -> None:
    heard = desk.heard(loop=1, length=1.5)
    assert np.array_equal(heard[11025 + RATE : 11025 + RATE + 22050], desk.wave[:22050])
    assert not desk.heard(length=1.5)[11025 + RATE :].any()


def test_volume_pan_fade_and_track(desk: Desk) -> None:
    heard = desk.heard(volume=0.5, take_volume=-0.5, pan=0.25, fade=0)
    assert np.allclose(heard[11025 : 11025 + RATE], desk.wave * [-0.25 * 0.75, -0.25])
    heard = desk.heard(track="VOLPAN 0.5 -1 -1 -1 1\n    IPHASE 1")
    assert np.allclose(heard[11025 : 11025 + RATE], desk.wave * [-0.5, 0])
    faded = desk.heard(fade=0.5)[11025 : 11025 + RATE]
    along = np.minimum(np.arange(RATE) / 22050, 1)
    assert np.allclose(faded, desk.wave * (1 - (1 - along) ** 2)[:, None])


def test_what_is_muted_is_silent(desk: Desk) -> None:
    assert not desk.heard(mute=1).any()
    assert not desk.heard(track="MUTESOLO 1 0 0").any()
    project = desk.project(item("{A}", mute=1))
    assert hear(project, ["{A}"], Place(0, RATE, RATE), mutes=False).any()


def test_half_the_rate_is_twice_as_long(desk: Desk) -> None:
    heard = desk.heard(rate=0.5, length=1.5)
    assert np.allclose(heard[11025 : 11025 + 60000 : 2], desk.wave[:30000])


@pytest.mark.parametrize(
    ("source", "project"), [(48000, 44100), (44100, 48000), (96000, 44100), (22050, 44100)]
)
def test_other_rates_are_as_soxr_hears_them(desk: Desk, source: int, project: int) -> None:
    wave = sound(1.0, source)
    wave = np.asarray(soxr.resample(soxr.resample(wave, source, 14000), 14000, source)[:source])
    desk.write("a.wav", wave, source)
    heard = desk.heard(position=0, at=project)[:project]
    wanted = soxr.resample(wave, source, project, quality="VHQ")[: len(heard)]
    middle = slice(3000, -3000)
    assert nulling.decibels(float(np.abs(heard[middle] - wanted[middle]).max())) < -60


def test_a_pitch_moves_a_tone(desk: Desk) -> None:
    time = np.arange(RATE) / RATE
    desk.write("a.wav", np.stack([np.sin(2 * np.pi * 441 * time)] * 2, axis=1) * 0.5)
    up = desk.heard(pitch=12, keep=1)[11025 + 4410 : 11025 + 4410 + 22050, 0]
    assert abs(np.argmax(np.abs(np.fft.rfft(up))) * 2 - 882) <= 26  # grains leave 50 Hz beside it
    slow = desk.heard(rate=0.5, keep=1, length=1.5)[11025 : 11025 + 44100, 0]
    assert abs(np.argmax(np.abs(np.fft.rfft(slow))) - 441) <= 26


@pytest.mark.parametrize(
    ("mode", "wanted"), [(1, [1, 0]), (2, None), (3, [0, 0]), (4, [1, 1]), (5, "silence"), (67, [0, 1])]
)
def test_channel_modes(desk: Desk, mode: int, wanted: list[int] | str | None) -> None:
    heard = desk.heard(channels=mode)[11025 : 11025 + RATE]
    if wanted is None:
        assert np.allclose(heard, desk.wave.mean(axis=1, keepdims=True))
    elif wanted == "silence":
        assert not heard.any()
    else:
        assert np.array_equal(heard, desk.wave[:, [int(number) for number in wanted]])


def test_a_section_and_its_reverse(desk: Desk) -> None:
    whole = reading.Media("WAVE", path=desk.folder / "a.wav")
    cut = reading.Media("SECTION", start=0.1, length=0.2, inner=whole)
    assert np.array_equal(playing.load(cut)[0], desk.wave[4410 : 4410 + 8820])
    turned = reading.Media("SECTION", start=0.1, length=0.2, backwards=True, inner=whole)
    assert np.array_equal(playing.load(turned)[0], desk.wave[4410 : 4410 + 8820][::-1])
    behind = reading.Media("SECTION", start=0.9, length=0.2, inner=whole)
    assert not playing.load(behind)[0][4410:].any()


# What a fault of an import would look like: each must be far above the limit of the layouts, -120 dBFS.


def stems(desk: Desk) -> reading.Project:
    """Lay two halves of the sound beside the original."""
    part = np.random.default_rng(5).uniform(0, 1, desk.wave.shape) * desk.wave
    desk.write("one.wav", part)
    desk.write("two.wav", desk.wave - part)
    return desk.project(item("{A}"), name="stems.rpp")


FAULTS: dict[str, tuple[dict[str, object], int | None]] = {
    "one sample late": ({"position": 0.25 + 1 / RATE}, 1),
    "one sample early": ({"position": 0.25 - 1 / RATE}, -1),
    "a thousandth of a sample late": ({"position": 0.25 + 0.001 / RATE}, 0),
    "read a sample too far": ({"offset": 1 / RATE}, -1),
    "a thousandth of a decibel": ({"volume": 10 ** (0.001 / 20)}, 0),
    "polarity": ({"volume": -1}, None),
    "a rate of one in a million": ({"rate": 1.000001}, 0),
    "one sample short": ({"length": 1 - 1 / RATE}, 0),
    "a default fade": ({"fade": 0.01}, 0),
    "a pan": ({"pan": 0.001}, 0),
    "swapped": ({"channels": 1}, None),
    "muted": ({"mute": 1}, None),
}


@pytest.mark.parametrize("name", ["right", *FAULTS])
def test_a_fault_is_noticed(desk: Desk, name: str) -> None:
    values, offset = FAULTS.get(name, ({}, 0))
    place = Place(0, 2 * RATE, RATE)
    original = hear(stems(desk), ["{A}"], place)
    pieces = [item(guid, file=file, **values) for guid, file in (("{B}", "one.wav"), ("{C}", "two.wav"))]
    null = nulling.compare(original, hear(desk.project(*pieces), ["{B}", "{C}"], place))
    if name == "right":
        assert null.peak < -280
        assert null.offset == 0
    else:
        assert null.peak > -100
        if offset is not None:
            assert null.offset == offset


def test_a_missing_stem_is_noticed(desk: Desk) -> None:
    place = Place(0, 2 * RATE, RATE)
    original = hear(stems(desk), ["{A}"], place)
    heard = hear(desk.project(item("{B}", file="one.wav")), ["{B}"], place)
    assert nulling.compare(original, heard).peak > -20


def test_silence_has_no_offset() -> None:
    null = nulling.compare(np.zeros((10, 2)), np.zeros((10, 2)))
    assert (null.offset, null.peak, null.level) == (None, nulling.SILENCE, nulling.SILENCE)
    with pytest.raises(ValueError, match="shapes"):
        nulling.compare(np.zeros((10, 2)), np.zeros((11, 2)))


def test_a_take_that_isn_t_there_is_no_silence(desk: Desk) -> None:
    with pytest.raises(reading.UnreadableProjectError, match="no takes"):
        hear(desk.project(item("{A}")), ["{Z}"], Place(0, 10, RATE))


@pytest.mark.parametrize("path", sorted(HERE.glob("[!_]*.py")), ids=lambda path: path.stem)
def test_he_shares_no_code_with_those_he_watches(path: Path) -> None:
    allowed = {"tests.witness", "numpy", "scipy", "soundfile", "soxr", "reaper_parser", "rpp", "pytest"}
    standard = {"__future__", "ast", "collections", "dataclasses", "functools", "pathlib"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name is not None
            assert name.startswith("tests.witness") or name.split(".")[0] in allowed | standard, name
