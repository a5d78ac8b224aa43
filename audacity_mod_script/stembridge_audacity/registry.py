"""Audacity's list of known plug-ins, so that a new one of ours starts no search.

A start that finds an unknown plug-in searches all of them in a second process, which takes the
scripting pipe away from the first one. So our entries are put on the list, each a copy of a Nyquist
entry that this very Audacity wrote, with our own names: whatever fields its version has are there.
Without a list (Audacity was never started) the first start has to make it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

from stembridge_audacity import plugins
from stembridge_audacity.cfgfile import CfgFile

_GROUP = "pluginregistry/Effect/"
_NYQUIST = "Nyquist"


def usable(registry: CfgFile) -> bool:
    """Say whether the list holds a Nyquist entry to go by."""
    return _pattern(registry) is not None


def known(registry: CfgFile, folder: Path) -> frozenset[str]:
    """Give the names of our files in ``folder`` that are on the list as they are to be now."""
    return frozenset(
        entry.file
        for entry in plugins.ENTRIES
        if dict(registry.items(_group(entry, folder))).items() >= _fields(entry, folder).items()
    )


def enter(registry: CfgFile, folder: Path) -> None:
    """Put all our entries on the list, or bring those that are there up to date."""
    pattern = _pattern(registry)
    if pattern is None:
        return
    template = registry.items(pattern)
    for entry in plugins.ENTRIES:
        group = _group(entry, folder)
        if not registry.has(group):
            for key, value in template:
                registry.set(group, key, value)
        for key, value in _fields(entry, folder).items():
            registry.set(group, key, value)


def strike(registry: CfgFile, files: Iterable[str], folder: Path) -> None:
    """Take entries of ours off the list: those of ``files`` in ``folder``."""
    paths = {str(folder / file) for file in files}
    for group in registry.groups():
        if group.startswith(_GROUP) and registry.get(group, "Path") in paths:
            registry.drop(group)


def _fields(entry: plugins.Entry, folder: Path) -> Mapping[str, str]:
    return {
        "Path": str(folder / entry.file),
        "Symbol": entry.name,
        "Name": entry.name,
        "Version": plugins.release(),
        "Vendor": plugins.AUTHOR,
        "Enabled": "1",
        "Valid": "1",
        "EffectType": "Tool",
        "EffectFamily": _NYQUIST,
        "EffectDefault": "0",
        "EffectInteractive": "1" if entry.dialog else "0",
    }


def _group(entry: plugins.Entry, folder: Path) -> str:
    """Audacity's id of a plug-in as a group's name: base64, with the format's own escapes.

    The id's parts are joined by underscores; those inside a part have a backslash before them.
    """
    parts = ("Effect", _NYQUIST, plugins.AUTHOR, entry.name, str(folder / entry.file))
    text = "_".join(part.replace("_", "\\_") for part in parts)
    code = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
    return _GROUP + "".join(_letter(letter) for letter in f"base64:{code}")


def _letter(letter: str) -> str:
    plain = (letter.isascii() and letter.isalnum()) or letter in "@_/-!.*%()"
    return letter if plain else "\\" + letter


def _pattern(registry: CfgFile) -> str | None:
    for group in registry.groups():
        if group.startswith(_GROUP) and registry.get(group, "EffectFamily") == _NYQUIST:
            return group
    return None
