"""Requests: what a host writes into a job folder, read strictly.

A key that isn't known is refused, not dropped: a misspelt option must not silently change a job.
`SEPARATE_FIELDS` and `QUERY_FIELDS`, with those of `combining`, are the protocol; `plugin/PROTOCOL.md` is
generated from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stembridge.jobs import fields
from stembridge.jobs.combining import BLEND_FIELDS, COMPARE_FIELDS, BlendRequest, CompareRequest
from stembridge.jobs.events import PROTOCOL
from stembridge.model.errors import StoreError

SEPARATE_FIELDS: Mapping[str, tuple[str, str]] = {
    "protocol": ("integer", "version of the file protocol"),
    "kind": ("text", '"separate"'),
    "host": ("text", "who asks: a word of the host's"),
    "name": ("text", "what the source is called in file names; default: the file's name"),
    "source": (
        "object",
        (
            "a span of a file: path, first_frame, frames (null: to the end), rate and channels if known; "
            "or, for a service, url and remote_type (direct, mega, drive, dropbox)"
        ),
    ),
    "input": ("boolean", "true: the host rendered the region into input.wav; then no source"),
    "check": (
        "object or null",
        (
            "for a compressed source: first_frame, from which on check.wav holds what the host reads from "
            "the file; the region is moved to the same samples, or the job fails with `alignment`"
        ),
    ),
    "engine": ("text or null", "null: the default"),
    "model": ("text or null", "null: the engine's choice; a model that is named is never exchanged"),
    "options": ("object", "option: value, both text"),
    "chain": (
        "text, object or null",
        (
            "several models, one after the other, instead of engine, model and options: a chain's id, or "
            "its recipe (id, title, steps as in the rows of `presets`); stems are named by their path, as "
            "drums.kick, and stems may name a whole branch, as drums"
        ),
    ),
    "levels": ("boolean", "of a chain: also the stems that were taken apart further"),
    "stems": ("list of text", "the stems to write; empty: all"),
    "rest": ("boolean", "also the region minus the chosen stems"),
    "residual": ("boolean", "also the region minus all stems"),
    "format": ("text", "a row of the formats; default wav32f"),
    "deliver_to": (
        "text or null",
        "absolute path of a folder that gets the files; null: only the job folder",
    ),
    "overwrite": ("boolean", "files of the same name there may be replaced"),
    "again": ("boolean", "true: don't answer from an earlier job"),
    "max_credits": ("integer or null", "what the job may cost without asking"),
    "parts": (
        "boolean",
        "true: where the region is longer than the account's plan takes, it is separated in parts, unasked",
    ),
    "service": (
        "object",
        "for a service: format (0 to 5; left out: the best lossless), publish_demo and mirror (1), all text",
    ),
    "background": ("boolean", "true: leave a processor to the host"),
    "parent": ("text or null", "the job whose step this is; the core alone sets it"),
    "host_context": ("anything", "kept for the host, never read"),
}
QUERY_FIELDS: Mapping[str, tuple[str, str]] = {
    "protocol": ("integer", "version of the file protocol"),
    "kind": ("text", '"query"'),
    "host": ("text", "who asks"),
    "what": ("text", "catalogue, presets, save_preset, remove_preset, engines, quote or doctor"),
    "arguments": (
        "object",
        (
            "quote: source (or spans, a list of frames, rate, channels), engine, model, options (or orders, "
            "a list of engine, model, options); save_preset: name, title, order (engine, model, options, "
            "stems, rest, residual, format), replace (true: it may take the place of one of that name); "
            "remove_preset: name; else empty"
        ),
    ),
    "host_context": ("anything", "kept for the host, never read"),
}
SOURCE_FIELDS = frozenset({"path", "first_frame", "frames", "rate", "channels", "url", "remote_type"})
CHECK_FIELDS = frozenset({"first_frame"})
SERVICE_FIELDS = frozenset({"format", "publish_demo", "mirror"})
QUERIES = ("catalogue", "presets", "save_preset", "remove_preset", "engines", "quote", "doctor")


@dataclass(frozen=True, slots=True)
class Source:
    """A span of a file as a host names it, or a link that a service fetches.

    ``frames`` None means to the end of the file. A link is separated whole.
    """

    path: str = ""
    first_frame: int = 0
    frames: int | None = None
    rate: int | None = None
    channels: int | None = None
    url: str | None = None
    remote_type: str | None = None


@dataclass(frozen=True, slots=True)
class SeparateRequest:
    """An order to separate. Fields as in `SEPARATE_FIELDS`.

    With neither a source nor an input it is for a model that takes none.
    """

    source: Source | None
    host: str = ""
    name: str = ""
    engine: str | None = None
    model: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    stems: tuple[str, ...] = ()
    rest: bool = False
    residual: bool = False
    format: str = "wav32f"
    deliver_to: str | None = None
    overwrite: bool = False
    again: bool = False
    max_credits: int | None = None
    service: Mapping[str, str] = field(default_factory=dict)
    background: bool = False
    parts: bool = False
    host_context: Any = None
    input: bool = False
    check: int | None = None
    parent: str | None = None
    chain: str | Mapping[str, Any] | None = None
    levels: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give the document that goes into request.json."""
        source = None
        if self.source is not None:
            source = {
                name: value
                for name in Source.__slots__
                if (value := getattr(self.source, name)) not in {None, ""}
            }
        return {
            "protocol": PROTOCOL,
            "kind": "separate",
            "host": self.host,
            "name": self.name,
            "source": source,
            "input": self.input,
            "check": None if self.check is None else {"first_frame": self.check},
            "engine": self.engine,
            "model": self.model,
            "options": dict(self.options),
            "chain": self.chain if self.chain is None or isinstance(self.chain, str) else dict(self.chain),
            "levels": self.levels,
            "stems": list(self.stems),
            "rest": self.rest,
            "residual": self.residual,
            "format": self.format,
            "deliver_to": self.deliver_to,
            "overwrite": self.overwrite,
            "again": self.again,
            "max_credits": self.max_credits,
            "service": dict(self.service),
            "background": self.background,
            "parts": self.parts,
            "parent": self.parent,
            "host_context": self.host_context,
        }


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A question. Fields as in `QUERY_FIELDS`."""

    what: str
    host: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    host_context: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Give the document that goes into request.json."""
        return {
            "protocol": PROTOCOL,
            "kind": "query",
            "host": self.host,
            "what": self.what,
            "arguments": dict(self.arguments),
            "host_context": self.host_context,
        }


