"""The menu entries: Nyquist plug-ins, made from their templates, the presets and the catalogue.

Audacity reads the list of entries at its start, and a plug-in anew whenever its file has changed since.
So the dialogs' lists of presets and the question that is open are kept up to date in the files.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import stembridge
from stembridge.model.presets import PRESETS
from stembridge_audacity import notices, requests, shelf
from stembridge_audacity.shelf import Offer

AUTHOR = "Stembridge"
"""Name of the submenu of Tools."""
_WIDE = 64
"""Letters in a line of a question."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is open.

    Attributes
    ----------
    id
        Letters and digits; the answer names it.
    text
        What is asked, with all that has to be known for an answer.
    choices
        Their ids and words.
    """

    id: str
    text: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry.

    ``type`` decides what Audacity asks for: ``tool`` nothing, ``tool analyze`` a selection; it runs
    once for each selected audio track. ``dialog`` says whether something is asked before it runs.
    """

    file: str
    name: str
    type: str
    template: str
    dialog: bool = False


ENTRIES = (
    Entry("stembridge-separate.ny", "Separate Stems", "tool analyze", "separate.ny", dialog=True),
    Entry("stembridge-last.ny", "Separate With Last Settings", "tool analyze", "last.ny"),
    Entry("stembridge-compare.ny", "Compare Models", "tool analyze", "compare.ny", dialog=True),
    Entry("stembridge-blend.ny", "Blend Stems", "tool", "blend.ny", dialog=True),
    Entry("stembridge-answer.ny", "Answer Question", "tool", "answer.ny", dialog=True),
    Entry("stembridge-preset.ny", "Save Preset", "tool", "preset.ny", dialog=True),
    Entry("stembridge-import.ny", "Import Finished Stems", "tool", "import.ny"),
    Entry("stembridge-cancel.ny", "Cancel Jobs", "tool", "cancel.ny"),
)
OURS = "stembridge-*.ny"
_ORIGINAL = (
    ("leave", "leave as it is"),
    ("mute", "mute its tracks"),
    ("replace", "replace the region (two undo steps)"),
)


def release() -> str:
    """Give the version that stands in a plug-in's head."""
    return stembridge.__version__


def write(
    home: Path,
    stems: Iterable[str],
    offers: Sequence[Offer] | None = None,
    question: Question | None = None,
) -> dict[str, str]:
    """Give the text of every plug-in by its file name.

    Parameters
    ----------
    home
        The core's data folder, which is fixed in them.
    stems
        Ids of all stems that any model gives; those of the presets are added.
    offers
        What the dialogs offer; read from the data folder when left out.
    question
        The one that is open.
    """
    offers = shelf.offered(home) if offers is None else offers
    known = [stem for preset in PRESETS.values() for stem in preset.mvsep.stems]
    compared = _compared(offers)
    words = {
        "FOLDER": _inside_text(notices.plain_path(notices.folder(home)) + "/"),
        "VERSION": str(requests.VERSION),
        "STALE": str(notices.STALE_SECONDS),
        "MOST": str(requests.MOST_COMPARED),
        "PRESETS": _rows((row.id, "t" if row.order is None and not row.chain else "nil") for row in offers),
        "COMPARED": _rows((preset, notices.lisp_text(engine)) for (preset, engine), _ in compared),
        "STEMS": _list(dict.fromkeys([*known, *sorted(stems)])),
        "QUESTION": "" if question is None else question.id,
        "KEYS": _list(["", *(key for key, _ in question.choices)] if question else [""]),
    }
    dialogs: Mapping[str, Callable[[], list[str]]] = {
        "separate.ny": lambda: _separate_controls(offers),
        "compare.ny": lambda: _compare_controls([shown for _, shown in compared]),
        "blend.ny": _blend_controls,
        "preset.ny": _preset_controls,
        "answer.ny": lambda: _answer_controls(question),
    }
    return {
        entry.file: _head(entry, dialogs[entry.template]() if entry.dialog else ()) + _body(entry, words)
        for entry in ENTRIES
    }


def lasting(text: str) -> list[str]:
    """Give the lines of a plug-in that don't change from day to day: without presets and questions."""
    changing = (
        ";control ",
        "(setf sb-presets ",
        "(setf sb-compared ",
        "(setf sb-question ",
        "(setf sb-keys ",
    )
    return [line for line in text.splitlines() if not line.startswith(changing)]


def _head(entry: Entry, controls: Iterable[str]) -> str:
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
        *controls,
        ";; Written by `stembridge setup audacity`; a change made here is lost at the next set-up.",
    ]
    return "\n".join(lines) + "\n"


