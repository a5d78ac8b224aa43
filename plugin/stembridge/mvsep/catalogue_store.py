"""The live list on disk: kept a day, and never thrown away for one that can't be read."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from stembridge.model.stems import ResultKind
from stembridge.mvsep.algorithm import Algorithm, AlgorithmField, Condition, Option, PriceRule, Promise
from stembridge.mvsep.shapes import ShapeError, integer, needed, number, obj, rows, text

VERSION = 1
"""Of the file's own shape; a file of another version is as good as none."""


def save(path: Path, algorithms: tuple[Algorithm, ...], *, base: str, fetched: float) -> bool:
    """Write the list, all or nothing. False when it can't be written: that is no reason to stop."""
    data = {"v": VERSION, "base": base, "fetched": fetched, "algorithms": [_plain(one) for one in algorithms]}
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)  # noqa: PTH105 - the atomic one, on every system
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def load(path: Path, *, base: str) -> tuple[tuple[Algorithm, ...], float] | None:
    """Read the list and when it was fetched (Unix seconds); None when there is none of this service."""
    try:
        data = obj(json.loads(path.read_text(encoding="utf-8")), "")
        if data.get("v") != VERSION or data.get("base") != base:
            return None
        fetched = number(data.get("fetched"), "fetched")
        found = tuple(_typed(row) for row in rows(data.get("algorithms"), "algorithms"))
    except (OSError, ValueError, RecursionError, ShapeError, KeyError, TypeError, AttributeError):
        return None
    return (found, fetched) if found and fetched is not None else None


def _plain(one: Algorithm) -> dict[str, object]:
    return {
        "sep_type": one.sep_type,
        "name": one.name,
        "stems": list(one.stems),
        "promises": [{"options": dict(p.options), "stems": list(p.stems)} for p in one.promises],
        "kind": one.kind.value,
        "group": one.group,
        "group_id": one.group_id,
        "plan": one.plan,
        "price": one.price,
        "active": one.active,
        "usage": one.usage,
        "rating": one.rating,
        "votes": one.votes,
        "order": one.order,
        "summary": one.summary,
        "upload": one.upload,
        "fields": [
            {
                "name": f.name,
                "text": f.text,
                "kind": f.kind,
                "options": [[option.key, option.label] for option in f.options],
                "default": f.default,
                "id": f.id,
                "alias": f.alias,
                "required": f.required,
                "price_rules": [[rule.option, rule.multiplier] for rule in f.price_rules],
                "conditions": [[c.field_id, list(c.values), c.show] for c in f.conditions],
            }
            for f in one.fields
        ],
    }


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ShapeError(where)
    return tuple(text(item, where) for item in value)


def _typed(row: Mapping[str, object]) -> Algorithm:
    sep_type = integer(row["sep_type"], "sep_type")
    if sep_type is None:
        raise ShapeError("sep_type")
    return Algorithm(
        sep_type=sep_type,
        name=needed(row["name"], "name"),
        fields=tuple(_field(item) for item in rows(row["fields"], "fields")),
        stems=_texts(row["stems"], "stems"),
        promises=tuple(
            Promise(
                {k: text(v, "options") for k, v in obj(item["options"], "options").items()},
                _texts(item["stems"], "stems"),
            )
            for item in rows(row["promises"], "promises")
        ),
        kind=ResultKind(text(row["kind"], "kind")),
        group=text(row["group"], "group"),
        group_id=integer(row["group_id"], "group_id"),
        plan=integer(row["plan"], "plan"),
        price=number(row["price"], "price"),
        active=bool(row["active"]),
        usage=integer(row["usage"], "usage"),
        rating=number(row["rating"], "rating"),
        votes=integer(row["votes"], "votes"),
        order=integer(row["order"], "order"),
        summary=text(row["summary"], "summary"),
        upload=bool(row["upload"]),
    )


def _lists(value: object, length: int) -> list[list[object]]:
    if not isinstance(value, list) or any(not isinstance(v, list) or len(v) != length for v in value):
        raise ShapeError("fields")
    return value


def _field(row: Mapping[str, object]) -> AlgorithmField:
    return AlgorithmField(
        name=needed(row["name"], "name"),
        text=text(row["text"], "text"),
        kind=needed(row["kind"], "kind"),
        options=tuple(Option(text(k, "key"), text(v, "label")) for k, v in _lists(row["options"], 2)),
        default=None if row["default"] is None else text(row["default"], "default"),
        id=text(row["id"], "id"),
        alias=text(row["alias"], "alias"),
        required=bool(row["required"]),
        price_rules=tuple(
            PriceRule(text(k, "option"), number(v, "multiplier") or 0.0)
            for k, v in _lists(row["price_rules"], 2)
        ),
        conditions=tuple(
            Condition(text(f, "field_id"), _texts(values, "values"), bool(show))
            for f, values, show in _lists(row["conditions"], 3)
        ),
    )
