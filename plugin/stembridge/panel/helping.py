"""Help: the doctor in words, and a report to send us that holds no secret."""

from __future__ import annotations

import datetime as dt
import platform
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse, Response

import stembridge
from stembridge.jobs import events
from stembridge.jobs.store import Job
from stembridge.model.errors import StembridgeError
from stembridge.mvsep.redact import Secret, scrub
from stembridge.panel import choosing
from stembridge.panel.answers import Asked
from stembridge.panel.desk import Desk

_JOBS = 20
_LONGEST = 300


def doctor(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Say what works here, and what to do about the rest."""
    rows = choosing.ask(desk, "doctor")
    return {"ok": all(row["ready"] or not row["needed"] for row in rows), "rows": rows}


def report(desk: Desk, asked: Asked) -> Response:
    """Give what we need to know of a trouble: versions, the doctor, the last jobs' ends.

    Keys, links, hashes, names of files and of the user are taken out.
    """
    return PlainTextResponse("\n".join(_lines(desk, asked)) + "\n")


def _lines(desk: Desk, asked: Asked) -> list[str]:
    now = dt.datetime.fromtimestamp(desk.tools.clock.time(), dt.UTC).isoformat(timespec="seconds")
    lines = [
        f"Stembridge {stembridge.__version__}, {now}",
        f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}",
        f"default engine: {desk.tools.default_engine}",
        "",
        "Doctor",
    ]
    secrets = _secrets(desk)
    for row in doctor(desk, asked)["rows"]:
        mark = "ok " if row["ready"] else ("NO " if row["needed"] else "-  ")
        lines.append(_clean(desk, f"{mark} {row['name']}: {row['text']} {row['remedy'] or ''}", secrets))
    lines += ["", "Jobs, newest first"]
    for row in desk.board.rows()[:_JOBS]:
        lines.append(f"{row['id']} {row['kind']} {row['state']} {row['engine']}/{row['model']}")
        if row["error"]:
            # The message may name files of the user's: the code and the last states say enough.
            lines.append(f"    {row['error']['code']}; {_story(desk, row['id'])}")
    return lines


def _story(desk: Desk, job: str) -> str:
    try:
        past = events.read(Job(desk.home / "jobs" / job).events_file)
    except StembridgeError:
        return "its log can't be read"
    told = [str(event.get("state") or event["type"]) for event in past if event["type"] != "progress"]
    return " > ".join(told)[-_LONGEST:]


def _clean(desk: Desk, text: str, secrets: list[Secret]) -> str:
    for folder, name in ((str(desk.home), "<data>"), (str(Path.home()), "~")):
        text = text.replace(folder, name)
    return scrub(text, secrets, longest=2 * _LONGEST)


def _secrets(desk: Desk) -> list[Secret]:
    from stembridge.engines.mvsep.service import base_url, stored_key

    key = stored_key(desk.home, base_url())
    return [] if key is None else [key]
