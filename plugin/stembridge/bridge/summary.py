"""How several separations ended, in figures and in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stembridge.jobs import costs
from stembridge.jobs.store import Job
from stembridge.model.errors import StembridgeError, StoreError
from stembridge.model.states import State


@dataclass(slots=True)
class Ending:
    """How one of them ended. Without a job it was refused before there was one; ``error`` says why."""

    title: str
    job: Job | None = None
    state: State | None = None
    error: StembridgeError | None = None


def totals(endings: Sequence[Ending]) -> dict[str, Any]:
    """Count.

    Returns
    -------
    dict
        ``jobs``, and of them ``done`` (``reused`` of these were answered from earlier jobs), ``failed``,
        ``waiting`` (for a decision) and ``cancelled``; ``credits`` that their orders cost as far as that is
        known, and ``unpriced``, the number of orders of which it isn't; ``attempts`` of a free account;
        ``seconds`` of audio that are done; ``folders`` with the stems; ``failures`` (input, job, code,
        message); ``unfinished``, the ids of those that `jobs resume` goes on with.
    """
    counted: dict[str, Any] = {
        "jobs": len(endings), "done": 0, "reused": 0, "failed": 0, "waiting": 0, "cancelled": 0,
        "credits": 0, "unpriced": 0, "attempts": 0, "seconds": 0.0,
    }  # fmt: skip
    folders: list[str] = []
    failures: list[dict[str, Any]] = []
    unfinished: list[str] = []
    for one in endings:
        if one.job is not None:
            _add_cost(counted, one.job)
        if one.state is State.READY and one.job is not None:
            counted["done"] += 1
            folder = _add_result(counted, one.job)
            folders += [folder] if folder not in folders else []
            continue
        if one.job is not None:
            unfinished.append(one.job.id)
        if one.state is State.NEEDS_DECISION:
            counted["waiting"] += 1
        elif one.state is State.CANCELLED:
            counted["cancelled"] += 1
        else:
            counted["failed"] += 1
            failures.append(_failure(one))
    counted["seconds"] = round(counted["seconds"], 3)
    return {**counted, "folders": folders, "failures": failures, "unfinished": unfinished}


_FEW = 8
"""So many ids are named."""


def sentences(total: dict[str, Any]) -> list[str]:
    """Say what `totals` counted."""
    parts = [f"{total['done']} done{_reused(total)}"]
    parts += [f"{total[name]} {name}" for name in ("failed", "cancelled") if total[name]]
    if total["waiting"]:
        parts.append(f"{total['waiting']} waiting for a decision")
    lines = [f"{total['jobs']} separation{'' if total['jobs'] == 1 else 's'}: {', '.join(parts)}."]
    if total["done"]:
        lines.append(f"{_length(total['seconds'])} of audio{_spent(total)}.")
        lines.append(f"In: {_place(total['folders'])}")
    if total["failures"]:
        lines.append(f"Failed: {', '.join(one['input'] for one in total['failures'])}.")
    if total["unfinished"]:
        few = total["unfinished"] if len(total["unfinished"]) <= _FEW else ["ID ..."]
        lines.append(f"Go on with what is unfinished: stembridge jobs resume {' '.join(few)}")
    return lines


def _add_cost(counted: dict[str, Any], job: Job) -> None:
    cost = costs.ordered(job)
    if cost is None:
        return
    if cost.amount is None:
        counted["unpriced"] += 1
    else:
        counted["credits" if cost.unit == costs.CREDITS else "attempts"] += cost.amount


def _add_result(counted: dict[str, Any], job: Job) -> str:
    """Add a finished job's figures; give where its stems are."""
    try:
        result = job.result() or {}
    except StoreError:
        result = {}
    counted["reused"] += bool(result.get("reused_from"))
    region = result.get("region")
    if region:
        counted["seconds"] += region["frames"] / region["rate"]
    return str(result.get("delivered_to") or job.stems_folder)


def _failure(one: Ending) -> dict[str, Any]:
    facts = {} if one.error is None else one.error.to_dict()
    return {
        "input": one.title,
        "job": one.job and one.job.id,
        "code": facts.get("code"),
        "message": facts.get("message"),
    }


def _reused(total: dict[str, Any]) -> str:
    count = total["reused"]
    return f" ({count} of them from earlier {'ones' if count != 1 else 'work'})" if count else ""


def _length(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{rest:.1f} seconds" if not minutes else f"{minutes:.0f} min {rest:.0f} s"


def _spent(total: dict[str, Any]) -> str:
    words = [
        f"{total[name]} {name.removesuffix('s') if total[name] == 1 else name}"
        for name in ("credits", "attempts")
        if total[name]
    ]
    if total["unpriced"]:
        words.append(f"{total['unpriced']} orders whose price isn't known")
    return f", for {' and '.join(words)}" if words else ""


def _place(folders: Sequence[str]) -> str:
    if len(folders) == 1:
        return folders[0]
    try:
        return f"{os.path.commonpath(folders)} ({len(folders)} folders)"
    except ValueError:  # on several drives
        return f"{folders[0]} and {len(folders) - 1} more"
