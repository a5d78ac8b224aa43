"""`stembridge presets`: ready choices."""

from __future__ import annotations

import click

from stembridge.bridge.queries import preset_rows
from stembridge.cli.terminal import TerminalSession


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def presets(*, as_json: bool) -> None:
    """List the presets, and which of them the embedded engine can do."""
    rows = preset_rows()
    if as_json:
        TerminalSession(as_json=True).line(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:<12}{row['gives']}{'  (offline too)' if row['offline'] else ''}")
