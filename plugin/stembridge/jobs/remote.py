"""The remote half of the runner: an order that costs the user something.

The order of things is the whole safety of it: the intent is on disk before the order leaves, the
ticket right after it came; after an uncertain answer only the service's history, or the user, can
say what became of it. `submit` is called here in one place, and never for an intent that was called
for already.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Poll, Progress, Remote, RemoteEngine, SubmissionUncertainError, Ticket
from stembridge.jobs import costs, disk, lock
from stembridge.jobs.plan import Plan
from stembridge.jobs.refusals import wait_out
from stembridge.jobs.store import Job
from stembridge.jobs.usual import Usual
from stembridge.jobs.work import Work
from stembridge.model.errors import (
    Cancelled,
    DecisionNeededError,
    RemoteFailedError,
    StembridgeError,
    TransferError,
    UnavailableError,
)
from stembridge.model.results import Separation
from stembridge.model.states import State

POLL_LEAST, POLL_MOST, POLL_SHARE = 2.0, 10.0, 0.08
"""Seconds between two polls, least and most; in between, a share of the time that the order has been in its
state: so its end is noticed late by that share of it at most."""
HINT_LOOK = 0.5
"""Seconds between two looks at what other workers learned."""
GONE_GRACE = 180.0
"""Seconds after the order in which the service may not know it yet."""
EMPTY_GRACE = 300.0
"""Seconds for which an order may be done without files."""
SILENCE_MOST = 1800.0
"""Seconds without any answer to a poll after which the worker gives up; the job can be resumed."""
REFUSED_PAUSE, REFUSED_MOST = 15.0, 120.0
"""Seconds to wait for a slot: the first pause and the longest."""
FIND_TRIES, FIND_PAUSE = 3, 20.0
"""How often, and how far apart, the history is searched: it may lag behind."""
CANCEL_TRIES, CANCEL_PAUSE = 3, 2.0


def standing(job: Job) -> State | None:
    """Read off remote.json where an order stands; None when there is none."""
    try:
        facts = disk.read_json(job.remote_json)
    except FileNotFoundError:
        return None
    if facts.get("listing"):
        return State.DOWNLOADING
    if facts.get("ticket"):
        return State.QUEUED
    return State.SUBMISSION_UNKNOWN if facts.get("intent_at") is not None else None


def submit(one: Work, engine: RemoteEngine, planned: Plan, rendered: RegionFile | None) -> State:
    """Agree on the cost, then order once; wait where the service has no place free."""
    quote = costs.agree(one, engine, planned)
    upload, exponent = None, 0
    if rendered is not None:
        upload, exponent = engine.prepare(rendered, planned.recipe, one.job.folder, one.report, one.cancelled)
        _notice(one)
    _take_slot(one, engine)
    pause = REFUSED_PAUSE
    one.stop_if_cancelled()
    facts = {"gain_exponent": exponent, "quote": costs.record(quote)}
    while _order(one, engine, planned, upload, facts, pause=pause) is None:
        one.stop_if_cancelled()
        pause = min(pause * 2, REFUSED_MOST)
    return State.QUEUED


def _take_slot(one: Work, engine: RemoteEngine) -> None:
    """Wait for a place among this account's orders on this machine; it is kept until the order is done."""
    slots = engine.slots()
    told = False

    def waiting() -> None:
        nonlocal told
        if not told:
            told = True
            one.log.emit("waiting", reason="the account's other jobs have to end first", until=None)
        one.log.heartbeat()

    place = lock.slot(
        one.home / "slots", slots.name, slots.count, clock=one.clock, waiting=waiting, cancelled=one.cancelled
    )
    one.held.enter_context(place)


def _notice(one: Work) -> None:
    """Say once, before the first upload of all, that the audio leaves the machine."""
    told = one.home / "notices" / "upload.json"
    if told.exists():
        return
    one.warn(
        "upload_notice",
        "Your audio leaves this machine: the service gets it, and keeps it and the stems for 72 hours for "
        "whoever has their link.",
    )
    disk.make_folder(told.parent)
    disk.write_json(told, {"at": one.clock.time()}, shared=True)


def _order(
    one: Work,
    engine: RemoteEngine,
    planned: Plan,
    upload: Path | None,
    facts: Mapping[str, Any],
    *,
    pause: float,
) -> Ticket | None:
    """Place the order; None when it may be placed again: it was refused for now, and that was waited out."""
    name = f"sb{one.job.id}{'' if upload is None else upload.suffix}"
    intent = {**facts, "intent_at": one.clock.time(), "upload_name": name, "asked": _asked(one)}
    disk.write_json(one.job.remote_json, intent, private=True)
    one.enter(State.SUBMITTING)
    try:
        ticket = engine.submit(upload, name, planned.recipe, one.report, one.cancelled)
    except SubmissionUncertainError as error:
        one.enter(State.SUBMISSION_UNKNOWN)
        one.warn(error.code, error.message)
        return _search(one, engine, intent)
    except (StembridgeError, Cancelled) as refusal:
        # Refused for certain: the intent is void. The fact goes before the state that tells it.
        disk.remove(one.job.remote_json)
        one.enter(State.RENDERED)
        if isinstance(refusal, StembridgeError) and refusal.retryable:
            wait_out(one, engine, planned, refusal, pause)
            return None
        raise
    _keep_ticket(one, intent, ticket)
    return ticket


