"""`stembridge news` and `stembridge demos`: what the service's site tells everybody."""

from __future__ import annotations

from dataclasses import asdict

import click

from stembridge.cli.compose import Tools
from stembridge.cli.service import as_json, connected, known, paged, plain
from stembridge.cli.terminal import TerminalSession


@click.command()
@click.option("--lang", default="en", show_default=True, metavar="XX", help="The language: en or ru.")
@paged
@as_json
def news(*, lang: str, start: int, limit: int, as_json: bool) -> None:
    """Read MVSEP's news, newest first. Needs no key."""
    with connected(Tools().home, anonymous=True) as client:
        rows = client.news(lang=lang, start=start, limit=limit)
    if as_json:
        TerminalSession(as_json=True).line([asdict(row) for row in rows])
        return
    if not rows:
        click.echo("There is no news.")
    for row in rows:
        click.echo(f"{known(row.created_at)}  {plain(row.title)}")
        click.echo(f"    {plain(row.text)}")


@click.command()
@paged
@as_json
def demos(*, start: int, limit: int, as_json: bool) -> None:
    """List separations that others published, newest first. Needs no key."""
    with connected(Tools().home, anonymous=True) as client:
        rows = client.demo(start=start, limit=limit)
    if as_json:
        TerminalSession(as_json=True).line([asdict(row) for row in rows])
        return
    if not rows:
        click.echo("Nothing is published.")
    for row in rows:
        click.echo(f"{known(row.date)}  {known(row.algorithm.name)}  {known(row.size)}")
        click.echo(f"    {plain(row.input_audio)}")
