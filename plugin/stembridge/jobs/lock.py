"""One worker per job, and a bounded number of jobs per slot: locks of the operating system.

They end with the process that holds them, however it ends; a pid file would not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from stembridge.jobs import disk
from stembridge.jobs.clock import Clock
from stembridge.model.errors import Cancelled, StoreError

_LOOK_AGAIN = 0.25
_MOMENT = 0.2


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a job's lock, or raise `StoreError` ``job_locked`` at once."""
    from filelock import FileLock, Timeout

    lock = FileLock(str(path))
    with disk.mapped(path):
        try:
            # Who only looks (`held`) has it for a moment: that is no other worker.
            lock.acquire(timeout=_MOMENT, poll_interval=_MOMENT / 8)
        except Timeout:
            raise busy() from None
    try:
        yield
    finally:
        lock.release()


def busy() -> StoreError:
    """Say that another worker has a job."""
    return StoreError(
        "Another worker is busy with this job.",
        code="job_locked",
        hint="Watch it with `stembridge jobs list`, or cancel it with `stembridge jobs cancel`.",
        retryable=True,
    )


def held(path: Path) -> bool:
    """Say whether some process holds the lock now."""
    if not path.exists():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(str(path))
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


@contextlib.contextmanager
def slot(
    folder: Path,
    name: str,
    count: int,
    *,
    clock: Clock,
    waiting: Callable[[], None],
    cancelled: Callable[[], bool],
) -> Iterator[None]:
    """Hold one of ``count`` places that all processes of this machine share.

    Parameters
    ----------
    waiting
        Called again and again while every place is taken.
    cancelled
        Asked as often; `Cancelled` is raised when it says True.
    """
    from filelock import FileLock, Timeout

    disk.make_folder(folder)
    places = [FileLock(str(folder / f"{name}-{number}.lock")) for number in range(count)]
    while True:
        for place in places:
            with disk.mapped(Path(place.lock_file)):
                try:
                    place.acquire(timeout=0)
                except Timeout:
                    continue
            try:
                yield
            finally:
                place.release()
            return
        if cancelled():
            raise Cancelled
        waiting()
        clock.sleep(_LOOK_AGAIN)
