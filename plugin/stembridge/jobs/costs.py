"""What a job's order costs: the user's word for it before, and the fact of it afterwards."""

from __future__ import annotations

from typing import Any

from stembridge.engines.base import Quote, RemoteEngine
from stembridge.jobs import disk
from stembridge.jobs.plan import Plan
from stembridge.jobs.store import Job
from stembridge.jobs.work import Work
from stembridge.model.errors import Cancelled, DecisionNeededError, LimitError, StoreError

CREDITS = "credits"
LONGEST = "longest"
"""Key in a refusal's context: seconds that the order may hold, where it holds too many; else None."""


def agree(one: Work, engine: RemoteEngine, planned: Plan) -> Quote:
    """Give what the order costs; raise a question, or a refusal, unless the user allowed that."""
    quote = engine.quote(planned.region, planned.recipe)
    if quote.limits:
        raise LimitError(quote.limits[0], hint=" ".join(quote.limits[1:]), context={LONGEST: quote.longest})
    if free(quote) or within(quote, one.request.max_credits):
        return quote
    choice = one.answer(question(quote))
    if choice == "agree":
        return quote
    if choice == "decline":
        raise Cancelled("You declined the cost; nothing was ordered.")
    price = "an unknown number of" if quote.amount is None else str(quote.amount)
    unit = quote.unit.removesuffix("s") if quote.amount == 1 else quote.unit
    left = "" if quote.left is None else f" You have {quote.left}."
    raise DecisionNeededError(
        f"This separation costs {price} {unit}.{left}",
        hint="Agree to it, or allow it in advance with --yes or --max-credits.",
        choices=[("agree", f"Spend {price} {unit}"), ("decline", "Don't separate")],
        context={"id": question(quote)},
    )


def part_frames(longest: int, rate: int) -> int:
    """Give how many frames a part may have where an order may hold so many seconds.

    A two-hundredth is kept back: a service counts what it decodes, at its own rate.
    """
    return longest * rate * 199 // 200


def free(quote: Quote) -> bool:
    """Say whether an order costs no money."""
    return quote.amount == 0 or quote.unit != CREDITS


def within(quote: Quote, most: int | None) -> bool:
    """Say whether an order costs no more than somebody allowed; an unknown price is no such order."""
    return most is not None and quote.amount is not None and quote.amount <= most


def consent(job: Job, quote: Quote) -> None:
    """Write down that the user agreed to this very cost, before the job asks; it outlives a kill."""
    disk.write_json(job.answer_file, {"id": question(quote), "choice": "agree"})


def consented(job: Job, quote: Quote) -> bool:
    """Say whether the user agreed to this very cost before."""
    try:
        return disk.read_json(job.answer_file) == {"id": question(quote), "choice": "agree"}
    except (FileNotFoundError, StoreError):
        return False


def allowance(job: Job) -> int:
    """Give how many credits the user agreed to before, whatever they were for; 0 where to none."""
    try:
        answer = disk.read_json(job.answer_file)
    except (FileNotFoundError, StoreError):
        return 0
    amount = str(answer.get("id")).removeprefix("cost-").removesuffix(f"-{CREDITS}")
    return int(amount) if answer.get("choice") == "agree" and amount.isdecimal() else 0


def record(quote: Quote) -> dict[str, Any]:
    """Give what an order's intent remembers of its price."""
    return {"amount": quote.amount, "unit": quote.unit}


def ordered(job: Job) -> Quote | None:
    """Give what a job's own orders cost, those of its steps counted in.

    None where it made none: it was reused, adopted, or separated here. The amount is None where a price isn't
    known.
    """
    if job.family_json.exists():
        return _sum([found for child in job.children() if (found := ordered(child)) is not None])
    try:
        facts = disk.read_json(job.remote_json)
    except (FileNotFoundError, StoreError):
        return None
    if not facts.get("ticket") or not facts.get("upload_name"):
        return None
    price = facts.get("quote")
    if not isinstance(price, dict):  # an order from before prices were kept
        return Quote(None, CREDITS)
    return Quote(price.get("amount"), str(price.get("unit")))


def _sum(found: list[Quote]) -> Quote | None:
    if not found:
        return None
    amounts = [quote.amount for quote in found if quote.amount is not None]
    # An account may change from one unit to the other meanwhile; then there is no one sum.
    plain = len(amounts) == len(found) and len({quote.unit for quote in found}) == 1
    return Quote(sum(amounts) if plain else None, found[0].unit)


def question(quote: Quote) -> str:
    """Give the id of the question whether somebody agrees to a price: another price is another question."""
    return f"cost-{quote.amount}-{quote.unit}"
