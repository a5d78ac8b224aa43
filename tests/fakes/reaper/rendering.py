"""Action 42230: what REAPER asks and refuses before a render. Targets and audio belong to `render.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.reaper.render import RenderDialogError
from tests.fakes.reaper.strict import Refused

if TYPE_CHECKING:
    from tests.fakes.reaper.host import Reaper
    from tests.fakes.reaper.project import Project

RECORDING = 4


def run(host: Reaper, project: Project) -> None:
    """Render with the most recent settings; returns when the files are written and the transport stopped.

    Raises
    ------
    Refused
        Where REAPER would open a modal dialog, for another tab than the current one, while recording, and for
        settings the stand-in doesn't model.
    """
    if project is not host.project:
        raise Refused("42230 renders the current tab, and this project lies in another one: select it first")
    if project.play_state & RECORDING:
        raise Refused("42230 while recording would stop the recording")
    if not project.texts["RENDER_FILE"] and project.path is None:
        raise Refused("rendering an unsaved project without RENDER_FILE asks for a folder: a modal dialog")
    host.script.exempt = True
    host.renders += 1
    project.play_state = 0
    host.rendering = project
    try:
        host.render(project)
    except RenderDialogError as error:
        raise Refused(f"a modal dialog of REAPER's: {error}") from error
    finally:
        host.rendering = None
