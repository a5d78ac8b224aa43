"""Questions of a host: how a dialog gets its facts.

The answer is rows.jsonl, one small JSON document a line, so that a host's script can read it in
slices; result.json says how many rows there are and is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stembridge.bridge import batch, doctor, own_chains, own_presets
from stembridge.bridge.session import Tools
from stembridge.engines import registry
from stembridge.engines.base import Engine, Model, Readiness, Recipe, is_remote
from stembridge.jobs import disk, fields, plan
from stembridge.jobs.events import PROTOCOL
from stembridge.jobs.request import QueryRequest, SeparateRequest, parse
from stembridge.jobs.store import Job
from stembridge.model.chains import CHAINS, Chain, leaves, words
from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.presets import PRESETS, OwnPreset, own_name
from stembridge.model.regions import Region

MOST_SPANS = 16
"""Lengths that one quote may ask for: each asks the service anew."""

MOST_ORDERS = 8
"""Orders that one quote may ask for."""

Hosts = Mapping[str, Callable[[], Iterable[Readiness]]]

ROW_FIELDS: Mapping[str, str] = {
    "catalogue": "sep_type (the model's id; a number at MVSEP), name, engine, stems, summary, kind, upload, "
    "fields (name, text, kind, "
    "options, default), and of a service also group, plan, price, active, usage, rating, votes, figures, "
    "multipliers, promises",
    "presets": "id, title, gives, own, mvsep (of a shipped one: model, options, stems), "
    "offline (of a shipped one: the embedded engine can), order (of the user's own: engine, model, "
    "options, stems, rest, residual and format as in a request, null where not said), chain (null, or the "
    "steps of a chain, in order: of (the path of what is taken apart, as vocals/lead; empty: the region), "
    "engine, model, options, stems, preset (in place of model and options, or null))",
    "save_preset": "id, title, gives, own, order, chain: the saved one, as `presets` gives it",
    "remove_preset": "id, removed: of a preset or a chain of the user's own",
    "engines": "engine, name, ready, text, remedy, needed",
    "quote": (
        "engine, model, stems, frames, rate, channels, seconds, amount, unit, left, limits, why, parts "
        "(null; of a region too long for the plan: in how many it could be separated, at most at this "
        "amount; the job asks)"
    ),
    "doctor": "name, ready, text, remedy, needed (false: one can do without)",
}


def answer(job: Job, tools: Tools, hosts: Hosts) -> None:
    """Answer the question in a job folder; the body of a shift (see `shift.work`)."""
    request = job.request()
    if not isinstance(request, QueryRequest):
        raise UsageError("This job is a separation, not a question.")
    engines = tools.engines(background=True)
    rows = list(rows_of(request, engines, tools, hosts))
    lines = "".join(disk.to_json(row) + "\n" for row in rows)
    with disk.mapped(job.rows_file):
        job.rows_file.write_text(lines, encoding="utf-8", newline="\n")
    disk.write_json(
        job.result_file,
        {
            "protocol": PROTOCOL,
            "kind": "query",
            "job": job.id,
            "what": request.what,
            "rows": len(rows),
            "host_context": request.host_context,
        },
    )


def model_row(model: Model) -> dict[str, Any]:
    """Give a model as `models --json` and a dialog show it."""
    return {
        "sep_type": int(model.id) if model.id.isdigit() else model.id,
        "name": model.name,
        "engine": model.engine,
        "stems": list(model.stems),
        "summary": model.summary,
        "kind": model.kind.value,
        "upload": model.upload,
        "fields": [
            {
                "name": field.name,
                "text": field.text,
                "kind": field.kind,
                "options": [list(option) for option in field.options],
                "default": field.default,
            }
            for field in model.fields
        ],
        **model.facts,
    }


def preset_rows(home: Path) -> list[dict[str, Any]]:
    """Give the shipped presets, the user's own, and the chains of both kinds."""
    shipped = [
        {
            "id": row.id,
            "title": row.title,
            "gives": row.gives,
            "own": False,
            "mvsep": {
                "model": str(row.mvsep.sep_type),
                "options": dict(row.mvsep.options),
                "stems": list(row.mvsep.stems),
            },
            "offline": row.offline is not None,
            "chain": None,
        }
        for row in PRESETS.values()
    ]
    rows = [*shipped, *(own_row(row) for row in own_presets.read(home).values())]
    rows += [chain_row(row, own=False) for row in CHAINS.values()]
    return [*rows, *(chain_row(row, own=True) for row in own_chains.read(home).values())]


