"""Why there is no pipe: what the running programs and Audacity's settings tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from stembridge.bridge.home import data_folder
from stembridge.model.errors import HostError, StembridgeError
from stembridge_audacity import cfgfile, health, setup
from stembridge_audacity.channel import pipes_there
from stembridge_audacity.places import MODULE, Place, System
from stembridge_audacity.running import Program
from stembridge_audacity.traps import Trap

_NEW = "4"
"""What the settings say of a module that nobody has switched on or off yet."""


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
    if not found:
        trap = Trap.NOT_RUNNING
    elif all(program.major == 4 for program in found):
        trap = Trap.AUDACITY_4
    elif len(reachable(found)) > 1:
        trap = Trap.SECOND
    elif not reachable(found):
        # A pipe that nobody serves was left behind by one that has ended; none is what a sandbox shows.
        trap = Trap.SANDBOX if Trap.MODULE_OFF.caused(error) else Trap.NOT_RUNNING
    elif not Trap.MODULE_OFF.caused(error):
        return error
    else:
        trap = (module or module_trap)()
    return trap.error(pids=[program.pid for program in found], pipe=error.context.get("pipe"))


def obstacle(
    found: tuple[Program, ...] | None,
    there: Callable[[], bool] = pipes_there,
    module: Callable[[], Trap] | None = None,
) -> HostError | None:
    """Say what stands against a connection, as far as that is seen without making one; None: nothing.

    Parameters
    ----------
    found
        The Audacities that run; None where that can't be told.
    there
        Says whether there are pipes.
    module
        As for `explained`.
    """
    if found is None or (len(reachable(found)) == 1 and there()):
        return None
    return explained(Trap.MODULE_OFF.error(), found, module)


def reachable(found: Iterable[Program]) -> list[Program]:
    """Keep those that could have made the pipe; two of them share it, and the last one started has it."""
    return [program for program in found if program.major != 4 and not program.apart]


def module_trap(found: Iterable[Place] | None = None, noted: Iterable[Path] | None = None) -> Trap:
    """Say why an Audacity that runs has no pipe, by its settings.

    The module was never switched on; or an update has switched it off; or it is on, and its pipe was lost
    while the plug-ins were looked through.

    Parameters
    ----------
    found, noted
        Where an Audacity has its settings, and the settings folders that were set up; looked for when left
        out.
    """
    try:
        home = data_folder()
        found = health.all_places(home, System.this()) if found is None else found
        noted = setup.noted_places(home) if noted is None else noted
        modules = [_module(place, set_up=place.config in noted) for place in found if place.pipe]
    except StembridgeError:
        return Trap.MODULE_OFF
    return next((trap for trap in (Trap.MODULE_DATE, Trap.FIRST_START) if trap in modules), Trap.MODULE_OFF)


def _module(place: Place, *, set_up: bool) -> Trap:
    settings = cfgfile.load(place.cfg)
    state, path, date = (settings.get(group, MODULE) for group in setup.GROUPS)
    if state == _NEW and set_up:
        # A module of another date is a new one to Audacity, which writes that down as soon as it starts.
        return Trap.MODULE_DATE
    if state != setup.ENABLED or not path or not Path(path).is_file():
        return Trap.MODULE_OFF
    return Trap.FIRST_START if date == setup.module_date(Path(path)) else Trap.MODULE_DATE
