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
from stembridge_audacity import diagnosis, running
from stembridge_audacity.editor import Origin
from stembridge_audacity.export import frame_at
from stembridge_audacity.pipe_editor import PipeEditor, connected
from stembridge_audacity.trip import HOST, Connect, Trips

_TRACKS = frozenset({"stem", "audio", "generated"})


def patiently(folder: Path) -> AbstractContextManager[PipeEditor]:
    """Connect; a watcher may be putting stems in just now."""
    return connected(folder, what="the panel")


class Placing:
    """Audacity 3, by its scripting pipe: a `stembridge.bridge.placing.Destination`.

    Parameters
    ----------
    home
        The data folder.
    connect
        What gives the editor for a while.
    programs
        Lists the Audacities that run.
    """

    def __init__(
        self, home: Path, connect: Connect = patiently, programs: running.Lister = running.audacities
    ) -> None:
        self._home, self._connect, self._programs = home, connect, programs

    @property
    def title(self) -> str:
        """What people call the program."""
        return "Audacity"

    def ready(self) -> tuple[bool, str]:
        """Say whether stems can be placed now, and where they would go.

        Asked again and again, this never connects: whoever wants to would find the pipe taken.
        """
        error = diagnosis.obstacle(self._programs())
        if error is not None:
            return False, f"{error.message} {error.hint}".strip()
        return True, "In the project in front: where they came from, or else at the edit cursor."

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
