"""Where a region is cut into parts."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio.joints import Cutting, count, cut, most, reach
from stembridge.audio.render import RegionFile
from stembridge.model.errors import Cancelled

RATE = 1000


def region(folder: Path, samples: NDArray[np.float32], rate: int = RATE) -> RegionFile:
    path = folder / "region.wav"
    sf.write(path, samples, rate, subtype="FLOAT")
    return RegionFile(path, len(samples), rate, samples.shape[1], 1.0, 0.1, "")


def steady(frames: int, channels: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, 0.1, (frames, channels)).astype(np.float32)


def made(folder: Path, samples: NDArray[np.float32], longest: int) -> Cutting:
    return cut(region(folder, samples), longest, cancelled=lambda: False)


def middle(cutting: Cutting, joint: int = 0) -> float:
    fade = cutting.fades[joint]
    return fade.first + fade.frames / 2


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(RATE + 1, 60_000),
    share=st.floats(0.02, 0.999),
    loud=st.lists(st.integers(0, 59_999), max_size=40),
)
def test_parts_cover_the_region_and_fades_lie_well_inside_their_overlaps(
    frames: int, share: float, loud: list[int]
) -> None:
    longest = min(max(RATE // 2, int(frames * share)), frames - 1)
    samples = steady(frames)
    for hit in loud:
        samples[hit % frames :][:50] += 0.9
    with tempfile.TemporaryDirectory() as folder:
        cutting = made(Path(folder), samples, longest)
    parts, fades = cutting.parts, cutting.fades
    assert len(parts) == len(fades) + 1 == count(frames, RATE, longest) >= 2
    assert parts[0].first == 0
    assert parts[-1].end == frames
    assert all(0 < part.frames <= most(frames, RATE, longest) <= longest for part in parts)
    assert reach(len(parts) - 1, RATE, longest) < frames <= reach(len(parts), RATE, longest)
    context = min(6 * RATE, longest // 8) // 2 - 1
    for fade, (one, other) in zip(fades, itertools.pairwise(parts), strict=True):
        assert fade.frames > 0
        assert other.first + context <= fade.first
        assert fade.end <= one.end - context
    for one_fade, other_fade in itertools.pairwise(fades):
        assert one_fade.end < other_fade.first


def test_a_region_that_fits_is_one_part_and_a_longer_one_takes_as_few_as_can_overlap() -> None:
    minute = 60 * 44_100
    assert count(10 * minute, 44_100, 10 * minute) == 1
    assert count(10 * minute + 1, 44_100, 10 * minute) == 2
    assert count(19 * minute, 44_100, 10 * minute) == 2
    # Two parts overlap, so that they can't hold quite twice as much.
    assert count(20 * minute, 44_100, 10 * minute) == 3
    assert count(60 * minute, 44_100, 10 * minute) == 7


def test_the_joint_lies_in_the_pause_and_the_fade_ends_with_it(tmp_path: Path) -> None:
    samples = steady(100_000)
    samples[52_000:52_800] *= 0.001
    cutting = made(tmp_path, samples, 60_000)
    (fade,) = cutting.fades
    assert fade.first >= 51_950
    assert fade.end <= 52_850
    assert fade.frames >= 500


def test_digital_silence_is_quieter_than_any_noise(tmp_path: Path) -> None:
    samples = steady(100_000)
    samples[44_000:45_000] *= 0.001
    samples[55_000:55_500] = 0
    assert 55_000 <= middle(made(tmp_path, samples, 60_000)) <= 55_500


def test_without_a_pause_the_cut_is_even_and_the_fade_as_long_as_it_may_be(tmp_path: Path) -> None:
    time_ = np.arange(100_000) / RATE
    hum = (0.3 * np.sin(2 * np.pi * 50 * time_)).astype(np.float32)[:, None]
    cutting = made(tmp_path, hum, 60_000)
    assert abs(middle(cutting) - 50_000) <= 20
    assert cutting.fades[0].frames == 2 * RATE


def test_nothing_is_cut_where_something_is_struck(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    samples = (0.001 * rng.standard_normal((100_000, 2))).astype(np.float32)
    strokes = np.arange(30_000, 70_000, 400)
    for stroke in strokes:
        decay = np.exp(-np.arange(120) / 25.0)[:, None]
        samples[stroke : stroke + 120] += (0.5 * decay * rng.standard_normal((120, 2))).astype(np.float32)
    fade = made(tmp_path, samples, 60_000).fades[0]
    assert not any(fade.first - 20 < stroke < fade.end for stroke in strokes)
    assert np.abs(samples[fade.first : fade.end]).max() < 0.1


def test_a_loud_low_note_does_not_hide_a_stroke(tmp_path: Path) -> None:
    time_ = np.arange(100_000) / RATE
    samples = (0.5 * np.sin(2 * np.pi * 5 * time_)).astype(np.float32)[:, None]
    strokes = np.arange(30_000, 70_000, 600)
    for stroke in strokes:
        samples[stroke : stroke + 20, 0] += 0.2 * (-1.0) ** np.arange(20)
    fade = made(tmp_path, samples, 60_000).fades[0]
    assert not any(fade.first <= stroke < fade.end for stroke in strokes)


def test_a_pause_out_of_reach_is_given_up_for_parts_that_fit(tmp_path: Path) -> None:
    samples = steady(107_000)
    samples[45_000:45_500] = 0  # a second part from there on would be too long
    cutting = made(tmp_path, samples, 60_000)
    assert len(cutting.parts) == 2
    assert all(part.frames <= 60_000 for part in cutting.parts)
    assert middle(cutting) >= 51_000


def test_every_joint_finds_its_own_pause(tmp_path: Path) -> None:
    samples = steady(300_000)
    pauses = [57_000, 117_000, 178_000, 238_000]
    decoy = 50_000  # as quiet, but the second part from there on would be too long
    for pause in (*pauses, decoy):
        samples[pause : pause + 600] *= 0.0001
    cutting = made(tmp_path, samples, 70_000)
    assert len(cutting.parts) == 5
    for joint, pause in enumerate(pauses):
        assert pause <= middle(cutting, joint) <= pause + 600


def test_the_same_samples_are_cut_alike(tmp_path: Path) -> None:
    samples = steady(90_000, 2)
    assert made(tmp_path, samples, 40_000) == made(tmp_path, samples, 40_000)


def test_a_wish_to_cancel_is_heard(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        cut(region(tmp_path, steady(10_000)), 6000, cancelled=lambda: True)


@pytest.mark.parametrize("longest", [499, 10_000, 20_000])
def test_what_can_not_be_cut_is_a_fault_of_the_caller(tmp_path: Path, longest: int) -> None:
    with pytest.raises(ValueError, match="parts of"):
        made(tmp_path, steady(10_000), longest)
