"""What an order costs, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stembridge.engines.base import Quote, Recipe
from stembridge.engines.mvsep.prepare import check_channels
from stembridge.model.regions import Region
from stembridge.mvsep.algorithm import Algorithm
from stembridge.mvsep.client import Client
from stembridge.mvsep.plans import FREE, PREMIUM, Plan, find_output_format
from stembridge.mvsep.replies_site import Account, Queue

AUTO = "auto"
MIRROR_CREDITS = 1
_PREMIUM_ON = "Get credits on mvsep.com and let them be spent with `stembridge account premium on`"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as the service sees it now.

    ``credits`` are what it has, ``attempts`` what a free account has left today, None where not said.
    """

    plan: Plan
    credits: int
    attempts: int | None


def standing(client: Client) -> Standing:
    """Ask the service for the account and the queue, once each.

    Raises
    ------
    StembridgeError
        `KeyNeededError` for a bad key, `UnavailableError` when there is no answer.
    """
    account = client.user()
    queue = client.queue()
    return Standing(_plan(account, queue), account.premium_minutes, queue.free_left)


def _plan(account: Account, queue: Queue) -> Plan:
    """Take the service's own word for the plan; else go by the credits and the leave to spend them."""
    if queue.plan:
        return PREMIUM if "premium" in queue.plan.casefold() else FREE
    return PREMIUM if account.premium_enabled and account.premium_minutes > 0 else FREE


def output_format(service: Mapping[str, str], plan: Plan) -> int:
    """Give the number of the format to ask for: what the order says, else the best lossless one."""
    wanted = service.get("format", AUTO)
    if wanted and wanted.casefold() != AUTO:
        return find_output_format(wanted).number
    return 5 if plan is PREMIUM else 2


def quote(region: Region | None, recipe: Recipe, algorithm: Algorithm, account: Standing) -> Quote:
    """Say what an order costs an account.

    Returns
    -------
    Quote
        In credits where they may be spent, else an attempt of the day. ``limits`` come in pairs: what
        stands against the order, and what to do about it; its length, where it is too long, first.

    Raises
    ------
    InputError
        ``channels``.
    """
    if region is not None:
        check_channels(region.channels, algorithm.sep_type)
    premium = account.plan is PREMIUM
    amount, left = 1, account.attempts
    price: int | None = amount
    if premium:
        price, left = _credits(region, recipe, algorithm), account.credits
    too_long = _length_limits(region, account.plan)
    limits = [
        *too_long,
        *_plan_limits(algorithm, recipe, account.plan),
        *_funds_limits(price, account, premium=premium),
    ]
    longest = account.plan.minutes * 60 if too_long else None
    return Quote(price, "credits" if premium else "attempts", left, tuple(limits), longest)


def _credits(region: Region | None, recipe: Recipe, algorithm: Algorithm) -> int | None:
    """Give the price in credits; None where the length or the price isn't known."""
    seconds = None if region is None else region.seconds
    if not algorithm.upload:
        # What is made has the length that the order asks for.
        seconds = _number(recipe.options.get("add_opt2", ""))
    price = None if seconds is None else algorithm.credits(seconds, recipe.options)
    if price is None:
        return None
    return price + MIRROR_CREDITS * (recipe.service.get("mirror") == "1")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plan_limits(algorithm: Algorithm, recipe: Recipe, plan: Plan) -> list[str]:
    limits: list[str] = []
    if not algorithm.active:
        limits += [
            f"MVSEP takes no orders for '{algorithm.name}' at the moment.",
            "Choose another type: `stembridge models` lists them.",
        ]
    if plan is PREMIUM:
        return limits
    if algorithm.plan == 2:
        limits += [
            f"'{algorithm.name}' is for premium accounts, and yours is on the free plan.",
            f"{_PREMIUM_ON}, or choose a type for everybody.",
        ]
    wanted = recipe.service.get("format", AUTO)
    if wanted.casefold() != AUTO and find_output_format(wanted).premium:
        limits += [
            f"The format {find_output_format(wanted).text} is for premium accounts.",
            "Leave --service-format out, or ask for 2 (flac, 16 bit).",
        ]
    if recipe.service.get("mirror") == "1":
        limits += [
            "The mirror costs 1 credit, and your account may not spend any.",
            f"Leave --mirror out. Or: {_PREMIUM_ON}.",
        ]
    return limits


def _length_limits(region: Region | None, plan: Plan) -> list[str]:
    if region is None or region.seconds <= plan.minutes * 60:
        return []
    other = f", or: {_PREMIUM_ON} ({PREMIUM.minutes} minutes)" if plan is FREE else ""
    length, most = f"{region.seconds / 60:.1f} minutes", f"{plan.minutes} minutes"
    return [
        f"The region is {length} long, and your plan ({plan.name}) allows {most}.",
        f"Choose a shorter region{other}.",
    ]


def _funds_limits(price: int | None, account: Standing, *, premium: bool) -> list[str]:
    if premium and price is not None and price > account.credits:
        return [
            f"This costs {price} credits, and the account has {account.credits}.",
            "Buy credits on mvsep.com, or choose a shorter region or a type that costs less.",
        ]
    if not premium and account.attempts is not None and account.attempts <= 0:
        return [
            "The free separations of today are used up.",
            f"The count runs over 24 hours: try again later. Or: {_PREMIUM_ON}.",
        ]
    return []
