"""The choice of stems, and the table they stand in."""

from __future__ import annotations

import re

import pytest

from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.stems import RESERVED, STEMS, choose, colour

PROMISED = ("vocals", "instrumental", "drums")


def test_nothing_wanted_means_all_in_the_models_order() -> None:
    assert choose([], PROMISED) == PROMISED


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["drums", "vocals"], ("vocals", "drums")),
        (["Vocals"], ("vocals",)),
        ([" VOCALS ", "vocals"], ("vocals",)),
        (list(PROMISED), PROMISED),
    ],
)
def test_a_choice_comes_in_the_models_order_and_once(wanted: list[str], chosen: tuple[str, ...]) -> None:
    assert choose(wanted, PROMISED) == chosen


def test_an_unknown_stem_gets_the_nearest_names() -> None:
    with pytest.raises(UnknownNameError, match="no stem in this model called 'vocal'") as caught:
        choose(["vocal"], PROMISED)
    assert caught.value.hint.startswith("Did you mean 'vocals'")


def test_a_stem_of_another_model_is_unknown_here() -> None:
    with pytest.raises(UnknownNameError):
        choose(["piano"], PROMISED)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_the_core_makes_itself_is_asked_for_by_its_option(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose([name], PROMISED)
    assert f"--{name}" in caught.value.hint


def test_ids_are_fit_for_file_names_and_every_row_has_a_colour() -> None:
    for key, row in STEMS.items():
        assert key == row.id
        assert re.fullmatch(r"[a-z][a-z0-9-]*", row.id)
        assert re.fullmatch(r"#[0-9a-f]{6}", row.colour)
        assert colour(row.id) == row.colour
    assert len({row.colour for row in STEMS.values()}) == len(STEMS)
    assert set(STEMS) >= RESERVED


def test_a_stem_outside_the_table_has_a_colour_too() -> None:
    assert re.fullmatch(r"#[0-9a-f]{6}", colour("theremin"))
