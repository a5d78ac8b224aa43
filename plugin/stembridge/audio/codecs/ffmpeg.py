"""The ffmpeg program, where it is installed: found, started and stopped here."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any


def find(program: str = "ffmpeg") -> str | None:
    """Give the path of ``ffmpeg`` or ``ffprobe``, None where it isn't installed."""
    return shutil.which(program)


def as_url(path: Path) -> str:
    """Give a path in a form in which ffmpeg sees nothing but a file (no option, no protocol)."""
    return f"file:{path.absolute()}"


def start(
    program: str, arguments: Sequence[str], *, stdin: int, stdout: int, stderr: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start the program quietly: no console window, and no share in the Ctrl-C of its parent."""
    own_group: dict[str, Any] = (
        {"process_group": 0}
        if os.name == "posix"
        else {
            "creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)
            | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        }
    )
    command = [program, "-hide_banner", "-nostdin", "-v", "error", *arguments]
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, **own_group)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the program and its pipes, whatever they are doing. Never raises."""
    with contextlib.suppress(OSError):
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
