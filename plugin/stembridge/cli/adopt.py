"""`stembridge jobs adopt`: a result that the service has already, made here or elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from stembridge.bridge import attaching
from stembridge.cli import conclude
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.jobs.events import Event
from stembridge.jobs.shift import Outcome
from stembridge.model.errors import UsageError
from stembridge.model.formats import DEFAULT_FORMAT, FORMATS
from stembridge.model.names import safe
from stembridge.model.states import State


@click.command()
@click.argument("history_id", required=False, metavar="[HISTORY_ID | FOLDER]")
@click.option("--name", default="result", show_default=True, help="What the source is called in file names.")
@click.option("--stems", metavar="A,B", help="Only these stems.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Default: '<name> stems' here.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same name.")
@click.option(
    "--format",
    "format_name",
    default=DEFAULT_FORMAT.name,
    show_default=True,
    metavar="NAME",
    help=f"One of {', '.join(FORMATS)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON lines.")
@click.pass_obj
def adopt(
    settings: dict[str, Any],
    history_id: str | None,
    *,
    name: str,
    stems: str | None,
    out: Path | None,
    overwrite: bool,
    format_name: str,
    as_json: bool,
) -> int:
    """Bring in a result from the account's history, by the id that `account history` shows.

    Without an id, a link to the result is read from stdin or asked for: whoever has such a link can
    fetch the audio, so it doesn't belong on a command line.

    A FOLDER that stems were delivered to, moved with your project or from another machine, becomes a
    finished job again: its report.json tells what the files are. The folder stays as it is.
    """
    from stembridge.engines.base import Recipe
    from stembridge.engines.mvsep.engine import MvsepEngine
    from stembridge.jobs import plan, remote
    from stembridge.jobs.request import SeparateRequest
    from stembridge.model.stems import choose

    tools = Tools()
    if history_id is not None and not history_id.isdigit():
        if not Path(history_id).is_dir():
            raise UsageError(
                "An id from the history is a number, and there is no such folder.",
                hint="Give a link on stdin, not on the command line.",
            )
        return _attach(Path(history_id), tools, TerminalSession(as_json=as_json, **settings))
    engine = tools.engines(background=False)["mvsep"]
    if not isinstance(engine, MvsepEngine):
        raise TypeError(type(engine))
    ticket = engine.adopt(history_id or _link())
    folder = Path(os.path.abspath(out or f"{safe(name)} stems"))  # noqa: PTH100 - keeps links as they are
    request = SeparateRequest(
        None,
        host="cli",
        name=name,
        engine="mvsep",
        stems=tuple(part for part in (stems or "").split(",") if part.strip()),
        format=format_name,
        deliver_to=str(folder),
        overwrite=overwrite,
    )
    recipe = Recipe("mvsep", "adopted", (), {}, "adopted")
    planned = plan.Plan(None, name, recipe, choose(request.stems, ()), "", {"name": name})
    plan.check_place(folder, planned, request, None)
    job = tools.store.create(request)
    remote.adopt(job, ticket, planned, now=tools.clock.time())
    return conclude.drive(job, tools, settings, as_json=as_json)


def _attach(folder: Path, tools: Tools, terminal: TerminalSession) -> int:
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - keeps links as they are
    heard: list[Event] = []
    job = attaching.attach(place, tools, heard.append)
    for event in heard:
        terminal.event(job, event)
    return conclude.tell(job, Outcome(State.READY), terminal)


def _link() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Link to the result", hide_input=True, err=True)).strip()
    link = sys.stdin.readline().strip()
    if not link:
        raise UsageError(
            "There is nothing to adopt.",
            hint="Give an id from `stembridge account history`, or a link on stdin.",
        )
    return link
