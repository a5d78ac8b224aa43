"""Requests of the menu plug-ins: what they write into the spool, read strictly.

A plug-in can't rename a file, so the rule is: a request is ready when its last bytes are a closing
brace and a newline (on Windows with a carriage return between) and the whole is one JSON object; a
part of an object never is. The region's WAV
file, where the plug-in exported it, is whole before the request is begun.

A request's id is made of letters and digits, so it serves as the job's id: a request that is taken
twice (after a kill) makes one job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stembridge.model.errors import UsageError
from stembridge_audacity import strict

VERSION = 1
KINDS = ("separate", "last", "compare", "blend", "save", "answer", "import", "cancel")
ENGINES = ("auto", "offline", "mvsep")
ORIGINALS = ("leave", "mute", "replace")
ACTIONS = ("save", "replace", "remove")
"""What can be done with one of the user's own presets."""
METHODS = ("average", "min", "max")
MOST_COMPARED = 4
GRACE_SECONDS = 10.0
"""How old an unfinished request may be before it counts as broken."""
MOST_BYTES = 1 << 20

_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_REGION = frozenset({"selection", "tracks", "export"})
_FIELDS: Mapping[str, frozenset[str]] = {
    "separate": _REGION | {"preset", "engine", "model", "stems", "rest", "original", "label", "group"},
    "compare": _REGION | {"choices", "original"},
    "blend": frozenset({"stem", "method", "models", "original", "selection"}),
    "save": frozenset({"action", "name", "title"}),
    "answer": frozenset({"question", "choice"}),
    "import": frozenset({"done"}),
    "cancel": frozenset(),
}
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "blend": ("stem",),
    "save": ("name", "title"),
    "answer": ("question", "choice"),
}
_HINT = "Choose it again in Audacity's menu Tools > Stembridge."


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen in the dialog.

    Attributes
    ----------
    preset
        The id of a preset or chain, which may be gone since; without meaning where ``model`` names another,
        and empty where nothing else is named.
    engine
        One of `ENGINES`.
    model
        Any model's id or name; None: the preset's.
    stems
        Ids to keep, folded to lower case; empty: all.
    original
        What becomes of the selected audio when the stems arrive: one of `ORIGINALS`.
    """

    preset: str
    engine: str = "auto"
    model: str | None = None
    stems: tuple[str, ...] = ()
    rest: bool = False
    original: str = "leave"


@dataclass(frozen=True, slots=True)
class SelectedTrack:
    """An audio track of the selection: place from the top (0 is the first of all tracks, as
    SelectTracks counts), rate in Hz, and the start and end of its audio in project seconds.
    """

    index: int
    name: str
    rate: float
    channels: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class MenuRequest:
    """One wish from the menu.

    Attributes
    ----------
    what
        One of `KINDS`. ``last`` is ``separate`` with the settings of the time before, which are in it.
    start, end
        Exact selection in project seconds; 0 and 0 where the request has none.
    tracks
        The tracks to be mixed into one region; several requests where each is to be on its own.
    export
        The region as a 32-bit float WAV file that the plug-in exported; None: export by the pipe.
    done
        Jobs whose results an ``import`` has put into the project already, itself.
    label
        What the user wrote at this part of the selection.
    group, count
        Requests that were made by one click and are agreed to together: their common word, and how many
        they are.
    choices
        What is to be compared: two to `MOST_COMPARED`.
    models
        Words that the names of the models have which are to be blended; empty: all models.
    words
        The texts of a ``blend`` (stem, method, original), ``save`` (action, name, title) or ``answer``
        (question, choice).
    """

    id: str
    what: str
    project: str
    project_rate: float
    settings: Settings | None = None
    start: float = 0.0
    end: float = 0.0
    tracks: tuple[SelectedTrack, ...] = ()
    export: Path | None = None
    done: tuple[str, ...] = ()
    label: str = ""
    group: str = ""
    count: int = 1
    choices: tuple[Settings, ...] = ()
    models: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spool:
    """What lies in the spool: requests in the order of their writing, and files that are none."""

    ready: tuple[MenuRequest, ...]
    broken: tuple[tuple[Path, UsageError], ...]


def folder(home: Path) -> Path:
    """Give the spool folder in the core's data folder."""
    return home / "audacity" / "requests"


def pending(home: Path, now: float) -> Spool:
    """Read all requests that wait.

    Parameters
    ----------
    now
        Unix seconds: an unfinished request is left alone until it is `GRACE_SECONDS` old.
    """
    ready: list[tuple[float, str, MenuRequest]] = []
    broken: list[tuple[Path, UsageError]] = []
    for path in folder(home).glob("*.json"):
        try:
            written = path.stat().st_mtime
            request = read(path)
        except OSError:  # taken away meanwhile, or still open (Windows)
            continue
        except UsageError as error:
            if now - written > GRACE_SECONDS:
                broken.append((path, error))
            continue
        ready.append((written, request.id, request))
    return Spool(
        tuple(request for *_, request in sorted(ready, key=lambda row: row[:2])),
        tuple(sorted(broken, key=lambda row: row[0])),
    )


def remove(home: Path, request: MenuRequest) -> None:
    """Take a request out of the spool, its WAV file first; it is fine when there is none."""
    if request.export is not None:
        request.export.unlink(missing_ok=True)
    (folder(home) / f"{request.id}.json").unlink(missing_ok=True)


