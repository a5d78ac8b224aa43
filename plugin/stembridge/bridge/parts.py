"""Parts: a region that is longer than the account's plan takes, separated in parts and joined again.

Every separation comes here, and most are simply carried on. Where the service would take the region but
for its length, the user is asked (the question `too_long`, unless the request says ``parts``): into how many
parts it would be cut, and what all of them cost. Then the parts are jobs of their own (see `family`), each
with some seconds of its neighbours; their stems are joined where it is quiet (`stembridge.audio.joints`,
`joining`), and what came of that is the parent's answer, as if an engine had given it: it is aligned, held
against the region, and delivered as any other.

``parts.json`` holds the scheme: where it is cut, and whether the user agreed to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from stembridge.bridge import family, household
from stembridge.bridge.batch import Bill, gives_stems
from stembridge.bridge.family import Step
from stembridge.bridge.kinds import Task
from stembridge.engines import registry
from stembridge.engines.base import Engine, Quote
from stembridge.jobs import costs, disk, plan, runner
from stembridge.jobs.plan import Plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job
from stembridge.jobs.work import Work
from stembridge.model.errors import Cancelled, DecisionNeededError, InputError, LimitError
from stembridge.model.regions import Region
from stembridge.model.states import State

if TYPE_CHECKING:
    from stembridge.audio.joints import Cutting, Piece
    from stembridge.audio.render import RegionFile

FILE = "parts.json"
PARTS, DECLINE = "parts", "decline"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a region is cut, as ``parts.json`` has it.

    Attributes
    ----------
    longest
        Seconds that the plan took when this was made.
    sha256
        Of the region's samples.
    samples
        Of every part's samples, the hash.
    agreed
        True once the user wished it so.
    """

    longest: int
    sha256: str
    cutting: Cutting
    samples: tuple[str, ...]
    agreed: bool = False


def carry_on(task: Task) -> None:
    """Carry a separation on: as any, or in parts where the user wishes that.

    Raises
    ------
    LimitError
        When the plan doesn't take it, nor its parts, or the account hasn't enough for them.
    DecisionNeededError
        ``too_long``: it could be separated in parts.
    StembridgeError, Cancelled
        Whatever else ends the job without a result.
    """
    scheme = _read(task.job)
    in_parts = scheme is not None and scheme.agreed and not task.job.separation_json.exists()
    refusal = None if in_parts else _plainly(task)
    if refusal is not None:
        scheme = _agreed(task, refusal, scheme)
    if scheme is not None and (in_parts or refusal is not None):
        _in_parts(task, scheme)


def _plainly(task: Task) -> LimitError | None:
    """Carry it on as a whole; give the refusal where only parts of it would do."""
    try:
        runner.carry_on(
            task.job,
            task.log,
            home=task.tools.home,
            engines=task.engines(_request(task).background),
            default_engine=task.tools.default_engine,
            clock=task.tools.clock,
            interrupted=task.interrupted,
        )
    except LimitError as refusal:
        if refusal.context.get(costs.LONGEST) is None:
            raise
        return refusal
    return None


def _agreed(task: Task, refusal: LimitError, known: Scheme | None) -> Scheme:
    """Give the scheme that the user agreed to; ask, where there is no answer yet.

    A step of another family asks nothing: where its own parts are wished, its parent priced them.
    """
    request, engine = _request(task), _engine(task)
    one = family.work(task, engine)
    planned, region = runner.read_plan(task.job)
    longest = refusal.context[costs.LONGEST]
    asks = request.parts or request.parent is None
    if region is None or not asks or not gives_stems(engine, planned.recipe):
        raise refusal
    if not isinstance(longest, int):
        raise TypeError(longest)
    scheme = known
    if scheme is None or (scheme.longest, scheme.sha256) != (longest, region.sha256):
        scheme = _cut(one, region, longest)
        _write(task.job, scheme)
    try:
        bill = family.bill(one, _steps(one, planned, region, scheme))
    except LimitError:  # not its length alone stands against it
        raise refusal from None
    _afford(bill, refusal, scheme, region)
    if not request.parts:
        _ask(one, bill, refusal, len(scheme.cutting.parts))
    if bill.credits and (not request.parts or bill.credits <= costs.allowance(one.job)):
        costs.consent(one.job, Quote(bill.credits, costs.CREDITS))
    scheme = replace(scheme, agreed=True)
    _write(task.job, scheme)
    return scheme


def _afford(bill: Bill, refusal: LimitError, scheme: Scheme, region: RegionFile) -> None:
    """Refuse what takes more than the account has left."""
    if bill.left is None or max(bill.credits, bill.attempts) <= bill.left:
        return
    from stembridge.audio import joints

    number = len(scheme.cutting.parts)
    if bill.credits:
        raise LimitError(
            f"{refusal.message} In {number} parts it costs {_price(bill)}, and the account has {bill.left}.",
            hint="Buy credits on mvsep.com, or choose a shorter region. Nothing was sent.",
        )
    longest = costs.part_frames(scheme.longest, region.rate)
    fits = joints.reach(bill.left, region.rate, longest) / region.rate / 60
    raise LimitError(
        f"{refusal.message} In {number} parts it takes {_price(bill)}, and {bill.left} "
        f"{'is' if bill.left == 1 else 'are'} left today.",
        hint=f"Choose a region of up to {int(fits)} minutes, or try again when more are left (the count runs "
        "over 24 hours). Nothing was sent.",
    )


