"""Audacity's commands, typed: what is written here can't raise a dialog, lose digits or be sent twice.

Times are project time in seconds; Audacity reads all their digits and writes six. Whoever needs a command
that isn't here adds it here, after having looked what raises its dialogs.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from stembridge.model.errors import UsageError
from stembridge_audacity import nyquist
from stembridge_audacity.asking import QUICK, Questions
from stembridge_audacity.owner import Owner
from stembridge_audacity.pipe import Pipe
from stembridge_audacity.quoting import Value, command
from stembridge_audacity.traps import Trap

LONG = 3600.0
"""Seconds for hours of audio."""
RATES = range(1, 1_000_001)
"""Project rates that Audacity takes without a question, in Hz."""
_ASKS_FOR_NAME = "/GUI/DialogForNameNewLabel"
_EXPORTS = frozenset({".wav", ".flac", ".aiff", ".ogg"})
_NO_IMPORT = frozenset({".aup3", ".aup4"})


class Audacity(Questions):
    """The user's Audacity, at the other end of an open pipe.

    Parameters
    ----------
    pipe
        The connection.
    owner
        The right to it, given back by `close`.
    """

    def __init__(self, pipe: Pipe, owner: Owner | None = None) -> None:
        super().__init__(pipe)
        self._owner = owner
        self._stretch = False
        """True while a stretch of time is known to be selected, since we selected it ourselves."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and give the right to it back; again is harmless."""
        try:
            self.pipe.close()
        finally:
            if self._owner is not None:
                self._owner.release()

    # The selection: no undo state

    def select_time(self, start: float, end: float) -> None:
        """Select a stretch of time, 0 <= start <= end.

        Raises
        ------
        UsageError
            Other times: 3.7 would ask the user.
        """
        if not (math.isfinite(start) and math.isfinite(end) and 0 <= start <= end):
            raise UsageError(f"The stretch from {start} to {end} s can't be selected in Audacity.")
        self.do(command("SelectTime", Start=float(start), End=float(end)))
        self._stretch = end > start

    def select_at_edge(self, edge: Literal["SelectionStart", "SelectionEnd"], seconds: float) -> None:
        """Select `seconds` > 0 of the present selection's start on, or up to its end."""
        if not (math.isfinite(seconds) and seconds > 0):
            raise UsageError(f"A stretch of {seconds} s can't be selected in Audacity.")
        self.do(command("SelectTime", Start=0.0, End=float(seconds), RelativeTo=edge))
        self._stretch = True

    def save_selection(self) -> None:
        """Have Audacity remember the time selection; there is one place for it, and it is the user's, too."""
        self.do("SelSave:")

    def restore_selection(self) -> None:
        """Bring back what `save_selection` made Audacity remember; a selection from 0 to 0 is not brought."""
        self.do("SelRestore:")
        self._stretch = False

    def select_tracks(
        self, first: int, count: int = 1, mode: Literal["Set", "Add", "Remove"] = "Set"
    ) -> None:
        """Select `count` tracks from `first` on, as `tracks` counts them.

        Raises
        ------
        UsageError
            A negative number, or no track.
        """
        if first < 0 or count < 1:
            raise UsageError(f"{count} tracks from number {first} on can't be selected in Audacity.")
        self.do(command("SelectTracks", Track=first, TrackCount=count, Mode=mode))

    def select_only(self, indices: list[int]) -> None:
        """Select exactly these tracks; none for an empty list."""
        if not indices:
            self.do("SelectNone:")
            return
        for place, index in enumerate(indices):
            self.select_tracks(index, mode="Add" if place else "Set")

    # What it does to tracks and project

    def set_track(
        self,
        *,
        name: str | None = None,
        mute: bool | None = None,
        solo: bool | None = None,
        gain_db: float | None = None,
        pan: float | None = None,
        colour: int | None = None,
    ) -> None:
        """Set properties of ALL selected tracks: Audacity knows no other way. No undo state of its own.

        Parameters
        ----------
        gain_db
            -36 to 36 dB.
        pan
            -1 (left) to 1 (right).
        colour
            0 to 3.
        """
        _within("gain", gain_db, -36, 36)
        _within("pan", pan, -1, 1)
        _within("colour", colour, 0, 3)
        volume = "Gain" if gain_db is None or self.can("SetTrack", "Gain") else "Volume"
        if gain_db is not None:
            self.abilities.need("SetTrack", volume)
        self.do(
            command(
                "SetTrack",
                Name=name,
                Mute=mute,
                Solo=solo,
                **{volume: None if gain_db is None else float(gain_db)},
                # 3.7 is strict about the range, and Audacity's unit is the percent
                Pan=None if pan is None else float(pan) * 100,
                Color=None if colour is None else f"Color{colour}",
            )
        )

    def set_clip(self, at: float, start: float) -> None:
        """Move the clip at the time `at` of the selected tracks so that it starts at `start`, both >= 0."""
        _within("time", at, 0, math.inf)
        _within("time", start, 0, math.inf)
        self.do(command("SetClip", At=float(at), Start=float(start)))

    def set_project_rate(self, rate: int) -> None:
        """Set the project's rate in Hz; no undo state."""
        if rate not in RATES:
            raise UsageError(f"A project of Audacity can't have a rate of {rate} Hz.")
        self.do(command("SetProject", Rate=float(rate)))

    def align_starts(self) -> None:
        """Move the selected tracks so that they start where the time selection starts: one undo state."""
        self._need_tracks()
        self.do("Align_StartToSelStart:")

    def split_delete(self) -> None:
        """Cut the selected time out of the selected tracks and leave the gap open: one undo state."""
        self._need_tracks()
        self._need_range()
        self.do("SplitDelete:")

    def undo(self, label: str) -> None:
        """Undo one step, if Edit > Undo still reads `label`.

        Parameters
        ----------
        label
            What `undo_label` gave right after the step that shall be undone; then there is one, and it is
            that one.

        Raises
        ------
        HostError
            NOTHING_TO_UNDO: the user went on working.
        """
        shown = self.undo_label()
        if shown != label or shown == "Undo":
            raise Trap.NOTHING_TO_UNDO.error(wanted=label, shown=shown)
        self.do("Undo:")

    # Files

    def export(self, path: Path, *, channels: int, timeout: float = LONG) -> None:
        """Write the mix of the selected, unmuted tracks over the selected time to a file.

        The project's rate, the user's format for that kind of file; a file of no frames when there is
        nothing to write, so look into it.

        Parameters
        ----------
        path
            Absolute, in a folder that exists; a file there is replaced.
        channels
            1 to 32.
        """
        if not path.is_absolute() or path.suffix.lower() not in _EXPORTS:
            raise UsageError(f"Audacity can't export to {path}.", hint="Use a WAV, FLAC, AIFF or OGG file.")
        _within("number of channels", channels, 1, 32)
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK) or path.is_dir():
            raise Trap.NO_FOLDER.error(path=str(path))
        self.do(command("Export2", Filename=str(path), NumChannels=channels), timeout)

    def import_file(self, path: Path, *, timeout: float = LONG) -> None:
        """Import a file (audio, or a manifest of several): one undo state; its tracks become selected.

        Raises
        ------
        HostError
            NO_FILE: it isn't there, can't be read, or is a project that Audacity would want to open.
        """
        if not path.is_absolute() or path.suffix.lower() in _NO_IMPORT:
            raise UsageError(f"Audacity can't import {path}.")
        if not path.is_file() or not os.access(path, os.R_OK):
            raise Trap.NO_FILE.error(path=str(path))
        self.do(command("Import2", Filename=str(path)), timeout)

    # Labels

    def new_label_track(self) -> None:
        """Add an empty label track below all others and select it alone: one undo state."""
        self.do("NewLabelTrack:")

    def add_label(self, text: str, start: float, end: float) -> None:
        """Add a label to the selected or first label track (a new one if there is none).

        Leaves the stretch from `start` to `end` selected.
        """
        before = self.labels()
        self.select_time(start, end)
        asks = self.preference(_ASKS_FOR_NAME)
        try:
            if asks == "1":
                self.set_preference(_ASKS_FOR_NAME, 0)
            self.do("AddLabel:")
        finally:
            if asks == "1":
                self.set_preference(_ASKS_FOR_NAME, 1)
        after = self.labels()
        if len(after) != len(before) + 1:
            raise Trap.FAILED.error(line="AddLabel:", labels=len(after))
        new = next(
            (place for place, label in enumerate(after) if place >= len(before) or label != before[place])
        )
        self.do(command("SetLabel", Label=new, Text=text, Start=float(start), End=float(end)))

    # The user's settings

    def set_preference(self, name: str, value: Value) -> None:
        """Write a setting. It is the user's: whoever changes it puts it back."""
        self.do(command("SetPreference", Name=name, Value=value))

    # Nyquist

    def nyquist(self, body: str, scratch: Path, *, timeout: float = QUICK) -> None:
        """Run Lisp once for each selected track, without an undo state and without a message.

        Select tracks and a stretch of time first, with the methods above: where either is missing Audacity
        would ask the user for it, and before 3.6 it doesn't tell what time the user has selected.

        Parameters
        ----------
        body
            Expressions; they answer by writing a file.
        scratch
            A folder of ours: a body too long for one line goes through a file there.

        Raises
        ------
        HostError
            NO_TRACK or NO_RANGE, as said; FAILED: an error in the Lisp.
        """
        self._need_tracks()
        self._need_range()
        line = nyquist.one_line(body)
        if line is not None:
            self.do(line, timeout)
            return
        path = scratch / "nyquist.lsp"
        path.write_text(body, encoding="utf-8")
        try:
            self.do(nyquist.loading(path), timeout)
        finally:
            path.unlink(missing_ok=True)

    def _need_tracks(self) -> None:
        if not any(track.selected and track.kind == "wave" for track in self.tracks()):
            raise Trap.NO_TRACK.error()

    def _need_range(self) -> None:
        if not self._stretch:
            raise Trap.NO_RANGE.error()


def _within(what: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not (math.isfinite(value) and least <= value <= most):
        raise UsageError(f"Audacity can't be given the {what} {value}.")
