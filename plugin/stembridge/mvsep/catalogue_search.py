"""Finding a separation type by what a person types: a name, a stem, a number, a quality figure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from stembridge.mvsep.algorithm import Algorithm, Option

_WORD = re.compile(r"[a-z0-9]+(?:[.+][0-9]+)*")
_ALIKE = 0.8
_FILLER = frozenset({"the", "a", "of", "and", "with", "for", "by", "sdr", "model", "type"})
_SYNONYMS = {
    "vocal": "vocals",
    "voice": "vocals",
    "speech": "dialogue",
    "dialog": "dialogue",
    "sfx": "effects",
    "center": "centre",
    "instrum": "instrumental",
    "dereverb": "reverb",
    "noreverb": "reverb",
    "denoise": "noise",
    "hh": "hihat",
    "sax": "saxophone",
    "transcript": "text",
    "transcription": "text",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A type that was found, and the option values that fit (field name, value)."""

    algorithm: Algorithm
    score: float
    options: tuple[tuple[str, Option], ...] = ()


def search(algorithms: Sequence[Algorithm], wanted: str) -> tuple[Hit, ...]:
    """Find types; every word has to fit somewhere.

    Parameters
    ----------
    wanted
        Words in any order: of the name, of an option's label, a stem, a group, the type's number, a
        quality figure such as 11.89. Small misspellings don't matter, on either side.

    Returns
    -------
    tuple of Hit
        The best first; all of them, in their own order, when nothing is wanted.
    """
    words = [word for word in _WORD.findall(wanted.lower()) if word not in _FILLER]
    if not words:
        words = _WORD.findall(wanted.lower())
    hits = [hit for one in algorithms if (hit := _fit(one, words)) is not None]
    if not words:
        return tuple(hits)
    best = max((hit.score for hit in hits), default=0.0)
    # A word that is really there makes those that merely look alike uninteresting.
    floor = 0.35 * best
    return tuple(sorted((hit for hit in hits if hit.score >= floor), key=lambda hit: -hit.score))


def _fit(one: Algorithm, words: Sequence[str]) -> Hit | None:
    name = _words(one.name)
    stems = {
        part for stem in (*one.stems, *(s for p in one.promises for s in p.stems)) for part in _words(stem)
    }
    stems.add(one.kind.value)
    rest = _words(f"{one.group} {one.summary} {' '.join(f.text for f in one.fields)}")
    labels = [(f.name, option, _words(option.label)) for f in one.fields for option in f.options]
    score = 0.0
    fitting: list[tuple[str, Option]] = []
    for word in words:
        in_labels = [
            (grade, field, option) for field, option, has in labels if (grade := _grade(word, has)) > 0
        ]
        grades = [
            6.0 if word == str(one.sep_type) else 0.0,
            4.0 * _grade(word, name),
            3.0 * _grade(word, stems),
            2.0 * max((grade for grade, _, _ in in_labels), default=0.0),
            1.0 * _grade(word, rest),
        ]
        if not max(grades):
            return None
        score += max(grades) + 0.1 * sum(grades)
        fitting += [(field, option) for _, field, option in in_labels]
    unique = {(field, option.key): (field, option) for field, option in fitting}
    return Hit(one, score if one.active else 0.5 * score, tuple(unique.values()))


def _words(text: str) -> set[str]:
    found = set(_WORD.findall(text.lower()))
    return found | {_SYNONYMS[word] for word in found if word in _SYNONYMS}


def _grade(word: str, among: set[str]) -> float:
    """Give 1 for the word itself, less for a part of one, least for one that looks like it."""
    if word in among or _SYNONYMS.get(word) in among:
        return 1.0
    if len(word) >= 3 and any(other.startswith(word) for other in among):
        return 0.8
    if len(word) >= 4 and any(word in other for other in among):
        return 0.6
    if (
        len(word) >= 4
        and not word[0].isdigit()
        and difflib.get_close_matches(word, among, n=1, cutoff=_ALIKE)
    ):
        return 0.4
    return 0.0
