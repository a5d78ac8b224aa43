"""`stembridge blend`: one stem made of several separations of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stembridge.bridge import blending
from stembridge.bridge.finished import load, place_for
from stembridge.cli import conclude
from stembridge.cli.compose import Tools
from stembridge.jobs.combining import BlendRequest
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
) -> int:
    """Blend the same stem of several finished jobs of one region into one.

    The rest of the region is written beside it, so that the two add up to the region. The blend is a job,
    too: `jobs` lists it, and what is done with a job can be done with it.

    \b
    stembridge blend last 20240501 --stem vocals
    stembridge blend last 20240501 --stem vocals --method min
    """  # noqa: D301 - click's mark for lines to leave alone
    tools = Tools()
    terminal = conclude.Reader(as_json=as_json, **settings)
    weighed = _weights(weights)
    found = [load(tools.store.find(name)) for name in names]
    request = BlendRequest(
        tuple(one.job.id for one in found),
        stem,
        host="cli",
        method=method,
        weights=weighed,
        format=format_name,
        deliver_to=str(place_for(found[0], "blended", out)),
        overwrite=overwrite,
    )
    blending.check(found, request)
    with terminal.listening():
        return conclude.read(tools.store.create(request), tools, terminal, "report")


def _weights(text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"'{text}' are no weights.", hint="Write numbers with commas between them, as 1,2."
        ) from None