def _separate_controls(offers: Sequence[Offer]) -> list[str]:
    return [
        _choice("preset", "Separate into", [(row.id, row.shown) for row in offers]),
        _text("stems", "Stems to keep, with commas (empty: all)"),
        _choice("rest", "And the rest in one more track", [("no", "no"), ("yes", "yes")]),
        _original("mute"),
        _choice(
            "several",
            "Several tracks, or labels",
            [
                ("mixed", "mix the selected tracks"),
                ("each", "each selected track on its own"),
                ("labels", "each label in the selection on its own"),
            ],
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


def _compared(offers: Sequence[Offer]) -> list[tuple[tuple[str, str], str]]:
    """What can be compared: preset and engine, and what it is called; first nothing."""
    found = [(("", "auto"), "nothing")]
    for row in offers:
        if row.chain:
            continue
        found.append(((row.id, "auto"), row.shown))
        if not row.own and PRESETS[row.id].offline is not None:
            found.append(((row.id, "offline"), f"{row.title} (with the embedded engine)"))
    return found


def _compare_controls(shown: Sequence[str]) -> list[str]:
    options = [(f"c{place}", text) for place, text in enumerate(shown)]
    names = ("one", "two", "three", "four")
    labels = ("Compare", "with", "and with", "and with")
    lists = [
        _choice(name, label, options, place + 1 if place < 2 else 0)
        for place, (name, label) in enumerate(zip(names, labels, strict=True))
    ]
    more = _text("models", f"Other models, with semicolons (all in all 2 to {requests.MOST_COMPARED})")
    return [*lists, more, _original("mute")]


def _blend_controls() -> list[str]:
    return [
        _text("stem", "Stem to blend", "vocals"),
        _choice(
            "method",
            "How",
            [
                ("average", "average"),
                ("min", "least of the spectrum (fewer foreign sounds)"),
                ("max", "most of the spectrum (fewer gaps)"),
            ],
        ),
        _text("models", "Only of these models, with semicolons (empty: all)"),
        _original("leave"),
    ]


def _preset_controls() -> list[str]:
    return [
        _choice(
            "action",
            "Your own presets",
            [
                ("save", "save the last settings under a new name"),
                ("replace", "save the last settings under a name that may be taken"),
                ("remove", "remove the preset of this name"),
            ],
        ),
        _text("name", "Name (letters, digits, dots, - and _)"),
        _text("title", "What the list calls it (empty: its name)"),
    ]


def _answer_controls(question: Question | None) -> list[str]:
    if question is None:
        return [_choice("which", "Stembridge asks nothing at the moment", [("later", "close")])]
    # Audacity puts a colon after it.
    text = "\n".join(textwrap.wrap(question.text.rstrip(". "), _WIDE))
    rows = [("later", "decide later"), *((f"a{place}", row[1]) for place, row in enumerate(question.choices))]
    return [_choice("which", text, rows)]


def _original(default: str) -> str:
    return _choice(
        "original", "The original, when the stems arrive", _ORIGINAL, requests.ORIGINALS.index(default)
    )


def _choice(name: str, label: str, options: Iterable[tuple[str, str]], default: int = 0) -> str:
    rows = " ".join(f"({notices.lisp_text(key)} {notices.lisp_text(shown)})" for key, shown in options)
    return f";control {name} {notices.lisp_text(label)} choice ({rows}) {default}"


def _text(name: str, label: str, default: str = "") -> str:
    return f';control {name} {notices.lisp_text(label)} string "" {notices.lisp_text(default)}'


def _body(entry: Entry, words: Mapping[str, str]) -> str:
    text = _template(entry.template)
    for name in ("common", "region"):
        text = text.replace(f"@{name.upper()}@", _template(f"{name}.lsp"))
    # In one go: what is filled in may look like a place to fill in.
    return re.sub(r"@([A-Z]+)@", lambda match: words[match[1]], text)


def _template(name: str) -> str:
    return resources.files("stembridge_audacity").joinpath("menu", name).read_text(encoding="utf-8")


def _inside_text(text: str) -> str:
    return notices.lisp_text(text)[1:-1]


def _list(texts: Iterable[str]) -> str:
    return f"({' '.join(map(notices.lisp_text, texts))})"


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    """Give a list of lists: a text, and what is Lisp already."""
    return f"({' '.join(f'({notices.lisp_text(name)} {more})' for name, more in rows)})"
