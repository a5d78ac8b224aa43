from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.audio.lags import MOST_BLOCKS, SHORTEST, Grid, energetic, find_peak, slope


@given(st.integers(1, 3_000_000))
def test_a_grid_lies_inside_its_region(frames: int) -> None:
    grid = Grid.of(frames)
    count = grid.count(frames)
    assert count >= 1
    assert (count - 1) * grid.hop + grid.block <= frames
    assert grid.window <= 4096
    assert grid.block <= 65_536
    if frames >= 4 * 16_384:
        assert count >= 3


def test_a_long_region_has_the_largest_blocks() -> None:
    assert Grid.of(10_000_000) == Grid(65_536, 32_768, 4096)


def test_at_most_the_48_loudest_blocks_are_measured() -> None:
    grid = Grid.of(20_000_000)
    energies = np.linspace(0.001, 0.002, grid.count(20_000_000) + 1)
    positions = energetic(energies, grid, 20_000_000)
    assert len(positions) == MOST_BLOCKS
    assert positions[-1] == (grid.count(20_000_000) - 1) * grid.hop
    assert (np.diff(positions) == grid.hop).all()


@pytest.mark.parametrize(
    ("levels_db", "kept"),
    [((-20.0, -59.0), 2), ((-20.0, -61.0), 1), ((-89.0,), 1), ((-91.0,), 0), ((-60.0, -91.0), 1)],
)
def test_quiet_blocks_are_skipped(levels_db: tuple[float, ...], kept: int) -> None:
    grid, frames = Grid.of(2_000_000), 2_000_000
    energies = np.zeros(grid.count(frames) + 1)
    for index, level in enumerate(levels_db):
        # Two hops make a block, and the neighbours get half.
        energies[8 * index : 8 * index + 2] = 10 ** (level / 10)
    positions = energetic(energies, grid, frames)
    full = [8 * index * grid.hop for index in range(len(levels_db))]
    assert len(set(full) & set(positions.tolist())) == kept


@pytest.mark.parametrize("frames", [1, 2, SHORTEST - 1])
def test_a_very_short_region_is_not_measured(frames: int) -> None:
    assert len(energetic(np.ones(4), Grid.of(frames), frames)) == 0


@given(st.floats(-0.49, 0.49), st.sampled_from((-1, 1)), st.integers(-900, 900))
def test_a_peak_is_found_between_the_samples(fraction: float, sign: int, at: int) -> None:
    lags = np.arange(-1000, 1001)
    values = sign * np.maximum(0.0, 1.0 - 0.01 * np.square(lags - at - fraction))
    peak = find_peak(values)
    assert peak.sign == sign
    assert peak.lag == pytest.approx(at + fraction, abs=1e-6)


def test_the_ratio_is_that_to_a_peak_elsewhere() -> None:
    values = np.zeros(2001)
    values[1000], values[1060], values[100] = 1.0, 0.9, -0.25
    assert find_peak(values).ratio == pytest.approx(4.0)


@settings(deadline=None)
@given(st.floats(-5e-4, 5e-4), st.floats(-2000, 2000), st.integers(0, 2**32 - 1))
def test_a_slope_is_found_among_outliers(ppm: float, start: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    positions = np.arange(40, dtype=np.int64) * 32_768
    lags = start + ppm * positions.astype(np.float64)
    lags[rng.choice(40, 8, replace=False)] += rng.uniform(-3000, 3000, 8)
    rise, spread = slope(positions, lags)
    assert rise == pytest.approx(ppm, abs=2e-6)
    assert spread < 3.0
