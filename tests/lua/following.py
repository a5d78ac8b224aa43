"""Jobs under way: folders as host and worker write them, and a core that only notes that it was called."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.fakes.reaper import Project
from tests.fakes.reaper.host import SCRIPTS
from tests.lua.placing import Desk

CORE = """
import sys, pathlib
folder = pathlib.Path(sys.argv[-1])
with (folder / "launches").open("a") as file:
    file.write(" ".join(sys.argv[1:-1]) + "\\n")
"""
RUNNER = """
package.path = [[{lib}]] .. "/?.lua;" .. package.path
local follow = require("follow")
assert(follow.open())
local function loop()
  follow.tick()
  if not done then
    reaper.defer(loop)
  end
end
reaper.atexit(follow.release)
reaper.defer(loop)
"""


SEEN = (
    "id", "name", "engine", "model", "max_credits", "state", "over", "phase", "done", "total", "unit",
    "waiting", "message", "hint", "question", "warnings", "stalled", "placed", "refused", "held", "notes",
    "count", "bring", "cancelling",
)  # fmt: skip


class Watch:
    """A desk whose jobs are followed in the test's own Lua state."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.host = desk.host
        self.jobs = desk.home / "data" / "jobs"
        self.jobs.mkdir(parents=True, exist_ok=True)
        self.core = desk.home / "core.py"
        self.core.write_text(CORE, encoding="utf-8")
        self.install([sys.executable, str(self.core)])
        self.follow = self.host.require("follow")
        self.events: dict[Path, int] = {}

    def install(self, argv: list[str]) -> None:
        """Write core.json as the set-up does."""
        folder = self.host.resource / "Data" / "Stembridge"
        folder.mkdir(parents=True, exist_ok=True)
        document = {"argv": argv, "home": str(self.desk.home / "data"), "version": "0", "protocol": 1}
        (folder / "core.json").write_text(json.dumps(document), encoding="utf-8")

    def open(self) -> None:
        """Begin to follow."""
        assert self.call("open") is True

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the follower."""
        return self.host.lua.call(self.follow[name], *arguments)

    def tick(self, count: int = 1, seconds: float = 0.31) -> None:
        """Let time pass, tick by tick."""
        for _ in range(count):
            self.host.advance(seconds)
            self.call("tick")

    def job(self, folder: Path) -> dict[str, Any]:
        """Give what the follower knows of a job, for the user's eyes."""
        code = (
            "function(id, names) local job = require('follow').get(id) local seen = {} "
            "for _, name in ipairs(names) do seen[name] = job[name] end return seen end"
        )
        found = self.host.lua.call(self.host.lua.eval(code), folder.name, list(SEEN))
        return dict(self.host.lua.python(found))

    def ids(self) -> list[str]:
        """Give the ids of all jobs, in order."""
        code = (
            "function() local ids = {} "
            "for i, job in ipairs(require('follow').list()) do ids[i] = job.id end return ids end"
        )
        return list(self.host.lua.python(self.host.lua.call(self.host.lua.eval(code))) or [])

    def event(self, folder: Path, kind: str, *, ts: float | None = None, **fields: Any) -> None:
        """Append an event as the worker does."""
        self.events[folder] = self.events.get(folder, 0) + 1
        document = {"v": 1, "seq": self.events[folder], "ts": time.time() if ts is None else ts, "type": kind}
        with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(document | fields) + "\n")

    def launches(self, folder: Path, expected: int) -> list[str]:
        """Give the core's calls on a job, once there are as many as expected."""
        path = folder / "launches"
        end = time.monotonic() + 20
        found: list[str] = []
        while len(found) < expected and time.monotonic() < end:
            found = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            time.sleep(0.01)
        return found

    def order(self, **more: Any) -> Path:
        """Leave an ordered job: the request is there, no worker has begun."""
        track = self.desk.project.add_track("Guitar")
        item = track.add_item(self.desk.source(), position=1)
        folder = self.desk.job(self.desk.context([item], **more.pop("context", {})))
        (folder / "result.json").rename(folder / "kept.json")
        request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
        (folder / "request.json").write_text(json.dumps(request | more), encoding="utf-8")
        return folder

    def finish(self, folder: Path) -> None:
        """Let the worker end well."""
        (folder / "kept.json").rename(folder / "result.json")
        self.event(folder, "finished", reused_from=None)

    def add(self, folder: Path, project: Project | None = None) -> None:
        """Follow a job that was started just now."""
        self.call("add", str(folder), project or self.desk.project)

    def script(self) -> Path:
        """Give an action file that follows in a Lua state of its own."""
        path = self.desk.home / f"runner-{os.urandom(3).hex()}.lua"
        path.write_text(RUNNER.format(lib=str(SCRIPTS / "lib").replace("\\", "/")), encoding="utf-8")
        return path
