"""The user's own chains: a file that a person may edit, read strictly, written carefully."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.bridge import own_chains, own_presets
from stembridge.model.chains import CHAINS, Chain, ChainStep
from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.presets import OwnPreset

BAND = Chain(
    "band",
    "My band",
    (
        ChainStep("", None, "63", stems=("vocals", "drums")),
        ChainStep("drums", "mvsep", "37", {"add_opt2": "1"}),
        ChainStep("vocals", preset="karaoke"),
    ),
)


def test_what_is_saved_is_read_again(home: Path) -> None:
    own_chains.save(home, BAND, overwrite=False)
    assert own_chains.read(home) == {"band": BAND}
    assert own_chains.find(home, " BAND ") == BAND
    assert own_chains.find(home, "kit") is CHAINS["kit"]
    assert own_chains.known(home, "Band")
    assert own_chains.known(home, "kit")
    assert not own_chains.known(home, "vocals")
    with pytest.raises(UnknownNameError) as caught:
        own_chains.find(home, "bland")
    assert "'band'" in caught.value.hint
    with pytest.raises(UsageError, match="already"):
        own_chains.save(home, BAND, overwrite=False)
    own_chains.remove(home, "Band")
    assert own_chains.read(home) == {}
    with pytest.raises(UsageError, match="can't be removed"):
        own_chains.remove(home, "kit")


def test_comments_and_the_other_chains_survive(home: Path) -> None:
    own_chains.save(home, BAND, overwrite=False)
    path = own_chains.file_of(home)
    path.write_text(
        path.read_text("utf-8") + "\n# mine\n[other]\n[[other.steps]]  # first\nof = ''\n", "utf-8"
    )
    own_chains.save(home, Chain("band", "New", BAND.steps[:1]), overwrite=True)
    text = path.read_text("utf-8")
    assert "# first" in text
    assert set(own_chains.read(home)) == {"band", "other"}
    assert own_chains.read(home)["band"].title == "New"
    own_chains.remove(home, "band")
    assert "# first" in path.read_text("utf-8")


def test_no_chain_takes_a_presets_name(home: Path) -> None:
    own_presets.save(home, OwnPreset("band", model="40"), overwrite=False)
    with pytest.raises(UsageError, match="a preset called 'band'"):
        own_chains.save(home, BAND, overwrite=False)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[a]\ntitle = 3\n", 2, "title must be text"),
        ("[a]\nsteps = []\n", 2, "needs steps"),
        ("[a]\nstepps = []\n", 2, "no field 'stepps'"),
        ("a = 1\n", 1, "is no table"),
        ("[kit]\n[[kit.steps]]\nof=''\n", 1, "comes with Stembridge"),
        ("[a]\n\n[[a.steps]]\nof = ''\n[[a.steps]]\nof = 'x'\nmodel = 4\n", 7, "step 2: model must be text"),
        ("[b]\n[[b.steps]]\nof=''\n[a]\n[[a.steps]]\nof = 'x'\n", 4, 'of = ""'),
        ("[a]\n[[a.steps]]\nof = ''\n[[a.steps]]\noff = 'x'\n", 5, "no field 'off'"),
        ("[a]\n[[a.steps]]\nof = ''\n[A]\n[[A.steps]]\nof = ''\n", 4, "there twice"),
        ("[a\n", 1, ""),
    ],
)
def test_a_slip_is_told_with_its_line(home: Path, text: str, line: int, says: str) -> None:
    home.mkdir(exist_ok=True)
    own_chains.file_of(home).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        own_chains.read(home)
    assert f"chains.toml', line {line}:" in caught.value.message, caught.value.message
    assert says in caught.value.message


def test_a_recipe_is_read_from_a_file_with_and_without_a_table_around_it(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(own_chains.to_toml(BAND), encoding="utf-8")
    assert own_chains.read_file(path, "Mine") == Chain("mine", BAND.title, BAND.steps)
    path.write_text('title = "T"\n[[steps]]\nof = ""\nmodel = "63"\n', encoding="utf-8")
    assert own_chains.read_file(path, "mine") == Chain("mine", "T", (ChainStep("", None, "63"),))
    path.write_text("[[steps]]\nof = ''\n\n[[steps]]\nof = 'a/'\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 5: step 2"):
        own_chains.read_file(path, "mine")
    with pytest.raises(UsageError, match="isn't there"):
        own_chains.read_file(tmp_path / "none.toml", "mine")
