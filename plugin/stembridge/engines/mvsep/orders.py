"""Ordering once, finding an order whose answer was lost, and adopting one that was made elsewhere."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from stembridge.engines.base import Asked, Progress, Recipe, Report, SubmissionUncertainError, Ticket
from stembridge.engines.mvsep.prepare import bits_of
from stembridge.model.errors import RemoteFailedError, StembridgeError, UsageError
from stembridge.mvsep.client import Client
from stembridge.mvsep.faults import MaybeSentError
from stembridge.mvsep.origin import Service
from stembridge.mvsep.replies import Created, JobState
from stembridge.mvsep.replies_site import HistoryRow

FETCHED = "url:"
"""In front of the id of a ticket whose file the service still fetches."""
NODES = ("mvsep.com", "de.mvsep.com", "de2.mvsep.com", "hk.mvsep.com", "sg.mvsep.com", "mirror.mvsep.com")
"""Hosts of the public service that may hold a job."""
PAGE = 20
_MOST_PAGES = 100
_STAMP = re.compile(r"(\d{14})-[0-9a-f]{6,}-(.+)", re.IGNORECASE)
_ANY_ZONE = dt.timedelta(hours=26)
_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Asking:
    """An order, ready to go."""

    recipe: Recipe
    output_format: int
    progress: Report
    cancelled: Asked


def memo_of(asking: Asking, upload: Path | None) -> dict[str, str]:
    """Give what the ticket has to remember of an order."""
    recipe = asking.recipe
    memo = {"model": recipe.model, "stems": " ".join(recipe.stems), "format": str(asking.output_format)}
    if recipe.service.get("mirror") == "1":
        memo["mirror"] = "wanted"
    if recipe.service.get("url"):
        memo["input"] = "1"
    if upload is not None:
        memo["bits"] = str(bits_of(upload))
    return memo


def submit(client: Client, upload: Path | None, upload_name: str, asking: Asking) -> Ticket:
    """Order, once.

    Raises
    ------
    SubmissionUncertainError
        The order may have arrived.
    StembridgeError
        Any other: it was refused for certain.
    Cancelled
        Likewise certain.
    """
    service = asking.recipe.service
    memo = memo_of(asking, upload)
    try:
        if service.get("url"):
            created = client.create_from_url(
                service["url"],
                remote_type=service.get("remote_type") or "direct",
                sep_type=int(asking.recipe.model),
                options=asking.recipe.options,
                output_format=asking.output_format,
                publish_demo=service.get("publish_demo") == "1",
                cancelled=asking.cancelled,
            )
            return _ticket(client, created, memo, FETCHED)
        created = _create(client, upload, upload_name, asking)
    except MaybeSentError as uncertain:
        problem = uncertain
    else:
        return _ticket(client, created, memo)
    raise SubmissionUncertainError(problem.message, hint=problem.hint, context=problem.context)


def _create(client: Client, upload: Path | None, upload_name: str, asking: Asking) -> Created:
    def post(file: Path | None, name: str) -> Created:
        return client.create(
            file,
            name,
            sep_type=int(asking.recipe.model),
            options=asking.recipe.options,
            output_format=asking.output_format,
            publish_demo=asking.recipe.service.get("publish_demo") == "1",
            progress=lambda sent, size: asking.progress(Progress("upload", sent, size, "bytes")),
            cancelled=asking.cancelled,
        )

    if upload is not None:
        return post(upload, upload_name)
    try:
        return post(None, upload_name)
    except (RemoteFailedError, UsageError) as refusal:
        # Refused for want of a file, so nothing was paid: a type may want one that it doesn't use.
        if refusal.context.get("refusal") not in {"file", "form"} or "file" not in refusal.message.lower():
            raise
    with tempfile.TemporaryDirectory() as folder:
        return post(_second_of_silence(Path(folder)), f"{upload_name}.flac")


def _second_of_silence(folder: Path) -> Path:
    import numpy as np

    from stembridge.audio.writers import StemWriter
    from stembridge.model.formats import FORMATS

    path = folder / "silence.flac"
    with StemWriter(path, FORMATS["flac24"], rate=44_100, channels=2, frames=44_100) as writer:
        writer.write(np.zeros((44_100, 2), np.float32))
        writer.commit()
    return path


def _ticket(client: Client, created: Created, memo: Mapping[str, str], prefix: str = "") -> Ticket:
    return Ticket(prefix + created.hash, node_of(client.transport.service, created.link), memo)


def node_of(service: Service, link: str) -> str:
    """Give the host of a job by its link; the configured one when the link is of no use.

    The order is paid for by now: a link to somewhere else must not lose it.
    """
    try:
        return service.node(link) if link else service.base
    except StembridgeError:
        return service.base


def find(client: Client, upload_name: str, since: float) -> Ticket | None:
    """Search the history from ``since`` (Unix seconds) on for an upload of ours."""
    wanted = _plain(upload_name.rpartition(".")[0] or upload_name)
    for row in _history(client, dt.datetime.fromtimestamp(since, dt.UTC).replace(tzinfo=None)):
        match = _STAMP.fullmatch(row.hash)
        if match and _plain(match[2].rpartition(".")[0] or match[2]) == wanted:
            return Ticket(row.hash, locate(client, row.hash), _memo_of_row(row))
    return None


def _history(client: Client, since: dt.datetime | None) -> Iterator[HistoryRow]:
    """Give the rows of the history, newest first, down to those that are certainly older than ``since``."""
    seen: set[str] = set()
    for number in range(_MOST_PAGES):
        rows = client.separation_history(start=number * PAGE, limit=PAGE)
        for row in rows:
            if row.hash not in seen:
                seen.add(row.hash)
                yield row
        if len(rows) < PAGE or (since is not None and _older(rows[-1].hash, since - _ANY_ZONE)):
            return


def _older(job: str, limit: dt.datetime) -> bool:
    """Say whether a hash was made before a time; its clock may be of any zone."""
    match = _STAMP.fullmatch(job)
    if match is None:
        return False
    try:
        return dt.datetime.strptime(match[1], "%Y%m%d%H%M%S") < limit  # noqa: DTZ007 - zone unknown
    except ValueError:
        return False


def _plain(name: str) -> str:
    return _PLAIN.sub("", name.lower())


def _memo_of_row(row: HistoryRow) -> dict[str, str]:
    return {} if row.algorithm.sep_type is None else {"model": str(row.algorithm.sep_type)}


def locate(client: Client, job: str) -> str:
    """Find the host that has a job; the history doesn't name it."""
    service = client.transport.service
    if service.public:
        for host in (service.base, *(f"https://{node}" for node in NODES)):
            try:
                if client.get(job, node=host, attempts=1).state is not JobState.NOT_FOUND:
                    return host
            except StembridgeError:
                continue
    return service.base


