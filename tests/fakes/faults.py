"""The faults of the stand-in service, by name: what each does to one request.

A fault has a stage:

    before    the connection is reset before the body is read
    body      it is reset inside the body
    instead   the request arrives in full, the service never sees it, another answer goes back
    slow      the body is read slowly (``pause`` seconds every ``block`` bytes), then all goes well
    hang      nothing comes back until `FaultyService.release` is set, or ``seconds`` are over: then a reset
    late      the service takes the request, and the answer comes as late as that
    lost      the service takes the request, and the answer never arrives
    reply     the service's own answer is changed (None: doesn't apply to this one, and isn't used up)
    content   the files of a job that is done are changed on the disk, and its answer with them
    send      the answer is sent in a broken way
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from stembridge.sandbox.wire import Reply, json_reply

Document = dict[str, Any]
Arguments = Mapping[str, Any]
HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"


@dataclass(frozen=True)
class Kind:
    """One row of the table."""

    stage: str
    on: str
    act: Callable[..., Any] | None = None


def html(status: int, title: str) -> Callable[[Arguments], Reply]:
    return lambda _: Reply(status, HTML.format(f"{status} {title}").encode(), {"Content-Type": "text/html"})


def document(status: int, make: Callable[[str], object]) -> Callable[[Arguments], Reply]:
    return lambda args: json_reply(make(str(args.get("text", "The sandbox refuses."))), status)


def too_many(args: Arguments) -> Reply:
    reply = json_reply({"message": "Too Many Attempts."}, int(args.get("status", 429)))
    wait = args.get("retry_after", 2)
    # A number of seconds, or a moment as an HTTP date.
    reply.headers["Retry-After"] = formatdate(args["date"], usegmt=True) if "date" in args else str(wait)
    return reply


def redirect(args: Arguments) -> Reply:
    return Reply(int(args.get("status", 302)), b"", {"Location": str(args["to"])})


def raw(args: Arguments) -> Reply:
    body = args.get("body", b"")
    return Reply(int(args.get("status", 200)), body, {"Content-Type": args.get("type", "application/json")})


def is_done(doc: Document) -> bool:
    return doc.get("status") == "done"


def truncated_json(doc: Document, _args: Arguments) -> Reply:
    body = json.dumps(doc).encode()
    return Reply(200, body[: len(body) * 2 // 3], {"Content-Type": "application/json"})


def success_string(doc: Document, args: Arguments) -> Document:
    return doc | {"success": args.get("value", str(bool(doc.get("success"))).lower())}


def patched(doc: Document, args: Arguments) -> Document:
    """Put ``value`` at ``path`` ("data.files.0.url"); the key "-" takes the whole document."""
    doc = copy.deepcopy(doc)
    keys = str(args["path"]).split(".")
    if keys == ["-"]:
        return args["value"]  # type: ignore[no-any-return]
    place: Any = doc
    for key in keys[:-1]:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[int(keys[-1]) if isinstance(place, list) else keys[-1]] = args["value"]
    return doc


def status_word(doc: Document, args: Arguments) -> Document:
    return doc | {"success": True, "status": args.get("word", "polishing"), "data": args.get("data", {})}


def not_found(doc: Document, _args: Arguments) -> Document:
    return {"success": False, "status": "not_found", "data": {"message": "The separation was not found."}}


def failed(doc: Document, args: Arguments) -> Document:
    data: Any = {"message": args["reason"]} if args.get("reason") else args.get("data", {})
    return {"success": True, "status": "failed", "data": data}


def on_files(change: Callable[[list[Document], Arguments], list[Document]]) -> Callable[..., Document | None]:
    def act(doc: Document, args: Arguments) -> Document | None:
        if not is_done(doc):
            return None
        doc = copy.deepcopy(doc)
        doc["data"]["files"] = change(doc["data"]["files"], args)
        return doc

    return act


def without_urls(files: list[Document], _args: Arguments) -> list[Document]:
    return [file | {"url": ""} for file in files]


def missing_stem(files: list[Document], args: Arguments) -> list[Document]:
    index = int(args.get("index", 0))
    return files[:index] + files[index + 1 :]


def renamed(files: list[Document], args: Arguments) -> list[Document]:
    names = list(args["names"])
    return [file | {"download": names[n]} if n < len(names) else file for n, file in enumerate(files)]


def one_name(files: list[Document], _args: Arguments) -> list[Document]:
    return [file | {"download": files[0]["download"], "type": files[0]["type"]} for file in files]


def moved(files: list[Document], args: Arguments) -> list[Document]:
    """Put the result somewhere else: ``to`` is a scheme with a host, "https://example.org"."""
    out = []
    for file in files:
        path = file["url"].split("/", 3)[3]
        out.append(file | {"url": f"{str(args['to']).rstrip('/')}/{path}"})
    return out


def said_bytes(files: list[Document], args: Arguments) -> list[Document]:
    return [file | {"bytes": file["bytes"] + int(args.get("by", 1000))} for file in files]


Change = Callable[[Path, Arguments], None]


def truncate(path: Path, args: Arguments) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * float(args.get("keep", 0.6)))])


def to_html(path: Path, _args: Arguments) -> None:
    path.write_text(HTML.format("502 Bad Gateway"), encoding="utf-8")


def audio_change(change: Callable[..., Any]) -> Change:
    def act(path: Path, args: Arguments) -> None:
        info = soundfile.info(str(path))
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        samples, rate = change(samples, rate, args)
        soundfile.write(str(path), samples, rate, subtype=info.subtype, format=info.format)

    return act


def other_rate(samples: Any, rate: int, args: Arguments) -> tuple[Any, int]:
    return samples, int(args.get("rate", 48_000 if rate != 48_000 else 44_100))


def other_length(samples: Any, rate: int, args: Arguments) -> tuple[Any, int]:
    by = int(args.get("by", -1000))
    if by < 0:
        return samples[:by], rate
    return np.concatenate([samples, np.zeros((by, samples.shape[1]), np.float32)]), rate


def late_start(samples: Any, rate: int, args: Arguments) -> tuple[Any, int]:
    by = int(args.get("by", 1105))
    pad = np.zeros((by, samples.shape[1]), np.float32)
    return np.concatenate([pad, samples])[: len(samples)], rate


FAULTS: Mapping[str, Kind] = {
    # Connections
    "reset_before_upload": Kind("before", "create"),
    "reset_during_upload": Kind("body", "create"),
    "reset_after_upload": Kind("instead", "create", lambda _args: None),
    "answer_lost": Kind("lost", "create"),
    "hang": Kind("hang", "get"),
    "late_answer": Kind("late", "create"),
    "slow_upload": Kind("slow", "create"),
    "reset": Kind("before", "get"),
    # Refusals
    "400_errors": Kind("instead", "create", document(400, lambda t: {"success": False, "errors": [t]})),
    "400_data_message": Kind(
        "instead", "create", document(400, lambda t: {"success": False, "data": {"message": t}})
    ),
    "400_message": Kind("instead", "create", document(400, lambda t: {"success": False, "message": t})),
    "400_field_message": Kind(
        "instead", "create", document(400, lambda t: {"success": False, "message": {"field": [t]}})
    ),
    "400_field_errors": Kind(
        "instead", "create", document(400, lambda t: {"success": False, "errors": {"field": [t]}})
    ),
    "400_error": Kind("instead", "create", document(400, lambda t: {"error": t})),
    "400_html": Kind("instead", "create", html(400, "Bad Request")),
    "200_success_false": Kind(
        "instead", "create", document(200, lambda t: {"success": False, "data": {"message": t}})
    ),
    "401": Kind("instead", "create", document(401, lambda _t: {"message": "Unauthenticated."})),
    "402": Kind("instead", "create", document(402, lambda t: {"success": False, "message": t})),
    "403": Kind("instead", "create", document(403, lambda t: {"message": t})),
    "404": Kind("instead", "get", document(404, lambda _t: {"message": "Not Found"})),
    "408": Kind("instead", "get", html(408, "Request Timeout")),
    "413_html": Kind("instead", "create", html(413, "Request Entity Too Large")),
    "425": Kind("instead", "get", html(425, "Too Early")),
    "429": Kind("instead", "get", too_many),
    "500_html": Kind("instead", "get", html(500, "Internal Server Error")),
    "502_html": Kind("instead", "get", html(502, "Bad Gateway")),
    "503_html": Kind("instead", "get", html(503, "Service Unavailable")),
    "redirect": Kind("instead", "get", redirect),
    "raw": Kind("instead", "get", raw),
    # Shapes
    "truncated_json": Kind("reply", "get", truncated_json),
    "success_string": Kind("reply", "create", success_string),
    "wrong_type": Kind("reply", "get", patched),
    # States
    "unknown_status": Kind("reply", "get", status_word),
    "converting": Kind("reply", "get", lambda doc, args: status_word(doc, {"word": "converting", **args})),
    "not_found": Kind("reply", "get", not_found),
    "expired": Kind("reply", "get", not_found),
    "failed": Kind("reply", "get", failed),
    "done_without_files": Kind("reply", "get", on_files(lambda _files, _args: [])),
    "done_empty_urls": Kind("reply", "get", on_files(without_urls)),
    "missing_stem": Kind("reply", "get", on_files(missing_stem)),
    "names": Kind("reply", "get", on_files(renamed)),
    "one_name": Kind("reply", "get", on_files(one_name)),
    "moved": Kind("reply", "get", on_files(moved)),
    "wrong_bytes": Kind("reply", "get", on_files(said_bytes)),
    # Files
    "truncated_file": Kind("content", "get", truncate),
    "html_file": Kind("content", "get", to_html),
    "wrong_rate": Kind("content", "get", audio_change(other_rate)),
    "other_length": Kind("content", "get", audio_change(other_length)),
    "late_start": Kind("content", "get", audio_change(late_start)),
    # Downloads
    "download_cut": Kind("send", "download", None),
    "short_length": Kind("send", "download", None),
    "wrong_content_range": Kind("send", "download", None),
    "range_ignored": Kind("send", "download", None),
    "html_download": Kind("instead", "download", html(200, "Please wait")),
    "slow_drip": Kind("send", "download", None),
}
