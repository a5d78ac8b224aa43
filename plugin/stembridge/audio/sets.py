"""Result sets: which files sum to the region, which are sums of others, which are other estimates.

A service names its files as it likes: the same word is a part in one model and a sum in another.
So it is measured. Files are taken as they came first, because a sum that nulls proves that its files
lie in place; only where none does are they aligned (`align`) and measured again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stembridge.audio import products
from stembridge.audio.arrange import arrange, workroom
from stembridge.audio.nulltest import decibels
from stembridge.audio.render import RegionFile
from stembridge.audio.roles import Verdict, decide
from stembridge.audio.set_words import describe, ratio_db
from stembridge.audio.sums import FLOOR, MOST, Gram
from stembridge.audio.tracks import Clock, Track, open_stem
from stembridge.model.errors import TransferError
from stembridge.model.results import EngineFile
from stembridge.model.stems import ResultKind, Role

FEWEST_FRAMES = 64
"""A shorter region gives chance too much room."""
QUIETEST = 1e-9
"""Mean square (-90 dBFS) under which a region is taken for silence."""
EXACT_DB = -80.0
"""Residual in dBFS up to which a stem may be made anew as what the others leave."""
_TAKES_THE_REST = ("other", "instrumental", "instrum")
_BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """What was found about a result set.

    Attributes
    ----------
    files
        As given, in the same order, with their roles set. Stem ids are unique among the additive
        ones: a second one of the same id gets a number.
    complete
        True when the additive stems were measured to sum to the region.
    complement
        The stem that `stembridge.audio.finish` may make of what the others leave, so that the sum is
        exact at the region's rate; None where the files have that rate, or aren't exact enough.
    evidence
        Plain JSON values: what was measured, levels in dB.
    notes
        Sentences for the user.
    """

    files: tuple[EngineFile, ...]
    complete: bool
    complement: str | None
    evidence: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def classify(
    region: RegionFile,
    folder: Path,
    files: Sequence[EngineFile],
    *,
    gain_exponent: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> SetVerdict:
    """Tell composites, alternates and parts of a result set apart by measurement.

    Everything is compared at the files' own rate (that of most of them), to which the region is
    resampled as it was for the upload: what lies above a service's band is no fault of its stems.
    Memory doesn't grow with length; temporary files are made in a folder inside ``folder``.

    Parameters
    ----------
    region
        What was separated.
    folder
        Where the files are.
    files
        All results, those that were promised first. Of the kind ``audio``, those that have the
        region's length and are part of an exact sum of two or more become stems; all others, and
        other kinds, stay as they are.
    gain_exponent
        The files are at 2**gain_exponent times the region's level.
    cancelled
        Asked at every block.

    Returns
    -------
    SetVerdict
        With every stem additive and ``complete`` False where nothing can be told: a silent region,
        one of fewer than 64 frames, more than 18 files.

    Raises
    ------
    TransferError
        ``alignment`` or ``transfer``: a stem can't be used; see `tracks` and `align`.
    Cancelled
        The user asked for it.
    """
    clock = Clock(lambda _done, _total: None, cancelled)
    chosen = _candidates(region, folder, files)
    nothing = SetVerdict(tuple(files), complete=False, complement=None)
    if not chosen:
        return nothing
    why = _unmeasurable(region, chosen)
    if why:
        return SetVerdict(_unique(list(files)), complete=False, complement=None, notes=(why,))
    rates = Counter(open_stem(folder, file, region, gain_exponent).info.rate for file in chosen)
    rate = max(rates, key=lambda each: (rates[each], -each))
    with workroom(folder) as work:
        beside = products.at_rate(region, rate, work, clock)
        table = _Table(beside, folder, gain_exponent, work, clock)
        try:
            found = table.measured(chosen)
        except TransferError:
            # Restored audio owes nobody its place.
            stems = [file for file in chosen if file.kind is ResultKind.STEM]
            if len(stems) == len(chosen):
                raise
            if not stems:
                return nothing
            found = table.measured(stems)
    return _conclude(region, files, found)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Files, what was measured of them, and what that means."""

    files: Sequence[EngineFile]
    region: RegionFile
    gram: Gram
    verdict: Verdict
    lossy: bool
    moved: Sequence[int]

    @property
    def residual(self) -> float | None:
        """What the sum leaves, in dBFS; None where nothing can be measured any more."""
        error = self.verdict.error
        if error <= FLOOR * self.gram.energy:
            return None
        return decibels((error / self.gram.samples) ** 0.5)


@dataclass(frozen=True, slots=True)
class _Table:
    """Where files are measured: the region at their rate, and what else every step needs."""

    region: RegionFile
    folder: Path
    gain_exponent: int
    work: Path
    clock: Clock

    def measured(self, files: Sequence[EngineFile]) -> _Measured:
        """Measure files as they came, and in their places where that says nothing."""
        tracks = [open_stem(self.folder, file, self.region, self.gain_exponent) for file in files]
        if not any(_lossy(track) for track in tracks):
            # A lossy set is always aligned: what its codec leaves could hide a small shift.
            gram = products.as_they_came(self.region, tracks, self.clock)
            if gram.finite:
                found = self._decided(tracks, gram, (0,) * len(tracks))
                if found.verdict.complete or found.verdict.gain is not None:
                    return found
        stems = arrange(
            self.region,
            self.folder,
            files,
            gain_exponent=self.gain_exponent,
            work=self.work,
            clock=self.clock,
        )
        gram = products.in_place(self.region, stems, self.clock)
        moved = [stem.track.skipped or stem.start for stem in stems]
        return self._decided([stem.track for stem in stems], gram, moved)

    def _decided(self, tracks: Sequence[Track], gram: Gram, moved: Sequence[int]) -> _Measured:
        lossy = any(_lossy(track) for track in tracks)
        files = [track.file for track in tracks]
        noise = [gram.samples * _rounding(track) for track in tracks]
        verdict = decide(gram, [file.stem for file in files], noise, lossy=lossy)
        return _Measured(files, self.region, gram, verdict, lossy, moved)


