"""Replies about separations: created, how it stands, what came of it, cancelled.

The hash and every link are secrets: they let anyone fetch the audio. They don't show in a repr.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from stembridge.mvsep.shapes import ShapeError, flag, integer, needed, obj, rows, text
from stembridge.mvsep.words import words

_LONG_NAME = re.compile(r"_\[[^\]]*\]$")


class JobState(StrEnum):
    """What a status means; every status that isn't known means that the service is still at it."""

    NOT_FOUND = "not_found"
    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


_STATES = {
    "not_found": JobState.NOT_FOUND,
    "waiting": JobState.WAITING,
    "done": JobState.DONE,
    "failed": JobState.FAILED,
}


@dataclass(frozen=True, slots=True)
class Created:
    """An order that was taken. ``link`` may be empty; then the configured host has the job."""

    hash: str = field(repr=False)
    link: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file of a result.

    Attributes
    ----------
    type
        The service's label of the stem.
    url
        Where it is; empty while it isn't there yet. Secret.
    size
        For people, as in "5.84 MB".
    bytes
        Exact size, None where it wasn't listed.
    download
        The file's name at the service: a stranger's text, never a path of ours.
    name
        Another name, mostly empty.
    image
        Link to a picture, mostly empty. Secret.
    """

    type: str
    url: str = field(repr=False)
    size: str = ""
    bytes: int | None = None
    download: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    image: str = field(default="", repr=False)

    @property
    def slug(self) -> str:
        """The short name of the stem at the end of the file's name, lower case; empty if there is none."""
        name = self.download or unquote(urlsplit(self.url).path)
        stem = PurePosixPath(name.replace("\\", "/")).stem
        return _LONG_NAME.sub("", stem).rpartition("_")[2].strip().lower()

    @property
    def extension(self) -> str:
        """The file's extension in lower case, without the dot; empty if there is none."""
        name = self.download or unquote(urlsplit(self.url).path)
        found = PurePosixPath(name.replace("\\", "/")).suffix[1:].lower()
        return found if found.isalnum() and found.isascii() and len(found) <= 5 else ""


