"""Action 42230: what REAPER does around a render, with its modal dialogs. The audio comes from `render.py`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.reaper.strict import Refused

if TYPE_CHECKING:
    from tests.fakes.reaper.host import Reaper
    from tests.fakes.reaper.project import Project

EXTENSIONS = {"evaw": "wav", "calf": "flac", "l3pm": "mp3", "vggo": "ogg", "ffia": "aif"}
ONE_FILE = 4 << 16
SELECTED_ITEMS = 32
STEMS = 2


def extension(project: Project) -> str:
    """Give the extension of the render format."""
    try:
        code = base64.b64decode(project.texts["RENDER_FORMAT"] + "==")[:4].decode("ascii")
    except ValueError:
        code = project.texts["RENDER_FORMAT"][:4]
    return EXTENSIONS.get(code, "wav")


def bounds(project: Project) -> tuple[float, float]:
    """Give start and end of what the render settings select (seconds of project time)."""
    flag = int(project.numbers["RENDER_BOUNDSFLAG"])
    if flag == 0:
        return project.numbers["RENDER_STARTPOS"], project.numbers["RENDER_ENDPOS"]
    if flag == 1:
        return 0.0, project.length
    if flag == 2:
        return project.time_selection
    if flag == 4:
        items = project.selected_items
        if not items:
            return 0.0, 0.0
        return min(item.position for item in items), max(item.end for item in items)
    raise Refused(f"rendering: bounds {flag} are not modelled")


def targets(project: Project) -> list[Path]:
    """Give the files that a render would write."""
    folder = project.texts["RENDER_FILE"]
    pattern = project.texts["RENDER_PATTERN"] or "untitled"
    if "$" in pattern:
        raise Refused("rendering: wildcards in RENDER_PATTERN are not modelled")
    name = Path(folder) / pattern if folder else project.folder / pattern
    ending = extension(project)
    settings = int(project.numbers["RENDER_SETTINGS"])
    if settings & (SELECTED_ITEMS | 64) and not settings & ONE_FILE:
        count = len(project.selected_items)
        if count != 1:
            return [name.with_name(f"{name.name}-{number:03d}.{ending}") for number in range(1, count + 1)]
    return [name.with_name(f"{name.name}.{ending}")]


def run(host: Reaper, project: Project) -> None:
    """Render with the most recent settings; returns when the files are written."""
    if project is not host.project:
        raise Refused("42230 renders the current tab, and this project lies in another one: select it first")
    if not project.texts["RENDER_FILE"] and project.path is None:
        raise Refused("rendering an unsaved project without RENDER_FILE asks for a folder: a modal dialog")
    settings = int(project.numbers["RENDER_SETTINGS"])
    start, end = bounds(project)
    if end <= start:
        raise Refused('rendering with empty bounds says "Nothing to render!": a modal dialog')
    if settings & SELECTED_ITEMS and not project.selected_items:
        raise Refused('rendering selected items without any says "Nothing to render!": a modal dialog')
    files = targets(project)
    for path in files:
        if path.exists():
            raise Refused(f"the render target {path.name} exists: REAPER asks whether to overwrite, a modal dialog")
    if project.numbers["RENDER_ADDTOPROJ"]:
        raise Refused("RENDER_ADDTOPROJ would add the file to the user's project")
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    project.play_state = 0
    host.script.exempt = True
    host.renders += 1
    if host.cancel_render:
        return
    host.rendering = project
    try:
        host.render(project)
    finally:
        host.rendering = None
