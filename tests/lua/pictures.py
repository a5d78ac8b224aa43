"""Draw the windows for the README: run `python -m tests.lua.pictures`.

The host draws what the scripts draw; the core is real where a job is done, and scripted where a service
would have to be at work.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from stembridge.bridge import queries
from stembridge.model.chains import CHAINS
from stembridge.model.presets import OwnPreset
from tests.fakes.reaper import Reaper
from tests.fakes.reaper.host import THEMES
from tests.lua import stage
from tests.lua.ui_desk import ENTER, ESCAPE, Screen, named

FOLDER = Path(__file__).parents[2] / "reaper_scripts" / "pictures"
AGAIN = "Stembridge_Separate selection with last settings.lua"
ORDER = {"engine": "mvsep", "where": "tracks", "original": "mute_item", "mode": "auto"}
_OWN = queries.own_row(
    OwnPreset("stage-mix", "Stage mix", "mvsep", "49", "MelBand Karaoke", stems=("lead",), rest=True)
)
_STAY = {"sleep": 60}
_PROCESSING = {"type": "state", "state": "processing"}


def _progress(phase: str, done: int, total: int, unit: str) -> dict[str, Any]:
    return {"type": "progress", "phase": phase, "done": done, "total": total, "unit": unit}


_QUESTION = {
    "type": "needs_decision",
    "id": "cost-7-credits",
    "code": "needs_decision",
    "message": "This separation costs 7 credits. You have 113.",
    "hint": "Agree to it, or raise the limit in the settings.",
    "choices": [["agree", "Spend 7 credits"], ["decline", "Don't separate"]],
}
_RUNS: dict[str, list[dict[str, Any]]] = {
    "Chorus, live": [_PROCESSING, _progress("process", 2, 5, "parts"), _STAY],
    "Lead vocal take 4": [_PROCESSING, _progress("upload", 12_300_000, 40_100_000, "bytes"), _STAY],
    "Verse, room mics": [_PROCESSING, _progress("queue", 3, 17, "place"), _STAY],
    "Interview 2": [_QUESTION],
    "Old demo, side B": [
        {
            "type": "failed",
            "code": "unavailable",
            "message": "MVSEP can't be reached.",
            "hint": "Look at the network, then resume: nothing was lost.",
        }
    ],
}


def _start(screen: Screen, name: str, model: str = "40", **order: Any) -> None:
    """Separate an item of a name, as the last settings do."""
    host = screen.host
    for item in host.project.items:
        item.select(False)
    screen.item(2, f"{name}.wav")
    chosen = {**ORDER, "model": model, **order}
    host.ext_state["Stembridge", "last"] = json.dumps({"order": chosen})
    before = len(screen.orders())
    host.run_script(AGAIN)
    screen.wait(lambda: len(screen.orders()) > before or order)


def _screen(folder: Path, theme: str, scale: float) -> Screen:
    host = Reaper(folder, lua="lua54", os="Other")
    host.theme = dict(THEMES[theme])
    host.screen_scale = scale
    screen = Screen(host)
    host.budget = None
    runs = {name: [run] for name, run in _RUNS.items()}
    screen.core(
        presets=[_OWN, *(queries.chain_row(chain, own=False) for chain in CHAINS.values())],
        **{"by name": runs},
    )
    return screen


def _save(screen: Screen, path: Path) -> Path:
    """Write what the window shows, in few colours."""
    screen.host.gfx.mouse(-1, -1)
    screen.host.tick(3)
    path.parent.mkdir(parents=True, exist_ok=True)
    screen.host.gfx.png(path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(96, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path


def dialog(folder: Path, path: Path, *, theme: str = "dark", scale: float = 1.0) -> list[str]:
    """Draw the dialog; give its texts."""
    screen = _screen(folder, theme, scale)
    with screen.host:
        screen.item(204.5, "Chorus, live.wav")
        screen.host.run_script("Stembridge_Separate selection.lua")
        screen.wait(lambda: screen.shows("Costs 3 credits"))
        for _ in range(2):
            screen.press(named("down"))
        screen.press(named("up"), named("up"))
        screen.wait(lambda: screen.shows("Costs 3 credits"))
        _save(screen, path)
        return screen.texts


def compare(folder: Path, path: Path, *, theme: str = "dark", scale: float = 1.0) -> list[str]:
    """Draw the dialog where models are compared; give its texts."""
    screen = _screen(folder, theme, scale)
    with screen.host:
        screen.item(204.5, "Chorus, live.wav")
        screen.host.run_script("Stembridge_Compare models on selection.lua")
        screen.wait(lambda: screen.shows("Stage mix") and not screen.shows("Loading the models"))
        for word in ("six stems", "four stems", "stage mix"):
            screen.press(word, ENTER, ESCAPE)
        screen.wait(lambda: screen.shows("Costs 9 credits"))
        _save(screen, path)
        return screen.texts


def progress(folder: Path, path: Path, *, theme: str = "dark", scale: float = 1.0) -> list[str]:
    """Draw the progress window with one job under way and one that asks; give its texts."""
    screen = _screen(folder, theme, scale)
    with screen.host:
        _start(screen, "Chorus, live")
        screen.wait(lambda: screen.shows("part 2 of 5"))
        screen.host.gfx.close()
        screen.host.tick(2)
        _start(screen, "Interview 2", "56")
        screen.wait(lambda: screen.shows("Spend 7 credits") and screen.shows("part 2 of 5"))
        _save(screen, path)
        return screen.texts


def jobs(folder: Path, path: Path, *, theme: str = "dark", scale: float = 1.0) -> list[str]:
    """Draw the list of jobs, one of each kind; give its texts."""
    screen = _screen(folder, theme, scale)
    host = screen.host
    with host:
        stage.install(host)
        _start(screen, "Guitar take 3", "repet", engine="offline")
        screen.wait(lambda: len(host.project.tracks) == 3, 120)
        host.advance(30)
        screen.wait(lambda: not host.scripts)
        screen.core()
        for name, model in _JOBS:
            time.sleep(1.1)  # a job's id begins with its second: the list is in their order
            _start(screen, name, model)
            host.gfx.close()
            host.tick(2)
        host.run_script("Stembridge_Show jobs.lua")
        screen.wait(lambda: screen.shows("part 2 of 5") and screen.shows("place 3 of 17"))
        _save(screen, path)
        return screen.texts


_JOBS: Sequence[tuple[str, str]] = (
    ("Old demo, side B", "20"),
    ("Verse, room mics", "37"),
    ("Lead vocal take 4", "49"),
    ("Chorus, live", "63"),
)
DRAWINGS = {"dialog": dialog, "compare": compare, "progress": progress, "jobs": jobs}


def main() -> None:
    """Draw all of them into the folder that the README shows."""
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    for name, draw in DRAWINGS.items():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
            os.environ["STEMBRIDGE_HOME"] = str(Path(made, "home"))
            Path(made, "host").mkdir()
            draw(Path(made, "host"), FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
