from __future__ import annotations

import numpy as np
import pytest

from stembridge.report.envelopes import Trace, band_edges, regroup, unwarp, warp
from tests.unit.report.making import Samples


def traced(samples: Samples, rate: int, block: int, columns: int = 50, bands: int = 40) -> Trace:
    frames, channels = samples.shape
    trace = Trace(frames, rate, channels, columns=columns, bands=bands)
    for start in range(0, frames, block):
        trace.feed(samples[start : start + block])
    trace.finish()
    return trace


@pytest.mark.parametrize("frames", [1, 7, 50, 51, 999, 30_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_envelope_is_the_plain_one(frames: int, channels: int) -> None:
    samples = np.random.default_rng(frames).normal(0, 0.3, (frames, channels)).astype(np.float32)
    trace = traced(samples, 44100, 777)
    for column in range(50):
        used = min(50, frames)
        part = column * used // 50
        piece = samples[part * frames // used : (part + 1) * frames // used]
        assert trace.low[column] == piece.min()
        assert trace.high[column] == piece.max()
        assert trace.rms[column] == pytest.approx(np.sqrt(np.mean(piece.astype(np.float64) ** 2)), rel=1e-5)
    assert trace.peak == np.abs(samples).max()


@pytest.mark.parametrize("rate", [8000, 44100, 192_000])
def test_full_scale_sine_reaches_0_db_in_its_own_band_only(rate: int) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)[:, None]
    power = traced(tone, rate, 10_000).power[:, 10:40]
    lowest, highest = warp(np.array(band_edges(rate)))
    place = int((warp(np.array([1000.0]))[0] - lowest) / (highest - lowest) * 40)
    assert set(power.argmax(axis=0)) <= {place - 1, place, place + 1}
    assert 10 * np.log10(power.max()) == pytest.approx(0, abs=2.5)
    far = np.abs(np.arange(40) - place) > 6
    assert power[far].max() < 1e-4


def test_energy_shows_at_its_own_time() -> None:
    samples = np.zeros((400_000, 2), np.float32)
    samples[200_000:240_000] = np.random.default_rng(2).normal(0, 0.2, (40_000, 2))
    power = traced(samples, 44100, 65536).power.sum(axis=0)
    assert power[25:30].min() > 1e3 * max(power[:24].max(), power[31:].max())


@pytest.mark.parametrize("seconds", [0.1, 1.0, 3.0])
def test_a_short_signal_fills_every_column(seconds: float) -> None:
    axis = np.arange(int(44100 * seconds)) / 44100
    tone = (
        np.sin(2 * np.pi * 2000 * axis).astype(np.float32)[:, None] * np.linspace(0.1, 1, len(axis))[:, None]
    )
    power = traced(tone.astype(np.float32), 44100, 10_000, columns=1250).power.max(axis=0)
    assert power.shape == (1250,)
    middle = power[125:-125]
    assert np.all(np.diff(middle) > -1e-3 * middle.max()), "it swells, and so does what is drawn"
    assert 10 * np.log10(middle[-1] / middle[0]) == pytest.approx(20 * np.log10(0.91 / 0.19), abs=1.0)


def test_blocks_of_any_size_give_the_same_picture() -> None:
    samples = np.random.default_rng(3).normal(0, 0.2, (123_456, 2)).astype(np.float32)
    one, other = traced(samples, 48000, 123_456), traced(samples, 48000, 1000)
    np.testing.assert_array_equal(one.low, other.low)
    np.testing.assert_allclose(one.rms, other.rms, rtol=1e-5)
    np.testing.assert_allclose(one.power, other.power, rtol=1e-4, atol=1e-12)


def test_what_is_kept_does_not_grow_with_length() -> None:
    def kept(frames: int) -> int:
        trace = Trace(frames, 44100, 2, columns=50, bands=40)
        for _ in range(8):
            trace.feed(np.zeros((65536, 2), np.float32))
        return sum(value.nbytes for value in vars(trace).values() if isinstance(value, np.ndarray))

    assert kept(7200 * 44100) <= kept(60 * 44100) * 1.1


def test_warp_is_undone() -> None:
    hertz = np.array([30.0, 200.0, 1000.0, 20_000.0])
    np.testing.assert_allclose(unwarp(warp(hertz)), hertz)


@pytest.mark.parametrize("frames", [1, 10, 25, 40])
def test_regroup_cuts_and_pads(frames: int) -> None:
    samples = np.arange(25, dtype=np.float32)[:, None]
    blocks = list(regroup([samples[:3], samples[3:20], samples[20:]], frames, 1, 10))
    assert [len(block) for block in blocks] == [min(10, frames - at) for at in range(0, frames, 10)]
    joined = np.concatenate(blocks)[:, 0]
    expected = np.concatenate((samples[:, 0], np.zeros(100, np.float32)))[:frames]
    np.testing.assert_array_equal(joined, expected)