def chain_row(chain: Chain, *, own: bool) -> dict[str, Any]:
    """Give a chain as `presets --json` and a dialog have it."""
    kept = [(step.of, step.stems) for step in chain.steps]
    said = ", ".join(words(path).lower() for path in leaves(kept) if all(stems for _, stems in kept))
    return {
        "id": chain.id,
        "title": chain.title,
        "gives": chain.gives or said or f"what {len(chain.steps)} steps, one after the other, leave",
        "own": own,
        "offline": all(step.engine == "offline" for step in chain.steps),
        "chain": [step.to_dict() for step in chain.steps],
    }


def own_row(preset: OwnPreset) -> dict[str, Any]:
    """Give one of the user's own presets: an order without its input."""
    return {
        "id": preset.id,
        "title": preset.title or preset.id,
        "gives": preset.gives,
        "own": True,
        "order": {
            "engine": preset.engine,
            "model": preset.model,
            "options": dict(preset.options),
            "stems": list(preset.stems),
            "rest": preset.rest,
            "residual": preset.residual,
            "format": preset.format,
        },
        "chain": None,
    }


def engine_rows(engines: Mapping[str, Engine]) -> list[dict[str, Any]]:
    """Give what is ready of every engine."""
    return [{"engine": name, **asdict(row)} for name, engine in engines.items() for row in engine.readiness()]


def rows_of(
    request: QueryRequest, engines: Mapping[str, Engine], tools: Tools, hosts: Hosts
) -> Iterable[dict[str, Any]]:
    """Give the rows that answer a question; raises what stands against it."""
    if request.what == "catalogue":
        return [model_row(model) for engine in engines.values() for model in engine.models()]
    if request.what == "presets":
        return preset_rows(tools.home)
    if request.what == "save_preset":
        return [_save(request.arguments, engines, tools)]
    if request.what == "remove_preset":
        return [_remove(request.arguments, tools.home)]
    if request.what == "engines":
        return engine_rows(engines)
    if request.what == "doctor":
        return [asdict(row) for row in doctor.examine(tools.home, engines, hosts)]
    return _quotes(request.arguments, engines, tools.default_engine)


def _save(arguments: Mapping[str, Any], engines: Mapping[str, Engine], tools: Tools) -> dict[str, Any]:
    """Save a preset from a dialog: checked like one from the command line, and named like it."""
    fields.known(arguments, frozenset({"name", "title", "order", "replace"}), "preset")
    document = fields.table(arguments, "order")
    known = ["engine", "model", "options", "stems", "rest", "residual", "format"]
    fields.known(document, frozenset(known), "preset's order")
    said = {name: value for name, value in document.items() if value is not None}
    order = parse({"protocol": PROTOCOL, "kind": "separate", **said})
    if not isinstance(order, SeparateRequest):
        raise TypeError(order)
    preset = OwnPreset(
        own_name(fields.text(arguments, "name")),
        title=fields.text(arguments, "title", "").strip(),
        engine=order.engine,
        model=order.model,
        options=dict(order.options),
        stems=order.stems,
        rest=order.rest,
        residual=order.residual,
        format=order.format if "format" in said else None,
    )
    preset = own_presets.checked(preset, engines, tools.default_engine)
    own_presets.save(tools.home, preset, overwrite=fields.flag(arguments, "replace"))
    return own_row(preset)


