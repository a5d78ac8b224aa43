"""What a user chose, and the order that the core gets for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stembridge.bridge.hosting import SeparateRequest
from stembridge.model import presets
from stembridge.model.errors import UnknownNameError, UsageError
from stembridge_audacity.editor import ORIGINALS, Wish
from stembridge_audacity.requests import ENGINES, Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice made at the command line or in the dialog.

    Attributes
    ----------
    preset
        A preset's id, or None; a model that is named goes before its model.
    engine
        None: the default.
    stems
        Ids to keep; empty: the preset's, or all.
    original
        One of `editor.ORIGINALS`.
    each
        True for every selected track on its own.
    """

    preset: str | None = None
    engine: str | None = None
    model: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    stems: tuple[str, ...] = ()
    rest: bool = False
    residual: bool = False
    original: str = "mute"
    each: bool = False
    max_credits: int | None = None
    again: bool = False

    @classmethod
    def from_settings(cls, settings: Settings, *, each: bool = False) -> Choice:
        """Take what the dialog was set to."""
        return cls(
            preset=settings.preset,
            engine=None if settings.engine == "auto" else settings.engine,
            model=settings.model,
            stems=settings.stems,
            rest=settings.rest,
            original=settings.original,
            each=each,
        )

    def settings(self) -> Settings | None:
        """Give it as the dialog would have it; None where the dialog can't say so much."""
        engine = self.engine or "auto"
        if self.preset is None or self.options or self.residual or engine not in ENGINES:
            return None
        return Settings(self.preset, engine, self.model, self.stems, self.rest, self.original)

    def wish(self, default_engine: str) -> Wish:
        """Give the wish with the order for the core.

        Parameters
        ----------
        default_engine
            Who separates when no engine is named: a preset means another model for each engine.

        Raises
        ------
        UsageError
            For a preset that isn't there, or that the embedded engine can't do.
        """
        if self.original not in ORIGINALS:
            raise UnknownNameError("way to treat the original", self.original, ORIGINALS)
        model, stems, options = self.model, self.stems, dict(self.options)
        if self.preset is not None:
            preset = presets.find_preset(self.preset)
            if (self.engine or default_engine) == "offline":
                recipe = presets.offline_recipe(preset)
                model, stems = model or recipe.model, stems or recipe.stems
            else:
                stems = stems or preset.mvsep.stems
                if model is None:
                    model = str(preset.mvsep.sep_type)
                    options = {**preset.mvsep.options, **options}
        order = SeparateRequest(
            source=None,
            engine=self.engine,
            model=model,
            options=options,
            stems=stems,
            rest=self.rest,
            residual=self.residual,
            max_credits=self.max_credits,
            again=self.again,
            background=True,
        )
        return Wish(order, self.original, self.each)


def options_of(given: tuple[str, ...]) -> dict[str, str]:
    """Read ``KEY=VALUE`` pairs."""
    found = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"'{pair}' is not an option.", hint="Write --opt KEY=VALUE.")
        found[key.strip()] = value.strip()
    return found