def _keep_ticket(one: Work, intent: Mapping[str, Any], ticket: Ticket) -> None:
    disk.write_json(one.job.remote_json, {**intent, "ticket": ticket.to_dict()}, private=True)
    one.ordered = one.clock.monotonic()
    one.enter(State.QUEUED)


def clear_up(one: Work, engine: RemoteEngine) -> State:
    """Find out what became of an order whose answer never came; never order again alone."""
    if one.cancelled():
        raise Cancelled("Cancelled; the order may have reached the service and may have been charged.")
    intent = disk.read_json(one.job.remote_json)
    if one.state is not State.SUBMISSION_UNKNOWN:
        raise AssertionError(one.state)
    one.enter(State.SUBMISSION_UNKNOWN)
    _search(one, engine, intent)
    return standing(one.job) or State.RENDERED


def _search(one: Work, engine: RemoteEngine, intent: dict[str, Any]) -> Ticket | None:
    """Look for the order in the service's history; else ask the user, and do as they answered."""
    for attempt in range(FIND_TRIES):
        if attempt:
            one.wait(FIND_PAUSE)
        ticket = engine.find(intent["upload_name"], intent["intent_at"])
        if ticket is not None:
            _keep_ticket(one, intent, ticket)
            return ticket
    question = f"submission-{intent['intent_at']:.3f}-{_asked(one)}"
    asked_before = f"submission-{intent['intent_at']:.3f}-{intent['asked']}"
    choice = one.answer(asked_before)
    if choice == "submit":
        disk.remove(one.job.remote_json)
        one.enter(State.RENDERED)
        return None
    if choice == "give_up":
        raise Cancelled("Given up; the order may have reached the service and may have been charged.")
    disk.write_json(one.job.remote_json, {**intent, "asked": _asked(one)}, private=True)
    raise DecisionNeededError(
        "The line broke while the order was sent, and the service's history doesn't show it (yet).",
        hint="Look again in some minutes; sending it again may be charged twice.",
        choices=[
            ("search", "Look again"),
            ("submit", "Send it again (may be charged twice)"),
            ("give_up", "Give up"),
        ],
        context={"id": question},
    )


def poll(one: Work, engine: RemoteEngine) -> State:
    """Ask until the order is done; waiting is never a failure, only a refusal of the service is."""
    facts = disk.read_json(one.job.remote_json)
    ticket = Ticket(**facts["ticket"])
    one.enter(State.QUEUED)
    heard = since = one.clock.monotonic()
    ordered = one.ordered
    if ordered is None:  # by an earlier worker: only the wall clock knows, and it may have jumped
        ordered = heard - max(0.0, one.clock.time() - facts["intent_at"])
    usual = _usual(one, engine)
    seen, empty = None, None
    while True:
        if one.cancelled():
            _cancel(one, engine, ticket)
        asked = 0.0
        try:
            answer = engine.poll(ticket)
        except UnavailableError as error:
            if one.clock.monotonic() - heard > SILENCE_MOST:
                raise
            one.log.emit("waiting", reason=error.message, until=None)
        else:
            heard = one.clock.monotonic()
            if answer.ticket is not None:
                ticket = answer.ticket
                facts = {**facts, "ticket": ticket.to_dict()}
                disk.write_json(one.job.remote_json, facts, private=True)
            if answer.state is Remote.DONE and answer.listing:
                listing = [dict(row) for row in answer.listing]
                disk.write_json(one.job.remote_json, {**facts, "listing": listing}, private=True)
                if seen is not None:  # else it may have been done for long
                    usual.note(heard - ordered)
                one.held.close()
                return State.DOWNLOADING
            empty = _still_empty(one, answer, empty)
            _tell(one, answer, age=heard - ordered)
            asked = answer.retry_after or 0.0
            if seen is None:
                _get_ready()
            if answer.state is not seen:
                seen, since = answer.state, heard
        pause = min(max(POLL_LEAST, POLL_SHARE * (one.clock.monotonic() - since)), POLL_MOST)
        try:
            _rest(one, max(pause, asked), None if seen is Remote.QUEUED else usual, ordered)
        except Cancelled:
            _cancel(one, engine, ticket)


def _usual(one: Work, engine: RemoteEngine) -> Usual:
    """Give what the workers of this account know of orders like this one."""
    planned = Plan.from_dict(disk.read_json(one.job.region_json)["plan"])
    options = sorted(planned.recipe.options.items())
    kind = disk.to_json([planned.recipe.model, options])
    length = 0.0 if planned.region is None else planned.region.seconds
    return Usual(one.home / "slots", f"{engine.slots().name}-usual", kind, float(length), clock=one.clock)


def _get_ready() -> None:
    """Load what the rest of the job needs while there is nothing to do but wait."""
    for module in ("stembridge.audio.finish", "stembridge.report.picture", "scipy.fft"):
        importlib.import_module(module)


