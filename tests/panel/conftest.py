"""A real panel with a finished job, shared by the tests that only look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge.hosting import Job
from tests.browser.panel import Panel
from tests.e2e.command import music, write

ENVIRON = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
RATE = 44_100
SECONDS = 3


@dataclass(frozen=True)
class Shop:
    """A panel, its one finished job, and the song."""

    panel: Panel
    id: str
    song: Path

    @property
    def job(self) -> Job:
        """The job's folder."""
        return Job(self.panel.home / "jobs" / self.id)

    @property
    def document(self) -> dict[str, Any]:
        """What Listen is told of it."""
        found: dict[str, Any] = self.panel.get(f"api/jobs/{self.id}").raise_for_status().json()
        return found


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A panel with a finished job of three seconds."""
    song = write(tmp_path_factory.mktemp("songs") / "Three seconds.wav", music(SECONDS * RATE + 77))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STEMBRIDGE_API_TOKEN", "STEMBRIDGE_MVSEP_URL"):
            patch.delenv(name, raising=False)
        with Panel(tmp_path_factory.mktemp("panel"), ENVIRON) as panel:
            job = panel.order(song)
            assert panel.finished(job)["state"] == "ready", panel.job(job)
            yield Shop(panel, job, song)


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    """A panel of this test's own."""
    with Panel(tmp_path / "data", {**ENVIRON, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}) as it:
        yield it
