"""Resampling: no delay, nothing audible added, the same however the stream is cut."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio.resample import resample_blocks, resampled_length

RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)


def pieces(x: NDArray[np.float32], size: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(x), size):
        yield x[start : start + size]


def resample(x: NDArray[np.float32], from_rate: int, to_rate: int, size: int = 4096) -> NDArray[np.float32]:
    out = resampled_length(len(x), from_rate, to_rate)
    stream = resample_blocks(
        pieces(x, size), from_rate=from_rate, to_rate=to_rate, channels=x.shape[1], frames_out=out
    )
    return np.concatenate(list(stream))


def sine(frequency: float, rate: int, frames: int) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(frames) / rate + 0.3)


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(RATES), st.sampled_from(RATES), st.integers(1, 6000), st.integers(1, 8),
    st.integers(1, 3000), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_stream_gives_bit_for_bit_what_one_shot_gives(
    from_rate: int, to_rate: int, frames: int, channels: int, size: int, seed: int
) -> None:
    x = np.random.default_rng(seed).standard_normal((frames, channels)).astype(np.float32)
    found = resample(x, from_rate, to_rate, size)
    assert found.shape == (resampled_length(frames, from_rate, to_rate), channels)
    assert found.dtype == np.float32
    if from_rate == to_rate:
        assert np.array_equal(found, x)
        return
    once = soxr.resample(x[:, 0] if channels == 1 else x, from_rate, to_rate, quality="VHQ")
    once = once.reshape(-1, channels)
    both = min(len(once), len(found))
    assert np.array_equal(found[:both], once[:both])
    assert not found[both:].any()
    assert abs(len(once) - len(found)) <= 3


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(44100, 48000), (96000, 44100), (8000, 192000), (192000, 48000)]
)
def test_a_sine_in_the_pass_band_arrives_in_time_and_whole(from_rate: int, to_rate: int) -> None:
    cases = ((0.01, -140, 1e-5), (0.3, -140, 1e-5), (0.6, -110, 1e-4), (0.9, -60, 0.01))
    for share, most_off, most_gain in cases:
        frequency = share * min(from_rate, to_rate) / 2
        x = sine(frequency, from_rate, 2 * from_rate).astype(np.float32)[:, np.newaxis]
        found = resample(x, from_rate, to_rate)[:, 0].astype(np.float64)
        middle = slice(len(found) // 4, -len(found) // 4)
        angle = 2 * np.pi * frequency * np.arange(len(found)) / to_rate + 0.3
        basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)[middle]
        weights = np.linalg.lstsq(basis, found[middle], rcond=None)[0]
        assert abs(20 * np.log10(np.hypot(*weights) / 0.5)) < most_gain
        delay = np.arctan2(weights[1], weights[0]) / (2 * np.pi * frequency) * to_rate
        assert abs(delay) < 1e-4  # frames
        assert decibels(found[middle] - basis @ weights) < -140 + decibels(found[middle])
        assert decibels(found[middle] - 0.5 * basis[:, 0]) < most_off + decibels(found[middle])


def decibels(x: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(x**2)))


def test_an_impulse_stays_where_it_was() -> None:
    x = np.zeros((20000, 1), np.float32)
    x[8820] = 1.0
    assert int(np.argmax(np.abs(resample(x, 44100, 48000)))) == 9600


@pytest.mark.parametrize("wanted", [1, 500, 1088, 1500])
def test_the_length_is_what_was_asked_for(wanted: int) -> None:
    x = np.ones((1000, 2), np.float32)
    stream = resample_blocks(pieces(x, 100), from_rate=44100, to_rate=48000, channels=2, frames_out=wanted)
    assert sum(len(block) for block in stream) == wanted


def test_equal_rates_only_cut_or_pad() -> None:
    x = np.arange(20, dtype=np.float32).reshape(10, 2)
    short = np.concatenate(list(resample_blocks([x], from_rate=8000, to_rate=8000, channels=2, frames_out=7)))
    long = np.concatenate(list(resample_blocks([x], from_rate=8000, to_rate=8000, channels=2, frames_out=12)))
    assert np.array_equal(short, x[:7])
    assert np.array_equal(long[:10], x)
    assert not long[10:].any()


def test_lengths_are_the_nearest_and_never_nothing() -> None:
    assert resampled_length(44100, 44100, 48000) == 48000
    assert resampled_length(1, 44100, 22050) == 1  # half a frame, rounded up
    assert resampled_length(1, 192000, 8000) == 1
    assert resampled_length(3, 2, 1) == 2
    assert resampled_length(10**12, 44100, 48000) == round(10**12 * 48000 / 44100)


def test_memory_does_not_grow_with_the_length() -> None:
    def peak(seconds: int) -> int:
        block = np.zeros((44100, 2), np.float32)
        tracemalloc.start()
        stream = resample_blocks(
            (block for _ in range(seconds)),
            from_rate=44100,
            to_rate=48000,
            channels=2,
            frames_out=48000 * seconds,
        )
        assert sum(len(piece) for piece in stream) == 48000 * seconds
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(40) < peak(4) + 500_000
