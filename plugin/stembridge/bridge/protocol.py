"""The tables of PROTOCOL.md, generated from the code that obeys them.

``python -m stembridge.bridge.protocol plugin/PROTOCOL.md`` writes them into the document, between
markers; a test fails when the document is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stembridge.bridge.comparing import COMPARED_FIELDS
from stembridge.bridge.queries import ROW_FIELDS
from stembridge.jobs.combining import BLEND_FIELDS, COMPARE_FIELDS
from stembridge.jobs.events import EVENTS, PROTOCOL
from stembridge.jobs.finishing import RESULT_FIELDS
from stembridge.jobs.request import QUERY_FIELDS, SEPARATE_FIELDS
from stembridge.model.errors import CODES
from stembridge.model.formats import FORMATS
from stembridge.model.states import TABLE
from stembridge.model.stems import STEMS


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _fields(fields: Mapping[str, tuple[str, str]]) -> str:
    return _table(("field", "type", "meaning"), [(f"`{name}`", *row) for name, row in fields.items()])


TABLES: Mapping[str, Callable[[], str]] = {
    "version": lambda: f"This is version **{PROTOCOL}**.",
    "separate": lambda: _fields(SEPARATE_FIELDS),
    "blend": lambda: _fields(BLEND_FIELDS),
    "compare": lambda: _fields(COMPARE_FIELDS),
    "query": lambda: _fields(QUERY_FIELDS),
    "rows": lambda: _table(("what", "a row has"), [(f"`{k}`", v) for k, v in ROW_FIELDS.items()]),
    "states": lambda: _table(
        ("state", "on disk when it is entered", "a new worker", "cancel"),
        [
            (f"`{state.value}`", row.fact, row.resume_words, row.on_cancel.value.replace("_", " "))
            for state, row in TABLE.items()
        ],
    ),
    "events": lambda: _table(
        ("type", "fields", "meaning"),
        [(f"`{name}`", fields or "-", words) for name, (fields, words) in EVENTS.items()],
    ),
    "result": lambda: _table(("field", "meaning"), [(f"`{k}`", v) for k, v in RESULT_FIELDS.items()]),
    "compared": lambda: _table(("field", "meaning"), [(f"`{k}`", v) for k, v in COMPARED_FIELDS.items()]),
    "errors": lambda: _table(
        ("code", "class", "meaning"),
        [(f"`{code}`", cls.__name__, words) for code, (cls, words) in CODES.items()],
    ),
    "formats": lambda: _table(
        ("format", "file", "most channels"),
        [(f"`{f.name}`", f".{f.extension}", str(f.max_channels)) for f in FORMATS.values()],
    ),
    "stems": lambda: _table(
        ("id", "label", "colour"), [(f"`{s.id}`", s.label, f"`{s.colour}`") for s in STEMS.values()]
    ),
}
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str) -> str:
    """Put every generated table into its place in a document."""
    return _BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(fill(document.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
