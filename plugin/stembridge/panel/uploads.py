"""Uploads: audio that came through the page, kept in a folder of ours under a name of ours.

    <data>/panel/uploads/<id>/<safe name>   the file
    <data>/panel/uploads/<id>/upload.json   what it is called, and where it lies

No path comes from outside: an upload is known by its id.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from stembridge.audio.files import inspect
from stembridge.audio.storage import storage_errors
from stembridge.jobs import disk
from stembridge.jobs.reuse import stamp
from stembridge.model.errors import StembridgeError, StoreError, UnknownNameError, UsageError
from stembridge.model.names import safe
from stembridge.panel.answers import failed, reply
from stembridge.panel.desk import Desk
from stembridge.panel.tracks import Plain, Track, of_upload

MOST_BYTES = 4 << 30
ROOM_BYTES = 1 << 30
"""What an upload leaves free on the disk: a separation needs room, too."""
KEPT = 86_400.0
"""Seconds after which an upload that no job is of may go."""
_FACTS = "upload.json"
_ID = re.compile(r"[a-z0-9]{16}")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")
_BUFFER = 1 << 20
_LONGEST = 1000


@dataclass(frozen=True)
class Upload:
    """A file that came through the page."""

    id: str
    name: str
    path: Path


def most(desk: Desk) -> int:
    """Give how many bytes an upload may have now."""
    place = next(folder for folder in (desk.folder, *desk.folder.parents) if folder.exists())
    with contextlib.suppress(OSError):
        return max(0, min(MOST_BYTES, shutil.disk_usage(place).free - ROOM_BYTES))
    return MOST_BYTES


def find(desk: Desk, name: str) -> Upload:
    """Find an upload by its id; raises `UnknownNameError`."""
    if _ID.fullmatch(name):
        with contextlib.suppress(FileNotFoundError, KeyError):
            facts = disk.read_json(_folder(desk) / name / _FACTS)
            return Upload(name, str(facts["name"]), _folder(desk) / name / Path(str(facts["file"])).name)
    raise UnknownNameError("upload", name[:40], ())


def track(desk: Desk, name: str, plain: Plain) -> Track:
    """Give an upload as a track; ``plain`` as `tracks.of_file` has it."""
    found = find(desk, name)
    return of_upload(found.path, found.name, plain)


async def receive(desk: Desk, request: Request) -> Response:
    """Take a file in: its bytes are the request's body, its name stands in the query."""
    try:
        name = _name(request)
        found = await _taken(desk, request, name)
    except StembridgeError as error:
        return failed(error)
    return reply(found)


async def _taken(desk: Desk, request: Request, name: str) -> dict[str, Any]:
    limit = await run_in_threadpool(most, desk)
    promised = request.headers.get("content-length", "")
    if promised.isdigit() and int(promised) > limit:
        raise _too_long(limit)
    folder = _folder(desk) / secrets.token_hex(8)
    ending = Path(name).suffix
    kept = safe(Path(name).stem) + (ending if _ENDING.fullmatch(ending) else "")
    try:
        await run_in_threadpool(disk.make_folder, folder)
        digest = await _written(request.stream(), folder / kept, limit)
        found = await run_in_threadpool(_described, folder, kept, name, digest)
    except BaseException as fault:
        await run_in_threadpool(disk.remove, folder)
        if isinstance(fault, ClientDisconnect):
            raise UsageError("The upload was broken off.", hint="Try it again.") from fault
        raise
    known = await run_in_threadpool(_twin, folder, name, digest)
    if known is not None:
        # The very same file again is the same source: what was separated of it isn't paid for twice.
        await run_in_threadpool(disk.remove, folder)
    return {"file": known or folder.name, **found}


async def _written(chunks: AsyncIterator[bytes], path: Path, limit: int) -> str:
    """Write what comes; give the hash of it."""
    total, held, digest = 0, bytearray(), hashlib.sha256()

    def write(file: BinaryIO, data: bytes) -> None:
        digest.update(data)
        file.write(data)

    with storage_errors(path), path.open("xb") as file:
        async for chunk in chunks:
            total += len(chunk)
            if total > limit:
                raise _too_long(limit)
            held += chunk
            if len(held) >= _BUFFER:
                await run_in_threadpool(write, file, bytes(held))
                held.clear()
        await run_in_threadpool(write, file, bytes(held))
    return digest.hexdigest()


def _twin(folder: Path, name: str, digest: str) -> str | None:
    """Find an earlier upload of the same bytes under the same name."""
    for facts in sorted(folder.parent.glob(f"*/{_FACTS}")):
        with contextlib.suppress(OSError, StembridgeError, KeyError):
            told = disk.read_json(facts)
            file = facts.parent / Path(str(told["file"])).name
            same = (told["name"], told["sha256"], told["stamp"]) == (name, digest, stamp(file))
            if same and facts.parent != folder:
                return facts.parent.name
    return None


def _described(folder: Path, kept: str, name: str, digest: str) -> dict[str, Any]:
    info = inspect(folder / kept)
    facts = {"name": name, "file": kept, "sha256": digest, "stamp": stamp(folder / kept)}
    disk.write_json(folder / _FACTS, facts)
    return {
        "name": name, "frames": info.frames, "rate": info.rate, "channels": info.channels,
        "seconds": round(info.frames / info.rate, 3), "note": info.note,
    }  # fmt: skip


def tidy(desk: Desk) -> None:
    """Remove old uploads that no job was made of, and what was computed for jobs that are gone."""
    now = desk.tools.clock.time()
    used: set[str] = set()
    for job in desk.host.store.jobs():
        with contextlib.suppress(StembridgeError):
            source = job.request_document().get("source") or {}
            used.add(Path(str(source.get("path") or "")).parent.name)
    with contextlib.suppress(OSError, StembridgeError):
        for folder in _folder(desk).iterdir():
            if folder.name not in used and now - folder.stat().st_mtime > KEPT:
                disk.remove(folder)
    with contextlib.suppress(OSError, StembridgeError):
        for folder in (desk.folder / "cache").iterdir():
            there = (desk.home / "jobs" / folder.name).exists() or (_folder(desk) / folder.name).exists()
            if not there:
                disk.remove(folder)


def _folder(desk: Desk) -> Path:
    return desk.folder / "uploads"


def _name(request: Request) -> str:
    names = request.query_params.getlist("name")
    if set(request.query_params) != {"name"} or len(names) != 1 or not names[0].strip():
        raise UsageError("An upload needs a name.", hint="Choose a file, or drop one on the page.")
    return names[0].replace("\\", "/").rpartition("/")[2][:_LONGEST] or "audio"


def _too_long(limit: int) -> StoreError:
    return StoreError(
        f"The file is too large: {limit / 1e9:.1f} GB are possible at the moment.",
        code="no_space",
        hint="Free some space, choose a smaller file, or use `stembridge separate` on the file itself.",
        context={"status": 413},
    )