def adopt(client: Client, reference: str) -> Ticket:
    """Take up an order that was made elsewhere, or by an earlier job.

    Parameters
    ----------
    reference
        A number of the account's history, a hash, or a link of the service to a job.

    Raises
    ------
    UsageError
        When it is none of these, or a link to somewhere else.
    RemoteFailedError
        When the service no longer has it.
    """
    said = reference.strip()
    if said.isascii() and said.isdigit() and len(said) < 14:
        return _adopt_row(client, said)
    if "://" in said:
        return _adopt_link(client.transport.service, said)
    if _STAMP.fullmatch(said):
        return Ticket(said, locate(client, said), {"input": "1"})
    raise UsageError(
        "That is no separation of MVSEP's.",
        hint="Give its number (see `stembridge account history`), or the link to its result on stdin.",
    )


def _adopt_row(client: Client, number: str) -> Ticket:
    row = next((row for row in _history(client, None) if row.id == number), None)
    if row is None:
        raise UsageError(
            f"Your history has no separation with the number {number}.",
            hint="See `stembridge account history`.",
        )
    if not row.job_exists or (row.time_left is not None and row.time_left < 0):
        raise RemoteFailedError(
            f"MVSEP no longer has the files of separation {number}.",
            hint="Results are kept for 72 hours. Separate the audio again.",
        )
    return Ticket(row.hash, locate(client, row.hash), {**_memo_of_row(row), "input": "1"})


def _adopt_link(service: Service, link: str) -> Ticket:
    try:
        host = service.node(link)
        parts = urlsplit(link)
        found = parse_qs(parts.query).get("hash", [""])[0] or unquote(
            parts.path.rstrip("/").rpartition("/")[2]
        )
    except (StembridgeError, ValueError):
        host, found, parts = "", "", None
    fetched = parts is not None and parts.path.rstrip("/").endswith("/get-remote")
    if not host or not found or not (fetched or _STAMP.fullmatch(found)):
        # The link itself is a secret, and isn't repeated.
        raise UsageError(
            f"That link doesn't lead to a separation at {service.base}.",
            hint="Copy the address of the result's page, or look into `stembridge account history`.",
        )
    return Ticket(f"{FETCHED if fetched else ''}{found}", host, {"input": "1"})
