"""The menu entries: Nyquist plug-ins, made from their templates, the presets and the catalogue.

Audacity reads the head of a plug-in at its start and its body at each use: a changed dialog shows
after the next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import stembridge
from stembridge.model.presets import PRESETS
from stembridge_audacity import notices, requests

AUTHOR = "Stembridge"
"""Name of the submenu of Tools."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry.

    ``type`` decides what Audacity asks for: ``tool`` nothing, ``tool analyze`` a selection; it runs
    once for each selected audio track.
    """

    file: str
    name: str
    type: str
    template: str


ENTRIES = (
    Entry("stembridge-separate.ny", "Separate Stems", "tool analyze", "separate.ny"),
    Entry("stembridge-last.ny", "Separate With Last Settings", "tool analyze", "last.ny"),
    Entry("stembridge-import.ny", "Import Finished Stems", "tool", "import.ny"),
    Entry("stembridge-cancel.ny", "Cancel Jobs", "tool", "cancel.ny"),
)
OURS = "stembridge-*.ny"


def release() -> str:
    """Give the version that stands in a plug-in's head."""
    return stembridge.__version__


def write(home: Path, stems: Iterable[str]) -> dict[str, str]:
    """Give the text of every plug-in by its file name.

    Parameters
    ----------
    home
        The core's data folder, which is fixed in them.
    stems
        Ids of all stems that any model gives; those of the presets are added.
    """
    known = [stem for preset in PRESETS.values() for stem in preset.mvsep.stems]
    words = {
        "FOLDER": _inside_text(notices.plain_path(notices.folder(home)) + "/"),
        "VERSION": str(requests.VERSION),
        "STALE": str(notices.STALE_SECONDS),
        "PRESETS": _list(PRESETS),
        "STEMS": _list(dict.fromkeys([*known, *sorted(stems)])),
    }
    return {entry.file: _head(entry) + _body(entry, words) for entry in ENTRIES}


def _head(entry: Entry) -> str:
    lines = [
        ";nyquist plug-in",
        ";version 4",
        f";type {entry.type}",
        f';name "{entry.name}"',
        f';author "{AUTHOR}"',
        f';release "{release()}"',
        f';copyright "{stembridge.__name__.capitalize()}, MIT licence"',
        ";debugbutton false",
        ";preview disabled",
        *(_controls() if entry.template == "separate.ny" else ()),
        ";; Written by `stembridge setup audacity`; a change made here is lost at the next set-up.",
    ]
    return "\n".join(lines) + "\n"


def _controls() -> list[str]:
    presets = [(row.id, f"{row.title} ({row.gives})") for row in PRESETS.values()]
    return [
        _choice("preset", "Separate into", presets),
        _text("stems", "Stems to keep, with commas (empty: all)"),
        _choice("rest", "And the rest in one more track", [("no", "no"), ("yes", "yes")]),
        _choice(
            "original",
            "The original, when the stems arrive",
            [
                ("leave", "leave as it is"),
                ("mute", "mute its tracks"),
                ("replace", "replace the region (two undo steps)"),
            ],
            requests.ORIGINALS.index("mute"),
        ),
        _choice(
            "several",
            "Several selected tracks",
            [("mixed", "mixed together"), ("each", "each on its own")],
        ),
        _choice(
            "engine",
            "Engine",
            [
                ("auto", "automatic"),
                ("offline", "embedded (no account, no network)"),
                ("mvsep", "MVSEP (uploads the region)"),
            ],
        ),
        _text("model", "Another model by name or number (empty: as above)"),
    ]


def _choice(name: str, label: str, options: Iterable[tuple[str, str]], default: int = 0) -> str:
    rows = " ".join(f"({notices.lisp_text(key)} {notices.lisp_text(shown)})" for key, shown in options)
    return f";control {name} {notices.lisp_text(label)} choice ({rows}) {default}"


def _text(name: str, label: str) -> str:
    return f';control {name} {notices.lisp_text(label)} string "" ""'


def _body(entry: Entry, words: Mapping[str, str]) -> str:
    parts = {name.upper(): _template(f"{name}.lsp") for name in ("common", "region")}
    text = _template(entry.template)
    for name, value in {**parts, **words}.items():
        text = text.replace(f"@{name}@", value)
    return text


def _template(name: str) -> str:
    return resources.files("stembridge_audacity").joinpath("menu", name).read_text(encoding="utf-8")


def _inside_text(text: str) -> str:
    return notices.lisp_text(text)[1:-1]


def _list(texts: Iterable[str]) -> str:
    return f"({' '.join(map(notices.lisp_text, texts))})"
