"""The built-in list: the tables of the service's API page, for when the live list can't be had."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from stembridge.model.stems import ResultKind
from stembridge.mvsep.algorithm import Algorithm, AlgorithmField, Option, Promise
from stembridge.mvsep.labels import stems_in_name


@lru_cache(maxsize=1)
def builtin() -> tuple[Algorithm, ...]:
    """Give every type of the page, in the page's order."""
    page = json.loads(_data("algorithms.json"))
    return tuple(
        with_stems(
            Algorithm(
                sep_type=row["sep_type"],
                name=row["name"],
                fields=tuple(
                    AlgorithmField(
                        name=f["name"],
                        text=f["text"],
                        kind=f["kind"],
                        options=tuple(Option(key, label) for key, label in f["options"]),
                        default=f["default"],
                        required=f["kind"] == "text",
                    )
                    for f in row["fields"]
                ),
            )
        )
        for row in page["types"]
    )


def with_stems(algorithm: Algorithm) -> Algorithm:
    """Add what is known about a type's results: from its own list, our table, or its name."""
    from dataclasses import replace

    row = _known().get(str(algorithm.sep_type), {})
    kind = ResultKind(row.get("kind", "stem"))
    stems = algorithm.stems or tuple(row.get("stems", ()))
    if not stems and kind is ResultKind.STEM:
        stems = stems_in_name(algorithm.name)
    return replace(
        algorithm,
        stems=stems,
        kind=kind,
        upload=algorithm.upload and kind is not ResultKind.GENERATED,
        promises=tuple(
            Promise({k: v for k, v in when.items() if k != "stems"}, tuple(when["stems"]))
            for when in row.get("when", ())
        ),
    )


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Any]:
    return tomllib.loads(_data("stems.toml"))


def _data(name: str) -> str:
    return (files("stembridge.mvsep") / "data" / name).read_text(encoding="utf-8")