def _candidates(region: RegionFile, folder: Path, files: Sequence[EngineFile]) -> list[EngineFile]:
    chosen = []
    for file in files:
        if file.kind is ResultKind.STEM:
            chosen.append(file)
        elif file.kind is ResultKind.AUDIO:
            try:
                open_stem(folder, file, region, 0)
            except TransferError:
                continue  # another length or other channels: it is no part of this region
            chosen.append(file)
    stems = sum(file.kind is ResultKind.STEM for file in chosen)
    return chosen if stems or len(chosen) > 1 else []


def _unmeasurable(region: RegionFile, files: Sequence[EngineFile]) -> str:
    untold = "so it can't be told which of these files sum to it."
    if region.rms**2 < QUIETEST:
        return f"The region is silent, {untold}"
    if region.frames < FEWEST_FRAMES:
        return f"The region is too short, {untold}"
    if len(files) > MOST:
        return f"More than {MOST} files came back; which of them sum to the region wasn't looked for."
    return ""


def _conclude(region: RegionFile, files: Sequence[EngineFile], found: _Measured) -> SetVerdict:
    verdict, gram = found.verdict, found.gram
    parts = {file.name: part for file, part in zip(found.files, verdict.parts, strict=True)}
    summed = {found.files[index].name for index in verdict.summed} if verdict.complete else set()
    promoted = [file for file in found.files if file.kind is ResultKind.AUDIO and file.name in summed]
    rows = []
    for file in files:
        if file.kind is ResultKind.STEM and file.name in parts:
            part = parts[file.name]
            like = tuple(found.files[index].name for index in part.like)
            rows.append(replace(file, role=part.role, like=like))
        elif file in promoted:
            rows.append(replace(file, kind=ResultKind.STEM, role=Role.ADDITIVE))
        else:
            rows.append(file)
    named = _unique(rows)
    ids = {file.name: file.stem for file in named}
    residual = found.residual
    exact = verdict.complete and not found.lossy and (residual is None or residual <= EXACT_DB)
    other_rate = region.rate != found.region.rate
    complement = _complement(found, ids) if other_rate and exact else None
    evidence = _evidence(found, ids)
    labels = [file.label for file in found.files]
    notes = describe(verdict, labels, gram.energy, [file.label for file in promoted])
    if other_rate and verdict.complete and len(verdict.summed) > 1:
        notes.append(
            f"At {region.rate} Hz '{complement}' is what the other stems leave of the region, "
            "so that all sum to it exactly."
            if complement
            else f"The stems came at {found.region.rate} Hz and don't sum exactly enough to make one of them "
            f"anew at {region.rate} Hz: each stays as it came."
        )
    return SetVerdict(named, verdict.complete, complement, evidence, tuple(notes))


def _complement(found: _Measured, ids: dict[str, str]) -> str | None:
    summed = found.verdict.summed
    if len(summed) < 2:
        return None
    names = {ids[found.files[index].name]: index for index in summed}
    for name in _TAKES_THE_REST:
        if name in names:
            return name
    return max(names, key=lambda name: found.gram.own[names[name], names[name]])


def _evidence(found: _Measured, ids: dict[str, str]) -> dict[str, Any]:
    verdict, gram, residual = found.verdict, found.gram, found.residual
    names = [ids[file.name] for file in found.files]
    return {
        "rate": found.region.rate,
        "frames_compared": gram.samples // found.region.channels,
        "lossy": found.lossy,
        "summed": [names[index] for index in verdict.summed],
        "complete": verdict.complete,
        "null_db": ratio_db(verdict.error / gram.energy),
        "residual_db": None if residual is None else round(residual, 2),
        "gain_db": None if verdict.gain is None else round(decibels(verdict.gain) or 0.0, 3),
        "files": [
            {
                "file": file.name,
                "stem": name,
                "role": part.role.value,
                "like": [names[index] for index in part.like],
                "difference_db": None if part.ratio is None else ratio_db(part.ratio),
                "late": late,
            }
            for file, name, part, late in zip(found.files, names, verdict.parts, found.moved, strict=True)
        ],
    }


def _unique(files: Sequence[EngineFile]) -> tuple[EngineFile, ...]:
    """Number additive stems of one id, so that each has its own."""
    used: set[str] = set()
    out = []
    for file in files:
        stem, number = file.stem, 1
        if file.kind is ResultKind.STEM and file.role is Role.ADDITIVE:
            while stem in used:
                number += 1
                stem = f"{file.stem}-{number}"
            used.add(stem)
        out.append(replace(file, stem=stem))
    return tuple(out)


def _lossy(track: Track) -> bool:
    return track.file.lossy or track.info.lossy


def _rounding(track: Track) -> float:
    """Give the mean square of a file's rounding with triangular dither: a quarter of a step squared."""
    bits = _BITS.get(track.info.codec, 0)
    return float((2.0 ** (1 - bits)) ** 2 / 4 * track.gain**2) if bits else 0.0
