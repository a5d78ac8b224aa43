"""Reading the live list of separation types, in its older and its newer shapes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

from stembridge.mvsep.algorithm import Algorithm, AlgorithmField, Condition, Option, PriceRule
from stembridge.mvsep.builtin import with_stems
from stembridge.mvsep.labels import stem_id
from stembridge.mvsep.shapes import ShapeError, flag, integer, needed, number, obj, rows, text

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_MARKUP = re.compile(r"<[^>]*>")
_MOST_BROKEN = 0.2


def parse_live(value: object) -> tuple[Algorithm, ...]:
    """Read the reply of ``algorithms``.

    An entry that can't be understood is left out, as long as they are few: a single new kind of
    field must not cost the whole list.

    Returns
    -------
    tuple of Algorithm
        By the service's own order; of two entries with one number the active one counts.

    Raises
    ------
    ShapeError
        When it is no list, when it is empty, or when more than a fifth of it can't be understood.
    """
    listed = rows(value, "algorithms")
    found: dict[int, Algorithm] = {}
    broken = 0
    for row in listed:
        try:
            one = _algorithm(row)
        except ShapeError:
            broken += 1
            continue
        if one.sep_type not in found or (one.active and not found[one.sep_type].active):
            found[one.sep_type] = one
    if not found or broken > _MOST_BROKEN * len(listed):
        raise ShapeError("algorithms")
    return tuple(
        sorted(found.values(), key=lambda one: (one.order is None, one.order or 0, one.name, one.sep_type))
    )


def _algorithm(row: Mapping[str, object]) -> Algorithm:
    sep_type = integer(row.get("render_id"), "render_id")
    if sep_type is None or sep_type < 0:
        raise ShapeError("render_id")
    group = obj(row.get("algorithm_group"), "algorithm_group")
    rating = row.get("rating")
    rated = rating if isinstance(rating, dict) else {"average": rating}
    fields = tuple(_field(item) for item in rows(row.get("algorithm_fields"), "algorithm_fields"))
    if len({f.name for f in fields}) != len(fields):
        raise ShapeError("algorithm_fields")
    no_upload = flag(row.get("audio_upload_disabled"), "audio_upload_disabled")
    price = number(row.get("price_coefficient"), "price_coefficient")
    if price is not None and price < 0:
        raise ShapeError("price_coefficient")
    return with_stems(
        Algorithm(
            sep_type=sep_type,
            name=needed(row.get("name"), "name"),
            fields=fields,
            stems=_stems(row),
            group=text(group.get("name"), "algorithm_group.name"),
            group_id=integer(row.get("algorithm_group_id"), "algorithm_group_id"),
            plan=integer(row.get("orientation"), "orientation"),
            price=price,
            active=flag(row.get("is_active"), "is_active") is not False,
            usage=integer(row.get("usage"), "usage"),
            rating=number(rated.get("average"), "rating.average"),
            votes=integer(rated.get("total"), "rating.total"),
            order=integer(row.get("order_id"), "order_id"),
            summary=_summary(row.get("algorithm_descriptions")),
            upload=not no_upload,
        )
    )


def _field(row: Mapping[str, object]) -> AlgorithmField:
    name = needed(row.get("name"), "algorithm_fields[].name")
    if not _NAME.fullmatch(name):
        raise ShapeError("algorithm_fields[].name")
    options = _options(row.get("options"))
    kind = text(row.get("input_type"), "algorithm_fields[].input_type").lower()
    is_text = kind in {"text", "textarea"} or (not kind and not options)
    default = row.get("default_key")
    key = None if default is None else text(default, "algorithm_fields[].default_key")
    if not is_text:
        key = _same_key(key, options)
    return AlgorithmField(
        name=name,
        text=text(row.get("text"), "algorithm_fields[].text") or name,
        kind="text" if is_text else "select",
        options=() if is_text else options,
        default=key or None,
        id=text(row.get("id"), "algorithm_fields[].id"),
        alias=text(row.get("server_key"), "algorithm_fields[].server_key"),
        required=bool(flag(row.get("required"), "algorithm_fields[].required")),
        price_rules=tuple(_price_rules(row.get("price_rules"))),
        conditions=tuple(_conditions(row.get("conditions"))),
    )


def _same_key(key: str | None, options: tuple[Option, ...]) -> str | None:
    """Give the default as the table writes it; one that isn't in the table is none."""
    if key is None or any(option.key == key for option in options):
        return key
    for option in options:
        try:
            if float(option.key) == float(key):
                return option.key
        except ValueError:
            continue
    return None