Request = SeparateRequest | BlendRequest | CompareRequest | QueryRequest


def parse(document: Mapping[str, Any]) -> Request:
    """Read a request.

    Raises
    ------
    StoreError
        ``protocol`` when host and core differ in version.
    UsageError
        For a missing, unknown or wrongly typed field.
    """
    version = document.get("protocol")
    if version != PROTOCOL or isinstance(version, bool):
        raise StoreError(
            f"The host speaks version {version} of the file protocol, this Stembridge version {PROTOCOL}.",
            code="protocol",
            hint="Install the host's scripts again, with `stembridge setup` and the host's name.",
        )
    kind = document.get("kind")
    if kind == "separate":
        fields.known(document, SEPARATE_FIELDS, "request")
        return _separate(document)
    if kind == "query":
        fields.known(document, QUERY_FIELDS, "request")
        what = fields.text(document, "what")
        if what not in QUERIES:
            raise fields.wrong("what", f"one of {', '.join(QUERIES)}")
        arguments = fields.table(document, "arguments")
        return QueryRequest(what, fields.text(document, "host", ""), arguments, document.get("host_context"))
    if kind == "blend":
        fields.known(document, BLEND_FIELDS, "request")
        return BlendRequest.read(document)
    if kind == "compare":
        fields.known(document, COMPARE_FIELDS, "request")
        return CompareRequest.read(document)
    raise fields.wrong("kind", '"separate", "blend", "compare" or "query"')


