"""Arguments and results on their way between Lua and the host's model: nothing wrong gets through."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.reaper.accessors import Accessor
from tests.fakes.reaper.envelopes import Envelope
from tests.fakes.reaper.facts import Argument, Function
from tests.fakes.reaper.items import Item, Take
from tests.fakes.reaper.project import Marker, Project
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track

if TYPE_CHECKING:
    from tests.fakes.reaper.host import Reaper

BINARY = object()
"""Stands for a string that is not UTF-8."""


@dataclass(eq=False, slots=True)
class Handle:
    """What a pointer in Lua stands for."""

    kind: str
    target: Any


@dataclass(eq=False, slots=True)
class Opaque:
    """A window handle, or a section of the action list."""

    kind: str
    name: str


@dataclass(eq=False, slots=True)
class Array:
    """A reaper.array: the Lua value and its present size."""

    lua: Any
    size: int


def home(host: Reaper, target: object) -> Project | None:
    """Give the open project that something lives in; None when it is dead (or belongs to no project)."""
    if isinstance(target, Project):
        return target if target in host.projects else None
    if isinstance(target, Track):
        alive = target in target.project.tracks or target is target.project.master
        return home(host, target.project) if alive else None
    if isinstance(target, Item):
        return home(host, target.track) if target in target.track.items else None
    if isinstance(target, Take):
        return home(host, target.item) if target in target.item.takes else None
    if isinstance(target, Marker):
        return next((each for each in host.projects if any(one is target for one in each.markers)), None)
    if isinstance(target, Envelope):
        if target.take is not None:
            return home(host, target.take) if target in target.take.envelopes else None
        if target.track is not None and target in target.track.envelopes:
            return home(host, target.track)
    return None


def alive(host: Reaper, target: object) -> bool:
    """Whether a pointer may still be used."""
    if isinstance(target, Source):
        return not target.destroyed and (target in host.free_sources or _played(host, target))
    if isinstance(target, Accessor):
        return not target.destroyed and home(host, target.target) is not None
    if isinstance(target, Opaque):
        return True
    return home(host, target) is not None


def _played(host: Reaper, source: Source) -> bool:
    for project in host.projects:
        for item in project.items:
            for take in item.takes:
                found = take.source
                while found is not None:
                    if found is source:
                        return True
                    found = found.parent
    return False


def _named(value: object) -> str:
    if value is None:
        return "nil"
    if value is BINARY:
        return "a string that is not UTF-8"
    if isinstance(value, Handle):
        return f"a {value.kind}"
    if isinstance(value, Array):
        return "a reaper.array"
    return repr(value) if isinstance(value, (str, int, float, bool)) else type(value).__name__


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def _lua_kind(value: object) -> str:
    """Give the name of lupa's class: each version of Lua has classes of its own."""
    return type(value).__name__


def _plain(kind: str, value: object) -> tuple[bool, Any]:
    """Take a value of a plain type: whether it is one, and what it is."""
    if kind == "integer":
        number = _integer(value)
        return number is not None, number
    if kind == "number":
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return good, float(value) if good else None  # type: ignore[arg-type]
    if kind == "boolean":
        return isinstance(value, bool), value
    if kind == "string":
        return isinstance(value, str) and "\0" not in value, value
    if kind == "function":
        return _lua_kind(value) == "_LuaFunction", value
    if kind == "reaper.array":
        return isinstance(value, Array), value
    if kind == "identifier":
        return isinstance(value, Handle) or value is None, value
    return isinstance(value, Array) or _integer(value) is not None or _lua_kind(value) == "_LuaTable", value


class Checker:
    """Checks the arguments of one call."""

    def __init__(self, host: Reaper, function: Function, prefix: str = "reaper.") -> None:
        self.host = host
        self.function = function
        self.name = prefix + function.name
        self.project: Project | None = None

    def arguments(self, count: int, values: tuple[object, ...]) -> list[Any]:
        """Check and convert; pointers become what they stand for, None a left-out one.

        Raises
        ------
        Refused
            For a wrong number, type, dead pointer or a pointer of another project.
        """
        least, most = self.function.least, self.function.most
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise Refused(f"{self.name} takes {wanted} arguments, it got {count}")
        converted: list[Any] = []
        known = self.function.arguments
        for at, value in enumerate(values):
            argument = known[at] if at < len(known) else known[-1]
            converted.append(self._argument(argument, value))
        converted += [None] * (len(known) - count)
        return converted

    def _argument(self, argument: Argument, value: object) -> Any:
        kind = argument.type.name
        if argument.optional and value is None:
            return None
        if argument.type.pointer:
            return self._pointer(argument, value)
        good, converted = _plain(kind, value)
        if not good:
            raise Refused(f"{self.name}: {argument.name} must be a {kind}, it got {_named(value)}")
        return converted

    def _pointer(self, argument: Argument, value: object) -> Any:
        kind = argument.type.name
        if kind == "ReaProject":
            if value is None and argument.name == "ignoreProject":
                return None
            if value is None or (_integer(value) == 0):
                self.project = self.host.project
                return self.project
        elif value is None and argument.type.nullable:
            return None
        if not isinstance(value, Handle) or value.kind != kind:
            raise Refused(f"{self.name}: {argument.name} must be a {kind}, it got {_named(value)}")
        target = value.target
        if not alive(self.host, target):
            raise Refused(f"{self.name}: this {kind} no longer exists ({kind} expected)")
        if kind == "ReaProject":
            self.project = target
            return target
        where = home(self.host, target)
        wanted = self.project or self.host.project
        if where is not None and where is not wanted:
            raise Refused(f"{self.name}: this {kind} belongs to another project ({kind} expected)")
        return target


def results(host: Reaper, function: Function, value: Any, pointer: Any) -> tuple[Any, ...]:
    """Give a function's results as Lua takes them."""
    if not function.returns:
        return ()
    given = value if isinstance(value, tuple) else (value,)
    out: list[Any] = []
    for at, kind in enumerate(function.returns):
        each = given[at] if at < len(given) else None
        if each is None:
            out.append(None)
        elif kind.name == "integer":
            out.append(int(each))
        elif kind.name == "number" and not isinstance(each, (Track, Item, Project, Take, Source)):
            out.append(float(each))
        elif kind.name == "boolean":
            out.append(bool(each))
        elif kind.name == "string":
            out.append(str(each))
        elif kind.name == "reaper.array":
            out.append(each)
        else:
            out.append(pointer(each))
    return tuple(out)
