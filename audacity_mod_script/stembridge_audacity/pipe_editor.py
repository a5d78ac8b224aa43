"""Audacity 3 as an editor: what `editor.Editor` asks for, by way of the scripting pipe.

The pipe is held only while something is done in Audacity, so that a watcher, a command at the terminal
and other programs can share it. Who comes while another Stembridge has it waits for a little.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stembridge.model.errors import HostError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.editor import Origin, Placed, Region
from stembridge_audacity.export import export
from stembridge_audacity.importing import Moved, find, holds, place
from stembridge_audacity.journal import Journal, mend
from stembridge_audacity.opening import open_audacity
from stembridge_audacity.selection import (
    Selection,
    ask,
    centred,
    check_audible,
    cursor,
    labelled,
    read,
    sources_of,
)
from stembridge_audacity.traps import Trap

PATIENCE = 30.0
"""Seconds to wait for another Stembridge that speaks with Audacity."""


class PipeEditor:
    """The Audacity at the other end of an open pipe.

    Parameters
    ----------
    audacity
        The connection.
    folder
        The bridge's folder in the data folder.
    """

    def __init__(self, audacity: Audacity, folder: Path) -> None:
        self.audacity = audacity
        self._journal = Journal(folder)
        self._scratch = folder / "scratch"
        self._scratch.mkdir(parents=True, exist_ok=True)
        self.mended = mend(audacity, self._journal)
        """Sentences about what an interrupted step had left."""

    def regions(self, folder: Path, *, each: bool, labels: bool = False) -> Sequence[Region]:
        """Export what is selected; with `labels`, each labelled part of it.

        Raises
        ------
        HostError
            With a sentence for each selection that can't be separated.
        """
        selection = read(self.audacity, self._scratch, self._journal)
        if not labels:
            return export(self.audacity, selection, folder, self._journal, each=each)
        return [
            replace(region, origin=replace(region.origin, mark=text))
            for part, text in labelled(selection, self.audacity.labels())
            for region in export(self.audacity, part, folder, self._journal, each=each)
        ]

    def stretch(
        self, folder: Path, project: str, start: float, end: float, tracks: Sequence[tuple[int, str]]
    ) -> Region:
        """Export the mix of tracks that were named before, whatever is selected now."""
        selection = self._named(project, start, end, tracks)
        return export(self.audacity, selection, folder, self._journal, each=False)[0]

    def _named(self, project: str, start: float, end: float, named: Sequence[tuple[int, str]]) -> Selection:
        every = self.audacity.tracks()
        chosen = [every[index] for index, _ in sorted(named) if index < len(every)]
        if [(track.index, track.name) for track in chosen if track.kind == "wave"] != sorted(named):
            raise _gone()
        check_audible(chosen, every)
        self._journal.project(every)
        with self._journal.selection(self.audacity, every):
            self.audacity.select_only([track.index for track in chosen])
            self.audacity.select_time(max(0.0, start), end)
            seen = ask(self.audacity, self._scratch, chosen)
        if seen[0].project != project:
            raise _gone()
        return Selection(
            project,
            seen[0].project_rate,
            max(0.0, start),
            end,
            sources_of(chosen, seen),
            centred(chosen),
            tuple(every),
        )

    def place(
        self,
        folder: Path,
        origin: Origin,
        result: Mapping[str, Any],
        *,
        here: bool = False,
        singly: bool = False,
    ) -> Placed:
        """Put a job's stems at the place they came from; `here` and `singly` as in `importing.place`."""
        return place(self.audacity, folder, origin, result, self._journal, here=here, singly=singly)

    def cursor(self) -> float:
        """Give the project seconds of the edit cursor."""
        return cursor(self.audacity, self._scratch, self._journal)

    def is_home_of(self, origin: Origin) -> bool:
        """Say whether the tracks that a region came from are in the project in front, as they were."""
        try:
            find(self.audacity.tracks(), origin.tracks)
        except Moved:
            return False
        return bool(origin.tracks)

    def holds(self, origin: Origin, result: Mapping[str, Any]) -> bool:
        """Say whether a job's stems are in the project in front already."""
        return holds(self.audacity, origin, result)


def _gone() -> HostError:
    return HostError(
        "The tracks that were to be separated have changed since they were chosen.",
        hint="Choose Tools > Stembridge > Separate Stems... once more.",
    )


@contextlib.contextmanager
def connected(
    folder: Path, *, what: str = "stembridge audacity", timeout: float = 10.0, patience: float = PATIENCE
) -> Iterator[PipeEditor]:
    """Connect to the user's Audacity for the time of the block.

    Parameters
    ----------
    folder
        The bridge's folder in the data folder.
    what
        Who connects, for the message that another Stembridge shows meanwhile.
    timeout, patience
        Seconds for Audacity, and for another Stembridge that is connected.

    Raises
    ------
    HostError
        With the sentence of what is in the way.
    """
    audacity = _open(what, timeout, time.monotonic() + patience)
    try:
        yield PipeEditor(audacity, folder)
    finally:
        audacity.close()


def _open(what: str, timeout: float, deadline: float) -> Audacity:
    while True:
        try:
            return open_audacity(timeout, what=what)
        except HostError as error:
            if not Trap.OWNED.caused(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


@contextlib.contextmanager
def spool(folder: Path) -> Iterator[Path]:
    """Give a new folder for files on their way, and remove it with all that is left in it."""
    path = folder / "spool" / secrets.token_hex(4)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