def _remove(arguments: Mapping[str, Any], home: Path) -> dict[str, Any]:
    fields.known(arguments, frozenset({"name"}), "question")
    name = fields.text(arguments, "name")
    (own_chains if own_chains.known(home, name) else own_presets).remove(home, name)
    return {"id": name.strip().casefold(), "removed": True}


def _quotes(
    arguments: Mapping[str, Any], engines: Mapping[str, Engine], default: str
) -> Iterable[dict[str, Any]]:
    """Price orders for their source, or for each of the spans that a host hasn't rendered yet."""
    known = ["source", "spans", "orders", "engine", "model", "options"]
    unknown = set(arguments) - set(known)
    if unknown:
        raise UnknownNameError("argument of a quote", min(unknown), known)
    given = {name: value for name, value in arguments.items() if name not in {"spans", "orders"}}
    rows: list[dict[str, Any]] = []
    for one in _orders(arguments, given):
        order = parse({"protocol": PROTOCOL, "kind": "separate", **one})
        if not isinstance(order, SeparateRequest):
            raise TypeError(order)
        engine = registry.choose(engines, default, order.engine, order.model)
        if arguments.get("spans") is None:
            planned = plan.check(order, engine)
            rows.append(_quote(engine, planned.region, planned.recipe))
            continue
        if order.source is not None:
            raise UsageError(
                "A quote is for a source or for spans, not for both.", hint="Leave one of them out."
            )
        recipe = engine.resolve(order.model, order.options)
        rows += [_quote(engine, region, recipe) for region in _spans(arguments["spans"])]
    return rows


def _orders(arguments: Mapping[str, Any], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what is to be priced: the one order that the arguments are, or a list of such."""
    several = arguments.get("orders")
    if several is None:
        return [dict(given)]
    fits = {"engine", "model", "options"}
    if (
        not isinstance(several, list)
        or not 1 <= len(several) <= MOST_ORDERS
        or not all(isinstance(one, dict) and set(one) <= fits for one in several)
        or fits & set(given)
    ):
        raise UsageError(
            "The orders of a quote can't be understood.",
            hint=f"Give a list of 1 to {MOST_ORDERS} objects with engine, model and options, and none of "
            "these beside it.",
        )
    return [{**given, **one} for one in several]


def _spans(spans: Any) -> list[Region]:
    """Read lengths for which there is no file yet."""
    wrong = UsageError(
        "The spans of a quote can't be understood.",
        hint=f"Give a list of 1 to {MOST_SPANS} objects with frames, rate and channels, all above 0.",
    )
    if not isinstance(spans, list) or not 1 <= len(spans) <= MOST_SPANS:
        raise wrong
    regions = []
    for span in spans:
        if not isinstance(span, dict) or set(span) != {"frames", "rate", "channels"}:
            raise wrong
        if any(type(number) is not int or number < 1 for number in span.values()):
            raise wrong
        regions.append(Region("", 0, span["frames"], span["rate"], span["channels"]))
    return regions


def _quote(engine: Engine, region: Region | None, recipe: Recipe) -> dict[str, Any]:
    row: dict[str, Any] = {
        "engine": engine.name,
        "model": recipe.model,
        "stems": list(recipe.stems),
        "frames": region and region.frames,
        "rate": region and region.rate,
        "channels": region and region.channels,
        "seconds": region and round(region.seconds, 3),
        "amount": 0,
        "unit": "credits",
        "left": None,
        "limits": [],
        "why": recipe.why,
        "parts": None,
    }
    if is_remote(engine):
        price = engine.quote(region, recipe)
        limits = list(price.limits)
        divided = batch.in_parts(engine, region, recipe, price)
        if divided is not None and not divided[0].limits:
            price, row["parts"] = divided
            # The first says how long it is; what one might do instead is another matter now.
            limits = [limits[0], f"You will be asked whether to separate it in {row['parts']} parts."]
        row.update(amount=price.amount, unit=price.unit, left=price.left, limits=limits)
    return row
