"""What the dialogs offer: the shipped presets, the user's own, and chains, as the core tells of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stembridge.model.errors import StembridgeError, UnknownNameError
from stembridge.model.presets import PRESETS

_LONGEST = 72
"""Letters of a choice in a dialog: a list isn't wider than the screen."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A preset, or a chain.

    Attributes
    ----------
    order
        Of one of the user's own presets: engine, model, options, stems, rest, residual and format, None
        where it doesn't say; None for the others.
    steps
        Of a chain, a recipe of several separations: the steps, as the core's rows have them; else none.
    """

    id: str
    title: str
    gives: str
    own: bool = False
    order: Mapping[str, Any] | None = None
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def chain(self) -> bool:
        """Say whether it is one."""
        return bool(self.steps)

    @property
    def shown(self) -> str:
        """What a dialog calls it."""
        kind = "chain: " if self.chain else "own: " if self.own else ""
        text = f"{self.title} ({kind}{self.gives})"
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4].rstrip(' ,')} ...)"


SHIPPED = tuple(Offer(row.id, row.title, row.gives) for row in PRESETS.values())


def offers(home: Path) -> tuple[Offer, ...]:
    """Give all of them, the shipped ones first.

    Raises
    ------
    UsageError
        When the file of the user's own can't be understood.
    """
    from stembridge.bridge.queries import preset_rows

    return tuple(
        Offer(
            str(row["id"]),
            str(row["title"]),
            str(row["gives"]),
            bool(row["own"]),
            row.get("order"),
            tuple(row["chain"] or ()),
        )
        for row in preset_rows(home)
    )


def offered(home: Path) -> tuple[Offer, ...]:
    """Give what a dialog can offer: the shipped presets alone where the user's file is broken."""
    try:
        return offers(home)
    except StembridgeError:
        return SHIPPED


def signature(home: Path) -> tuple[tuple[str, int, int], ...]:
    """Give what changes whenever the user's own presets or chains do."""
    found = []
    for path in sorted(home.glob("*.toml")):
        with contextlib.suppress(OSError):
            facts = path.stat()
            found.append((path.name, facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def find(home: Path, name: str) -> Offer:
    """Give one by its id; `UnknownNameError` where there is none."""
    wanted = name.strip().casefold()
    found = next((one for one in SHIPPED if one.id == wanted), None)
    if found is None:
        rows = offers(home)
        found = next((one for one in rows if one.id == wanted), None)
        if found is None:
            raise UnknownNameError("preset", name, [one.id for one in rows])
    return found
