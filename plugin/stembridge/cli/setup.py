"""`stembridge setup`: each host's own set-up, by its entry point ``setup:<host>``."""

from __future__ import annotations

from importlib import metadata

import click

from stembridge.cli.app import HOSTS_GROUP, load_command
from stembridge.model.errors import UnknownNameError


class Setups(click.Group):
    """A group whose commands are the hosts that can be set up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the hosts' names."""
        return sorted(_points())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one host's set-up."""
        point = _points().get(cmd_name)
        return None if point is None else load_command(cmd_name, point)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the hosts when there is none of that name."""
        if args[0] not in _points() and not args[0].startswith("-"):
            raise UnknownNameError("host", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


def _points() -> dict[str, metadata.EntryPoint]:
    found = metadata.entry_points(group=HOSTS_GROUP)
    return {point.name.removeprefix("setup:"): point for point in found if point.name.startswith("setup:")}


@click.group(cls=Setups)
def setup() -> None:
    """Install the bridge into an audio program, check it, or remove it."""
