"""Sums: which files of a set, added up, give a target, told from inner products alone.

All sums of a set are searched, not a chosen few: with the inner products of every pair of signals
(their Gram matrix) at hand, the energy of "target minus the sum of these" is a quadratic form, and a
sum of one file more costs one addition. A set of 18 has 262,144 sums, which takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Errors = NDArray[np.float64]

MOST = 18
"""Largest set whose sums are searched."""
FLOOR = 1e-14
"""Share of the target's energy (-140 dB) under which two errors can't be told apart in float64."""
_ALIKE = 4.0
"""Two sums whose errors lie within this factor (6 dB) are equally good."""
_MATTERS = 2.0
"""A file belongs to the sum that a file is explained by when leaving it out at least doubles the error."""


@dataclass(frozen=True, slots=True)
class Gram:
    """Inner products of a region and its files, summed over all samples and channels.

    Attributes
    ----------
    energy
        Of the region.
    cross
        Shape (files,): region times file.
    own
        Shape (files, files): file times file.
    samples
        How many samples, channels counted, were summed.
    """

    energy: float
    cross: NDArray[np.float64]
    own: NDArray[np.float64]
    samples: int

    @property
    def finite(self) -> bool:
        """True when no sample was infinite or NaN."""
        return bool(
            np.isfinite(self.energy) and np.isfinite(self.cross).all() and np.isfinite(self.own).all()
        )

    def sum_error(self, members: Sequence[int]) -> float:
        """Give the energy of the region minus the sum of these files."""
        chosen = list(members)
        inner = self.own[np.ix_(chosen, chosen)].sum()
        return max(0.0, float(self.energy - 2 * self.cross[chosen].sum() + inner))

    def distance(self, one: int, other: int) -> float:
        """Give the energy of the difference of two files."""
        return max(0.0, float(self.own[one, one] + self.own[other, other] - 2 * self.own[one, other]))


@dataclass(frozen=True, slots=True)
class Found:
    """A sum: indices of its files, ascending, and its ``error``: the energy of what it leaves."""

    members: tuple[int, ...]
    error: float


def finest(
    gram: Gram,
    limit: float,
    *,
    fewest: int = 1,
    ids: Sequence[str] = (),
    scaled: bool = False,
    near_best: float | None = None,
) -> Found | None:
    """Find the sum of files that gives the region, of the most and so the finest files.

    Every file of it counts: leaving it out makes the error greater. Among sums of as many files,
    those with the least error are alike within 6 dB, and the files given first win.

    Parameters
    ----------
    limit
        Greatest energy that the sum may leave.
    fewest
        Least number of files.
    ids
        Names of the files: a sum in which none stands twice is preferred. Empty: all differ.
    scaled
        Judge each sum at the gain that fits it best (least squares), instead of at gain 1.
    near_best
        Beside ``limit``, the greatest factor over the least error of all.

    Returns
    -------
    Found or None
        None when no sum comes that near. ``error`` is that of gain 1 unless ``scaled``.
    """
    count = len(gram.cross)
    errors = _errors(gram.own, gram.cross, gram.energy)
    floor = FLOOR * gram.energy
    if scaled:
        errors = _at_best_gain(errors, _totals(gram.cross), gram.energy)
    errors = np.maximum(errors, floor)
    sizes = _totals(np.ones(count))
    if near_best is not None:
        limit = min(limit, near_best * float(errors[1:].min()))
    masks = np.flatnonzero((errors <= limit) & (sizes >= max(1, fewest)))
    for place in range(count):
        bit = 1 << place
        inside = (masks & bit) != 0
        masks = masks[~inside | (errors[masks ^ bit] > errors[masks])]
    unique = masks[~_doubled(masks, ids, count)]
    masks = unique if len(unique) else masks
    if not len(masks):
        return None
    masks = masks[sizes[masks] == sizes[masks].max()]
    alike = masks[errors[masks] <= _ALIKE * errors[masks].min()]
    # The first file has the highest bit: the greatest number names the files given first.
    best = int(alike.max())
    return Found(_members(best, count), float(errors[best]))


def explain(gram: Gram, file: int, among: Iterable[int]) -> Found:
    """Find the sum of other files that is closest to a file, without those that hardly matter to it.

    Returns
    -------
    Found
        Without members, and with the file's whole energy, when there is nothing to choose from.
    """
    base = [index for index in among if index != file]
    energy = float(gram.own[file, file])
    if not base:
        return Found((), energy)
    errors = _errors(gram.own[np.ix_(base, base)], gram.own[base, file], energy)
    errors = np.maximum(errors, FLOOR * energy)
    best = 1 + int(errors[1:].argmin())
    while True:
        members = _members(best, len(base))
        if len(members) < 2:
            break
        bits = np.array([1 << (len(base) - 1 - member) for member in members])
        without = best ^ bits
        least = int(without[errors[without].argmin()])
        if errors[least] >= _MATTERS * errors[best]:
            break
        best = least
    return Found(tuple(base[member] for member in members), float(errors[best]))


def _errors(own: NDArray[np.float64], cross: NDArray[np.float64], energy: float) -> Errors:
    """Give the energy that every sum leaves; bit ``n - 1 - i`` of the index stands for file ``i``."""
    errors: Errors = np.array([energy])
    for index in reversed(range(len(cross))):
        with_others = _totals(own[index, index + 1 :])
        errors = np.concatenate((errors, errors + own[index, index] + 2 * (with_others - cross[index])))
    return errors.clip(min=0.0)


def _totals(weights: NDArray[np.float64]) -> Errors:
    """Give the total weight of every subset, numbered as in `_errors`."""
    totals: Errors = np.zeros(1)
    for weight in weights[::-1]:
        totals = np.concatenate((totals, totals + weight))
    return totals


def _at_best_gain(errors: Errors, cross: Errors, energy: float) -> Errors:
    own = errors - energy + 2 * cross
    useful = (own > FLOOR * energy) & (cross > 0)
    explained = np.where(useful, cross**2 / np.where(useful, own, 1.0), 0.0)
    left: Errors = np.maximum(energy - explained, 0.0)
    return left


def _doubled(masks: NDArray[np.intp], ids: Sequence[str], count: int) -> NDArray[np.bool_]:
    """Say which of the subsets hold two files of one name."""
    doubled = np.zeros(len(masks), np.bool_)
    for name in set(ids):
        same = [1 << (count - 1 - index) for index, other in enumerate(ids) if other == name]
        if len(same) > 1:
            doubled |= np.sum([(masks & bit) != 0 for bit in same], axis=0) > 1
    return doubled


def _members(mask: int, count: int) -> tuple[int, ...]:
    return tuple(index for index in range(count) if mask >> (count - 1 - index) & 1)
