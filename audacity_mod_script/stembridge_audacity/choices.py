"""What a user chose, and the order that the core gets for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from stembridge.bridge.hosting import SeparateRequest
from stembridge.model import presets
from stembridge.model.errors import UnknownNameError, UsageError
from stembridge_audacity import shelf
from stembridge_audacity.editor import ORIGINALS, Wish
from stembridge_audacity.requests import ENGINES, Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice made at the command line or in the dialog.

    Attributes
    ----------
    preset
        The id of a preset or a chain, or None; a model that is named goes before its model.
    engine
        None: the default.
    stems
        Ids to keep; empty: the preset's, or all.
    original
        One of `editor.ORIGINALS`.
    each, labels
        True for every selected track on its own, or for every label in the selection.
    levels
        Of a chain: also what was taken apart further.
    parts
        True when a region that is too long for the plan may be separated in parts.
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
    labels: bool = False
    max_credits: int | None = None
    again: bool = False
    levels: bool = False
    parts: bool = False

    @classmethod
    def from_settings(cls, settings: Settings, *, each: bool = False, labels: bool = False) -> Choice:
        """Take what the dialog was set to."""
        return cls(
            preset=settings.preset,
            engine=None if settings.engine == "auto" else settings.engine,
            model=settings.model,
            stems=settings.stems,
            rest=settings.rest,
            original=settings.original,
            each=each,
            labels=labels,
        )

    def settings(self) -> Settings | None:
        """Give it as the dialog would have it; None where the dialog can't say so much."""
        engine = self.engine or "auto"
        unsaid = self.options or self.residual or self.levels or self.parts or (self.each and self.labels)
        if self.preset is None or unsaid or engine not in ENGINES:
            return None
        return Settings(self.preset, engine, self.model, self.stems, self.rest, self.original)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**asdict(self), "options": dict(self.options), "stems": list(self.stems)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Choice:
        """Read what `to_dict` gave; raises TypeError for anything else."""
        return cls(**{**document, "stems": tuple(document["stems"])})

    def title(self, home: Path) -> str:
        """Say what this is, in a few words."""
        if self.model is not None or self.preset is None:
            return self.model or "the default model"
        return shelf.find(home, self.preset).title

    def wish(self, default_engine: str, home: Path) -> Wish:
        """Give the wish with the order for the core.

        Parameters
        ----------
        default_engine
            Who separates when no engine is named: a preset means another model for each engine.
        home
            The core's data folder, where the user's own presets are.

        Raises
        ------
        UsageError
            For a preset that isn't there, or that the embedded engine can't do; for a chain of which
            another model is wanted.
        """
        if self.original not in ORIGINALS:
            raise UnknownNameError("way to treat the original", self.original, ORIGINALS)
        order = SeparateRequest(
            source=None,
            engine=self.engine,
            model=self.model,
            options=dict(self.options),
            stems=self.stems,
            rest=self.rest,
            residual=self.residual,
            max_credits=self.max_credits,
            again=self.again,
            background=True,
        )
        if self.preset is not None:
            order = self._of_preset(shelf.find(home, self.preset), order, default_engine)
        return Wish(replace(order, levels=self.levels, parts=self.parts), self.original, self.each)

    def _of_preset(self, offer: shelf.Offer, order: SeparateRequest, default_engine: str) -> SeparateRequest:
        if offer.chain:
            if self.engine or self.model or self.options:
                raise UsageError(
                    f"The chain '{offer.id}' names the engine and the model of every step itself.",
                    hint="Leave the engine at 'automatic' and name no other model, or choose a preset.",
                )
            return replace(order, chain=offer.id)
        if offer.order is not None:
            return self._of_own(offer.order, order)
        preset = presets.find_preset(offer.id)
        if (self.engine or default_engine) == "offline":
            recipe = presets.offline_recipe(preset)
            return replace(order, model=self.model or recipe.model, stems=self.stems or recipe.stems)
        if self.model is not None:
            return replace(order, stems=self.stems or preset.mvsep.stems)
        return replace(
            order,
            model=str(preset.mvsep.sep_type),
            options={**preset.mvsep.options, **self.options},
            stems=self.stems or preset.mvsep.stems,
        )

    def _of_own(self, own: Mapping[str, Any], order: SeparateRequest) -> SeparateRequest:
        """What is chosen beside one of the user's own presets goes before what it says."""
        changed = replace(
            order,
            engine=self.engine or own["engine"],
            stems=self.stems or tuple(own["stems"] or ()),
            rest=self.rest or bool(own["rest"]),
            residual=self.residual or bool(own["residual"]),
            format=own["format"] or order.format,
        )
        if self.model is not None:
            return changed
        return replace(changed, model=own["model"], options={**(own["options"] or {}), **self.options})


def options_of(given: tuple[str, ...]) -> dict[str, str]:
    """Read ``KEY=VALUE`` pairs."""
    found = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"'{pair}' is not an option.", hint="Write --opt KEY=VALUE.")
        found[key.strip()] = value.strip()
    return found
