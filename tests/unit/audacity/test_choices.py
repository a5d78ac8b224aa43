"""A choice: the order that it becomes, and how it is remembered for the menu."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.model.errors import UnknownNameError, UsageError
from stembridge_audacity import last, notices, shelf
from stembridge_audacity.choices import Choice, options_of


def test_a_preset_means_another_model_for_each_engine(home: Path) -> None:
    service = Choice(preset="vocals").wish("mvsep", home).order
    assert (service.model, service.stems, service.engine) == ("40", ("vocals", "instrumental"), None)
    assert Choice(preset="vocals").wish("offline", home).order.model is None
    forced = Choice(preset="karaoke", engine="mvsep", options={"add_opt2": "0"}).wish("offline", home).order
    assert dict(forced.options) == {"add_opt2": "0"}
    with pytest.raises(UsageError, match="embedded engine can't"):
        Choice(preset="6stems").wish("offline", home)


def test_a_named_model_goes_before_the_presets(home: Path) -> None:
    order = Choice(preset="vocals", model="63").wish("mvsep", home).order
    assert (order.model, order.stems, dict(order.options)) == ("63", ("vocals", "instrumental"), {})
    wish = Choice(model="repet", rest=True, original="replace", each=True, max_credits=3).wish(
        "offline", home
    )
    assert (wish.original, wish.each) == ("replace", True)
    assert (wish.order.rest, wish.order.max_credits, wish.order.background) == (True, 3, True)


OWN = {
    "engine": "mvsep", "model": "63", "options": {"add_opt1": "1"}, "stems": ["vocals"], "rest": True,
    "residual": None, "format": "flac24",
}  # fmt: skip


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset of the user's own and a chain, as the core's rows tell of them."""
    rows = (
        *shelf.SHIPPED,
        shelf.Offer("mine.2", "Mine", "vocals", own=True, order=OWN),
        shelf.Offer("full-band", "Full band", "all", steps=({"of": ""},)),
    )
    monkeypatch.setattr("stembridge_audacity.shelf.offers", lambda _home: rows)


@pytest.mark.usefixtures("offers")
def test_an_own_preset_fills_in_what_isnt_chosen(home: Path) -> None:
    order = Choice(preset="Mine.2").wish("offline", home).order
    assert (order.engine, order.model, dict(order.options)) == ("mvsep", "63", {"add_opt1": "1"})
    assert (order.stems, order.rest, order.residual, order.format) == (("vocals",), True, False, "flac24")
    changed = Choice(preset="mine.2", engine="offline", model="repet", stems=("other",)).wish("mvsep", home)
    assert (changed.order.engine, changed.order.model, changed.order.stems) == (
        "offline",
        "repet",
        ("other",),
    )
    assert dict(changed.order.options) == {}


@pytest.mark.usefixtures("offers")
def test_a_chain_is_ordered_by_its_name_and_brings_its_own_models(home: Path) -> None:
    choice = Choice(preset="full-band", stems=("drums.kick",), rest=True, levels=True, parts=True)
    order = choice.wish("offline", home).order
    assert (order.chain, order.engine, order.model, dict(order.options)) == ("full-band", None, None, {})
    assert (order.stems, order.rest, order.levels, order.parts) == (("drums.kick",), True, True, True)
    for wrong in (Choice(preset="full-band", engine="mvsep"), Choice(preset="full-band", model="40")):
        with pytest.raises(UsageError, match="every step itself"):
            wrong.wish("mvsep", home)
    assert choice.title(home) == "Full band"
    assert Choice.from_dict(choice.to_dict()) == choice


def test_a_broken_file_of_own_presets_leaves_the_shipped_ones(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "presets.toml").write_text("[x\n", encoding="utf-8")
    assert shelf.offered(home) == shelf.SHIPPED
    assert Choice(preset="vocals").wish("mvsep", home).order.model == "40"
    with pytest.raises(UsageError, match="line 1"):
        shelf.find(home, "mine")
    before = shelf.signature(home)
    (home / "presets.toml").write_text('[mine]\nstems = ["vocals"]\n', encoding="utf-8")
    assert shelf.signature(home) != before
    assert shelf.find(home, "mine").own
    assert [row.id for row in shelf.offered(home)][: len(shelf.SHIPPED)] == [row.id for row in shelf.SHIPPED]


def test_wrong_words_are_refused(home: Path) -> None:
    with pytest.raises(UnknownNameError, match="vocls"):
        Choice(preset="vocls").wish("mvsep", home)
    with pytest.raises(UnknownNameError, match="original"):
        Choice(original="delete").wish("mvsep", home)
    with pytest.raises(UsageError, match="is not an option"):
        options_of(("x",))
    assert options_of((" a = b=c ",)) == {"a": "b=c"}


@pytest.mark.parametrize(("each", "labels"), [(False, False), (True, False), (False, True)])
def test_what_is_remembered_comes_back(home: Path, each: bool, labels: bool) -> None:
    choice = Choice(
        preset="vocals",
        engine="mvsep",
        model='a "b"\\ü',
        stems=("vocals",),
        rest=True,
        original="leave",
        each=each,
        labels=labels,
    )
    assert last.remember(home, choice)
    assert last.recall(home) == choice
    line = (notices.folder(home) / last.FILE).read_text(encoding="utf-8")
    assert line.startswith(f'{2 if labels else int(each)}"preset":"vocals","engine":"mvsep"')
    for unsaid in (Choice(model="repet"), Choice(preset="vocals", levels=True)):
        assert not last.remember(home, unsaid)  # the dialog has no word for it
    assert last.recall(home) == choice


@pytest.mark.parametrize("text", [None, "", "3x", "0", '0"preset":"nope"', "\ud800"])
def test_nothing_to_recall_is_a_sentence(home: Path, text: str | None) -> None:
    notices.folder(home).mkdir(parents=True)
    if text is not None:
        data = text.encode("utf-8", "surrogatepass")
        (notices.folder(home) / last.FILE).write_bytes(data)
    with pytest.raises(UsageError, match="no settings of the time before"):
        last.recall(home)
