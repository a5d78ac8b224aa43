"""The panel's way into REAPER: chosen stems of any finished job wait among REAPER's own finished jobs.

They are handed over as a job of REAPER's that is finished already: the action "Import finished jobs"
places it like any other, in one undo step. What was sent from REAPER goes where it came from; what began
elsewhere goes to the edit cursor of the project in front. Levels are the takes' volumes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stembridge.bridge import placing
from stembridge.bridge.hosting import Job
from stembridge.bridge.placing import Chosen
from stembridge.model.errors import HostError, StembridgeError
from stembridge.model.names import safe
from stembridge_reaper import installing, offline, places

HOST = "reaper"
_IMPORT = 'the action "Stembridge: Import finished jobs"'


class Placing:
    """REAPER, by its inbox of finished jobs.

    Parameters
    ----------
    home
        The data folder.
    resource
        REAPER's resource folder; the usual one when left out.
    """

    def __init__(self, home: Path, resource: Path | None = None) -> None:
        self._home, self._resource = home, resource

    @property
    def title(self) -> str:
        """What people call the program."""
        return "REAPER"

    def ready(self) -> tuple[bool, str]:
        """Say whether REAPER's scripts look into this data folder, and what is left to do there."""
        try:
            resource = places.resource_folder(self._resource)
            for row in installing.check(resource, self._home):
                if not row.ready:
                    return False, f"{row.text} {row.remedy}".strip()
            known = Path(json.loads((resource / installing.CORE).read_text(encoding="utf-8"))["home"])
        except HostError as missing:
            return False, f"{missing.message} {missing.hint}".strip()
        except (StembridgeError, OSError, ValueError, KeyError, TypeError):
            return False, "What is installed in REAPER can't be read. Run `stembridge setup reaper`."
        if known != self._home:
            return False, f"REAPER's jobs lie in '{known}', and this panel is for '{self._home}'."
        if not places.running():
            return True, f"REAPER isn't running. The stems will wait for {_IMPORT}."
        return True, f"The stems will wait for {_IMPORT} in REAPER."

    def place(self, job: Job, stems: Sequence[Chosen]) -> str:
        """Hand stems over; raises `HostError` where REAPER would never find them."""
        ready, text = self.ready()
        if not ready:
            raise HostError(text, hint="Save the stems as files, and drag them into REAPER.")
        context, where = _context(job)
        placing.hand_over(self._home, HOST, job, stems, context)
        count = "1 stem waits" if len(stems) == 1 else f"{len(stems)} stems wait"
        return f"{count} for REAPER: run {_IMPORT} there, and they lie {where}."


def _context(job: Job) -> tuple[dict[str, Any], str]:
    """Give where the stems belong (see tests/golden/host_context.md), and in words."""
    request = job.request_document()
    own = request.get("host_context")
    if request.get("host") == HOST and isinstance(own, Mapping) and own.get("v") == 1:
        # A set of its own: beside what an import of the job itself puts there, not upon it.
        return {**own, "set": f"{own.get('set', '')}+{job.id}", "original": "leave"}, "where they came from"
    return {
        "v": 1,
        "project": {"id": "", "path": "", "name": "", "any": True},
        "set": f"panel-{job.id}",
        "mode": "heard",
        "where": "tracks",
        "original": "leave",
        "fx": "none",
        "texts": "regions",
        "span": None,
        "stem": None,
        "parts": [],
    }, "at the edit cursor"


def project(name: str, stems: Sequence[Chosen]) -> tuple[str, bytes]:
    """Write a REAPER project that plays stems from its beginning on; their files lie beside it."""
    rows = [({**one.row, "file": one.file.name}, one.gain_db) for one in stems]
    return f"{safe(name)}.rpp", offline.fresh(name, rows).encode("utf-8", errors="surrogateescape")
