"""The port that every engine stands behind.

There are two kinds. A `LocalEngine` separates in one call, on this machine, and may be asked again
as often as one likes. A `RemoteEngine` sells a service: its `submit` costs the user something and is
therefore never repeated by the port's user once it is uncertain whether it arrived.

What both promise
-----------------
* `resolve` is cheap (no network, no weights loaded) and is the only place where names of models and
  options are checked. Everything after it gets a `Recipe` that is known to be good.
* Files go into the folder given, nowhere else, under names of ours. A file that is named in the
  answer is complete; anything else in the folder is rubbish that the caller may remove.
* Every file has the region's channel count. Rate, length and start may differ: the aligner brings
  them home. Levels are the region's times 2**gain_exponent.
* `progress` is called often enough that a second never passes without it, with numbers that are
  known, never invented. `cancelled` is asked at least as often; once it says True the call ends
  with `Cancelled` within a second and leaves nothing that counts.
* Errors are `StembridgeError` of the fitting class. A library's own exception never comes through.
* An engine holds no state of a job between calls: a new process can always go on.
* Memory doesn't grow with the length of the region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeGuard, runtime_checkable

from stembridge.audio.render import RegionFile
from stembridge.model.errors import UnavailableError, UnknownNameError
from stembridge.model.regions import Region
from stembridge.model.results import Separation
from stembridge.model.stems import ResultKind


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase has come. ``total`` is None where it isn't known."""

    phase: str
    done: int
    total: int | None
    unit: str


Report = Callable[[Progress], None]
Asked = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """An option of a model.

    Attributes
    ----------
    name
        The key, as written in ``--opt KEY=VALUE``.
    text
        What it is called in front of people.
    kind
        ``select`` or ``text``.
    options
        ``(key, label)`` in the order to show them; empty for ``text``.
    default
        Key of the default; None where leaving it out is the default.
    """

    name: str
    text: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What can be asked of an engine.

    Attributes
    ----------
    stems
        The ids that it promises by default, in order; empty where only the result tells.
    upload
        False when it takes no audio.
    kind
        What its results are.
    facts
        What else is known of it, plain JSON values: a service's plan, price, ratings.
    """

    id: str
    name: str
    engine: str
    stems: tuple[str, ...]
    summary: str
    fields: tuple[Field, ...] = ()
    upload: bool = True
    kind: ResultKind = ResultKind.STEM
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A checked order: a model with every option filled in.

    Attributes
    ----------
    automatic
        True when the engine chose the model itself.
    identity
        Text that changes whenever the same region would give other samples: weights, model, options,
        version of the method. Two equal identities may share one answer.
    why
        A sentence on the choice where there is something to say.
    title
        What the model is called in front of people; its id where that is left out.
    service
        What a remote engine is told beside the model, text for text: ``format`` ("auto" or a number
        of the service's), ``publish_demo`` and ``mirror`` ("1"), ``url`` and ``remote_type``.
    """

    engine: str
    model: str
    stems: tuple[str, ...]
    options: Mapping[str, str]
    identity: str
    automatic: bool = False
    why: str = ""
    title: str = ""
    service: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """A row of `stembridge engines` and of the doctor: what works, and what to do about the rest.

    ``needed`` is False for what one can do without: all is well while that is missing.
    """

    name: str
    ready: bool
    text: str
    remedy: str = ""
    needed: bool = True


class LocalEngine(Protocol):
    """An engine that separates on this machine."""

    @property
    def name(self) -> str:
        """The word after ``--engine``."""
        ...

    def models(self) -> Sequence[Model]:
        """All models, the one to prefer first."""
        ...

    def readiness(self) -> Sequence[Readiness]:
        """What is ready here and what isn't; quick, and never raises."""
        ...

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        """Check an order.

        ``model`` None asks for the best that is ready. A model that was named is never exchanged
        for another: when it isn't ready, `DecisionNeededError` ``engine_not_ready`` says how to
        make it so. Unknown names raise `UnknownNameError` with the nearest.
        """
        ...

    def separate(
        self, region: RegionFile, recipe: Recipe, folder: Path, progress: Report, cancelled: Asked
    ) -> Separation:
        """Separate the region into ``folder``; the same input gives the same samples."""
        ...


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order will cost.

    ``amount`` is in ``unit``: "credits", which are money, or "attempts", which aren't; None where the
    price isn't known. ``left`` is what the account has, None where it isn't known. ``limits`` are
    sentences that stand against the order. ``longest`` is how many seconds of audio an order may hold,
    told only where the order holds more: it could be made in parts.
    """

    amount: int | None
    unit: str
    left: int | None = None
    limits: tuple[str, ...] = ()
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Slots:
    """How many orders of one account may be under way. ``name`` tells accounts apart, not who they are."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """The service's receipt. Secret: whoever has it can fetch the audio. Lives in remote.json only.

    ``memo`` is what the engine has to remember of the order, text for text, because it holds nothing
    itself; two tickets are one when id and host are.
    """

    id: str = field(repr=False)
    host: str = field(repr=False)
    memo: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, for remote.json."""
        return {"id": self.id, "host": self.host, "memo": dict(self.memo)}


