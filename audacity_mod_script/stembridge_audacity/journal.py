"""What has to be put back in Audacity is on disk before it is changed: a kill leaves no trace for long.

An entry is written before a change and struck out when the change is undone. Entries that are found at
the next start were left by a process that was killed; `mend` carries them out. The user's settings are
always put back; what belongs to a project only where that project is still the one in front.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stembridge.bridge.hosting import read_json, write_json
from stembridge.model.errors import StembridgeError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.facts import Track

_OF_PROJECT = ("rate", "time", "tracks", "mute")
_WORDS = {
    "rate": "the project's sample rate ({value} Hz)",
    "mute": "the muting of the original tracks",
}


class Journal:
    """The entries of one data folder: what is changed in Audacity just now.

    Parameters
    ----------
    folder
        A folder of ours, shared by all processes that speak with Audacity (one at a time).
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.json"
        self._entries: dict[str, Any] = {}

    @property
    def entries(self) -> Mapping[str, Any]:
        """What is open on disk: of this process, or of one that was killed."""
        try:
            return read_json(self._path)
        except FileNotFoundError:
            return {}
        except StembridgeError:  # torn by the disk, not by us: it was written whole
            self._path.unlink(missing_ok=True)
            return {}

    def open(self, key: str, value: object) -> None:
        """Write down how it was; on disk when this returns."""
        self._entries[key] = value
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, self._entries)

    def strike(self, key: str) -> None:
        """It is as it was again, or is meant to stay."""
        self._entries.pop(key, None)
        if self._entries and set(self._entries) != {"project"}:
            write_json(self._path, self._entries)
        else:
            self.clear()

    def clear(self) -> None:
        """Strike everything out."""
        self._entries.clear()
        self._path.unlink(missing_ok=True)

    def project(self, tracks: Sequence[Track]) -> None:
        """Say which project the entries are about: the one with these tracks."""
        self._entries["project"] = fingerprint(tracks)

    @contextlib.contextmanager
    def preference(self, audacity: Audacity, name: str, value: str, default: str) -> Iterator[None]:
        """Change a setting of the user's inside the block.

        Parameters
        ----------
        default
            What Audacity takes an unset one for: it can't be unset again.
        """
        before = audacity.preference(name)
        if before == value:
            yield
            return
        self.open("preference", {"name": name, "value": default if before is None else before})
        try:
            audacity.set_preference(name, value)
            yield
        finally:
            audacity.set_preference(name, default if before is None else before)
            self.strike("preference")

    @contextlib.contextmanager
    def rate(self, audacity: Audacity, now: int, wanted: int) -> Iterator[None]:
        """Have the project at another rate inside the block."""
        if wanted == now:
            yield
            return
        self.open("rate", now)
        try:
            audacity.set_project_rate(wanted)
            yield
        finally:
            audacity.set_project_rate(now)
            self.strike("rate")

    @contextlib.contextmanager
    def selection(self, audacity: Audacity, tracks: Sequence[Track]) -> Iterator[None]:
        """Select something else inside the block, and have the user's selection back exactly after it.

        Audacity remembers the time, not we: it knows all digits, also those of an empty selection. Its
        one place for that (Select > Region > Save) is the user's, too, who rarely has something there.
        """
        selected = [track.index for track in tracks if track.selected]
        audacity.save_selection()
        self.open("tracks", selected)
        self.open("time", "saved")
        try:
            yield
        finally:
            bring_back_time(audacity)
            self.strike("time")
            audacity.select_only(selected)
            self.strike("tracks")


def bring_back_time(audacity: Audacity) -> None:
    """Bring back the time selection that Audacity was told to remember."""
    audacity.select_time(0.0, 0.0)  # a remembered selection from 0 to 0 isn't brought back: be there already
    audacity.restore_selection()


def fingerprint(tracks: Sequence[Track]) -> list[list[Any]]:
    """Give what a project's tracks are recognised by."""
    return [[track.name, track.kind, track.channels, track.start, track.end] for track in tracks]


def mend(audacity: Audacity, journal: Journal) -> list[str]:
    """Put back what a killed process of ours left changed.

    Returns
    -------
    list of str
        Sentences about what was done, and about what can't be done from here.
    """
    entries = dict(journal.entries)
    if not entries:
        return []
    told = []
    preference = entries.get("preference")
    if preference:
        audacity.set_preference(str(preference["name"]), str(preference["value"]))
        told.append("A setting that an interrupted step had changed is as it was.")
    left = [key for key in _OF_PROJECT if key in entries]
    if left:
        tracks = audacity.tracks()
        before = list(entries.get("project", []))
        if fingerprint(tracks)[: len(before)] == before:
            new = {track.name for track in tracks[len(before) :]}
            _put_back(audacity, entries, new)
            told.append("An interrupted step was put right in this project.")
        else:
            words = [_WORDS[key].format(value=entries[key]) for key in left if key in _WORDS]
            if words:
                told.append(
                    f"An interrupted step may have left changes in another project: look at "
                    f"{' and '.join(words)} there."
                )
    journal.clear()
    return told


def _put_back(audacity: Audacity, entries: Mapping[str, Any], new: set[str]) -> None:
    """Put back what belongs to the project in front; `new` names the tracks that came since.

    Where the awaited stems are among them, the import happened after all, and the muting with it stays.
    """
    if "rate" in entries:
        audacity.set_project_rate(int(entries["rate"]))
    if "mute" in entries and not new.issuperset(entries["mute"]["awaited"]):
        for row in entries["mute"]["tracks"]:
            audacity.select_tracks(int(row["index"]))
            audacity.set_track(mute=bool(row["mute"]), solo=bool(row["solo"]))
    if "time" in entries:
        bring_back_time(audacity)
    if "tracks" in entries:
        audacity.select_only([int(index) for index in entries["tracks"]])