def _ask(one: Work, bill: Bill, refusal: LimitError, number: int) -> None:
    """Pass where the user chose parts at this price; raise the question otherwise."""
    price = _price(bill)
    question = f"too_long-{number}-{price.replace(' ', '-')}"
    choice = one.answer(question)
    if choice == PARTS:
        return
    if choice == DECLINE:
        raise Cancelled("You declined to separate it in parts; nothing was ordered.")
    done = number - len(bill.quotes)
    kept = "" if not done else f" ({done} of them {'is' if done == 1 else 'are'} there already)"
    unpriced = "" if not bill.unpriced else " The price of some of them isn't known."
    left = "" if bill.left is None else f" You have {bill.left}."
    raise DecisionNeededError(
        f"{refusal.message} In {number} parts{kept} it takes {price} in all.{unpriced}{left}",
        code="too_long",
        hint=f"The parts overlap, and are joined where it is quiet. {refusal.hint}",
        choices=[(PARTS, f"Separate it in {number} parts, for {price}"), (DECLINE, "Don't separate")],
        context={"id": question, "credits": bill.credits},
    )


def _price(bill: Bill) -> str:
    amount, unit = (bill.attempts, "attempts") if bill.attempts else (bill.credits, costs.CREDITS)
    return household.amount_words(amount, unit)


def _cut(one: Work, region: RegionFile, longest: int) -> Scheme:
    from stembridge.audio import joints, spans

    cutting = joints.cut(region, costs.part_frames(longest, region.rate), cancelled=one.cancelled)
    told = one.frames("cut")
    digests = []
    for part in cutting.parts:
        one.stop_if_cancelled()
        digests.append(spans.digest(region.path, part))
        told(part.end, region.frames)
    return Scheme(longest, region.sha256, cutting, tuple(digests))


def _in_parts(task: Task, scheme: Scheme) -> None:
    """Have every part separated, and join what came of them."""
    from stembridge.bridge import reunion
    from stembridge.jobs import finishing

    one = family.work(task, _engine(task))
    opened = family.opened(one, task, lambda: plan.check(one.request, one.engine, one.job))
    if opened is None:
        return
    planned, region = opened
    if region.sha256 != scheme.sha256:
        raise InputError(
            "The source changed after it was cut into parts.",
            code="source_changed",
            hint="Put the file back as it was, or separate it once more.",
        )
    steps = _steps(one, planned, region, scheme)
    started = one.clock.monotonic()
    jobs = family.run(one, task, steps, noun=f"Separating it in {len(steps)} parts")
    one.seconds["separate"] = one.clock.monotonic() - started
    reunion.join(one, region, scheme.cutting, [jobs[step.path] for step in steps])
    one.enter(State.ALIGNING)
    finishing.finish(one, planned, region)
    disk.remove(one.job.answer_folder)  # the parts keep what was paid for


def _steps(one: Work, planned: Plan, region: RegionFile, scheme: Scheme) -> list[Step]:
    steps = []
    number = len(scheme.cutting.parts)
    for place, (part, digest) in enumerate(zip(scheme.cutting.parts, scheme.samples, strict=True), 1):
        name = f"{planned.name} part {place}"
        request = SeparateRequest(
            source=None,
            input=True,
            name=name,
            engine=one.engine.name,
            model=planned.recipe.model,
            options=dict(planned.recipe.options),
            again=one.request.again,
            service=dict(planned.recipe.service),
            background=one.request.background,
        )
        key = f"samples:{digest}:{region.rate}:{region.channels}"
        span = Region("", 0, part.frames, region.rate, region.channels)
        steps.append(
            Step(
                str(place),
                f"Part {place} of {number}",
                one.engine,
                Plan(span, name, planned.recipe, planned.recipe.stems, key, {}),
                request,
                prepare=_hand_out(region, part),
            )
        )
    return steps


def _hand_out(region: RegionFile, part: Piece) -> Callable[[Job, Mapping[str, Job]], None]:
    def prepare(job: Job, _done: Mapping[str, Job]) -> None:
        from stembridge.audio.spans import extract

        extract(region.path, part, job.input_file)

    return prepare


def _request(task: Task) -> SeparateRequest:
    if not isinstance(task.request, SeparateRequest):
        raise TypeError(task.request)
    return task.request


def _engine(task: Task) -> Engine:
    request = _request(task)
    return registry.choose(
        task.engines(request.background), task.tools.default_engine, request.engine, request.model
    )


def _read(job: Job) -> Scheme | None:
    from stembridge.audio.joints import Cutting, Piece

    try:
        facts = disk.read_json(job.folder / FILE)
        return Scheme(
            facts["longest"],
            facts["sha256"],
            Cutting(
                tuple(Piece(**part) for part in facts["parts"]),
                tuple(Piece(**fade) for fade in facts["fades"]),
            ),
            tuple(facts["samples"]),
            bool(facts["agreed"]),
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError) as error:
        raise disk.corrupt(job.folder / FILE, "fields are missing") from error


def _write(job: Job, scheme: Scheme) -> None:
    document = {
        "longest": scheme.longest,
        "sha256": scheme.sha256,
        "parts": [asdict(part) for part in scheme.cutting.parts],
        "fades": [asdict(fade) for fade in scheme.cutting.fades],
        "samples": list(scheme.samples),
        "agreed": scheme.agreed,
    }
    disk.write_json(job.folder / FILE, document)
