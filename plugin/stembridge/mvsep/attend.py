"""Blocking work in a thread of its own, attended by the caller.

A read that hangs, a name server that doesn't answer, a reply that drips: none of them can be
interrupted from outside in Python. So the network's part runs in a helper thread, and the caller's
thread looks at it ten times a second: it counts, it shows progress, and it leaves when the user or
the clock says so.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from stembridge.model.errors import Cancelled

T = TypeVar("T")

LOOK = 0.1
"""Seconds between two looks."""
GRACE = 1.0
"""Seconds that a helper that was told to stop gets to let go of its files."""

INSIDE: contextvars.ContextVar[bool] = contextvars.ContextVar("stembridge_mvsep_inside", default=False)
"""True in threads that carry a request of ours; the log filter goes by it."""


class OverdueError(Exception):
    """The clock said so; never leaves the transport."""


def never() -> bool:
    """Say no, where nobody can cancel."""
    return False


def nothing() -> None:
    """Do nothing, where nobody watches."""


def start(work: Callable[[], None]) -> threading.Thread:
    """Run ``work`` in a daemon thread that counts as ours for the log filter."""

    def run() -> None:
        INSIDE.set(True)
        work()

    thread = threading.Thread(target=run, name="stembridge-mvsep", daemon=True)
    thread.start()
    return thread


def attend(
    work: Callable[[], T],
    *,
    cancelled: Callable[[], bool] = never,
    tick: Callable[[], None] = nothing,
    overdue: Callable[[], bool] = never,
    leave: Callable[[], bool] = lambda: True,
) -> T:
    """Run ``work`` and wait for it.

    Parameters
    ----------
    work
        The blocking call.
    cancelled, tick, overdue
        Asked, and called, ten times a second in the caller's thread.
    leave
        Called before leaving early. When it says no, a cancel has come too late, and the wait goes
        on until the answer or `overdue`.

    Raises
    ------
    Cancelled
        When ``cancelled`` said so and ``leave`` agreed.
    OverdueError
        When ``overdue`` said so.
    """
    values: list[T] = []
    problems: list[BaseException] = []
    done = threading.Event()

    def body() -> None:
        try:
            values.append(work())
        except BaseException as problem:  # noqa: BLE001 - carried over to the caller's thread
            problems.append(problem)
        finally:
            done.set()

    start(body)
    too_late = False
    while not done.wait(LOOK):
        tick()
        if not too_late and cancelled():
            if leave():
                done.wait(GRACE)
                raise Cancelled
            too_late = True
        if overdue():
            leave()
            done.wait(GRACE)
            raise OverdueError
    if problems:
        raise problems[0]
    return values[0]
