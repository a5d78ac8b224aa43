"""Why there is no pipe: what the running programs and Audacity's settings tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from stembridge.bridge.home import data_folder
from stembridge.model.errors import HostError, StembridgeError
from stembridge_audacity import cfgfile, health, setup
from stembridge_audacity.places import MODULE, Place, System
from stembridge_audacity.running import Program
from stembridge_audacity.traps import Trap

_SANDBOXES = ("/app", "/snap")
"""Where the program file of a Flatpak or Snap is, as its own processes see it."""


def explained(
    error: HostError, found: tuple[Program, ...] | None, module: Callable[[], Trap] | None = None
) -> HostError:
    """Look closer at a pipe that can't be opened.

    Parameters
    ----------
    error
        What the pipe alone could tell.
    found
        The Audacities that run; None where that can't be told.
    module
        What the settings say about the scripting module; read when it is needed.
    """
    if found is None or Trap.PIPE_BUSY.caused(error):
        return error
    threes = [program for program in found if program.major != 4]
    if not found:
        trap = Trap.NOT_RUNNING
    elif not threes:
        trap = Trap.AUDACITY_4
    elif len(threes) > 1:
        trap = Trap.SECOND
    elif not Trap.MODULE_OFF.caused(error):
        return error
    elif _sandboxed(threes[0]):
        trap = Trap.SANDBOX
    else:
        trap = (module or module_trap)()
    return trap.error(pids=[program.pid for program in found], pipe=error.context.get("pipe"))


def module_trap(found: Iterable[Place] | None = None) -> Trap:
    """Say why an Audacity that runs has made no pipe: never switched on, or switched off by an update."""
    try:
        if found is None:
            found = health.all_places(data_folder(), System.this())
        dates = [_date_differs(place) for place in found if place.pipe]
    except StembridgeError:
        return Trap.MODULE_OFF
    return Trap.MODULE_DATE if any(dates) else Trap.MODULE_OFF


def _date_differs(place: Place) -> bool:
    settings = cfgfile.load(place.cfg)
    path, date = (settings.get(group, MODULE) for group in ("ModulePath", "ModuleDateTime"))
    if settings.get("Module", MODULE) != setup.ENABLED or not path or not Path(path).is_file():
        return False
    return date != setup.module_date(Path(path))


def _sandboxed(program: Program) -> bool:
    return any(PurePosixPath(program.path).is_relative_to(root) for root in _SANDBOXES)
