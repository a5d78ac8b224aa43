"""`stembridge doctor`: what works here."""

from __future__ import annotations

from dataclasses import asdict

import click

from stembridge.bridge import doctor as bridge_doctor
from stembridge.cli.compose import Tools, hosts
from stembridge.cli.rows import show
from stembridge.cli.terminal import TerminalSession


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(*, as_json: bool) -> None:
    """Say what works here, and what to do about the rest."""
    tools = Tools()
    rows = bridge_doctor.examine(tools.home, tools.engines(background=False), hosts())
    if as_json:
        document = {
            "ok": all(row.ready or not row.needed for row in rows),
            "rows": [asdict(row) for row in rows],
        }
        TerminalSession(as_json=True).line(document)
        return
    show(rows)
