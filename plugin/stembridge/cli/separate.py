"""`stembridge separate`: files in, stems out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import own_chains
from stembridge.cli import batch
from stembridge.cli.compose import Tools
from stembridge.cli.ordering import Order, for_row, read_options, title_of, with_chain, with_preset
from stembridge.cli.region_list import Named, read_list
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.model import regions
from stembridge.model.errors import UsageError
from stembridge.model.formats import DEFAULT_FORMAT, FORMATS
from stembridge.model.names import safe


@click.command()
@click.argument("inputs", nargs=-1, metavar="[INPUT...]")
@click.option("--start", metavar="TIME", help="Where the region starts: seconds, or h:mm:ss.fff.")
@click.option("--end", metavar="TIME", help="Where it ends.")
@click.option("--first-frame", type=int, metavar="N", help="Where it starts, as an exact frame.")
@click.option("--frames", type=int, metavar="M", help="How many frames it has.")
@click.option(
    "--regions",
    "region_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="All regions of a list: CSV (start, end, name; also preset, engine, model, stems, file of each), "
    "Audacity labels, REAPER region CSV.",
)
@click.option("--engine", metavar="NAME", help="Who separates; see `stembridge engines`.")
@click.option("--model", metavar="ID", help="With which model; see `stembridge models`.")
@click.option("--opt", "options", multiple=True, metavar="KEY=VALUE", help="An option of the model.")
@click.option("--preset", metavar="NAME", help="A ready choice of model and stems; see `stembridge presets`.")
@click.option("--chain", metavar="NAME", help="Models one after the other; see `stembridge presets`.")
@click.option("--levels", is_flag=True, help="Of a chain: also the stems that it takes apart further.")
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
    metavar="NAME",
    help=f"One of {', '.join(FORMATS)}; {DEFAULT_FORMAT.name} where nothing is said.",
)
@click.option(
    "--remote-type",
    metavar="KIND",
    help="What kind of link the service fetches: direct, mega, drive or dropbox.",
)
@click.option("--service-format", metavar="0-5", help="What the service sends; the best lossless otherwise.")
@click.option("--max-credits", type=click.IntRange(min=0), metavar="N", help="What a job may cost unasked.")
@click.option("--max-total", type=click.IntRange(min=0), metavar="N", help="What all of it may cost unasked.")
@click.option(
    "--parts",
    "in_parts",
    is_flag=True,
    help="Separate in parts what is longer than the account's plan takes.",
)
@click.option("--publish-demo", is_flag=True, help="Publish the result on the service's demo page.")
@click.option("--mirror", is_flag=True, help="Fetch from the service's mirror, for a credit.")
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
    region_file: Path | None,
    engine: str | None,
    model: str | None,
    options: tuple[str, ...],
    preset: str | None,
    chain: str | None,
    levels: bool,
    stems: str | None,
    rest: bool,
    residual: bool,
    out: Path | None,
    overwrite: bool,
    format_name: str | None,
    remote_type: str | None,
    service_format: str | None,
    max_credits: int | None,
    max_total: int | None,
    in_parts: bool,
    publish_demo: bool,
    mirror: bool,
    yes: bool,
    again: bool,
    as_json: bool,
) -> int:
    """Separate each INPUT into stems that lie on the very samples they came from.

    Without a region the whole file is separated. The result is a folder with the stems, report.json
    and report.png. Of several, the cost of all is told and agreed to once, before anything is sent.

    \b
    stembridge separate song.wav
    stembridge separate song.flac --start 1:02.5 --end 1:30 --stems vocals --rest
    stembridge separate song.wav --chain full-band
    """  # noqa: D301 - click's mark for lines to leave alone
    tools = Tools()
    order = Order(
        engine=engine,
        model=model,
        options=read_options(options),
        stems=tuple(part for part in (stems or "").split(",") if part.strip()),
        rest=rest,
        residual=residual,
        format=format_name or DEFAULT_FORMAT.name,
        overwrite=overwrite,
        again=again,
        max_credits=max_credits,
        service={
            **({} if service_format is None else {"format": service_format}),
            **({"publish_demo": "1"} if publish_demo else {}),
            **({"mirror": "1"} if mirror else {}),
        },
        parts=in_parts,
        levels=levels,
    )
    if chain is not None:
        if preset is not None:
            raise UsageError("--chain and --preset exclude each other.", hint="Use one of them.")
        order = with_chain(order, own_chains.find(tools.home, chain).id)
    typed, own_format = order, format_name is None
    if preset is not None:
        order = with_preset(order, preset, tools, own_format=own_format)
    if levels and order.chain is None and region_file is None:
        raise UsageError("--levels is for chains.", hint="Name one with --chain, or leave --levels out.")
    if (start is not None or end is not None) and (first_frame is not None or frames is not None):
        raise UsageError("--start/--end and --first-frame/--frames exclude each other.", hint="Use one pair.")
    listed = [] if region_file is None else read_list(region_file)
    if listed and (start, end, first_frame, frames) != (None, None, None, None):
        raise UsageError(
            "--regions excludes --start, --end, --first-frame and --frames.", hint="Use one of them."
        )
    terminal = TerminalSession(as_json=as_json, agreed=yes, **settings)
    if publish_demo and not yes:
        _confirm_publication(terminal)
    parts = _parts(inputs, listed, out)
    _offer_model(order, tools, terminal, agreed=yes)

    def request(part: _Part) -> SeparateRequest:
        row = part.region
        begins, ends = (start, end) if row is None else (row.start or None, row.end or None)
        span = _source(part.name, begins, ends, first_frame, frames)
        title = f"{Path(part.name).stem} - {row.name}" if row is not None and row.name else ""
        chosen = order
        if row is not None:
            chosen = for_row(typed, preset, row, tools, own_format=own_format)
        return chosen.request(_link(part.name, remote_type) or span, part.folder, title)

    titles = [part.title for part in parts]
    requests = [partial(request, part) for part in parts]
    with terminal.listening():
        return batch.separate(titles, requests, tools, terminal, batch.Consent(yes, max_total))


@dataclass(frozen=True)
class _Part:
    """One job to be: an input, or a region of it."""

    name: str
    folder: Path
    region: Named | None = None

    @property
    def title(self) -> str:
        named = self.region is not None and self.region.name
        return f"{self.name}, {named}" if named else self.name


def _parts(inputs: Sequence[str], listed: Sequence[Named], out: Path | None) -> list[_Part]:
    """Give the jobs to be: every row without a file for every input, and every other for its own file."""
    for_all = [row for row in listed if not row.file]
    files = dict.fromkeys(row.file for row in listed if row.file)
    if for_all and not inputs:
        raise UsageError(
            f"The region '{for_all[0].name}' in the list is of no file.",
            hint="Name the audio file in front of --regions, or in a column 'file' of the list.",
        )
    # Without an input there is one job all the same: for a model that makes audio from words.
    names = (*inputs, *files) or ("",)
    parts: list[_Part] = []
    used: set[str] = set()
    for place, (name, folder) in enumerate(zip(names, _folders(names, out), strict=True)):
        mine = for_all if place < len(inputs) else [row for row in listed if row.file == name]
        rows: Sequence[Named | None] = mine or [None]
        for row in rows:
            inside = folder / safe(row.name) if row is not None and row.name else folder
            parts.append(_Part(name, _apart(inside, used), row))
    return parts


def _apart(folder: Path, used: set[str]) -> Path:
    """Give a folder that no other job of this command has: regions may be called alike."""
    number, chosen = 1, folder
    while str(chosen).casefold() in used:
        number += 1
        chosen = folder.with_name(f"{folder.name} {number}")
    used.add(str(chosen).casefold())
    return chosen


def _confirm_publication(terminal: TerminalSession) -> None:
    question = "Publish the result on the service's demo page, where everybody can hear it?"
    if not terminal.may_ask or not click.confirm(question, err=True):
        raise UsageError("Publishing has to be confirmed.", hint="Add --yes, or leave --publish-demo out.")


def _link(name: str, remote_type: str | None) -> Source | None:
    """Take an input for a link that a service fetches; None for a file."""
    if "://" in name:
        return Source(url=name, remote_type=remote_type or "direct")
    if remote_type is not None:
        raise UsageError("--remote-type is for links.", hint="Leave it out for files.")
    return None


def _source(
    name: str, start: str | None, end: str | None, first_frame: int | None, frames: int | None
) -> Source | None:
    """Turn what a person typed into a span of a file; None for no input."""
    span = (start, end, first_frame, frames)
    if (not name or "://" in name) and span != (None, None, None, None):
        raise UsageError("Only a file has regions.", hint="Leave --start, --end and the like out.")
    if not name or "://" in name:
        return None
    path = os.path.abspath(name)  # noqa: PTH100 - keeps links as they are
    if start is None and end is None:
        return Source(path, first_frame or 0, frames)
    from stembridge.audio.files import inspect

    rate = inspect(Path(path)).rate
    first = regions.frames_from_seconds(regions.parse_seconds(start or "0"), rate)
    if end is None:
        return Source(path, first, None)
    return Source(path, first, regions.frames_from_seconds(regions.parse_seconds(end), rate) - first)


def _folders(inputs: Sequence[str], out: Path | None) -> list[Path]:
    """Give each input a folder of its own for its results."""
    folders: list[Path] = []
    for name in inputs:
        source = Path(os.path.abspath(title_of(name) if "://" in name else name or "generated"))  # noqa: PTH100
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


def _offer_model(order: Order, tools: Tools, terminal: TerminalSession, *, agreed: bool) -> None:
    """Offer the better model when the engine would do without it only because it isn't installed."""
    named = order.chain is not None or order.model is not None
    if named or (order.engine or tools.default_engine) != "offline":
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
