"""What was found about a result set, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stembridge.audio.roles import Part, Verdict
from stembridge.audio.sums import FLOOR
from stembridge.model.stems import Role


def ratio_db(ratio: float) -> float:
    """Give a ratio of energies in dB; at its lowest -140, where differences can't be measured any more."""
    return round(10 * math.log10(max(ratio, FLOOR)), 2)


def describe(verdict: Verdict, labels: Sequence[str], energy: float, promoted: Sequence[str]) -> list[str]:
    """Say what each file is that doesn't simply count once.

    Parameters
    ----------
    labels
        Of the files that were measured.
    energy
        Of the region.
    promoted
        Labels of the restored audio that was found to be stems.
    """
    said = [
        sentence
        for label, part in zip(labels, verdict.parts, strict=True)
        if (sentence := _sentence(label, part, labels))
    ]
    nearest = [labels[index] for index in verdict.summed]
    if promoted:
        said.append(f"{_joined(promoted)} sum to the region, so they were taken for stems.")
    if verdict.gain is not None:
        level = 20 * math.log10(verdict.gain)
        change = f"turned {'up' if level > 0 else 'down'} by {abs(level):.2f} dB"
        said.append(
            f"{_joined(nearest)} would sum to the region if they were {change}; their level was left."
        )
    elif not verdict.complete and len(nearest) > 1:
        said.append(
            f"{_joined(nearest)} don't sum to the region: their sum leaves "
            f"{ratio_db(verdict.error / energy):.0f} dB of it."
        )
    return said


def _sentence(label: str, part: Part, labels: Sequence[str]) -> str:
    if part.role is Role.ADDITIVE:
        return ""
    if part.ratio is None or not part.like:
        return f"{label} is no part of the sum; it isn't counted."
    of = _joined([_inside(labels[index]) for index in part.like])
    same = part.ratio <= 10**-4.5
    null = "below -140 dB" if part.ratio <= FLOOR else f"{ratio_db(part.ratio):.0f} dB"
    if part.role is Role.COMPOSITE:
        near = "is" if same else "is close to"
        return f"{label} {near} the sum of {of} (null {null}); it isn't counted twice."
    if same:
        return f"{label} is the same as {of} (null {null}); it isn't counted twice."
    return f"{label} is another estimate of {of} (it differs by {null}); it isn't counted."


def _joined(words: Sequence[str]) -> str:
    first = [words[0], *(_inside(word) for word in words[1:])]
    return first[0] if len(first) == 1 else f"{', '.join(first[:-1])} and {first[-1]}"


def _inside(label: str) -> str:
    """Write a label inside a sentence: small letters, but SFX stays."""
    return label if label.isupper() and len(label) > 1 else label.lower()
