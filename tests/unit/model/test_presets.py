"""Presets: ids that scripts rely on."""

from __future__ import annotations

import pytest

from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.presets import PRESETS, Preset, find_preset, offline_recipe
from stembridge.model.stems import STEMS, ResultKind
from stembridge.mvsep.catalogue import built_in
from stembridge.mvsep.labels import stem_id


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


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_every_recipe_for_the_service_stands_in_its_catalogue(preset: Preset) -> None:
    recipe = preset.mvsep
    algorithm = built_in().find(recipe.sep_type)
    filled = algorithm.fill(recipe.options)
    assert algorithm.active
    for name, key in recipe.options.items():
        field = next(f for f in algorithm.fields if f.name == name)
        assert key in {option.key for option in field.options}, "a key, not a label"
        assert key != field.default, "a default needn't be said"
        assert filled[name] == key
    promised = algorithm.stems_for(filled)
    assert set(recipe.stems) <= set(promised)
    assert len(set(recipe.stems)) == len(recipe.stems)
    for stem in recipe.stems:
        assert stem in STEMS or stem_id(stem) == stem


@pytest.mark.parametrize(
    ("name", "stems"),
    [
        ("vocals", {"vocals", "instrumental"}),
        ("4stems", {"vocals", "drums", "bass", "other"}),
        ("6stems", {"vocals", "drums", "bass", "guitar", "piano", "other"}),
        ("karaoke", {"lead", "backing", "instrumental"}),
        ("dialogue", {"dialogue", "music", "effects"}),
        ("singers", {"male", "female"}),
    ],
)
def test_the_service_gives_what_the_preset_says(name: str, stems: set[str]) -> None:
    assert set(PRESETS[name].mvsep.stems) == stems
    for stem in stems:
        assert stem.removesuffix("al") in PRESETS[name].gives


def test_the_transcript_is_text_and_nothing_else_is() -> None:
    kinds = {name: built_in().find(row.mvsep.sep_type).kind for name, row in PRESETS.items()}
    assert [name for name, kind in kinds.items() if kind is not ResultKind.STEM] == ["transcript"]
    assert kinds["transcript"] is ResultKind.TEXT
