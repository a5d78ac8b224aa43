"""Several separations as one: which must follow each other, and what they cost together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.engines import registry
from stembridge.engines.base import Engine, Quote, Recipe, is_remote
from stembridge.jobs import costs, plan, remote, runner
from stembridge.jobs.plan import Plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.reuse import Index
from stembridge.jobs.store import Job
from stembridge.model.errors import DecisionNeededError, LimitError
from stembridge.model.regions import Region
from stembridge.model.stems import ResultKind

if TYPE_CHECKING:
    from stembridge.bridge.session import Tools

AHEAD = 2
"""Jobs that get ready while others have all the places: one that comes free is taken at once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One separation of several; ``job`` is None while there is no folder for it.

    Attributes
    ----------
    steps
        Of a job that is made of jobs: what is ordered in its place.
    memory
        Of such a step: text that names the samples it is about to give, where that is known.
    """

    request: SeparateRequest
    plan: Plan
    engine: Engine
    job: Job | None = None
    steps: tuple[Entry, ...] = ()
    memory: str = ""

    @property
    def remote(self) -> bool:
        """True when a service does some of it."""
        return is_remote(self.engine) or any(step.remote for step in self.steps)

    @property
    def begun(self) -> bool:
        """True when nothing more will be ordered for it: it has been, or has its answer."""
        job = self.job
        return job is not None and (
            job.result_file.exists()
            or job.separation_json.exists()
            or job.family_json.exists()  # its steps were priced and agreed to together
            or remote.standing(job) is not None
        )


def entry(
    request: SeparateRequest, engines: Mapping[str, Engine], tools: Tools, job: Job | None = None
) -> Entry:
    """Check an order of any kind; give it as one of several.

    Parameters
    ----------
    job
        Its job, where there is one already.

    Raises
    ------
    StembridgeError
        Of the fitting class, before anything was made.
    """
    if request.chain is not None:
        from stembridge.bridge import chaining

        return chaining.entry(request, engines, tools, job)
    engine = registry.choose(engines, tools.default_engine, request.engine, request.model)
    rendered = job is not None and job.region_json.exists()
    planned = runner.read_plan(job)[0] if job is not None and rendered else plan.check(request, engine, job)
    return Entry(request, planned, engine, job)


def lanes(entries: Sequence[Entry]) -> list[list[int]]:
    """Give the places of the entries that must follow each other.

    The same order twice shares a lane, what was ordered already first in it: the second is answered
    from the first, and nothing is paid twice. So do a chain and what its first step is, too. What this
    machine separates is one lane: it does one at a time.
    """
    found: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        key = (_first(entry) or f"alone-{place}") if entry.remote else ""
        found.setdefault(key, []).append(place)
    for key, lane in found.items():
        if key:
            lane.sort(key=lambda place: not entries[place].begun)
    return list(found.values())


def _first(entry: Entry) -> str:
    """Name the answer to what is ordered first of all for an entry; empty where that isn't known."""
    first = entry.steps[0] if entry.steps else entry
    return first.plan.answer_key() if first.plan.source_key else ""


def at_once(entries: Sequence[Entry]) -> int:
    """Give how many lanes to work on at a time: as many as there are places, and a few to get ready."""
    orders = [order for entry in entries for order in (entry.steps or (entry,))]
    places = [order.engine.slots().count for order in orders if is_remote(order.engine)]
    return max(places, default=0) + AHEAD if places else 1


