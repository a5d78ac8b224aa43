"""Rows and figures, as a person reads them."""

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


def size(count: int) -> str:
    """Give a number of bytes as people write it."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def jobs(count: int) -> str:
    """Give a number of jobs in words."""
    return f"{count} job{'' if count == 1 else 's'}"
