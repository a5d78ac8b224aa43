"""`stembridge compare`: separations of one region side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import comparing
from stembridge.bridge.batch import Bill, Entry
from stembridge.bridge.finished import check_files, load, place_beside, place_for
from stembridge.cli import batch, conclude
from stembridge.cli.compose import Tools
from stembridge.cli.ordering import Order, with_preset
from stembridge.cli.span import span
from stembridge.jobs.combining import CompareRequest
from stembridge.jobs.store import Job
from stembridge.model.errors import Cancelled, StembridgeError, UsageError


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="JOB JOB... | INPUT")
@click.option(
    "--with",
    "models",
    multiple=True,
    metavar="ENGINE:MODEL | PRESET",
    help="Separate INPUT with this first; a model's options follow as ,KEY=VALUE. At least two of them.",
)
@click.option("--start", metavar="TIME", help="Where INPUT's region starts: seconds, or h:mm:ss.fff.")
@click.option("--end", metavar="TIME", help="Where it ends.")
@click.option("--first-frame", type=int, metavar="N", help="Where it starts, as an exact frame.")
@click.option("--frames", type=int, metavar="M", help="How many frames it has.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Default: '<source> compared' beside the source.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier comparison there.")
@click.option(
    "--max-credits", type=click.IntRange(min=0), metavar="N", help="What each separation may cost unasked."
)
@click.option("--yes", is_flag=True, help="Agree to the cost that would be asked.")
@click.option("--again", is_flag=True, help="Separate anew, though the same was done before.")
@click.option("--json", "as_json", is_flag=True, help="Print compare.json.")
@click.pass_obj
def compare(
    settings: dict[str, Any],
    names: tuple[str, ...],
    *,
    models: tuple[str, ...],
    start: str | None,
    end: str | None,
    first_frame: int | None,
    frames: int | None,
    out: Path | None,
    overwrite: bool,
    max_credits: int | None,
    yes: bool,
    again: bool,
    as_json: bool,
) -> int:
    """Set separations of one region side by side: levels, likeness, spectra, residual, time and cost.

    Name finished jobs, or an INPUT and the models to separate it with. What was separated before isn't
    separated again; what the rest costs together is told and agreed to once, before anything is sent. The
    result is a folder with compare.json and compare.png.

    \b
    stembridge compare last 20240501
    stembridge compare song.wav --with offline:spleeter --with mvsep:40 --start 1:00 --end 1:30
    stembridge compare song.wav --with vocals --with karaoke
    """  # noqa: D301 - click's mark for lines to leave alone
    tools = Tools()
    terminal = conclude.Reader(as_json=as_json, agreed=yes, **settings)
    spans = {"start": start, "end": end, "first_frame": first_frame, "frames": frames}
    if models:
        if len(models) < 2 or len(names) != 1:
            raise UsageError(
                "A comparison with --with takes one INPUT and at least two models.",
                hint="Write `stembridge compare song.wav --with offline:spleeter --with offline:repet`.",
            )
        source = span(names[0], **spans)  # type: ignore[arg-type]
        order = Order(again=again, max_credits=max_credits)
        requests = [_with(order, text, tools).request(source) for text in models]
    elif again or max_credits is not None or any(value is not None for value in spans.values()):
        raise UsageError(
            "Jobs are compared as they are: a region, --again and --max-credits are for --with.",
            hint="Name jobs alone, or an INPUT and --with ENGINE:MODEL.",
        )
    with terminal.listening():
        if models:
            place = place_beside(Path(source.path), "compared", out)
            check_files(place, comparing.FILES, overwrite=overwrite)
            entries = comparing.orders(requests, tools)
            bill = batch.agree(entries, tools, terminal, batch.Consent(yes))
            jobs = _separate(entries, bill, tools, terminal)
        else:
            jobs = [tools.store.find(name) for name in names]
        found = [load(job) for job in jobs]
        comparing.check(found)
        place = place_for(found[0], "compared", out)
        check_files(place, comparing.FILES, overwrite=overwrite)
        job = tools.store.create(
            CompareRequest(
                tuple(one.id for one in jobs), host="cli", deliver_to=str(place), overwrite=overwrite
            )
        )
        return conclude.read(job, tools, terminal, "document")


def _separate(entries: Sequence[Entry], bill: Bill, tools: Tools, terminal: conclude.Reader) -> list[Job]:
    """Separate, and say how to go on where that isn't done to the end."""
    jobs: list[Job] = []

    def begun(job: Job, title: str) -> None:
        jobs.append(job)
        terminal.name(job, title)

    try:
        return comparing.separate(entries, bill, tools, terminal, begun)
    except (Cancelled, StembridgeError):
        unfinished = [job.id for job in jobs if not job.result_file.exists()]
        if unfinished:
            terminal.pause()
            terminal.say(f"Go on with what is unfinished: stembridge jobs resume {' '.join(unfinished)}")
            terminal.say("Then compare again: what is separated by then is neither done nor paid once more.")
        raise


def _with(order: Order, text: str, tools: Tools) -> Order:
    """Read ``ENGINE:MODEL``, and the options that follow as ``,KEY=VALUE``; or a preset's or chain's name."""
    engine, colon, rest = text.partition(":")
    if not colon:
        return with_preset(order, text.strip(), tools, own_format=False)
    parts = rest.split(",")
    options: dict[str, str] = {}
    while len(parts) > 1 and "=" in parts[-1]:
        key, _, value = parts.pop().partition("=")
        options[key.strip()] = value.strip()
    model = ",".join(parts).strip()
    if not engine.strip() or not model:
        raise UsageError(
            f"'{text}' names no engine and model.", hint="Write --with ENGINE:MODEL, as offline:spleeter."
        )
    return replace(order, engine=engine.strip(), model=model, options=dict(reversed(options.items())))
