"""The settings of the time before, shared by the menu and the command line.

The menu's entries read and write them as a line that Nyquist can pass on as it is: a digit (0 the tracks
mixed, 1 each on its own, 2 each label) and the fields of a request, without their braces.
"""

from __future__ import annotations

import json
from pathlib import Path

from stembridge.model.errors import UsageError
from stembridge_audacity import notices
from stembridge_audacity.choices import Choice
from stembridge_audacity.requests import settings_of

FILE = "last-settings.txt"


def remember(home: Path, choice: Choice) -> bool:
    """Keep a choice for the next time; False where the dialog can't say so much, then nothing changes."""
    settings = choice.settings()
    if settings is None:
        return False
    fields = {
        "preset": settings.preset,
        "engine": settings.engine,
        "model": settings.model,
        "stems": list(settings.stems),
        "rest": settings.rest,
        "original": settings.original,
    }
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:-1]
    path = notices.folder(home) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(f"{2 if choice.labels else int(choice.each)}{text}\n", encoding="utf-8", newline="\n")
    part.replace(path)
    return True


def recall(home: Path) -> Choice:
    """Give the choice of the time before.

    Raises
    ------
    UsageError
        When there is none, or none that can be read.
    """
    try:
        line = (notices.folder(home) / FILE).read_text(encoding="utf-8", errors="replace").strip()
        if line[:1] not in {"0", "1", "2"}:
            raise ValueError
        settings = settings_of(json.loads(f"{{{line[1:]}}}"))
        return Choice.from_settings(settings, each=line[0] == "1", labels=line[0] == "2")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "There are no settings of the time before.",
            hint="Choose once with --preset, or in Audacity with Tools > Stembridge > Separate Stems...",
        ) from error
