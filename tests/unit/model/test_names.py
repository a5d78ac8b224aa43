"""File names: legal on every system, never longer than one can hold, and as the user knows them."""

from __future__ import annotations

import unicodedata
from pathlib import PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stembridge.model.formats import FORMATS
from stembridge.model.names import safe, stem_file
from stembridge.model.stems import STEMS

FORBIDDEN = set('<>:"/\\|?*') | {chr(n) for n in range(32)} | {"\x7f"}
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"
}


def _legal(name: str) -> bool:
    base = name.partition(".")[0].rstrip(" ").upper()
    return (
        bool(name)
        and not FORBIDDEN & set(name)
        and not name.endswith((".", " "))
        and not name.startswith(" ")
        and name not in {".", ".."}
        and base not in DEVICES
        and len(name.encode()) <= 255
    )


@settings(deadline=None, max_examples=400)
@given(st.text(st.characters(), max_size=300))
@example("")
@example(".")
@example("..")
@example("a .")
@example(". .")
@example("con")
@example("CON .x")
@example("nul.wav")
@example("com¹")
@example("aux.")
@example("\ud800\udcff")
@example("é" * 200)
@example("😀" * 100)
@example("a/b\\c:d")
@example("../../etc/passwd")
def test_every_text_becomes_a_legal_name(text: str) -> None:
    name = safe(text)
    assert _legal(name)
    assert safe(name) == name
    longest = max(STEMS, key=len)
    ending = max((fmt.extension for fmt in FORMATS.values()), key=len)
    file = stem_file(text, longest, ending)
    assert _legal(file)
    assert len(f"{file}.part".encode()) <= 255
    assert PureWindowsPath(file).name == file


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=30).map(lambda s: f"x {s} y"))
def test_an_ordinary_name_is_kept(text: str) -> None:
    assert safe(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("name", ["My Song [v2]", "Ünïcode & 日本語", "-x", ".hidden", "a.b.c", "it's #1!"])
def test_names_people_use_are_kept(name: str) -> None:
    assert safe(name) == name


def test_a_decomposed_name_is_composed() -> None:
    assert safe("Cafe\u0301") == "Café"


def test_a_letter_is_never_cut_in_two() -> None:
    assert safe("x" + "é" * 200) == "x" + "é" * 79


def test_the_file_is_named_after_source_and_stem() -> None:
    assert stem_file("song", "vocals", "wav") == "song - vocals.wav"
