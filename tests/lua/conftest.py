"""Every test of the Lua runs on both: REAPER 6 (Lua 5.3) and REAPER 7 (Lua 5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.fakes.reaper import Reaper
from tests.lua.placing import Desk


@pytest.fixture(params=["lua53", "lua54"])
def lua(request: pytest.FixtureRequest) -> str:
    """The Lua of this run."""
    return str(request.param)


@pytest.fixture
def host(lua: str, tmp_path: Path) -> Iterator[Reaper]:
    """A fresh stand-in host."""
    with Reaper(tmp_path, lua=lua) as made:
        yield made


@pytest.fixture
def desk(host: Reaper, tmp_path: Path) -> Desk:
    """A saved project on that host, for jobs that come back."""
    return Desk(host, tmp_path / "user")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """A second of quiet noise, stereo at 44100 Hz."""
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (44100, 2))
    soundfile.write(path, noise, 44100, subtype="FLOAT")
    return path
