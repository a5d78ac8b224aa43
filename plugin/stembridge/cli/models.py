"""`stembridge models`: what can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from stembridge.bridge.queries import model_row
from stembridge.cli.compose import Tools
from stembridge.cli.service import as_json, known, plain
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import UnknownNameError

if TYPE_CHECKING:
    from stembridge.engines.base import Engine, Model
    from stembridge.mvsep.algorithm import Algorithm
    from stembridge.mvsep.catalogue_search import Hit

_MOST_FITTING = 4
_UNKNOWN = "not known from the built-in list"
_KINDS = {
    "stem": "what the result tells",
    "audio": "enhanced audio",
    "generated": "audio made from words",
    "text": "text with times",
}


@click.command()
@click.argument("text", nargs=-1)
@click.option("--refresh", is_flag=True, help="Fetch MVSEP's live list now.")
@as_json
@click.pass_obj
def models(settings: dict[str, Any], text: tuple[str, ...], *, refresh: bool, as_json: bool) -> None:
    r"""Find models by name, stem, number or quality figure, the best first; all of them without TEXT.

    A single one is shown with all its options. MVSEP's live list is used when a key is stored, and kept
    a day; otherwise the list that comes with Stembridge.

    \b
    stembridge models karaoke
    stembridge models drums sdr 14.35
    stembridge models 63
    """
    tools = Tools()
    engines = tools.engines(background=False)
    terminal = TerminalSession(as_json=as_json, **settings)
    note, catalogue = _catalogue(engines, tools.default_engine, refresh=refresh)
    if note:
        terminal.say(note)
    found = [model for engine in engines.values() for model in engine.models()]
    wanted = " ".join(text).strip()
    fitting: Mapping[str, Hit] = {}
    if wanted:
        found, fitting = _search(found, catalogue, wanted)
    if as_json:
        terminal.line([model_row(model) for model in found])
    elif len(found) == 1:
        _show(found[0])
    else:
        for model in found:
            _line(model, fitting.get(model.id))


def _catalogue(
    engines: Mapping[str, Engine], default: str, *, refresh: bool
) -> tuple[str, Mapping[str, Algorithm]]:
    """Give a word on the service's list where there is one to say, and its types by id."""
    from stembridge.engines.mvsep.engine import MvsepEngine
    from stembridge.mvsep.catalogue import Source

    note = ""
    types: dict[str, Algorithm] = {}
    for engine in engines.values():
        if isinstance(engine, MvsepEngine):
            listed = engine.catalogue()
            if refresh or (default == engine.name and listed.source is not Source.LIVE):
                listed = engine.refresh()
                note = listed.note
            types = {str(one.sep_type): one for one in listed.algorithms}
            engine.close()
    return note, types


def _search(
    models: Sequence[Model], types: Mapping[str, Algorithm], wanted: str
) -> tuple[list[Model], dict[str, Hit]]:
    from stembridge.mvsep.catalogue_search import search

    exact = [model for model in models if wanted.casefold() in {model.id.casefold(), model.name.casefold()}]
    if len(exact) == 1:
        return exact, {}
    by_number = {_entry(model, place, types).sep_type: model for place, model in enumerate(models)}
    hits = search([_entry(model, place, types) for place, model in enumerate(models)], wanted)
    if not hits:
        raise UnknownNameError("model", wanted, [name for m in models for name in (m.name, m.id)])
    found = [(by_number[hit.algorithm.sep_type], hit) for hit in hits]
    return [model for model, _ in found], {model.id: hit for model, hit in found}


def _entry(model: Model, place: int, types: Mapping[str, Algorithm]) -> Algorithm:
    """Give what is searched for a model: one of another engine passes for a type without a number."""
    from stembridge.mvsep.algorithm import Algorithm, AlgorithmField, Option

    if model.engine == "mvsep" and model.id in types:
        return types[model.id]
    return Algorithm(
        sep_type=-1 - place,
        name=f"{model.name} {model.id}",
        fields=tuple(
            AlgorithmField(
                f.name, f.text, f.kind, tuple(Option(k, label) for k, label in f.options), f.default
            )
            for f in model.fields
        ),
        stems=model.stems,
        kind=model.kind,
        group=model.engine,
        summary=model.summary,
    )


def _line(model: Model, hit: Hit | None) -> None:
    stems = ", ".join(model.stems) if model.stems else model.kind.value
    head = plain(model.name) if _named(model) else f"{plain(model.name)}: {stems}"
    click.echo(f"{model.engine:<8}{model.id:>9}  {head}{_terms(model)}")
    options = hit.options if hit else ()
    if len(options) <= _MOST_FITTING:
        for name, option in options:
            click.echo(f"{'':19}--opt {name}={option.key}  {plain(option.label)}")


def _named(model: Model) -> bool:
    """Say whether the name lists the stems already, as the service's names mostly do."""
    return "(" in model.name and "," in model.name


def _terms(model: Model) -> str:
    words = []
    if model.facts.get("plan") == "premium":
        words.append("premium")
    if model.facts.get("price") is not None:
        price = model.facts["price"]
        words.append(f"{price:g} credit{'' if price == 1 else 's'} a minute")
    if model.facts.get("active") is False:
        words.append("closed at the moment")
    return f"  [{', '.join(words)}]" if words else ""


def _show(model: Model) -> None:
    click.echo(f"{model.id}  {plain(model.name)} ({model.engine})")
    if not model.summary.startswith("Gives "):  # said below, with the options that change it
        click.echo(f"    {plain(model.summary)}")
    if model.facts:
        price = model.facts["price"]
        click.echo(f"    for:   {known(model.facts['plan'], _UNKNOWN)}")
        click.echo(f"    price: {_UNKNOWN if price is None else f'{price:g} credits a minute'}")
        if model.facts["rating"] is not None:
            click.echo(f"    rated: {model.facts['rating']:.2f} by {known(model.facts['votes'])}")
        if model.facts["active"] is False:
            click.echo("    MVSEP takes no orders for it at the moment.")
    click.echo(f"    gives: {', '.join(model.stems) or _KINDS[model.kind.value]}")
    for promise in model.facts.get("promises", ()):
        chosen = " ".join(f"{name}={key}" for name, key in promise["options"].items())
        click.echo(f"           {', '.join(promise['stems']) or _KINDS['stem']} with {chosen}")
    for field in model.fields:
        click.echo(f"    --opt {field.name}=...  {plain(field.text)}")
        factors = model.facts.get("multipliers", {}).get(field.name, {})
        for key, label in field.options:
            default = " (default)" if key == field.default else ""
            times = f" (price times {factors[key]:g})" if key in factors else ""
            click.echo(f"        {key}  {plain(label)}{default}{times}")
