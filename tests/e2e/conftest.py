"""One separation that many tests look at, and a command for those that need their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, Samples, Told, music, write
from tests.e2e.desk import KEY, Desk


@pytest.fixture
def command(home: Path, tmp_path: Path) -> Command:
    """The command, in a folder and with a data folder that no other test sees."""
    return Command(home, tmp_path)


@dataclass(frozen=True)
class Trip:
    """The main trip: one song, separated once."""

    command: Command
    song: Path
    samples: Samples
    told: Told

    @property
    def out(self) -> Path:
        """Where the stems are."""
        return self.song.with_name("song stems")


@pytest.fixture(scope="session")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    """Separate eight seconds of stereo with everything at its default but the model."""
    folder = tmp_path_factory.mktemp("trip")
    samples = music(8 * 44100)
    song = write(folder / "song.wav", samples)
    command = Command(tmp_path_factory.mktemp("triphome"), folder)
    return Trip(command, song, samples, command("separate", song, "--model", "repet"))


@pytest.fixture
def desk(command: Command, tmp_path: Path) -> Iterator[Desk]:
    """A user before a stand-in service."""
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        yield Desk(command, service)
