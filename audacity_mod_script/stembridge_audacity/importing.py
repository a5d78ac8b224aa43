"""From a job's result to tracks: on the samples they came from, in one undo step where Audacity lets us.

Before anything is changed, the project in front is held against the one that the region came from. The
originals are muted before the import without an undo state of its own, so undoing the import unmutes
them, too. "Replace" cuts the region out after the stems are there (a second undo step): a kill between
the two leaves too much in the project, never too little.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stembridge.model.errors import HostError, StembridgeError
from stembridge_audacity import manifest
from stembridge_audacity.calls import Audacity
from stembridge_audacity.editor import Origin, Placed, Source
from stembridge_audacity.facts import Clip, Track
from stembridge_audacity.journal import Journal
from stembridge_audacity.loads import Load, load_of
from stembridge_audacity.selection import ask

SYNC_LOCK = "/GUI/SyncLockTracks"


class Moved(HostError):  # noqa: N818 - the stems aren't wrong, they wait
    """Another project is in front than the one that the stems belong to, or it isn't as it was."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The stems wait: {why}.",
            hint="Open the project as it was and choose Tools > Stembridge > Import Finished Stems. "
            "`stembridge audacity import JOB --here` puts them into the project in front, as it is.",
            retryable=True,
        )


def find(tracks: Sequence[Track], sources: Sequence[Source]) -> list[int]:
    """Find the tracks that a region came from, wherever they stand now.

    Returns
    -------
    list of int
        Their places, in the order of `sources`.

    Raises
    ------
    Moved
        When one isn't there, or isn't as it was.
    """
    found: list[int] = []
    for source in sources:
        same = [
            track.index
            for track in tracks
            if track.kind == "wave"
            and (track.name, track.channels) == (source.name, source.channels)
            and told_as(track.start or 0.0, source.start)
            and told_as(track.end or 0.0, source.end)
            and track.index not in found
        ]
        if not same:
            raise Moved(f"the track '{source.name}' is gone or changed since, or another project is in front")
        found.append(source.index if source.index in same else same[0])
    return found


def place(
    audacity: Audacity,
    folder: Path,
    origin: Origin,
    result: Mapping[str, Any],
    journal: Journal,
    *,
    here: bool = False,
    singly: bool = False,
) -> Placed:
    """Put a job's stems into the project in front.

    Parameters
    ----------
    folder
        A folder of ours for what is needed on the way.
    here
        True for this project whatever it is; then the originals are left alone.
    singly
        True for the long way (an import for each stem), as for an Audacity that can't do the short one.

    Raises
    ------
    Moved
        Nothing was changed.
    HostError
        With a sentence; what was done until then is undone.
    """
    tracks = audacity.tracks()
    one = _Import(audacity, folder, origin, load_of(origin, result), journal, tuple(tracks))
    sources = [] if here else find(tracks, origin.tracks)
    journal.project(tracks)
    with journal.selection(audacity, tracks):
        rate = _project_rate(one, sources)
        original = origin.original if one.load.audio and sources else "leave"
        silenced = _Silenced(one, [tracks[index] for index in sources])
        try:
            if original == "mute":
                silenced.mute()
            steps = one.bring(rate, singly=singly)
        except BaseException:
            silenced.undo(len(tracks))
            raise
        silenced.keep()
        notes = []
        if original == "mute":
            notes += _muted_beyond(origin)
        if original == "replace":
            notes += _cut(one, sources)
            steps += 1
    if steps > 1:
        notes.append(f"To be rid of it all, undo {steps} times.")
    return Placed(tuple(one.load.names), steps, tuple(notes))


def holds(audacity: Audacity, origin: Origin, result: Mapping[str, Any]) -> bool:
    """Say whether the tracks of a result are in the project in front, at their place."""
    load = load_of(origin, result)
    tracks = audacity.tracks()
    names = [track.name for track in tracks]
    lying = {
        track.name
        for track in tracks
        if track.kind == "wave" and track.start is not None and told_as(track.start, origin.start)
    }
    return all(name in names for name in load.names) and all(track.name in lying for track in load.audio)


