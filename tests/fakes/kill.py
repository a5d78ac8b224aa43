"""Death at any effect: every durable call of the process counts, and one of them is the last."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from typing import Any

import pytest

EFFECTS = ("replace", "rename", "link", "unlink", "mkdir", "fsync")


class Killed(BaseException):
    """The process is dead. No handler of the product catches it."""


class Reaper:
    """Counts effects, before and after each; at the chosen one the process dies and stays dead.

    Parameters
    ----------
    at
        The effect to die at, from 1; 0 to only count.
    threads
        Which threads are the process's own, by name; a server that a test runs beside it is not.
    """

    def __init__(self, at: int = 0, threads: Callable[[str], bool] = lambda _name: True) -> None:
        self.at = at
        self.count = 0
        self.dead = False
        self._threads = threads
        self._lock = threading.Lock()

    def step(self) -> None:
        """Be at an effect."""
        if not self._threads(threading.current_thread().name):
            return
        with self._lock:
            if self.dead:
                raise Killed
            self.count += 1
            if self.count == self.at:
                self.dead = True
                raise Killed

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand at every call that makes something durable."""
        for name in EFFECTS:
            monkeypatch.setattr(os, name, self._around(getattr(os, name)))
        monkeypatch.setattr(shutil, "rmtree", self._around(shutil.rmtree))

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            self.step()
            result = call(*arguments, **named)
            self.step()
            return result

        return watched
