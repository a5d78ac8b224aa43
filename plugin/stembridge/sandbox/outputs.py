"""Which files each separation type gives: label, slug, and how each counts in the sum.

Names of the parts follow the API page's own names of the models, and what recorded results show where they
were seen (`Other` beside the vocals of the two-stem Roformers, hyphens inside a slug).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a part counts."""

    PART = "part"
    """Counts once: the parts sum to what went in."""
    SUM = "sum"
    """The sum of the parts in `Part.of`."""
    ALTERNATE = "alternate"
    """Another estimate of the part in `Part.of`."""
    HIDDEN = "hidden"
    """Taken out of the sum and not delivered."""
    WHOLE = "whole"
    """What went in, changed as a whole, at `Part.rate`."""
    MADE = "made"
    """Audio from a prompt."""
    TEXT = "text"
    """A transcript."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a result."""

    slug: str
    label: str
    kind: Kind = Kind.PART
    of: tuple[str, ...] = ()
    rate: int = 0


_LABELS: Mapping[str, str] = {
    "instrum": "Instrumental",
    "sfx": "SFX",
    "hh": "Hi-Hat",
    "hihat": "Hi-Hat",
    "noreverb": "No reverb",
    "vocals-lead": "Lead vocals",
    "vocals-back": "Back vocals",
    "vocals-full": "Vocals (full)",
    "back-instrum": "Back vocals and instrumental",
    "voice1": "Voice 1",
    "voice2": "Voice 2",
}

_FOUR = "vocals drums bass other"
_SIX = "vocals bass drums guitar piano other"
_DRUMS4 = "kick snare toms cymbals"
_BY_TYPE: Mapping[int, str] = {
    26: "vocals instrum",
    28: "vocals bass drums other",
    30: "vocals-lead vocals-back bass drums piano guitar other",
    63: _SIX,
    40: "vocals other",
    48: "vocals other",
    25: "vocals instrum",
    46: "vocals other",
    20: _FOUR,
    23: "vocals instrum",
    9: "vocals music",
    27: "vocals instrum",
    49: "vocals-lead vocals-back instrum",
    12: "vocals-lead vocals-back instrum",
    29: "piano other",
    31: "guitar other",
    41: "bass other",
    44: "drums other",
    52: "strings other",
    54: "wind other",
    58: "organ other",
    61: "saxophone other",
    65: "violin other",
    22: "noreverb reverb",
    34: "crowd other",
    24: "dialog sfx music",
    36: "speech music effects",
    45: "speech music effects",
    56: "speech music sfx",
    37: _DRUMS4,
    47: "denoised noise",
    53: "voice1 voice2",
    43: "vocals instrumental",
    57: "male female",
    7: _FOUR,
    10: _FOUR,
    11: _FOUR,
    33: "vocals instrum",
    17: "vocals music",
    18: "music sfx speech",
    19: "vocals music",
    13: _FOUR,
    15: _FOUR,
    16: _FOUR,
    35: "vocals instrum",
    0: "vocals music",
    3: _FOUR,
    14: "vocals other",
    38: "kick snare cymbals toms hihat",
    42: "voice1 voice2",
    50: "aspiration other",
    55: "center sides",
}
_BY_OPTION: Mapping[tuple[int, str, str], str] = {
    (20, "add_opt1", "2"): _SIX,
    (0, "add_opt1", "1"): _FOUR,
    (0, "add_opt1", "2"): "vocals drums bass piano other",
    (3, "add_opt1", "3"): "vocals music",
    (14, "add_opt1", "0"): "bass other",
    (14, "add_opt1", "1"): "drums other",
    (14, "add_opt1", "3"): "other rest",
    (37, "add_opt1", "2"): "kick snare toms hh cymbals",
    (37, "add_opt1", "3"): "kick snare toms hh ride crash",
    (37, "add_opt1", "5"): "kick snare toms hh ride crash cymbals percussion",
    (37, "add_opt1", "7"): "kick snare toms hh ride crash",
}
_SUMS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    63: ("instrum", ("vocals",)),
    20: ("instrumental", ("vocals",)),
    28: ("instrum", ("vocals",)),
}
"""Composites that are everything but the parts named."""

_RATES: Mapping[int, int] = {51: 44_100, 59: 48_000, 60: 48_000}


def parts_of(sep_type: int, options: Mapping[str, str]) -> tuple[Part, ...]:
    """Give the files that a separation type gives with these options (missing ones as their default)."""
    if sep_type in {39, 64}:
        return (Part("transcription", "Transcription", Kind.TEXT),)
    if sep_type == 62:
        return (Part("generated", "Generated", Kind.MADE, rate=44_100),)
    if sep_type in _RATES:
        return (Part("restored", "Restored", Kind.WHOLE, rate=_RATES[sep_type]),)
    # What each type does when the option is left out: 7 is the default of type 37.
    chosen = {"add_opt1": "7"} | dict(options) if sep_type == 37 else dict(options)
    slugs = _BY_TYPE.get(sep_type, "vocals other").split()
    for (number, name, key), words in _BY_OPTION.items():
        if number == sep_type and chosen.get(name) == key:
            slugs = words.split()
    parts = [Part(slug, _label(slug)) for slug in slugs]
    if sep_type in _SUMS:
        slug, without = _SUMS[sep_type]
        parts.append(Part(slug, _label(slug), Kind.SUM, tuple(s for s in slugs if s not in without)))
    if sep_type == 30:
        parts.append(_sum("vocals", "vocals-lead", "vocals-back"))
        parts.append(_sum("instrum", "bass", "drums", "piano", "guitar", "other"))
    if sep_type in {49, 12}:
        parts.append(_sum("back-instrum", "vocals-back", "instrum"))
        if chosen.get("add_opt2" if sep_type == 49 else "add_opt1") == "1":
            parts.append(_sum("vocals-full", "vocals-lead", "vocals-back"))
    if sep_type in {37, 38} and chosen.get("add_opt2" if sep_type == 37 else "add_opt1", "0") == "0":
        parts.append(_sum("drums", *slugs))
        parts.append(Part("rest", "Rest", Kind.HIDDEN))
    if (sep_type in {53, 42} and chosen.get("add_opt1", "1") == "1") or (
        sep_type == 57 and chosen.get("add_opt2") == "1"
    ):
        parts.append(Part("instrum", _label("instrum")))
    if sep_type in {26, 28, 30} and chosen.get("add_opt1") == "1":
        parts += _alternates(slugs[0], "max_fft", "min_fft", "model1", "model2")
    if sep_type in {41, 44, 54, 56} and chosen.get("add_opt3") == "1":
        parts += _alternates(slugs[0], "scnet", "mel")
    return tuple(parts)


def _label(slug: str) -> str:
    return _LABELS.get(slug, slug.replace("-", " ").capitalize())


def _sum(slug: str, *of: str) -> Part:
    return Part(slug, _label(slug), Kind.SUM, of)


def _alternates(slug: str, *names: str) -> list[Part]:
    return [
        Part(f"{slug}-{name.replace('_', '-')}", f"{_label(slug)} ({name})", Kind.ALTERNATE, (slug,))
        for name in names
    ]
