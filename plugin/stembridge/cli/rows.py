"""Rows of readiness, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable

import click

from stembridge.engines.base import Readiness


def show(rows: Iterable[Readiness]) -> None:
    """Print a line for each row, and what to do under those that aren't ready."""
    for row in rows:
        mark = click.style("ok ", fg="green") if row.ready else click.style("-- ", fg="yellow")
        click.echo(f"  {mark} {row.name}: {row.text}")
        if row.remedy and not row.ready:
            click.echo(f"      {row.remedy}")
