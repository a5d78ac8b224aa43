"""ExecProcess: the command is really started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from tests.fakes.reaper.strict import Refused


def split(command: str, *, windows: bool = False) -> list[str]:
    """Split a command line as REAPER's: words between blanks, a quote holds a word together.

    Windows hands the line to the program, which knows double quotes; elsewhere ", ' and ` do alike, and
    nothing escapes them (TeamAudio/reaspeech, pull request 187).

    Raises
    ------
    Refused
        For a quote that is never closed, and for an empty command.
    """
    marks = '"' if windows else "\"'`"
    words: list[str] = []
    word, inside, begun = "", "", False
    for letter in command:
        if letter == inside:
            inside = ""
        elif not inside and letter in marks:
            inside, begun = letter, True
        elif letter == " " and not inside:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + letter, True
    if inside:
        raise Refused(f"ExecProcess: a quote is never closed in {command!r}")
    if begun:
        words.append(word)
    if not words:
        raise Refused("ExecProcess: the command is empty")
    return words


@dataclass(slots=True)
class Started:
    """A process that ExecProcess started."""

    command: str
    words: list[str]
    timeout: int
    process: subprocess.Popen[bytes] | None


class Processes:
    """All that was started; `stop` ends what still runs. `dry`: commands are noted and not started."""

    def __init__(self, *, windows: bool = False) -> None:
        self.dry = False
        self.windows = windows
        self.started: list[Started] = []

    def run(self, command: str, timeout: int) -> str | None:
        """Start a command; -1 and -2 don't wait and bring no output, a positive timeout (ms) kills, 0 waits.

        Returns
        -------
        str or None
            `rc`, newline, output in one string; None when it could not be started or was killed.
        """
        if any(letter in command for letter in "\r\n"):
            raise Refused("ExecProcess: the command has a newline in it")
        words = split(command, windows=self.windows)
        waits = timeout >= 0
        if not PurePosixPath(words[0]).is_absolute() and not PureWindowsPath(words[0]).is_absolute():
            raise Refused(f"ExecProcess: {words[0]!r} needs a PATH, and a Mac's programs don't get one")
        if self.dry:
            self.started.append(Started(command, words, timeout, None))
            return "0\n"
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if waits else subprocess.DEVNULL,
                stderr=subprocess.STDOUT if waits and sys.platform != "darwin" else subprocess.DEVNULL,
                env=os.environ.copy(),
            )
        except OSError:
            self.started.append(Started(command, words, timeout, None))
            return None
        self.started.append(Started(command, words, timeout, process))
        if not waits:
            return "0\n"
        try:
            output, _ = process.communicate(timeout=timeout / 1000 if timeout else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        return f"{process.returncode}\n{output.decode('utf-8', 'replace')}"

    def stop(self) -> None:
        """End what still runs, and forget it."""
        for each in self.started:
            process = each.process
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self.started.clear()
