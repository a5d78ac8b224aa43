"""From the service's words for its files to our stem ids and file names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stembridge.model.names import safe
from stembridge.model.stems import RESERVED, STEMS
from stembridge.mvsep.labels import KNOWN, stem_id
from stembridge.mvsep.redact import scrub
from stembridge.mvsep.replies import ResultFile

INPUT = "input"
"""Name of the service's copy of what was separated; no stem may have it."""
TEXTS = frozenset({"txt", "srt", "vtt", "json"})
"""Extensions of transcripts."""
_AUDIO = frozenset({"wav", "flac", "mp3", "m4a", "aac", "ogg", "opus", "aif", "aiff"})
_LABEL = 80
_ALSO: Mapping[str, tuple[str, ...]] = {"instrumental": ("other", "music"), "music": ("instrumental",)}
"""Words by which a stem may go where it was promised under another: two-stem models are like that."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file of the service's with our names.

    Attributes
    ----------
    stem
        Its id, unique within the result.
    label
        The service's word for it, fit to be shown.
    extension
        Of our file, without the dot.
    """

    stem: str
    label: str
    extension: str
    row: ResultFile = field(repr=False)

    @property
    def text(self) -> bool:
        """True for a transcript, or a part of one."""
        return self.extension in TEXTS

    @property
    def name(self) -> str:
        """Name of our file; never made from a name that the service chose."""
        return safe(f"{self.stem}.{self.extension}")


def name_files(rows: Sequence[ResultFile], promised: Sequence[str] = ()) -> tuple[Named, ...]:
    """Name the files of a result.

    Parameters
    ----------
    promised
        Ids that the order promised: a file that may mean one of them is taken to.

    Returns
    -------
    tuple of Named
        As they came; of two that would have one id the second gets ``-2``.
    """
    named = [_named(row, promised) for row in rows]
    for stem, row in _matches(named, promised).items():
        named[row] = replace(named[row], stem=stem, label=_label(stem, named[row].label))
    used: set[str] = set()
    unique = []
    for one in named:
        numbered = (f"{one.stem}-{number}" for number in itertools.count(2))
        stem = next(id_ for id_ in itertools.chain([one.stem], numbered) if id_ not in used)
        used.add(stem)
        unique.append(replace(one, stem=stem))
    return tuple(unique)


def missing(rows: Sequence[ResultFile], promised: Sequence[str]) -> list[str]:
    """Give the promised stems that a result doesn't have."""
    have = {one.stem for one in name_files(rows, promised) if not one.text}
    return [stem for stem in promised if stem not in have]


def incomplete(stems: Sequence[str]) -> str:
    """Say that stems are missing."""
    return f"MVSEP's result is incomplete: {', '.join(stems)} missing."


def _named(row: ResultFile, promised: Sequence[str]) -> Named:
    from_label = stem_id(row.type) if row.type.strip() else ""
    from_slug = stem_id(row.slug) if row.slug else ""
    candidates = [stem for stem in (from_label, from_slug) if stem]
    stem = next((one for one in candidates if one in promised), candidates[0] if candidates else "other")
    if stem in RESERVED or stem == INPUT:
        stem = f"{stem}-stem"
    label = _label(stem, scrub(row.type or row.slug or stem, longest=_LABEL))
    extension = row.extension if row.extension in _AUDIO | TEXTS else "audio"
    return Named(stem, label or stem, extension, row)


def _label(stem: str, word: str) -> str:
    """Give the service's word, unless that would be the name of another stem of ours."""
    other = stem_id(word)
    return STEMS[stem].label if stem in STEMS and other in STEMS and other != stem else word


def _matches(named: Sequence[Named], promised: Sequence[str]) -> dict[str, int]:
    """Find the files that are promised stems under other words: by the table, else if only they can be."""
    have = {one.stem for one in named}
    lacking = [stem for stem in promised if stem not in have]
    found: dict[str, int] = {}
    for stem in lacking:
        for number, one in enumerate(named):
            if one.stem in _ALSO.get(stem, ()) and one.stem not in promised and number not in found.values():
                found[stem] = number
                break
    left = [stem for stem in lacking if stem not in found]
    unknown = [
        number
        for number, one in enumerate(named)
        if one.stem not in KNOWN
        and one.stem not in promised
        and not one.text
        and number not in found.values()
    ]
    if len(left) == len(unknown) == 1:
        found[left[0]] = unknown[0]
    return found
