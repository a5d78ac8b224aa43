"""Chains as data: what is a recipe, in which order its steps go, and what stands in the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from stembridge.model import chains
from stembridge.model.chains import CHAINS, MOST_STEPS, Chain, RecipeError
from stembridge.model.errors import UsageError
from stembridge.model.presets import PRESETS, own_name
from stembridge.model.stems import colour
from stembridge.mvsep.catalogue import built_in


def test_the_shipped_ids_are_fixed_and_no_preset_has_one() -> None:
    assert list(CHAINS) == ["full-band", "lead-dry", "kit"]
    assert not set(CHAINS) & set(PRESETS)
    with pytest.raises(UsageError):
        own_name("Full-Band")


@pytest.mark.parametrize("chain", CHAINS.values(), ids=list(CHAINS))
def test_every_step_of_a_shipped_chain_stands_in_the_catalogue(chain: Chain) -> None:
    promised: dict[str, tuple[str, ...]] = {}
    for step in chain.steps:
        assert step.engine == "mvsep"
        algorithm = built_in().find(int(step.model or ""))
        assert algorithm.active
        filled = algorithm.fill(step.options)
        for name, key in step.options.items():
            field = next(f for f in algorithm.fields if f.name == name)
            assert key in {option.key for option in field.options}, "a key, not a label"
            assert key != field.default, "a default needn't be said"
        given = algorithm.stems_for(filled)
        assert given, "what a step of a shipped chain gives is known beforehand"
        assert set(step.stems) <= set(given)
        if step.of:
            above, stem = chains.split(step.of)
            assert stem in promised[above]
        promised[step.of] = step.stems or tuple(given)
    assert chain.gives
    assert chains.read({"id": chain.id, "title": chain.title, "steps": chain.to_dict()["steps"]}).steps == (
        chain.steps
    )


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        ("full-band", {"vocals/lead", "vocals/backing", "bass", "guitar", "piano", "other", "drums/kick"}),
        ("lead-dry", {"vocals/lead/dry", "vocals/backing", "instrumental"}),
        ("kit", {"vocals", "bass", "other", "drums/kick"}),
    ],
)
def test_the_leaves_are_what_is_not_taken_apart(name: str, leaves: set[str]) -> None:
    steps = [(step.of, step.stems or ("kick",)) for step in CHAINS[name].steps]
    assert set(chains.leaves(steps)) == leaves


def test_steps_are_put_into_an_order_in_which_they_can_be_done() -> None:
    rows = [{"of": "a/b/c"}, {"of": "d"}, {"of": "a/b"}, {"of": ""}, {"of": "a"}]
    assert [step.of for step in chains.checked("x", "", rows).steps] == ["", "d", "a", "a/b", "a/b/c"]


@pytest.mark.parametrize(
    ("rows", "step", "says"),
    [
        ("no list", 0, "needs steps"),
        ([], 0, "needs steps"),
        ([{"of": ""}] * (MOST_STEPS + 1), 0, "are possible"),
        ([{"of": "drums"}], 0, 'of = ""'),
        ([{"of": ""}, {"of": ""}], 2, "taken apart twice"),
        ([{"of": ""}, {"of": "a"}, {"of": "a"}], 3, "taken apart twice"),
        ([{"of": ""}, {"of": "a/b"}], 2, "no step gives 'a/b'"),
        ([{"of": "", "stems": ["a"]}, {"of": "b"}], 2, "none of the stems"),
        ([{"of": ""}, {"of": "A b"}], 2, "is no path"),
        ([{"of": ""}, {"of": "../x"}], 2, "is no path"),
        ([{"of": ""}, {"of": "rest"}], 2, "can't be taken apart"),
        (["text"], 1, "is a table"),
        ([{"of": "", "modell": "1"}], 1, "no field 'modell'"),
        ([{"of": "", "model": 40}], 1, "model must be text"),
        ([{"of": "", "options": {"a": 1}}], 1, "text for text"),
        ([{"of": "", "stems": "vocals"}], 1, "list of text"),
        ([{"of": "", "preset": "drums", "model": "37"}], 1, "a preset says"),
    ],
)
def test_a_slip_is_told_with_its_step(rows: Any, step: int, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        chains.checked("x", "", rows)
    assert caught.value.step == step
    assert says in caught.value.words()


@pytest.mark.parametrize("document", [None, [], {"steps": [{"of": ""}], "stepps": 1}, {"id": 3, "steps": []}])
def test_a_request_that_holds_no_recipe_is_refused_in_words(document: Any) -> None:
    with pytest.raises(UsageError, match="The chain can't be understood"):
        chains.read(document)


def test_what_lua_writes_is_read() -> None:
    read = chains.read({"id": "x", "steps": [{"of": "", "options": [], "stems": [], "preset": None}]})
    assert read.steps[0].options == {}
    assert read.title == "x"


def test_paths_in_words_ids_and_colours() -> None:
    assert chains.words("") == "The region"
    assert chains.words("vocals/lead") == "Vocals: Lead"
    assert chains.words("drums/hi-hat") == "Drums: Hi hat"
    assert chains.id_of("vocals/lead/dry") == "vocals.lead.dry"
    assert colour("drums.kick") == colour("drums") != colour("vocals.kick")
