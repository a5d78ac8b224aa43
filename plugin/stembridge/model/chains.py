"""Chains: recipes in which one model's stem is the next one's input.

A step takes something apart: the region (its path is empty), or a stem of an earlier step, named by its
path. What comes of it lies below that path: "drums" taken apart gives "drums/kick", "vocals/lead" gives
"vocals/lead/dry". In a result the stem's id is the path with dots, "drums.kick". What was taken apart
further is no stem of the result; what is left at the ends, the leaves, adds up to the region.

A step that keeps only some of its stems also gives what they leave of its input, as "rest".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stembridge.model.errors import UsageError
from stembridge.model.stems import STEMS

MOST_STEPS = 16
"""So many steps a chain may have."""
REST = "rest"
"""What a step that keeps some of its stems leaves."""
_PATH = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")
_HINT = "See `stembridge presets show full-band` for a chain that works."


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step.

    Attributes
    ----------
    of
        The path of what is taken apart; empty for the region.
    engine, model, options
        As in a request; None: the default.
    stems
        Ids to keep; empty: all that come.
    preset
        A preset in place of engine, model and options; empty: none.
    """

    of: str = ""
    engine: str | None = None
    model: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    stems: tuple[str, ...] = ()
    preset: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as a host has them."""
        return {
            "of": self.of,
            "engine": self.engine,
            "model": self.model,
            "options": dict(self.options),
            "stems": list(self.stems),
            "preset": self.preset or None,
        }


@dataclass(frozen=True, slots=True)
class Chain:
    """A recipe. ``steps`` stand in an order in which they can be done."""

    id: str
    title: str
    steps: tuple[ChainStep, ...]
    gives: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as a request may hold them."""
        return {"id": self.id, "title": self.title, "steps": [step.to_dict() for step in self.steps]}


class RecipeError(Exception):
    """A recipe that can't be one.

    Attributes
    ----------
    step
        The step's place from 1; 0 for the recipe as a whole.
    field
        The field at fault, or empty.
    """

    def __init__(self, why: str, *, step: int = 0, field: str = "") -> None:
        super().__init__(why)
        self.why, self.step, self.field = why, step, field

    def words(self) -> str:
        """Say it, with the step it is about."""
        return f"step {self.step}: {self.why}" if self.step else self.why


def read(document: object) -> Chain:
    """Read a recipe as a request holds it; `UsageError` where it is none."""
    try:
        if not isinstance(document, Mapping):
            raise RecipeError("a chain is an object with id, title and steps")
        unknown = set(document) - {"id", "title", "steps"}
        if unknown:
            raise RecipeError(f"a chain has no field '{min(unknown)}'")
        texts = [document.get(name) or "" for name in ("id", "title")]
        if not all(isinstance(text, str) for text in texts):
            raise RecipeError("id and title are text")
        return checked(texts[0] or "chain", texts[1], document.get("steps"))
    except RecipeError as slip:
        raise UsageError(f"The chain can't be understood: {slip.words()}.", hint=_HINT) from None


def checked(name: str, title: str, rows: object) -> Chain:
    """Make a chain of its rows, put into an order in which they can be done; raises `RecipeError`."""
    if not isinstance(rows, list) or not rows:
        raise RecipeError("it needs steps", field="steps")
    if len(rows) > MOST_STEPS:
        raise RecipeError(f"it has {len(rows)} steps, and {MOST_STEPS} are possible", field="steps")
    steps = [_step(number, row) for number, row in enumerate(rows, 1)]
    by_path: dict[str, ChainStep] = {}
    for number, step in enumerate(steps, 1):
        if step.of in by_path:
            what = f"'{step.of}'" if step.of else "the region"
            raise RecipeError(f"{what} is taken apart twice", step=number, field="of")
        by_path[step.of] = step
    if "" not in by_path:
        raise RecipeError('no step takes the region apart: one has of = ""', field="steps")
    for number, step in enumerate(steps, 1):
        if not step.of:
            continue
        above, stem = split(step.of)
        if above not in by_path:
            raise RecipeError(f"no step gives '{step.of}'", step=number, field="of")
        kept = by_path[above].stems
        if kept and stem not in kept:
            raise RecipeError(
                f"'{step.of}' is none of the stems that its step keeps", step=number, field="of"
            )
    # A path is longer than those it lies below.
    ordered = sorted(steps, key=lambda step: step.of.count("/") + bool(step.of))
    return Chain(name, title or name, tuple(ordered))


