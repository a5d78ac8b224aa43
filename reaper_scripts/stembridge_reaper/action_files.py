"""The action files and the tables in Lua that come from tables in Python: written here, never by hand.

Run ``python -m stembridge_reaper.action_files`` after a change of the presets, the stems or the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import stembridge
from stembridge.model.formats import FORMATS, Format
from stembridge.model.presets import PRESETS, Preset
from stembridge.model.stems import STEMS

SCRIPTS = Path(__file__).parent / "scripts"
MAIN = "Stembridge_Separate selection.lua"
TABLES = "lib/tables.lua"

_HEAD = """\
-- @description Stembridge: separate audio into stems, sample-exact, on new tracks
-- @author Stembridge
-- @version {version}
-- @about
--   # Stembridge
--
--   Select items, a time selection on tracks, or a razor edit, and run
--   *Stembridge_Separate selection*: minutes later the stems lie on new tracks, on the same
--   samples, in one undo step. Separation is done by MVSEP, or on this computer.
--
--   The scripts need the program `stembridge`: install it, run `stembridge setup reaper` once,
--   and then *Stembridge_Register actions* in REAPER.
-- @provides
--   [main] Stembridge_*.lua
--   [nomain] lib/*.lua
--   [nomain] lib/ui/*.lua
"""
_NOT_A_PACKAGE = """\
-- @noindex
-- {title}: an action of the package "Stembridge_Separate selection.lua".
"""
_BODY = """
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\\\])")
package.path = folder .. "lib/?.lua;" .. package.path
require("actions").{call}
"""


def actions() -> Mapping[str, str]:
    """Give every action: what it is called in REAPER's list, and the call that does it."""
    fixed = {
        "Separate selection": "separate()",
        "Separate selection with last settings": "separate_again()",
        "Compare models on selection": "compare()",
        "Show jobs": "show_jobs()",
        "Import finished jobs": "import_finished()",
        "Settings": "settings()",
        "Self-test": "selftest()",
        "About": "about()",
        "Register actions": "register()",
    }
    presets = {
        f"Separate selection ({row.title})": f"separate_preset({_text(row.id)})" for row in PRESETS.values()
    }
    return {**fixed, **presets}


def files() -> Mapping[str, str]:
    """Give the text of every generated file by its path in the scripts' folder."""
    made = {TABLES: _tables()}
    for title, call in actions().items():
        name = f"Stembridge_{title}.lua"
        head = _HEAD if name == MAIN else _NOT_A_PACKAGE
        made[name] = head.format(version=stembridge.__version__, title=title) + _BODY.format(call=call)
    return made


def write(folder: Path = SCRIPTS) -> list[Path]:
    """Write the files, and remove action files that are no longer made.

    Returns
    -------
    list of Path
        What was written or removed because it differed.
    """
    made = files()
    changed = []
    for old in folder.glob("Stembridge_*.lua"):
        if old.name not in made:
            old.unlink()
            changed.append(old)
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _list(values: Iterable[str]) -> str:
    inner = ", ".join(_text(value) for value in values)
    return f"{{ {inner} }}" if inner else "{}"


def _map(values: Mapping[str, str]) -> str:
    inner = ", ".join(f"[{_text(key)}] = {_text(value)}" for key, value in values.items())
    return f"{{ {inner} }}" if inner else "{}"


def _preset(row: Preset) -> list[str]:
    service = row.mvsep
    lines = [
        "  {",
        f"    id = {_text(row.id)},",
        f"    title = {_text(row.title)},",
        f"    gives = {_text(row.gives)},",
        "    mvsep = {",
        f"      model = {_text(str(service.sep_type))},",
        f"      options = {_map(service.options)},",
        f"      stems = {_list(service.stems)},",
        "    },",
    ]
    if row.offline is not None:
        model = "" if row.offline.model is None else f"model = {_text(row.offline.model)}, "
        lines.append(f"    offline = {{ {model}stems = {_list(row.offline.stems)} }},")
    return [*lines, "  },"]


def _tables() -> str:
    lines = [
        "-- Presets, stems, formats and version of the core. Written by stembridge_reaper.action_files.",
        "local M = {}",
        "",
        f"M.VERSION = {_text(stembridge.__version__)}",
        "",
        "M.PRESETS = {",
    ]
    for row in PRESETS.values():
        lines += _preset(row)
    lines += ["}", "", "M.STEMS = {"]
    for stem in STEMS.values():
        fields = f"id = {_text(stem.id)}, label = {_text(stem.label)}, colour = {_text(stem.colour)}"
        lines.append(f"  {{ {fields} }},")
    lines += ["}", "", "M.FORMATS = {"]
    for kind in FORMATS.values():
        lossless = "true" if kind.lossless else "false"
        fields = f"id = {_text(kind.name)}, label = {_text(_format(kind))}, lossless = {lossless}"
        lines.append(f"  {{ {fields} }},")
    return "\n".join([*lines, "}", "", "return M", ""])


def _format(row: Format) -> str:
    kind = row.extension.upper()
    if row.is_float:
        return f"{kind}, 32 bit float"
    return f"{kind}, {row.bits} bit" if row.lossless else kind


if __name__ == "__main__":
    write()
