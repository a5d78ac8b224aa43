"""Accessor mode: a take read in slices, with the accessor's own traps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stembridge.jobs.request import SeparateRequest, parse
from tests.fakes.reaper import Item, Reaper, Source, Track
from tests.lua import desk, material
from tests.lua.desk import send

RATE = 44_100


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return material.write(tmp_path / "Media" / "keys.wav", 3.0, RATE, 2)


@pytest.fixture
def track(host: Reaper) -> Track:
    desk.install(host)
    return host.project.add_track("Keys")


def lay(track: Track, path: Path, **values: Any) -> Item:
    position = values.pop("position", 7.25)
    return track.add_item(path, position=position, **values).select()


def test_the_item_is_read_from_its_start(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav, startoffs=0.5, length=1.25, vol=0.5, fadeinlen=0.5)
    host.project.play_state = 5  # it disturbs nothing
    sent = send(host, mode="accessor")
    (request,) = sent.requests
    assert isinstance(parse(request), SeparateRequest)
    context = request["host_context"]
    frames = RATE * 5 // 4
    assert context["span"] == {"frame0": 0, "frames": frames + 1 if frames * 4 < RATE * 5 else frames,
                               "rate": RATE, "channels": 2}  # fmt: skip
    assert context["stem"] == {
        "position": 7.25, "length": 1.25, "startoffs": 0.0, "playrate": 1.0, "loop": False,
    }  # fmt: skip
    assert (context["mode"], context["fx"]) == ("accessor", "copy")
    read = sent.audio()
    wanted = soundfile.read(wav, always_2d=True)[0][RATE // 2 :][: len(read)]
    assert np.array_equal(read, wanted)  # neither volume nor fade is in it
    assert item.position == 7.25
    assert host.accessors == [] or all(accessor.destroyed for accessor in host.accessors)


def test_the_play_rate_is_printed(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, playrate=2.0, length=1.5)
    assert len(send(host, mode="accessor").audio()) == RATE * 3 // 2


def test_silence_inside_is_silence_and_no_end(host: Reaper, track: Track, tmp_path: Path) -> None:
    sound = material.wave(3.0, RATE, 2)
    sound[RATE // 2 : 2 * RATE] = 0
    path = tmp_path / "gap.wav"
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    lay(track, path)
    read = send(host, mode="accessor").audio()
    assert np.array_equal(read, sound.astype(np.float64))


@pytest.mark.parametrize(("mode", "channels"), [(0, 2), (1, 2), (2, 1), (3, 1), (4, 1), (67, 2)])
def test_channel_modes_are_printed(host: Reaper, track: Track, wav: Path, mode: int, channels: int) -> None:
    lay(track, wav, chanmode=mode, length=0.5)
    sent = send(host, mode="accessor")
    assert sent.audio().shape == (RATE // 2, channels)
    left, right = soundfile.read(wav)[0][: RATE // 2].T
    first = {0: left, 1: right, 2: (left + right) / 2, 3: left, 4: right, 67: left}[mode]
    assert np.abs(sent.audio()[:, 0] - first).max() < 1e-6


def test_six_channels(host: Reaper, track: Track, tmp_path: Path) -> None:
    path = material.write(tmp_path / "six.wav", 1.0, RATE, 6)
    lay(track, path)
    assert np.array_equal(send(host, mode="accessor").audio(), soundfile.read(path)[0])


def test_a_reversed_item(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    source = Source.from_file(wav)
    assert source
    material.active(item).source = Source.section(source, 0.0, 3.0, reverse=True)
    read = send(host, mode="accessor").audio()
    assert np.array_equal(read, soundfile.read(wav)[0][::-1])


def test_it_is_read_in_many_ticks_within_the_budget(host: Reaper, track: Track, tmp_path: Path) -> None:
    path = material.write(tmp_path / "long.wav", 12.0, RATE, 2)
    lay(track, path)
    ended = desk.begin(host, mode="accessor")
    ticks = 0
    while not ended:
        host.tick()
        ticks += 1
    assert ticks > 20
    assert np.array_equal(ended[0].audio(), soundfile.read(path)[0])


def test_a_change_meanwhile_stops_it(host: Reaper, track: Track, tmp_path: Path) -> None:
    lay(track, material.write(tmp_path / "long.wav", 12.0, RATE, 2))
    ended = desk.begin(host, mode="accessor")
    host.tick(4)
    host.lua.execute(
        "local item = reaper.GetSelectedMediaItem(0, 0) "
        "reaper.SetMediaItemTakeInfo_Value(reaper.GetActiveTake(item), 'D_STARTOFFS', 1.0)"
    )
    host.run_until(lambda: ended, seconds=5, pause=0)
    assert "changed while it was read" in (ended[0].sentence or "")
    assert desk.leftovers() == []
    assert host.accessors == [] or all(accessor.destroyed for accessor in host.accessors)


def test_cancelling_closes_the_accessor_and_removes_the_file(
    host: Reaper, track: Track, tmp_path: Path
) -> None:
    lay(track, material.write(tmp_path / "long.wav", 12.0, RATE, 2))
    ended = desk.begin(host, mode="accessor")
    host.tick(4)
    assert any(name.endswith("input.wav.part") for name in desk.leftovers())
    host.lua.execute("handle:cancel()")
    assert ended[0].sentence == "Cancelled."
    assert desk.leftovers() == []
    assert host.accessors == [] or all(accessor.destroyed for accessor in host.accessors)


@pytest.mark.parametrize("case", ["midi", "part", "fx"])
def test_what_it_does_not_read(host: Reaper, track: Track, wav: Path, case: str) -> None:
    item = lay(track, wav)
    words = {"midi": "is MIDI", "part": "Only whole items", "fx": "effects of its own"}[case]
    if case == "midi":
        material.active(item).source = Source("MIDI")
    elif case == "part":
        track["P_RAZOREDITS"] = '8.0 9.0 ""'
    else:
        material.active(item).add_fx("gain")
    assert words in desk.describe(host, mode="accessor")["refusal"]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(channels=st.integers(1, 9), pieces=st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_the_writer_writes_floats_whatever_the_pieces(
    tmp_path_factory: pytest.TempPathFactory, channels: int, pieces: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("wav")
    frames = sum(pieces)
    sound = np.random.default_rng(frames).normal(0, 1, (frames, channels)).astype(np.float32)
    with Reaper(folder) as host:
        wav = host.require("wav")
        path = folder / "é.wav"
        writer = wav["create"](str(path), 44_100, channels, frames)
        at = 0
        for piece in pieces:
            flat = sound[at : at + piece].ravel().tolist()
            assert writer["append"](writer, host.lua.value(flat), len(flat)) is True
            assert not path.exists()
            at += piece
        assert writer["finish"](writer) is True
    assert np.array_equal(soundfile.read(path, always_2d=True, dtype="float32")[0], sound)
    assert soundfile.info(path).subtype == "FLOAT"


def test_a_file_that_is_not_whole_never_appears(host: Reaper, tmp_path: Path) -> None:
    wav = host.require("wav")
    path = tmp_path / "x.wav"
    writer = wav["create"](str(path), 44_100, 1, 10)
    writer["append"](writer, host.lua.value([0.5] * 9), 9)
    fine, sentence = writer["finish"](writer)
    assert fine is None
    assert "can't be written" in sentence
    assert list(tmp_path.glob("x.wav*")) == []
    refused, sentence = wav["create"](str(path), 192_000, 64, 10**9)
    assert refused is None
    assert "too long" in sentence
    refused, sentence = wav["create"](str(tmp_path / "no folder" / "x.wav"), 44_100, 1, 1)
    assert refused is None
