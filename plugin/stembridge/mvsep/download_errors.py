"""The sentences of a download that went wrong."""

from __future__ import annotations

import errno
from pathlib import Path

from stembridge.model.errors import StembridgeError, StoreError, TransferError, UnavailableError

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_KEPT = "Try again in a few minutes: what has arrived is kept."


class AgainError(Exception):
    """One attempt didn't finish the file; never leaves the download.

    Parameters
    ----------
    why
        What to tell when no further attempt is made.
    afresh
        True when nothing that has arrived can be built upon.
    after
        Seconds that the service wishes us to wait.
    """

    def __init__(self, why: StembridgeError, *, afresh: bool = False, after: float | None = None) -> None:
        super().__init__(why.message)
        self.why = why
        self.afresh = afresh
        self.after = after


def wrong(message: str) -> AgainError:
    """Make the error for a file that isn't the one that was announced."""
    return AgainError(
        TransferError(message, hint="Try again in a few minutes. If it stays so, separate the region again."),
        afresh=True,
    )


def cut() -> AgainError:
    """Make the error for a file that ended early."""
    return AgainError(UnavailableError("The download from MVSEP broke off.", hint=_KEPT, retryable=True))


def slow() -> AgainError:
    """Make the error for a connection that only drips."""
    return AgainError(
        UnavailableError("The download from MVSEP has become far too slow.", hint=_KEPT, retryable=True)
    )


def busy(status: int, after: float | None) -> AgainError:
    """Make the error for a status that may pass."""
    return AgainError(
        UnavailableError(
            f"MVSEP can't give the file at the moment (status {status}).",
            hint=_KEPT,
            retryable=True,
            context={"status": status},
        ),
        after=after,
    )


def disk(problem: OSError, target: Path) -> StoreError:
    """Put an error of the file system into words."""
    folder = str(target.parent)
    if problem.errno in _FULL:
        return StoreError(
            f"The disk is full: '{target.name}' can't be written.",
            code="no_space",
            hint="Make room and resume the job: what has arrived is kept.",
            context={"folder": folder},
        )
    if problem.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
        return StoreError(
            f"'{target.name}' can't be written: the folder is read-only.",
            code="output_readonly",
            hint="Allow writing there, or choose another folder.",
            context={"folder": folder},
        )
    return StoreError(
        f"'{target.name}' can't be written.",
        hint="Check the disk and the folder, then resume the job.",
        context={"folder": folder, "errno": problem.errno},
    )
