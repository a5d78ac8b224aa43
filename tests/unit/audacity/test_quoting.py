"""What Audacity would read in a line is what was meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stembridge.model.errors import UsageError
from stembridge_audacity.quoting import command, quoted, written


def as_audacity_reads(text: str) -> str:
    """Undo the two escapes, after the quotes that are none were skipped."""
    match = re.fullmatch(r'"((?:\\.|[^"\\])*)"', text, re.DOTALL)
    assert match
    return re.sub(r"\\(.)", r"\1", match[1])


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])))
def test_any_name_comes_back(name: str) -> None:
    assert as_audacity_reads(quoted(name)) == name


@pytest.mark.parametrize("name", ["a\nb", "a\r", "\0"])
def test_no_second_line(name: str) -> None:
    with pytest.raises(UsageError):
        command("SetTrack", Name=name)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_digits(number: float) -> None:
    assert float(written(number)) == number


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none(number: float) -> None:
    with pytest.raises(UsageError):
        written(number)


def test_command() -> None:
    assert command("Undo") == "Undo:"
    assert command("A", Text='x "y"', Yes=True, No=False, Left=None, N=3, T=0.1) == (
        'A: Text="x \\"y\\"" Yes=1 No=0 N=3 T=0.1'
    )