@dataclass(frozen=True, slots=True)
class Bill:
    """What will be ordered, and what that costs.

    Attributes
    ----------
    quotes
        Price by the entry's place, of those that will be ordered.
    refused
        How many the service would refuse: they cost nothing.
    parts
        In how many parts an entry is separated, by its place, where it is too long for the plan. Its price is
        what they cost together at most.
    steps
        How many separations an entry is made of, by its place, where that isn't one.
    too_long
        Places of those that could be separated in parts if the user wished that: each asks for itself.
    """

    quotes: Mapping[int, Quote]
    refused: int = 0
    parts: Mapping[int, int] = field(default_factory=dict)
    too_long: tuple[int, ...] = ()
    steps: Mapping[int, int] = field(default_factory=dict)

    @property
    def credits(self) -> int:
        """The sum of the known prices."""
        return sum(quote.amount or 0 for quote in self.quotes.values() if quote.unit == costs.CREDITS)

    @property
    def attempts(self) -> int:
        """How many of a free account's attempts it takes."""
        return sum(quote.amount or 0 for quote in self.quotes.values() if quote.unit != costs.CREDITS)

    @property
    def unpriced(self) -> int:
        """How many have a price that isn't known: each asks for itself."""
        return sum(quote.amount is None for quote in self.quotes.values())

    @property
    def left(self) -> int | None:
        """What the account has; None where that isn't known."""
        return min((q.left for q in self.quotes.values() if q.left is not None), default=None)

    def words(self) -> str:
        """Say it in a sentence; empty where nothing is ordered."""
        longer = self.longer()
        if not self.quotes:
            return longer
        count = sum(self.steps.get(place, 1) for place in self.quotes)
        head = f"{count} separation{'s are' if count != 1 else ' is'} to be ordered"
        unit, amount = ("attempt", self.attempts) if self.attempts else ("credit", self.credits)
        if self.parts:
            head += f" ({len(self.parts)} of them in {sum(self.parts.values())} parts)"
        text = f"{head}, for {amount} {unit}{'' if amount == 1 else 's'} in all."
        if self.unpriced:
            text += f" The price of {self.unpriced} of them isn't known."
        text += "" if self.left is None else f" You have {self.left}."
        return f"{text} {longer}".strip()

    def longer(self) -> str:
        """Say how many are longer than the plan takes; empty where none is."""
        if not self.too_long:
            return ""
        many, is_ = ("region", "is") if len(self.too_long) == 1 else ("regions", "are")
        return (
            f"{len(self.too_long)} {many} {is_} longer than your plan takes, and could be separated in parts."
        )


def bill(entries: Sequence[Entry], home: Path) -> Bill:
    """Price what has to be ordered: not what has been, nor what an earlier job or a twin answers.

    Raises
    ------
    StembridgeError
        When the service doesn't tell. Nothing was made or sent.
    """
    index = Index(home)
    quotes: dict[int, Quote] = {}
    parts: dict[int, int] = {}
    too_long: list[int] = []
    steps: dict[int, int] = {}
    refused = 0
    known: set[str] = set()
    for lane in lanes(entries):
        for place in lane:
            entry = entries[place]
            if not entry.remote:
                continue
            key = entry.plan.answer_key() if entry.plan.source_key else ""
            if entry.begun or (key and not entry.request.again and (key in known or kept(entry, index))):
                known |= {key, _first(entry)} if entry.begun else {key}
                continue
            divided = None
            if entry.steps:
                quote, steps[place] = _of_steps(entry, index, known)
                if not steps[place]:
                    continue
            elif is_remote(entry.engine):
                quote = entry.engine.quote(entry.plan.region, entry.plan.recipe)
                divided = in_parts(entry.engine, entry.plan.region, entry.plan.recipe, quote)
            if divided is not None:
                quote, number = divided
                if entry.request.parts and not quote.limits:
                    parts[place] = number
                elif not quote.limits:
                    too_long.append(place)
                    continue
            if quote.limits:
                refused += 1
                continue
            known |= {key, _first(entry)}
            quotes[place] = quote
    return Bill(quotes, refused, parts, tuple(too_long), steps)


def price(step: Entry, index: Index) -> Quote | None:
    """Price a step of a job that is made of jobs; None where nothing will be ordered for it."""
    if not is_remote(step.engine):
        return None
    if not step.request.again:
        if step.plan.source_key and kept(step, index):
            return None
        if step.memory and index.answer(step.memory) is not None:
            return None
    quote = step.engine.quote(step.plan.region, step.plan.recipe)
    divided = None
    if step.request.parts:
        divided = in_parts(step.engine, step.plan.region, step.plan.recipe, quote)
    return quote if divided is None else divided[0]


