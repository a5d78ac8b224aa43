"""From errors to exit codes: the one table. A code that isn't in it means failure."""

from __future__ import annotations

from collections.abc import Mapping

from stembridge.model import errors

OK = 0
CANCELLED = 130

EXITS: Mapping[type[errors.StembridgeError], tuple[int, str]] = {
    errors.StembridgeError: (1, "a fault of Stembridge itself"),
    errors.UsageError: (2, "usage: an unknown name or option, a reversed region"),
    errors.KeyNeededError: (10, "the service's key is missing or refused"),
    errors.InputError: (11, "the input file or the region"),
    errors.LimitError: (12, "plan, quota or credits"),
    errors.UnavailableError: (13, "something remote can't be reached"),
    errors.RemoteFailedError: (14, "the engine failed or refused the job"),
    errors.StoreError: (15, "the job folder or the output (locked, corrupt, read-only, full)"),
    errors.HostError: (16, "the audio program"),
    errors.DecisionNeededError: (17, "the user has to decide"),
    errors.TransferError: (18, "damaged in transfer, or can't be aligned"),
}


def exit_code(error: errors.StembridgeError) -> int:
    """Give the exit code of an error: its class's, or that of the nearest class above."""
    for ancestor in type(error).__mro__:
        if ancestor in EXITS:
            return EXITS[ancestor][0]
    return 1
