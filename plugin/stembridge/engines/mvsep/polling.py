"""How an order stands; and, once it is done, the list of what it gave as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stembridge.engines.base import Poll, Remote, Ticket
from stembridge.engines.mvsep.naming import incomplete, missing
from stembridge.engines.mvsep.orders import FETCHED, node_of
from stembridge.model.errors import ProtocolError, RemoteFailedError, StembridgeError, UnavailableError
from stembridge.mvsep.client import Client
from stembridge.mvsep.replies import JobState, RemoteStatus, Result, ResultFile, Status

ABOUT, FILE = "about", "file"
TRIES = 2
"""Requests that one poll makes at most: who polls comes again anyway, and wants to be able to cancel."""
_STATES = {
    JobState.NOT_FOUND: Remote.GONE,
    JobState.WAITING: Remote.QUEUED,
    JobState.WORKING: Remote.PROCESSING,
    JobState.DONE: Remote.DONE,
    JobState.FAILED: Remote.FAILED,
}
_FAR, _VERY_FAR = 10, 50
_MIRROR_MISSED = "The mirror couldn't be used; the files came from the usual place."


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing says, typed again.

    ``about`` has the service's texts about the whole: algorithm, output_format, date, input (address),
    input_name, note. ``transcription`` is whatever it wrote down.
    """

    about: Mapping[str, str]
    files: tuple[ResultFile, ...] = field(repr=False)
    transcription: object = field(default=None, repr=False)


class Poller:
    """Asks for one account.

    Parameters
    ----------
    mirrored
        Ids of the jobs for which this process is about to ask the mirror.
    """

    def __init__(self, client: Client, mirrored: set[str]) -> None:
        self._client = client
        self._mirrored = mirrored

    def poll(self, ticket: Ticket) -> Poll:
        """Ask once.

        Raises
        ------
        UnavailableError
            For any answer that isn't one: the order is paid for, and asking again costs nothing.
        """
        try:
            if ticket.id.startswith(FETCHED):
                return self._fetched(ticket)
            return self._told(ticket, self._client.get(ticket.id, node=ticket.host, attempts=TRIES))
        except UnavailableError:
            raise
        except ProtocolError as unclear:
            problem = unclear
        except RemoteFailedError as refused:
            if refused.context.get("status") in {404, 410}:
                return Poll(Remote.GONE, refused.message)
            raise
        raise UnavailableError(problem.message, hint=problem.hint, context=problem.context, retryable=True)

    def _fetched(self, ticket: Ticket) -> Poll:
        status = self._client.get_remote(ticket.id.removeprefix(FETCHED), node=ticket.host, attempts=TRIES)
        if status.state is JobState.DONE:
            host = node_of(self._client.transport.service, status.link)
            return Poll(Remote.QUEUED, status.message, ticket=replace(ticket, id=status.hash, host=host))
        return _poll(status)

    def _told(self, ticket: Ticket, status: Status) -> Poll:
        answer = _poll(status)
        if status.state is not JobState.DONE or status.result is None or not status.result.complete:
            return answer
        result, note = status.result, ""
        lacking = missing(result.files, ticket.memo.get("stems", "").split())
        if lacking:
            return replace(answer, message=incomplete(lacking))
        try:
            for file in result.files:
                self._client.transport.service.own(file.url)
        except ProtocolError as elsewhere:
            # Nothing is fetched from there; another answer may be better, and is asked for.
            return replace(answer, message=elsewhere.message)
        wish = ticket.memo.get("mirror", "")
        if wish == "wanted":
            # It costs a credit each time: that it is about to be asked is on disk first.
            self._mirrored.add(ticket.id)
            memo = {**ticket.memo, "mirror": "asked"}
            return Poll(Remote.PROCESSING, ticket=replace(ticket, memo=memo))
        if wish == "asked":
            result, note = self._from_mirror(ticket, result)
        return replace(answer, listing=listing(result, note))

    def _from_mirror(self, ticket: Ticket, result: Result) -> tuple[Result, str]:
        if ticket.id not in self._mirrored:
            return result, _MIRROR_MISSED
        self._mirrored.discard(ticket.id)
        try:
            status = self._client.get_mirrored(ticket.id, node=ticket.host)
        except StembridgeError as problem:
            return result, f"{_MIRROR_MISSED} {problem.message}"
        mirrored = status.result
        return (mirrored, "") if mirrored and mirrored.complete else (result, _MIRROR_MISSED)


def _poll(status: Status | RemoteStatus) -> Poll:
    place = status.current_order
    return Poll(
        _STATES[status.state],
        status.message,
        place=place,
        queue=status.queue_count,
        done=status.finished_chunks if isinstance(status, Status) else None,
        total=status.all_chunks if isinstance(status, Status) else None,
        retry_after=None if place is None or place <= _FAR else (30.0 if place > _VERY_FAR else 15.0),
    )


def listing(result: Result, note: str = "") -> list[dict[str, object]]:
    """Put a result into plain JSON values: a row about it all, and a row a file."""
    source = result.input_file
    about: dict[str, object] = {
        "row": ABOUT,
        "algorithm": result.algorithm,
        "algorithm_description": result.algorithm_description,
        "output_format": result.output_format,
        "date": result.date,
        "input": source.url if source else "",
        "input_name": source.download if source else "",
        "note": note,
        "transcription": result.transcription,
    }
    files: list[dict[str, object]] = [
        {"row": FILE, "type": f.type, "url": f.url, "bytes": f.bytes, "download": f.download}
        for f in result.files
    ]
    return [about, *files]


def read_listing(rows: Sequence[Mapping[str, object]]) -> Listed:
    """Read what `listing` gave."""
    about: dict[str, str] = {}
    files: list[ResultFile] = []
    transcription: object = None
    for row in rows:
        if row.get("row") == ABOUT:
            about = {k: v for k, v in row.items() if isinstance(v, str) and k != "transcription"}
            transcription = row.get("transcription")
        else:
            size = row.get("bytes")
            files.append(
                ResultFile(
                    type=str(row.get("type", "")),
                    url=str(row.get("url", "")),
                    bytes=size if isinstance(size, int) else None,
                    download=str(row.get("download", "")),
                )
            )
    return Listed(about, tuple(files), transcription)
