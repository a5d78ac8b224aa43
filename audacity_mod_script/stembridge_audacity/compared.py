"""Several models' stems of one region, on tracks whose names say which is whose."""

from __future__ import annotations

from typing import Any

from stembridge.bridge.hosting import Host, Job, read_json
from stembridge.model.errors import StembridgeError

KIND = "compare"


def merged(host: Host, job: Job) -> dict[str, Any]:
    """Give the stems of all jobs that a comparison names, as a separation's result has them.

    The same stem of all models lies together. The first model's tracks are heard, the others are muted, so
    that what sounds is one mix and a comparison is a click on two buttons.

    Parameters
    ----------
    job
        The comparing job; it needn't have come to an end.

    Raises
    ------
    StoreError
        When one of them has no result.
    """
    request = job.request_document()
    jobs = [Job(host.store.folder / str(name)) for name in request["jobs"]]
    results = [host.result(one) for one in jobs]
    names = distinct([title(one, result) for one, result in zip(jobs, results, strict=True)])
    labels: dict[str, str] = {}
    for result in results:
        for row in result["stems"]:
            labels.setdefault(str(row["id"]), str(row["label"]))  # one word for what models call differently
    rows = [
        {**row, "label": f"{label} ({name})", "mute": place > 0}
        for stem, label in labels.items()
        for place, (name, result) in enumerate(zip(names, results, strict=True))
        for row in result["stems"]
        if row["id"] == stem
    ]
    return {"stems": rows, "labels": [], "host_context": request.get("host_context")}


def title(job: Job, result: dict[str, Any]) -> str:
    """Say which model a job's stems are of, in a few words."""
    try:
        told = str(read_json(job.stems_folder / "report.json")["model"]["title"])
    except (OSError, StembridgeError, KeyError, TypeError):
        told = ""
    return told.partition("(")[0].strip() or str(result.get("model") or result.get("engine"))


def distinct(names: list[str]) -> list[str]:
    """Number the names that are there twice."""
    found: list[str] = []
    for name in names:
        count = 1 + sum(other == name for other in names[: len(found)])
        found.append(f"{name} {count}" if count > 1 else name)
    return found


def sentences(result: dict[str, Any]) -> list[str]:
    """Give what a comparison found, and where its picture lies."""
    told = [str(sentence) for sentence in result.get("sentences", [])]
    return [*told, f"The picture: {result['picture']}"] if result.get("picture") else told
