"""`stembridge setup audacity`."""

from __future__ import annotations

import click


@click.group()
def setup() -> None:
    """Set Audacity up."""
