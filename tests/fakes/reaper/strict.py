"""Strictness: what a script must never do is noted, and fails the test at the latest when its tick ends."""

from __future__ import annotations

import traceback


class HostViolation(AssertionError):  # noqa: N818
    """A script did what the real host would refuse, or what would hurt a user of it."""


class ScriptError(RuntimeError):
    """A script ended with an error: REAPER would show its error window."""


class Refused(Exception):  # noqa: N818
    """A call was refused; raised inside the host's functions, noted by whoever called them."""


class Strictness:
    """The violations noted since the last look."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, message: str) -> str:
        """Note a violation, and give the text of the Lua error."""
        self.noted.append(message)
        return f"HostViolation: {message}"

    def failed(self, name: str, error: Exception) -> str:
        """Note a fault of the stand-in itself, with where it happened."""
        where = "".join(traceback.format_exception(error))
        return self.note(f"the stand-in itself failed in {name}:\n{where}")

    def raise_noted(self) -> None:
        """Fail with everything that was noted, and forget it."""
        if self.noted:
            noted, self.noted = self.noted, []
            raise HostViolation("\n".join(noted))
