"""What a test needs to run jobs in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from stembridge.engines.base import Engine
from stembridge.jobs import runner
from stembridge.jobs.request import SeparateRequest, Source
from stembridge.jobs.shift import Outcome, work
from stembridge.jobs.store import Job, Store
from tests.fakes.clock import FakeClock
from tests.fakes.engines import ToyLocal, ToyRemote, ToyService


def music(frames: int, channels: int = 2, seed: int = 7) -> NDArray[np.float32]:
    """Noise with a spectrum and a beat: it has what an aligner needs."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((frames, channels))
    smooth = np.apply_along_axis(lambda x: np.convolve(x, np.ones(8) / 8, mode="same"), 0, noise)
    beat = 0.2 + np.abs(np.sin(np.arange(frames) / 900.0))[:, None]
    return (0.3 * smooth * beat).astype(np.float32)


@dataclass
class Workshop:
    """A data folder, a source, engines of both kinds and a clock."""

    home: Path
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = ToyService(self.clock.time)
        self.local = ToyLocal()
        self.engines: Mapping[str, Engine] = {"toy": self.local, "far": ToyRemote(self.service)}
        self.store = Store(self.home, self.clock)
        self.source = self.home / "song.wav"
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.source.exists():
            sf.write(self.source, music(20_000), 44_100, subtype="FLOAT")

    def job(self, engine: str = "toy", **wishes: Any) -> Job:
        """Make a job of the whole source."""
        return self.store.create(SeparateRequest(source=Source(str(self.source)), engine=engine, **wishes))

    def run(self, job: Job) -> Outcome:
        """Work on it as a new worker would."""
        return work(
            job,
            lambda log: runner.carry_on(
                job, log, home=self.home, engines=self.engines, default_engine="toy", clock=self.clock
            ),
            clock=self.clock,
            listener=lambda event: self.events.append(dict(event)),
        )

    def states(self) -> list[str]:
        """Give the states that were told, in order."""
        return [event["state"] for event in self.events if event["type"] == "state"]


def samples(folder: Path) -> dict[str, bytes]:
    """Give the samples of every WAV file in a folder, as bytes."""
    return {
        path.name.rpartition(" - ")[2]: sf.read(path, dtype="float32", always_2d=True)[0].tobytes()
        for path in sorted(folder.glob("*.wav"))
    }
