"""A layout, and the ways to put one into the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.reaper import Item
from tests.lua.stage import Stage

Build = Callable[[Stage], Sequence[Item] | None]


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes
    ----------
    build
        Lays it out and selects what is to be separated; gives the items of it where they aren't all that
        are selected.
    mode
        The mode that has to be used: source, heard or accessor.
    order
        What the user chose, besides the engine.
    jobs
        How many jobs that makes.
    audible
        The stems sound at once (in lanes beside their original they don't).
    part
        Start and end (project seconds) of what is selected, where that is only a part of its items.
    model
        The engine's model.
    rings
        Effects sound on behind the selection, and a render as heard ends with it.
    """

    build: Build
    mode: str = "source"
    order: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1
    audible: bool = True
    rings: bool = False
    part: tuple[float, float] | None = None
    model: str = "repet"

    @property
    def margin(self) -> float:
        """Seconds at both ends that aren't compared; negative: the silence around is compared, too.

        A cut through an item leaves the resampler other neighbours than the whole item did.
        """
        if self.part is not None and self.mode == "source":
            return 0.001
        return 0.0 if self.rings or self.part is not None else -0.05


TABLE: dict[str, Layout] = {}


def one(name: str, mode: str = "source", *, order: Mapping[str, Any] | None = None, **values: Any) -> None:
    """Put a layout of one item into the table; ``values`` go to `Stage.item`."""

    def build(stage: Stage) -> None:
        stage.item(**values)

    TABLE[name] = Layout(build, mode, order or {})


def layout(name: str, mode: str = "source", **more: Any) -> Callable[[Build], Build]:
    """Put a layout into the table that a function builds."""

    def put(build: Build) -> Build:
        TABLE[name] = Layout(build, mode, **more)
        return build

    return put
