"""`stembridge blend`: one stem made of several separations of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import blending
from stembridge.bridge.finished import load, place_for
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import UsageError
from stembridge.model.formats import DEFAULT_FORMAT, FORMATS


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="JOB JOB...")
@click.option("--stem", required=True, metavar="NAME", help="The stem to blend; every job must have it.")
@click.option(
    "--method",
    default="average",
    show_default=True,
    metavar="NAME",
    help="average; or min or max: bin by bin of the spectrum, the least or the greatest.",
)
@click.option("--weights", metavar="1,2", help="For the average: a weight for each job.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Default: '<source> blended' beside the source.",
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
@click.option("--json", "as_json", is_flag=True, help="Print report.json.")
@click.pass_obj
def blend(
    settings: dict[str, Any],
    names: tuple[str, ...],
    *,
    stem: str,
    method: str,
    weights: str | None,
    out: Path | None,
    overwrite: bool,
    format_name: str,
    as_json: bool,
) -> None:
    """Blend the same stem of several finished jobs of one region into one.

    The rest of the region is written beside it, so that the two add up to the region.

    \b
    stembridge blend last 20240501 --stem vocals
    stembridge blend last 20240501 --stem vocals --method min
    """  # noqa: D301 - click's mark for lines to leave alone
    tools = Tools()
    terminal = TerminalSession(as_json=as_json, **settings)
    numbers = _weights(weights)
    found = [load(tools.store.find(name)) for name in names]
    place = place_for(found[0], "blended", out)
    with terminal.listening():
        report = blending.blend(
            found,
            stem,
            tools,
            place,
            method=method,
            weights=numbers,
            format_name=format_name,
            overwrite=overwrite,
            progress=partial(_tell_progress, terminal),
            cancelled=terminal.interrupted,
        )
    if as_json:
        terminal.line({**report, "folder": str(place)})
        return
    from stembridge.report import document

    for sentence in document.sentences(report):
        terminal.say(sentence)
    terminal.say(f"In: {place}")


def _tell_progress(terminal: TerminalSession, done: int, total: int) -> None:
    terminal.progress("blending", done, total, "frames")


def _weights(text: str | None) -> list[float]:
    if text is None:
        return []
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"'{text}' are no weights.", hint="Write numbers with commas between them, as 1,2."
        ) from None