def read(path: Path) -> MenuRequest:
    """Read one request.

    Raises
    ------
    OSError
        When the file can't be read.
    UsageError
        When it isn't finished, or not a request of this version.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES or not data.endswith((b"}\n", b"}\r\n")):
        raise _refused(path, "it isn't finished")
    try:
        # A track's name may hold any bytes; the name only has to be recognised again.
        document = json.loads(data.decode("utf-8", "replace"), parse_constant=strict.no_constant)
    except (ValueError, RecursionError) as error:
        raise _refused(path, str(error)) from error
    if not isinstance(document, dict):
        raise _refused(path, "it is no JSON object")
    try:
        return _parse(document, path)
    except (KeyError, TypeError, ValueError) as error:
        why = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise _refused(path, why) from error


def _parse(document: Mapping[str, Any], path: Path) -> MenuRequest:
    if document["v"] != VERSION:
        raise UsageError(
            "Stembridge's menu entries in Audacity are of another version.",
            hint="Close Audacity and run `stembridge setup audacity`.",
            context={"path": str(path), "version": document["v"]},
        )
    if not _ID.fullmatch(path.stem):
        raise ValueError("its name isn't made of letters and digits")
    what = strict.one_of(document["what"], KINDS, "what")
    known = _FIELDS["separate" if what == "last" else what] | {"v", "what", "project"}
    if unknown := set(document) - known:
        raise ValueError(f"{min(unknown)!r} is unknown")
    project = document["project"]
    common = (path.stem, what, strict.text(project["name"]), strict.number(project["rate"], above=0.0))
    if what == "import":
        return MenuRequest(*common, done=tuple(strict.text(job) for job in strict.items(document["done"])))
    if what == "cancel":
        return MenuRequest(*common)
    if what in _TEXTS:
        return _of_words(document, what, common)
    start, end = _selection(document)
    if not start < end:
        raise ValueError("the selection is empty")
    tracks = tuple(_track(row) for row in strict.items(document["tracks"]))
    if not tracks:
        raise ValueError("no track is selected")
    label, group, count = _of_group(document)
    compared = what == "compare"
    return MenuRequest(
        *common,
        settings=None if compared else settings_of(document),
        start=start,
        end=end,
        tracks=tracks,
        export=_export(document["export"], path),
        label=label,
        group=group,
        count=count,
        choices=_choices(document) if compared else (),
    )


def _of_words(document: Mapping[str, Any], what: str, common: tuple[str, str, str, float]) -> MenuRequest:
    words = {name: strict.text(document[name]).strip() for name in _TEXTS[what]}
    if what == "save":
        words["action"] = strict.one_of(document["action"], ACTIONS, "action")
    if what != "blend":
        return MenuRequest(*common, words=words)
    words["method"] = strict.one_of(document["method"], METHODS, "method")
    words["original"] = strict.one_of(document["original"], ORIGINALS, "original")
    start, end = _selection(document)
    models = tuple(name for model in strict.items(document["models"]) if (name := strict.text(model).strip()))
    return MenuRequest(*common, start=start, end=end, models=models, words=words)


def _selection(document: Mapping[str, Any]) -> tuple[float, float]:
    start, end = (strict.number(document["selection"][key]) for key in ("start", "end"))
    return start, end


def _of_group(document: Mapping[str, Any]) -> tuple[str, str, int]:
    label, group = document.get("label"), document.get("group")
    label = "" if label is None else strict.text(label).strip()
    if group is None:
        return label, "", 1
    name, count = strict.text(group["id"]), group["count"]
    if not _ID.fullmatch(name) or type(count) is not int or count < 1:
        raise ValueError("the group makes no sense")
    return label, name, count


def _choices(document: Mapping[str, Any]) -> tuple[Settings, ...]:
    original = strict.one_of(document["original"], ORIGINALS, "original")
    found = []
    for row in strict.items(document["choices"]):
        model = row["model"]
        found.append(
            Settings(
                strict.text(row["preset"]).strip(),
                strict.one_of(row["engine"], ENGINES, "engine"),
                None if model is None else strict.text(model).strip() or None,
                original=original,
            )
        )
    if not 2 <= len(found) <= MOST_COMPARED:
        raise ValueError(f"{len(found)} choices can't be compared")
    return tuple(found)


def settings_of(document: Mapping[str, Any]) -> Settings:
    """Read the settings in a request; raises KeyError, TypeError or ValueError for what is none."""
    model = document["model"]
    rest = document["rest"]
    if not isinstance(rest, bool):
        raise TypeError("'rest' is neither true nor false")
    names = (strict.text(stem).strip().casefold() for stem in strict.items(document["stems"]))
    return Settings(
        preset=_preset(document["preset"]),
        engine=strict.one_of(document["engine"], ENGINES, "engine"),
        model=None if model is None else strict.text(model).strip() or None,
        stems=tuple(dict.fromkeys(name for name in names if name)),
        rest=rest,
        original=strict.one_of(document["original"], ORIGINALS, "original"),
    )


def _preset(value: object) -> str:
    name = strict.text(value).strip().casefold()
    if not name:
        raise ValueError("'preset' is empty")
    return name


def _track(row: Mapping[str, Any]) -> SelectedTrack:
    index, channels = row["index"], row["channels"]
    if type(index) is not int or index < 0 or type(channels) is not int or channels not in {1, 2}:
        raise ValueError("a track's index or channels make no sense")
    return SelectedTrack(
        index,
        strict.text(row["name"]),
        strict.number(row["rate"], above=0.0),
        channels,
        strict.number(row["start"]),
        strict.number(row["end"]),
    )


def _export(name: object, path: Path) -> Path | None:
    if name is None:
        return None
    if name != f"{path.stem}.wav":
        raise ValueError("'export' is not the request's own file")
    return path.with_suffix(".wav")


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(
        f"A request from Audacity's menu can't be understood ({why}).",
        hint=_HINT,
        context={"path": str(path)},
    )
