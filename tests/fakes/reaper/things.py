"""What tracks, items, takes and projects have in common: values by REAPER's own names."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import ClassVar


def new_guid() -> str:
    """Give a GUID as REAPER writes it."""
    return "{" + str(uuid.uuid4()).upper() + "}"


class Thing:
    """Something with numbers and texts under REAPER's parameter names.

    `thing["D_POSITION"]` reads and writes them; a name the defaults don't have is refused, `P_EXT:anything`
    apart.
    """

    kind: ClassVar[str] = ""
    numbers: ClassVar[Mapping[str, float]] = {}
    texts: ClassVar[Mapping[str, str]] = {}
    open_texts: ClassVar[tuple[str, ...]] = ("P_EXT:",)
    open_numbers: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        self.guid = new_guid()
        self.values: dict[str, float] = dict(self.numbers)
        self.strings: dict[str, str] = dict(self.texts)

    def number(self, name: str) -> float:
        """Read a number."""
        name = self.aliases.get(name, name)
        if name.startswith(self.open_numbers) and name not in self.values:
            return 0.0
        return float(self.values[name])

    def set_number(self, name: str, value: float) -> None:
        """Write a number."""
        name = self.aliases.get(name, name)
        if name not in self.values and not name.startswith(self.open_numbers):
            raise KeyError(name)
        self.values[name] = float(value)

    def text(self, name: str) -> str:
        """Read a text; a P_EXT text that was never written is empty."""
        if name == "GUID":
            return self.guid
        if name.startswith(self.open_texts):
            return self.strings.get(name, "")
        return self.strings[name]

    def set_text(self, name: str, value: str) -> None:
        """Write a text; an empty P_EXT text is removed."""
        if name == "GUID":
            self.guid = value
        elif name.startswith(self.open_texts):
            if value:
                self.strings[name] = value
            else:
                self.strings.pop(name, None)
        else:
            if name not in self.strings:
                raise KeyError(name)
            self.strings[name] = value

    def _is_text(self, name: str) -> bool:
        return name == "GUID" or name in self.texts or name.startswith(self.open_texts)

    def __getitem__(self, name: str) -> float | str:
        """Read a value by its name."""
        return self.text(name) if self._is_text(name) else self.number(name)

    def __setitem__(self, name: str, value: float | str) -> None:
        """Write a value by its name."""
        if self._is_text(name):
            self.set_text(name, str(value))
        else:
            self.set_number(name, float(value))


class Fx:
    """One effect of a track or take: a name, switches and parameters between 0 and 1."""

    def __init__(self, name: str, *, enabled: bool = True, offline: bool = False) -> None:
        self.name = name
        self.guid = new_guid()
        self.enabled = enabled
        self.offline = offline
        self.parameters: list[float] = [0.5] * 4
        self.config: dict[str, str] = {}

    @property
    def sounds(self) -> bool:
        """Whether it is in the way of the audio."""
        return self.enabled and not self.offline
