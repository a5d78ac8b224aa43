"""Two engines that do their work in memory, exactly: one of each kind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf

from stembridge.audio.render import RegionFile
from stembridge.engines.base import (
    Asked,
    Field,
    Model,
    Poll,
    Progress,
    Quote,
    Readiness,
    Recipe,
    Remote,
    Report,
    Slots,
    SubmissionUncertainError,
    Ticket,
    fill_options,
)
from stembridge.model.errors import Cancelled, LimitError, TransferError, UnavailableError, UnknownNameError
from stembridge.model.regions import Region
from stembridge.model.results import EngineFile, Separation

STEMS = ("vocals", "instrumental")
FIELDS = (Field("part", "Part", "select", (("quarter", "A quarter"), ("half", "A half")), "quarter"),)
_PARTS = {"quarter": 0.25, "half": 0.5}


def _split(region: RegionFile, folder: Path, part: float, gain: float = 1.0) -> Separation:
    """Write part of the region as vocals, the rest as instrumental."""
    samples, rate = sf.read(region.path, dtype="float32", always_2d=True)
    vocals = np.float32(part) * samples
    for name, stem in (("vocals", vocals), ("instrumental", samples - vocals)):
        sf.write(folder / f"{name}.wav", np.float32(gain) * stem, rate, subtype="FLOAT")
    files = tuple(EngineFile(f"{stem}.wav", stem, stem.title()) for stem in STEMS)
    return Separation(files, notes=("split in memory",), details={"part": part})


@dataclass
class ToyLocal:
    """A local engine that gives a part of the region as vocals, and the rest as instrumental."""

    name: str = "toy"
    runs: int = 0

    def models(self) -> Sequence[Model]:
        return (Model("splitter", "Splitter", self.name, STEMS, "Splits in two.", FIELDS),)

    def readiness(self) -> Sequence[Readiness]:
        return (Readiness("splitter", ready=True, text="ready"),)

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        if model not in {None, "splitter"}:
            raise UnknownNameError("model", str(model), ["splitter"])
        filled = fill_options(self.models()[0], options)
        return Recipe(self.name, "splitter", STEMS, filled, f"toy {filled['part']}", automatic=model is None)

    def separate(
        self, region: RegionFile, recipe: Recipe, folder: Path, progress: Report, cancelled: Asked
    ) -> Separation:
        progress(Progress("separate", 0, region.frames, "frames"))
        if cancelled():
            raise Cancelled
        self.runs += 1
        answer = _split(region, folder, _PARTS[recipe.options["part"]])
        progress(Progress("separate", region.frames, region.frames, "frames"))
        return answer


@dataclass
class Order:
    """What the toy service knows of an order."""

    id: str
    upload_name: str
    placed: float
    audio: bytes = field(repr=False)
    part: float
    polls: int = 0
    cancelled: bool = False


@dataclass
class ToyService:
    """The far side of `ToyRemote`: it outlives every worker, as a service does.

    Attributes
    ----------
    fault
        What the next order meets: "" all is well, "lost" accepted but the answer never comes back,
        "unsent" the line breaks so that nobody can know but nothing arrived, "busy" refused for now,
        "refused" refused for good.
    unreachable
        How many of the next polls fail.
    steps
        Polls until an order is done.
    longest
        Seconds that an order may hold; None: as many as one likes.
    attempts
        How many orders of an account that pays nothing are left; None: the account has credits.
    effect
        Called before and after everything that changes the service.
    """

    clock: Callable[[], float]
    price: int = 0
    credits: int = 10
    steps: int = 2
    slots: int = 10
    fault: str = ""
    unreachable: int = 0
    history_lag: int = 0
    outcome: str = ""
    longest: int | None = None
    attempts: int | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    effect: Callable[[], None] = lambda: None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def place(self, upload: Path, upload_name: str, part: float) -> Order:
        self.effect()
        order = Order(f"o{next(self._numbers)}", upload_name, self.clock(), upload.read_bytes(), part)
        self.orders[order.id] = order
        if self.attempts is None:
            self.credits -= self.price
        else:
            self.attempts -= 1
        self.effect()
        return order


@dataclass
class ToyRemote:
    """A remote engine whose service lives in memory."""

    service: ToyService
    name: str = "far"

    def models(self) -> Sequence[Model]:
        return (Model("splitter", "Splitter", self.name, STEMS, "Splits in two, far away.", FIELDS),)

    def readiness(self) -> Sequence[Readiness]:
        return (Readiness("far", ready=True, text="ready"),)

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        if model not in {None, "splitter"}:
            raise UnknownNameError("model", str(model), ["splitter"])
        filled = fill_options(self.models()[0], options)
        return Recipe(self.name, "splitter", STEMS, filled, f"far {filled['part']}", automatic=model is None)

    def slots(self) -> Slots:
        return Slots(self.name, self.service.slots)

    def quote(self, region: Region | None, recipe: Recipe) -> Quote:
        far, longest = self.service, self.service.longest
        too_long = longest is not None and region is not None and region.seconds > longest
        limits = (f"The region is longer than {longest} s.", "Choose a shorter one.") if too_long else ()
        if far.attempts is not None:
            return Quote(1, "attempts", far.attempts, limits, longest if too_long else None)
        return Quote(far.price, "credits", far.credits, limits, longest if too_long else None)

    def prepare(
        self, region: RegionFile, recipe: Recipe, folder: Path, progress: Report, cancelled: Asked
    ) -> tuple[Path, int]:
        samples, rate = sf.read(region.path, dtype="float32", always_2d=True)
        upload = folder / "upload.wav"
        sf.write(upload, np.float32(0.5) * samples, rate, subtype="FLOAT")
        return upload, -1

    def submit(
        self, upload: Path | None, upload_name: str, recipe: Recipe, progress: Report, cancelled: Asked
    ) -> Ticket:
        assert upload is not None
        if cancelled():
            raise Cancelled
        fault, self.service.fault = self.service.fault, ""
        if fault == "busy":
            raise LimitError("There is a job of yours in the queue already.", retryable=True)
        if fault == "refused":
            raise LimitError("You have reached the limit of separations for today.")
        if fault == "unsent":
            raise SubmissionUncertainError("The line broke.")
        order = self.service.place(upload, upload_name, _PARTS[recipe.options["part"]])
        if fault == "lost":
            raise SubmissionUncertainError("The line broke after the order had left.")
        return Ticket(order.id, "memory")

    def find(self, upload_name: str, since: float) -> Ticket | None:
        if self.service.history_lag:
            self.service.history_lag -= 1
            return None
        for order in self.service.orders.values():
            if order.upload_name == upload_name and order.placed >= since:
                return Ticket(order.id, "memory")
        return None

    def poll(self, ticket: Ticket) -> Poll:
        if self.service.unreachable:
            self.service.unreachable -= 1
            raise UnavailableError("The service doesn't answer.", retryable=True)
        order = self.service.orders.get(ticket.id)
        if order is None or self.service.outcome == "gone":
            return Poll(Remote.GONE, "The job is not found.")
        if self.service.outcome == "failed":
            return Poll(Remote.FAILED, "Out of memory on node 7.")
        order.polls += 1
        if order.polls <= self.service.steps:
            states = {1: Poll(Remote.QUEUED, place=1, queue=3)}
            return states.get(
                order.polls, Poll(Remote.PROCESSING, done=order.polls, total=self.service.steps)
            )
        return Poll(Remote.DONE, listing=[{"stem": stem} for stem in STEMS])

    def fetch(
        self,
        ticket: Ticket,
        listing: Sequence[Mapping[str, object]],
        folder: Path,
        progress: Report,
        cancelled: Asked,
    ) -> Separation:
        if cancelled():
            raise Cancelled
        if [row["stem"] for row in listing] != list(STEMS):
            raise TransferError("The list of files is incomplete.")
        order = self.service.orders[ticket.id]
        sent = folder / "sent.wav"
        sent.write_bytes(order.audio)
        with sf.SoundFile(sent) as file:
            shape = (file.frames, file.samplerate, file.channels)
        answer = _split(RegionFile(sent, *shape, 1.0, 1.0, ""), folder, order.part)
        sent.unlink()
        progress(Progress("download", 2, 2, "files"))
        return answer

    def cancel(self, ticket: Ticket) -> bool:
        self.service.effect()
        order = self.service.orders.get(ticket.id)
        if order is None:
            return False
        order.cancelled = True
        return True
