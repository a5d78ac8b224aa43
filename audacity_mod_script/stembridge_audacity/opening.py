"""From nothing to an Audacity that answers, or to the sentence that says what is in the way."""

from __future__ import annotations

import time

from stembridge.model.errors import HostError
from stembridge_audacity import diagnosis, running
from stembridge_audacity.calls import Audacity
from stembridge_audacity.channel import AbsentError, Opener, OrphanedError, open_channel
from stembridge_audacity.owner import Owner
from stembridge_audacity.pipe import Pipe
from stembridge_audacity.quoting import command
from stembridge_audacity.traps import Trap

_ORPHANED_FOR = 3.0
"""Seconds after which a pipe that nobody serves won't be served any more."""
_PAUSE = 0.1


def open_audacity(
    timeout: float = 10.0,
    *,
    what: str = "stembridge audacity",
    opener: Opener = open_channel,
    owner: Owner | None = None,
    programs: running.Lister = running.audacities,
) -> Audacity:
    """Connect to the user's Audacity and wait until it has a project that answers.

    Parameters
    ----------
    timeout
        Seconds for all of it. When no Audacity runs at all, the answer comes at once.
    what
        Who connects, for the message that another Stembridge would show meanwhile.
    opener, owner, programs
        The pipe, the right to it, and the list of running Audacities; the system's own when left out.

    Raises
    ------
    HostError
        With the sentence of the trap that is in the way; `Trap.caused` tells which.
    """
    deadline = time.monotonic() + timeout
    owner = owner or Owner(what)
    owner.acquire()
    pipe = Pipe(opener)
    try:
        while True:
            _connect(pipe, deadline, programs)
            _refuse_two(programs())
            try:
                _wait_for_project(pipe, deadline)
            except HostError as error:
                # A pipe caught at the moment of being made anew closes at once; only questions were asked.
                lost = Trap.LOST.caused(error) or Trap.LOST_UNSENT.caused(error)
                if not lost or time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE)
            else:
                return Audacity(pipe, owner)
    except BaseException:
        pipe.close()
        owner.release()
        raise


def _connect(pipe: Pipe, deadline: float, programs: running.Lister) -> None:
    began = time.monotonic()

    def give_up(kind: type[Exception]) -> bool:
        if kind is OrphanedError and time.monotonic() - began > _ORPHANED_FOR:
            return True
        found = programs() if kind in {AbsentError, OrphanedError} else None
        return found is not None and not diagnosis.reachable(found)

    try:
        pipe.connect(max(0.0, deadline - time.monotonic()), give_up)
    except HostError as error:
        raise diagnosis.explained(error, programs()) from error


def _refuse_two(found: tuple[running.Program, ...] | None) -> None:
    """Of two Audacities the pipe leads to the one started last, and the user may be working in the other."""
    two = diagnosis.reachable(found or ())
    if len(two) > 1:
        raise Trap.SECOND.error(pids=[program.pid for program in two])


def _wait_for_project(pipe: Pipe, deadline: float) -> None:
    while True:
        left = max(_PAUSE, deadline - time.monotonic())
        reply = pipe.send(command("GetInfo", Type="Tracks"), left)
        if reply.ok:
            return
        if time.monotonic() >= deadline:
            raise (Trap.NO_PROJECT if reply.no_project else Trap.GARBLED).error(reply=reply.raw[:200])
        time.sleep(_PAUSE)
