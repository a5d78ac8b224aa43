"""A host whose windows are tried: a core that answers by a script, and hands on keys and mouse."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from stembridge.bridge import queries
from stembridge.cli.compose import Tools
from stembridge.jobs.disk import to_json
from tests.fakes.reaper import Item, Reaper
from tests.lua import desk, material

BUDGET = 200_000
ENTER, ESCAPE, TAB, SPACE, BACKSPACE = 13, 27, 9, 32, 8
READY = [
    {"engine": "offline", "name": "repet", "ready": True, "text": "", "remedy": "", "needed": True},
    {"engine": "mvsep", "name": "key", "ready": True, "text": "", "remedy": "", "needed": False},
]
KEYLESS = [READY[0], {**READY[1], "ready": False}]
QUOTE = {
    "engine": "mvsep", "model": "40", "stems": ["vocals", "instrumental"], "frames": 1, "rate": 48000,
    "channels": 2, "seconds": 1.0, "amount": 3, "unit": "credits", "left": 120, "limits": [], "why": "",
}  # fmt: skip

# What stands in for the core where its answers must be of a kind that the real one gives on a service only.
_CORE = """
import json, sys, time
from pathlib import Path
job = Path(sys.argv[-1])
here = Path(__file__).parent
request = json.loads((job / "request.json").read_text(encoding="utf-8"))
answers = json.loads((here / "answers.json").read_text(encoding="utf-8"))
log = job / "events.jsonl"
seq = len(log.read_text().splitlines()) if log.exists() else 0
def tell(**event):
    global seq
    seq += 1
    with log.open("a", encoding="utf-8", newline="\\n") as file:
        file.write(json.dumps({"v": 1, "seq": seq, "ts": time.time(), **event}) + "\\n")
with (here / "asked.jsonl").open("a", encoding="utf-8") as file:
    file.write(json.dumps(request) + "\\n")
tell(type="accepted", pid=1, version="0", request=request)
if request["kind"] == "query":
    rows = answers[request["what"]]
    if isinstance(rows, dict) and "failed" in rows:
        tell(type="failed", **rows["failed"])
        sys.exit(0)
    if request["what"] == "quote" and isinstance(rows, dict):
        asked = request["arguments"]
        rows = [rows] * max(1, len(asked.get("spans", []))) * max(1, len(asked.get("orders", [])))
    (job / "rows.jsonl").write_text("".join(json.dumps(r) + "\\n" for r in rows), encoding="utf-8")
    (job / "result.json").write_text("{}", encoding="utf-8")
    tell(type="finished", reused_from=None)
else:
    turn = sum('"accepted"' in line for line in log.read_text(encoding="utf-8").splitlines()) - 1
    runs = answers.get("by name", {}).get(request["name"], answers["separate"])
    for event in runs[min(turn, len(runs) - 1)]:
        if "sleep" in event:
            end = time.time() + event["sleep"]
            while time.time() < end and not (job / "cancel").exists():
                time.sleep(0.02)
        elif (job / "cancel").exists():
            tell(type="cancelled", message="Cancelled.")
            break
        else:
            tell(**event)
"""


@cache
def catalogue() -> list[dict[str, Any]]:
    """Give the built-in catalogue as the core gives it."""
    folder = Path(sys.prefix) / "no such data folder"
    rows = []
    for engine in Tools(folder).engines(background=True).values():
        rows += [json.loads(to_json(queries.model_row(model))) for model in engine.models()]
    return rows


class Screen:
    """The window of a host, as its user sees it."""

    def __init__(self, host: Reaper) -> None:
        self.host = host
        self._mouse = 0
        host.budget = BUDGET
        self.answers: dict[str, Any] = {
            "catalogue": catalogue(),
            "engines": READY,
            "presets": [],
            "save_preset": [],
            "remove_preset": [],
            "doctor": [],
            "quote": QUOTE,
            "separate": [[]],
        }

    def core(self, **answers: Any) -> None:
        """Install the scripted core; ``answers`` by query, "separate": the events of each run of a job."""
        self.answers |= answers
        desk.install(self.host, _CORE)
        (self.host.folder / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Every request that the core got."""
        log = self.host.folder / "asked.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]

    def orders(self) -> list[dict[str, Any]]:
        """The separations among them."""
        return [request for request in self.asked if request["kind"] == "separate"]

    def more_orders(self, before: int) -> None:
        """Wait for an order that wasn't there."""
        self.wait(lambda: len(self.orders()) > before)

    def item(self, seconds: float = 1.0, name: str = "guitar take 3.wav") -> Item:
        """Lay down a selected item."""
        path = material.write(self.host.folder / name, seconds, 48000)
        track = self.host.project.add_track("Guitar")
        return track.add_item(path, position=1.0).select()

    @property
    def texts(self) -> list[str]:
        """What the window shows now: it is made to draw itself by a twitch of the mouse."""
        self._mouse = 1 - self._mouse
        self.host.gfx.mouse(-5 - self._mouse, -5)
        self.host.tick()
        return self.host.gfx.texts

    @property
    def said(self) -> str:
        """All of it as one text."""
        return " | ".join(self.texts)

    def shows(self, part: str) -> bool:
        """Whether a text is shown, in one line or over several."""
        texts = self.texts
        return part in " | ".join(texts) or part in " ".join(texts)

    def wait(self, condition: Callable[[], object], seconds: float = 30) -> None:
        """Tick until something holds; to look makes the window draw, so it is done every few ticks."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (
                f"not within {seconds} s: {self.texts if self.open else 'no window'}"
            )
            for _ in range(8):
                self.host.tick()
                time.sleep(0.004)

    def press(self, *keys: int | str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            for code in [key] if isinstance(key, int) else [ord(letter) for letter in key]:
                self.host.gfx.key(code)
                self.host.tick(2)

    def click_on(self, label: str) -> None:
        """Click on the last text of that kind: a button, a row, a check box."""
        self.texts  # noqa: B018 - the window draws itself
        spots = [(x, y) for text, x, y in self.host.gfx.canvas.spots if text == label]
        assert spots, f"no {label!r} in {self.host.gfx.texts}"
        x, y = spots[-1]
        self.click(x + 3, y + 3)

    def click(self, x: float, y: float) -> None:
        """Click somewhere."""
        for buttons in (0, 1, 0):
            self.host.gfx.mouse(x, y, buttons)
            self.host.tick(2)

    @property
    def open(self) -> bool:
        """Whether there is a window."""
        return any(window.open for window in self.host.windows)


def named(word: str) -> int:
    """Give the code of a key by the name that gfx.getchar packs."""
    return int.from_bytes(word.encode(), "big")