def _separate(document: Mapping[str, Any]) -> SeparateRequest:
    has_source, has_input = document.get("source") is not None, fields.flag(document, "input")
    if has_source and has_input:
        raise fields.wrong("source", "left out where input is true")
    options = fields.table(document, "options")
    if not all(isinstance(value, str) for value in options.values()):
        raise fields.wrong("options", "text for text")
    service = fields.table(document, "service")
    fields.known(service, SERVICE_FIELDS, "service")
    if not all(isinstance(value, str) for value in service.values()):
        raise fields.wrong("service", "text for text")
    chain, levels = _chain(document), fields.flag(document, "levels")
    if levels and chain is None:
        raise fields.wrong("levels", "left out where there is no chain")
    return SeparateRequest(
        source=parse_source(document["source"]) if has_source else None,
        input=has_input,
        check=_check_frame(document),
        host=fields.text(document, "host", ""),
        name=fields.text(document, "name", ""),
        engine=fields.text_or_none(document, "engine"),
        model=fields.text_or_none(document, "model"),
        options=options,
        chain=chain,
        levels=levels,
        stems=fields.texts(document, "stems"),
        rest=fields.flag(document, "rest"),
        residual=fields.flag(document, "residual"),
        format=fields.text(document, "format", "wav32f"),
        deliver_to=None if document.get("deliver_to") is None else fields.path_of(document, "deliver_to"),
        overwrite=fields.flag(document, "overwrite"),
        again=fields.flag(document, "again"),
        max_credits=fields.count_or_none(document, "max_credits"),
        service=service,
        background=fields.flag(document, "background"),
        parts=fields.flag(document, "parts"),
        parent=fields.text_or_none(document, "parent"),
        host_context=document.get("host_context"),
    )


def _chain(document: Mapping[str, Any]) -> str | Mapping[str, Any] | None:
    chain = document.get("chain")
    said: str | dict[str, Any] | None
    if chain is None or isinstance(chain, str):
        said = chain
    elif isinstance(chain, Mapping):
        said = dict(chain)
    else:
        raise fields.wrong("chain", "text or an object")
    if said is not None:
        for name in ("engine", "model", "options"):
            if document.get(name):
                raise fields.wrong(name, "left out where there is a chain")
    return said


def _check_frame(document: Mapping[str, Any]) -> int | None:
    check = document.get("check")
    if check is None:
        return None
    source = document.get("source")
    if not isinstance(check, Mapping) or not isinstance(source, Mapping) or source.get("path") is None:
        raise fields.wrong("check", "an object, with a source that has a path")
    fields.known(check, CHECK_FIELDS, "check")
    first = fields.count_or_none(check, "first_frame")
    if first is None:
        raise fields.wrong("first_frame", "a number, 0 or more")
    return first


def parse_source(document: object) -> Source:
    """Read the object that names a span of a file."""
    if not isinstance(document, Mapping):
        raise fields.wrong("source", "an object")
    fields.known(document, SOURCE_FIELDS, "source")
    first = document.get("first_frame", 0)
    if not isinstance(first, int) or isinstance(first, bool):
        raise fields.wrong("first_frame", "an integer")
    frames = document.get("frames")
    if frames is not None and (not isinstance(frames, int) or isinstance(frames, bool)):
        raise fields.wrong("frames", "an integer or null")
    url = fields.text_or_none(document, "url")
    if (document.get("path") is None) == (url is None):
        raise fields.wrong("source", "a path or a url: one of the two")
    return Source(
        path="" if url is not None else fields.path_of(document, "path"),
        url=url,
        remote_type=fields.text_or_none(document, "remote_type"),
        first_frame=first,
        frames=frames,
        rate=fields.count_or_none(document, "rate"),
        channels=fields.count_or_none(document, "channels"),
    )
