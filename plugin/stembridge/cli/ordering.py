"""What `separate` was asked for, the same for every input or for a row of a list alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stembridge.cli.compose import Tools
from stembridge.cli.region_list import Named
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.model import presets
from stembridge.model.errors import UsageError
from stembridge.model.formats import DEFAULT_FORMAT


@dataclass(frozen=True)
class Order:
    """What the options say, the same for every input."""

    engine: str | None = None
    model: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    stems: tuple[str, ...] = ()
    rest: bool = False
    residual: bool = False
    format: str = DEFAULT_FORMAT.name
    overwrite: bool = False
    again: bool = False
    max_credits: int | None = None
    service: Mapping[str, str] = field(default_factory=dict)
    parts: bool = False
    chain: str | None = None
    levels: bool = False

    def request(self, source: Source | None, folder: Path | None = None, title: str = "") -> SeparateRequest:
        """Make the request for one input; without a folder the stems stay with the job."""
        return SeparateRequest(
            source=source,
            host="cli",
            name=title if source is None or source.url is None else title_of(source.url).stem,
            engine=self.engine,
            model=self.model,
            options=self.options,
            stems=self.stems,
            rest=self.rest,
            residual=self.residual,
            format=self.format,
            deliver_to=None if folder is None else str(folder),
            overwrite=self.overwrite,
            again=self.again,
            max_credits=self.max_credits,
            service=self.service,
            parts=self.parts,
            chain=self.chain,
            levels=self.levels and self.chain is not None,
        )


def title_of(link: str) -> Path:
    """Give the last part of a link's path, as a file's name."""
    return Path(link.partition("?")[0].rstrip("/").rpartition("/")[2] or "link")


def read_options(given: tuple[str, ...]) -> dict[str, str]:
    """Read what was given with ``--opt``."""
    options = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"'{pair}' is not an option.", hint="Write --opt KEY=VALUE.")
        options[key.strip()] = value.strip()
    return options


def for_row(typed: Order, preset: str | None, row: Named, tools: Tools, *, own_format: bool) -> Order:
    """Give what a row of a list asks for; what it doesn't say, the command line does.

    A row with a preset or a model of its own takes nothing of another model: the command line's preset,
    model, options and stems are not for it.

    Parameters
    ----------
    typed
        What the command line says without its preset.
    preset
        The command line's preset.
    """
    own = bool(row.preset or row.model)
    if own:
        typed = replace(typed, chain=None)
    order = replace(
        typed,
        engine=row.engine or typed.engine,
        model=row.model or (None if own else typed.model),
        options={} if own else typed.options,
        stems=row.stems or (() if own else typed.stems),
    )
    name = row.preset if own else preset
    return with_preset(order, name, tools, own_format=own_format) if name else order


def with_preset(order: Order, name: str, tools: Tools, *, own_format: bool) -> Order:
    """Fill in what a preset of either kind says, or a chain; ``own_format`` lets one's own choose that."""
    from stembridge.bridge import own_chains, own_presets

    if own_chains.known(tools.home, name):
        return with_chain(order, name)
    preset = own_presets.find(tools.home, name)
    if isinstance(preset, presets.OwnPreset):
        return _own(order, preset, tools, own_format=own_format)
    return _shipped(order, preset.id, order.engine or tools.default_engine)


def with_chain(order: Order, name: str) -> Order:
    """Ask for a chain, which says itself which models it takes."""
    if order.engine or order.model or order.options:
        raise UsageError(
            f"The chain '{name}' says itself which models it takes.",
            hint="Leave --engine, --model and --opt out, or save a chain of your own with `presets save`.",
        )
    return replace(order, chain=name.strip().casefold())


def _shipped(order: Order, name: str, engine: str) -> Order:
    """Fill in what a shipped preset says where the command line says nothing."""
    preset = presets.find_preset(name)
    if engine == "offline":
        recipe = presets.offline_recipe(preset)
        return replace(order, model=order.model or recipe.model, stems=order.stems or recipe.stems)
    stems = order.stems or preset.mvsep.stems
    if order.model is not None:
        return replace(order, stems=stems)
    options = {**preset.mvsep.options, **order.options}
    return replace(order, model=str(preset.mvsep.sep_type), options=options, stems=stems)


def _own(order: Order, preset: presets.OwnPreset, tools: Tools, *, own_format: bool) -> Order:
    """Fill in what one of the user's own presets says."""
    from stembridge.bridge import own_presets

    if order.model is None:
        if preset.model is not None and (order.engine or preset.engine) != preset.engine:
            raise UsageError(
                f"The preset '{preset.id}' is for the engine '{preset.engine}'.",
                hint="Leave --engine out, or name another model with --model.",
            )
        own_presets.check(preset, tools.engines(background=False), tools.default_engine)
        engine = order.engine or preset.engine
        options = {**preset.options, **order.options}
        order = replace(order, engine=engine, model=preset.model, options=options)
    return replace(
        order,
        stems=order.stems or preset.stems,
        rest=order.rest or preset.rest,
        residual=order.residual or preset.residual,
        format=preset.format if own_format and preset.format else order.format,
    )
