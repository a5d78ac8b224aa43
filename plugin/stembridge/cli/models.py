"""`stembridge models`: what can be asked for."""

from __future__ import annotations

import click

from stembridge.bridge.queries import model_row
from stembridge.cli.compose import Tools
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import UnknownNameError


@click.command()
@click.argument("text", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def models(text: str | None, *, as_json: bool) -> None:
    """Find models by id, name, stem or what they are good for; all of them without TEXT."""
    found = [model for engine in Tools().engines(background=False).values() for model in engine.models()]
    if text:
        words = text.casefold().split()
        chosen = [
            model
            for model in found
            if all(
                word in " ".join([model.id, model.name, model.engine, *model.stems, model.summary]).casefold()
                for word in words
            )
        ]
        if not chosen:
            raise UnknownNameError("model", text, [model.id for model in found])
        found = chosen
    if as_json:
        TerminalSession(as_json=True).line([model_row(model) for model in found])
        return
    for model in found:
        click.echo(f"{model.id}  {model.name} ({model.engine}): {', '.join(model.stems)}")
        click.echo(f"    {model.summary}")
        for field in model.fields:
            click.echo(f"    --opt {field.name}=...  {field.text}")
            for key, label in field.options:
                default = " (default)" if key == field.default else ""
                click.echo(f"        {key}  {label}{default}")
