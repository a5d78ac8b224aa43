"""`stembridge engines`: what is ready, and installing the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stembridge.cli.compose import Tools
from stembridge.cli.rows import show
from stembridge.cli.terminal import TerminalSession
from stembridge.engines.base import Installable, Progress, Readiness
from stembridge.model.errors import UnknownNameError


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def engines(ctx: click.Context, *, as_json: bool) -> None:
    """Say which engines are ready and how to get the rest ready."""
    if ctx.invoked_subcommand is not None:
        return
    found = Tools().engines(background=False)
    if as_json:
        from stembridge.bridge.queries import engine_rows

        TerminalSession(as_json=True).line(engine_rows(found))
        return
    for name, engine in found.items():
        click.echo(name)
        show(engine.readiness())


@engines.command()
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take it from a file, on a machine without a network.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def install(settings: dict[str, Any], name: str, *, source: Path | None, as_json: bool) -> None:
    """Fetch what NAME needs, check it and make it ready."""
    terminal = TerminalSession(as_json=as_json, **settings)
    known: list[str] = []
    for engine in Tools().engines(background=False).values():
        if not isinstance(engine, Installable):
            continue
        names = list(engine.installable())
        known.extend(names)
        if name in names:
            with terminal.listening():
                row = install_part(engine, name, source, terminal)
            if as_json:
                terminal.line({"name": row.name, "ready": row.ready, "text": row.text, "remedy": row.remedy})
            return
    raise UnknownNameError("model to install", name, known)


def install_part(engine: Installable, name: str, source: Path | None, terminal: TerminalSession) -> Readiness:
    """Install one part with a progress display."""

    def report(progress: Progress) -> None:
        terminal.progress(progress.phase, progress.done, progress.total, progress.unit)

    try:
        row = engine.install(name, source, report, terminal.interrupted)
    finally:
        terminal.pause()
    terminal.say(f"{row.name}: {row.text}")
    return row
