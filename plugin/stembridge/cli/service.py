"""What the commands about the service share: a client, questions without echo, pages, plain text."""

from __future__ import annotations

import contextlib
import html
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stembridge.model.errors import UsageError

if TYPE_CHECKING:
    from stembridge.mvsep.client import Client
    from stembridge.mvsep.redact import Secret

F = TypeVar("F", bound=Callable[..., Any])

_TAG = re.compile(r"<[^>]*>")

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
from_stdin = click.option(
    "--stdin", "stdin", is_flag=True, help="Ask nothing: read the answers from stdin, one a line."
)


def paged(command: F) -> F:
    """Add the options of a page."""
    limit = click.option("--limit", default=10, show_default=True, metavar="N", help="How many: 1 to 20.")
    start = click.option("--start", default=0, show_default=True, metavar="N", help="How many to pass over.")
    return start(limit(command))


@contextlib.contextmanager
def connected(home: Path, key: Secret | None = None, *, anonymous: bool = False) -> Iterator[Client]:
    """Give a client for a command that somebody waits for.

    Parameters
    ----------
    home
        The data folder.
    key
        The key to use; the stored one when left out.
    anonymous
        True to send no key at all.
    """
    from stembridge.engines.mvsep.service import QUICK, STORED, connect

    client = connect(home, key=None if anonymous else key or STORED, limits=QUICK)
    try:
        yield client
    finally:
        client.transport.close()


class Questions:
    """Asks for what must not stand in a command line: at the terminal, or line by line on stdin.

    Parameters
    ----------
    stdin
        True to read stdin even where it is a terminal.
    """

    def __init__(self, *, stdin: bool) -> None:
        self._prompts = sys.stdin.isatty() and not stdin

    def text(self, what: str) -> str:
        """Ask for something that may be seen."""
        if self._prompts:
            return str(click.prompt(what, err=True)).strip()
        return self._line(what).strip()

    def secret(self, what: str, *, twice: bool = False) -> Secret:
        """Ask for something that nobody may see; ``twice`` where a slip couldn't be noticed."""
        from stembridge.mvsep.redact import Secret

        if self._prompts:
            again = f"{what} again" if twice else False
            return Secret(click.prompt(what, hide_input=True, confirmation_prompt=again, err=True))
        return Secret(self._line(what))

    def _line(self, what: str) -> str:
        line = sys.stdin.readline().rstrip("\r\n")
        if not line.strip():
            raise UsageError(
                f"Nothing came on stdin where this belongs: {what}.",
                hint="Run the command at a terminal, or write its answers to stdin, one a line.",
            )
        return line


def plain(text: str) -> str:
    """Make a service's text fit for a terminal: one line, without markup and control characters."""
    words = html.unescape(_TAG.sub(" ", text))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def known(value: object, none: str = "not said") -> str:
    """Give a value as text, and words for one that isn't known."""
    return none if value is None or value == "" else plain(str(value))
