"""The user's own presets: a TOML file in the data folder, which a person may edit.

A table per preset. What Stembridge writes leaves comments and order alone; what it reads it reads
strictly, so that a slip is a sentence with its line and never another model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomlkit

from stembridge.bridge import toml_file
from stembridge.engines import registry
from stembridge.engines.base import Engine, Model
from stembridge.model import formats, presets, stems
from stembridge.model.errors import (
    DecisionNeededError,
    KeyNeededError,
    StembridgeError,
    UnknownNameError,
    UsageError,
)
from stembridge.model.presets import PRESETS, OwnPreset, Preset
from stembridge.mvsep.algorithm import Algorithm
from stembridge.mvsep.catalogue_search import search

_HEAD = "Your presets for Stembridge. `stembridge presets` lists them; see `stembridge presets save --help`."


def file_of(home: Path) -> Path:
    """Give the file."""
    return home / "presets.toml"


def read(home: Path) -> dict[str, OwnPreset]:
    """Read all of them, in the file's order.

    Raises
    ------
    UsageError
        For anything that can't be understood, with file and line.
    """
    path = file_of(home)
    text = toml_file.text_of(path)
    found: dict[str, OwnPreset] = {}
    for name, table in toml_file.parse(text, path).unwrap().items():
        try:
            own = _preset(name, table)
            if own.id in found:
                raise _FieldError("", f"the preset '{own.id}' is there twice")
        except _FieldError as slip:
            raise toml_file.wrong(
                path, toml_file.line_of(text, name, slip.field), slip.why, slip.hint
            ) from None
        found[own.id] = own
    return found


def find(home: Path, name: str) -> Preset | OwnPreset:
    """Give a preset of either kind, or raise `UnknownNameError`."""
    folded = name.strip().casefold()
    if folded in PRESETS:
        return PRESETS[folded]
    own = read(home)
    if folded not in own:
        raise UnknownNameError("preset", name, [*own, *PRESETS])
    return own[folded]


def save(home: Path, preset: OwnPreset, *, overwrite: bool) -> None:
    """Put a preset into the file; `UsageError` where there is one of that name and it may not go."""
    path = file_of(home)
    known = read(home)
    text = toml_file.text_of(path)
    document = toml_file.parse(text, path)
    if not text.strip():
        document.add(tomlkit.comment(_HEAD))
        document.add(tomlkit.nl())
    if preset.id in known and not overwrite:
        raise UsageError(
            f"There is a preset called '{preset.id}' already.",
            hint="Choose another name, or have it replaced (on the command line: --overwrite).",
        )
    key = next((name for name in document if name.casefold() == preset.id), preset.id)
    if key not in document:
        document.add(key, tomlkit.table())
    table: Any = document[key]
    values = _values(preset)
    for gone in [name for name in table if name not in values]:
        table.remove(gone)
    for name, value in values.items():
        if name not in table or table[name] != value:
            table[name] = toml_file.item(value)
    toml_file.write(path, document)


def remove(home: Path, name: str) -> None:
    """Take a preset out of the file."""
    preset = find(home, name)
    if isinstance(preset, Preset):
        raise UsageError(
            f"'{preset.id}' comes with Stembridge and can't be removed.", hint="Only your own presets can."
        )
    path = file_of(home)
    document = toml_file.parse(toml_file.text_of(path), path)
    document.remove(next(key for key in document if key.casefold() == preset.id))
    toml_file.write(path, document)


def check(preset: OwnPreset, engines: Mapping[str, Engine], default: str) -> Model | None:
    """Hold a preset against what the engines have now; give its model, None where it names none.

    A key that isn't stored, or a model that isn't installed, is no fault of the preset.

    Raises
    ------
    UsageError
        With the nearest living model, where the preset's has vanished.
    """
    if preset.format is not None:
        formats.find_format(preset.format)
    engine = registry.choose(engines, default, preset.engine, preset.model)
    if preset.model is None:
        model = None
    else:
        model = _model(engine, preset.model)
        if model is None:
            everywhere = [engine] if preset.engine else list(engines.values())
            raise _vanished(preset, [model for one in everywhere for model in one.models()])
    known: Sequence[str] = offered(model) if model else ()
    try:
        known = engine.resolve(preset.model, preset.options).stems
    except (KeyNeededError, DecisionNeededError):
        pass
    except StembridgeError as error:
        raise _unfit(preset, error) from error
    if known:
        try:
            stems.choose(preset.stems, tuple(known))
        except UnknownNameError as error:
            raise _unfit(preset, error) from error
    return model


def checked(preset: OwnPreset, engines: Mapping[str, Engine], default: str) -> OwnPreset:
    """Give a preset that is about to be saved, with its model's engine, id and name; raises as `check`.

    One that says nothing at all raises `UsageError`.
    """
    if replace(preset, title="") == OwnPreset(preset.id):
        raise UsageError(
            "A preset has to say something.", hint="Choose a model, stems or another option for it."
        )
    found = check(preset, engines, default)
    if found is None:
        return preset
    return replace(preset, engine=found.engine, model=found.id, model_name=found.name)


def _model(engine: Engine, wanted: str) -> Model | None:
    """Find a model by id or name, also without what stands in brackets where that is unmistakable."""
    folded = " ".join(wanted.split()).casefold()
    kinds: Iterable[Callable[[Model], str]] = (
        lambda model: model.id,
        lambda model: model.name,
        lambda model: model.name.partition("(")[0],
    )
    for said in kinds:
        found = [model for model in engine.models() if " ".join(said(model).split()).casefold() == folded]
        if len(found) == 1:
            return found[0]
    return None


def offered(model: Model) -> list[str]:
    """Give every stem that a model may give, with whatever options; empty where only the result tells."""
    promised = [stem for row in model.facts.get("promises", ()) for stem in row["stems"]]
    return list(dict.fromkeys([*model.stems, *promised])) if model.stems else []


def _unfit(preset: OwnPreset, error: StembridgeError) -> UsageError:
    return UsageError(
        f"The preset '{preset.id}' doesn't fit its model any more: {error.message}",
        hint=f"{error.hint} Then save it again with `stembridge presets save {preset.id} --overwrite`.",
    )


def _vanished(preset: OwnPreset, models: Sequence[Model]) -> UsageError:
    named = f"'{preset.model_name}' ({preset.model})" if preset.model_name else f"'{preset.model}'"
    near = nearest(models, preset)
    hint = "`stembridge models` lists what there is."
    if near is not None:
        hint = f"The nearest is '{near.name}': save the preset with that, --model {near.id}. {hint}"
    who = f"the engine '{preset.engine}' doesn't have" if preset.engine else "no engine has"
    return UsageError(f"The preset '{preset.id}' asks for the model {named}, which {who}.", hint=hint)


def nearest(models: Sequence[Model], preset: OwnPreset) -> Model | None:
    """Give the model that is most like what a preset asks for: by its name, else by its stems."""
    entries = [
        Algorithm(sep_type=place, name=f"{model.name} {model.id}", stems=model.stems, kind=model.kind)
        for place, model in enumerate(models)
    ]
    name = preset.model_name or preset.model or ""
    short = name.partition("(")[0]
    words = short.split()
    wishes = [name, short, *(" ".join(words[:count]) for count in range(len(words) - 1, 0, -1))]
    for wish in [*wishes, *words, " ".join(preset.stems)]:
        # A bare number is the place of a model in a list that has changed: it is like no other.
        if wish.strip() and not wish.strip().isdigit():
            hits = search(entries, wish)
            if hits:
                return models[hits[0].algorithm.sep_type]
    return None


class _FieldError(Exception):
    """A value that can't be taken; becomes a `UsageError` with its line."""

    def __init__(self, field: str, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.field, self.why, self.hint = field, why, hint


def _preset(name: str, table: object) -> OwnPreset:
    try:
        known = presets.own_name(name)
    except UsageError as error:
        raise _FieldError("", error.message.rstrip("."), error.hint) from None
    if not isinstance(table, dict):
        raise _FieldError(name, f"'{name}' is no table; write [{name}]")
    fields = {"title", "engine", "model", "model_name", "options", "stems", "rest", "residual", "format"}
    for key in table:
        if key not in fields:
            unknown = UnknownNameError("field of a preset", key, sorted(fields))
            raise _FieldError(key, unknown.message.rstrip("."), unknown.hint)
    texts = {key: table[key] for key in ("title", "engine", "model", "model_name", "format") if key in table}
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            raise _FieldError(key, f"{key} must be text in quotes")
    for key in ("rest", "residual"):
        if not isinstance(table.get(key, False), bool):
            raise _FieldError(key, f"{key} must be true or false")
    listed = table.get("stems", [])
    if not isinstance(listed, list) or not all(isinstance(stem, str) for stem in listed):
        raise _FieldError("stems", "stems must be a list of text in quotes")
    options = table.get("options", {})
    if not isinstance(options, dict) or not all(isinstance(value, str) for value in options.values()):
        raise _FieldError("options", "options must be a table of text in quotes")
    return OwnPreset(
        known,
        **texts,
        options=options,
        stems=tuple(listed),
        rest=table.get("rest", False),
        residual=table.get("residual", False),
    )


def _values(preset: OwnPreset) -> dict[str, Any]:
    """Give what stands in the file: only what is said."""
    values = {
        "title": preset.title,
        "engine": preset.engine,
        "model": preset.model,
        "model_name": preset.model_name,
        "options": dict(preset.options),
        "stems": list(preset.stems),
        "rest": preset.rest,
        "residual": preset.residual,
        "format": preset.format,
    }
    return {name: value for name, value in values.items() if value}
