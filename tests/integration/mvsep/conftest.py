"""A service with faults, the engine before it, and a region."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge.audio.render import RegionFile
from stembridge.engines.mvsep.engine import MvsepEngine
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep import Trip, engine_of, region_of


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


@pytest.fixture
def engine(service: FaultyService, home: Path) -> Iterator[MvsepEngine]:
    engine = engine_of(service, home)
    yield engine
    engine.close()


@pytest.fixture
def region(tmp_path: Path) -> RegionFile:
    return region_of(tmp_path / "region")


@pytest.fixture
def trip(engine: MvsepEngine, tmp_path: Path) -> Trip:
    return Trip(engine, tmp_path / "job")
