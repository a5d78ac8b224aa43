from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.audio.sums import Gram, explain, finest
from tests.fakes.signals import Audio


def gram(region: Audio, *files: Audio) -> Gram:
    rows = np.stack([audio.reshape(-1).astype(np.float64) for audio in (region, *files)])
    products = rows @ rows.T
    return Gram(float(products[0, 0]), products[0, 1:], products[1:, 1:], rows.shape[1])


def signals(count: int, seed: int, frames: int = 400) -> list[Audio]:
    rng = np.random.default_rng(seed)
    return list(rng.standard_normal((count, frames, 2)).astype(np.float32))


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 7), seed=st.integers(0, 999), data=st.data(), level=st.sampled_from((0.0, 0.01, 1.0))
)
def test_the_search_finds_what_trying_all_finds(
    count: int, seed: int, data: st.DataObject, level: float
) -> None:
    files = signals(count, seed)
    true = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    stray = level * signals(1, seed + 1000)[0]
    region = np.sum([files[index] for index in true], axis=0) + stray
    products = gram(region, *files)

    def error(members: tuple[int, ...]) -> float:
        return float(np.sum((region - np.sum([files[i] for i in members], axis=0)).astype(np.float64) ** 2))

    sums = [some for size in range(1, count + 1) for some in combinations(range(count), size)]
    best = min(sums, key=error)
    found = finest(products, 2 * error(best) + 1e-6 * products.energy)
    assert found is not None
    assert error(found.members) <= 4.001 * error(best) + 1e-6 * products.energy
    assert finest(products, error(best) * 0.5) is None or error(best) < 1e-6 * products.energy
    if level < 1:
        assert found.members == tuple(sorted(true))


def test_of_sums_as_good_the_finest_wins_and_then_the_first() -> None:
    a, b, c, d = signals(4, 1)
    files = [a + b, c + d, a, b, c, d, a]
    found = finest(gram(a + b + c + d, *files), 1e-3)
    assert found is not None
    assert found.members == (2, 3, 4, 5)
    assert finest(gram(a + b + c + d, *files), 1e-3, fewest=5) is None


def test_two_files_of_one_name_stand_in_a_sum_only_where_nothing_else_does() -> None:
    a, b, c = signals(3, 2)
    quiet = a * np.float32(1e-4)
    files = [a - quiet, b + c, b, c, quiet]
    free = finest(gram(a + b + c, *files), 1.0)
    named = finest(gram(a + b + c, *files), 1.0, ids=["v", "i", "b", "b", "q"])
    assert free is not None
    assert named is not None
    assert (free.members, named.members) == ((0, 2, 3, 4), (0, 1, 4))
    forced = finest(gram(a + b, a, b), 1e-3, ids=["v", "v"])
    assert forced is not None
    assert forced.members == (0, 1)


@pytest.mark.parametrize("gain", [0.5, 1.7])
def test_a_gain_is_found_only_when_asked_for(gain: float) -> None:
    a, b, c = signals(3, 3)
    products = gram(np.float32(gain) * (a + b), a, b, c)
    assert finest(products, 1e-5 * products.energy) is None
    found = finest(products, 1e-5 * products.energy, fewest=2, scaled=True)
    assert found is not None
    assert found.members == (0, 1)


def test_a_file_is_explained_by_those_that_matter() -> None:
    a, b, c, d = signals(4, 4)
    nothing = np.zeros_like(a)
    faint = d * np.float32(1e-9)
    products = gram(a, a, b, c, nothing, a + c, faint)
    assert explain(products, 4, range(6)).members == (0, 2)
    assert explain(products, 0, [3, 5]).error == pytest.approx(products.own[0, 0])
    assert explain(products, 0, []).members == ()


def test_eighteen_files_are_searched() -> None:
    files = signals(18, 5, frames=60)
    region = np.sum([files[index] for index in range(0, 18, 2)], axis=0)
    products = gram(region, *files)
    found = finest(products, 1e-6 * products.energy)
    assert found is not None
    assert found.members == tuple(range(0, 18, 2))