@dataclass(frozen=True, slots=True)
class InputFile:
    """The service's copy of what was sent."""

    url: str = field(repr=False)
    size: str = ""
    download: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished job gives.

    ``tags`` are the audio's tags as they came; ``transcription`` is whatever text the service wrote
    (plain JSON values), None where there is none.
    """

    hash: str = field(repr=False)
    algorithm: str
    algorithm_description: str
    output_format: str
    size: str
    date: str
    files: tuple[ResultFile, ...]
    input_file: InputFile | None = None
    tags: Mapping[str, object] = field(default_factory=dict, repr=False)
    transcription: object = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """False while files, or their addresses, are still missing (up to five minutes)."""
        if self.files:
            return all(file.url for file in self.files)
        return bool(self.transcription)


@dataclass(frozen=True, slots=True)
class Status:
    """How a job stands.

    Attributes
    ----------
    state
        What it means.
    status
        The service's own word.
    message
        The service's sentence; the reason when it failed.
    queue_count, current_order
        Unprocessed jobs in the user's class, and the place of this one; None where not said.
    finished_chunks, all_chunks
        Parts of a long file; None where not said.
    result
        With `JobState.DONE`.
    """

    state: JobState
    status: str
    message: str = ""
    queue_count: int | None = None
    current_order: int | None = None
    finished_chunks: int | None = None
    all_chunks: int | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """How the fetching of a file from elsewhere stands; with DONE, hash and link of the job it became."""

    state: JobState
    status: str
    message: str = ""
    queue_count: int | None = None
    current_order: int | None = None
    hash: str = field(default="", repr=False)
    link: str = field(default="", repr=False)


def parse_created(value: object) -> Created:
    """Read the reply to a create that was taken."""
    data = obj(obj(value, "").get("data"), "data")
    link = text(data.get("link"), "data.link").strip()
    return Created(_hash(data, link), link)


def _hash(data: Mapping[str, object], link: str) -> str:
    found = text(data.get("hash"), "data.hash").strip()
    if not found and link:
        try:
            found = parse_qs(urlsplit(link).query).get("hash", [""])[0].strip()
        except ValueError:
            found = ""
    if not found or len(found) > 1000 or not found.isprintable():
        raise ShapeError("data.hash")
    return found


def _state(value: object) -> tuple[Mapping[str, object], Mapping[str, object], str, JobState]:
    whole = obj(value, "")
    status = needed(whole.get("status"), "status").lower()
    data = whole.get("data")
    # Where a message is all that is said, some replies have it in place of the data.
    inner = {"message": data} if isinstance(data, str) else obj(data, "data")
    return whole, inner, status, _STATES.get(status, JobState.WORKING)


def parse_status(value: object) -> Status:
    """Read the reply of ``get``."""
    whole, data, status, state = _state(value)
    return Status(
        state=state,
        status=status,
        message=words(whole) or words({"data": data}),
        queue_count=integer(data.get("queue_count"), "data.queue_count"),
        current_order=integer(data.get("current_order"), "data.current_order"),
        finished_chunks=integer(data.get("finished_chunks"), "data.finished_chunks"),
        all_chunks=integer(data.get("all_chunks"), "data.all_chunks"),
        result=_result(data) if state is JobState.DONE else None,
    )


def parse_remote_status(value: object) -> RemoteStatus:
    """Read the reply of ``get-remote``."""
    whole, data, status, state = _state(value)
    done = state is JobState.DONE
    link = text(data.get("link"), "data.link").strip()
    return RemoteStatus(
        state=state,
        status=status,
        message=words(whole) or words({"data": data}),
        queue_count=integer(data.get("queue_count"), "data.queue_count"),
        current_order=integer(data.get("current_order"), "data.current_order"),
        hash=_hash(data, link) if done else "",
        link=link if done else "",
    )


def parse_cancelled(value: object) -> bool:
    """Read the reply of ``cancel``: False when the service doesn't know the job (any more)."""
    found = flag(obj(value, "").get("success"), "success")
    if found is None:
        raise ShapeError("success")
    return found


def _result(data: Mapping[str, object]) -> Result:
    given = data.get("input_file")
    source = obj(given, "data.input_file") if not isinstance(given, str) else {"url": given}
    tags = data.get("tags")
    said = data.get("transcription")
    return Result(
        hash=text(data.get("hash"), "data.hash"),
        algorithm=text(data.get("algorithm"), "data.algorithm"),
        algorithm_description=text(data.get("algorithm_description"), "data.algorithm_description"),
        output_format=text(data.get("output_format"), "data.output_format"),
        size=text(data.get("size"), "data.size"),
        date=text(data.get("date"), "data.date"),
        files=tuple(_file(row) for row in rows(data.get("files"), "data.files")),
        input_file=InputFile(
            url=text(source.get("url"), "data.input_file.url"),
            size=text(source.get("size"), "data.input_file.size"),
            download=text(source.get("download"), "data.input_file.download"),
        )
        if source
        else None,
        tags=tags if isinstance(tags, dict) else {},
        transcription=said or None,
    )


def _file(row: Mapping[str, object]) -> ResultFile:
    image = row.get("image")
    size = integer(row.get("bytes"), "data.files[].bytes")
    if size is not None and size < 0:
        raise ShapeError("data.files[].bytes")
    return ResultFile(
        type=text(row.get("type"), "data.files[].type"),
        url=text(row.get("url"), "data.files[].url").strip(),
        size=text(row.get("size"), "data.files[].size"),
        bytes=size,
        download=text(row.get("download"), "data.files[].download"),
        name=text(row.get("name"), "data.files[].name"),
        image=image if isinstance(image, str) else "",
    )
