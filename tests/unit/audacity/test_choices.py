"""A choice: the order that it becomes, and how it is remembered for the menu."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.model.errors import UnknownNameError, UsageError
from stembridge_audacity import last, notices
from stembridge_audacity.choices import Choice, options_of


def test_a_preset_means_another_model_for_each_engine() -> None:
    service = Choice(preset="vocals").wish("mvsep").order
    assert (service.model, service.stems, service.engine) == ("40", ("vocals", "instrumental"), None)
    assert Choice(preset="vocals").wish("offline").order.model is None
    forced = Choice(preset="karaoke", engine="mvsep", options={"add_opt2": "0"}).wish("offline").order
    assert dict(forced.options) == {"add_opt2": "0"}
    with pytest.raises(UsageError, match="embedded engine can't"):
        Choice(preset="6stems").wish("offline")


def test_a_named_model_goes_before_the_presets() -> None:
    order = Choice(preset="vocals", model="63").wish("mvsep").order
    assert (order.model, order.stems, dict(order.options)) == ("63", ("vocals", "instrumental"), {})
    wish = Choice(model="repet", rest=True, original="replace", each=True, max_credits=3).wish("offline")
    assert (wish.original, wish.each) == ("replace", True)
    assert (wish.order.rest, wish.order.max_credits, wish.order.background) == (True, 3, True)


def test_wrong_words_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="vocls"):
        Choice(preset="vocls").wish("mvsep")
    with pytest.raises(UnknownNameError, match="original"):
        Choice(original="delete").wish("mvsep")
    with pytest.raises(UsageError, match="is not an option"):
        options_of(("x",))
    assert options_of((" a = b=c ",)) == {"a": "b=c"}


@pytest.mark.parametrize("each", [False, True])
def test_what_is_remembered_comes_back(home: Path, each: bool) -> None:
    choice = Choice(
        preset="vocals",
        engine="mvsep",
        model='a "b"\\ü',
        stems=("vocals",),
        rest=True,
        original="leave",
        each=each,
    )
    assert last.remember(home, choice)
    assert last.recall(home) == choice
    line = (notices.folder(home) / last.FILE).read_text(encoding="utf-8")
    assert line.startswith(f'{int(each)}"preset":"vocals","engine":"mvsep"')
    assert not last.remember(home, Choice(model="repet"))  # the dialog has no word for it
    assert last.recall(home) == choice


@pytest.mark.parametrize("text", [None, "", "2x", "0", '0"preset":"nope"', "\ud800"])
def test_nothing_to_recall_is_a_sentence(home: Path, text: str | None) -> None:
    notices.folder(home).mkdir(parents=True)
    if text is not None:
        data = text.encode("utf-8", "surrogatepass")
        (notices.folder(home) / last.FILE).write_bytes(data)
    with pytest.raises(UsageError, match="no settings of the time before"):
        last.recall(home)
