"""The catalogue of separation types: the live list when it can be had, the built-in one otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stembridge.model.errors import ProtocolError, StembridgeError, UnknownNameError
from stembridge.mvsep import catalogue_store
from stembridge.mvsep.algorithm import Algorithm
from stembridge.mvsep.builtin import builtin
from stembridge.mvsep.catalogue_live import parse_live
from stembridge.mvsep.catalogue_search import Hit, search
from stembridge.mvsep.shapes import read

DAY = 24 * 3600.0
"""Seconds for which a live list is good."""


class Source(StrEnum):
    """Where a catalogue comes from."""

    LIVE = "live"
    KEPT = "kept"
    BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All types, in the service's order.

    Attributes
    ----------
    source
        Where they come from.
    fetched
        Unix seconds of the live list; None for the built-in one.
    note
        A sentence where the list isn't the newest; empty otherwise.
    """

    algorithms: tuple[Algorithm, ...]
    source: Source = Source.BUILT_IN
    fetched: float | None = None
    note: str = ""

    def find(self, wanted: str | int) -> Algorithm:
        """Give the type with this number or name.

        A name may be given without what stands in brackets, and without regard to case.

        Raises
        ------
        UnknownNameError
            With the nearest names; also when a short name fits several types.
        """
        said = " ".join(str(wanted).split())
        folded = said.casefold()
        if said.isascii() and said.isdigit():
            for one in self.algorithms:
                if one.sep_type == int(said):
                    return one
        for names in (_full, _short):
            found = [one for one in self.algorithms if names(one) == folded]
            if len(found) == 1:
                return found[0]
        near = [hit.algorithm.name for hit in search(self.algorithms, said)[:5]]
        short = [one.name.partition("(")[0].strip() for one in self.algorithms]
        raise UnknownNameError("model", said, [*near, *short])

    def search(self, wanted: str) -> tuple[Hit, ...]:
        """Find types by words: see `catalogue_search.search`."""
        return search(self.algorithms, wanted)


def built_in() -> Catalogue:
    """Give the catalogue of the service's API page."""
    return Catalogue(builtin())


def parse_catalogue(body: bytes, *, fetched: float) -> Catalogue:
    """Read the reply of ``algorithms``; `ProtocolError` when it isn't such a list."""
    return Catalogue(read(body, parse_live, "the separation types"), Source.LIVE, fetched)


def load_catalogue(
    path: Path,
    base: str,
    fetch: Callable[[], bytes] | None,
    *,
    refresh: bool = False,
    clock: Callable[[], float] = time.time,
) -> Catalogue:
    """Give the best catalogue there is; never fails.

    Parameters
    ----------
    path
        Where the live list is kept.
    base
        Base address of the service; the list of another one doesn't count.
    fetch
        Gives the body of the live list; None to stay off the network.
    refresh
        True to fetch it even when the kept one is younger than a day.
    clock
        Unix seconds.
    """
    kept = catalogue_store.load(path, base=base)
    now = clock()
    # A time in the future is a clock that jumped: the list may be of any age.
    fresh = kept is not None and 0 <= now - kept[1] < DAY
    note = ""
    if fetch is not None and (refresh or not fresh):
        try:
            live = parse_catalogue(fetch(), fetched=now)
        except StembridgeError as problem:
            cause = "can't be understood" if isinstance(problem, ProtocolError) else "can't be had"
            note = f"MVSEP's live list {cause} at the moment."
        else:
            catalogue_store.save(path, live.algorithms, base=base, fetched=now)
            return live
    if kept is not None:
        return Catalogue(kept[0], Source.LIVE if fresh and not note else Source.KEPT, kept[1], note)
    return Catalogue(builtin(), note=note)


def _full(one: Algorithm) -> str:
    return " ".join(one.name.split()).casefold()


def _short(one: Algorithm) -> str:
    return " ".join(one.name.partition("(")[0].split()).casefold()
