"""What goes wrong between Audacity and its pipe, each with a sentence for the person in front of it."""

from __future__ import annotations

from enum import Enum

from stembridge.model.errors import HostError, StembridgeError

_SETUP = "Close Audacity, run `stembridge setup audacity`, and start Audacity again."


class Trap(Enum):
    """A known way to fail: the message, the hint, and whether the same call may succeed later."""

    NOT_RUNNING = ("Audacity isn't running.", "Start Audacity 3, open the project, and try again.", True)
    MODULE_OFF = ("Audacity is running, but its scripting module (mod-script-pipe) is off.", _SETUP, False)
    MODULE_DATE = (
        "Audacity was updated since its scripting module was switched on, and has switched it off again.",
        _SETUP,
        False,
    )
    FIRST_START = (
        "Audacity has looked through its plug-ins during this start and lost its scripting pipe in doing so.",
        "Restart Audacity once; it happens only after plug-ins were added.",
        False,
    )
    SECOND = (
        "Audacity is running twice, and only the one that was started last can be reached.",
        "Save your work, close both, and start one.",
        False,
    )
    AUDACITY_4 = (
        "The Audacity that is running is version 4, which has no scripting pipe.",
        "Use Audacity 3 (both can be installed), or separate a file with `stembridge separate`.",
        False,
    )
    PIPE_BUSY = (
        "Another program is connected to Audacity's scripting pipe.",
        "Close the other program that controls Audacity, then try again.",
        True,
    )
    OWNED = (
        "Another Stembridge on this computer is connected to Audacity just now.",
        "Let it finish, or stop it: only one program at a time can speak with Audacity.",
        True,
    )
    SANDBOX = (
        "This Audacity is a Flatpak or Snap, which keeps its scripting pipe to itself.",
        "Use Tools > Stembridge in its menu, or an Audacity from your distribution or audacityteam.org.",
        False,
    )
    NO_LOCK = (
        "Stembridge's lock beside Audacity's scripting pipe can't be used.",
        "Check the rights of the file that is named in the details.",
        False,
    )
    NO_PROJECT = (
        "Audacity has no project window open.",
        "Open the project in Audacity, then try again.",
        True,
    )
    SILENT = (
        "Audacity hasn't answered: it is busy, or one of its dialogs waits for you.",
        "Look at Audacity's window and answer what it asks. What was ordered may still happen then.",
        True,
    )
    STILL_BUSY = (
        "Audacity is still at work on what it was told before, or one of its dialogs waits for you.",
        "Look at Audacity's window and answer what it asks, then try again. Nothing new was ordered.",
        True,
    )
    LOST_UNSENT = (
        "Audacity has closed the connection; nothing was ordered.",
        "Start Audacity again if it has ended, then try again.",
        True,
    )
    LOST = (
        "Audacity has ended, or closed the connection, before it answered.",
        "Look whether the last step happened in the project before you repeat it.",
        False,
    )
    CROSSED = (
        "An answer came that wasn't for us: another program speaks with Audacity at the same time.",
        "Close the other program that controls Audacity, then try again.",
        True,
    )
    GARBLED = (
        "Audacity's answer can't be understood.",
        "Try again; if it stays, restart Audacity and tell us its version.",
        True,
    )
    FAILED = (
        "Audacity couldn't do that.",
        "Try the step by hand in Audacity: it says there what is wrong.",
        False,
    )
    UNSUPPORTED = (
        "This version of Audacity can't do that.",
        "Use Audacity 3.2 or later, up to the newest 3.",
        False,
    )
    NO_TRACK = ("No audio track is selected in Audacity.", "Select a part of a track, then try again.", False)
    NO_RANGE = (
        "No stretch of time is selected in Audacity.",
        "Drag over the part that you want, then try again.",
        False,
    )
    NOTHING_TO_UNDO = ("Audacity has nothing to undo or redo here.", "Look at its Edit menu.", False)
    NO_FILE = ("A file that Audacity should read isn't there.", "Check that it hasn't been moved.", False)
    NO_FOLDER = (
        "Audacity can't write there.",
        "Check that the folder exists and that its disk has room.",
        False,
    )

    def __init__(self, message: str, hint: str, retryable: bool) -> None:  # noqa: FBT001 - a table's column
        self.message = message
        self.hint = hint
        self.retryable = retryable

    def error(self, **context: object) -> HostError:
        """Make the error of this trap; `context` holds plain facts for a log."""
        return HostError(
            self.message,
            hint=self.hint,
            retryable=self.retryable,
            context={"trap": self.name, **context},
        )

    def caused(self, error: StembridgeError) -> bool:
        """Say whether `error` is of this trap."""
        return error.context.get("trap") == self.name