def _options(value: object) -> tuple[Option, ...]:
    given = _unpacked(value, "algorithm_fields[].options")
    pairs: list[tuple[object, object]]
    if given is None or given == "":
        return ()
    if isinstance(given, dict):
        pairs = list(given.items())
    elif isinstance(given, list):
        # A list is what PHP makes of keys 0, 1, 2 ...
        pairs = [(str(place), item) for place, item in enumerate(given)]
    else:
        raise ShapeError("algorithm_fields[].options")
    return tuple(
        Option(text(key, "options key"), " ".join(text(label, "options label").split()))
        for key, label in pairs
    )


def _unpacked(value: object, where: str) -> object:
    """Decode what the service sends as JSON within a text."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        unpacked: object = json.loads(value)
    except (ValueError, RecursionError):
        unpacked = value
    if isinstance(unpacked, str):
        raise ShapeError(where)
    return unpacked


def _price_rules(value: object) -> list[PriceRule]:
    found = []
    for row in rows(_unpacked(value, "price_rules"), "price_rules"):
        factor = number(row.get("value"), "price_rules[].value")
        if text(row.get("mode"), "price_rules[].mode") != "multiplier" or factor is None or factor < 0:
            # A price that can't be told is worse than a type that can't be had.
            raise ShapeError("price_rules[]")
        found.append(PriceRule(text(row.get("option_key"), "price_rules[].option_key"), factor))
    return found


def _conditions(value: object) -> list[Condition]:
    found = []
    for row in rows(_unpacked(value, "conditions"), "conditions"):
        values = _unpacked(row.get("value_json"), "conditions[].value_json")
        action = text(row.get("action"), "conditions[].action")
        listed = values if isinstance(values, list) else [values]
        if text(row.get("operator"), "conditions[].operator") != "in" or action not in {"show", "hide"}:
            raise ShapeError("conditions[]")
        found.append(
            Condition(
                field_id=text(row.get("depends_on_field_id"), "conditions[].depends_on_field_id"),
                values=tuple(text(item, "conditions[].value_json") for item in listed),
                show=action == "show",
            )
        )
    return found


def _stems(row: Mapping[str, object]) -> tuple[str, ...]:
    for name in ("output_stems", "outputs"):
        try:
            given = _unpacked(row.get(name), name)
        except ShapeError:
            continue
        items = list(given.values()) if isinstance(given, dict) else given
        if not isinstance(items, list):
            continue
        labels = [_label(item) for item in items]
        if labels and all(labels):
            return tuple(dict.fromkeys(stem_id(label) for label in labels))
    return ()


def _label(item: object) -> str:
    if isinstance(item, dict):
        item = next(
            (item[k] for k in ("slug", "key", "type", "name", "label") if isinstance(item.get(k), str)), ""
        )
    return item if isinstance(item, str) else ""


def _summary(value: object) -> str:
    if not isinstance(value, list):
        return ""
    described = {str(row.get("lang")): row for row in value if isinstance(row, dict)}
    row = described.get("en") or next(iter(described.values()), {})
    short = row.get("short_description")
    if not isinstance(short, str):
        return ""
    plain = " ".join(html.unescape(_MARKUP.sub(" ", short)).split())
    return plain.encode("utf-8", "replace").decode("utf-8")[:600]
