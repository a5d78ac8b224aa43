"""The command line: the composition root. It wires, asks and shows; it decides nothing."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command `stembridge`."""
    _open_streams()
    # BLAS threads that spin cost the program beside us more than they bring: our products are small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.argv[1:] == ["--version"]:
        from stembridge import __version__

        sys.stdout.write(f"stembridge {__version__}\n")
        return
    from stembridge.cli.app import run

    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Make stdout and stderr take every text: UTF-8 for a program, and no failure for want of a letter.

    A process without a console (`stembridgew`) has none of them.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
