"""What the Audacity at the other end can do, learnt from its own help and not from a table of versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stembridge_audacity.quoting import command
from stembridge_audacity.replies import Reply
from stembridge_audacity.traps import Trap


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command: its values' kind, and for an enumeration the values."""

    name: str
    kind: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ability:
    """One command: its parameters by name."""

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


class Abilities:
    """Asks each command once and remembers it for as long as the connection lasts.

    Parameters
    ----------
    ask
        Sends a line and gives the answer. ``Help`` never raises a dialog, known command or not.
    """

    def __init__(self, ask: Callable[[str], Reply]) -> None:
        self._ask = ask
        self._known: dict[str, Ability | None] = {}

    def of(self, name: str) -> Ability | None:
        """Give a command's ability; None when this Audacity doesn't have it."""
        if name not in self._known:
            self._known[name] = self._learn(name)
        return self._known[name]

    def can(self, name: str, parameter: str | None = None, value: str | None = None) -> bool:
        """Say whether a command, a parameter of it, a value of that enumeration is there."""
        ability = self.of(name)
        if ability is None or parameter is None:
            return ability is not None
        found = ability.parameters.get(parameter)
        if found is None or value is None:
            return found is not None
        return value in found.values

    def need(self, name: str, parameter: str | None = None, value: str | None = None) -> None:
        """Raise UNSUPPORTED unless `can`."""
        if not self.can(name, parameter, value):
            raise Trap.UNSUPPORTED.error(command=name, parameter=parameter, value=value)

    def forget(self) -> None:
        """Forget everything: another Audacity may be at the other end."""
        self._known.clear()

    def _learn(self, name: str) -> Ability | None:
        reply = self._ask(command("Help", Command=name, Format="JSON"))
        if "{" not in reply.text:
            return None
        document = reply.json()
        if not isinstance(document, dict):
            raise Trap.GARBLED.error(reply=reply.text[:400])
        parameters = {}
        for row in document.get("params", []):
            values = row.get("enum", [])
            parameters[str(row.get("key"))] = Parameter(
                str(row.get("key")), str(row.get("type", "")), tuple(str(value) for value in values)
            )
        return Ability(name, parameters)
