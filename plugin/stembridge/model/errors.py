"""Every way in which Stembridge can say no.

The tree (a caller may catch any node)::

    StembridgeError
    ├── UsageError             what was asked for makes no sense (a reversed region, a bad number)
    │   └── UnknownNameError   a name that isn't there, with the nearest that are
    ├── KeyNeededError         the service's key is missing or refused
    ├── InputError             the input file, or the region in it
    ├── LimitError             the plan, the quota or the credits don't allow it
    ├── UnavailableError       something remote can't be reached now
    ├── RemoteFailedError      the service took the job and failed, or rejected it
    │   └── ProtocolError      the service's answer isn't in any shape that is known
    ├── StoreError             the job folder or the place for the results
    ├── HostError              the audio program
    ├── DecisionNeededError    only the user can decide how it goes on
    └── TransferError          what came back is damaged or can't be aligned
    Cancelled                  not an error: the user wished it

A message is one sentence for a musician, a hint says what to do next, a code is for programs and
never changes its meaning. `CODES` lists every code with its class; nothing else may be raised.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import ClassVar


class StembridgeError(Exception):
    """Base of all errors that a user may see.

    Parameters
    ----------
    message
        One sentence, complete, with a full stop.
    hint
        What to do next; empty only where nothing can be done.
    code
        A key of `CODES` that belongs to this class; the class's own when left out.
    context
        Plain facts for a log or a program (paths, numbers). Never a secret.
    retryable
        True when the same call may succeed later without any change.
    """

    default_code: ClassVar[str] = "internal"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        context: Mapping[str, object] | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.context = dict(context or {})
        self.retryable = retryable

    def to_dict(self) -> dict[str, object]:
        """Give ``{code, message, hint}``, the shape used in events and in ``--json`` output."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class UsageError(StembridgeError):
    """The request contradicts itself or holds a value that can't be read."""

    default_code = "usage"


class UnknownNameError(UsageError):
    """A name that isn't known, with the nearest names that are.

    Parameters
    ----------
    what
        The kind of name, as a noun: "stem", "format", "model".
    given
        The name as the user wrote it.
    known
        All names that would have been accepted.
    """

    default_code = "unknown_name"

    def __init__(self, what: str, given: str, known: Iterable[str]) -> None:
        names = list(dict.fromkeys(known))
        folded = {name.casefold(): name for name in names}
        near = [
            folded[name]
            for name in difflib.get_close_matches(given.casefold(), list(folded), n=3, cutoff=0.5)
        ]
        if near:
            hint = f"Did you mean {_either(near)}?"
        elif names:
            shown = names[:12]
            hint = f"There is {_either(shown)}{' and more' if len(names) > len(shown) else ''}."
        else:
            hint = f"There is no {what} to choose from here."
        super().__init__(
            f"There is no {what} called '{given}'.",
            hint=hint,
            context={"what": what, "given": given, "nearest": near},
        )


class KeyNeededError(StembridgeError):
    """The service's key is missing, or the service refuses it."""

    default_code = "key_missing"


class InputError(StembridgeError):
    """The input can't be read, or the region doesn't lie in it."""

    default_code = "source_unreadable"


class LimitError(StembridgeError):
    """The plan, the quota or the credits don't allow it."""

    default_code = "limit"


class UnavailableError(StembridgeError):
    """Something remote can't be reached, or doesn't answer, at the moment."""

    default_code = "unavailable"


class RemoteFailedError(StembridgeError):
    """An engine took the job and failed, or refused it."""

    default_code = "engine_failed"


class ProtocolError(RemoteFailedError):
    """A service answered in a shape that isn't known; the message keeps its own words."""

    default_code = "protocol_reply"


class StoreError(StembridgeError):
    """The job folder or the place for the results can't be used."""

    default_code = "store"


class HostError(StembridgeError):
    """The audio program, or the bridge to it, doesn't do what is needed."""

    default_code = "host"


class DecisionNeededError(StembridgeError):
    """Only the user can decide how it goes on; nothing was lost and nothing was paid.

    Parameters
    ----------
    choices
        ``(id, label)`` pairs, the answers that are understood.
    """

    default_code = "needs_decision"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        choices: Iterable[tuple[str, str]] = (),
        context: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code, context=context)
        self.choices = tuple(choices)


class TransferError(StembridgeError):
    """What came back is damaged, incomplete, or can't be brought to the region's samples."""

    default_code = "transfer"


class Cancelled(Exception):  # noqa: N818 - a wish of the user, not an error
    """The user cancelled; raised through the call that was interrupted."""


CODES: Mapping[str, tuple[type[StembridgeError], str]] = {
    "internal": (StembridgeError, "A fault of Stembridge itself"),
    "usage": (UsageError, "The request contradicts itself or can't be read"),
    "unknown_name": (
        UnknownNameError,
        "An engine, model, stem, format, option or job that isn't there",
    ),
    "region_reversed": (UsageError, "The region ends before it starts"),
    "key_missing": (KeyNeededError, "No key for the service is stored"),
    "key_refused": (KeyNeededError, "The service doesn't accept the key"),
    "source_missing": (InputError, "The input file isn't there"),
    "source_not_file": (InputError, "The input is a folder, a pipe or a device"),
    "source_unreadable": (InputError, "The input is no audio that can be read"),
    "source_empty": (InputError, "The input holds no audio"),
    "source_damaged": (InputError, "The input is cut short or damaged"),
    "source_changed": (InputError, "The input changed while the job was under way"),
    "source_not_finite": (InputError, "The input holds samples that are not numbers"),
    "region_outside": (InputError, "The region doesn't lie inside the input"),
    "channels": (InputError, "More channels than the format or the engine can hold"),
    "rate": (InputError, "A sample rate that the format or the engine can't take"),
    "decoder_missing": (InputError, "A program or package is needed to read this kind of file"),
    "limit": (LimitError, "The plan, the quota or the credits don't allow it"),
    "unavailable": (UnavailableError, "Something remote can't be reached at the moment"),
    "engine_failed": (RemoteFailedError, "The engine took the job and failed"),
    "engine_refused": (RemoteFailedError, "The engine refused the order; nothing was paid"),
    "protocol_reply": (ProtocolError, "The service's answer can't be understood"),
    "store": (StoreError, "The job folder can't be used"),
    "job_locked": (StoreError, "Another worker has the job"),
    "job_corrupt": (StoreError, "A file of the job can't be understood"),
    "protocol": (StoreError, "The host and the core speak different versions of the file protocol"),
    "no_space": (StoreError, "The disk is full"),
    "output_readonly": (StoreError, "The place for the results can't be written to"),
    "output_exists": (StoreError, "A file of that name is there already"),
    "output_is_input": (StoreError, "The result would overwrite its own input"),
    "host": (HostError, "The audio program doesn't do what is needed"),
    "needs_decision": (DecisionNeededError, "The user has to choose"),
    "too_long": (DecisionNeededError, "The region is longer than the plan takes; parts of it would do"),
    "engine_not_ready": (DecisionNeededError, "The engine's model has to be installed first"),
    "submission_uncertain": (
        UnavailableError,
        "Whether a paid order arrived is unknown; it is never repeated alone",
    ),
    "transfer": (TransferError, "What arrived is damaged or incomplete"),
    "alignment": (TransferError, "A stem can't be brought to the region's samples with certainty"),
}


def _either(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
