"""MVSEP as an engine: orders are paid for, so they are made once, and found again whatever happens."""

from __future__ import annotations

import random
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stembridge.audio.render import RegionFile
from stembridge.engines.base import (
    Asked,
    Field,
    Model,
    Poll,
    Quote,
    Readiness,
    Recipe,
    Report,
    Slots,
    Ticket,
)
from stembridge.engines.mvsep import orders, prepare, pricing
from stembridge.engines.mvsep import service as services
from stembridge.engines.mvsep.accounts import Seen
from stembridge.engines.mvsep.budget import Budget
from stembridge.engines.mvsep.facts import facts
from stembridge.engines.mvsep.orders import FETCHED, Asking
from stembridge.engines.mvsep.polling import Poller, read_listing
from stembridge.engines.mvsep.service import QUICK, budget_of, connect, fingerprint, stored_key
from stembridge.model.errors import (
    Cancelled,
    KeyNeededError,
    RemoteFailedError,
    StembridgeError,
    UnknownNameError,
)
from stembridge.model.regions import Region
from stembridge.model.results import Separation
from stembridge.model.stems import STEMS, ResultKind
from stembridge.mvsep.algorithm import Algorithm
from stembridge.mvsep.catalogue import Catalogue, Source, load_catalogue
from stembridge.mvsep.client import Client
from stembridge.mvsep.origin import Service
from stembridge.mvsep.plans import Plan
from stembridge.mvsep.redact import Secret, scrub
from stembridge.mvsep.replies import JobState

NAME = "mvsep"
DEFAULT = 40
"""The separation type when none is named: vocals and instrumental, on every plan."""
EACH, ALONE = 0.8, 3.0
"""Seconds between two polls for each worker that has an order under way, and those that go without saying:
together they poll 75 times a minute, and 25 requests of the 100 stay free for orders."""
SPREAD = 0.4
"""Share by which these pauses differ."""
ACCOUNT_FRESH = 10.0
"""Seconds for which an account's standing is taken as known: a question of cost may lie in between."""
_METHOD = 1
"""Rises whenever the same order would give other samples."""
_KINDS = {
    ResultKind.STEM: "Separates",
    ResultKind.AUDIO: "Gives enhanced audio, which is placed and not summed",
    ResultKind.GENERATED: "Makes audio from words; it takes no input",
    ResultKind.TEXT: "Writes down what is said, with times",
}


