"""Values of a JSON document, each what it should be: TypeError or ValueError for anything else."""

from __future__ import annotations

import math
from typing import Any, NoReturn


def text(value: object) -> str:
    """Give a text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def items(value: object) -> list[Any]:
    """Give a list."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def number(value: object, *, above: float = -math.inf) -> float:
    """Give a finite number that is more than ``above``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    found = float(value)
    if not math.isfinite(found) or found <= above:
        raise ValueError(f"{value!r} is out of range")
    return found


def one_of(value: object, known: tuple[str, ...], name: str) -> str:
    """Give one of the words that are known; ``name`` says what they are."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{value!r} is no {name}")
    return value


def no_constant(name: str) -> NoReturn:
    """Refuse what JSON doesn't know: NaN and the infinities."""
    raise ValueError(f"{name} is no number")
