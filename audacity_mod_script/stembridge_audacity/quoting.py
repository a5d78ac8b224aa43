"""How a command is written for Audacity's pipe."""

from __future__ import annotations

import math

from stembridge.model.errors import UsageError

Value = str | bool | int | float


def quoted(text: str) -> str:
    r"""Quote a text: backslash and quote get a backslash; spaces, ``;``, ``=``, tabs and UTF-8 stay.

    Raises
    ------
    UsageError
        A line break or NUL, which would end the command.
    """
    if any(character in text for character in "\r\n\0"):
        raise UsageError(
            f"The name {text!r} holds a line break, which Audacity can't be told.", hint="Rename it."
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def written(value: Value) -> str:
    """Write a parameter's value: text quoted, truth as 1 or 0, numbers with all their digits.

    Raises
    ------
    UsageError
        A number that is none, or infinite.
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise UsageError(f"Audacity can't be told the number {value}.")
    return repr(float(value))


def command(name: str, **parameters: Value | None) -> str:
    """Write a command; a parameter that is None is left out.

    Examples
    --------
    >>> command("SelectTime", Start=0.5, End=2.0)
    'SelectTime: Start=0.5 End=2.0'
    """
    words = [f"{key}={written(value)}" for key, value in parameters.items() if value is not None]
    return " ".join([f"{name}:", *words])


def lisp_text(text: str) -> str:
    """Quote a text for Nyquist, which knows the same two escapes.

    Raises
    ------
    UsageError
        As `quoted`.
    """
    return quoted(text)
