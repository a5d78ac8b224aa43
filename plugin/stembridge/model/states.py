"""Job states: which fact is on disk when one is entered, and what a crash or a cancel means there.

The table is the protocol's own: `plugin/PROTOCOL.md` is generated from it, and the runner reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a job stands."""

    CREATED = "created"
    RENDERING = "rendering"
    RENDERED = "rendered"
    SUBMITTING = "submitting"
    SUBMISSION_UNKNOWN = "submission_unknown"
    QUEUED = "queued"
    PROCESSING = "processing"
    DOWNLOADING = "downloading"
    ALIGNING = "aligning"
    NEEDS_DECISION = "needs_decision"
    READY = "ready"
    CANCELLING = "cancelling"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OnCancel(StrEnum):
    """What a cancel does in a state."""

    AT_ONCE = "at_once"
    """Nothing is owed to anyone: CANCELLED."""
    TELL_REMOTE = "tell_remote"
    """The remote side is told first: CANCELLING."""
    MAYBE_CHARGED = "maybe_charged"
    """CANCELLED, with the word that it may have been charged."""
    NOTHING = "nothing"
    """The job is over."""


@dataclass(frozen=True, slots=True)
class Row:
    """One state of the table.

    Attributes
    ----------
    fact
        What is durable on disk when the state is entered.
    resume
        The state from which a new worker carries on after a crash here.
    resume_words
        The same, for people.
    on_cancel
        What a cancel does here.
    then
        The states that may follow.
    """

    fact: str
    resume: State
    resume_words: str
    on_cancel: OnCancel
    then: frozenset[State]

    @property
    def over(self) -> bool:
        """True when no worker has anything left to do."""
        return self.on_cancel is OnCancel.NOTHING


_S = State
_END = frozenset({_S.FAILED, _S.CANCELLED, _S.NEEDS_DECISION})

TABLE: Mapping[State, Row] = {
    _S.CREATED: Row(
        "request.json",
        _S.CREATED,
        "start",
        OnCancel.AT_ONCE,
        frozenset({_S.RENDERING, _S.READY}) | _END,
    ),
    _S.RENDERING: Row("-", _S.CREATED, "render again", OnCancel.AT_ONCE, frozenset({_S.RENDERED}) | _END),
    _S.RENDERED: Row(
        "region.json: path, frames, rate, hash of the samples "
        "(also the waiting room for a slot, the quota and the network)",
        _S.RENDERED,
        "check the hash, go on",
        OnCancel.AT_ONCE,
        frozenset({_S.SUBMITTING, _S.PROCESSING, _S.ALIGNING, _S.READY}) | _END,
    ),
    _S.SUBMITTING: Row(
        "remote.json: the intent, synced before the request",
        _S.SUBMISSION_UNKNOWN,
        "whether the request arrived is unknown",
        OnCancel.TELL_REMOTE,
        frozenset({_S.QUEUED, _S.RENDERED, _S.SUBMISSION_UNKNOWN, _S.CANCELLING}) | _END,
    ),
    _S.SUBMISSION_UNKNOWN: Row(
        "remote.json: the intent and its time",
        _S.SUBMISSION_UNKNOWN,
        "search the service's history for our upload name; found: go on, else ask the user; "
        "never submit again alone",
        OnCancel.MAYBE_CHARGED,
        frozenset({_S.QUEUED, _S.RENDERED}) | _END,
    ),
    _S.QUEUED: Row(
        "remote.json: the service's ticket, synced at once",
        _S.QUEUED,
        "poll",
        OnCancel.TELL_REMOTE,
        frozenset({_S.PROCESSING, _S.DOWNLOADING, _S.CANCELLING}) | _END,
    ),
    _S.PROCESSING: Row(
        "remote engine: the ticket; local engine: nothing",
        _S.PROCESSING,
        "remote engine: poll; local engine: separate again",
        OnCancel.TELL_REMOTE,
        frozenset({_S.QUEUED, _S.DOWNLOADING, _S.ALIGNING, _S.CANCELLING}) | _END,
    ),
    _S.DOWNLOADING: Row(
        "remote.json: the list of files",
        _S.DOWNLOADING,
        "resume the downloads",
        OnCancel.TELL_REMOTE,
        frozenset({_S.ALIGNING, _S.CANCELLING}) | _END,
    ),
    _S.ALIGNING: Row(
        "separation.json: the engine's answer, every file of it verified",
        _S.ALIGNING,
        "align again",
        OnCancel.AT_ONCE,
        frozenset({_S.READY}) | _END,
    ),
    _S.NEEDS_DECISION: Row(
        "the question",
        _S.NEEDS_DECISION,
        "wait for answer.json",
        OnCancel.AT_ONCE,
        frozenset({_S.CREATED, _S.RENDERED, _S.SUBMISSION_UNKNOWN, _S.ALIGNING}) | _END,
    ),
    _S.READY: Row(
        "result.json",
        _S.READY,
        "nothing to do (a result without its last event: append it)",
        OnCancel.NOTHING,
        frozenset(),
    ),
    _S.CANCELLING: Row(
        "the wish",
        _S.CANCELLING,
        "repeat the remote cancel, a bounded number of times",
        OnCancel.TELL_REMOTE,
        frozenset({_S.CANCELLED, _S.FAILED}),
    ),
    _S.FAILED: Row(
        "the reason",
        _S.FAILED,
        "`resume` goes on from what is on disk",
        OnCancel.NOTHING,
        frozenset({_S.CREATED, _S.RENDERED, _S.QUEUED, _S.DOWNLOADING, _S.ALIGNING, _S.SUBMISSION_UNKNOWN}),
    ),
    _S.CANCELLED: Row(
        "the wish",
        _S.CANCELLED,
        "`resume` goes on from what is on disk",
        OnCancel.NOTHING,
        frozenset({_S.CREATED, _S.RENDERED, _S.QUEUED, _S.DOWNLOADING, _S.ALIGNING, _S.SUBMISSION_UNKNOWN}),
    ),
}
