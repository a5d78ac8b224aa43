"""Fetching a result: into `.part`, resumed where it broke off, checked, renamed.

A file that stands under its own name is complete by everything that HTTP can tell. Whether it
decodes is for the caller to try: a format's own checksum knows more than a length does.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stembridge.model.errors import RemoteFailedError, StembridgeError, TransferError
from stembridge.mvsep.attend import never
from stembridge.mvsep.download_errors import AgainError, busy, cut, disk, slow, wrong
from stembridge.mvsep.pace import read_retry_after, repeatable
from stembridge.mvsep.stream import Incoming, incoming
from stembridge.mvsep.transport import Transport
from stembridge.mvsep.wire import Asked
from stembridge.mvsep.wire_errors import Broken

Got = Callable[[int, int | None], None]

BIGGEST = 16 << 30
"""Bytes; a download without an end stops here."""
_WORTHWHILE = 1 << 20
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/json", "application/problem+json"})
_PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml", b"{")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The order: where from, how many bytes, text or audio, whom to tell."""

    url: str
    expected: int | None
    text: bool
    progress: Got | None


@dataclass(slots=True)
class _Part:
    """What is on disk, and by which mark the server knows it."""

    path: Path
    note: Path
    url_mark: str
    validator: str = ""
    total: int | None = None

    def size(self) -> int:
        """Bytes that may be built upon; 0 when they belong to something else."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            total = None if note["total"] is None else int(note["total"])
            if note["url"] == self.url_mark:
                size = self.path.stat().st_size
                self.validator, self.total = str(note["validator"]), total
                return size
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.validator, self.total = "", None
        return 0

    def remember(self, validator: str, total: int | None) -> None:
        self.validator, self.total = validator, total
        self.note.write_text(
            json.dumps({"url": self.url_mark, "validator": validator, "total": total}), encoding="utf-8"
        )

    def forget(self) -> None:
        for path in (self.path, self.note):
            path.unlink(missing_ok=True)


def download(
    transport: Transport,
    url: str,
    target: Path,
    *,
    expected: int | None = None,
    text: bool = False,
    progress: Got | None = None,
    cancelled: Asked = never,
) -> int:
    """Bring a file of the service to ``target``.

    Parameters
    ----------
    url
        Its address; it must be the service's own.
    target
        Where it goes. ``.part`` and ``.part.json`` beside it are this function's, and are taken up
        again by the next call.
    expected
        Its size in bytes as the service listed it, None where it didn't.
    text
        True for a transcript: a page or JSON is what is wanted then.
    progress
        Gets bytes so far and in all (None: unknown), at least ten times a second.

    Returns
    -------
    int
        The file's size in bytes.

    Raises
    ------
    ProtocolError
        When the address isn't the service's.
    RemoteFailedError
        When the service no longer has the file.
    TransferError
        When what arrives is not the file that was announced.
    UnavailableError
        When it can't be had at the moment (retryable; what is there stays).
    StoreError
        When it can't be written: ``no_space``, ``store``.
    """
    clean = transport.service.own(url)
    part = _Part(
        target.with_name(target.name + ".part"),
        target.with_name(target.name + ".part.json"),
        hashlib.sha256(clean.encode()).hexdigest(),
    )
    wanted = _Wanted(clean, expected, text, progress)
    failures = 0
    afresh = False
    try:
        while True:
            have = 0 if afresh else part.size()
            try:
                size = _attempt(transport, part, have, wanted, cancelled)
            except AgainError as again:
                stopped = again
            else:
                os.replace(part.path, target)  # noqa: PTH105 - the atomic one, on every system
                part.note.unlink(missing_ok=True)
                return size
            grown = part.path.stat().st_size - have if part.path.exists() and not stopped.afresh else 0
            failures = 1 if grown >= _WORTHWHILE else failures + 1
            afresh = stopped.afresh
            pause = transport.backoff.pause(failures, stopped.after)
            if failures >= transport.limits.attempts or pause is None or not _passing(stopped.why):
                if isinstance(stopped.why, TransferError):
                    part.forget()
                raise stopped.why
            transport.pause(pause, cancelled)
    except OSError as problem:
        failed = disk(problem, target)
    raise failed


def _passing(why: StembridgeError) -> bool:
    return why.retryable or isinstance(why, TransferError)


def _attempt(transport: Transport, part: _Part, have: int, wanted: _Wanted, cancelled: Asked) -> int:
    headers = {"Accept-Encoding": "identity", "Accept": "*/*"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if part.validator:
            headers["If-Range"] = part.validator
    problem: StembridgeError
    try:
        with incoming(transport, wanted.url, headers, cancelled) as reply:
            start, total = _judge(transport, reply, part, have, wanted)
            if have and start == total:
                return start
            if not start:
                part.remember(_validator(reply), total)
            with part.path.open("r+b" if start else "wb") as file:
                file.seek(start)
                return _write(transport, file, reply, (start, total), wanted)
    except Broken as broken:
        problem = broken.seen
    raise AgainError(problem)


def _judge(
    transport: Transport, reply: Incoming, part: _Part, have: int, wanted: _Wanted
) -> tuple[int, int | None]:
    """Decide from the head of the reply where its bytes go: (first byte, size in all)."""
    status, headers, expected = reply.status, reply.headers, wanted.expected
    if status == 416 and have:
        match = _RANGE.fullmatch(headers.get("content-range", "").strip())
        if match and match[3] == str(have) and expected in {None, have}:
            return have, have
        raise wrong("MVSEP's file is shorter than what had arrived of it.")
    if status in {200, 206}:
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if not wanted.text and kind in _PAGES:
            raise wrong("MVSEP sent a web page instead of the audio.")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise wrong("MVSEP sent the file in a form that wasn't asked for.")
    if status == 206 and have:
        match = _RANGE.fullmatch(headers.get("content-range", "").strip())
        known = part.total if part.total is not None else expected
        if match and match[1] == str(have) and match[3].isdigit():
            total = int(match[3])
            if int(match[2]) == total - 1 and known in {None, total} and expected in {None, total}:
                return have, total
        raise wrong("MVSEP went on at another place of the file than asked.")
    if status == 200:
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 19):
            return 0, expected
        if expected not in {None, int(length)}:
            raise wrong("MVSEP's file has another size than it announced.")
        return 0, int(length)
    if repeatable(status):
        after = read_retry_after(headers.get("retry-after"), headers.get("date"), transport.wall())
        raise busy(status, after)
    if status in {401, 403, 404, 410}:
        raise RemoteFailedError(
            "MVSEP no longer has this result.",
            hint="Results are kept for 72 hours. Separate the region again.",
            context={"status": status},
        )
    raise wrong(f"MVSEP answered the download with status {status}.")


def _write(
    transport: Transport, file: BinaryIO, reply: Incoming, span: tuple[int, int | None], wanted: _Wanted
) -> int:
    done, total = span
    mark, since = done, transport.clock()
    dripping = False
    try:
        for piece in reply.pieces:
            if piece:
                if done == 0 and not wanted.text and piece[:64].lstrip().lower().startswith(_PAGE_STARTS):
                    raise wrong("MVSEP sent a web page instead of the audio.")
                done += len(piece)
                if done > (BIGGEST if total is None else total):
                    raise wrong("MVSEP sent more than it announced.")
                file.write(piece)
            if wanted.progress is not None:
                wanted.progress(done, total)
            now = transport.clock()
            if now - since > transport.limits.drip_window:
                if done - mark < transport.limits.drip_least:
                    dripping = True
                    break
                mark, since = done, now
    finally:
        # What has arrived counts for the next attempt, whatever ended this one.
        file.flush()
        os.fsync(file.fileno())
    if dripping:
        raise slow()
    if total is not None and done != total:
        raise cut()
    if done == 0:
        raise wrong("MVSEP sent an empty file.")
    return done


def _validator(reply: Incoming) -> str:
    tag = reply.headers.get("etag", "").strip()
    return tag if tag.startswith('"') else reply.headers.get("last-modified", "").strip()
