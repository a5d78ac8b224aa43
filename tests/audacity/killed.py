"""A process of ours that is killed right after it has sent a certain command: ``python -m ... PLAN``.

PLAN is JSON: home, folder, step ("regions" or "place"), line (how the fatal command begins), job.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from stembridge_audacity import pipe
from stembridge_audacity.editor import Origin
from stembridge_audacity.pipe_editor import connected
from stembridge_audacity.trip import Trips


def main() -> None:
    """Do the step until the end comes."""
    plan = json.loads(sys.argv[1])
    write = pipe.Pipe._write

    def fatal(self: pipe.Pipe, channel: object, data: bytes, deadline: float, line: str) -> None:
        write(self, channel, data, deadline, line)  # type: ignore[arg-type]
        if line.startswith(plan["line"]):
            os.kill(os.getpid(), signal.SIGKILL)

    pipe.Pipe._write = fatal  # type: ignore[method-assign]
    folder = Path(plan["folder"])
    trips = Trips(Path(plan["home"]))
    if plan["step"] == "regions":
        with connected(trips.folder) as editor:
            editor.regions(folder, each=False)
        return
    job = trips.host.store.find(plan["job"])
    assert isinstance(trips.origin(job), Origin)
    trips.bring_home(job)


if __name__ == "__main__":
    main()
