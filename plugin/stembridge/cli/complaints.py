"""How an error is told: a sentence and what to do next, on stderr; with ``-v`` also where it came from."""

from __future__ import annotations

import sys
import traceback

from stembridge.model.errors import StembridgeError


def complain(error: StembridgeError, *, about: str = "", verbose: bool = False) -> None:
    """Write an error for a person to read."""
    lines = [f"{about}: {error.message}" if about else error.message]
    if error.hint:
        lines.append(error.hint)
    if verbose:
        lines.append("".join(traceback.format_exception(error)).rstrip())
    sys.stderr.write("\n".join(lines) + "\n")
