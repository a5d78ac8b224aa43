"""The user's own presets: a file that people edit, read strictly and written with care."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.bridge import own_presets
from stembridge.engines import registry
from stembridge.engines.base import Engine
from stembridge.model.errors import StoreError, UnknownNameError, UsageError
from stembridge.model.presets import PRESETS, OwnPreset, own_name

MINE = OwnPreset(
    "lead", "Lead vocal", "mvsep", "49", "MelBand Karaoke (lead/back vocals)", {"add_opt2": "1"},
    ("lead",), True, False, "flac24",
)  # fmt: skip
EDITED = """\
# what I use on Mondays

[lead] # the singer
model = "49"     # the good one
engine = "mvsep"
stems = [ "lead",  "backing" ]

# and this one on Fridays
[fast]
model = "repet"
"""


@pytest.fixture
def engines(home: Path) -> dict[str, Engine]:
    return registry.build(registry.Settings(home))


def _write(home: Path, text: str) -> Path:
    path = own_presets.file_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def test_what_is_saved_is_read_again(home: Path) -> None:
    assert own_presets.read(home) == {}
    own_presets.save(home, MINE, overwrite=False)
    other = OwnPreset("other", stems=("vocals",), residual=True)
    own_presets.save(home, other, overwrite=False)
    assert own_presets.read(home) == {"lead": MINE, "other": other}
    assert own_presets.find(home, " LEAD ") == MINE
    assert own_presets.find(home, "Vocals") is PRESETS["vocals"]
    assert [path.name for path in home.iterdir()] == ["presets.toml"], "nothing unfinished is left"
    with pytest.raises(UnknownNameError, match="no preset called 'laed'") as caught:
        own_presets.find(home, "laed")
    assert "'lead'" in caught.value.hint


def test_one_is_replaced_only_on_the_users_word(home: Path) -> None:
    own_presets.save(home, MINE, overwrite=False)
    changed = OwnPreset("lead", engine="offline", model="repet")
    with pytest.raises(UsageError, match="already") as caught:
        own_presets.save(home, changed, overwrite=False)
    assert "--overwrite" in caught.value.hint
    assert own_presets.read(home)["lead"] == MINE
    own_presets.save(home, changed, overwrite=True)
    assert own_presets.read(home) == {"lead": changed}


def test_comments_and_order_survive_what_is_written(home: Path) -> None:
    path = _write(home, EDITED)
    own_presets.save(home, OwnPreset("new", model="repet"), overwrite=False)
    assert path.read_text("utf-8").startswith(EDITED.rstrip("\n"))
    own_presets.save(
        home, OwnPreset("lead", engine="mvsep", model="49", stems=("lead",), rest=True), overwrite=True
    )
    text = path.read_text("utf-8")
    assert own_presets.read(home)["lead"].stems == ("lead",)
    for kept in (
        "# what I use on Mondays",
        "[lead] # the singer",
        '"49"     # the good one',
        "# and this one",
    ):
        assert kept in text
    own_presets.remove(home, "Fast")
    assert list(own_presets.read(home)) == ["lead", "new"]
    assert "# what I use on Mondays" in path.read_text("utf-8")


def test_what_is_shipped_can_be_neither_removed_nor_shadowed(home: Path) -> None:
    with pytest.raises(UsageError, match="comes with Stembridge"):
        own_presets.remove(home, "vocals")
    for name in PRESETS:
        with pytest.raises(UsageError, match="comes with Stembridge"):
            own_name(name.upper())


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "-x", "a" * 41, 'a"b', "a\n"])
def test_a_name_is_a_word(name: str) -> None:
    if name.strip() == "a":
        assert own_name(name) == "a"
        return
    with pytest.raises(UsageError, match="can't be the name"):
        own_name(name)


def test_names_may_be_of_any_language_and_are_told_apart_without_case() -> None:
    assert own_name(" Räume_2.0 ") == "räume_2.0"


SLIPS = {
    "syntax": ('[a]\nmodel = "1"\nstems = [\n\n[b]\n', 5, ""),
    "no quotes": ("[a]\n\nmodel = repet\n", 3, ""),
    "twice": ('[a]\nmodel = "1"\n[a]\nmodel = "2"\n', 1, ""),
    "twice but for case": ('[a]\nmodel = "1"\n\n[A]\nmodel = "2"\n', 4, "there twice"),
    "field": ('[a]\nmodel = "1"\n\nstem = ["vocals"]\n', 4, "no field of a preset called 'stem'"),
    "number": ("[a]\nmodel = 49\n", 2, "model must be text in quotes"),
    "empty": ('[a]\nmodel = ""\n', 2, "model must be text in quotes"),
    "flag": ('[b]\nrest = true\n[a]\nrest = "yes"\n', 4, "rest must be true or false"),
    "stems": ('[a]\nstems = "vocals"\n', 2, "stems must be a list"),
    "options": ("[a]\noptions = { add_opt1 = 3 }\n", 2, "options must be a table"),
    "options table": ("[a]\nrest = true\n[a.options]\nadd_opt1 = 3\n", 3, "options must be a table"),
    "no table": ('model = "49"\n', 1, "is no table"),
    "shadow": ("# mine\n\n[Vocals]\nrest = true\n", 3, "comes with Stembridge"),
    "name": ('[fine]\nrest = true\n["a b"]\nrest = true\n', 3, "can't be the name"),
}


@pytest.mark.parametrize(("text", "line", "words"), SLIPS.values(), ids=list(SLIPS))
def test_a_slip_is_a_sentence_with_file_and_line(home: Path, text: str, line: int, words: str) -> None:
    path = _write(home, text)
    with pytest.raises(UsageError) as caught:
        own_presets.read(home)
    if words:
        assert caught.value.message.startswith(f"'{path}', line {line}: ")
        assert words in caught.value.message
    else:  # the parser's own words, and its own idea of where
        assert caught.value.message.startswith(f"'{path}', line ")
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    with pytest.raises(UsageError):
        own_presets.save(home, MINE, overwrite=True)
    assert path.read_text("utf-8") == text, "what can't be read isn't written over"


def test_a_file_of_another_encoding_is_a_sentence(home: Path) -> None:
    path = _write(home, "")
    path.write_bytes("# Größe\n".encode("latin-1"))
    with pytest.raises(UsageError, match="isn't UTF-8"):
        own_presets.read(home)
    path.write_bytes(b"\xef\xbb\xbf" + EDITED.encode())
    assert list(own_presets.read(home)) == ["lead", "fast"], "a mark at the beginning is none of the text"


def test_a_file_that_cannot_be_read_is_a_sentence(home: Path) -> None:
    own_presets.file_of(home).mkdir(parents=True)
    with pytest.raises(StoreError, match="can't be read"):
        own_presets.read(home)


def test_a_preset_is_held_against_the_catalogue(engines: dict[str, Engine]) -> None:
    found = own_presets.check(MINE, engines, "offline")
    assert found is not None
    assert (found.engine, found.id) == ("mvsep", "49")
    assert own_presets.check(OwnPreset("x", model="REPET"), engines, "offline") is not None
    assert own_presets.check(OwnPreset("x", stems=("vocals",)), engines, "offline") is None


WRONG = [
    (OwnPreset("x", model="repet", stems=("drums",)), "'drums'"),
    (OwnPreset("x", model="repet", options={"center": "on"}), "'center'"),
    (OwnPreset("x", engine="mvsep", model="40", options={"add_opt1": "9999"}), "'9999'"),
    (OwnPreset("x", engine="mvsep", model="40", stems=("drums",)), "'drums'"),
    (OwnPreset("x", model="repet", format="wav99"), "'wav99'"),
    (OwnPreset("x", engine="ofline"), "'ofline'"),
]


@pytest.mark.parametrize(("preset", "words"), WRONG)
def test_what_does_not_fit_is_refused(engines: dict[str, Engine], preset: OwnPreset, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        own_presets.check(preset, engines, "offline")
    assert caught.value.hint


VANISHED = [
    (OwnPreset("x", engine="mvsep", model="9049", model_name="MelBand Karaoke 2 (lead/back)"), "49"),
    (OwnPreset("x", engine="mvsep", model="9063", model_name="BS Roformer SW+ (seven stems)"), "63"),
    (OwnPreset("x", engine="mvsep", model="9037", stems=("kick", "snare")), "37"),
    (OwnPreset("x", model="rebet"), "repet"),
]


@pytest.mark.parametrize(("preset", "near"), VANISHED)
def test_a_model_that_vanished_gets_the_nearest_living_one(
    engines: dict[str, Engine], preset: OwnPreset, near: str
) -> None:
    with pytest.raises(UsageError, match="asks for the model") as caught:
        own_presets.check(preset, engines, "offline")
    assert f"--model {near}." in caught.value.hint


def test_where_nothing_is_near_the_list_is_named(engines: dict[str, Engine]) -> None:
    with pytest.raises(UsageError, match="which no engine has") as caught:
        own_presets.check(OwnPreset("x", model="9999"), engines, "offline")
    assert caught.value.hint == "`stembridge models` lists what there is."
