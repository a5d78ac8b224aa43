"""From the selection to files: what the user hears, bit for bit, at the tracks' own rate.

Audacity exports the mix of the selected tracks with their gain, pan, envelopes, gaps and effects, and at
the project's rate; so the project has the tracks' rate meanwhile, and the samples pass untouched. Its
first sample is floor(time * rate + 1/2), which is decided here and never again: from now on the region is
a number of frames, whatever the user selects.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from pathlib import Path

from stembridge.model.errors import HostError, UsageError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.editor import Origin, Region, Source
from stembridge_audacity.effects import remark
from stembridge_audacity.journal import Journal
from stembridge_audacity.selection import Selection

WAV_FORMAT = "/FileFormats/ExportFormat_SF1_Type/WAV_10000"
"""Audacity's setting for the samples of a WAV file."""
_FLOAT = "6"
_UNSET = "2"
"""16 bit: what Audacity does when the setting isn't set."""


def frame_at(seconds: float, rate: int) -> int:
    """Give the frame where Audacity starts an export from this project time."""
    return math.floor(seconds * rate + 0.5)


def export(
    audacity: Audacity, selection: Selection, folder: Path, journal: Journal, *, each: bool
) -> list[Region]:
    """Export the selection; nothing in Audacity is different afterwards.

    Parameters
    ----------
    folder
        Where the files go; removing them is the caller's.
    each
        True for every track on its own, a region each; tracks without audio there are left out.

    Raises
    ------
    UsageError
        Tracks of different rates can't be mixed.
    HostError
        With a sentence, when Audacity doesn't give what was asked for.
    """
    groups = _groups(selection, each=each)
    journal.project(selection.all_tracks)
    with (
        journal.preference(audacity, WAV_FORMAT, _FLOAT, _UNSET),
        journal.selection(audacity, selection.all_tracks),
    ):
        return [
            _one(audacity, selection, tracks, folder, journal, apart=len(groups) > 1) for tracks in groups
        ]


def _groups(selection: Selection, *, each: bool) -> list[tuple[Source, ...]]:
    if each:
        return [
            (track,)
            for track in selection.tracks
            if track.start < selection.end and track.end > selection.start
        ]
    rates = sorted({track.rate for track in selection.tracks})
    if len(rates) > 1:
        raise UsageError(
            f"The selected tracks have different sample rates ({', '.join(f'{rate} Hz' for rate in rates)}), "
            "so their mix can't be put back on the same samples.",
            hint="Separate each on its own (--each), or give them one rate (Tracks > Resample).",
        )
    return [selection.tracks]


def _one(
    audacity: Audacity,
    selection: Selection,
    tracks: Sequence[Source],
    folder: Path,
    journal: Journal,
    *,
    apart: bool,
) -> Region:
    rate = tracks[0].rate
    first, last = frame_at(selection.start, rate), frame_at(selection.end, rate)
    if last <= first:
        raise HostError(
            "The selection is shorter than one sample.",
            hint="Drag over the part that you want, then try again.",
        )
    path = folder / f"region-{secrets.token_hex(6)}.wav"
    audacity.select_only([track.index for track in tracks])
    channels = 1 if selection.centred.issuperset(track.index for track in tracks) else 2
    with journal.rate(audacity, selection.project_rate, rate):
        audacity.select_time(first / rate, last / rate)
        audacity.export(path, channels=channels)
    frames = verified(path, rate, channels, last - first)
    origin = Origin(
        selection.project, selection.project_rate, first, frames, rate, tuple(tracks), apart=apart
    )
    notes = []
    chosen = [selection.all_tracks[track.index] for track in tracks]
    if effect := remark(audacity, path, first, chosen, folder):
        notes.append(effect)
    if frames < last - first:
        notes.append("The selection goes beyond the end of the audio; the stems end with the audio.")
    return Region(path, origin, tuple(notes))


def verified(path: Path, rate: int, channels: int | None, most: int) -> int:
    """Look into what Audacity wrote, which says OK to much; give its number of frames.

    Parameters
    ----------
    channels
        None where either number will do.
    most
        Frames that were asked for.

    Raises
    ------
    HostError
        When it isn't that.
    """
    import soundfile

    try:
        facts = soundfile.info(str(path))
    except (OSError, RuntimeError) as error:
        raise _unfit(f"its file can't be read ({error})") from error
    found = (facts.samplerate, facts.channels, facts.subtype)
    if found != (rate, channels or facts.channels, "FLOAT"):
        raise _unfit(f"it wrote {facts.subtype} with {facts.channels} channels at {facts.samplerate} Hz")
    if facts.frames == 0:
        raise HostError(
            "There is nothing to hear in the selection.",
            hint="Select a part of the track that holds audio, on tracks that aren't muted.",
        )
    if facts.frames > most:
        raise _unfit(f"it wrote {facts.frames} frames instead of {most}")
    return int(facts.frames)


def _unfit(why: str) -> HostError:
    return HostError(
        f"Audacity didn't export the selection as it was asked to: {why}.",
        hint="Try again; if it stays, send us the output of `stembridge audacity doctor`.",
        context={"why": why},
    )
