"""`stembridge audacity`: separate the selection, watch for requests, import results."""

from __future__ import annotations

import click


@click.group()
def audacity() -> None:
    """Separate Audacity's selection, watch for requests, import results."""
