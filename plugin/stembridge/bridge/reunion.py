"""Reunion: the finished parts of a long region become one engine's answer for the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stembridge.bridge import finished
from stembridge.bridge.finished import Finished
from stembridge.jobs import disk
from stembridge.jobs.store import Job
from stembridge.jobs.work import Work
from stembridge.model.errors import TransferError
from stembridge.model.results import EngineFile, Separation
from stembridge.model.stems import RESERVED, ResultKind, Role

if TYPE_CHECKING:
    from stembridge.audio.joining import JointFacts
    from stembridge.audio.joints import Cutting
    from stembridge.audio.render import RegionFile


def join(one: Work, region: RegionFile, cutting: Cutting, jobs: Sequence[Job]) -> None:
    """Join the stems of the parts into the job's answer folder, and write separation.json.

    Parameters
    ----------
    region
        What was cut.
    jobs
        The finished parts, in order.

    Raises
    ------
    TransferError
        When the parts have different stems, or a stem was changed since it was written.
    StoreError
        When a file can't be written.
    Cancelled
        When the user wished it.
    """
    from stembridge.audio import joining

    started = one.clock.monotonic()
    found = [finished.load(job) for job in jobs]
    rows = found[0].stems()
    for number, other in enumerate(found[1:], 2):
        if set(other.stems()) != set(rows):
            raise TransferError(
                f"Part {number} came back with other stems ({', '.join(other.stems())}) than part 1 "
                f"({', '.join(rows)}), so they can't be joined.",
                hint="Separate it again with another model; the parts themselves are kept as they are.",
            )
    disk.remove(one.job.answer_folder)
    disk.make_folder(one.job.answer_folder)
    facts = joining.join(
        region,
        cutting,
        {stem: [part.take(stem).path for part in found] for stem in rows},
        one.job.answer_folder,
        summed=_summed(found),
        progress=one.frames("join"),
        cancelled=one.cancelled,
    )
    lossy = any(_lossy(job) for job in jobs)
    answer = Separation(
        tuple(
            EngineFile(f"{stem}.wav", stem, str(row["label"]), role=Role(row["role"]), lossy=lossy)
            for stem, row in rows.items()
        ),
        complete=all(part.report["complete"] for part in found),
        notes=(_sentence(region, facts), *_left_out(found), *_notes(found)),
        details={
            "parts": [
                {"job": job.id, "first_frame": part.first, "frames": part.frames}
                for job, part in zip(jobs, cutting.parts, strict=True)
            ],
            "joints": [_row(fact, region) for fact in facts],
        },
    )
    one.seconds["join"] = one.clock.monotonic() - started
    disk.write_json(one.job.separation_json, answer.to_dict())
    for job in jobs:
        disk.remove(job.input_file)  # its region.wav has the same samples


def _summed(found: Sequence[Finished]) -> frozenset[str]:
    """Give the stems that sum to the region in every part; none where the parts differ in that."""
    sums = {frozenset(part.result["summed"]) - RESERVED for part in found}
    return sums.pop() if len(sums) == 1 else frozenset()


def _lossy(job: Job) -> bool:
    """Say whether a part went through a lossy codec on its way: its sums are no exacter than that."""
    try:
        return any(row["lossy"] for row in disk.read_json(job.separation_json)["files"])
    except FileNotFoundError:  # answered from an earlier job, which may be gone
        return False


def _row(fact: JointFacts, region: RegionFile) -> dict[str, Any]:
    middle = fact.fade.first + fact.fade.frames // 2
    return {
        "frame": middle,
        "seconds": round(middle / region.rate, 3),
        "fade_first": fact.fade.first,
        "fade_frames": fact.fade.frames,
        "level_db": _rounded(fact.level_db),
        "residual_db": _rounded(fact.residual_db),
        "apart_db": {stem: _rounded(db) for stem, db in fact.apart_db.items()},
    }


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(level, 2)


def _sentence(region: RegionFile, facts: Sequence[JointFacts]) -> str:
    """Say where the parts were joined, and how well."""
    from stembridge.audio.joining import worst
    from stembridge.report.document import clock

    places = [clock((fact.fade.first + fact.fade.frames / 2) / region.rate, 1) for fact in facts]
    text = f"It was separated in {len(facts) + 1} overlapping parts, which were joined at {_listed(places)}"
    levels = [fact.level_db for fact in facts if fact.level_db is not None]
    text += f", where the region is at {max(levels):.0f} dBFS at most" if levels else ", where it is silent"
    apart = worst(facts)
    if apart > float("-inf"):
        text += f" and no stem of one part differs from the next part's by more than {apart:.0f} dBFS"
    left = [fact.residual_db for fact in facts if fact.residual_db is not None]
    if left:
        text += f"; across the joints the stems add up to the region within {max(left):.0f} dBFS"
    return f"{text}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _left_out(found: Sequence[Finished]) -> list[str]:
    """Say what came beside the stems: it doesn't lie on the region's samples, and can't be joined."""
    labels = dict.fromkeys(
        str(row["label"])
        for part in found
        for row in part.result["stems"]
        if row["kind"] != ResultKind.STEM.value
    )
    if not labels:
        return []
    where = ", ".join(part.job.id for part in found)
    return [f"{_listed(list(labels))} can't be joined without a seam: see the parts' own jobs ({where})."]


def _notes(found: Sequence[Finished]) -> list[str]:
    """Give what the parts' reports say: once what all say, else with the part's number."""
    said = [[str(note) for note in part.report["notes"]] for part in found]
    common = [note for note in said[0] if all(note in notes for notes in said)]
    own = [
        f"Part {number}: {note}"
        for number, notes in enumerate(said, 1)
        for note in notes
        if note not in common
    ]
    return common + own
