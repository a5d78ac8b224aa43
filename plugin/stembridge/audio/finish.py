"""Finishing: the one path on which every engine's answer becomes stems on the region's samples.

What is promised of a finished set:

* A ``stem`` has exactly the region's frames, rate and channels, and starts on its first frame. (An
  MP3 or m4a may be longer on disk, because those formats hold whole packets.)
* Levels are the region's. An integer or lossy format ends at full scale: when anything that is written
  goes above, all of it is lowered by one gain, which is told. Nothing is clipped.
* Restored audio keeps its own rate and channels and lasts exactly as long as the region.
* Without a region (the service fetched a link, or made something up) every file keeps its own rate,
  channels and length, and nothing is said of a sum.
* Every file was read back from the disk before its facts are given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.arrange import arrange, describe, workroom
from stembridge.audio.arranged import Arranged
from stembridge.audio.delivery import Delivery, Placed, Target, copy_text
from stembridge.audio.leaving import left_out, words
from stembridge.audio.mixdown import Mixdown, Part, Slice
from stembridge.audio.nulltest import Level, NullResult, decibels
from stembridge.audio.render import RegionFile
from stembridge.audio.storage import storage_errors
from stembridge.audio.tracks import Clock, open_audio
from stembridge.model.formats import Format, check_format
from stembridge.model.results import EngineFile, Offset, Separation, SetFacts, StemFacts
from stembridge.model.stems import STEMS, ResultKind, Role


def finish(
    region: RegionFile | None,
    answer: Path,
    separation: Separation,
    *,
    wanted: Sequence[str],
    rest: bool,
    residual: bool,
    fmt: Format,
    names: Callable[[str], str],
    folder: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> SetFacts:
    """Bring an engine's answer to the region's samples and write it for the user.

    Run again after it was killed, it gives the same samples.

    Parameters
    ----------
    region
        What was separated; None where that isn't known.
    answer
        Folder with the engine's files. Temporary files are made in a folder inside it and removed.
    separation
        What the engine says about them.
    wanted
        Ids of the stems to write; empty: all.
    rest
        Write the region minus the stems chosen; see `stembridge.audio.leaving` where one of them is the sum
        of others, or another estimate.
    residual
        Write the region minus all stems that count in the sum.
    fmt
        What to write.
    names
        Gives the file name, without a folder, for a stem id.
    folder
        Where to; made when it isn't there. Files of the same names are replaced.
    progress
        Told ``(done, total)`` in frames of work; ``total`` may grow.
    cancelled
        Asked at every block.

    Returns
    -------
    SetFacts
        ``summed`` and the residual stand for, where the set is meant to sum to the region: all
        additive stems when all are written; else the chosen ones and the rest when that is written
        (both measured on the files, with the gain undone); else all additive stems, measured before
        they were converted to ``fmt``. Where nothing is meant to sum to the region, ``summed`` is
        empty. ``notes`` are those of this step, without the engine's own.

    Raises
    ------
    TransferError
        ``alignment`` or ``transfer``: what came back can't be used. No file was written then.
    InputError
        ``channels``, ``rate`` or ``decoder_missing``: the format can't hold it. No file was written.
    StoreError
        The files can't be written.
    Cancelled
        The user asked for it.
    """
    if region is not None:
        check_format(fmt, channels=region.channels, rate=region.rate)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    chosen = frozenset(wanted) or frozenset(file.stem for file in separation.files)
    order = _Order(separation, chosen, rest, residual, fmt, _Names(names), folder)
    with workroom(answer) as work:
        one = _Finish(order, answer, work, Clock(progress, cancelled))
        return one.without_region() if region is None else one.run(region)


class _Names:
    """File names for results: what the caller makes of a stem's id, each only once."""

    def __init__(self, names: Callable[[str], str]) -> None:
        self._names = names
        self._used: dict[str, int] = {}

    def __call__(self, stem: str) -> str:
        count = self._used[stem] = self._used.get(stem, 0) + 1
        name = Path(self._names(stem))
        return name.name if count == 1 else f"{name.stem} {count}{name.suffix}"


