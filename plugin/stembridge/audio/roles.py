"""Roles: what each file of a set is to the others, decided from their inner products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stembridge.audio.sums import FLOOR, Found, Gram, explain, finest
from stembridge.model.stems import Role

NULL = 1e-5
"""Share of the energy (-50 dB) up to which what a sum leaves is called nothing."""
NULL_LOSSY = 10**-1.5
"""The same (-15 dB) for files of a lossy codec, whose noise doesn't cancel."""
_NOISE_MARGIN = 2.0
_SILENT = 8.0
"""A file of less than so many times its rounding noise (two steps squared) holds rounding and no more."""
_MOST_NOISE = 1e-2
"""Rounding noise explains no more than this share (-20 dB) of what is left."""
_CLOSE_SUM = 10**-1.5
_CLOSE_COPY = 0.1
"""Shares (-15 and -10 dB) up to which a file is taken for another estimate of a sum, of a file."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a file is: its role, the files that it equals or is close to, and how far from them.

    ``ratio`` is the energy of the difference over that of the file; None where nothing was found.
    """

    role: Role
    like: tuple[int, ...] = ()
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The roles of all files, in their order.

    Attributes
    ----------
    summed
        Indices of the files that sum to the region; the nearest sum where ``complete`` is False.
    error
        Energy that their sum leaves of the region.
    complete
        True when they sum to it.
    gain
        Linear gain at which they would sum to it, where that isn't 1; else None.
    """

    parts: tuple[Part, ...]
    summed: tuple[int, ...]
    error: float
    complete: bool
    gain: float | None = None


def limit(energy: float, noise: float, *, lossy: bool) -> float:
    """Give the greatest energy that may be left of a signal by files that sum to it.

    Parameters
    ----------
    energy
        Of the signal.
    noise
        Energy of the rounding noise of all files together.
    lossy
        True when any of them went through a lossy codec.
    """
    if lossy:
        return NULL_LOSSY * energy
    return max(NULL * energy, min(_NOISE_MARGIN * noise, _MOST_NOISE * energy))


def decide(gram: Gram, ids: Sequence[str], noise: Sequence[float], *, lossy: bool) -> Verdict:
    """Tell parts, composites and alternates apart.

    Where a sum gives the region, its files are the parts and nothing else counts. Where none does,
    a file is set aside only for being a sum, or a copy, of others.

    Parameters
    ----------
    ids
        Stem ids of the files.
    noise
        Energy of each file's rounding noise.
    lossy
        True when any file went through a lossy codec.
    """
    most = limit(gram.energy, sum(noise), lossy=lossy)
    # A lossy file's own noise could pass for the sum: one alone is never believed.
    found = finest(gram, most, fewest=2 if lossy else 1, ids=ids, near_best=4.0 if lossy else None)
    if found is not None:
        return _complete(gram, found, ids, noise, lossy=lossy)
    scaled = None if lossy else finest(gram, most, fewest=2, ids=ids, scaled=True)
    if scaled is not None:
        verdict = _complete(gram, scaled, ids, noise, lossy=lossy)
        gain = gram.cross[list(scaled.members)].sum() / (
            gram.own[list(scaled.members)][:, list(scaled.members)].sum()
        )
        error = gram.sum_error(verdict.summed)
        return Verdict(verdict.parts, verdict.summed, error, complete=False, gain=float(gain))
    return _incomplete(gram, noise, lossy=lossy)


def _complete(
    gram: Gram, found: Found, ids: Sequence[str], noise: Sequence[float], *, lossy: bool
) -> Verdict:
    members = list(found.members)
    for file in range(len(ids)):
        # Silence changes no sum: a promised stem that is silent here is a stem all the same.
        harmless = gram.sum_error([*members, file]) <= gram.sum_error(members) + max(
            FLOOR * gram.energy, _SILENT * noise[file]
        )
        if file not in members and harmless and ids[file] not in {ids[m] for m in members}:
            members.append(file)
    members.sort()
    parts = {file: Part(Role.ADDITIVE) for file in members}
    composites: list[int] = []
    for file in range(len(ids)):
        if file not in parts:
            sum_of = explain(gram, file, members)
            if len(sum_of.members) > 1 and _is_null(gram, file, sum_of, noise, lossy=lossy):
                parts[file] = _like(gram, file, sum_of, Role.COMPOSITE)
                composites.append(file)
    for file in range(len(ids)):
        if file not in parts:
            copied = _nearest(gram, file, [*members, *composites])
            sum_of = explain(gram, file, members)
            if len(sum_of.members) > 1 and sum_of.error <= min(
                _CLOSE_SUM * gram.own[file, file], copied.error / 2
            ):
                parts[file] = _like(gram, file, sum_of, Role.COMPOSITE)
            elif copied.error <= _CLOSE_COPY * gram.own[file, file]:
                parts[file] = _like(gram, file, copied, Role.ALTERNATE)
            else:
                parts[file] = Part(Role.ALTERNATE)
    ordered = tuple(parts[file] for file in range(len(ids)))
    return Verdict(ordered, tuple(members), gram.sum_error(members), complete=True)


def _incomplete(gram: Gram, noise: Sequence[float], *, lossy: bool) -> Verdict:
    count = len(gram.cross)
    parts: dict[int, Part] = {}
    loudest = sorted(range(count), key=lambda file: -gram.own[file, file])
    for exact in (True, False):
        for file in loudest:
            others = [other for other in range(count) if other not in parts]
            if file not in others or not _audible(gram, file, noise):
                continue
            sum_of = explain(gram, file, others)
            close = (
                _is_null(gram, file, sum_of, noise, lossy=lossy)
                if exact
                else sum_of.error <= _CLOSE_SUM * gram.own[file, file]
            )
            if len(sum_of.members) > 1 and close:
                parts[file] = _like(gram, file, sum_of, Role.COMPOSITE)
    for file in range(count):
        if file in parts or not _audible(gram, file, noise):
            continue
        # A loud part is close to the very sum that it is in: that makes it no copy of it.
        sums = [other for other, part in parts.items() if part.role is Role.COMPOSITE]
        earlier = [other for other in range(file) if other not in parts]
        earlier += [other for other in sums if file not in parts[other].like]
        copied = _nearest(gram, file, earlier)
        if copied.members and copied.error <= _CLOSE_COPY * gram.own[file, file]:
            parts[file] = _like(gram, file, copied, Role.ALTERNATE)
    additive = tuple(file for file in range(count) if file not in parts)
    ordered = tuple(parts.get(file, Part(Role.ADDITIVE)) for file in range(count))
    return Verdict(ordered, additive, gram.sum_error(additive), complete=False)


def _audible(gram: Gram, file: int, noise: Sequence[float]) -> bool:
    return bool(gram.own[file, file] > max(FLOOR * gram.energy, _SILENT * noise[file]))


def _is_null(gram: Gram, file: int, found: Found, noise: Sequence[float], *, lossy: bool) -> bool:
    heard = noise[file] + sum(noise[member] for member in found.members)
    return found.error <= limit(float(gram.own[file, file]), heard, lossy=lossy)


def _nearest(gram: Gram, file: int, among: Sequence[int]) -> Found:
    others = [(gram.distance(file, other), other) for other in among if other != file]
    if not others:
        return Found((), float("inf"))
    # Of those that can't be told apart, the one given first.
    least = min(error for error, _ in others)
    floor = FLOOR * gram.own[file, file]
    error, other = next((e, o) for e, o in sorted(others, key=lambda row: row[1]) if e <= least + floor)
    return Found((other,), error)


def _like(gram: Gram, file: int, found: Found, role: Role) -> Part:
    energy = float(gram.own[file, file])
    return Part(role, found.members, max(found.error, FLOOR * energy) / energy if energy else None)
