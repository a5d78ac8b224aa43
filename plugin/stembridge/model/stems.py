"""Stems: their fixed ids, labels and colours, and the kinds of result an engine may give.

The ids are what hosts, presets, file names and ``--stems`` use; a label is what a person reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from stembridge.model.errors import UnknownNameError, UsageError


class ResultKind(StrEnum):
    """What a result is, and so what may be done with it."""

    STEM = "stem"
    """Region's frames, rate and channels; starts on its first frame; may be summed."""
    AUDIO = "audio"
    """Restored or enhanced audio: own rate, same duration; placed, not summed."""
    GENERATED = "generated"
    """Audio made without an input."""
    TEXT = "text"
    """A transcript."""


class Role(StrEnum):
    """How a stem counts in the sum."""

    ADDITIVE = "additive"
    """Counts once: the additive stems of a complete set sum to the region."""
    COMPOSITE = "composite"
    """The sum of other stems in the set: adding it counts twice."""
    ALTERNATE = "alternate"
    """Another estimate of a stem in the set."""
    REST = "rest"
    """The region minus the chosen stems."""
    RESIDUAL = "residual"
    """The region minus the sum of all additive stems."""


@dataclass(frozen=True, slots=True)
class StemName:
    """A row of the table of stems. ``colour`` is ``#rrggbb``, used for tracks and pictures."""

    id: str
    label: str
    colour: str


_ROWS = (
    StemName("vocals", "Vocals", "#e4572e"),
    StemName("instrumental", "Instrumental", "#2e86ab"),
    StemName("drums", "Drums", "#f3a712"),
    StemName("bass", "Bass", "#6a4c93"),
    StemName("guitar", "Guitar", "#2a9d5c"),
    StemName("piano", "Piano", "#1982c4"),
    StemName("other", "Other", "#7d8597"),
    StemName("rest", "Rest", "#9a8c98"),
    StemName("residual", "Residual", "#495057"),
)
STEMS: Mapping[str, StemName] = {row.id: row for row in _ROWS}

_NO_COLOUR = "#7d8597"


def colour(stem: str) -> str:
    """Give the colour of a stem, a neutral one for an id that isn't in the table.

    What a chain took out of a stem ("drums.kick") has that stem's colour.
    """
    top = stem.partition(".")[0]
    return STEMS[top].colour if top in STEMS else _NO_COLOUR


RESERVED = frozenset({"rest", "residual"})
"""Ids that the core makes itself; no engine may promise them."""


def choose(wanted: Iterable[str], promised: Iterable[str]) -> tuple[str, ...]:
    """Check a choice of stems against those a model gives.

    Returns
    -------
    tuple of str
        The ids in the model's order, each once; all of them when ``wanted`` is empty. Where nothing
        is promised, the ids as they were given.

    Raises
    ------
    UnknownNameError
        For an id (or label) that the model doesn't give.
    """
    offered = list(promised)
    if not offered:  # only the result will tell what there is
        return tuple(dict.fromkeys(name.strip().casefold() for name in wanted))
    by_name = {stem.casefold(): stem for stem in offered}
    by_name.update({STEMS[stem].label.casefold(): stem for stem in offered if stem in STEMS})
    chosen: set[str] = set()
    for name in wanted:
        folded = name.strip().casefold()
        if folded in RESERVED:
            raise UsageError(
                f"'{name.strip()}' is not one of the model's stems.",
                hint=f"Ask for it with --{folded}.",
            )
        if folded not in by_name:
            raise UnknownNameError("stem in this model", name.strip(), offered)
        chosen.add(by_name[folded])
    return tuple(stem for stem in offered if not chosen or stem in chosen)
