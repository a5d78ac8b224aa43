"""PROTOCOL.md says what the code does: its tables are generated, and stale ones fail here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from stembridge.bridge import protocol
from stembridge.model.errors import CODES

DOCUMENT = Path(__file__).parents[3] / "plugin" / "PROTOCOL.md"


def test_the_document_is_not_stale() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == protocol.fill(text), "plugin/PROTOCOL.md is stale: run `make docs`"


def test_every_table_has_its_place_and_every_place_its_table() -> None:
    places = re.findall(r"<!-- table: (\w+) -->", DOCUMENT.read_text(encoding="utf-8"))
    assert sorted(places) == sorted(protocol.TABLES)


def test_a_stale_table_is_filled_and_the_rest_left_alone() -> None:
    text = "before\n<!-- table: errors -->\nbygone\n<!-- end -->\nafter\n"
    filled = protocol.fill(text)
    assert filled.startswith("before\n")
    assert filled.endswith("after\n")
    assert all(f"`{code}`" in filled for code in CODES)
    assert "bygone" not in filled
    assert protocol.fill(filled) == filled


def test_a_bar_in_a_cell_does_not_break_the_table() -> None:
    assert protocol._table(("a",), [("x|y",)]).splitlines()[2] == "| x\\|y |"


def test_the_module_writes_the_document(tmp_path: Path) -> None:
    copy = tmp_path / "PROTOCOL.md"
    copy.write_text("<!-- table: version -->\n<!-- end -->\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "stembridge.bridge.protocol", str(copy)], check=True, timeout=60)
    assert "version **1**" in copy.read_text(encoding="utf-8")
