"""Requests about finished jobs of one region: a stem blended of several, and several side by side.

The jobs are named by their whole ids. `BLEND_FIELDS` and `COMPARE_FIELDS` are part of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stembridge.jobs import fields
from stembridge.jobs.events import PROTOCOL

_PLACE = {
    "deliver_to": (
        "text or null",
        "absolute path of a folder that gets the files; null: only the job folder",
    ),
    "overwrite": ("boolean", "files of the same name there may be replaced"),
    "host_context": ("anything", "kept for the host, never read"),
}
BLEND_FIELDS: Mapping[str, tuple[str, str]] = {
    "protocol": ("integer", "version of the file protocol"),
    "kind": ("text", '"blend"'),
    "host": ("text", "who asks: a word of the host's"),
    "name": ("text", "what the source is called in file names; default: as in the first job"),
    "jobs": ("list of text", "ids of finished jobs of one region, two or more"),
    "stem": ("text", "the id of the stem to blend; every one of the jobs has it"),
    "method": (
        "text",
        "average (the default); or min or max: bin by bin of the spectrum, the least or the greatest",
    ),
    "weights": ("list of numbers", "for the average: one a job, none below 0; empty: all alike"),
    "format": ("text", "a row of the formats; default wav32f"),
    **_PLACE,
}
COMPARE_FIELDS: Mapping[str, tuple[str, str]] = {
    "protocol": ("integer", "version of the file protocol"),
    "kind": ("text", '"compare"'),
    "host": ("text", "who asks: a word of the host's"),
    "jobs": (
        "list of text",
        "ids of finished jobs of one region, two or more; they get the letters A, B, ...",
    ),
    **_PLACE,
}


@dataclass(frozen=True, slots=True)
class BlendRequest:
    """An order to blend a stem. Fields as in `BLEND_FIELDS`."""

    jobs: tuple[str, ...]
    stem: str
    host: str = ""
    name: str = ""
    method: str = "average"
    weights: tuple[float, ...] = ()
    format: str = "wav32f"
    deliver_to: str | None = None
    overwrite: bool = False
    host_context: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Give the document that goes into request.json."""
        return {
            "protocol": PROTOCOL,
            "kind": "blend",
            "host": self.host,
            "name": self.name,
            "jobs": list(self.jobs),
            "stem": self.stem,
            "method": self.method,
            "weights": list(self.weights),
            "format": self.format,
            "deliver_to": self.deliver_to,
            "overwrite": self.overwrite,
            "host_context": self.host_context,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> BlendRequest:
        """Read what `to_dict` gave, or a host wrote; `UsageError` for a field that can't be taken."""
        weights = document.get("weights", [])
        if not isinstance(weights, list) or any(type(one) not in {int, float} for one in weights):
            raise fields.wrong("weights", "a list of numbers")
        return cls(
            jobs=fields.texts(document, "jobs"),
            stem=fields.text(document, "stem"),
            host=fields.text(document, "host", ""),
            name=fields.text(document, "name", ""),
            method=fields.text(document, "method", "average"),
            weights=tuple(weights),
            format=fields.text(document, "format", "wav32f"),
            deliver_to=_folder(document),
            overwrite=fields.flag(document, "overwrite"),
            host_context=document.get("host_context"),
        )


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """An order to compare jobs. Fields as in `COMPARE_FIELDS`."""

    jobs: tuple[str, ...]
    host: str = ""
    deliver_to: str | None = None
    overwrite: bool = False
    host_context: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Give the document that goes into request.json."""
        return {
            "protocol": PROTOCOL,
            "kind": "compare",
            "host": self.host,
            "jobs": list(self.jobs),
            "deliver_to": self.deliver_to,
            "overwrite": self.overwrite,
            "host_context": self.host_context,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> CompareRequest:
        """Read what `to_dict` gave, or a host wrote; `UsageError` for a field that can't be taken."""
        return cls(
            jobs=fields.texts(document, "jobs"),
            host=fields.text(document, "host", ""),
            deliver_to=_folder(document),
            overwrite=fields.flag(document, "overwrite"),
            host_context=document.get("host_context"),
        )


def _folder(document: Mapping[str, Any]) -> str | None:
    return None if document.get("deliver_to") is None else fields.path_of(document, "deliver_to")
