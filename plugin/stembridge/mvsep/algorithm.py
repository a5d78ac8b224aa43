"""A separation type: its fields, what it gives, what it costs. Values, and the rules between them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.stems import ResultKind
from stembridge.mvsep.labels import stem_id

_FIGURE = re.compile(
    r"(?:(?P<before>SDR(?: (?P<stem>[a-z ]+?))?|Fullness)(?P<gap>:? ))(?P<value>\d{1,2}\.\d{1,2})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a field: its key as the service wants it, and its label."""

    key: str
    label: str

    @property
    def figures(self) -> dict[str, float]:
        """Quality figures in the label: SDR in dB by stem id ("" where no stem is named), "fullness"."""
        found: dict[str, float] = {}
        for match in _FIGURE.finditer(self.label):
            if match["before"].lower() == "fullness":
                found["fullness"] = float(match["value"])
            else:
                stem = (match["stem"] or "").strip().lower()
                name = stem if stem in {"average", "avg", ""} else stem_id(stem)
                found["average" if name == "avg" else name] = float(match["value"])
        return found


@dataclass(frozen=True, slots=True)
class PriceRule:
    """With this option the price is multiplied."""

    option: str
    multiplier: float


@dataclass(frozen=True, slots=True)
class Condition:
    """When a field counts: another field (by the service's id) has one of these values."""

    field_id: str
    values: tuple[str, ...]
    show: bool


@dataclass(frozen=True, slots=True)
class AlgorithmField:
    """An option field.

    Attributes
    ----------
    name
        ``add_opt1`` and so on: what is sent. Never guessed from its position.
    text
        What it is called.
    kind
        ``select`` or ``text``.
    options
        In the service's order; empty for ``text``.
    default
        Key of the default; None where leaving the field out is the default.
    id, alias
        The service's own id of the field, and another name for it; mostly empty.
    required
        True when the service wants it to be sent.
    """

    name: str
    text: str
    kind: str
    options: tuple[Option, ...] = ()
    default: str | None = None
    id: str = ""
    alias: str = ""
    required: bool = False
    price_rules: tuple[PriceRule, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def key_of(self, value: str) -> str:
        """Give the key for a key or a label; `UnknownNameError` with the nearest names."""
        if self.kind == "text":
            return value
        wanted = " ".join(value.split()).casefold()
        for option in self.options:
            if wanted == option.key.casefold():
                return option.key
        for option in self.options:
            if wanted == " ".join(option.label.split()).casefold():
                return option.key
        numeric = _numeric(wanted)
        for option in self.options:
            if numeric is not None and numeric == _numeric(option.key):
                return option.key
        names = [option.label for option in self.options]
        raise UnknownNameError(f"value of '{self.text}'", value, [*names, *(o.key for o in self.options)])


@dataclass(frozen=True, slots=True)
class Promise:
    """With these options (all of them), these stems."""

    options: Mapping[str, str]
    stems: tuple[str, ...]


@dataclass(frozen=True)
class Algorithm:
    """A separation type.

    Attributes
    ----------
    sep_type
        The number that an order names.
    name
        The service's name, typos and all.
    fields
        Option fields.
    stems
        Stem ids that it gives by default; empty where only the result tells.
    promises
        Options that change them.
    kind
        What its results are.
    group, group_id
        Where the service lists it; empty and None in the built-in list.
    plan
        Who may use it: 0 everybody, 1 registered users, 2 premium users; None where not known.
    price
        Credits a minute, None where not known.
    active
        False when the service doesn't take orders for it at the moment.
    usage, rating, votes
        Orders of the month, average rating, number of ratings; None where not known.
    order
        The service's own place for it in the list.
    summary
        A sentence or two about it, from the service.
    upload
        False when it takes no audio.
    """

    sep_type: int
    name: str
    fields: tuple[AlgorithmField, ...] = ()
    stems: tuple[str, ...] = ()
    promises: tuple[Promise, ...] = ()
    kind: ResultKind = ResultKind.STEM
    group: str = ""
    group_id: int | None = None
    plan: int | None = None
    price: float | None = None
    active: bool = True
    usage: int | None = None
    rating: float | None = None
    votes: int | None = None
    order: int | None = None
    summary: str = ""
    upload: bool = True

    @cached_property
    def _by_name(self) -> dict[str, AlgorithmField]:
        named = {f.text.casefold(): f for f in self.fields}
        named.update({f.alias.casefold(): f for f in self.fields if f.alias})
        named.update({f.name.casefold(): f for f in self.fields})
        return named

    def fill(self, given: Mapping[str, str]) -> dict[str, str]:
        """Check options and fill in the defaults.

        Parameters
        ----------
        given
            Fields by name or text, values by key or label, without regard to case.

        Returns
        -------
        dict
            Keys by field name, in the order of the fields; what doesn't count is left out.

        Raises
        ------
        UnknownNameError
            With the nearest names.
        UsageError
            For a field that the other options switch off, or a text that is missing.
        """
        chosen: dict[str, str] = {}
        for name, value in given.items():
            found = self._by_name.get(" ".join(name.split()).casefold())
            if found is None:
                known = [*(f.name for f in self.fields), *(f.text for f in self.fields)]
                raise UnknownNameError(f"option of '{self.name}'", name, known)
            chosen[found.name] = found.key_of(value)
        filled = {
            f.name: chosen.get(f.name, f.default)
            for f in self.fields
            if f.name in chosen or f.default is not None
        }
        counts = {f.name: self._counts(f, filled) for f in self.fields}
        for f in self.fields:
            if f.name in chosen and not counts[f.name]:
                raise UsageError(
                    f"'{f.text}' means nothing with the other options of '{self.name}'.",
                    hint=f"Leave {f.name} out, or change the option it depends on.",
                )
            if f.required and counts[f.name] and not filled.get(f.name, ""):
                raise UsageError(
                    f"'{self.name}' needs '{f.text}'.", hint=f"Add --opt {f.name}=... to the order."
                )
        return {name: value for name, value in filled.items() if value is not None and counts[name]}

    def _counts(self, f: AlgorithmField, filled: Mapping[str, str | None]) -> bool:
        by_id = {other.id: other.name for other in self.fields if other.id}
        shown = True
        for condition in f.conditions:
            other = by_id.get(condition.field_id)
            if other is None:
                continue
            holds = filled.get(other) in condition.values
            if holds != condition.show:
                shown = False
        return shown

    def stems_for(self, options: Mapping[str, str]) -> tuple[str, ...]:
        """Give the stems that an order with these options promises; empty: only the result tells."""
        for promise in self.promises:
            if all(options.get(name) == key for name, key in promise.options.items()):
                return promise.stems
        return self.stems

    def credits(self, seconds: float, options: Mapping[str, str]) -> int | None:
        """Give the price of an order for a premium account; None where the price isn't known.

        The page's formula: ``max(1, floor(seconds * price / 60))``, times the options' price rules;
        a part of a credit counts as a whole one, so that nothing dearer follows than was shown.
        """
        if self.price is None:
            return None
        base = max(1, math.floor(seconds * self.price / 60))
        factor = math.prod(
            rule.multiplier
            for f in self.fields
            for rule in f.price_rules
            if options.get(f.name) == rule.option
        )
        return max(1, math.ceil(round(base * factor, 6)))


def _numeric(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
