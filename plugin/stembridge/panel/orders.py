"""Orders: from what the page was set to, to priced and agreed separations with workers on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from stembridge.bridge import batch, own_chains, own_presets
from stembridge.bridge.batch import Entry
from stembridge.engines.base import Recipe
from stembridge.jobs import plan, remote
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.store import Job
from stembridge.model import presets, stems
from stembridge.model.errors import UsageError
from stembridge.model.formats import DEFAULT_FORMAT
from stembridge.panel import choosing, uploads
from stembridge.panel.answers import Asked
from stembridge.panel.desk import NAME, Desk

MOST_ORDERS = 8
"""Models that one region is given to at a time."""
CHOICE = frozenset({"preset", "chain", "levels", "engine", "model", "options", "stems", "rest", "residual"})
FIELDS = CHOICE | {"file", "first_frame", "frames", "format", "max_credits", "agree", "compare"}
QUOTE_FIELDS = CHOICE | {"file", "first_frame", "frames", "rate", "channels", "compare"}


def make(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Make the jobs of an order and start a worker on each.

    What all of it costs is agreed on once, before anything is made: without ``agree``, an order that costs
    credits is answered with a question.
    """
    source = _source(desk, asked)
    requests = [_request(desk, asked, choice, source) for choice in _choices(asked)]
    entries = [_entry(desk, request) for request in requests]
    bill = batch.bill(entries, desk.home)
    batch.check(entries, bill, agreed=asked.get("agree", bool, False), max_total=None)
    jobs = []
    for place, entry in enumerate(entries):
        job = desk.host.store.create(entry.request)
        batch.keep_consent(job, bill, place)
        jobs.append(job)
    _start(desk, jobs)
    return {"jobs": [desk.board.row(job) for job in jobs]}


