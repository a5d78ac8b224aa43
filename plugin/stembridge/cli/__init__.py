"""The command line: the composition root. It wires, asks and shows; it decides nothing."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command `stembridge`."""
    if sys.argv[1:] == ["--version"]:
        from stembridge import __version__

        sys.stdout.write(f"stembridge {__version__}\n")
        return
    from stembridge.cli.app import run

    sys.exit(run(sys.argv[1:]))
