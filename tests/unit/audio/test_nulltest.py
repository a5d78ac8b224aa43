from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.audio.nulltest import RUN, ClipCounter, Meter, decibels, measure_file, null_test
from stembridge.model.errors import TransferError
from tests.fakes.signals import delayed, mixed, music, save_region

RATE = 44_100


def _cut(audio: np.ndarray, places: list[int]) -> list[np.ndarray]:
    return np.split(audio, sorted({p % (len(audio) + 1) for p in places}))


@settings(deadline=None, max_examples=50)
@given(
    st.integers(1, 5000), st.integers(1, 3), st.lists(st.integers(0, 5000), max_size=6), st.integers(0, 99)
)
def test_a_meter_doesnt_care_where_blocks_are_cut(
    frames: int, channels: int, places: list[int], seed: int
) -> None:
    audio = np.random.default_rng(seed).standard_normal((frames, channels)).astype(np.float32)
    meter = Meter()
    for block in _cut(audio, places):
        meter.add(block)
    assert meter.frames == frames
    assert meter.peak == np.abs(audio).max()
    assert meter.rms == pytest.approx(np.sqrt(np.mean(audio.astype(np.float64) ** 2)), rel=1e-5)
    assert meter.finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_meter_remembers_what_is_no_number(bad: float) -> None:
    meter = Meter()
    block = np.zeros((100, 2), np.float32)
    for index in range(3):
        block[50, 1] = bad if index == 0 else 0.5
        meter.add(block)
    assert not meter.finite


def _runs(audio: np.ndarray) -> int:
    found = 0
    for channel in audio.T:
        text = "".join("x" if 1 - 2**-15 <= abs(v) <= 1 else " " for v in channel)
        found += sum(len(part) >= RUN for part in text.split(" "))
    return found


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from((0.0, 0.5, 1.0, -1.0, 32767 / 32768, 1.2)), min_size=1, max_size=80),
    st.integers(1, 2),
    st.lists(st.integers(0, 80), max_size=8),
)
def test_clipped_runs_are_counted_across_blocks(
    values: list[float], channels: int, places: list[int]
) -> None:
    audio = np.array(values * channels, np.float32).reshape(-1, channels)
    counter = ClipCounter(channels)
    for block in _cut(audio, places):
        counter.add(block)
    assert counter.runs == _runs(audio)


def test_overs_of_a_float_file_are_not_clipping() -> None:
    time = np.arange(RATE) / RATE
    loud = (1.5 * np.sin(2 * np.pi * 100 * time)).astype(np.float32).reshape(-1, 1)
    for audio, expected in ((loud, 0), (np.clip(loud, -1, 1), 200)):
        counter = ClipCounter(1)
        counter.add(audio)
        assert counter.runs == expected


def _files(folder: Path, stems: dict[str, np.ndarray]) -> list[Path]:
    for name, audio in stems.items():
        soundfile.write(folder / f"{name}.wav", audio, RATE, subtype="FLOAT")
    return [folder / f"{name}.wav" for name in stems]


def test_stems_in_place_null_and_stems_one_sample_off_do_not(tmp_path: Path) -> None:
    stems = music(2 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    null, levels = null_test(region, _files(tmp_path, stems))
    assert (decibels(null.rms) or -999) < -140
    assert [level.peak for level in levels] == [float(np.abs(a).max()) for a in stems.values()]
    off, _ = null_test(region, _files(tmp_path, {n: delayed(a, 1) for n, a in stems.items()}))
    assert (decibels(off.rms) or -999) > -50


def test_what_is_missing_is_what_is_left(tmp_path: Path) -> None:
    stems = music(2 * RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    drums = stems.pop("drums")
    null, _ = null_test(region, _files(tmp_path, stems))
    assert null.rms == pytest.approx(np.sqrt(np.mean(drums.astype(np.float64) ** 2)), rel=1e-4)
    assert null.peak == pytest.approx(np.abs(drums).max(), rel=1e-4)


def test_a_common_gain_is_undone(tmp_path: Path) -> None:
    stems = music(RATE)
    region = save_region(tmp_path, mixed(stems), RATE)
    paths = _files(tmp_path, {name: audio * np.float32(0.25) for name, audio in stems.items()})
    assert (decibels(null_test(region, paths, gain=0.25)[0].rms) or -999) < -140
    assert (decibels(null_test(region, paths)[0].rms) or -999) > -40


def test_a_shorter_and_a_longer_file_are_compared_where_they_are(tmp_path: Path) -> None:
    audio = music(70_000)["drums"]
    region = save_region(tmp_path, audio, RATE)
    longer, shorter = _files(tmp_path, {"a": delayed(audio, 0, 140_000), "b": audio[:1000] * 0})
    null, levels = null_test(region, [longer, shorter])
    assert null.peak == 0.0
    assert [level.frames for level in levels] == [140_000, 1000]


def test_files_that_are_no_stems_of_the_region_are_refused(tmp_path: Path) -> None:
    audio = music(1000)["drums"]
    region = save_region(tmp_path, audio, RATE)
    soundfile.write(tmp_path / "mono.wav", audio[:, 0], RATE)
    with pytest.raises(TransferError, match="1 channels"):
        null_test(region, [tmp_path / "mono.wav"])
    bad = audio.copy()
    bad[500, 0] = np.nan
    path = _files(tmp_path, {"bad": bad})[0]
    with pytest.raises(TransferError, match="not numbers"):
        null_test(region, [path])
    with pytest.raises(TransferError, match="not numbers"):
        measure_file(path, lambda _: None)
