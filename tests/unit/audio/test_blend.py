from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from stembridge.audio.blend import Blend, Method, average, choose_bins
from stembridge.audio.ensemble import deliver
from stembridge.audio.render import RegionFile
from stembridge.audio.takes import Shape, Take
from stembridge.model.errors import Cancelled, InputError
from stembridge.model.formats import find_format
from stembridge.model.results import SetFacts

Samples = NDArray[np.float32]
RATE = 44_100


def noise(seed: int, frames: int = 100_003, channels: int = 2, loud: float = 0.1) -> Samples:
    return np.random.default_rng(seed).normal(0, loud, (frames, channels)).astype(np.float32)


def tone(hertz: float, frames: int = 100_003, level: float = 0.3) -> Samples:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(frames) / RATE)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def blocks(*takes: Samples, size: int = 30_011) -> Iterator[tuple[Samples, ...]]:
    for first in range(0, len(takes[0]), size):
        yield tuple(take[first : first + size] for take in takes)


def chosen(*takes: Samples, greatest: bool, size: int = 30_011) -> Samples:
    frames, channels = takes[0].shape
    shape = Shape(frames, RATE, channels)
    return np.concatenate(list(choose_bins(blocks(*takes, size=size), shape, greatest=greatest)))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("frames", [1, 63, 4096, 100_003])
@pytest.mark.parametrize("greatest", [True, False])
def test_takes_that_are_alike_come_out_as_they_went_in(frames: int, greatest: bool) -> None:
    samples = noise(1, frames)
    out = chosen(samples, samples, samples, greatest=greatest)
    assert out.shape == samples.shape
    assert np.abs(out - samples).max() <= 1e-7


def test_max_keeps_what_any_found_and_min_only_what_all_did() -> None:
    low, high = tone(440), tone(5000)
    inside = slice(8000, -8000)
    both = chosen(low, high, greatest=True)
    assert rms((both - low - high)[inside]) < 0.01 * rms(low)
    assert rms(chosen(low, high, greatest=False)[inside]) < 0.01 * rms(low)
    shared = chosen(low + high, low, greatest=False)
    assert rms((shared - low)[inside]) < 0.01 * rms(low)


def test_each_bin_keeps_the_phase_of_the_take_it_is_of() -> None:
    loud, quiet = tone(440, level=0.4), -tone(440, level=0.2)
    assert rms(chosen(loud, quiet, greatest=True) - loud) < 1e-6
    assert rms(chosen(loud, quiet, greatest=False) - quiet) < 1e-6


def test_channels_are_chosen_apart() -> None:
    one, other = noise(1), noise(2)
    one[:, 1] = 0
    other[:, 0] = 0
    out = chosen(one, other, greatest=True)
    assert np.abs(out - one - other).max() <= 1e-7


def test_where_the_blocks_are_cut_makes_no_difference() -> None:
    takes = noise(1), noise(2)
    whole = chosen(*takes, greatest=True, size=1_000_000)
    assert np.array_equal(whole, chosen(*takes, greatest=True, size=777))


def test_an_average_is_weighted_and_shrinks_errors_that_are_independent() -> None:
    voice = tone(440)
    takes = [voice + noise(seed) for seed in (1, 2)]
    mean = np.concatenate(list(average(blocks(*takes), [1, 1])))
    assert rms(mean - voice) == pytest.approx(0.1 / np.sqrt(2), rel=0.02)
    mean = np.concatenate(list(average(blocks(*takes), [3, 1])))
    assert np.allclose(mean, 0.75 * takes[0] + 0.25 * takes[1], atol=1e-7)


def made(
    folder: Path,
    mix: Samples,
    takes: list[Samples],
    method: Method,
    fmt: str = "wav32f",
    cancelled: bool = False,
) -> SetFacts:
    paths = []
    for number, samples in enumerate([mix, *takes]):
        paths.append(folder / f"{number}.wav")
        sf.write(paths[-1], samples, RATE, subtype="FLOAT")
    frames, channels = mix.shape
    region = RegionFile(paths[0], frames, RATE, channels, float(np.abs(mix).max()), rms(mix), "")
    extension = find_format(fmt).extension
    return deliver(
        Blend(region, [Take(path) for path in paths[1:]], method, [1.0] * len(takes)),
        ("vocals", "Vocals"),
        fmt=find_format(fmt),
        files={"vocals": f"vocals.{extension}", "rest": f"rest.{extension}"},
        folder=folder / "out",
        progress=lambda _done, _total: None,
        cancelled=lambda: cancelled,
    )


@pytest.mark.parametrize("method", list(Method))
def test_stem_and_rest_have_the_regions_shape_and_sum(tmp_path: Path, method: Method) -> None:
    mix = noise(9, loud=0.4)
    facts = made(tmp_path, mix, [noise(1), noise(2)], method)
    read = [sf.read(tmp_path / "out" / stem.file, dtype="float32")[0] for stem in facts.stems]
    assert all(samples.shape == mix.shape for samples in read)
    assert np.abs(read[0].astype(np.float64) + read[1] - mix).max() < 1e-7
    assert facts.summed == ("vocals", "rest")
    assert facts.residual_db is not None
    assert facts.residual_db < -140


def test_an_integer_format_lowers_both_alike_and_still_adds_up(tmp_path: Path) -> None:
    mix = noise(9, loud=0.6)
    facts = made(tmp_path, mix, [noise(1, loud=0.5), noise(2, loud=0.5)], Method.MAX, "wav24")
    assert facts.gain_db < -1
    assert len(facts.notes) == 1
    assert facts.residual_db is not None
    assert facts.residual_db < -130
    assert all(stem.peak_db is not None and stem.peak_db <= 0 for stem in facts.stems)


def test_what_a_format_cant_hold_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        made(tmp_path, noise(9, 500, 6), [noise(1, 500, 6)] * 2, Method.AVERAGE, "mp3")
    assert not (tmp_path / "out").exists()


def test_a_cancelled_blend_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        made(tmp_path, noise(9), [noise(1), noise(2)], Method.MIN, cancelled=True)
    assert not list((tmp_path / "out").iterdir())


def test_memory_doesnt_grow_with_length() -> None:
    def streamed(seconds: int) -> Iterator[tuple[Samples, ...]]:
        for _ in range(seconds):
            yield one, other

    one, other = noise(1, RATE), noise(2, RATE)
    peaks = []
    for seconds in (5, 20):
        tracemalloc.start()
        shape = Shape(seconds * RATE, RATE, 2)
        assert sum(map(len, choose_bins(streamed(seconds), shape, greatest=True))) == seconds * RATE
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1