def _step(number: int, row: object) -> ChainStep:
    if not isinstance(row, Mapping):
        raise RecipeError("a step is a table", step=number)
    for key in row:
        if key not in ChainStep.__slots__:
            raise RecipeError(f"a step has no field '{key}'", step=number, field=str(key))
    texts = {name: row.get(name) or "" for name in ("of", "engine", "model", "preset")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise RecipeError(f"{name} must be text", step=number, field=name)
    if texts["of"] and not _PATH.fullmatch(texts["of"]):
        raise RecipeError(f"'{texts['of']}' is no path such as vocals/lead", step=number, field="of")
    if split(texts["of"])[1] == REST:
        raise RecipeError("what a step leaves can't be taken apart further", step=number, field="of")
    options = row.get("options") or {}
    if not isinstance(options, Mapping) or not all(isinstance(v, str) for v in options.values()):
        raise RecipeError("options must be text for text", step=number, field="options")
    stems = row.get("stems") or ()
    if not isinstance(stems, list | tuple) or not all(isinstance(stem, str) for stem in stems):
        raise RecipeError("stems must be a list of text", step=number, field="stems")
    if texts["preset"] and (texts["model"] or options):
        raise RecipeError("a preset says model and options itself", step=number, field="preset")
    return ChainStep(
        texts["of"],
        texts["engine"] or None,
        texts["model"] or None,
        dict(options),
        tuple(stems),
        texts["preset"],
    )


def split(path: str) -> tuple[str, str]:
    """Give what a path lies below, and its last part."""
    above, _, last = path.rpartition("/")
    return above, last


def below(path: str, stem: str) -> str:
    """Give the path of a stem that came of taking ``path`` apart."""
    return f"{path}/{stem}" if path else stem


def id_of(path: str) -> str:
    """Give the stem's id in a result."""
    return path.replace("/", ".")


def words(path: str) -> str:
    """Say a path: "Drums: Kick"; the region is called so."""
    parts = [STEMS[part].label if part in STEMS else _said(part) for part in path.split("/") if part]
    return ": ".join(parts) or "The region"


def _said(part: str) -> str:
    return part.replace("-", " ").replace("_", " ").capitalize()


def leaves(steps: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Give the paths at the ends, depth first, of steps as (path, ids of its stems)."""
    known = dict(steps)

    def under(path: str) -> list[str]:
        if path not in known:
            return [path]
        return [leaf for stem in known[path] for leaf in under(below(path, stem))]

    return under("")


_SIX = ("vocals", "bass", "drums", "guitar", "piano", "other")


def _mvsep(of: str, sep_type: int, stems: tuple[str, ...] = (), **options: str) -> ChainStep:
    return ChainStep(of, "mvsep", str(sep_type), options, stems)


# The models of drums are told that what they get are drums alone; the others take what they get as it is.
_ROWS = (
    Chain(
        "full-band",
        "Full band",
        (
            _mvsep("", 63, _SIX),
            _mvsep("drums", 37, add_opt2="1"),
            _mvsep("vocals", 49, ("lead", "backing")),
        ),
        "bass, guitar, piano and other, the drums' parts, lead and backing vocals",
    ),
    Chain(
        "lead-dry",
        "Dry lead vocals",
        (
            _mvsep("", 40, ("vocals", "instrumental")),
            _mvsep("vocals", 49, ("lead", "backing")),
            _mvsep("vocals/lead", 22, ("dry",), add_opt1="2"),
        ),
        "lead vocals without reverberation, backing vocals and instrumental",
    ),
    Chain(
        "kit",
        "Drum kit of a song",
        (
            _mvsep("", 20, ("vocals", "drums", "bass", "other"), add_opt1="0"),
            _mvsep("drums", 37, add_opt2="1"),
        ),
        "vocals, bass and other, and the drums' parts",
    ),
)
CHAINS: Mapping[str, Chain] = {row.id: row for row in _ROWS}
