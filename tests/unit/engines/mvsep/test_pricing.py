"""Plans, quotas and credits: what is shown before anything is sent, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from stembridge.engines.base import Recipe
from stembridge.engines.mvsep.pricing import Standing, output_format, quote
from stembridge.model.errors import InputError, UnknownNameError
from stembridge.model.regions import Region
from stembridge.mvsep.algorithm import Algorithm, AlgorithmField, Option, PriceRule
from stembridge.mvsep.plans import FREE, PREMIUM, Plan

MINUTE = Region("/song.wav", 0, 60 * 44_100, 44_100, 2)
TYPE = Algorithm(40, "BS Roformer", stems=("vocals", "instrumental"), price=2.0)
RICH = Standing(PREMIUM, 100, None)
POOR = Standing(FREE, 0, 7)


def _recipe(service: Mapping[str, str] | None = None, **options: str) -> Recipe:
    return Recipe("mvsep", "40", ("vocals",), options, "x", service=service or {})


def test_credits_are_quoted_where_they_may_be_spent() -> None:
    found = quote(MINUTE, _recipe(), TYPE, RICH)
    assert (found.amount, found.unit, found.left, found.limits) == (2, "credits", 100, ())
    assert quote(MINUTE, _recipe({"mirror": "1"}), TYPE, RICH).amount == 3


def test_an_option_multiplies_the_price() -> None:
    rules, options = (PriceRule("1", 2.5),), (Option("0", "a"), Option("1", "b"))
    field = AlgorithmField("add_opt1", "Output", "select", options, "0", price_rules=rules)
    assert quote(MINUTE, _recipe(add_opt1="1"), replace(TYPE, fields=(field,)), RICH).amount == 5


def test_a_free_account_pays_an_attempt_and_is_never_shown_credits() -> None:
    found = quote(MINUTE, _recipe(), TYPE, POOR)
    assert (found.amount, found.unit, found.left, found.limits) == (1, "attempts", 7, ())


def test_a_price_or_a_length_that_is_not_known_is_not_made_up() -> None:
    assert quote(None, _recipe(), TYPE, RICH).amount is None
    assert quote(MINUTE, _recipe(), replace(TYPE, price=None), RICH).amount is None
    prompt = replace(TYPE, upload=False)
    assert quote(None, _recipe(add_opt2="120"), prompt, RICH).amount == 4
    assert quote(None, _recipe(add_opt2="long"), prompt, RICH).amount is None


@pytest.mark.parametrize(
    ("region", "service", "algorithm", "account", "said", "advice"),
    [
        (
            MINUTE,
            {},
            replace(TYPE, plan=2),
            POOR,
            "'BS Roformer' is for premium accounts",
            "account premium on",
        ),
        (MINUTE, {"format": "5"}, TYPE, POOR, "flac (lossless, 24 bit)", "ask for 2"),
        (MINUTE, {"format": "wav32"}, TYPE, POOR, "wav (uncompressed, 32 bit)", "ask for 2"),
        (MINUTE, {"mirror": "1"}, TYPE, POOR, "The mirror costs 1 credit", "Leave --mirror out"),
        (replace(MINUTE, frames=601 * 44_100), {}, TYPE, POOR, "10.0 minutes long", "100 minutes"),
        (
            replace(MINUTE, frames=6001 * 44_100),
            {},
            TYPE,
            Standing(PREMIUM, 999, None),
            "100.0 minutes",
            "shorter",
        ),
        (
            MINUTE,
            {},
            TYPE,
            Standing(PREMIUM, 1, None),
            "costs 2 credits, and the account has 1",
            "Buy credits",
        ),
        (MINUTE, {}, TYPE, Standing(FREE, 0, 0), "used up", "24 hours"),
        (MINUTE, {}, replace(TYPE, active=False), RICH, "takes no orders", "stembridge models"),
    ],
)
def test_what_stands_against_an_order_comes_with_what_to_do(
    region: Region, service: dict[str, str], algorithm: Algorithm, account: Standing, said: str, advice: str
) -> None:
    limits = quote(region, _recipe(service), algorithm, account).limits
    assert len(limits) == 2
    assert said in limits[0]
    assert advice in limits[1]
    assert all(sentence.endswith(".") for sentence in limits)


def test_how_long_an_order_may_be_is_told_where_it_is_longer() -> None:
    exact = replace(MINUTE, frames=600 * 44_100)
    assert quote(exact, _recipe(), TYPE, POOR).longest is None
    longer = quote(replace(exact, frames=exact.frames + 1), _recipe({"format": "4"}), TYPE, POOR)
    assert longer.longest == 600
    assert "minutes long" in longer.limits[0], "its length comes first, whatever else stands against it"
    assert quote(replace(exact, frames=6001 * 44_100), _recipe(), TYPE, RICH).longest == 6000
    assert quote(None, _recipe(), TYPE, POOR).longest is None


def test_several_limits_come_one_after_the_other() -> None:
    region = replace(MINUTE, frames=900 * 44_100)
    limits = quote(region, _recipe({"format": "4"}), replace(TYPE, plan=2), Standing(FREE, 0, 0)).limits
    assert len(limits) == 8


def test_too_many_channels_are_refused_before_a_price_is_shown() -> None:
    with pytest.raises(InputError):
        quote(replace(MINUTE, channels=6), _recipe(), TYPE, RICH)


@pytest.mark.parametrize(
    ("said", "plan", "number"),
    [
        ({}, PREMIUM, 5),
        ({}, FREE, 2),
        ({"format": "auto"}, FREE, 2),
        ({"format": ""}, FREE, 2),
        ({"format": "0"}, PREMIUM, 0),
        ({"format": "WAV16"}, FREE, 1),
    ],
)
def test_the_best_lossless_format_is_asked_for_unless_told(
    said: dict[str, str], plan: Plan, number: int
) -> None:
    assert output_format(said, plan) == number


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        output_format({"format": "9"}, FREE)
