"""A word on the desktop: what became of a job while the user works on in Audacity.

Nothing depends on it: where there is no way to show one, nothing happens.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys

_PATIENCE = 10.0
_NO_WINDOW = 0x08000000
_POWERSHELL = (
    "[void][Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,"
    "ContentType=WindowsRuntime];"
    "$x=[Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent("
    "[Windows.UI.Notifications.ToastTemplateType]::ToastText02);"
    "$t=$x.GetElementsByTagName('text');"
    "[void]$t.Item(0).AppendChild($x.CreateTextNode($env:STEMBRIDGE_TITLE));"
    "[void]$t.Item(1).AppendChild($x.CreateTextNode($env:STEMBRIDGE_TEXT));"
    "[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('Stembridge')"
    ".Show([Windows.UI.Notifications.ToastNotification]::new($x))"
)
_APPLE = (
    "on run words\n"
    "display notification (item 2 of words) with title (item 1 of words)\n"
    "end run"
)  # fmt: skip


def notify(title: str, text: str) -> None:
    """Show a notification if this desktop can; never raises, never waits for long."""
    command = _command(sys.platform, title, text)
    program = shutil.which(command[0])
    if program is None:
        return
    environ = {**os.environ, "STEMBRIDGE_TITLE": title, "STEMBRIDGE_TEXT": text}
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [program, *command[1:]],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            creationflags=_NO_WINDOW if os.name == "nt" else 0,
        )


def _command(platform: str, title: str, text: str) -> list[str]:
    """Give the command, by the system's name as `sys.platform` has it.

    No words of ours become code: they travel as arguments, or in the environment.
    """
    if platform == "darwin":
        return ["osascript", "-e", _APPLE, title, text]
    if platform == "win32":
        return ["powershell", "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL]
    return ["notify-send", "--app-name=Stembridge", "--", title, text]
