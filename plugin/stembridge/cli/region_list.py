"""Lists of regions: CSV with start, end and name, Audacity's label files, REAPER's region CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from stembridge.model.errors import InputError, UsageError

_HINT = "Give start, end and name in each line, or a label file of Audacity or a region CSV of REAPER."


@dataclass(frozen=True, slots=True)
class Named:
    """A region as the list has it; the times are text, as `regions.parse_seconds` reads them."""

    start: str
    end: str
    name: str


def read_list(path: Path) -> list[Named]:
    """Read a list of regions; markers, which have no end, are left out.

    Raises
    ------
    InputError
        When the file can't be read.
    UsageError
        When it holds no region, or a line that is none.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except FileNotFoundError:
        raise InputError(
            f"The list '{path.name}' isn't there.",
            code="source_missing",
            hint="Check the name and the folder.",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"The list '{path.name}' can't be read as text.", hint=_HINT) from None
    if any("\t" in line for line in lines[:1]):
        # A line that starts with a backslash is the frequency range of the label above it.
        table = [line.split("\t") for line in lines if not line.startswith("\\")]
    else:
        table = list(csv.reader(lines))
    head = [cell.strip().casefold() for cell in table[0]] if table else []
    first, last, name = 0, 1, 2
    if "start" in head and "end" in head:
        first, last = head.index("start"), head.index("end")
        name = head.index("name") if "name" in head else len(head)
        table = table[1:]
    found: list[Named] = []
    for row in table:
        cells = [cell.strip() for cell in row]
        if len(cells) <= max(first, last):
            raise UsageError(f"'{','.join(row)}' in '{path.name}' is no region.", hint=_HINT)
        if cells[last]:
            title = cells[name] if name < len(cells) else ""
            found.append(Named(cells[first], cells[last], title or f"region {len(found) + 1}"))
    if not found:
        raise UsageError(f"'{path.name}' holds no region.", hint=_HINT)
    return found
