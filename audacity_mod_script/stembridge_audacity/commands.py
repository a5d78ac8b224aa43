"""What the command line gets from this host: `stembridge audacity` and `stembridge setup audacity`."""

from __future__ import annotations

import click


@click.group()
def audacity() -> None:
    """Separate Audacity's selection, watch for requests, import results."""


@click.group()
def setup() -> None:
    """Set Audacity up."""
