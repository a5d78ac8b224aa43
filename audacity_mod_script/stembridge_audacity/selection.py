"""What is selected in Audacity, to the sample: which tracks, which time, at which rate.

Audacity's own answers have six digits, which is a millisecond at ten minutes. Nyquist knows the selection
with six decimals, some 0.04 of a sample; it runs inside Audacity, once for each selected track, and
answers by a file. It would ask the user to select something where nothing is selected, so that is found
out before, without touching what the user has selected.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stembridge.model.errors import HostError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.editor import Source
from stembridge_audacity.facts import Label, Track
from stembridge_audacity.journal import Journal, bring_back_time
from stembridge_audacity.quoting import lisp_text
from stembridge_audacity.traps import Trap

_ASK = (
    '(let ((fp (open (strcat {folder} (format nil "~a" (get (quote *track*) (quote index)))) '
    ':direction :output)))(setf *float-format* "%.17g")'
    '(format fp "~a~%~a~%~a~%~a~%~a~%~a~%~a" (get (quote *selection*) (quote start)) '
    "(get (quote *selection*) (quote end)) (get (quote *project*) (quote rate)) "
    "(get (quote *track*) (quote rate)) (get (quote *project*) (quote projects)) "
    "(get (quote *track*) (quote name)) "
    '(get (quote *project*) (quote name)))(close fp) "")'
)


_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Seen:
    """What Nyquist saw of one selected track; `projects` is how many projects are open."""

    start: float
    end: float
    project_rate: int
    rate: int
    projects: int
    track: str
    project: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected, and heard.

    Attributes
    ----------
    start, end
        Project seconds, exact to a microsecond; never negative.
    tracks
        The selected audio tracks from top to bottom, every one of them audible.
    centred
        The places of those that are mono and in the middle: a mix of them alone is mono.
    all_tracks
        Every track of the project, for whoever has to find it again.
    """

    project: str
    project_rate: int
    start: float
    end: float
    tracks: tuple[Source, ...]
    centred: frozenset[int]
    all_tracks: tuple[Track, ...]


def read(audacity: Audacity, folder: Path, journal: Journal) -> Selection:
    """Read the selection; nothing in Audacity is different afterwards.

    Parameters
    ----------
    folder
        A folder of ours for Nyquist's answers.

    Raises
    ------
    HostError
        With a sentence for each selection that can't be separated.
    """
    every = audacity.tracks()
    chosen = [track for track in every if track.selected and track.kind == "wave"]
    check_audible(chosen, every)
    journal.project(every)
    with journal.selection(audacity, every):
        # A hundredth of a second up to the end of the selection, and one from its start on: never empty.
        audacity.select_at_edge("SelectionEnd", _STEP)
        last = ask(audacity, folder, chosen)[0]
        bring_back_time(audacity)
        audacity.select_at_edge("SelectionStart", _STEP)
        seen = ask(audacity, folder, chosen)
    start = seen[0].start
    # What Nyquist calls the end is the start and a whole number of samples: up to one sample too far.
    end = last.start + _STEP if last.start > 0 else last.end
    if end <= start:
        raise Trap.NO_RANGE.error()
    if end <= 0:
        raise HostError(
            "The selection lies before the start of the timeline.", hint="Select a part after zero."
        )
    sources = sources_of(chosen, seen)
    if not any(source.start < end and source.end > start for source in sources):
        raise HostError(
            "There is no audio in the selection.", hint="Select a part of the track that holds audio."
        )
    begins = max(0.0, start)
    facts = seen[0]
    return Selection(facts.project, facts.project_rate, begins, end, sources, centred(chosen), tuple(every))


def cursor(audacity: Audacity, folder: Path, journal: Journal) -> float:
    """Give the project seconds of the edit cursor, or of the selection's start; never negative.

    In a project without audio nothing can look at it exactly, and nothing has to fit: it is taken for 0.
    """
    every = audacity.tracks()
    waves = [track for track in every if track.kind == "wave"][:1]
    if not waves:
        return 0.0
    journal.project(every)
    with journal.selection(audacity, every):
        audacity.select_only([waves[0].index])
        audacity.select_at_edge("SelectionStart", _STEP)
        return max(0.0, ask(audacity, folder, waves)[0].start)


def labelled(selection: Selection, labels: Sequence[Label]) -> list[tuple[Selection, str]]:
    """Cut a selection into the labels in it that have a length, each with its text.

    Audacity tells a label's times with six digits, so its ends may lie a little beside the selection's.

    Raises
    ------
    HostError
        When there is none.
    """
    found = [
        (replace(selection, start=max(label.start, selection.start), end=min(label.end, selection.end)), text)
        for label in labels
        if label.start < label.end
        and label.start > selection.start - _STEP
        and label.end < selection.end + _STEP
        for text in [label.text.strip() or f"{label.start:g} s"]
    ]
    if not found:
        raise HostError(
            "There is no label with a length in the selection.",
            hint="Select over the labels, too; Ctrl+B makes a label of the selection.",
        )
    return found


def sources_of(tracks: Sequence[Track], seen: Sequence[Seen]) -> tuple[Source, ...]:
    """Join what Audacity and Nyquist tell of the same tracks."""
    return tuple(
        Source(
            track.index,
            track.name,
            saw.rate,
            track.channels or 1,
            track.start or 0.0,
            track.end or 0.0,
            solo=bool(track.solo),
        )
        for track, saw in zip(tracks, seen, strict=True)
    )


def ask(audacity: Audacity, folder: Path, tracks: Sequence[Track]) -> list[Seen]:
    """Have Nyquist look at the selected tracks; the time selection must not be empty.

    Parameters
    ----------
    tracks
        The selected audio tracks, one or more.
    """
    answers = folder / f"ask-{secrets.token_hex(4)}"
    answers.mkdir()
    try:
        lisp = _ASK.format(folder=lisp_text(answers.as_posix() + "/"))
        audacity.nyquist(lisp, folder)
        found = [_parse(path) for path in sorted(answers.iterdir(), key=lambda path: int(path.name))]
    except ValueError as error:
        raise Trap.GARBLED.error(reply=str(error)) from error
    finally:
        shutil.rmtree(answers, ignore_errors=True)
    if len(found) != len(tracks):
        raise Trap.GARBLED.error(reply=f"Nyquist saw {len(found)} of {len(tracks)} tracks")
    return found


def _parse(path: Path) -> Seen:
    lines = path.read_bytes().decode("utf-8", "replace").split("\n", 6)
    if len(lines) != 7:
        raise ValueError(f"{len(lines)} lines")
    start, end, project_rate, rate, projects = (float(line.replace(",", ".")) for line in lines[:5])
    return Seen(start, end, round(project_rate), round(rate), int(projects), lines[5], lines[6])


def centred(tracks: Sequence[Track]) -> frozenset[int]:
    """Give the places of the tracks whose mix needs no second channel."""
    return frozenset(track.index for track in tracks if track.channels == 1 and not track.pan)


def check_audible(chosen: Sequence[Track], every: Sequence[Track]) -> None:
    """Refuse tracks that aren't heard; they would be missing in the export without a word.

    Raises
    ------
    HostError
        With a sentence.
    """
    if not chosen:
        raise Trap.NO_TRACK.error()
    solo = any(track.solo for track in every)
    for track in chosen:
        if solo and not track.solo:
            raise HostError(
                f"Another track is soloed, so '{track.name}' can't be heard.",
                hint="End the solo first, or take this track out of the selection.",
            )
        if track.mute and not solo:
            raise HostError(
                f"The track '{track.name}' is muted.",
                hint="Unmute it, or take it out of the selection.",
            )
