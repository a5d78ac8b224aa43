"""What the service's list says of a type beside its name and options, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stembridge.mvsep.algorithm import Algorithm

PLANS: Mapping[int, str] = {0: "everybody", 1: "registered", 2: "premium"}
"""Who may use a type, by the service's ``orientation``."""


def facts(one: Algorithm) -> dict[str, Any]:
    """Give the facts of a type.

    Returns
    -------
    dict
        ``group``; ``plan`` (a word of `PLANS`) and ``price`` (credits a minute), None where not known,
        as in the built-in list; ``active``; ``usage``, ``rating``, ``votes`` of the month;
        ``figures``, by field and option key: SDR in dB by stem, ``average``, ``fullness``;
        ``multipliers`` of the price, likewise; ``promises``: which options give which stems.
    """
    figures = {
        f.name: {option.key: option.figures for option in f.options if option.figures} for f in one.fields
    }
    multipliers = {f.name: {rule.option: rule.multiplier for rule in f.price_rules} for f in one.fields}
    return {
        "group": one.group,
        "plan": None if one.plan is None else PLANS.get(one.plan),
        "price": one.price,
        "active": one.active,
        "usage": one.usage,
        "rating": one.rating,
        "votes": one.votes,
        "figures": {name: found for name, found in figures.items() if found},
        "multipliers": {name: found for name, found in multipliers.items() if found},
        "promises": [{"options": dict(p.options), "stems": list(p.stems)} for p in one.promises],
    }
