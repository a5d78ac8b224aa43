"""`stembridge presets`: ready choices."""

from __future__ import annotations

import click

from stembridge.bridge.queries import preset_rows
from stembridge.cli.terminal import TerminalSession


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def presets(*, as_json: bool) -> None:
    """List the presets: what each gives, with which of MVSEP's models, and whether it works offline."""
    rows = preset_rows()
    if as_json:
        TerminalSession(as_json=True).line(rows)
        return
    for row in rows:
        recipe = row["mvsep"]
        options = "".join(f" --opt {name}={key}" for name, key in recipe["options"].items())
        click.echo(f"{row['id']:<12}{row['gives']}")
        click.echo(f"{'':12}--model {recipe['model']}{options}{'; also offline' if row['offline'] else ''}")
