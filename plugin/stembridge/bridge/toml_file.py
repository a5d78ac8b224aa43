"""TOML files that a person may edit: read with the line of every slip, written so that comments survive."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError
from tomlkit.toml_document import TOMLDocument

from stembridge.jobs import disk
from stembridge.model.errors import UsageError


def item(value: Any) -> Any:
    """Give a value as a table of the file holds it: an object on one line."""
    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table


def text_of(path: Path) -> str:
    """Give the file's text; empty where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise wrong(path, 1, "it isn't UTF-8 text", "Save it as UTF-8.") from None
    except OSError as error:
        raise disk.unreadable(error, path) from error


def parse(text: str, path: Path) -> TOMLDocument:
    """Read TOML; `UsageError` with the line where it is none."""
    try:
        return tomlkit.parse(text)
    except ParseError as error:
        said = re.sub(r" at line \d+ col \d+$", "", str(error)).rstrip(".")
        raise wrong(path, error.line, said) from None
    except TOMLKitError as error:
        raise wrong(path, 1, str(error).rstrip(".")) from None


def write(path: Path, document: TOMLDocument) -> None:
    """Put the document into its file."""
    disk.make_folder(path.parent)
    disk.write_bytes(path, tomlkit.dumps(document).encode(), shared=True)


def wrong(path: Path, line: int, why: str, hint: str = "") -> UsageError:
    """Say which line of the file can't be understood."""
    return UsageError(
        f"'{path}', line {line}: {why}.", hint=hint or "Mend that line, or move the file away to start anew."
    )


def line_of(text: str, table: str, field: str) -> int:
    """Give the line of a field, else that of its table's head."""
    inside, head = False, 1
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*\[\s*[\"']?(.+?)[\"']?\s*\]", line)
        if match:
            inside = match[1] == table or match[1].startswith(f"{table}.")
            head = number if match[1] == table else head
            if match[1] == f"{table}.{field}":
                return number
        elif (
            field and (inside or field == table) and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", line)
        ):
            return number
    return head
