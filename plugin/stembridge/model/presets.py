"""Shipped presets: fixed ids that hosts, scripts and menus may rely on.

An offline recipe is what the embedded engine can do of it: a model (None: the best that is ready)
and the stems to keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stembridge.model.errors import UnknownNameError, UsageError


@dataclass(frozen=True, slots=True)
class OfflineRecipe:
    """What the embedded engine is asked for."""

    model: str | None = None
    stems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """A row of the table. ``offline`` is None where the embedded engine can't do it."""

    id: str
    title: str
    gives: str
    offline: OfflineRecipe | None = None


_ROWS = (
    Preset("vocals", "Vocals", "vocals and instrumental", OfflineRecipe()),
    Preset("4stems", "Four stems", "vocals, drums, bass and other"),
    Preset("6stems", "Six stems", "vocals, drums, bass, guitar, piano and other"),
    Preset("karaoke", "Karaoke", "lead vocals, backing vocals and instrumental"),
    Preset("drums", "Drum kit", "the parts of the kit"),
    Preset("dialogue", "Dialogue", "dialogue, music and effects"),
    Preset("dereverb", "De-reverb", "the dry sound and its reverberation"),
    Preset("denoise", "De-noise", "the sound without its noise"),
    Preset("singers", "Singers", "male and female voices"),
    Preset("transcript", "Transcript", "the words as text"),
    Preset("centre", "Phantom centre", "the centre and the sides of a stereo field"),
)
PRESETS: Mapping[str, Preset] = {row.id: row for row in _ROWS}


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
