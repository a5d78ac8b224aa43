"""The panel's way into Audacity: chosen stems of any finished job, at their levels, in the open project.

Stems of a region that came from this very project go back to where it was; all others to the edit cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from stembridge.bridge import placing
from stembridge.bridge.hosting import Job
from stembridge.bridge.placing import Chosen
from stembridge.model.errors import HostError, StembridgeError, UsageError
from stembridge_audacity.editor import Origin
from stembridge_audacity.export import frame_at
from stembridge_audacity.pipe_editor import PipeEditor, connected
from stembridge_audacity.trip import HOST, Connect, Trips

_TRACKS = frozenset({"stem", "audio", "generated"})


def soon(folder: Path) -> AbstractContextManager[PipeEditor]:
    """Connect, or say within a second that it can't be done."""
    return connected(folder, what="the panel", timeout=0.4, patience=0.4)


def patiently(folder: Path) -> AbstractContextManager[PipeEditor]:
    """Connect; a watcher may be putting stems in just now."""
    return connected(folder, what="the panel")


class Placing:
    """Audacity 3, by its scripting pipe: a `stembridge.bridge.placing.Destination`.

    Parameters
    ----------
    home
        The data folder.
    look, connect
        What gives the editor for a while: at once or never, and patiently.
    """

    def __init__(self, home: Path, look: Connect = soon, connect: Connect = patiently) -> None:
        self._home, self._look, self._connect = home, look, connect

    @property
    def title(self) -> str:
        """What people call the program."""
        return "Audacity"

    def ready(self) -> tuple[bool, str]:
        """Say whether stems can be placed now, and where they would go."""
        try:
            with self._look(Trips(self._home).folder) as editor:
                count = len(editor.audacity.tracks())
        except StembridgeError as error:
            return False, f"{error.message} {error.hint}".strip()
        except OSError as error:
            return False, f"Stembridge's folder can't be used ({error})."
        what = "An empty project" if not count else f"A project of {count} track{'' if count == 1 else 's'}"
        return True, f"{what} is open: stems go to where they came from, or to the edit cursor."

    def place(self, job: Job, stems: Sequence[Chosen]) -> str:
        """Put stems of a finished job into the project in front.

        Raises
        ------
        HostError
            When Audacity can't be reached, or doesn't do what it should; nothing is placed then.
        UsageError
            When none of them is sound.
        """
        sound = [one for one in stems if one.row.get("kind") in _TRACKS]
        if not sound:
            raise UsageError("There is no audio among what you chose.", hint="Choose a stem.")
        trips = Trips(self._home, self._connect)
        at_home, origin = self._where(trips, job, sound)
        made = placing.hand_over(self._home, HOST, job, sound, origin.to_dict())
        try:
            with trips.claimed(made) as free:
                if not free:
                    raise HostError("Another Stembridge is busy with these stems.", retryable=True)
                placed = trips.bring_home(made, here=not at_home)
        except StembridgeError:
            if not trips.placed(made):
                trips.host.store.remove(made)
            raise
        where = "where they came from" if at_home else f"at {origin.start:.3f} s"
        many = "One Ctrl+Z takes" if placed.undo_steps == 1 else f"{placed.undo_steps} times Ctrl+Z takes"
        told = f"In Audacity, {where}: {', '.join(placed.tracks)}. {many} them away."
        return " ".join([told, *placed.notes])

    def _where(self, trips: Trips, job: Job, stems: Sequence[Chosen]) -> tuple[bool, Origin]:
        """Give the place for the stems, and whether it is the one that they came from."""
        row = stems[0].row
        rate, frames = int(row["rate"]), int(row["frames"])
        with trips.connect(trips.folder) as editor:
            origin = _origin(trips, job)
            if origin is not None and editor.is_home_of(origin):
                again = trips.placed(job)
                return True, replace(origin, original="leave" if again else origin.original, part_of="")
            first = frame_at(editor.cursor(), rate)
        return False, Origin("", rate, first, frames, rate, (), original="leave")


def _origin(trips: Trips, job: Job) -> Origin | None:
    try:
        if job.request_document().get("host") != HOST:
            return None
        return trips.origin(job)
    except StembridgeError:
        return None
