"""The command at a real terminal: it asks, and it shows bars."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import Command, music, write
from tests.e2e.desk import Desk

pty = pytest.importorskip("pty", reason="a terminal of this kind is not to be had here")


def at_a_terminal(command: Command, answer: bytes, *arguments: object) -> tuple[int, str]:
    """Run it with a terminal for stdin and stderr; give the answer to its first question."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stembridge", *map(str, arguments)],
        cwd=command.cwd,
        env={
            **os.environ,
            "STEMBRIDGE_HOME": str(command.home),
            **command.environ,
            "TERM": "xterm",
            "COLUMNS": "120",
        },
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    answered = False
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        said += piece
        if not answered and any(mark in said for mark in (b"[Y/n]", b"[y/N]", b"Your choice")):
            answered = True
            os.write(ours, answer)
    os.close(ours)
    return process.wait(timeout=60), said.decode(errors="replace")


def test_the_better_model_is_offered_with_its_size_and_may_be_declined(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(44_100))
    code, said = at_a_terminal(command, b"n\n", "separate", song)
    assert code == 0, said
    assert "73 MB download" in said
    assert "REPET-SIM was chosen" in said
    assert command.jobs()[0]["model"] == "repet"


def test_a_model_that_was_named_is_no_question_and_bars_show_true_numbers(command: Command) -> None:
    song: Path = write(command.cwd / "song.wav", music(3 * 44_100))
    code, said = at_a_terminal(command, b"", "separate", song, "--model", "repet")
    assert code == 0, said
    assert "[Y/n]" not in said
    assert "132,300 of 132,300 frames" in said
    assert "Separating" in said


@pytest.mark.parametrize(("answer", "code", "orders"), [(b"1\n", 0, 2), (b"2\n", 130, 0)])
def test_the_cost_of_several_is_asked_once(desk: Desk, answer: bytes, code: int, orders: int) -> None:
    desk.login()
    songs = [write(desk.command.cwd / f"take {n}.wav", music(30_000, seed=n)) for n in range(2)]
    ended, said = at_a_terminal(desk.command, answer, "separate", *songs, "--engine", "mvsep")
    assert ended == code, said
    assert said.count("Your choice") == 1
    assert said.count("2 separations are to be ordered, for 2 credits in all.") == 1
    assert ("2 separations: 2 done." in said) == (code == 0)
    assert len(desk.service.service.timeline.jobs) == len(desk.command.jobs()) == orders


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 1), (b"y\n", 0)])
def test_cleaning_up_asks_first(command: Command, answer: bytes, left: int) -> None:
    song = write(command.cwd / "song.wav", music(20_000))
    assert command("-q", "separate", song, "--model", "repet").code == 0
    _, said = at_a_terminal(command, answer, "jobs", "clean", "--older", "0h")
    assert "1 job would go" in said
    assert len(command.jobs()) == left