def _of_steps(entry: Entry, index: Index, known: Collection[str]) -> tuple[Quote, int]:
    """Give what all steps cost together, and how many of them will be ordered: not what ``known`` answers."""
    due = [
        step for step in entry.steps if step.request.again or not _first(step) or _first(step) not in known
    ]
    quotes = [quote for step in due if (quote := price(step, index)) is not None]
    limits = tuple(text for quote in quotes for text in quote.limits)
    money = [quote for quote in quotes if not costs.free(quote)] or quotes
    amounts = [quote.amount for quote in money if quote.amount is not None]
    amount = sum(amounts) if len(amounts) == len(money) else None
    left = min((quote.left for quote in quotes if quote.left is not None), default=None)
    return Quote(amount, money[0].unit if money else costs.CREDITS, left, limits), len(quotes)


def in_parts(engine: Engine, region: Region | None, recipe: Recipe, quote: Quote) -> tuple[Quote, int] | None:
    """Give what a region that is too long costs in parts at most, and how many; None where that is no way."""
    if quote.longest is None or region is None or not is_remote(engine) or not gives_stems(engine, recipe):
        return None
    from stembridge.audio import joints

    longest = costs.part_frames(quote.longest, region.rate)
    number = joints.count(region.frames, region.rate, longest)
    most = joints.most(region.frames, region.rate, longest)
    part = engine.quote(Region("", 0, most, region.rate, region.channels), recipe)
    amount = None if part.amount is None else part.amount * number
    return replace(part, amount=amount), number


def gives_stems(engine: Engine, recipe: Recipe) -> bool:
    """Say whether what comes back of parts can be joined: stems on the region's samples, nothing else."""
    kinds = [model.kind for model in engine.models() if model.id == recipe.model]
    return all(kind is ResultKind.STEM for kind in kinds)


def keep_consent(job: Job, total: Bill, place: int) -> None:
    """Keep with a job that its price was agreed to: taken up after a kill, it doesn't ask again."""
    quote = total.quotes.get(place)
    if quote is not None and quote.amount is not None and not costs.free(quote):
        costs.consent(job, quote)


def _settled(entry: Entry, quote: Quote) -> bool:
    """Say whether there is nothing to agree to (any more)."""
    return costs.free(quote) or (entry.job is not None and costs.consented(entry.job, quote))


def kept(entry: Entry, index: Index) -> bool:
    """Say whether an earlier job answers an order; its plan has a ``source_key``."""
    found = index.result(entry.plan.result_key(entry.request))
    return found is not None or index.answer(entry.plan.answer_key()) is not None


def check(
    entries: Sequence[Entry], total: Bill, *, agreed: bool = False, max_total: int | None = None
) -> None:
    """Hold what all of it costs against what the account has and what the user allowed.

    Parameters
    ----------
    agreed
        True when the user agreed to the cost, whatever it is.
    max_total
        What all of it may cost; also where ``agreed``.

    Raises
    ------
    LimitError
        When the account doesn't have so many credits, or so many attempts for regions in parts.
    DecisionNeededError
        When the user has to agree first.
    """
    if total.credits and total.left is not None and total.credits > total.left:
        raise LimitError(
            f"All of it costs {total.credits} credits, and the account has {total.left}.",
            hint="Separate less at a time, or buy credits on mvsep.com. Nothing was sent.",
        )
    if total.parts and total.left is not None and total.attempts > total.left:
        raise LimitError(
            f"All of it takes {total.attempts} attempts, and {total.left} are left today.",
            hint="Separate less at a time, or try again when more are left. Nothing was sent.",
        )
    dear = [
        place for place, quote in total.quotes.items() if quote.amount and not _settled(entries[place], quote)
    ]
    limits = [entries[place].request.max_credits for place in dear]
    above = max_total is not None and (total.credits > max_total or total.unpriced > 0)
    dearer = any(
        most is not None and not costs.within(total.quotes[place], most)
        for place, most in zip(dear, limits, strict=True)
    )
    allowed = agreed or (not dearer and (max_total is not None or None not in limits))
    if not above and (not dear or allowed):
        return
    raise DecisionNeededError(
        total.words(),
        hint="Agree to it, or allow it in advance with --yes, --max-total or --max-credits.",
        choices=[("agree", "Separate them"), ("decline", "Don't separate")],
        context={"id": f"total-{total.credits}"},
    )