def _project_rate(one: _Import, sources: Sequence[int]) -> int | None:
    """Hold the project in front against the origin's; give its rate, None where nothing can tell it.

    A project that is the only one may have got another name since: an unsaved one is called like its
    first file until it is saved.
    """
    audacity, folder, origin, tracks = one.audacity, one.folder, one.origin, one.tracks
    chosen = list(sources) or [track.index for track in tracks if track.kind == "wave"][:1]
    if not chosen:
        return None
    audacity.select_only(chosen)
    audacity.select_time(origin.start, origin.end)
    seen = ask(audacity, folder, [tracks[index] for index in sorted(chosen)])
    if not sources:
        return seen[0].project_rate
    if seen[0].project != origin.project and seen[0].projects != 1:
        raise Moved(f"they belong to the project '{origin.project}', and '{seen[0].project}' is in front")
    rates = dict(zip(sorted(chosen), (saw.rate for saw in seen), strict=True))
    for index, source in zip(sources, origin.tracks, strict=True):
        if rates[index] != source.rate:
            raise Moved(f"the track '{source.name}' has another sample rate since")
    return seen[0].project_rate


class _Silenced:
    """The originals, muted until it is clear that the stems are there."""

    def __init__(self, one: _Import, tracks: Sequence[Track]) -> None:
        self._audacity = one.audacity
        self._journal = one.journal
        self._awaited = one.load.names
        self._tracks = tracks
        self._muted = False

    def mute(self) -> None:
        """Mute them; a soloed one would sound all the same, so its solo ends with it."""
        rows = [{"index": track.index, "mute": track.mute, "solo": track.solo} for track in self._tracks]
        self._journal.open("mute", {"tracks": rows, "awaited": self._awaited})
        self._muted = True
        self._audacity.select_only([track.index for track in self._tracks])
        soloed = any(track.solo for track in self._tracks)
        self._audacity.set_track(mute=True, solo=False if soloed else None)

    def keep(self) -> None:
        """The stems are there."""
        if self._muted:
            self._journal.strike("mute")

    def undo(self, count: int) -> None:
        """The stems aren't there: let the originals sound again.

        Parameters
        ----------
        count
            How many tracks there were; with more, the import has happened after all.
        """
        if not self._muted:
            return
        if len(self._audacity.tracks()) == count:
            for track in self._tracks:
                self._audacity.select_only([track.index])
                self._audacity.set_track(mute=bool(track.mute), solo=bool(track.solo))
        self._journal.strike("mute")