class MvsepEngine:
    """The service behind the port (a `RemoteEngine`).

    Parameters
    ----------
    home
        The data folder.
    base_url
        The service's address; the configured one when left out.
    key
        Gives the account's key; the stored one when left out.
    clock, wall, sleep
        Monotonic seconds, Unix seconds, a pause.
    """

    def __init__(
        self,
        home: Path,
        *,
        base_url: str | None = None,
        key: Callable[[], Secret | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._home = home
        self._base = base_url or services.base_url()
        self._ask_key = key
        self._key: Secret | None = None
        self._clock, self._wall, self._sleep = clock, wall, sleep
        self._kept: Catalogue | None = None
        self._clients: dict[bool, tuple[Client, Budget]] = {}
        self._mirrored: set[str] = set()
        self._plan_now: Plan | None = None
        self._standing: tuple[float, pricing.Standing] | None = None
        # Whoever drops the engine, or ends the program, leaves no connection open.
        weakref.finalize(self, _close, self._clients)

    @property
    def name(self) -> str:
        """The word after ``--engine``."""
        return NAME

    def close(self) -> None:
        """Close the connections; another call opens them again."""
        _close(self._clients)

    # What there is

    def catalogue(self) -> Catalogue:
        """Give the best list of separation types without the network."""
        if self._kept is None:
            self._kept = load_catalogue(self._list_path, self._base, None, clock=self._wall)
        return self._kept

    def refresh(self) -> Catalogue:
        """Fetch the live list now; gives the kept or built-in one, with a note, when it can't be had."""
        self._kept = self._load(refresh=True)
        return self._kept

    def models(self) -> Sequence[Model]:
        """All types, the default first, then in the service's order."""
        listed = sorted(self.catalogue().algorithms, key=lambda one: one.sep_type != DEFAULT)
        return tuple(_model(one) for one in listed)

    def readiness(self) -> Sequence[Readiness]:
        """Say whether a key is stored, which service is asked, and how old its list is."""
        return (self._key_readiness(), *self._service_readiness(), self._list_readiness())

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        """Check an order, as `LocalEngine.resolve`; `KeyNeededError` where no key is stored."""
        algorithm = self._default() if model is None else self.catalogue().find(model)
        filled = algorithm.fill(options)
        if self._stored() is None:
            raise KeyNeededError(
                "No key for MVSEP is stored.",
                hint="Run `stembridge account login`, or separate on this machine with --engine offline.",
            )
        parts = [NAME, str(_METHOD), self._base, str(algorithm.sep_type)]
        parts += [f"{name}={filled[name]}" for name in sorted(filled)]
        return Recipe(
            NAME,
            str(algorithm.sep_type),
            algorithm.stems_for(filled),
            filled,
            " ".join(parts),
            automatic=model is None,
            title=algorithm.name,
            why=f"{algorithm.name} was chosen: it serves most music." if model is None else "",
        )

    # Before the order

    def slots(self) -> Slots:
        """Say how many orders may be under way, by the plan that was last seen."""
        return Slots(f"{NAME}-{self._mark}", self._plan().jobs)

    def quote(self, region: Region | None, recipe: Recipe) -> Quote:
        """Ask the service for the account, and say what the order costs it and what stands against it."""
        asked, account = self._standing or (0.0, None)
        if account is None or self._clock() - asked >= ACCOUNT_FRESH:
            client, _ = self._client(quick=True)
            account = pricing.standing(client)
            self._standing = (self._clock(), account)
            self._plan_now = account.plan
            self._seen.remember(account.plan)
            self._kept = self._load(refresh=False)
        return pricing.quote(region, recipe, self.catalogue().find(recipe.model), account)

    def prepare(
        self, region: RegionFile, recipe: Recipe, folder: Path, progress: Report, cancelled: Asked
    ) -> tuple[Path, int]:
        """Write the neutral file that is sent; see `stembridge.engines.mvsep.prepare`."""
        sep_type, plan = int(recipe.model), self._plan()
        return prepare.prepare(region, sep_type, plan, folder, progress=progress, cancelled=cancelled)

    # The order

    def submit(
        self, upload: Path | None, upload_name: str, recipe: Recipe, progress: Report, cancelled: Asked
    ) -> Ticket:
        """Order and pay, once; as `RemoteEngine.submit`."""
        client, budget = self._client()
        number = pricing.output_format(recipe.service, self._plan())
        if cancelled():
            raise Cancelled
        with budget.watched(cancelled):
            return orders.submit(client, upload, upload_name, Asking(recipe, number, progress, cancelled))

    def find(self, upload_name: str, since: float) -> Ticket | None:
        """Search the account's history for an upload of ours."""
        ticket = orders.find(self._client()[0], upload_name, since)
        return None if ticket is None else replace(ticket, memo={**self._promised(ticket), **ticket.memo})

    def adopt(self, reference: str) -> Ticket:
        """Take up an order by a number of the history, a hash, or a link; see `orders.adopt`."""
        return orders.adopt(self._client()[0], reference)

    def poll(self, ticket: Ticket) -> Poll:
        """Ask once how the order stands; ask for longer pauses the more processes use the key."""
        client, budget = self._client(quick=True)
        answer = Poller(client, self._mirrored).poll(ticket)
        crowd = EACH * budget.workers()
        if crowd < (answer.retry_after or ALONE):
            return answer
        # Spread, so that workers who began together don't all look at once: the first to see an end tells.
        return replace(answer, retry_after=crowd * (1 + SPREAD * (2 * random.random() - 1)))  # noqa: S311

    def fetch(
        self,
        ticket: Ticket,
        listing: Sequence[Mapping[str, object]],
        folder: Path,
        progress: Report,
        cancelled: Asked,
    ) -> Separation:
        """Bring every file into ``folder``, verified; goes on where it left off."""
        from stembridge.engines.mvsep.results import Answer

        transport = self._client()[0].transport
        return Answer(ticket, read_listing(listing), self.catalogue(), folder).fetch(
            transport, progress, cancelled
        )

    def cancel(self, ticket: Ticket) -> bool:
        """Tell the host that has the job; False when it no longer knows it."""
        client, _ = self._client()
        job, host = ticket.id, ticket.host
        if job.startswith(FETCHED):
            job = job.removeprefix(FETCHED)
            status = client.get_remote(job, node=host)
            if status.state is JobState.DONE:
                job, host = status.hash, orders.node_of(client.transport.service, status.link)
        return client.cancel(job, node=host)

    def _promised(self, ticket: Ticket) -> Mapping[str, str]:
        """Give what an order promised whose options nobody remembers, if they can't change it."""
        try:
            algorithm = self.catalogue().find(ticket.memo["model"])
        except (KeyError, UnknownNameError):
            return {}
        return {} if algorithm.promises else {"stems": " ".join(algorithm.stems)}

    # What it stands on

    @property
    def _list_path(self) -> Path:
        return self._home / "mvsep" / f"types-{fingerprint(self._base, None)}.json"

    @property
    def _mark(self) -> str:
        return fingerprint(self._base, self._stored())

    @property
    def _seen(self) -> Seen:
        return Seen(self._home / "mvsep" / f"plan-{self._mark}.json")

    def _plan(self) -> Plan:
        """Give the plan that this process saw; the kept one may be older, or have found no room."""
        return self._plan_now or self._seen.plan()

    def _stored(self) -> Secret | None:
        """Give the key; once there is one it is kept, because asking a key store takes time."""
        if self._key is None:
            self._key = self._ask_key() if self._ask_key else stored_key(self._home, self._base)
        return self._key

    def _client(self, *, quick: bool = False) -> tuple[Client, Budget]:
        found = self._clients.get(quick)
        if found is None:
            key = self._stored()
            budget = budget_of(self._home, self._base, key, wall=self._wall, sleep=self._sleep)
            client = connect(
                self._home,
                base=self._base,
                key=key,
                limits=QUICK if quick else None,
                budget=budget,
                clock=self._clock,
                wall=self._wall,
                sleep=self._sleep,
            )
            found = self._clients[quick] = (client, budget)
        return found

    def _load(self, *, refresh: bool) -> Catalogue:
        client, _ = self._client(quick=True)

        def fetch() -> bytes:
            return client.algorithms().body

        return load_catalogue(self._list_path, self._base, fetch, refresh=refresh, clock=self._wall)

    def _default(self) -> Algorithm:
        listed = self.catalogue().algorithms
        best = next((one for one in listed if one.sep_type == DEFAULT and one.active), None)
        pair = {"vocals", "instrumental"}
        usable = (one for one in listed if set(one.stems) == pair and one.plan != 2 and one.active)
        found = best or next(usable, None)
        if found is None:
            raise RemoteFailedError(
                "MVSEP's list has no type for vocals and instrumental at the moment.",
                code="engine_refused",
                hint="Name a type with --model: `stembridge models` lists them.",
            )
        return found

    def _key_readiness(self) -> Readiness:
        remedy = "Run `stembridge account login`."
        try:
            there = self._stored() is not None
            where = self._where() if there else ""
        except StembridgeError as problem:
            return Readiness(
                "key", ready=False, text=problem.message, remedy=problem.hint or remedy, needed=False
            )
        if not there:
            return Readiness(
                "key", ready=False, text="No key for MVSEP is stored.", remedy=remedy, needed=False
            )
        return Readiness("key", ready=True, text=f"A key is stored{where}.")

    def _where(self) -> str:
        if self._ask_key is not None:
            return ""
        from stembridge.engines.mvsep.keys import KeyStore

        return f" {KeyStore(self._home, self._base).where()}"

    def _service_readiness(self) -> Sequence[Readiness]:
        try:
            service = Service(self._base)
        except StembridgeError as problem:
            return (Readiness("service", ready=False, text=problem.message, remedy=problem.hint),)
        return (
            ()
            if service.public
            else (Readiness("service", ready=True, text=f"The service is {service.base}."),)
        )

    def _list_readiness(self) -> Readiness:
        listed = self.catalogue()
        count = f"{len(listed.algorithms)} separation types"
        if listed.source is Source.BUILT_IN or listed.fetched is None:
            text = f"{count}, from the built-in list; `stembridge models --refresh` fetches the live one."
        else:
            hours = max(0.0, self._wall() - listed.fetched) / 3600
            text = f"{count}, from the live list of {hours:.0f} hours ago."
        return Readiness("types", ready=True, text=text)


def _close(clients: Mapping[bool, tuple[Client, Budget]]) -> None:
    for client, _ in clients.values():
        client.transport.close()


def _model(one: Algorithm) -> Model:
    return Model(
        id=str(one.sep_type),
        name=one.name,
        engine=NAME,
        stems=one.stems,
        summary=_summary(one),
        fields=tuple(
            Field(f.name, f.text, f.kind, tuple((o.key, o.label) for o in f.options), f.default)
            for f in one.fields
        ),
        upload=one.upload,
        kind=one.kind,
        facts=facts(one),
    )


def _summary(one: Algorithm) -> str:
    said = scrub(one.summary) if one.summary else _KINDS[one.kind]
    if not one.summary and one.stems:
        said = f"Gives {', '.join(STEMS[s].label.lower() if s in STEMS else s for s in one.stems)}"
    plan = " For premium accounts." if one.plan == 2 else ""
    return f"{said if said.endswith(('.', '!', '?', '…')) else said + '.'}{plan}"
