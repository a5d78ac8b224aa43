"""The engine `mvsep` against the stand-in service, on a clock that never waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from stembridge.audio.render import RegionFile, render
from stembridge.engines.base import Poll, Progress, Recipe, Remote, Ticket
from stembridge.engines.mvsep.engine import MvsepEngine
from stembridge.model.regions import Region
from stembridge.model.results import Separation
from stembridge.mvsep.redact import Secret
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise

UPLOAD = "sb20260101abcdef.flac"


def no(*_: object) -> bool:
    """Nobody cancels."""
    return False


def quiet(_progress: Progress) -> None:
    """Nobody watches."""


def engine_of(service: FaultyService, home: Path, key: str | None = None) -> MvsepEngine:
    """Give an engine that shares the service's clock."""
    secret = Secret(key if key is not None else str(service.premium.key))
    clock: Any = service.clock
    return MvsepEngine(
        home,
        base_url=service.url,
        key=lambda: secret or None,
        clock=clock,
        wall=clock,
        sleep=clock.sleep,
    )


def region_of(folder: Path, frames: int = 30_000, channels: int = 2, rate: int = 44_100) -> RegionFile:
    """Render a region of noise that 24 bit hold exactly."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source.wav"
    sf.write(source, noise(frames, channels), rate, subtype="FLOAT")
    return render(Region(str(source), 0, frames, rate, channels), folder, lambda _d, _t: None, no)


@dataclass
class Trip:
    """The whole way of one order, step by step."""

    engine: MvsepEngine
    folder: Path
    model: str = "40"
    options: Mapping[str, str] | None = None
    service: Mapping[str, str] | None = None
    progress: Callable[[Progress], None] = quiet
    cancelled: Callable[[], bool] = no
    exponent: int = 0

    @property
    def answer(self) -> Path:
        return self.folder / "answer"

    def recipe(self) -> Recipe:
        found = self.engine.resolve(self.model, self.options or {})
        return replace(found, service=dict(self.service or {}))

    def order(self, region: RegionFile | None, name: str = UPLOAD) -> Ticket:
        recipe = self.recipe()
        upload = None
        self.engine.quote(None, recipe)
        if region is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            upload, self.exponent = self.engine.prepare(
                region, recipe, self.folder, self.progress, self.cancelled
            )
        return self.engine.submit(upload, name, recipe, self.progress, self.cancelled)

    def wait(self, ticket: Ticket, polls: int = 20) -> tuple[Ticket, Poll]:
        """Poll as the runner does; gives the ticket as it is in the end."""
        for _ in range(polls):
            answer = self.engine.poll(ticket)
            ticket = answer.ticket or ticket
            if answer.state is Remote.DONE and answer.listing:
                return ticket, answer
            if answer.state is Remote.FAILED:
                return ticket, answer
        return ticket, answer

    def fetch(self, ticket: Ticket, answer: Poll) -> Separation:
        found = self.engine.fetch(ticket, answer.listing, self.answer, self.progress, self.cancelled)
        return replace(found, gain_exponent=self.exponent)

    def all_the_way(self, region: RegionFile | None) -> Separation:
        return self.fetch(*self.wait(self.order(region)))

    def samples(self, separation: Separation) -> dict[str, Any]:
        return {
            file.stem: sf.read(self.answer / file.name, dtype="float64", always_2d=True)[0]
            * 2.0**-separation.gain_exponent
            for file in separation.files
        }


def summed(stems: Mapping[str, Any]) -> Any:
    """Add stems up."""
    return np.sum(list(stems.values()), axis=0)
