"""A strict stand-in for REAPER, for tests of the Lua scripts.

`Reaper(folder, lua="lua54")` holds tabs (`host.project`, `host.projects`), runs scripts (`run_script`,
`tick`, `run_until`) and Lua of a test (`host.lua.execute`, `host.require("span")`), and shows what they did:
`dialogs`, `console`, `ext_state`, `undo_points`, `litter`, `files_read`, `files_written`, `instructions`,
`gfx`. What REAPER would refuse, or a user would suffer from, raises `HostViolation` when the tick ends, even
when the script caught the error.
"""

from tests.fakes.reaper.host import Reaper
from tests.fakes.reaper.items import Item, StretchMarker, Take, TakeMarker
from tests.fakes.reaper.project import Marker, Project
from tests.fakes.reaper.sources import Facts, Source
from tests.fakes.reaper.strict import HostViolation, ScriptError
from tests.fakes.reaper.things import Fx
from tests.fakes.reaper.tracks import Track

__all__ = [
    "Facts", "Fx", "HostViolation", "Item", "Marker", "Project", "Reaper", "ScriptError", "Source",
    "StretchMarker", "Take", "TakeMarker", "Track",
]  # fmt: skip
