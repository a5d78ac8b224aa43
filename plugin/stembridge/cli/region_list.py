"""Lists of regions: CSV with start, end and name, Audacity's label files, REAPER's region CSV.

A CSV with a head may say in further columns what each region is separated with (preset, engine, model,
stems), and of which file it is. Any other column is left alone.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from stembridge.model.errors import InputError, UsageError

CHOICES = ("preset", "engine", "model", "stems", "file")
"""Columns that a list may have beside start, end and name."""
_BEATS = re.compile(r"-?\d+\.\d+\.\d+|(\d+:){3}\d+(\.\d+)?")
"""Times of REAPER's ruler that only its project can read: bars and beats, hours to frames."""
_HINT = "Give start, end and name in each line, or a label file of Audacity or a region CSV of REAPER."


@dataclass(frozen=True, slots=True)
class Named:
    """A region as the list has it; the times are text, as `regions.parse_seconds` reads them.

    The rest is empty where the list doesn't say it. With a file, the times may be empty too: it is the whole
    file then; and so may be the name.
    """

    start: str
    end: str
    name: str
    preset: str = ""
    engine: str = ""
    model: str = ""
    stems: tuple[str, ...] = ()
    file: str = ""

    @property
    def whole(self) -> bool:
        """True for a whole file."""
        return not self.start and not self.end


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
        semicolons = any(";" in line and "," not in line.partition(";")[0] for line in lines[:1])
        table = list(csv.reader(lines, delimiter=";" if semicolons else ","))
    head = [cell.strip().casefold() for cell in table[0]] if table else []
    places = {"start": 0, "end": 1, "name": 2}
    if "start" in head and "end" in head:
        places = {word: head.index(word) for word in ("start", "end", "name", *CHOICES) if word in head}
        _slips(head, path)
        table = table[1:]
    found: list[Named] = []
    for row in table:
        cells = [cell.strip() for cell in row]
        if len(cells) <= max(places["start"], places["end"]):
            raise UsageError(f"'{','.join(row)}' in '{path.name}' is no region.", hint=_HINT)
        said = {word: cells[place] for word, place in places.items() if place < len(cells)}
        if said["end"] or said.get("file"):
            found.append(_named(said, len(found) + 1, path))
    if not found:
        raise UsageError(f"'{path.name}' holds no region.", hint=_HINT)
    return found


def _named(said: dict[str, str], number: int, path: Path) -> Named:
    for time in (said["start"], said["end"]):
        if _BEATS.fullmatch(time):
            raise UsageError(
                f"The times in '{path.name}' are no seconds ('{time}').",
                hint="In REAPER, set the ruler to minutes and seconds, then export the regions once more.",
            )
    file = said.get("file", "")
    whole = file and not said["start"] and not said["end"]
    return Named(
        said["start"],
        said["end"],
        said.get("name") or ("" if whole else f"region {number}"),
        said.get("preset", ""),
        said.get("engine", ""),
        said.get("model", ""),
        tuple(stem for stem in re.split(r"\s*[,;+]\s*", said.get("stems", "")) if stem),
        file if not file or "://" in file else str(path.absolute().parent / file),
    )


def _slips(head: list[str], path: Path) -> None:
    """Refuse a column that is nearly one of ours: what it says would be lost without a word."""
    for column in head:
        near = difflib.get_close_matches(column, CHOICES, n=1, cutoff=0.8)
        if near and column not in CHOICES:
            raise UsageError(
                f"'{path.name}' has a column '{column}' that nobody knows.",
                hint=f"Did you mean '{near[0]}'? Otherwise give it a name less like it.",
            )
