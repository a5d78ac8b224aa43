"""Several jobs at once in one process: as many as the service has places for, waiting side by side."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

Lane = Sequence[Callable[[], None]]
"""Pieces of work that must follow each other."""
_LOOK = 0.1


def together(lanes: Sequence[Lane], *, at_once: int) -> None:
    """Do the work of every lane, of at most ``at_once`` lanes at a time, each in its order.

    A piece answers for its own errors: one that raises ends its lane, and is raised here when the
    others have ended. KeyboardInterrupt leaves at once; the threads end with the process, and what
    they worked on stays resumable, as after any kill.
    """
    if at_once == 1 or len(lanes) == 1:
        for lane in lanes:
            for piece in lane:
                piece()
        return
    waiting: queue.SimpleQueue[Lane] = queue.SimpleQueue()
    for lane in lanes:
        waiting.put(lane)
    faults: list[BaseException] = []

    def work() -> None:
        while True:
            try:
                lane = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                for piece in lane:
                    piece()
            except BaseException as fault:  # noqa: BLE001 - raised in the caller's thread
                faults.append(fault)

    crew = [
        threading.Thread(target=work, name=f"stembridge-job-{number}", daemon=True)
        for number in range(min(at_once, len(lanes)))
    ]
    for one in crew:
        one.start()
    for one in crew:
        while one.is_alive():  # in steps: a join without end hears no Ctrl-C on Windows
            one.join(_LOOK)
    if faults:
        raise faults[0]
