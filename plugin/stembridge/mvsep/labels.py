"""From the service's words for a stem to our ids: labels, slugs, and the names in brackets of a type."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORDS: Mapping[str, tuple[str, ...]] = {
    "vocals": ("vocals", "vocal", "voice"),
    "instrumental": ("instrumental", "instrum", "instruments", "accompaniment", "no vocals"),
    "lead": ("lead", "vocals lead", "lead vocals", "lead vocal", "leadvocals"),
    "backing": ("backing", "back", "vocals back", "back vocals", "backing vocals", "back vocal"),
    "back-instrumental": ("back instrum", "back instrumental", "instrum back", "instrum and back"),
    "drums": ("drums", "drum"),
    "bass": ("bass",),
    "guitar": ("guitar", "guitars"),
    "no-guitar": ("no guitar",),
    "piano": ("piano", "keys"),
    "strings": ("strings",),
    "violin": ("violin",),
    "wind": ("wind",),
    "organ": ("organ",),
    "saxophone": ("saxophone", "sax"),
    "other": ("other", "others"),
    "kick": ("kick",),
    "snare": ("snare",),
    "toms": ("toms", "tom"),
    "hihat": ("hihat", "hi hat", "hh"),
    "ride": ("ride",),
    "crash": ("crash",),
    "cymbals": ("cymbals", "cymbal"),
    "dialogue": ("dialogue", "dialog", "speech"),
    "music": ("music",),
    "effects": ("effects", "effect", "sfx", "fx"),
    "crowd": ("crowd",),
    "dry": ("dry", "noreverb", "no reverb"),
    "reverb": ("reverb",),
    "noise": ("noise",),
    "clean": ("clean", "denoised", "no noise", "nonoise"),
    "aspiration": ("aspiration",),
    "male": ("male", "male vocals"),
    "female": ("female", "female vocals"),
    "centre": ("centre", "center", "phantom center", "phantom centre"),
    "sides": ("sides", "side", "no center", "no centre"),
}
_BY_WORD = {word: stem for stem, words in _WORDS.items() for word in words}
KNOWN = frozenset(_WORDS)
"""Ids that some word of the service's is known to mean."""
_SEPARATORS = re.compile(r"[\s_\-]+")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_BRACKETS = re.compile(r"\(([^()]*)\)")


def stem_id(label: str) -> str:
    """Give the id for a label or slug; one that nobody knows becomes a plain id of its own.

    Returns
    -------
    str
        Letters, digits and hyphens, lower case; "other" for a label without any.
    """
    folded = _SEPARATORS.sub(" ", label.strip().lower()).strip()
    known = _BY_WORD.get(folded)
    return known or _UNSAFE.sub("-", folded).strip("-")[:40] or "other"


def stems_in_name(name: str) -> tuple[str, ...]:
    """Give the stems that a type's name lists in brackets, as in "MDX B (vocals, instrumental)".

    Returns
    -------
    tuple of str
        Empty where the name lists none: a single word in brackets counts only when it is known.
    """
    for inside in reversed(_BRACKETS.findall(name)):
        words = inside.rpartition(":")[2].replace("lead/back vocals", "lead,backing").split(",")
        folded = [_SEPARATORS.sub(" ", word.strip().lower()) for word in words]
        if folded and all(word in _BY_WORD for word in folded):
            return _music(tuple(dict.fromkeys(_BY_WORD[word] for word in folded)))
    return ()


def _music(stems: tuple[str, ...]) -> tuple[str, ...]:
    # "Music" beside vocals alone is the instrumental; beside speech and effects it is music.
    if stems == ("vocals", "music"):
        return ("vocals", "instrumental")
    return stems
