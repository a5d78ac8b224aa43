"""Side by side: finished jobs of one region compared, as a job that is made once and kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from stembridge.bridge import comparing
from stembridge.bridge.finished import load
from stembridge.bridge.hosting import Job, failure, last_event
from stembridge.jobs import disk
from stembridge.jobs.combining import CompareRequest
from stembridge.model.errors import Cancelled, StembridgeError, StoreError, UsageError
from stembridge.panel.answers import Asked
from stembridge.panel.desk import NAME, Desk

_MOST = 4
_LOOK = 0.1


def compare(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Give the comparison of jobs; where there is none yet it is made, and waited for."""
    try:
        return disk.read_json(Path(str(_made(desk, asked)["document"])))
    except FileNotFoundError:
        raise StoreError("The comparison is gone.", hint="Remove its job, then compare again.") from None


def picture(desk: Desk, asked: Asked) -> Response:
    """Give the picture of a comparison."""
    return FileResponse(Path(str(_made(desk, asked)["picture"])), media_type="image/png")


def _made(desk: Desk, asked: Asked) -> dict[str, Any]:
    names = [name for name in asked.query_text("jobs").split(",") if name]
    if not 2 <= len(names) <= _MOST:
        raise UsageError(f"2 to {_MOST} jobs can be compared here.", hint="`stembridge compare` takes more.")
    jobs = [desk.job(name) for name in names]
    comparing.check([load(job) for job in jobs])
    stamps = [f"{job.id} {job.result_file.stat().st_mtime_ns}" for job in jobs]
    made = Job(desk.home / "jobs" / f"compare{hashlib.sha256(' '.join(stamps).encode()).hexdigest()[:20]}")
    if not made.request_file.exists():
        disk.make_folder(made.folder)
        request = CompareRequest(tuple(job.id for job in jobs), NAME)
        disk.write_json(made.request_file, request.to_dict(), shared=True)
    if not made.result_file.exists():
        _work(desk, made)
    result = made.result()
    if result is None:
        raise StoreError("The comparison came to nothing.", hint="Try it again.")
    return result


def _work(desk: Desk, job: Job) -> None:
    """Have a worker make it, and wait for its end."""
    desk.host.resume(job)
    end = None
    while end is None or end["type"] not in {"finished", "failed", "cancelled", "needs_decision"}:
        if desk.closing.wait(_LOOK):
            raise StembridgeError("The panel is being closed.", hint="Open it again.")
        end = last_event(job)
        if job.result_file.exists():
            return
    if end["type"] == "cancelled":
        raise Cancelled
    raise failure(end)
