from __future__ import annotations

from fractions import Fraction

import pytest

from stembridge.report import lettering


def test_plain_text_is_left_alone() -> None:
    text, font = lettering.fit("My song.wav", 20, 500)
    assert text == "My song.wav"
    assert font.size == 20


def test_type_shrinks_before_letters_go() -> None:
    text, font = lettering.fit("Lead vocals", 24, 110, smallest=12)
    assert text == "Lead vocals"
    assert 12 <= font.size < 24
    assert font.getlength(text) <= 110


@pytest.mark.parametrize("width", [40, 200, 555])
def test_long_names_lose_their_middle(width: int) -> None:
    name = "a very long name " * 40 + "end.flac"
    text, font = lettering.fit(name, 20, width)
    assert font.getlength(text) <= width
    assert "…" in text
    assert name.startswith(text.split("…")[0])
    assert name.endswith(text.split("…")[1])


def test_other_scripts_are_drawn_or_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_SYSTEM_FONTS", ("no such typeface.ttf",))
    lettering._system_typeface.cache_clear()
    try:
        assert lettering.fit("Café \u2013 日本", 20, 500)[0] == "Cafe - ??"
    finally:
        lettering._system_typeface.cache_clear()


def test_line_breaks_and_controls_do_not_reach_the_picture() -> None:
    assert lettering.fit("a\nb\x00c\u202ed\t ", 20, 500)[0] == "a b c d"


@pytest.mark.parametrize(
    ("start", "end", "marks", "digits"),
    [
        (Fraction(30), Fraction(90), [30, 40, 50, 60, 70, 80, 90], 0),
        (Fraction(3, 2), Fraction(5, 2), [Fraction(n, 10) for n in range(15, 26)], 1),
        (Fraction(0), Fraction(7200), [900 * n for n in range(9)], 0),
    ],
)
def test_marks_are_round(start: Fraction, end: Fraction, marks: list[Fraction], digits: int) -> None:
    assert lettering.time_marks(start, end, 11) == (marks, digits)


@pytest.mark.parametrize("length", [Fraction(1, 192_000), Fraction(1, 3), Fraction(61), Fraction(10_000_000)])
def test_marks_lie_inside_and_are_few(length: Fraction) -> None:
    start = Fraction(12_345, 44_100)
    marks, _ = lettering.time_marks(start, start + length, 11)
    assert len(marks) <= 11
    assert all(start <= mark <= start + length for mark in marks)
