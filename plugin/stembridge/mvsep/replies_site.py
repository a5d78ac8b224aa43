"""Replies about the site and the account: news, queues, demos, the user, the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stembridge.mvsep.redact import Secret
from stembridge.mvsep.shapes import ShapeError, flag, integer, needed, number, obj, rows, text
from stembridge.mvsep.words import words


@dataclass(frozen=True, slots=True)
class News:
    """A piece of news; ``text`` may hold HTML."""

    title: str
    lang: str
    text: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Queue:
    """The site's queues, in jobs.

    ``plan`` and ``plan_queue`` are those of the key that asked. ``free_left`` of ``free_max`` are the
    separations that a free account has left. None where the service didn't say.
    """

    in_process: int | None
    premium: int | None
    registered: int | None
    unregistered: int | None
    plan: str = ""
    plan_queue: int | None = None
    free_left: int | None = None
    free_max: int | None = None


@dataclass(frozen=True, slots=True)
class AlgorithmRef:
    """Which separation type was used. ``sep_type`` is None where the service didn't say."""

    sep_type: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Demo:
    """A published separation. These links are public."""

    hash: str
    date: str
    input_audio: str
    size: str
    algorithm: AlgorithmRef


@dataclass(frozen=True, slots=True)
class Account:
    """A user.

    Attributes
    ----------
    api_token
        The key; None when the service gave none.
    premium_minutes
        Credits left.
    premium_enabled
        The user's leave to spend them.
    long_filenames_enabled
        True when result files get long names.
    jobs_running
        Jobs under way, None where not said.
    running
        Their hashes, as far as they were listed. Secret.
    """

    name: str
    email: str
    api_token: Secret | None
    premium_minutes: int
    premium_enabled: bool
    long_filenames_enabled: bool
    jobs_running: int | None = None
    running: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """An earlier separation.

    ``credits`` is None when nothing was separated. ``time_left`` is in hours, negative when the
    result is gone, None where not said.
    """

    id: str
    hash: str = field(repr=False)
    created_at: str
    updated_at: str
    job_exists: bool
    credits: float | None
    time_left: float | None
    algorithm: AlgorithmRef


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was done; ``message`` is the service's sentence about it."""

    message: str


def parse_news(value: object) -> tuple[News, ...]:
    """Read the news, newest first."""
    return tuple(
        News(
            title=text(row.get("title"), "title"),
            lang=text(row.get("lang"), "lang"),
            text=text(row.get("text"), "text"),
            created_at=text(row.get("created_at"), "created_at"),
        )
        for row in rows(value, "news")
    )


def parse_queue(value: object) -> Queue:
    """Read the queues; the asker's own is called ``plan`` on the page and ``current`` since."""
    whole = obj(value, "")
    if "queue" not in whole and "data" in whole:
        whole = obj(whole["data"], "data")
    if "queue" not in whole:
        raise ShapeError("queue")
    queue = obj(whole["queue"], "queue")
    given = whole.get("plan", whole.get("current"))
    own = {"plan": given} if isinstance(given, str) else obj(given, "plan")
    free = whole.get("free_separations")
    left = obj(free, "free_separations") if not isinstance(free, int) else {"left": free}
    return Queue(
        in_process=integer(queue.get("in_process"), "queue.in_process"),
        premium=integer(queue.get("premium"), "queue.premium"),
        registered=integer(queue.get("registered"), "queue.registered"),
        unregistered=integer(queue.get("unregistered"), "queue.unregistered"),
        plan=text(own.get("plan"), "plan.plan"),
        plan_queue=integer(own.get("queue"), "plan.queue"),
        free_left=integer(left.get("left"), "free_separations.left"),
        free_max=integer(left.get("max"), "free_separations.max"),
    )


def _algorithm(value: object) -> AlgorithmRef:
    if isinstance(value, str):
        return AlgorithmRef(None, text(value, "algorithm"))
    row = obj(value, "algorithm")
    return AlgorithmRef(
        integer(row.get("render_id"), "algorithm.render_id"), text(row.get("name"), "algorithm.name")
    )


def parse_demos(value: object) -> tuple[Demo, ...]:
    """Read the published separations, newest first."""
    return tuple(
        Demo(
            hash=text(row.get("hash"), "hash"),
            date=text(row.get("date"), "date"),
            input_audio=text(row.get("input_audio"), "input_audio"),
            size=text(row.get("size"), "size"),
            algorithm=_algorithm(row.get("algorithm")),
        )
        for row in rows(value, "demos")
    )


def parse_account(value: object) -> Account:
    """Read the reply of ``login`` and ``user``."""
    whole = obj(value, "")
    data = obj(whole.get("data"), "data")
    if not data:
        raise ShapeError("data")
    key = text(data.get("api_token"), "data.api_token").strip()
    running, hashes = _running(data.get("current_queue"))
    return Account(
        name=text(data.get("name"), "data.name"),
        email=text(data.get("email"), "data.email"),
        api_token=Secret(key) if key else None,
        premium_minutes=integer(data.get("premium_minutes"), "data.premium_minutes") or 0,
        premium_enabled=bool(flag(data.get("premium_enabled"), "data.premium_enabled")),
        long_filenames_enabled=bool(flag(data.get("long_filenames_enabled"), "data.long_filenames_enabled")),
        jobs_running=running,
        running=hashes,
    )


def _running(value: object) -> tuple[int | None, tuple[str, ...]]:
    if value is None or isinstance(value, bool):
        return None, ()
    if isinstance(value, int | float | str):
        return integer(value, "data.current_queue"), ()
    jobs: list[object]
    if isinstance(value, dict):
        jobs = [value] if "hash" in value else list(value.values())
    else:
        jobs = value if isinstance(value, list) else []
    hashes = [job if isinstance(job, str) else job.get("hash") for job in jobs if isinstance(job, str | dict)]
    return len(jobs), tuple(found for found in hashes if isinstance(found, str) and found)


def parse_history(value: object) -> tuple[HistoryRow, ...]:
    """Read earlier separations, newest first."""
    return tuple(_history_row(row) for row in rows(value, "data"))


def _history_row(row: Mapping[str, object]) -> HistoryRow:
    return HistoryRow(
        id=text(row.get("id"), "id"),
        hash=needed(row.get("hash"), "hash"),
        created_at=text(row.get("created_at"), "created_at"),
        updated_at=text(row.get("updated_at"), "updated_at"),
        job_exists=bool(flag(row.get("job_exists"), "job_exists")),
        credits=number(row.get("credits"), "credits"),
        time_left=number(row.get("time_left"), "time_left"),
        algorithm=_algorithm(row.get("algorithm")),
    )


def parse_notice(value: object) -> Notice:
    """Read the reply of a switch and of ``register``."""
    whole = obj(value, "")
    if not flag(whole.get("success"), "success"):
        raise ShapeError("success")
    return Notice(words(whole))
