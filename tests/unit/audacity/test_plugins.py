"""The menu entries as text; what they do is tested in the real Audacity."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stembridge.model.presets import PRESETS
from stembridge_audacity import notices, plugins, requests
from stembridge_audacity.shelf import SHIPPED, Offer


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


OWN = Offer(
    "mine.2", 'My "voices" Ä', "vocals and the rest", own=True, order={"engine": None, "stems": ["vocals"]}
)
CHAIN = Offer("full-band", "Full band", "kick, snare and more", steps=({"of": ""},))


def control(text: str, name: str) -> list[str]:
    """The words of a dialog's choice, in their order."""
    (line,) = re.findall(rf"^;control {name} .*$", text, flags=re.MULTILINE)
    choices = line[line.index(" choice (") :]
    return [
        shown.replace('\\"', '"')
        for _, shown in re.findall(r'\("((?:\\.|[^"\\])*)" "((?:\\.|[^"\\])*)"\)', choices)
    ]


def lisp_list(text: str, name: str) -> list[str]:
    """The first texts of the rows of a list of lists."""
    (rows,) = re.findall(rf"^\(setf sb-{name} '\((.*)\)\)$", text, flags=re.MULTILINE)
    return re.findall(r'\("((?:\\.|[^"\\])*)"', rows)


def test_the_dialog_offers_shipped_presets_own_ones_and_chains_in_the_order_of_its_list(home: Path) -> None:
    text = plugins.write(home, [], [*SHIPPED, OWN, CHAIN])["stembridge-separate.ny"]
    shown = control(text, "preset")
    assert lisp_list(text, "presets") == [*PRESETS, "mine.2", "full-band"]
    assert shown[: len(PRESETS)] == [f"{row.title} ({row.gives})" for row in PRESETS.values()]
    assert shown[-2:] == [
        'My "voices" Ä (own: vocals and the rest)',
        "Full band (chain: kick, snare and more)",
    ]
    assert '("vocals" t)' in text
    assert '("mine.2" nil) ("full-band" nil)' in text, "whose stems aren't checked beforehand"
    (wide,) = control(
        plugins.write(home, [], [Offer("x", "y" * 99, "z", own=True)])["stembridge-separate.ny"], "preset"
    )
    assert len(wide) < 80


def test_what_can_be_compared_is_a_preset_or_none_with_an_engine(home: Path) -> None:
    text = plugins.write(home, [], [*SHIPPED, OWN, CHAIN])["stembridge-compare.ny"]
    for name in ("one", "two", "three", "four"):
        assert len(control(text, name)) == len(lisp_list(text, "compared"))
    assert lisp_list(text, "compared")[:3] == ["", "vocals", "vocals"]
    assert control(text, "one")[:3] == [
        "nothing", "Vocals (vocals and instrumental)", "Vocals (with the embedded engine)",
    ]  # fmt: skip
    assert "full-band" not in lisp_list(text, "compared")
    assert '("vocals" "offline")' in text


def test_a_question_that_is_open_is_the_dialogs_and_deciding_later_is_its_default(home: Path) -> None:
    nothing = plugins.write(home, [])["stembridge-answer.ny"]
    assert control(nothing, "which") == ["close"]
    question = plugins.Question("j1q7", 'It is "long". ' * 20, (("parts", "In 3 parts"), ("decline", "No")))
    text = plugins.write(home, [], SHIPPED, question)["stembridge-answer.ny"]
    assert control(text, "which") == ["decide later", "In 3 parts", "No"]
    assert '(setf sb-question "j1q7")' in text
    assert '(setf sb-keys \'("" "parts" "decline"))' in text
    (line,) = re.findall(r"^;control which .*$", text, flags=re.MULTILINE)
    assert max(len(part) for part in line.split(" choice ")[0].split("\\n")) < 100


def test_only_lists_and_questions_change_from_day_to_day(home: Path) -> None:
    question = plugins.Question("j1q7", "Really?", (("agree", "Yes"),))
    before = plugins.write(home, ["wind"], SHIPPED)
    after = plugins.write(home, ["wind"], [*SHIPPED, OWN], question)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"stembridge-separate.ny", "stembridge-compare.ny", "stembridge-answer.ny"}
    for name in before:
        assert plugins.lasting(before[name]) == plugins.lasting(after[name])
    other = plugins.write(home, ["wind", "dry"], SHIPPED)["stembridge-separate.ny"]
    assert plugins.lasting(other) != plugins.lasting(before["stembridge-separate.ny"])


def test_what_is_filled_in_is_never_filled_in_again(home: Path) -> None:
    question = plugins.Question("j1q7", "@STEMS@?", (("@KEYS@", "@FOLDER@"),))
    text = plugins.write(home, [], SHIPPED, question)["stembridge-answer.ny"]
    assert "@STEMS@?" in text
    assert '"@KEYS@"' in text


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