def quote(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Price an order: a row a model, and all of it in words."""
    source = _source(desk, asked) if asked.get("file", str) else None
    rows: list[dict[str, Any]] = []
    for choice in _choices(asked):
        request = _request(desk, asked, choice, source)
        if request.chain is not None:
            rows.append(_chain_row(desk, request))
            continue
        found: dict[str, Any] = {
            "engine": request.engine, "model": request.model, "options": dict(request.options),
        }  # fmt: skip
        if source is not None:
            found["source"] = _span(source)
        elif asked.get("frames", int) is not None:
            found["spans"] = [{key: asked.need(key, int) for key in ("frames", "rate", "channels")}]
        rows += choosing.ask(desk, "quote", found)
    return {**_sum(rows), "rows": rows}


def _chain_row(desk: Desk, request: SeparateRequest) -> dict[str, Any]:
    """Price a chain by its steps, as a quote of a model is told."""
    if request.source is None:
        raise UsageError("A chain is priced for a song.", hint="Drop one on the page first.")
    entry = _entry(desk, request)
    bill = batch.bill([entry], desk.home)
    price = bill.quotes.get(0)
    region = entry.plan.region
    refused = ["The service would refuse a step of this chain."] if bill.refused else []
    return {
        "engine": None, "model": request.chain, "stems": list(entry.plan.stems),
        "frames": region and region.frames, "rate": region and region.rate,
        "channels": region and region.channels, "seconds": region and round(region.seconds, 3),
        "amount": 0 if price is None else price.amount,
        "unit": "credits" if price is None else price.unit,
        "left": None if price is None else price.left,
        "limits": refused, "why": "", "parts": None, "steps": bill.steps.get(0, len(entry.steps)),
    }  # fmt: skip


def adopt(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Bring in a result that the service has already, by a link, a hash or a number of the history."""
    from stembridge.engines.mvsep.engine import MvsepEngine

    engine = desk.engines["mvsep"]
    if not isinstance(engine, MvsepEngine):
        raise TypeError(type(engine))
    reference = asked.path.get("id") or str(asked.need("link", str)).strip()
    if not reference:
        raise UsageError("There is no link.", hint="Copy the link of a result from mvsep.com.")
    ticket = engine.adopt(reference)
    request = SeparateRequest(None, host=NAME, name="result", engine=engine.name)
    recipe = Recipe(engine.name, "adopted", (), {}, "adopted")
    planned = plan.Plan(None, request.name, recipe, stems.choose((), ()), "", {"name": request.name})
    job = desk.host.store.create(request)
    remote.adopt(job, ticket, planned, now=desk.tools.clock.time())
    desk.host.start(job)
    return {"job": desk.board.row(job)}


def _start(desk: Desk, jobs: Sequence[Job]) -> None:
    """Start the workers, side by side: each takes a moment to say that it is there."""
    with ThreadPoolExecutor(max(1, len(jobs))) as hands:
        list(hands.map(desk.host.start, jobs))


def _choices(asked: Asked) -> list[Mapping[str, Any]]:
    """Give what is to be done with the region: the order's own choice, or each of several to compare."""
    several = asked.get("compare", list)
    own = {name: asked.body[name] for name in CHOICE if asked.body.get(name) is not None}
    if several is None:
        return [own]
    if set(own) & {"preset", "chain", "engine", "model", "options"}:
        raise UsageError("What is compared stands in 'compare' alone.")
    if not 1 <= len(several) <= MOST_ORDERS or not all(isinstance(one, dict) for one in several):
        raise UsageError(f"'compare' must be a list of 1 to {MOST_ORDERS} objects.")
    for one in several:
        for name in one:
            if name not in CHOICE:
                raise UsageError(f"An order to compare has a field '{name[:40]}' that nobody knows.")
    return [{**own, **one} for one in several]


def _request(
    desk: Desk, asked: Asked, choice: Mapping[str, Any], source: tuple[uploads.Upload, Source] | None
) -> SeparateRequest:
    """Fill in what a preset says, where the page says nothing else."""
    said = Asked({}, body=choice)
    order = SeparateRequest(
        None if source is None else source[1],
        host=NAME,
        name="" if source is None else Path(source[0].name).stem,
        engine=said.get("engine", str),
        model=said.get("model", str),
        options=_options(said.get("options", dict, {})),
        stems=tuple(_texts(said.get("stems", list, []), "stems")),
        rest=said.get("rest", bool, False),
        residual=said.get("residual", bool, False),
        format=asked.get("format", str, DEFAULT_FORMAT.name),
        max_credits=_count(asked.get("max_credits", int)),
        background=True,
    )
    name, chain = said.get("preset", str), said.get("chain", str)
    if name is not None and chain is None and own_chains.known(desk.home, name):
        name, chain = None, name
    if chain is not None:
        if name is not None or order.model is not None or order.engine is not None or order.options:
            raise UsageError("A chain says itself which models it takes.", hint="Choose it alone.")
        levels = said.get("levels", bool, False)
        return replace(order, chain=own_chains.find(desk.home, chain).id, levels=levels)
    if said.get("levels", bool, False):
        raise UsageError("Only a chain has levels.", hint="Leave 'levels' out.")
    return order if name is None else _with_preset(desk, order, name, own_format="format" not in asked.body)


def _with_preset(desk: Desk, order: SeparateRequest, name: str, *, own_format: bool) -> SeparateRequest:
    if order.model is not None:
        raise UsageError("A preset names its model itself.", hint="Choose a preset or a model.")
    preset = own_presets.find(desk.home, name)
    if isinstance(preset, presets.OwnPreset):
        own_presets.check(preset, desk.engines, desk.tools.default_engine)
        return replace(
            order,
            engine=order.engine or preset.engine,
            model=preset.model,
            options={**preset.options, **order.options},
            stems=order.stems or preset.stems,
            rest=order.rest or preset.rest,
            residual=order.residual or preset.residual,
            format=preset.format if own_format and preset.format else order.format,
        )
    engine = order.engine or desk.tools.default_engine
    if engine == "offline":
        local = presets.offline_recipe(preset)
        return replace(order, engine=engine, model=local.model, stems=order.stems or local.stems)
    return replace(
        order,
        engine=engine,
        model=str(preset.mvsep.sep_type),
        options={**preset.mvsep.options, **order.options},
        stems=order.stems or preset.mvsep.stems,
    )


def _entry(desk: Desk, request: SeparateRequest) -> Entry:
    return batch.entry(request, desk.engines, desk.tools)


def _source(desk: Desk, asked: Asked) -> tuple[uploads.Upload, Source] | None:
    """Give the span of an upload that is to be separated; None for a model that takes no input."""
    name = asked.get("file", str)
    if name is None:
        return None
    found = uploads.find(desk, name)
    return found, Source(str(found.path), asked.get("first_frame", int, 0), asked.get("frames", int))


def _span(source: tuple[uploads.Upload, Source]) -> dict[str, Any]:
    span = {"path": source[1].path, "first_frame": source[1].first_frame, "frames": source[1].frames}
    return {name: value for name, value in span.items() if value is not None}


def _sum(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add prices up; one that isn't known makes the sum unknown."""
    amounts = [row["amount"] for row in rows]
    known = [amount for amount in amounts if amount is not None]
    unit = next((row["unit"] for row in rows if row["amount"] != 0), "credits")
    left = min((row["left"] for row in rows if row["left"] is not None), default=None)
    total = sum(known) if len(known) == len(amounts) else None
    return {
        "amount": total,
        "unit": unit,
        "left": left,
        "limits": list(dict.fromkeys(text for row in rows for text in row["limits"])),
        "words": _words(len(rows), total, unit, left),
    }


def _words(count: int, total: int | None, unit: str, left: int | None) -> str:
    what = "This" if count == 1 else f"These {count} separations"
    verb = "costs" if count == 1 else "cost"
    if total is None:
        return f"What {what.lower()} {verb} isn't known; you are asked before anything is spent."
    if total == 0:
        return f"{what} {verb} nothing."
    text = f"{what} {verb} {total} {unit.removesuffix('s') if total == 1 else unit}."
    return text if left is None else f"{text} You have {left}."


def _options(found: Mapping[Any, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in found.values()):
        raise UsageError("The options must be text for text.")
    return dict(found)


def _texts(found: Sequence[Any], name: str) -> list[str]:
    if not all(isinstance(one, str) for one in found):
        raise UsageError(f"The field '{name}' must be a list of text.")
    return list(found)


def _count(value: int | None) -> int | None:
    if value is not None and value < 0:
        raise UsageError("'max_credits' must be 0 or more.")
    return value
