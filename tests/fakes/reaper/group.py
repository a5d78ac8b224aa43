"""What the groups of API functions share. A method's name is its function's name in Lua."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tests.fakes.reaper import facts
from tests.fakes.reaper.strict import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.reaper.host import Reaper
    from tests.fakes.reaper.project import Project

T = TypeVar("T")


class Group:
    """Some functions of the API."""

    def __init__(self, host: Reaper) -> None:
        self.host = host

    def changed(self, project: Project | None, what: str) -> None:
        """Count a change of what undo restores; outside an undo block it is litter."""
        if project is None:
            return
        project.touch()
        if project.undo_depth == 0:
            self.host.litter.append(f"{self.host.script.name}: {what}")

    def known(self, function: str, name: str) -> bool:
        """Whether this version's function knows a parameter name.

        Raises
        ------
        Refused
            For a name that no version knows: REAPER would silently give 0 or false.
        """
        since = facts.parmnames()[function].since(name)
        if since is None:
            raise Refused(f"reaper.{function} knows no '{name}': REAPER would answer 0 and say nothing")
        return since <= self.host.version_number

    @staticmethod
    def whole(function: str, name: str, value: float) -> None:
        """Refuse a fraction where the value is a switch or a whole number.

        Raises
        ------
        Refused
            For a name that begins with B_, C_, I_ or IP_ and a value that isn't whole.
        """
        if name.startswith(("B_", "C_", "I_", "IP_")) and not value.is_integer():
            raise Refused(f"reaper.{function}: {name} takes a whole number, not {value}")

    @staticmethod
    def at(things: Sequence[T], index: int) -> T | None:
        """Give the thing at an index; None outside."""
        return things[index] if 0 <= index < len(things) else None

    def functions(self) -> dict[str, Any]:
        """Give the functions by their name in Lua."""
        wanted = facts.functions()
        return {name: getattr(self, name) for name in dir(self) if name in wanted}
