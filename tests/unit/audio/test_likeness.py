from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from stembridge.audio.likeness import Likeness, measure
from stembridge.audio.takes import Shape, Take, side_by_side
from stembridge.model.errors import Cancelled, TransferError

Samples = NDArray[np.float32]
RATE = 44_100


def noise(seed: int, frames: int = 150_001, channels: int = 2) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, (frames, channels)).astype(np.float32)


def written(folder: Path, *takes: Samples, rate: int = RATE) -> list[Take]:
    found = []
    for number, samples in enumerate(takes):
        path = folder / f"take {number}.wav"
        sf.write(path, samples, rate, subtype="FLOAT")
        found.append(Take(path))
    return found


def likeness(folder: Path, *takes: Samples, rate: int = RATE) -> Likeness:
    frames, channels = takes[0].shape
    return measure(written(folder, *takes, rate=rate), Shape(frames, rate, channels), lambda _: None)


def db(linear: float) -> float:
    return 20 * float(np.log10(linear))


def test_takes_that_are_alike_differ_by_nothing(tmp_path: Path) -> None:
    found = likeness(tmp_path, noise(1), noise(1))
    (pair,) = found.pairs
    assert pair.difference == 0.0
    assert pair.correlation == pytest.approx(1.0)
    assert found.rms[0] == found.rms[1] == pytest.approx(0.1, rel=0.01)


def test_a_turned_down_take_correlates_and_differs_by_what_is_missing(tmp_path: Path) -> None:
    loud = noise(1)
    found = likeness(tmp_path, loud, 0.5 * loud, -loud)
    half, upside_down = found.pairs[0], found.pairs[1]
    assert (half.one, half.other, upside_down.other) == (0, 1, 2)
    assert half.correlation == pytest.approx(1.0)
    assert half.difference == pytest.approx(0.5 * found.rms[0])
    assert db(found.rms[1] / found.rms[0]) == pytest.approx(-6.0206, abs=1e-3)
    assert upside_down.correlation == pytest.approx(-1.0)
    assert upside_down.difference == pytest.approx(2 * found.rms[0])


def test_a_known_mixture_has_its_known_correlation(tmp_path: Path) -> None:
    one, other = noise(1), noise(2)
    (pair,) = likeness(tmp_path, one, (one + other) / np.float32(np.sqrt(2))).pairs
    assert pair.correlation == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_a_difference_far_under_the_signal_is_still_measured(tmp_path: Path) -> None:
    one = noise(1)
    other = one.copy()
    other[::2] += np.float32(1e-7)
    (pair,) = likeness(tmp_path, one, other).pairs
    expected = float(np.sqrt(np.mean((one.astype(np.float64) - other) ** 2)))
    assert expected > 0
    assert pair.difference == pytest.approx(expected, rel=1e-6)


def test_silence_correlates_with_nothing(tmp_path: Path) -> None:
    found = likeness(tmp_path, noise(1), np.zeros((150_001, 2), np.float32))
    assert found.pairs[0].correlation is None
    assert found.pairs[0].difference == pytest.approx(found.rms[0])
    assert not found.bands[1].any()


@pytest.mark.parametrize("hertz", [63.1, 1000.0, 7943.0])
def test_a_tone_stands_in_its_own_third_of_an_octave_at_its_level(tmp_path: Path, hertz: float) -> None:
    time = np.arange(10 * RATE) / RATE
    fade = np.minimum(1, np.minimum(time, time[::-1]) / 0.5)
    tone = (0.5 * fade * np.sin(2 * np.pi * hertz * time))[:, None].astype(np.float32)
    found = likeness(tmp_path, tone, tone)
    band = int(np.argmin(np.abs(found.hertz - hertz)))
    assert int(np.argmax(found.bands[0])) == band
    assert db(found.bands[0][band]) == pytest.approx(db(found.rms[0]), abs=0.15)
    far = np.delete(found.bands[0], [band - 1, band, band + 1])
    assert db(far.max() + 1e-12) < db(found.rms[0]) - 45


def test_the_bands_of_white_noise_add_up_to_its_level(tmp_path: Path) -> None:
    found = likeness(tmp_path, noise(5, 20 * RATE), noise(6, 20 * RATE))
    covered = (found.hertz[-1] * 10**0.05 - found.hertz[0] / 10**0.05) / (RATE / 2)
    together = float(np.sqrt((found.bands[0] ** 2).sum()))
    assert together == pytest.approx(0.1 * np.sqrt(covered), rel=0.01)


def test_bands_end_below_half_the_sample_rate(tmp_path: Path) -> None:
    found = likeness(tmp_path, noise(1, 8000, 1), noise(2, 8000, 1), rate=8000)
    assert found.hertz[-1] < 4000
    assert found.bands.shape == (2, len(found.hertz))


def test_a_gain_is_undone_and_a_long_tail_cut(tmp_path: Path) -> None:
    samples = noise(1, 70_000)
    (take,) = written(tmp_path, np.concatenate((samples * np.float32(0.5), noise(2, 900))))
    (short,) = written(tmp_path / "..", samples[:100])
    read = list(side_by_side([Take(take.path, 0.5), short], Shape(70_000, RATE, 2)))
    assert np.array_equal(np.concatenate([blocks[0] for blocks in read]), samples)
    padded = np.concatenate([blocks[1] for blocks in read])
    assert np.array_equal(padded[:100], samples[:100])
    assert not padded[100:].any()


def test_a_take_that_isnt_what_was_written_is_refused(tmp_path: Path) -> None:
    shape = Shape(1000, RATE, 2)
    (good, mono, broken) = written(
        tmp_path, noise(1, 1000), noise(1, 1000, 1), np.full((1000, 2), np.nan, "f4")
    )
    for bad in (mono, broken, Take(tmp_path / "gone.wav")):
        with pytest.raises(TransferError, match="no longer as it was written"):
            measure([good, bad], shape, lambda _: None)


def test_it_ends_when_the_user_wishes(tmp_path: Path) -> None:
    def stop(_frames: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure(written(tmp_path, noise(1), noise(2)), Shape(150_001, RATE, 2), stop)


def test_memory_doesnt_grow_with_length(tmp_path: Path) -> None:
    peaks = []
    for seconds in (10, 40):
        takes = written(tmp_path, *(noise(seed, seconds * RATE) for seed in (1, 2)))
        shape = Shape(seconds * RATE, RATE, 2)
        measure(takes, Shape(RATE, RATE, 2), lambda _: None)
        tracemalloc.start()
        measure(takes, shape, lambda _: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1