def _rest(one: Work, seconds: float, usual: Usual | None, ordered: float) -> None:
    """Pause between two polls; shorter when another order of the kind has just ended at this age."""
    asked = one.clock.monotonic()
    until = asked + seconds
    while (left := until - one.clock.monotonic()) > 0:
        took = None if usual is None else usual.took()
        # Where this order was asked about at that age already, it is a slower one.
        if took is not None and asked < ordered + took < until:
            until, usual = ordered + took, None
            continue
        one.wait(min(left, HINT_LOOK))


def _still_empty(one: Work, answer: Poll, since: float | None) -> float | None:
    """Bear for a while that an order is done and has no files; give since when that is so."""
    if answer.state is not Remote.DONE:
        return None
    now = one.clock.monotonic()
    if since is not None and now - since > EMPTY_GRACE:
        raise RemoteFailedError(
            answer.message or "The service says that the job is done, but gives no files.",
            hint=f"Look again later: stembridge jobs resume {one.job.id}. It won't be charged again.",
        )
    return now if since is None else since


def _tell(one: Work, answer: Poll, *, age: float) -> None:
    if answer.state is Remote.FAILED:
        raise RemoteFailedError(
            answer.message or "The service failed and gave no reason.",
            hint="Try another model, or the same again with `stembridge jobs retry`.",
        )
    if answer.state is Remote.GONE and age > GONE_GRACE:
        raise RemoteFailedError(
            answer.message or "The service no longer knows this order.",
            hint="Results are kept for 72 hours; start the separation again.",
        )
    if answer.state is Remote.PROCESSING:
        if one.state is not State.PROCESSING:
            one.enter(State.PROCESSING)
        if answer.done is not None:
            one.report(Progress("process", answer.done, answer.total, "parts"))
    elif answer.place is not None:
        one.report(Progress("queue", answer.place, answer.queue, "place"))


def download(one: Work, engine: RemoteEngine) -> State:
    """Fetch every file; what is there already is kept."""
    facts = disk.read_json(one.job.remote_json)
    ticket = Ticket(**facts["ticket"])
    one.enter(State.DOWNLOADING)
    disk.make_folder(one.job.answer_folder)
    try:
        one.stop_if_cancelled()
        answer = engine.fetch(ticket, facts["listing"], one.job.answer_folder, one.report, one.cancelled)
        promised = Plan.from_dict(disk.read_json(one.job.region_json)["plan"]).recipe.stems
        answer = replace(_fit(answer, promised), gain_exponent=facts["gain_exponent"])
    except Cancelled:
        _cancel(one, engine, ticket)
    except (RemoteFailedError, TransferError):
        # The list may be what is wrong: the next worker asks for a new one, which costs nothing.
        del facts["listing"]
        disk.write_json(one.job.remote_json, facts, private=True)
        raise
    disk.write_json(one.job.separation_json, answer.to_dict())
    return State.ALIGNING


def _fit(answer: Separation, promised: tuple[str, ...]) -> Separation:
    """Hold an answer against what was promised; READY needs every stem of it.

    Two-stem types may call the instrumental "Other"; no other name is taken for another.
    """
    files = answer.files
    found = {file.stem for file in files}
    if "instrumental" in promised and "instrumental" not in found and "other" not in promised:
        files = tuple(replace(f, stem="instrumental") if f.stem == "other" else f for f in files)
    missing = [stem for stem in promised if stem not in {file.stem for file in files}]
    if missing:
        raise TransferError(
            f"The service's answer is incomplete: {', '.join(missing)} missing.",
            hint="What came is kept. Look again later with `stembridge jobs resume`.",
            context={"missing": missing},
        )
    return replace(answer, files=files)


def adopt(job: Job, ticket: Ticket, planned: Plan, *, now: float) -> None:
    """Make a new job the owner of an order that the service has already."""
    disk.write_json(job.region_json, {"plan": planned.to_dict(), "rendered": None})
    facts = {"intent_at": now, "upload_name": "", "gain_exponent": 0, "asked": 0, "ticket": ticket.to_dict()}
    disk.write_json(job.remote_json, facts, private=True)


def _cancel(one: Work, engine: RemoteEngine, ticket: Ticket) -> None:
    """Tell the service, a bounded number of times; always ends with `Cancelled`."""
    one.enter(State.CANCELLING)
    for attempt in range(CANCEL_TRIES):
        if attempt:
            one.clock.sleep(CANCEL_PAUSE)
        try:
            known = engine.cancel(ticket)
        except StembridgeError:
            continue
        if known:
            raise Cancelled("Cancelled, and the service was told.")
        raise Cancelled("Cancelled; the service had finished or dropped the job already.")
    raise Cancelled("Cancelled here; the service could not be reached to tell it.")


def _asked(one: Work) -> int:
    """Count the questions this job has asked, so that no answer is taken twice."""
    from stembridge.jobs import events

    return sum(event["type"] == "needs_decision" for event in events.read(one.job.events_file))
