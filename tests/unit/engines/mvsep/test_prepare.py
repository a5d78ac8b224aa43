"""The upload: neutral, at a level with headroom, the same bytes each time, in memory that doesn't grow."""

from __future__ import annotations

import hashlib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Progress
from stembridge.engines.mvsep import prepare
from stembridge.model.errors import Cancelled, InputError, LimitError
from stembridge.mvsep.plans import FREE, PREMIUM
from tests.fakes.mvsep import no, quiet, region_of


def _prepared(region: RegionFile, folder: Path, **wishes: object) -> tuple[Path, int]:
    plan = wishes.get("plan", FREE)
    sep_type = wishes.get("sep_type", 40)
    return prepare.prepare(region, sep_type, plan, folder, progress=quiet, cancelled=no)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=300)
@given(st.floats(min_value=1e-30, max_value=1e30, allow_subnormal=False))
def test_the_gain_leaves_headroom_and_is_a_power_of_two(peak: float) -> None:
    exponent = prepare.exponent_for(peak)
    assert peak * 2.0**exponent <= 0.5
    assert exponent == prepare.MOST or peak * 2.0 ** (exponent + 1) > 0.5


@pytest.mark.parametrize(
    ("peak", "exponent"), [(0.5, 0), (1.0, -1), (0.25, 1), (0.0, 0), (1e-9, 10), (4.1, -4)]
)
def test_gains_that_can_be_worked_out_by_hand(peak: float, exponent: int) -> None:
    assert prepare.exponent_for(peak) == exponent


@pytest.mark.parametrize("level", [1e-3, 1.0, 30.0, 5000.0])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_any_level_comes_back_once_the_gain_is_undone(tmp_path: Path, level: float, rate: int) -> None:
    region = region_of(tmp_path, frames=9_000, rate=rate)
    samples = sf.read(region.path, dtype="float32", always_2d=True)[0] * np.float32(level)
    sf.write(region.path, samples, rate, subtype="FLOAT")
    loud = replace(region, peak=float(np.abs(samples).max()))
    path, exponent = _prepared(loud, tmp_path)
    got, got_rate = sf.read(path, dtype="float64", always_2d=True)
    assert got_rate == 44_100
    assert np.abs(got).max() <= 0.5 + 2**-23
    if rate == 44_100:
        assert np.abs(got * 2.0**-exponent - samples).max() <= 2.0 ** (-24 - exponent)
    else:
        assert len(got) == round(9_000 * 44_100 / 48_000)


def test_the_same_region_gives_the_same_bytes_and_no_tags(tmp_path: Path) -> None:
    region = region_of(tmp_path, rate=96_000)
    digests = {hashlib.sha256(_prepared(region, tmp_path)[0].read_bytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1
    head = (tmp_path / prepare.NAME).read_bytes()[:8192]
    assert b"=" not in head.split(b"libFLAC")[-1][:64]
    assert {path.name for path in tmp_path.iterdir()} == {"source.wav", "region.wav", prepare.NAME}


def test_progress_only_grows_and_ends_whole(tmp_path: Path) -> None:
    told: list[Progress] = []
    region = region_of(tmp_path, rate=48_000, frames=200_000)
    prepare.prepare(region, 40, FREE, tmp_path, progress=told.append, cancelled=no)
    assert [step.done for step in told] == sorted(step.done for step in told)
    assert told[-1].done == told[-1].total


def test_what_is_too_big_at_24_bit_is_sent_at_16_with_dither(tmp_path: Path) -> None:
    region = region_of(tmp_path, frames=60_000)
    path, exponent = _prepared(region, tmp_path)
    size = path.stat().st_size
    tight = replace(FREE, megabytes=(size - 1) / 1_000_000)  # type: ignore[arg-type]
    path, same = _prepared(region, tmp_path, plan=tight)
    assert sf.info(path).subtype == "PCM_16"
    assert prepare.bits_of(path) == 16
    assert same == exponent
    assert path.stat().st_size < size
    mix = sf.read(region.path, dtype="float64", always_2d=True)[0]
    off = sf.read(path, dtype="float64", always_2d=True)[0] * 2.0**-exponent - mix
    assert 20 * np.log10(np.sqrt(np.mean(off**2))) < -90


def test_what_is_too_big_either_way_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    region = region_of(tmp_path)
    with pytest.raises(LimitError) as caught:
        _prepared(region, tmp_path, plan=replace(FREE, megabytes=0))
    assert "free" in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / prepare.NAME).exists()


@pytest.mark.parametrize(
    ("channels", "sep_type", "fits"), [(2, 40, True), (3, 40, False), (8, 43, True), (9, 43, False)]
)
def test_channels(channels: int, sep_type: int, fits: bool) -> None:
    if fits:
        prepare.check_channels(channels, sep_type)
        return
    with pytest.raises(InputError) as caught:
        prepare.check_channels(channels, sep_type)
    assert caught.value.code == "channels"
    assert caught.value.hint


def test_a_cancel_leaves_nothing(tmp_path: Path) -> None:
    region = region_of(tmp_path, frames=300_000)
    looks = iter([False] * 3)
    with pytest.raises(Cancelled):
        prepare.prepare(region, 40, PREMIUM, tmp_path, progress=quiet, cancelled=lambda: next(looks, True))
    assert {path.name for path in tmp_path.iterdir()} == {"source.wav", "region.wav"}


def test_a_region_that_changed_or_vanished_is_a_sentence(tmp_path: Path) -> None:
    region = region_of(tmp_path)
    with pytest.raises(InputError) as caught:
        _prepared(replace(region, frames=region.frames + 1), tmp_path)
    assert caught.value.code == "source_changed"
    region.path.unlink()
    with pytest.raises(InputError):
        _prepared(region, tmp_path)


@pytest.mark.parametrize("frames", [1, 2, 17])
def test_the_shortest_regions(tmp_path: Path, frames: int) -> None:
    path, _ = _prepared(region_of(tmp_path, frames=frames), tmp_path)
    assert sf.info(path).frames == frames


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for number, frames in enumerate((400_000, 1_600_000)):
        region = region_of(tmp_path / str(number), frames=frames, rate=48_000)
        tracemalloc.start()
        _prepared(region, tmp_path / str(number))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 2_000_000
