"""What a family keeps and says: who its steps are, what was agreed on, whose words are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stembridge.bridge.batch import Bill
from stembridge.engines.base import Quote
from stembridge.jobs import costs, disk
from stembridge.jobs.clock import Clock
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.reuse import Index
from stembridge.jobs.store import Job, child_id, let_go
from stembridge.jobs.work import Work
from stembridge.model.errors import (
    Cancelled,
    DecisionNeededError,
    LimitError,
    StembridgeError,
    StoreError,
)

HOST = "family"
"""Who asks for a step: no host, so that none takes it for a job of its own."""


@dataclass(frozen=True, slots=True)
class Child:
    """A step as `family.json` has it.

    Attributes
    ----------
    number
        Its place, from 1.
    job
        Its job's id.
    quote
        The price that was agreed to; None where there was nothing to agree to.
    """

    number: int
    path: str
    title: str
    job: str
    quote: Quote | None

    def consent(self, job: Job) -> None:
        """Write beside a step's new job that its price was agreed to."""
        if self.quote is not None:
            costs.consent(job, self.quote)


def read(parent: Job) -> list[Child] | None:
    """Give the steps that were planned; None where nothing was yet."""
    try:
        rows = disk.read_json(parent.family_json)["steps"]
        return [
            Child(
                number,
                row["path"],
                row["title"],
                row["job"],
                None if row["quote"] is None else Quote(row["quote"]["amount"], row["quote"]["unit"]),
            )
            for number, row in enumerate(rows, 1)
        ]
    except FileNotFoundError:
        return None
    except (KeyError, TypeError) as error:
        raise disk.corrupt(parent.family_json, "fields are missing") from error


def write(parent: Job, steps: Sequence[tuple[str, str]], agreed: Mapping[int, Quote]) -> list[Child]:
    """Write the steps (path and title) down, with the prices that were agreed to by their place from 0."""
    children = [
        Child(place + 1, path, title, child_id(parent, place + 1), agreed.get(place))
        for place, (path, title) in enumerate(steps)
    ]
    rows = [
        {
            "path": child.path,
            "title": child.title,
            "job": child.job,
            "quote": None if child.quote is None else costs.record(child.quote),
        }
        for child in children
    ]
    disk.write_json(parent.family_json, {"steps": rows})
    return children


def agree(one: Work, bill: Bill, *, steps_of: int, noun: str) -> dict[int, Quote]:
    """Have the user agree to what all steps cost; give the prices that need each step's consent.

    Raises
    ------
    LimitError
        When the account doesn't have so much.
    DecisionNeededError
        When the user has to agree first.
    Cancelled
        When the user declined.
    """
    for amount, unit in ((bill.credits, costs.CREDITS), (bill.attempts, "attempts")):
        if amount and bill.left is not None and amount > bill.left:
            raise LimitError(
                f"{noun} takes {amount_words(amount, unit)}, and the account has {bill.left}.",
                hint="Ask for less of it, or wait until the account has enough. Nothing was sent.",
            )
    dear = {
        place: quote
        for place, quote in bill.quotes.items()
        if quote.amount is not None and not costs.free(quote)
    }
    total = Quote(bill.credits, costs.CREDITS, bill.left)
    if not dear or costs.within(total, one.request.max_credits):
        return dear
    question = costs.question(total)
    choice = one.answer(question)
    if choice == "agree":
        return dear
    if choice == "decline":
        raise Cancelled("You declined the cost; nothing was ordered.")
    raise DecisionNeededError(
        words(bill, steps_of=steps_of, noun=noun),
        hint="Agree to it, or allow it in advance with --yes or --max-credits.",
        choices=[
            ("agree", f"Spend {amount_words(bill.credits, costs.CREDITS)}"),
            ("decline", "Don't separate"),
        ],
        context={"id": question},
    )


def words(bill: Bill, *, steps_of: int, noun: str) -> str:
    """Say what is about to be ordered, as in "This chain makes 4 separations for 12 credits in all."."""
    count = len(bill.quotes)
    many = f"{count} separation{'' if count == 1 else 's'}"
    unit, amount = ("attempts", bill.attempts) if bill.attempts else (costs.CREDITS, bill.credits)
    text = f"{noun} makes {many} for {amount_words(amount, unit)} in all."
    if count < steps_of:
        others = steps_of - count
        text += f" {others} more step{' costs' if others == 1 else 's cost'} nothing."
    if bill.unpriced:
        text += f" The price of {bill.unpriced} of them isn't known: that is asked for by itself."
    return text if bill.left is None else f"{text} You have {bill.left}."


def amount_words(amount: int, unit: str) -> str:
    return f"{amount} {unit.removesuffix('s') if amount == 1 else unit}"


def refused(title: str, quote: Quote) -> LimitError:
    """Say that the service would refuse a step; nothing was sent."""
    hint = " ".join(quote.limits[1:])
    if quote.longest is not None:
        hint += " Or let it be separated in parts, with --parts."
    return LimitError(f"{title}: {quote.limits[0]}", hint=hint)


def hand_down(parent: Job, children: Sequence[Child], clock: Clock) -> None:
    """Give the answer to a step's question to that step, and let steps that were cancelled go on."""
    try:
        answer = disk.read_json(parent.answer_file)
    except (FileNotFoundError, StoreError):
        answer = {}
    whose, _, question = str(answer.get("id", "")).partition(":")
    for child in children:
        job = Job(parent.folder.with_name(child.job))
        if not job.folder.is_dir():
            continue
        if whose == child.job and question:
            disk.write_json(job.answer_file, {"id": question, "choice": answer.get("choice")})
        if let_go(job, clock):
            disk.remove(job.cancel_file)


def named(error: StembridgeError, child: Child, parent: Job) -> StembridgeError:
    """Give a step's error as its parent tells it: with the step's title, and with the parent's id."""
    error.message = f"{child.title}: {error.message}".replace(child.job, parent.id)
    error.hint = error.hint.replace(child.job, parent.id)
    error.args = (error.message,)
    if isinstance(error, DecisionNeededError):
        error.context = {**error.context, "id": f"{child.job}:{error.context.get('id', error.code)}"}
    return error


def step_request(request: SeparateRequest, parent: Job) -> SeparateRequest:
    """Make a request that of a step: nobody's but its parent's, and delivered nowhere."""
    return replace(request, parent=parent.id, host=HOST, host_context=None, deliver_to=None, max_credits=None)


def remember(index: Index, memory: str, job: Job) -> None:
    """Keep which job has a step's answer: the step's own, or the one that it was answered from."""
    seen = {job.id}
    while not job.separation_json.exists():
        earlier = (job.result() or {}).get("reused_from")
        if not earlier or earlier in seen:
            return
        seen.add(earlier)
        job = Job(job.folder.with_name(str(earlier)))
    index.remember(memory, job)
