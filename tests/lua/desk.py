"""Calls the audio-out side of the library as an action does, and shows what it wrote."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import soundfile

from tests.fakes.reaper import Reaper

BUDGET = 200_000


def install(host: Reaper, script: str = "pass", **changes: Any) -> Path:
    """Write core.json for a core that runs a few lines of Python instead of separating."""
    runner = host.folder / "core.py"
    runner.write_text(script, encoding="utf-8")
    home = os.environ["STEMBRIDGE_HOME"]
    core = {"argv": [sys.executable, str(runner)], "home": home, "version": "0", "protocol": 1} | changes
    path = host.resource / "Data" / "Stembridge" / "core.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(core), encoding="utf-8")
    return path


def describe(host: Reaper, **choices: Any) -> dict[str, Any]:
    """What would be sent."""
    host.budget = BUDGET
    host.require("out")
    found: list[dict[str, Any]] = []
    in_a_tick = host.lua.eval(
        "function(proj, choices, done) "
        "reaper.defer(function() done(require('out').describe(proj, choices)) end) end"
    )
    host.lua.call(in_a_tick, host.project, choices, lambda given: found.append(host.lua.python(given)))
    host.tick()
    return {"jobs": found[0]["jobs"] or [], "refusal": found[0].get("refusal")}


def describing(host: Reaper, **choices: Any) -> tuple[dict[str, Any], int]:
    """What would be sent, in slices; and how many ticks that took."""
    host.budget = BUDGET
    host.require("out")
    found: list[dict[str, Any]] = []
    begin_ = host.lua.eval(
        "function(proj, choices, done) local step = require('out').describing(proj, choices) "
        "local function tick() local got = step() if got then done(got) else reaper.defer(tick) end end "
        "reaper.defer(tick) end"
    )
    host.lua.call(begin_, host.project, choices, lambda given: found.append(host.lua.python(given)))
    ticks = 0
    while not found:
        host.tick()
        ticks += 1
    return {"jobs": found[0]["jobs"] or [], "refusal": found[0].get("refusal")}, ticks


def only(host: Reaper, **choices: Any) -> dict[str, Any]:
    """The one job that would be made; it isn't refused."""
    said = describe(host, **choices)
    assert said["refusal"] is None
    (job,) = said["jobs"]
    return dict(job)


class Sent:
    """What came of sending."""

    def __init__(self, folders: list[str] | None, sentence: str | None) -> None:
        self.folders = [Path(folder) for folder in folders or []]
        self.sentence = sentence

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The orders, in order."""
        return [json.loads((folder / "request.json").read_text(encoding="utf-8")) for folder in self.folders]

    def audio(self, index: int = 0, name: str = "input.wav") -> Any:
        """The samples of a file that was written for a job, shape (frames, channels)."""
        return soundfile.read(self.folders[index] / name, always_2d=True, dtype="float64")[0]


def begin(host: Reaper, **choices: Any) -> list[Sent]:
    """Begin to send, in a tick; the list is empty until it is done."""
    host.budget = BUDGET
    ended: list[Sent] = []

    def done(folders: Any, sentence: Any = None) -> None:
        ended.append(Sent(host.lua.python(folders), sentence))

    start = host.lua.eval(
        "function(proj, choices, done) reaper.defer(function() "
        "handle = require('out').start(proj, choices, function(f, s) done(f, s) end) end) end"
    )
    host.require("out")
    host.lua.call(start, host.project, choices, done)
    host.tick()
    return ended


def send(host: Reaper, **choices: Any) -> Sent:
    """Send the selection and wait until all orders are written."""
    ended = begin(host, **choices)
    if not ended:
        host.run_until(lambda: ended, seconds=30, pause=0)
    (sent,) = ended
    return sent


def jobs_folder() -> Path:
    """Where the jobs lie."""
    return Path(os.environ["STEMBRIDGE_HOME"]) / "jobs"


def leftovers() -> list[str]:
    """What lies in the job folders."""
    return sorted(str(path.relative_to(jobs_folder())) for path in jobs_folder().glob("*/*"))
