"""What the commands about the service share, without a service."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
import pytest
import soundfile as sf

from stembridge.audio.render import RegionFile
from stembridge.cli import models
from stembridge.cli.ordering import Order, _shipped
from stembridge.cli.sandbox import embedded
from stembridge.cli.service import Questions, known, plain
from stembridge.engines.base import LocalEngine, Model, Progress, Readiness, Recipe
from stembridge.engines.mvsep.facts import facts
from stembridge.engines.offline import OfflineEngine
from stembridge.model.errors import UsageError
from stembridge.model.presets import PRESETS
from stembridge.model.results import Separation
from stembridge.mvsep.algorithm import Algorithm, AlgorithmField, Option, PriceRule, Promise
from tests.fakes.bench import Workshop


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<p>Lead &amp; back</p>\n<b>vocals</b>", "Lead & back vocals"),
        ("\x1b[31mred\x1b[0m \x9b2J\x07", "[31mred [0m 2J"),
        ("&#27;]0;title&#7;", "]0;title"),
        ("  two\r\n lines\u2028more ", "two lines more"),
        ("Песочница", "Песочница"),
        ("a < b", "a < b"),
    ],
)  # fmt: skip
def test_a_services_text_cannot_command_the_terminal(said: str, shown: str) -> None:
    assert plain(said) == shown


def test_what_is_not_known_is_said_in_words() -> None:
    assert (known(None), known(""), known(0), known(None, "none")) == ("not said", "not said", "0", "none")


class Terminal(io.StringIO):
    """A stdin with a person before it."""

    def isatty(self) -> bool:
        return True


def test_answers_are_read_a_line_each_and_a_password_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("  Ann \r\n pass word \n\n"))
    ask = Questions(stdin=False)
    assert ask.text("Name") == "Ann"
    assert ask.secret("Password", twice=True).reveal() == " pass word "
    with pytest.raises(UsageError, match="Again"):
        ask.text("Again")
    with pytest.raises(UsageError):
        ask.secret("Nothing left")


def test_at_a_terminal_a_secret_is_asked_for_hidden_and_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Mapping[str, object]]] = []

    def prompt(text: str, **how: object) -> str:
        asked.append((text, how))
        return "word"

    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    monkeypatch.setattr(click, "prompt", prompt)
    ask = Questions(stdin=False)
    assert (ask.text("Name"), ask.secret("Key").reveal()) == ("word", "word")
    ask.secret("Password", twice=True)
    assert asked == [
        ("Name", {"err": True}),
        ("Key", {"hide_input": True, "confirmation_prompt": False, "err": True}),
        ("Password", {"hide_input": True, "confirmation_prompt": "Password again", "err": True}),
    ]
    assert Questions(stdin=True).text("Name") == "no"


def _order(**more: object) -> Order:
    values: dict[str, object] = {
        "engine": None, "model": None, "options": {}, "stems": (), "rest": False, "residual": False,
        "format": "wav32f", "overwrite": False, "again": False, "max_credits": None, "service": {},
    }  # fmt: skip
    return Order(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_a_preset_is_the_recipe_of_the_engine_in_use(preset: object) -> None:
    row = next(row for row in PRESETS.values() if row is preset)
    order = _shipped(_order(), row.id, "mvsep")
    assert (order.model, order.options, order.stems) == (
        str(row.mvsep.sep_type), dict(row.mvsep.options), row.mvsep.stems,
    )  # fmt: skip
    if row.offline is None:
        with pytest.raises(UsageError, match=row.id):
            _shipped(_order(), row.id, "offline")
    else:
        assert _shipped(_order(), row.id, "offline").model == row.offline.model


def test_what_the_command_line_says_goes_before_the_preset() -> None:
    order = _shipped(_order(options={"add_opt1": "1"}, stems=("lead",)), "karaoke", "mvsep")
    assert (order.model, order.stems) == ("49", ("lead",))
    assert order.options == {"add_opt1": "1", "add_opt2": "1"}
    order = _shipped(_order(model="12", options={"add_opt1": "1"}), "karaoke", "mvsep")
    assert (order.model, order.options) == ("12", {"add_opt1": "1"}), "another model has other options"


class Counted:
    """The embedded engine, counting its orders."""

    def __init__(self, home: Path) -> None:
        self._engine = OfflineEngine(home)
        self.orders = 0
        self.name = "offline"

    def models(self) -> Sequence[Model]:
        return self._engine.models()

    def readiness(self) -> Sequence[Readiness]:
        return self._engine.readiness()

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        return self._engine.resolve(model, options)

    def separate(
        self,
        region: RegionFile,
        recipe: Recipe,
        folder: Path,
        progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> Separation:
        self.orders += 1
        return self._engine.separate(region, recipe, folder, progress, cancelled)


@pytest.mark.parametrize(
    ("sep_type", "options", "slugs", "real"),
    [
        (40, {}, ["vocals", "other"], True),
        (25, {}, ["vocals", "instrum"], True),
        (9, {}, ["vocals", "music"], True),
        (26, {"add_opt1": "0"}, ["vocals", "instrum"], True),
        (26, {"add_opt1": "1"}, None, False),
        (20, {}, ["vocals", "drums", "bass", "other", "instrumental"], False),
        (29, {}, ["piano", "other"], False),
        (47, {}, ["denoised", "noise"], False),
        (39, {}, ["transcription", "subtitles"], False),
        (62, {"add_opt1": "rain", "add_opt2": "3"}, ["generated"], False),
    ],
)
def test_the_sandbox_separates_what_the_embedded_engine_can(
    home: Path,
    tmp_path: Path,
    sep_type: int,
    options: Mapping[str, str],
    slugs: list[str] | None,
    *,
    real: bool,
) -> None:
    engine = Counted(home)
    local: LocalEngine = engine
    source = None if sep_type == 62 else Workshop(home).source
    made = embedded(local)(source, sep_type, options, tmp_path)
    assert engine.orders == int(real)
    assert slugs is None or [slug for _, slug, _ in made] == slugs
    assert all(path.is_file() and path.parent == tmp_path for _, _, path in made)
    if real and source is not None:
        assert [path.name for _, _, path in made] == ["vocals.wav", "instrumental.wav"]
        assert {sf.info(path).frames / sf.info(path).samplerate for _, _, path in made} == {
            sf.info(source).frames / sf.info(source).samplerate
        }


def test_a_model_is_shown_with_its_price_and_what_changes_it(capsys: pytest.CaptureFixture[str]) -> None:
    one = Algorithm(
        7,
        "Band (vocals, other)",
        (AlgorithmField("add_opt1", "Size", "select", (Option("a", "Small"), Option("b", "Big")), "a",
                        price_rules=(PriceRule("b", 2.0),)),),
        stems=("vocals", "other"), promises=(Promise({"add_opt1": "b"}, ("vocals", "drums")),),
        plan=2, price=1.5, active=False, rating=4.25, votes=12,
    )  # fmt: skip
    model = Model("7", one.name, "mvsep", one.stems, "From \x1b[2Jus.", facts=facts(one))
    models._line(model, None)
    assert capsys.readouterr().out.strip() == (
        "mvsep           7  Band (vocals, other)  [premium, 1.5 credits a minute, closed at the moment]"
    )
    models._show(model)
    shown = capsys.readouterr().out
    for words in (
        "premium", "1.5 credits a minute", "4.25 by 12", "takes no orders", "vocals, drums with add_opt1=b",
    ):  # fmt: skip
        assert words in shown
    assert "\x1b" not in shown
