"""The text of a REAPER project (.rpp), line by line: reading what is needed, changing nothing else.

A block begins with a line ``<NAME ...`` and ends with a line ``>``. A value is bare when it has no space,
no quote and isn't empty; else it stands in the first of the quotes " ' ` that it doesn't hold (a backtick
in a value that holds all three becomes an apostrophe, as REAPER has no way to write it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_QUOTES = "\"'`"


def quote(value: str) -> str:
    """Write a value as REAPER does."""
    flat = " ".join(value.splitlines())
    if flat and not any(mark in flat for mark in _QUOTES) and not any(c.isspace() for c in flat):
        return flat
    for mark in _QUOTES:
        if mark not in flat:
            return f"{mark}{flat}{mark}"
    return f"`{flat.replace('`', chr(39))}`"


def words(line: str) -> list[str]:
    """Split a line into its values."""
    found, rest = [], line.strip()
    while rest:
        if rest[0] in _QUOTES:
            value, _, rest = rest[1:].partition(rest[0])
        else:
            value, _, rest = rest.partition(" ")
        found.append(value)
        rest = rest.lstrip()
    return found


@dataclass
class Block:
    """A block of the text.

    Attributes
    ----------
    name
        The word after ``<``.
    head
        The values after it.
    lines
        Its own lines, split into values.
    blocks
        The blocks inside it.
    """

    name: str
    head: Sequence[str] = ()
    lines: list[list[str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def value(self, name: str, index: int = 0, default: str = "") -> str:
        """Give a value of the first line of that name."""
        for line in self.lines:
            if line[0] == name and len(line) > index + 1:
                return line[index + 1]
        return default

    def number(self, name: str, index: int = 0, default: float = 0.0) -> float:
        """Give a value as a number; the default where it is none."""
        try:
            return float(self.value(name, index))
        except ValueError:
            return default

    def inside(self, *names: str) -> Iterator[Block]:
        """Give the blocks of these names directly inside it."""
        return (block for block in self.blocks if block.name in names)


def parse(text: str) -> Block:
    """Read a project; raises `ValueError` when it is none."""
    root = Block("")
    open_blocks = [root]
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            continue
        if line.startswith("<") and len(line) > 1:
            name, *head = words(line[1:]) or [""]
            block = Block(name, head)
            open_blocks[-1].blocks.append(block)
            open_blocks.append(block)
        elif line == ">":
            if len(open_blocks) == 1:
                raise ValueError("a block ends that never began")
            open_blocks.pop()
        else:
            open_blocks[-1].lines.append(words(line) or [""])
    if len(open_blocks) != 1 or len(root.blocks) != 1 or root.blocks[0].name != "REAPER_PROJECT":
        raise ValueError("not one whole project")
    return root.blocks[0]


def insert_tracks(text: str, tracks: str) -> str:
    """Put blocks in front of the project's last ``>``; every other character stays.

    Parameters
    ----------
    text
        The project.
    tracks
        Whole blocks, indented, with Unix line ends; the project's own are used.
    """
    end = text.rstrip().rfind(">")
    line_start = text.rfind("\n", 0, end) + 1
    line_end = "\r\n" if "\r\n" in text else "\n"
    return text[:line_start] + tracks.replace("\n", line_end) + text[line_start:]
