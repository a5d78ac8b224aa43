"""The facts the stand-in host lives by: signatures, parameter names and versions, read from three text files.

`functions.txt` and `gfx.txt` hold the signatures, `parmnames.txt` the names that the `*Info*` functions know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

_LINE = re.compile(
    r"(?P<name>\w+)\((?P<args>.*)\)(?: -> (?P<returns>.*?))?"
    r"(?:\s{2,}since (?P<since>\S+))?(?:\s{2,}from (?P<extension>\S+))?$"
)
_ARGUMENT = re.compile(r"\[(?P<optional>[^\]]+)\]|(?P<plain>[^,\[\]]+)")


@dataclass(frozen=True, slots=True)
class Type:
    """A Lua type or the name of a pointer; `nullable`: nil is one of its values."""

    name: str
    nullable: bool = False

    @property
    def pointer(self) -> bool:
        """Whether it is a pointer to something of REAPER's."""
        return self.name in POINTERS


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function."""

    name: str
    type: Type
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the API, as Lua sees it."""

    name: str
    arguments: tuple[Argument, ...]
    returns: tuple[Type, ...]
    since: tuple[int, int] = (0, 0)
    variadic: bool = False
    extension: str = ""

    @property
    def least(self) -> int:
        """How many arguments a call must have."""
        return sum(not argument.optional for argument in self.arguments)

    @property
    def most(self) -> int:
        """How many arguments a call may have."""
        return 64 if self.variadic else len(self.arguments)


POINTERS = frozenset(
    {
        "ReaProject",
        "MediaTrack",
        "MediaItem",
        "MediaItem_Take",
        "PCM_source",
        "TrackEnvelope",
        "AudioAccessor",
        "ProjectMarker",
        "HWND",
        "KbdSectionInfo",
    }
)


def version(text: str) -> tuple[int, int]:
    """Give major and minor of a version like `7.62/linux-x86_64` or `6.8`."""
    major, _, minor = text.partition("/")[0].partition(".")
    digits = re.match(r"\d+", minor)
    return int(major), int(digits.group().ljust(2, "0")) if digits else 0


def _type(text: str) -> Type:
    return Type(text.removesuffix("?"), nullable=text.endswith("?"))


def parse(line: str) -> Function:
    """Read one signature."""
    match = _LINE.match(line)
    if match is None:
        raise ValueError(f"no signature: {line!r}")
    arguments = []
    variadic = False
    for found in _ARGUMENT.finditer(match["args"]):
        text = (found["optional"] or found["plain"]).strip()
        if not text:
            continue
        if text == "...":
            variadic = True
            continue
        kind, _, name = text.partition(" ")
        arguments.append(Argument(name, _type(kind), optional=found["optional"] is not None))
    returns = tuple(_type(part.strip()) for part in (match["returns"] or "").split(",") if part.strip())
    since = version(match["since"]) if match["since"] else (0, 0)
    return Function(match["name"], tuple(arguments), returns, since, variadic, match["extension"] or "")


def _lines(name: str) -> list[str]:
    text = (HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def functions() -> Mapping[str, Function]:
    """Give the functions of the `reaper` table that the host models."""
    return {found.name: found for found in map(parse, _lines("functions.txt"))}


@cache
def gfx_functions() -> Mapping[str, Function]:
    """Give the functions of the `gfx` table."""
    return {found.name: found for found in (parse(line) for line in _lines("gfx.txt") if "(" in line)}


@cache
def gfx_variables() -> tuple[str, ...]:
    """Give the variables of the `gfx` table."""
    return tuple(name for line in _lines("gfx.txt") if "(" not in line for name in line.split())


@dataclass(frozen=True, slots=True)
class Parmnames:
    """The names one of the `*Info*` functions knows."""

    plain: Mapping[str, tuple[int, int]]
    patterns: tuple[tuple[re.Pattern[str], tuple[int, int]], ...]

    def since(self, name: str) -> tuple[int, int] | None:
        """Give the version a name came with; None for a name that no version knows."""
        found = self.plain.get(name)
        if found is not None:
            return found
        return next((since for pattern, since in self.patterns if pattern.fullmatch(name)), None)


def _pattern(name: str) -> str | None:
    """Give the pattern of a name with an open part, like `P_EXT:xyz` or `C_LANEPLAYS:N`."""
    head, colon, tail = name.partition(":")
    if colon and (tail.islower() or len(tail) == 1):
        return re.escape(head) + ":[^:]+"
    return None


@cache
def parmnames() -> Mapping[str, Parmnames]:
    """Give the parameter names of each function that takes one."""
    found: dict[str, Parmnames] = {}
    words: dict[str, list[str]] = {}
    current = ""
    for line in _lines("parmnames.txt"):
        if line.startswith(" "):
            words[current] += line.split()
        else:
            current = line.strip()
            words[current] = []
    for function, names in words.items():
        plain, patterns = {}, []
        for word in names:
            name, _, since = word.partition("@")
            when = version(since) if since else (0, 0)
            pattern = _pattern(name)
            if pattern is None:
                plain[name] = when
            else:
                patterns.append((re.compile(pattern), when))
        found[function] = Parmnames(plain, tuple(patterns))
    return found