class Remote(StrEnum):
    """What a poll may find."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Poll:
    """One answer of the service about a ticket.

    ``place`` and ``queue`` are the job's place and the queue's length, None where unknown; ``done``
    and ``total`` count parts. ``message`` is the service's own sentence. ``listing`` (with DONE) is
    what `fetch` needs, plain JSON values, secret like the ticket. ``retry_after`` is in seconds.
    ``ticket``, where there is one, takes the place of the ticket that was asked about: it is on disk
    before the next poll.
    """

    state: Remote
    message: str = ""
    place: int | None = None
    queue: int | None = None
    done: int | None = None
    total: int | None = None
    listing: Sequence[Mapping[str, object]] = field(default=(), repr=False)
    retry_after: float | None = None
    ticket: Ticket | None = field(default=None, repr=False)


class SubmissionUncertainError(UnavailableError):
    """The whole order may have arrived, and no clear refusal came back: it may have been paid for."""

    default_code = "submission_uncertain"


class RemoteEngine(Protocol):
    """An engine that is a service.

    The runner keeps the order of things: `prepare`, then the intent on disk, then `submit` once,
    then the ticket on disk at once, then `poll`, `fetch`. After an uncertain `submit` only `find`
    may tell what became of it.
    """

    @property
    def name(self) -> str:
        """The word after ``--engine``."""
        ...

    def models(self) -> Sequence[Model]:
        """All models, without asking the network."""
        ...

    def readiness(self) -> Sequence[Readiness]:
        """What is ready here and what isn't; quick, without the network, never raises."""
        ...

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        """Check an order, as `LocalEngine.resolve`."""
        ...

    def slots(self) -> Slots:
        """Say how many orders may be under way at once; without the network, by what was last seen."""
        ...

    def quote(self, region: Region | None, recipe: Recipe) -> Quote:
        """Say what the order costs and what stands against it. May ask the service; costs nothing."""
        ...

    def prepare(
        self, region: RegionFile, recipe: Recipe, folder: Path, progress: Report, cancelled: Asked
    ) -> tuple[Path, int]:
        """Write the neutral file that is sent; give its path and the power of two of its gain."""
        ...

    def submit(
        self, upload: Path | None, upload_name: str, recipe: Recipe, progress: Report, cancelled: Asked
    ) -> Ticket:
        """Order and pay, once. Never repeats itself. ``upload`` is None where no audio is sent.

        Raises
        ------
        SubmissionUncertainError
            When the order may have arrived.
        StembridgeError
            Of any other class: the order was refused for certain, nothing was paid. With
            ``retryable`` it may be made again once the cause is gone.
        Cancelled
            Only while it is certain that nothing was ordered.
        """
        ...

    def find(self, upload_name: str, since: float) -> Ticket | None:
        """Search the service's history (from ``since``, Unix seconds) for an upload of ours."""
        ...

    def poll(self, ticket: Ticket) -> Poll:
        """Ask once how the order stands."""
        ...

    def fetch(
        self,
        ticket: Ticket,
        listing: Sequence[Mapping[str, object]],
        folder: Path,
        progress: Report,
        cancelled: Asked,
    ) -> Separation:
        """Bring every file of ``listing`` into ``folder``, verified; goes on where it left off."""
        ...

    def cancel(self, ticket: Ticket) -> bool:
        """Tell the service to stop; False when it no longer knows the order."""
        ...


Engine = LocalEngine | RemoteEngine


def is_remote(engine: Engine) -> TypeGuard[RemoteEngine]:
    """Say whether an engine sells a service."""
    return hasattr(engine, "submit")


@runtime_checkable
class Installable(Protocol):
    """An engine with parts that are fetched once, on the user's word."""

    def installable(self) -> Sequence[str]:
        """Names that `install` takes; `readiness` has a row of each, whose remedy tells the size."""
        ...

    def install(self, name: str, source: Path | None, progress: Report, cancelled: Asked) -> Readiness:
        """Fetch (or take from the file ``source``), check and convert; doing it again is harmless."""
        ...


def fill_options(model: Model, given: Mapping[str, str]) -> dict[str, str]:
    """Check options against a model's fields and fill in the defaults.

    A key or a value may be given by name or by label, without regard to case.

    Raises
    ------
    UnknownNameError
        With the nearest names.
    """
    by_name = {f.name.casefold(): f for f in model.fields}
    by_name.update({f.text.casefold(): f for f in model.fields})
    filled = {f.name: f.default for f in model.fields if f.default is not None}
    for key, value in given.items():
        found = by_name.get(key.strip().casefold())
        if found is None:
            raise UnknownNameError(f"option of '{model.name}'", key, [f.name for f in model.fields])
        if found.kind == "text":
            filled[found.name] = value
            continue
        choices = {k.casefold(): k for k, _ in found.options}
        choices.update({label.casefold(): k for k, label in found.options})
        wanted = choices.get(value.strip().casefold())
        if wanted is None:
            raise UnknownNameError(f"value of '{found.name}'", value, [k for k, _ in found.options])
        filled[found.name] = wanted
    return filled