@dataclass(frozen=True)
class _Import:
    """One result on its way into the project in front, whose tracks were `tracks`."""

    audacity: Audacity
    folder: Path
    origin: Origin
    load: Load
    journal: Journal
    tracks: tuple[Track, ...]

    def bring(self, rate: int | None, *, singly: bool) -> int:
        """Import everything and verify it; gives the number of undo steps.

        Parameters
        ----------
        rate
            The project's, if it is known.
        """
        if not singly:
            steps = self._by_manifest(rate)
            why = self._wrong()
            if why is None:
                return steps
            for _ in range(steps if len(self.audacity.tracks()) > len(self.tracks) else 0):
                self.audacity.undo(self.audacity.undo_label())
        if self.audacity.preference(SYNC_LOCK) == "1":
            raise HostError(
                "This Audacity needs Sync-Lock to be off for putting the stems in place.",
                hint="Switch off Tracks > Sync-Lock Tracks, then import once more.",
            )
        steps = self._one_by_one()
        why = self._wrong()
        if why is not None:
            raise HostError(
                f"Audacity didn't put the stems where they belong: {why}.",
                hint=f"Undo ({steps} times) removes them; their files stay in the job's folder.",
            )
        return steps

    def _by_manifest(self, rate: int | None) -> int:
        """Import each rate's tracks at once; all stems of a job have one rate, so it is one undo step."""
        rates: list[int | None] = [*sorted({track.rate for track in self.load.audio})] or [rate]
        for number, stem_rate in enumerate(rates):
            spot = self.folder / f"import-{number}"
            spot.mkdir(exist_ok=True)
            audio = [track for track in self.load.audio if track.rate == stem_rate]
            labels = self.load.labels if stem_rate == rates[-1] else ()
            path = manifest.write(spot, audio, self.origin.start, labels)
            if rate is None or stem_rate is None:
                self.audacity.import_file(path)
                continue
            # From 3.7 on a clip's place is scaled by the two rates where they differ.
            with self.journal.rate(self.audacity, rate, stem_rate):
                self.audacity.import_file(path)
        return len(rates)

    def _one_by_one(self) -> int:
        """Import each stem for itself, then move all of them at once."""
        count, audio = len(self.tracks), self.load.audio
        for number, track in enumerate(audio, count):
            self.audacity.import_file(track.file)
            self.audacity.select_only([number])
            self.audacity.set_track(
                name=track.name,
                colour=track.colour,
                solo=track.solo or None,
                mute=track.mute or None,
                gain_db=max(-36.0, track.gain_db) if track.gain_db else None,  # Audacity's own range
            )
        steps = len(audio)
        if audio:
            self.audacity.select_only(list(range(count, count + len(audio))))
            self.audacity.select_time(self.origin.start, self.origin.end)
            self.audacity.align_starts()
            steps += 1
        for row in self.load.labels:
            self.audacity.new_label_track()
            self.audacity.set_track(name=row.name)
            for begins, ends, text in row.labels:
                self.audacity.add_label(text, begins, ends)
            steps += 1 + len(row.labels)
        return steps

    def _wrong(self) -> str | None:
        """Look whether the new tracks are there, as ordered, and where they belong; else say why not."""
        start = self.origin.start
        new = self.audacity.tracks()[len(self.tracks) :]
        if sorted(track.name for track in new) != sorted(self.load.names):
            return f"{len(self.load.names)} tracks were to come, and {len(new)} came"
        clips = self.audacity.clips()
        for wanted in self.load.audio:
            track = next(track for track in new if track.name == wanted.name and track.kind == "wave")
            if track.channels != wanted.channels:
                return f"'{wanted.name}' has {track.channels} channels"
            own = [clip for clip in clips if clip.track == track.index]
            end = start + wanted.frames / wanted.rate
            if len(own) != 1 or not (told_as(own[0].start, start) and told_as(own[0].end, end)):
                where = ", ".join(f"{clip.start} to {clip.end} s" for clip in own) or "nowhere"
                return f"'{wanted.name}' lies at {where} instead of {start:.6g} to {end:.6g} s"
        return None


def told_as(told: float, exact: float) -> bool:
    """Say whether Audacity, which writes six digits, may mean this time."""
    digit = 10.0 ** (math.floor(math.log10(abs(exact))) - 5) if exact else 0.0
    return abs(told - exact) <= 0.6 * digit + 1e-6


def _muted_beyond(origin: Origin) -> list[str]:
    """Say that muting takes the whole track, where the region is only a part of it."""
    parts = [
        f"'{source.name}'"
        for source in origin.tracks
        if source.start < origin.start - 0.01 or source.end > origin.end + 0.01
    ]
    if not parts:
        return []
    verb = "is muted as a whole" if len(parts) == 1 else "are muted as a whole"
    words = f"{', '.join(parts)} {verb}, also outside the selection"
    return [f"{words}; 'replace' would cut out only the selected part."]


def _cut(one: _Import, sources: Sequence[int]) -> list[str]:
    """Cut the region out of the originals, and nothing else: where anything else moves, it is undone."""
    audacity, origin = one.audacity, one.origin
    before, tracks = audacity.clips(), audacity.tracks()
    audacity.select_only(list(sources))
    audacity.select_time(origin.start, origin.end)
    audacity.split_delete()
    after = audacity.clips()
    within = [
        clip
        for clip in after
        if clip.track in sources and clip.start < origin.end - 0.02 and clip.end > origin.start + 0.02
    ]
    same = _others(before, sources) == _others(after, sources)
    if same and not within and _ends(tracks, sources) == _ends(audacity.tracks(), sources):
        return ["The stems are one undo step, and the cut in the original is another."]
    try:
        audacity.undo(audacity.undo_label())
    except StembridgeError:
        return ["The region could not be cut out as it should; look at the original tracks."]
    return ["The region could not be cut out (is Sync-Lock on?); the original is as it was."]


def _ends(tracks: Sequence[Track], sources: Sequence[int]) -> list[tuple[float | None, float | None]]:
    return [(track.start, track.end) for track in tracks if track.index not in sources]


def _others(clips: Sequence[Clip], sources: Sequence[int]) -> list[Clip]:
    return [clip for clip in clips if clip.track not in sources]
