"""Presets: ids that scripts rely on."""

from __future__ import annotations

import pytest

from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.presets import PRESETS, find_preset, offline_recipe


def test_the_shipped_ids_are_fixed() -> None:
    assert list(PRESETS) == [
        "vocals", "4stems", "6stems", "karaoke", "drums", "dialogue", "dereverb", "denoise", "singers",
        "transcript", "centre",
    ]  # fmt: skip


def test_a_preset_is_found_without_regard_to_case() -> None:
    assert find_preset(" Vocals ") is PRESETS["vocals"]


def test_an_unknown_preset_gets_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_preset("vocal")
    assert "'vocals'" in caught.value.hint


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_offline_a_preset_has_a_recipe_or_says_which_have(preset: object) -> None:
    row = next(row for row in PRESETS.values() if row is preset)
    if row.offline is not None:
        assert offline_recipe(row) is row.offline
        return
    with pytest.raises(UsageError, match=row.id) as caught:
        offline_recipe(row)
    assert "vocals" in caught.value.hint
