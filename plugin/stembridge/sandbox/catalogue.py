"""The list of separation types as the service sends it, made of the built-in catalogue's data.

What the API page doesn't print (plans, prices, groups, ratings) is made up here, in the shapes that were
recorded: enough for every rule of a client to have something to bite on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any

DEFAULT_TYPE = 11
"""What `create` takes without a `sep_type`: it isn't in the table, and works all the same."""

_GROUPS = {0: "Experimental", 1: "Old Models", 2: "HQ Models", 3: "Ensemble"}
_ENSEMBLES = frozenset({26, 28, 30})
_OLD = frozenset({7, 10, 33, 17, 18, 19, 13, 15, 16, 35, 0, 3})
_EXPERIMENTAL = frozenset({14, 38, 62, 42, 50, 59, 55, 60})
_REGISTERED = frozenset({39, 64, 53, 43, 57, 63})
_PRICES: Mapping[int, float] = {
    26: 1.5,
    28: 3.0,
    30: 4.0,
    37: 1.5,
    51: 0.5,
    59: 2.0,
    62: 1.0,
    63: 1.0,
    39: 0.5,
}
_RULES: Mapping[tuple[int, str], Mapping[str, str]] = {
    (28, "add_opt1"): {"1": "2.0000"},
    (30, "add_opt1"): {"1": "2.0000"},
    (49, "add_opt2"): {"1": "1.5000"},
}
"""Option keys that cost a multiple."""
_CONDITIONS: Mapping[tuple[int, str], tuple[str, tuple[str, ...]]] = {
    (22, "add_opt2"): ("add_opt1", ("0", "1", "2", "3", "4", "5")),
}
"""Fields that show only with certain options of another: here with each, as the page knows no condition."""
_NOT_SPLIT = frozenset({39, 64, 62, 51, 59, 60})


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One separation type, with what the stand-in needs of it."""

    sep_type: int
    name: str
    orientation: int
    price: Decimal
    defaults: Mapping[str, str | None]
    options: Mapping[str, Mapping[str, str]]
    rules: Mapping[str, Mapping[str, Decimal]]
    group: int

    @property
    def prompt(self) -> bool:
        """True when it needs no audio."""
        return self.sep_type == 62

    def credits(self, seconds: float, chosen: Mapping[str, str]) -> int:
        """Give the price in credits: the page's formula, then the price rules of the options.

        Parameters
        ----------
        seconds
            Length of the audio.
        """
        cost = Decimal(max(1, int(Decimal(seconds) * self.price / 60)))
        for field, rules in self.rules.items():
            cost *= rules.get(chosen.get(field) or self.defaults.get(field) or "", Decimal(1))
        return max(1, int(cost))

    def choose(self, params: Mapping[str, str]) -> dict[str, str]:
        """Read the options of a request; raises KeyError with the field's name at a key that isn't there."""
        chosen: dict[str, str] = {}
        for field, keys in self.options.items():
            value = params.get(field, "")
            if value == "":
                continue
            key = value if not keys else _key(value, keys)
            if key is None:
                raise KeyError(field)
            chosen[field] = key
        return chosen

    def brief(self) -> dict[str, object]:
        """Give the few facts that history and demo rows carry."""
        return {
            "id": 500 + self.sep_type,
            "render_id": self.sep_type,
            "name": self.name,
            "algorithm_group_id": self.group,
            "orientation": self.orientation,
            "price_coefficient": float(self.price),
        }


def _key(value: str, keys: Mapping[str, str]) -> str | None:
    if value in keys:
        return value
    # "1" and "1.0" are the same number: the page's own example sends the first for the second.
    try:
        number = Decimal(value)
        return next((key for key in keys if Decimal(key) == number), None)
    except InvalidOperation:
        return None


class Catalogue:
    """All separation types.

    Parameters
    ----------
    types
        Rows of the built-in data: ``sep_type, name, fields[name, text, kind, default, options]``.
    """

    def __init__(self, types: list[Mapping[str, Any]]) -> None:
        self._rows = [_wire(row, order) for order, row in enumerate(types)]
        self._known = {row["render_id"]: _algorithm(row) for row in self._rows}
        if DEFAULT_TYPE not in self._known and 10 in self._known:
            ten = self._known[10]
            self._known[DEFAULT_TYPE] = Algorithm(
                DEFAULT_TYPE, "Demucs3 Model B (vocals, drums, bass, other)", 0, ten.price, {}, {}, {}, 1
            )

    def get(self, sep_type: int) -> Algorithm | None:
        """Find a type by its number."""
        return self._known.get(sep_type)

    def wire(self) -> list[dict[str, Any]]:
        """Give the bare array that ``GET /api/app/algorithms`` answers with."""
        return self._rows


def built_in() -> Catalogue:
    """Read the catalogue that comes with the product."""
    text = (resources.files("stembridge.mvsep") / "data" / "algorithms.json").read_text(encoding="utf-8")
    return Catalogue(json.loads(text)["types"])


def _algorithm(row: Mapping[str, Any]) -> Algorithm:
    fields = row["algorithm_fields"]
    return Algorithm(
        sep_type=row["render_id"],
        name=row["name"],
        orientation=row["orientation"],
        price=Decimal(str(row["price_coefficient"])),
        defaults={field["name"]: field["default_key"] for field in fields},
        options={field["name"]: json.loads(field["options"]) for field in fields},
        rules={
            field["name"]: {rule["option_key"]: Decimal(rule["value"]) for rule in field["price_rules"]}
            for field in fields
        },
        group=row["algorithm_group_id"],
    )


def _wire(row: Mapping[str, Any], order: int) -> dict[str, Any]:
    number = int(row["sep_type"])
    group = 3 if number in _ENSEMBLES else 1 if number in _OLD else 0 if number in _EXPERIMENTAL else 2
    orientation = 2 if number in _ENSEMBLES else 1 if number in _REGISTERED else 0
    ids = {field["name"]: 1000 + 10 * number + place for place, field in enumerate(row["fields"])}
    names = row["name"]
    short = f"{names}: one of the service's separation types."
    return {
        "id": 500 + number,
        "render_id": number,
        "name": names,
        "algorithm_group_id": group,
        "algorithm_group": {"id": group, "name": _GROUPS[group]},
        "orientation": orientation,
        "order_id": order,
        "price_coefficient": _PRICES.get(number, 1.0),
        "is_active": 1,
        "usage": 9000 - 137 * order,
        "rating": {"average": f"{3.5 + (number * 7 % 15) / 10:.2f}", "total": 5 + number},
        "algorithm_fields": [_field(number, field, ids) for field in row["fields"]],
        "algorithm_descriptions": [
            {"lang": "en", "short_description": short, "long_description": f"<p>{short}</p>"},
        ],
        "allow_resample": int(number not in _NOT_SPLIT),
        "audio_upload_disabled": int(number == 62),
    }


def _field(number: int, field: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    name = field["name"]
    needs = _CONDITIONS.get((number, name))
    return {
        "id": ids[name],
        "name": name,
        "text": field["text"],
        "options": json.dumps(dict(field["options"]), ensure_ascii=False),
        "default_key": field["default"],
        "server_key": name,
        "input_type": "select" if field["kind"] == "select" else "textarea",
        "required": int(field["kind"] != "select"),
        "price_rules": [
            {"option_key": key, "mode": "multiplier", "value": value}
            for key, value in _RULES.get((number, name), {}).items()
        ],
        "conditions": [
            {
                "depends_on_field_id": ids[needs[0]],
                "operator": "in",
                "value_json": json.dumps(list(needs[1])),
                "action": "show",
            }
        ]
        if needs
        else [],
    }
