"""The menu entries as text; what they do is tested in the real Audacity."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stembridge.model.presets import PRESETS
from stembridge_audacity import notices, plugins, requests


@pytest.fixture
def texts(home: Path) -> dict[str, str]:
    return plugins.write(home, ["wind", "dry"])


def test_every_entry_is_written_whole(texts: dict[str, str], home: Path) -> None:
    assert list(texts) == [entry.file for entry in plugins.ENTRIES]
    for name, text in texts.items():
        assert text.startswith(";nyquist plug-in\n;version 4\n;type tool"), name
        assert not re.search(r"@[A-Z]+@", text), name
        assert ";debugbutton false\n" in text
        assert f'(setf sb-folder "{home.as_posix()}/audacity/")' in text
        assert f'{{\\"v\\":{requests.VERSION},' in text
        assert f"(< age {notices.STALE_SECONDS})" in text


def _code(text: str) -> str:
    """The Lisp without its comments, texts and characters."""
    text = re.sub(r'#\\.|"(?:\\.|[^"\\])*"', " ", text, flags=re.DOTALL)
    return re.sub(r";.*", "", text)


def test_the_brackets_close(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        depth = 0
        for bracket in re.findall(r"[()]", _code(text)):
            depth += 1 if bracket == "(" else -1
            assert depth >= 0, name
        assert depth == 0, name


def test_only_functions_that_this_lisp_has_or_that_are_ours(texts: dict[str, str]) -> None:
    """What isn't there ends a plug-in in silence: find-if, for one."""
    ours = {name for text in texts.values() for name in re.findall(r"\(def(?:un|macro) (\S+)", text)}
    called = {name for text in texts.values() for name in re.findall(r"\((sb-[a-z-]+)", _code(text))}
    assert called <= ours
    assert not any("(find-if " in text for text in texts.values())


def test_the_dialog_offers_every_preset_in_the_order_of_its_list(texts: dict[str, str]) -> None:
    text = texts["stembridge-separate.ny"]
    (control,) = re.findall(r"^;control preset .*$", text, flags=re.MULTILINE)
    assert re.findall(r'\("(\w+)" "', control) == list(PRESETS)
    (names,) = re.findall(r"\(setf sb-presets '\((.*)\)\)", text)
    assert re.findall(r'"(\w+)"', names) == list(PRESETS)


def test_the_choices_are_those_of_a_request(texts: dict[str, str]) -> None:
    """A dialog's choice is a number: the order in its control must be that of the Lisp's list."""
    text = texts["stembridge-separate.ny"]
    for name, known in (("engine", requests.ENGINES), ("original", requests.ORIGINALS)):
        (control,) = re.findall(rf"^;control {name} .*$", text, flags=re.MULTILINE)
        assert tuple(re.findall(r'\("(\w+)" "', control)) == known
        (listed,) = re.findall(rf"\(nth {name} '\(([^)]*)\)", text)
        assert tuple(re.findall(r'"(\w+)"', listed)) == known


def test_the_stems_are_the_presets_and_the_catalogues(texts: dict[str, str]) -> None:
    (listed,) = re.findall(r"\(setf sb-stems '\((.*)\)\)", texts["stembridge-separate.ny"])
    stems = re.findall(r'"(\w+)"', listed)
    assert len(stems) == len(set(stems))
    assert {"vocals", "kick", "backing", "wind", "dry"} <= set(stems)


@pytest.mark.parametrize("name", ['Häuser "x', "back\\slash", "a b;c"])
def test_a_folder_of_any_name_is_quoted(tmp_path: Path, name: str) -> None:
    text = plugins.write(tmp_path / name, [])["stembridge-cancel.ny"]
    (quoted,) = re.findall(r'\(setf sb-folder ("(?:\\.|[^"\\])*")\)', text)
    plain = quoted[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    assert plain == f"{(tmp_path / name).as_posix()}/audacity/"