@dataclass(frozen=True, slots=True)
class _Order:
    separation: Separation
    wanted: frozenset[str]
    rest: bool
    residual: bool
    fmt: Format
    names: _Names
    folder: Path

    def files(self, *kinds: ResultKind) -> list[EngineFile]:
        return [f for f in self.separation.files if f.kind in kinds]

    def chosen(self, *kinds: ResultKind) -> list[EngineFile]:
        return [f for f in self.files(*kinds) if f.stem in self.wanted]


class _Finish:
    """One run of `finish`: what its steps share."""

    def __init__(self, order: _Order, answer: Path, work: Path, clock: Clock) -> None:
        self._order = order
        self._answer = answer
        self._work = work
        self._clock = clock
        self._notes: list[str] = []

    def run(self, region: RegionFile) -> SetFacts:
        order, separation = self._order, self._order.separation
        files = order.files(ResultKind.STEM)
        placed = self._placed(order.chosen(ResultKind.AUDIO, ResultKind.GENERATED), region)
        stems = arrange(
            region,
            self._answer,
            [f for f in files if f.role is Role.ADDITIVE or f.stem in order.wanted],
            gain_exponent=separation.gain_exponent,
            work=self._work,
            clock=self._clock,
        )
        self._notes += describe(stems, region, separation.complement)
        delivery, summed = self._delivery(region, stems, placed)
        gain = delivery.gain()
        streamed = delivery.write(gain)
        null, levels = delivery.read_back(summed, gain)
        ids = [target.facts.stem for target in summed]
        if not summed and separation.complete:
            null, ids = streamed, [f.stem for f in files if f.role is Role.ADDITIVE]
        return self._facts(delivery, gain, levels, ids, null)

    def without_region(self) -> SetFacts:
        """Deliver every file by itself."""
        order = self._order
        files = order.chosen(ResultKind.STEM, ResultKind.AUDIO, ResultKind.GENERATED)
        # There is nothing that a stem could be held against, so it is no more than audio.
        files = [replace(f, kind=ResultKind.AUDIO) if f.kind is ResultKind.STEM else f for f in files]
        placed = self._placed(files, None)
        if order.rest or order.residual:
            what = " and ".join(["the rest"] * order.rest + ["the residual"] * order.residual)
            self._notes.append(f"What was separated isn't here, so {what} can't be made.")
        delivery = Delivery(None, (), placed, order.folder, order.fmt, self._clock)
        gain = delivery.gain()
        delivery.write(gain)
        _, levels = delivery.read_back((), gain)
        return self._facts(delivery, gain, levels, (), None)

    def _facts(
        self,
        delivery: Delivery,
        gain: float,
        levels: Mapping[str, Level],
        summed: Sequence[str],
        null: NullResult | None,
    ) -> SetFacts:
        if gain != 1.0:
            self._notes.append(lowered(gain, self._order.fmt))
        blank = [*(t.facts for t in delivery.targets), *(p.facts for p in delivery.placed)]
        stems = [measured(facts, levels[facts.file]) for facts in blank] + self._texts()
        made = {Role.REST, Role.RESIDUAL}
        return SetFacts(
            stems=tuple(sorted(stems, key=lambda facts: facts.role in made)),
            summed=tuple(summed),
            residual_db=decibels(null.rms) if null else None,
            residual_peak_db=decibels(null.peak) if null else None,
            gain_db=20.0 * math.log10(gain),
            notes=tuple(self._notes),
        )

    def _placed(self, files: Sequence[EngineFile], region: RegionFile | None) -> list[Placed]:
        order, placed = self._order, []
        for file in files:
            made_up = file.kind is ResultKind.GENERATED
            exponent = 0 if made_up else order.separation.gain_exponent
            track = open_audio(self._answer, file, exponent, None if made_up else region)
            check_format(order.fmt, channels=track.channels, rate=track.info.rate)
            if track.note:
                self._notes.append(track.note)
            placed.append(Placed(self._blank(file), track))
        return placed

    def _delivery(
        self, region: RegionFile, stems: Sequence[Arranged], placed: Sequence[Placed]
    ) -> tuple[Delivery, Sequence[Target]]:
        """Say which samples make up each file, and which files sum to the region."""
        order, separation = self._order, self._order.separation
        additive = [i for i, stem in enumerate(stems) if stem.file.role is Role.ADDITIVE]
        chosen = [i for i, stem in enumerate(stems) if stem.file.stem in order.wanted]
        counted = [i for i in chosen if i in additive]
        if order.rest and not (separation.complete and counted == additive):
            files = [stem.file for stem in stems]
            counted = left_out(files, chosen, separation.files)
            self._notes += filter(None, [words(files, chosen, counted)])
        made = next((i for i in additive if stems[i].file.stem == separation.complement), None)
        targets = {i: self._stem(stems[i], i, made=i == made) for i in chosen}
        extra: list[Target] = []
        summed: list[Target] = []
        if separation.complete and counted == additive:
            summed = [targets[i] for i in counted]
        if order.rest:
            extra.append(self._extra(attrgetter("rest"), Role.REST))
            summed = summed or [*(targets[i] for i in counted), extra[0]]
        if order.residual:
            extra.append(self._extra(attrgetter("residual"), Role.RESIDUAL))
        parts = [
            Part(stem.track, stem.start, additive=i in additive, chosen=i in counted, needed=i in chosen)
            for i, stem in enumerate(stems)
        ]
        # Where the files can't tell, the residual is measured on the way.
        watched = order.residual or (separation.complete and not summed)
        mix = Mixdown(region, parts, made, order.rest, watched)
        both = [*targets.values(), *extra]
        return Delivery(mix, both, placed, order.folder, order.fmt, self._clock), summed

    def _stem(self, stem: Arranged, index: int, *, made: bool) -> Target:
        def take(piece: Slice) -> NDArray[np.float32]:
            return piece.parts[index]

        facts = replace(self._blank(stem.file), offset=stem.offset, full_scale_runs=stem.clipped)
        if made:
            note = "Made of what the other stems leave of the region, so that all sum to it exactly."
            facts = replace(facts, offset=Offset(0, verified=True, note=note), full_scale_runs=0)
        return Target(facts, take)

    def _extra(self, take: Callable[[Slice], NDArray[np.float32]], role: Role) -> Target:
        file = EngineFile("", role.value, STEMS[role.value].label, role=role)
        return Target(replace(self._blank(file), offset=Offset(0, verified=True)), take)

    def _blank(self, file: EngineFile) -> StemFacts:
        """Give a result's facts as far as they are known before it is written."""
        name = self._order.names(file.stem)
        if file.kind is ResultKind.TEXT:
            name = str(Path(name).with_suffix(Path(file.name).suffix))
        note = "Placed as it came: it isn't held against the region."
        return StemFacts(
            stem=file.stem,
            label=file.label,
            file=name,
            role=file.role,
            kind=file.kind,
            frames=0,
            rate=0,
            channels=0,
            peak_db=None,
            rms_db=None,
            offset=Offset(0, verified=False, note=note),
        )

    def _texts(self) -> list[StemFacts]:
        order = self._order
        texts = [(file, self._blank(file)) for file in order.chosen(ResultKind.TEXT)]
        for file, facts in texts:
            copy_text(self._answer / file.name, order.folder / facts.file)
        return [facts for _, facts in texts]


def lowered(gain: float, fmt: Format) -> str:
    """Say that a common gain below 1 was needed."""
    return (
        f"Everything was lowered by {-20 * math.log10(gain):.2f} dB, all alike, because it goes above full "
        f"scale, where {fmt.name} ends; --format wav32f would keep the level."
    )


def measured(facts: StemFacts, level: Level) -> StemFacts:
    """Give a result's facts with what its file was found to hold."""
    return replace(
        facts,
        frames=level.frames,
        rate=level.rate,
        channels=level.channels,
        peak_db=decibels(level.peak),
        rms_db=decibels(level.rms),
    )
