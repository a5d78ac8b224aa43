"""`stembridge separate`: files in, stems out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import session
from stembridge.cli import conclude, exits
from stembridge.cli.complaints import complain
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.model import presets, regions
from stembridge.model.errors import StembridgeError, UnknownNameError, UsageError
from stembridge.model.formats import DEFAULT_FORMAT, FORMATS
from stembridge.model.names import safe


@dataclass(frozen=True)
class Order:
    """What the options say, the same for every input."""

    engine: str | None
    model: str | None
    options: dict[str, str]
    stems: tuple[str, ...]
    rest: bool
    residual: bool
    format: str
    overwrite: bool
    again: bool

    def request(self, source: Source, folder: Path) -> SeparateRequest:
        """Make the request for one input."""
        return SeparateRequest(
            source=source,
            host="cli",
            engine=self.engine,
            model=self.model,
            options=self.options,
            stems=self.stems,
            rest=self.rest,
            residual=self.residual,
            format=self.format,
            deliver_to=str(folder),
            overwrite=self.overwrite,
            again=self.again,
        )


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--start", metavar="TIME", help="Where the region starts: seconds, or h:mm:ss.fff.")
@click.option("--end", metavar="TIME", help="Where it ends.")
@click.option("--first-frame", type=int, metavar="N", help="Where it starts, as an exact frame.")
@click.option("--frames", type=int, metavar="M", help="How many frames it has.")
@click.option("--engine", metavar="NAME", help="Who separates; see `stembridge engines`.")
@click.option("--model", metavar="ID", help="With which model; see `stembridge models`.")
@click.option("--opt", "options", multiple=True, metavar="KEY=VALUE", help="An option of the model.")
@click.option("--preset", metavar="NAME", help="A ready choice of model and stems; see `stembridge presets`.")
@click.option("--stems", metavar="A,B", help="Only these stems.")
@click.option("--rest", is_flag=True, help="Also the region without the chosen stems.")
@click.option("--residual", is_flag=True, help="Also what is left when all stems are taken away.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Default: '<source> stems' beside the source.",
)
@click.option("--overwrite", is_flag=True, help="Replace files of the same name.")
@click.option(
    "--format",
    "format_name",
    default=DEFAULT_FORMAT.name,
    show_default=True,
    metavar="NAME",
    help=f"One of {', '.join(FORMATS)}.",
)
@click.option("--yes", is_flag=True, help="Agree to what would be asked: a model's download, a cost.")
@click.option("--again", is_flag=True, help="Separate anew, though the same was done before.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the events as JSON lines, the last with the result."
)
@click.pass_obj
def separate(
    settings: dict[str, Any],
    inputs: tuple[str, ...],
    *,
    start: str | None,
    end: str | None,
    first_frame: int | None,
    frames: int | None,
    engine: str | None,
    model: str | None,
    options: tuple[str, ...],
    preset: str | None,
    stems: str | None,
    rest: bool,
    residual: bool,
    out: Path | None,
    overwrite: bool,
    format_name: str,
    yes: bool,
    again: bool,
    as_json: bool,
) -> int:
    r"""Separate each INPUT into stems that lie on the very samples they came from.

    Without a region the whole file is separated. The result is a folder with the stems, report.json
    and report.png.

    \b
    stembridge separate song.wav
    stembridge separate song.flac --start 1:02.5 --end 1:30 --stems vocals --rest
    """
    tools = Tools()
    order = Order(
        engine=engine,
        model=model,
        options=_options(options),
        stems=tuple(part for part in (stems or "").split(",") if part.strip()),
        rest=rest,
        residual=residual,
        format=format_name,
        overwrite=overwrite,
        again=again,
    )
    if preset is not None:
        order = _with_preset(order, preset, order.engine or tools.default_engine)
    if (start is not None or end is not None) and (first_frame is not None or frames is not None):
        raise UsageError("--start/--end and --first-frame/--frames exclude each other.", hint="Use one pair.")
    terminal = TerminalSession(as_json=as_json, agreed=yes, **settings)
    folders = _folders(inputs, out)
    _offer_model(order, tools, terminal, agreed=yes)
    code = exits.OK
    with terminal.listening():
        for name, folder in zip(inputs, folders, strict=True):
            try:
                source = _source(name, start, end, first_frame, frames)
                ended = _one(order.request(source, folder), tools, terminal)
            except StembridgeError as error:
                if len(inputs) == 1:
                    raise
                _tell(error, name, terminal)
                ended = exits.exit_code(error)
            if ended == exits.CANCELLED:
                return ended
            code = code or ended
    return code


def _one(request: SeparateRequest, tools: Tools, terminal: TerminalSession) -> int:
    from stembridge.jobs import plan

    engines = tools.engines(background=False)
    name = request.engine or tools.default_engine
    if name not in engines:
        raise UnknownNameError("engine", name, engines)
    planned = plan.check(request, engines[name])
    if planned.recipe.why:
        terminal.say(planned.recipe.why)
    job = tools.store.create(request)
    return conclude.tell(job, session.drive(job, tools, terminal), terminal)


def _source(
    name: str, start: str | None, end: str | None, first_frame: int | None, frames: int | None
) -> Source:
    """Turn what a person typed into a span of a file."""
    if "://" in name:
        raise UsageError(
            "The embedded engine separates files, not links.", hint="Download the audio and give the file."
        )
    path = os.path.abspath(name)  # noqa: PTH100 - keeps links as they are
    if start is None and end is None:
        return Source(path, first_frame or 0, frames)
    from stembridge.audio.files import inspect

    rate = inspect(Path(path)).rate
    first = regions.frames_from_seconds(regions.parse_seconds(start or "0"), rate)
    if end is None:
        return Source(path, first, None)
    return Source(path, first, regions.frames_from_seconds(regions.parse_seconds(end), rate) - first)


def _folders(inputs: tuple[str, ...], out: Path | None) -> list[Path]:
    """Give each input a folder of its own for its results."""
    folders: list[Path] = []
    for name in inputs:
        source = Path(os.path.abspath(name))  # noqa: PTH100
        if out is not None and len(inputs) == 1:
            folder = Path(os.path.abspath(out))  # noqa: PTH100
        else:
            parent = source.parent if out is None else Path(os.path.abspath(out))  # noqa: PTH100
            folder = parent / f"{safe(source.stem)} stems"
        number = 2
        while folder in folders:
            folder = folder.with_name(f"{safe(source.stem)} stems {number}")
            number += 1
        folders.append(folder)
    return folders


def _options(given: tuple[str, ...]) -> dict[str, str]:
    options = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"'{pair}' is not an option.", hint="Write --opt KEY=VALUE.")
        options[key.strip()] = value.strip()
    return options


def _with_preset(order: Order, name: str, engine: str) -> Order:
    """Fill in what a preset says where the command line says nothing."""
    from dataclasses import replace

    preset = presets.find_preset(name)
    if engine == "offline":
        recipe = presets.offline_recipe(preset)
        return replace(order, model=order.model or recipe.model, stems=order.stems or recipe.stems)
    stems = order.stems or preset.mvsep.stems
    if order.model is not None:
        return replace(order, stems=stems)
    options = {**preset.mvsep.options, **order.options}
    return replace(order, model=str(preset.mvsep.sep_type), options=options, stems=stems)


def _offer_model(order: Order, tools: Tools, terminal: TerminalSession, *, agreed: bool) -> None:
    """Offer the better model when the engine would do without it only because it isn't installed."""
    if order.model is not None or (order.engine or tools.default_engine) != "offline":
        return
    from stembridge.engines.base import Installable

    engine = tools.engines(background=False)["offline"]
    if not isinstance(engine, Installable):
        return
    for row in tools.engines(background=False)["offline"].readiness():
        if row.name not in engine.installable():
            continue
        if row.ready or not (agreed or terminal.may_ask):
            continue
        if agreed or click.confirm(f"{row.text} {row.remedy} Do it now?", default=True, err=True):
            from stembridge.cli.engines import install_part

            install_part(engine, row.name, None, terminal)


def _tell(error: StembridgeError, name: str, terminal: TerminalSession) -> None:
    if terminal.as_json:
        terminal.line({"input": name, "error": error.to_dict()})
    else:
        complain(error, about=name, verbose=terminal.verbose)
