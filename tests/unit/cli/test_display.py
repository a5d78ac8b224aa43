"""What a person sees: every phase in words, true numbers, and nothing where there is no terminal."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import stembridge
from stembridge.cli.display import PHASES, Display
from stembridge.jobs.store import Job

SOURCES = Path(stembridge.__file__).parent


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], Terminal]:
    """Give what puts a terminal in the place of stderr: within the test, where pytest leaves it alone."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")

    def put() -> Terminal:
        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        return screen

    return put


def _phases() -> set[str]:
    """Every phase that the source names where it reports progress."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in {"Progress", "frames"} and isinstance(node.args[0].value, str):
                found.add(node.args[0].value)
    return found


def test_every_phase_has_words() -> None:
    phases = _phases()
    assert len(phases) >= 5
    assert phases <= set(PHASES)


def test_a_bar_shows_the_phase_and_how_much_of_how_much(terminal: Callable[[], Terminal]) -> None:
    screen = terminal()
    display = Display(quiet=False, verbose=False)
    display.progress("separating", 22050, 44100, "frames")
    display.stop()
    assert "Separating" in screen.getvalue()
    assert "22,050 of 44,100 frames" in screen.getvalue()


def test_a_total_that_is_not_known_is_not_invented(terminal: Callable[[], Terminal]) -> None:
    screen = terminal()
    display = Display(quiet=False, verbose=False)
    display.progress("fetching", 1234, None, "bytes")
    display.progress("fetching", 5678, None, "bytes")
    display.stop()
    assert "5,678 bytes" in screen.getvalue()
    assert " of " not in screen.getvalue()


def test_words_come_above_the_bars_unaltered(terminal: Callable[[], Terminal]) -> None:
    screen = terminal()
    display = Display(quiet=False, verbose=False)
    display.progress("separating", 1, 2, "frames")
    display.say("'[bold]song[/bold].wav' is done")
    display.stop()
    assert "[bold]song[/bold].wav" in screen.getvalue()


@pytest.mark.parametrize("quiet", [True, False])
def test_without_a_terminal_there_are_no_bars(capsys: pytest.CaptureFixture[str], quiet: bool) -> None:
    display = Display(quiet=quiet, verbose=False)
    display.progress("separating", 1, 2, "frames")
    display.say("Done.")
    display.stop()
    told = capsys.readouterr()
    assert told.err == ("" if quiet else "Done.\n")
    assert not told.out


@pytest.mark.parametrize(("verbose", "words"), [(True, "rendered"), (False, "")])
def test_states_are_for_the_verbose(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verbose: bool, words: str
) -> None:
    display = Display(quiet=False, verbose=verbose)
    display.event(Job(tmp_path), {"type": "state", "state": "rendered"})
    display.event(Job(tmp_path), {"type": "confetti"})
    assert words in capsys.readouterr().err


def test_warnings_and_waiting_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    display = Display(quiet=False, verbose=False)
    display.event(Job(tmp_path), {"type": "warning", "code": "silent", "message": "All is quiet."})
    display.event(Job(tmp_path), {"type": "waiting", "reason": "someone else is at it", "until": None})
    assert capsys.readouterr().err == "All is quiet.\nWaiting: someone else is at it\n"
