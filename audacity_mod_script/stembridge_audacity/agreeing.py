"""One agreement on what several separations cost together, before any of them is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stembridge.bridge.hosting import Host, SeparateRequest
from stembridge.model.errors import DecisionNeededError, LimitError
from stembridge_audacity import shelf
from stembridge_audacity.choices import Choice
from stembridge_audacity.editor import Origin

CREDITS = "credits"
AGREE, DECLINE = "agree", "decline"
CHOICES = ((AGREE, "Separate them"), (DECLINE, "Don't separate"))
_ORDERS, _SPANS = 8, 16
"""What one question to the core may hold."""

Want = tuple[SeparateRequest, Origin]


@dataclass(frozen=True, slots=True)
class Price:
    """What one separation costs; the amount is None where that isn't known before its order.

    ``parts`` is in how many parts it has to be done because it is too long for the plan; else 0.
    """

    amount: int | None
    unit: str = CREDITS
    left: int | None = None
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Total:
    """What several separations cost.

    Attributes
    ----------
    prices
        Of each; None of one that will be refused, and costs nothing.
    """

    prices: tuple[Price | None, ...]

    @property
    def credits(self) -> int:
        """The sum of the known prices."""
        return sum(price.amount or 0 for price in self.prices if price and price.unit == CREDITS)

    @property
    def attempts(self) -> int:
        """How many of a free account's attempts it takes."""
        return sum(price.amount or 0 for price in self.prices if price and price.unit != CREDITS)

    @property
    def left(self) -> int | None:
        """What the account has; None where that isn't known."""
        return min((p.left for p in self.prices if p and p.left is not None), default=None)

    def to_list(self) -> list[Any]:
        """Give plain JSON values."""
        return [price and [price.amount, price.unit, price.left, price.parts] for price in self.prices]

    @classmethod
    def from_list(cls, rows: Sequence[Any]) -> Total:
        """Read what `to_list` gave."""
        return cls(tuple(None if row is None else Price(*row) for row in rows))

    def words(self) -> str:
        """Say it in a sentence; empty where nothing has a price."""
        dear = [price for price in self.prices if price and price.amount != 0]
        if not dear:
            return ""
        attempts = self.attempts
        unit, amount = ("attempt", attempts) if attempts else ("credit", self.credits)
        verb = "is" if len(dear) == 1 else "are"
        text = f"{len(dear)} separation{'' if len(dear) == 1 else 's'} {verb} to be ordered, for {amount} "
        text += f"{unit}{'' if amount == 1 else 's'} in all."
        unpriced = sum(price.amount is None for price in dear)
        if unpriced:
            text += f" {unpriced} of them will ask for {'its' if unpriced == 1 else 'their'} own cost."
        longer = [price.parts for price in dear if price.parts]
        if longer:
            verb = "is" if len(longer) == 1 else "are"
            text += f" {len(longer)} of them {verb} longer than your plan takes, and will be made in parts ("
            text += f"{sum(longer)} in all) that are joined again."
        return text if self.left is None else f"{text} You have {self.left}."

    def check(self, *, max_credits: int | None = None, parts: bool = False) -> None:
        """Ask for an agreement, unless there is nothing to agree to.

        Parameters
        ----------
        max_credits
            What each may cost without asking.
        parts
            True when what is too long may be made in parts without asking.

        Raises
        ------
        LimitError
            When the account doesn't have so many credits, or so many attempts for what is too long.
        DecisionNeededError
            When the user has to agree first.
        """
        if self.credits and self.left is not None and self.credits > self.left:
            raise LimitError(
                f"All of it costs {self.credits} credits, and the account has {self.left}.",
                hint="Separate less at a time, or buy credits on mvsep.com. Nothing was sent.",
            )
        longer = any(price and price.parts for price in self.prices)
        if longer and self.left is not None and self.attempts > self.left:
            raise LimitError(
                f"All of it takes {self.attempts} attempts, and {self.left} are left today.",
                hint="Separate less at a time, or try again when more are left. Nothing was sent.",
            )
        dear = [p.amount for p in self.prices if p and p.amount and p.unit == CREDITS]
        if (parts or not longer) and (not dear or (max_credits is not None and max(dear) <= max_credits)):
            return
        raise DecisionNeededError(
            self.words(),
            hint="Agree to it, or allow it in advance with --yes or --max-credits.",
            choices=list(CHOICES),
        )

    def agreed(self, place: int, order: SeparateRequest) -> SeparateRequest:
        """Give an order that doesn't ask again for what was agreed to; a price that rises meanwhile does."""
        price = self.prices[place]
        if price is None:
            return order
        order = replace(order, parts=order.parts or bool(price.parts))
        if not price.amount or price.unit != CREDITS:
            return order
        return replace(order, max_credits=max(price.amount, order.max_credits or 0))


def total(host: Host, wants: Sequence[Want]) -> Total:
    """Ask the core what separations cost; a chain costs what its steps do.

    Raises
    ------
    StembridgeError
        When the service can't be asked. Nothing was made or sent.
    """
    needed = [(_orders(host, order), _span(origin)) for order, origin in wants]
    rows = _asked(host, needed)
    return Total(
        tuple(
            _sum([rows[repr(one), repr(span)] for one in orders], chain=order.chain is not None)
            for (order, _), (orders, span) in zip(wants, needed, strict=True)
        )
    )


def _orders(host: Host, order: SeparateRequest) -> list[dict[str, Any]]:
    """Give what has to be priced for an order: nothing for what this machine does."""
    default = host.default_engine
    if isinstance(order.chain, str):
        found = []
        for step in shelf.find(host.home, order.chain).steps:
            choice = Choice(step["preset"], step["engine"], step["model"], step["options"])
            found += _orders(host, choice.wish(default, host.home).order)
        return found
    # A model by its name alone may be any engine's.
    at_home = (order.engine or (default if order.model is None else None)) == "offline"
    return [] if at_home else [{"engine": order.engine, "model": order.model, "options": dict(order.options)}]


def _sum(rows: Sequence[Mapping[str, Any]], *, chain: bool) -> Price | None:
    """Give the price of an order, or of a chain's steps: what is too long in there isn't done in parts."""
    if any(row["limits"] and (chain or not row["parts"]) for row in rows):
        return None
    amounts = [row["amount"] for row in rows]
    unit = next((str(row["unit"]) for row in rows if row["amount"]), CREDITS)
    left = min((row["left"] for row in rows if row["left"] is not None), default=None)
    parts = sum(row["parts"] or 0 for row in rows)
    return Price(None if None in amounts else sum(amounts), unit, left, parts)


def _span(origin: Origin) -> dict[str, int]:
    return {
        "frames": origin.frames,
        "rate": origin.rate,
        "channels": max(track.channels for track in origin.tracks),
    }


def _asked(
    host: Host, needed: Sequence[tuple[list[dict[str, Any]], dict[str, int]]]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Price every order for every length, each once, by their words."""
    orders = list({repr(order): order for some, _ in needed for order in some}.values())
    spans = list({repr(span): span for some, span in needed if some}.values())
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for some in _pieces(orders, _ORDERS):
        for few in _pieces(spans, _SPANS):
            rows = host.ask("quote", {"orders": some, "spans": few})
            places = [(repr(order), repr(span)) for order in some for span in few]
            found.update(zip(places, rows, strict=True))
    return found


def _pieces(rows: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [rows[first : first + size] for first in range(0, len(rows), size)]
