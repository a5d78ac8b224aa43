"""The user's own chains: a TOML file beside the presets, which a person may edit.

A table per chain, with a title and its steps::

    [my-band]
    title = "My band"

    [[my-band.steps]]
    of = ""
    model = "63"
    stems = ["vocals", "drums", "bass"]

    [[my-band.steps]]
    of = "drums"
    preset = "drums"

Comments and order survive what Stembridge writes. A slip is a sentence with its line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tomlkit

from stembridge.bridge import own_presets, toml_file
from stembridge.model import chains
from stembridge.model.chains import CHAINS, Chain, ChainStep, RecipeError
from stembridge.model.errors import UnknownNameError, UsageError
from stembridge.model.presets import PRESETS, own_name

_HEAD = "Your chains for Stembridge. `stembridge presets` lists them; `stembridge presets show` prints one."


def file_of(home: Path) -> Path:
    """Give the file."""
    return home / "chains.toml"


def read(home: Path) -> dict[str, Chain]:
    """Read all of them, in the file's order.

    Raises
    ------
    UsageError
        For anything that can't be understood, with file and line.
    """
    path = file_of(home)
    text = toml_file.text_of(path)
    found: dict[str, Chain] = {}
    for name, table in toml_file.parse(text, path).unwrap().items():
        try:
            own = _chain(own_name(name), table)
            if own.id in found:
                raise RecipeError(f"the chain '{own.id}' is there twice")
        except UsageError as error:
            raise toml_file.wrong(path, _line(text, name), error.message.rstrip("."), error.hint) from None
        except RecipeError as slip:
            raise toml_file.wrong(path, _line(text, name, slip), slip.words()) from None
        found[own.id] = own
    return found


def known(home: Path, name: str) -> bool:
    """Say whether a chain has that name, and no preset."""
    folded = name.strip().casefold()
    if folded in CHAINS:
        return True
    return folded not in PRESETS and folded not in own_presets.read(home) and folded in read(home)


def find(home: Path, name: str) -> Chain:
    """Give a chain of either kind, or raise `UnknownNameError`."""
    folded = name.strip().casefold()
    if folded in CHAINS:
        return CHAINS[folded]
    own = read(home)
    if folded not in own:
        raise UnknownNameError("chain", name, [*own, *CHAINS])
    return own[folded]


def read_file(path: Path, name: str) -> Chain:
    """Read a recipe that is about to be saved as ``name``: title and steps, without a table around them.

    What `stembridge presets show` prints may be read, too: then the file holds one chain's table.
    """
    folded = own_name(name)
    if not path.is_file():
        raise UsageError(f"The recipe '{path.name}' isn't there.", hint="Give a TOML file with its steps.")
    text = toml_file.text_of(path)
    document = toml_file.parse(text, path).unwrap()
    table, key = document, ""
    if "steps" not in document and len(document) == 1:
        key, table = next(iter(document.items()))
    try:
        return _chain(folded, table)
    except RecipeError as slip:
        raise toml_file.wrong(path, _line(text, key, slip), slip.words()) from None


def save(home: Path, chain: Chain, *, overwrite: bool) -> None:
    """Put a chain into the file; `UsageError` where there is one of that name and it may not go."""
    path = file_of(home)
    known = read(home)
    if chain.id in own_presets.read(home):
        raise UsageError(f"There is a preset called '{chain.id}' already.", hint="Choose another name.")
    if chain.id in known and not overwrite:
        raise UsageError(
            f"There is a chain called '{chain.id}' already.",
            hint="Choose another name, or replace it with --overwrite.",
        )
    text = toml_file.text_of(path)
    document = toml_file.parse(text, path)
    if not text.strip():
        document.add(tomlkit.comment(_HEAD))
        document.add(tomlkit.nl())
    for key in [key for key in document if key.casefold() == chain.id]:
        document.remove(key)
    document.add(chain.id, _table(chain))
    toml_file.write(path, document)


def remove(home: Path, name: str) -> None:
    """Take a chain out of the file."""
    chain = find(home, name)
    if chain.id in CHAINS:
        raise UsageError(
            f"'{chain.id}' comes with Stembridge and can't be removed.", hint="Only your own chains can."
        )
    path = file_of(home)
    document = toml_file.parse(toml_file.text_of(path), path)
    document.remove(next(key for key in document if key.casefold() == chain.id))
    toml_file.write(path, document)


def to_toml(chain: Chain) -> str:
    """Give a chain as it stands in the file."""
    document = tomlkit.document()
    document.add(chain.id, _table(chain))
    return tomlkit.dumps(document)


def _chain(name: str, table: object) -> Chain:
    if not isinstance(table, dict):
        raise RecipeError(f"'{name}' is no table; write [{name}]")
    unknown = set(table) - {"title", "steps"}
    if unknown:
        raise RecipeError(f"a chain has no field '{min(unknown)}'", field=min(unknown))
    title = table.get("title", "")
    if not isinstance(title, str):
        raise RecipeError("title must be text in quotes", field="title")
    return chains.checked(name, title, table.get("steps"))


def _table(chain: Chain) -> Any:
    table = tomlkit.table()
    table.add("title", chain.title)
    steps = tomlkit.aot()
    for step in chain.steps:
        row = tomlkit.table()
        for name, value in _said(step).items():
            row.add(name, toml_file.item(value))
        steps.append(row)
    table.add("steps", steps)
    return table


def _said(step: ChainStep) -> dict[str, Any]:
    """Give what stands in the file: what is said, and always what is taken apart."""
    values = step.to_dict()
    return {name: value for name, value in values.items() if value or name == "of"}


def _line(text: str, name: str, slip: RecipeError | None = None) -> int:
    """Give the line of a step's field, else of its head, else of the chain's."""
    if slip is None or not slip.step:
        return toml_file.line_of(text, name, "" if slip is None else slip.field)
    wanted = re.compile(rf"\s*\[\[\s*(?:[\"']?{re.escape(name)}[\"']?\s*\.\s*)?[\"']?steps[\"']?\s*\]\]")
    number = head = 0
    for place, line in enumerate(text.splitlines(), 1):
        if wanted.match(line):
            number += 1
            head = place if number == slip.step else head
        elif number == slip.step and slip.field and re.match(rf"\s*[\"']?{slip.field}[\"']?\s*=", line):
            return place
    return head or toml_file.line_of(text, name, "steps")


def names(home: Path) -> list[str]:
    """Give every name that a preset or a chain has, for a name that nobody knows."""
    return [*own_presets.read(home), *read(home), *PRESETS, *CHAINS]
