"""What the command line gets from this host: `stembridge rpp` and `stembridge setup reaper`."""

from __future__ import annotations

import click


@click.group()
def rpp() -> None:
    """Put stems into REAPER project files."""


@click.group()
def setup() -> None:
    """Set REAPER up."""
