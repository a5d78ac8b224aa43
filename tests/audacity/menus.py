"""A user at Audacity's menu Tools > Stembridge: keys, dialogs, and the files that come of it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile as sf

from stembridge_audacity import notices, plugins, requests, setup
from tests.audacity.desk import Desk, RunningAudacity, forget_crash, version_of
from tests.programs import need

SEPARATE, LAST = "Separate Stems", "Separate With Last Settings"
IMPORT, CANCEL = "Import Finished Stems", "Cancel Jobs"
COMPARE, BLEND = "Compare Models", "Blend Stems"
ANSWER, PRESET = "Answer Question", "Save Preset"
PROJECT = "Lied"
"""Name of the first track, which the project takes over."""
WAIT = 60.0
_T = TypeVar("_T")


def install(user: Path, home: Path) -> None:
    """Put the menu entries into a user's home; the list of plug-ins is made by the first start."""
    notices.make_folders(home)
    folder = user / ".local" / "share" / "audacity" / "Plug-Ins"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in plugins.write(home, ["wind"]).items():
        (folder / name).write_bytes(text.encode())


def started(desk: Desk, user: Path) -> RunningAudacity:
    """Start an Audacity whose menu has the entries.

    The first start looks through all plug-ins, and is left alone meanwhile: with the pipe in use from its
    beginning, the entries stayed out now and then.
    """
    if not _listed(user):
        desk.start(user, cured=False)
        try:
            wait_for("the list of plug-ins", lambda: _listed(user) or None)
        finally:
            desk.clear()
    forget_crash(user)
    running = desk.start(user)
    assert _listed(user), "Audacity lost the menu entries"
    return running


def _listed(user: Path) -> bool:
    path = user / ".config" / "audacity" / "pluginregistry.cfg"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return all(entry.file in text for entry in plugins.ENTRIES)


def refresh(user: Path, home: Path, question: plugins.Question | None) -> None:
    """Bring the dialogs up to date as the watcher does, while Audacity runs."""
    folder = user / ".local" / "share" / "audacity" / "Plug-Ins"
    notes = {str(user): {"plugins": str(folder), "stems": ["wind"]}}
    notices.put(notices.folder(home) / "setup.json", json.dumps(notes))
    setup.refresh(home, question)


def wait_for(what: str, look: Callable[[], _T | None], limit: float = WAIT) -> _T:
    """Look until there is something."""
    deadline = time.monotonic() + limit
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@dataclass
class MenuUser:
    """A user with an open project.

    Parameters
    ----------
    running
        The Audacity, with the entries in its menu.
    home
        The core's data folder, which the entries write into.
    folder
        For files and pictures of the test's.
    title
        The title of the project's window.
    """

    running: RunningAudacity
    home: Path
    folder: Path
    title: str = PROJECT

    def track(self, name: str, *, rate: int = 44_100, seconds: float = 10.0, channels: int = 2) -> Path:
        """Import noise of its own as a track."""
        path = self.song(name, rate=rate, seconds=seconds, channels=channels)
        self.running.client.import_file(path)
        return path

    def song(self, name: str, *, rate: int = 44_100, seconds: float = 10.0, channels: int = 2) -> Path:
        """Write a file of noise."""
        path = self.folder / f"{name}.wav"
        rng = np.random.default_rng(len(name))
        samples = rng.uniform(-0.5, 0.5, (int(rate * seconds), channels)).astype(np.float32)
        sf.write(path, samples, rate, subtype="FLOAT")
        return path

    def select(self, start: float, end: float, *tracks: int) -> None:
        """Select a stretch of some tracks."""
        self.running.client.select_only(list(tracks))
        self.running.client.select_time(start, end)

    def choose(self, entry: str) -> None:
        """Open the menu by its keys and take an entry of ours, which stand in the order of their names."""
        names = sorted(one.name for one in plugins.ENTRIES)
        self.running.release()
        for _ in range(4):
            self.running.xdotool("windowactivate", "--sync", self.running.window(f"^{self.title}$"))
            self.keys("alt+o")
            # A key that came before the window or the menu took keys is lost.
            with contextlib.suppress(AssertionError):
                wait_for("the menu", lambda: self._menus() == 1 or None, 5.0)
                self.keys("Up", "Right")
                wait_for("the submenu", lambda: self._menus() == 2 or None, 5.0)
                break
            self.keys("Escape", "Escape")
            self._until("the menu's end", lambda: self._menus() == 0)
        self._until("the submenu", lambda: self._menus() == 2)
        self.keys(*["Down"] * names.index(entry), "Return")
        self._until("the menu's end", lambda: self._menus() == 0)

    @property
    def tidy(self) -> bool:
        """True while no menu, dialog or message of ours is open."""
        return not self._menus() and not any(self._titled(entry.name) for entry in plugins.ENTRIES)

    def keys(self, *names: str) -> None:
        """Press keys, slowly enough for a toolkit."""
        for name in names:
            self.running.xdotool("key", name)
            time.sleep(0.1)

    def apply(self, title: str = SEPARATE) -> None:
        """Press the dialog's button and wait until the dialog is gone."""
        dialog = self.running.window(f"^{title}$")
        self.running.xdotool("windowactivate", "--sync", dialog)
        self.keys("alt+a")
        self._until("the dialog's end", lambda: dialog not in self._titled(title))

    def fields(self, title: str) -> None:
        """Wait for a dialog, and go to its first field."""
        self.running.window(f"^{title}$")
        time.sleep(0.5)
        # The button Apply stands above the fields before 3.7, and below from then on.
        self.keys("Tab", *["Tab"] * (version_of(Path(need("audacity"))) < (3, 7, 0)))

    def type(self, text: str) -> None:
        """Write into a field."""
        self.running.xdotool("type", "--delay", "30", text)

    def reply(self, title: str) -> Path:
        """Wait for a message, take a picture of it, and close it; a bar of progress has the same title."""
        picture = self.folder / f"reply-{title.replace(' ', '-')}.png"
        self.running.window(f"^{title}$")
        quiet = 0
        while quiet < 5:
            time.sleep(0.2)
            windows = self._titled(title)
            quiet = 0 if windows else quiet + 1
            if windows:
                self.running.screenshot(picture)
                self.keys("Return")
        return picture

    def _titled(self, title: str) -> list[str]:
        return self._seen("--name", f"^{title}$")

    def _menus(self) -> int:
        """How many menus are open: windows of Audacity's that no window manager frames."""
        return len(self._seen("--maxdepth", "1", "--class", "udacity"))

    def _seen(self, *how: str) -> list[str]:
        found = subprocess.run(
            [need("xdotool"), "search", "--onlyvisible", *how],
            env=self.running.env, check=False, timeout=60, capture_output=True, text=True,
        )  # fmt: skip
        return found.stdout.split()

    def _until(self, what: str, true: Callable[[], bool]) -> None:
        wait_for(what, lambda: true() or None)

    def request(self) -> requests.MenuRequest:
        """Wait for one request, and take it."""
        (one,) = wait_for("a request", lambda: self.waiting() or None)
        return one

    def waiting(self) -> tuple[requests.MenuRequest, ...]:
        """The requests that wait."""
        spool = requests.pending(self.home, time.time())
        assert not spool.broken, spool.broken
        return spool.ready

    def written(self, request: requests.MenuRequest) -> dict[str, Any]:
        """The request's document."""
        document: dict[str, Any] = json.loads(
            (requests.folder(self.home) / f"{request.id}.json").read_bytes()
        )
        return document
