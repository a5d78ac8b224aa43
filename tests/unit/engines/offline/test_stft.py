"""The streaming transform."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.engines.offline.stft import BINS, HOP, WINDOW, Analysis, Synthesis, frame_count
from tests.unit.engines.offline.helpers import music


def whole_transform(signal: np.ndarray) -> np.ndarray:
    """Give all frames at once, by the definition; shape (frames, channels, bins), in double precision."""
    frames = -(-(len(signal) + WINDOW) // HOP)
    padded = np.zeros((WINDOW + frames * HOP + WINDOW, signal.shape[1]))
    padded[WINDOW : WINDOW + len(signal)] = signal
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    rows = [np.fft.rfft(padded[n * HOP : n * HOP + WINDOW].T * window) for n in range(frames)]
    return np.stack(rows)


@pytest.mark.parametrize("frames", [1, 1023, 1024, 1025, 4096, 30_001])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_frames_are_those_of_the_definition(frames: int, channels: int) -> None:
    signal = music(frames, channels)
    analysis = Analysis(channels)
    found = np.concatenate([analysis.push(signal), analysis.finish()])
    assert found.shape == (frame_count(frames), channels, BINS)
    np.testing.assert_allclose(found, whole_transform(signal), atol=2e-4)


@settings(deadline=None, max_examples=30)
@given(
    frames=st.integers(1, 20_000),
    cuts=st.lists(st.integers(0, 20_000), max_size=6),
    batches=st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_cut_anywhere_it_gives_the_same_samples_back(
    frames: int, cuts: list[int], batches: list[int]
) -> None:
    signal = music(frames, 2, seed=frames)
    analysis = Analysis(2)
    edges = [0, *sorted(cut % (frames + 1) for cut in cuts), frames]
    pieces = [analysis.push(signal[a:b]) for a, b in itertools.pairwise(edges)]
    spectra = np.concatenate([*pieces, analysis.finish()])
    once = Analysis(2)
    np.testing.assert_array_equal(spectra, np.concatenate([once.push(signal), once.finish()]))
    synthesis = Synthesis(2, frames)
    out, first, turn = [], 0, 0
    while first < len(spectra):
        count = batches[turn % len(batches)]
        out.append(synthesis.push(spectra[first : first + count].copy()))
        first += count
        turn += 1
    back = np.concatenate(out)
    assert back.shape == signal.shape
    assert float(np.max(np.abs(back - signal))) < 1e-6
