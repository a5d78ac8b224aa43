"""How Lisp is given to Audacity's Nyquist prompt so that nothing it does shows on the screen.

What an expression returns would be shown or become audio, so a prompt returns an empty text; an error in it
would open a debugger's window, so it is caught.
"""

from __future__ import annotations

from pathlib import Path

from stembridge_audacity.pipe import LONGEST
from stembridge_audacity.quoting import command, lisp_text


def one_line(body: str) -> str | None:
    """Give the command that runs `body`, or None when it has to go through a file.

    Parameters
    ----------
    body
        Expressions.
    """
    if any(mark in body for mark in "\r\n;"):
        return None
    line = _prompt(f"(progn {body})")
    return line if len(line.encode("utf-8")) <= LONGEST else None


def loading(path: Path) -> str:
    """Give the command that runs the expressions in a file."""
    return _prompt(f"(load {lisp_text(path.as_posix())} :verbose nil :print nil)")


def _prompt(expression: str) -> str:
    return command("NyquistPrompt", Command=f'(progn (errset {expression} nil) "")', Version=4)
