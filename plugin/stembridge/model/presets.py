"""Presets: those that are shipped, whose ids hosts, scripts and menus may rely on, and the user's own.

An MVSEP recipe is a separation type with the options that differ from the service's defaults: where
the service brings a better default, the preset is better, too. An offline recipe is what the embedded
engine can do of it: a model (None: the best that is ready). Both name the stems to keep; none means
all that come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stembridge.model.chains import CHAINS
from stembridge.model.errors import UnknownNameError, UsageError


@dataclass(frozen=True, slots=True)
class OfflineRecipe:
    """What the embedded engine is asked for."""

    model: str | None = None
    stems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceRecipe:
    """What MVSEP is asked for.

    Attributes
    ----------
    sep_type
        The separation type's number.
    options
        Keys by field name.
    stems
        Ids to keep, all of them promised by the type with these options; empty: all that come.
    """

    sep_type: int
    options: Mapping[str, str] = field(default_factory=dict)
    stems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """A row of the table. ``offline`` is None where the embedded engine can't do it."""

    id: str
    title: str
    gives: str
    mvsep: ServiceRecipe
    offline: OfflineRecipe | None = None


@dataclass(frozen=True, slots=True)
class OwnPreset:
    """A preset of the user's own: an order without its input. None and empty: not said.

    Attributes
    ----------
    model_name
        What the model was called when the preset was saved: by that, the nearest is found once the
        service has dropped it.
    """

    id: str
    title: str = ""
    engine: str | None = None
    model: str | None = None
    model_name: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    stems: tuple[str, ...] = ()
    rest: bool = False
    residual: bool = False
    format: str | None = None

    @property
    def gives(self) -> str:
        """What comes of it, in words."""
        parts = [", ".join(self.stems) or "all stems", *(["the rest"] * self.rest)]
        parts += ["what no stem has"] * self.residual
        said = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"{said}, with {self.model_name or self.model}" if self.model else said


_ROWS = (
    Preset(
        "vocals",
        "Vocals",
        "vocals and instrumental",
        ServiceRecipe(40, stems=("vocals", "instrumental")),
        OfflineRecipe(),
    ),
    Preset(
        "4stems",
        "Four stems",
        "vocals, drums, bass and other",
        ServiceRecipe(20, {"add_opt1": "0"}, ("vocals", "drums", "bass", "other")),
    ),
    Preset(
        "6stems",
        "Six stems",
        "vocals, drums, bass, guitar, piano and other",
        # The type adds an instrumental, which is the sum of five of them.
        ServiceRecipe(63, stems=("vocals", "drums", "bass", "guitar", "piano", "other")),
    ),
    Preset(
        "karaoke",
        "Karaoke",
        "lead vocals, backing vocals and instrumental",
        # Vocals first: taken from the mix as it is, the backing vocals stay with the instruments.
        ServiceRecipe(49, {"add_opt2": "1"}, ("lead", "backing", "instrumental")),
    ),
    Preset(
        "drums",
        "Drum kit",
        "the parts of the kit",
        ServiceRecipe(37, stems=("kick", "snare", "toms", "hihat", "ride", "crash")),
    ),
    Preset(
        "dialogue",
        "Dialogue",
        "dialogue, music and effects",
        ServiceRecipe(56, stems=("dialogue", "music", "effects")),
    ),
    Preset("dereverb", "De-reverb", "the dry sound and its reverberation", ServiceRecipe(22)),
    Preset("denoise", "De-noise", "the sound without its noise", ServiceRecipe(47)),
    Preset(
        "singers",
        "Singers",
        "male and female voices",
        # Vocals first: the models know voices, not songs.
        ServiceRecipe(57, {"add_opt2": "1"}, ("male", "female")),
    ),
    Preset("transcript", "Transcript", "the words as text", ServiceRecipe(39)),
    Preset("centre", "Phantom centre", "the centre and the sides of a stereo field", ServiceRecipe(55)),
)
PRESETS: Mapping[str, Preset] = {row.id: row for row in _ROWS}


_NAME = re.compile(r"[^\W_][\w.-]{0,39}")


def own_name(name: str) -> str:
    """Give the id that a preset of the user's own gets; `UsageError` where it may not have it."""
    folded = name.strip().casefold()
    if not _NAME.fullmatch(folded):
        raise UsageError(
            f"'{name}' can't be the name of a preset.",
            hint="Take up to 40 letters, digits, dots, - and _, the first a letter or a digit.",
        )
    if folded in PRESETS or folded in CHAINS:
        raise UsageError(
            f"'{folded}' is a preset that comes with Stembridge.", hint="Choose another name for yours."
        )
    return folded


def find_preset(name: str) -> Preset:
    """Give the row of that id, or raise `UnknownNameError`."""
    try:
        return PRESETS[name.strip().casefold()]
    except KeyError:
        raise UnknownNameError("preset", name, PRESETS) from None


def offline_recipe(preset: Preset) -> OfflineRecipe:
    """Give what the embedded engine does for a preset, or say that it can't."""
    if preset.offline is None:
        able = ", ".join(row.id for row in _ROWS if row.offline is not None)
        raise UsageError(
            f"The embedded engine can't do the preset '{preset.id}' ({preset.gives}).",
            hint=f"Offline there is: {able}.",
        )
    return preset.offline
