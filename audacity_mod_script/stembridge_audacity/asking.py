"""What can be asked of Audacity without changing anything."""

from __future__ import annotations

from stembridge.model.errors import HostError
from stembridge_audacity import facts
from stembridge_audacity.pipe import Pipe
from stembridge_audacity.probe import Abilities
from stembridge_audacity.quoting import command
from stembridge_audacity.replies import Reply
from stembridge_audacity.traps import Trap

QUICK = 30.0
"""Seconds for a command that needs none: Audacity may be busy with an effect of the user's."""


class Questions:
    """The questions.

    Parameters
    ----------
    pipe
        An open connection.
    """

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.abilities = Abilities(self.do)
        self._version: tuple[int, int, int] | None = None

    def do(self, line: str, timeout: float = QUICK) -> Reply:
        """Send a line and demand that it was done.

        Raises
        ------
        HostError
            As `Pipe.send`; NO_PROJECT when it was swallowed; FAILED when Audacity says so.
        """
        reply = self.pipe.send(line, timeout)
        if reply.no_project:
            raise Trap.NO_PROJECT.error(line=line)
        if not reply.ok:
            raise Trap.FAILED.error(line=line, reply=reply.text[:400])
        return reply

    # What it is

    def can(self, name: str, parameter: str | None = None, value: str | None = None) -> bool:
        """Say whether this Audacity has a command, a parameter of it, a value of that enumeration."""
        return self.abilities.can(name, parameter, value)

    @property
    def version(self) -> tuple[int, int, int]:
        """Its version, as it has written it into its settings at its start. To show, not to decide by."""
        if self._version is None:
            major, minor, micro = (self.preference(f"/Version/{key}") for key in ("Major", "Minor", "Micro"))
            try:
                self._version = int(major or 0), int(minor or 0), int(micro or 0)
            except ValueError as error:
                raise Trap.GARBLED.error(reply=f"{major}.{minor}.{micro}") from error
        return self._version

    # What is in the project

    def tracks(self) -> list[facts.Track]:
        """List the tracks from top to bottom."""
        return facts.tracks(self._info("Tracks"))

    def clips(self) -> list[facts.Clip]:
        """List the clips of all wave tracks."""
        return facts.clips(self._info("Clips"))

    def labels(self) -> list[facts.Label]:
        """List the labels of all label tracks."""
        return facts.labels(self._info("Labels"))

    def menu(self) -> list[facts.MenuItem]:
        """List the menus' items."""
        return facts.menu(self._info("Menus"))

    def undo_label(self) -> str:
        """Give the words of Edit > Undo, such as "Undo Import", in the language of the user."""
        for item in self.menu():
            if item.identity == "Undo":
                return item.label
        raise Trap.GARBLED.error(reply="no item Undo")

    def preference(self, name: str) -> str | None:
        """Read a setting; None when it isn't set."""
        try:
            return self.do(command("GetPreference", Name=name)).text.strip("\n")
        except HostError as error:
            if Trap.FAILED.caused(error):
                return None
            raise

    def _info(self, kind: str) -> object:
        self.abilities.need("GetInfo", "Type", kind)
        return self.do(command("GetInfo", Type=kind)).json()
