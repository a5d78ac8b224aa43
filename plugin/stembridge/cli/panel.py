"""`stembridge panel`: the page in the user's browser."""

from __future__ import annotations

import logging
import threading
import webbrowser
from typing import Any

import click

from stembridge.cli.compose import Tools, hosts
from stembridge.cli.terminal import TerminalSession


@click.command()
@click.option("--no-browser", is_flag=True, help="Only say the link; open nothing.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Where to listen (default: any)."
)
@click.pass_obj
def panel(settings: dict[str, Any], *, no_browser: bool, port: int) -> None:
    """See and hear the stems, choose models and presets, watch jobs: a page in your browser.

    It is served to this machine alone, under a link that is new at every start. Ctrl-C ends it; jobs go
    on. Where a panel runs already, its page is opened.
    """
    from stembridge.panel import server

    # Without a handler, Python would write a library's warnings to the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    tools, terminal = Tools(), TerminalSession(**settings)

    def ready(link: str) -> None:
        # Even with --quiet: the link is the answer.
        click.echo(f"The panel is at {link}")
        terminal.say("Ctrl-C ends it; jobs go on.")
        if not no_browser:
            # Some browsers only come back when they are closed, and the server has to answer them.
            threading.Thread(target=_open, args=(link, terminal), name="browser", daemon=True).start()

    link = server.running(tools.home)
    if link is not None:
        click.echo(f"The panel is open already, at {link}")
        if not no_browser:
            _open(link, terminal)
        return
    server.serve(tools, hosts(), port=port, ready=ready)


def _open(link: str, terminal: TerminalSession) -> None:
    from stembridge.panel import server

    if not webbrowser.open(server.entrance(link)):
        terminal.say("No browser could be opened: open that link in yours.")
