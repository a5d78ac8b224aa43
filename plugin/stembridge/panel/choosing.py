"""Choosing: the catalogue, presets, favourites, and the core's other questions, asked in our own process."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from stembridge.bridge import queries
from stembridge.jobs import disk
from stembridge.jobs.request import QueryRequest
from stembridge.model.errors import StembridgeError, UsageError
from stembridge.panel.answers import Asked
from stembridge.panel.desk import NAME, Desk

MOST_FAVOURITES = 500
_MODEL = re.compile(r"[\w-]{1,40}:[\w.-]{1,80}")
_TURN = threading.Lock()


def ask(desk: Desk, what: str, arguments: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Give the rows that answer a question of the protocol's."""
    request = QueryRequest(what, NAME, dict(arguments or {}))
    return list(queries.rows_of(request, desk.engines, desk.tools, desk.hosts))


def catalogue(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Give every model of every engine, and which are ready."""
    return {"models": ask(desk, "catalogue"), "engines": ask(desk, "engines")}


def presets(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Give the shipped presets and chains, then the user's own."""
    return {"presets": ask(desk, "presets")}


def save_preset(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Save a preset; it is held against the catalogue first."""
    return {"preset": ask(desk, "save_preset", asked.body)[0]}


def remove_preset(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Remove one of the user's own presets."""
    return ask(desk, "remove_preset", {"name": asked.path["id"]})[0]


def favourites(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Give the models that the user marked, in the order they were."""
    return {"models": _read(desk)}


def mark(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Mark a model (``engine:id``) as a favourite, or take the mark away."""
    model, on = str(asked.need("model", str)), bool(asked.need("on", bool))
    if not _MODEL.fullmatch(model):
        raise UsageError("A favourite is written engine:model.")
    with _TURN:
        found = [one for one in _read(desk) if one != model]
        if on and len(found) >= MOST_FAVOURITES:
            raise UsageError("There are too many favourites.", hint="Take some marks away.")
        found += [model] if on else []
        disk.make_folder(desk.folder)
        data = json.dumps({"models": found}).encode()
        disk.write_bytes(desk.folder / "favourites.json", data, shared=True)
    return {"models": found}


def titles(desk: Desk) -> dict[tuple[str, str], str]:
    """Give what every model is called, by its engine and its id."""
    found: dict[tuple[str, str], str] = {}
    for name, engine in desk.engines.items():
        try:
            found.update({(name, model.id): model.name for model in engine.models()})
        except StembridgeError:
            continue
    return found


def _read(desk: Desk) -> list[str]:
    try:
        found = disk.read_json(desk.folder / "favourites.json").get("models")
    except (FileNotFoundError, StembridgeError):
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
