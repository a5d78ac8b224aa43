"""The page's own arithmetic, by node's test runner; and what its files must keep to under the policy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stembridge.model.stems import STEMS
from stembridge.panel import pages, peaks, spectrogram
from tests.programs import need

HERE = Path(__file__).parent
FILES = pages.files()
SCRIPTS = {name: path.read_text(encoding="utf-8") for name, path in FILES.items() if name.endswith(".js")}
MARKUP = FILES["index.html"].read_text(encoding="utf-8")
LONGEST = 320
_IMPORT = re.compile(r'(?:from|import)\s+"([^"]+)"')


@pytest.fixture(scope="module")
def tests_of_node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page beside its tests, in a folder that says to node that they are modules."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(pages.FOLDER, folder / "page")
    for path in HERE.glob("*.mjs"):
        shutil.copy(path, folder)
    (folder / "package.json").write_text(json.dumps({"type": "module"}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_by_node(tests_of_node: Path, name: str) -> None:
    done = subprocess.run(
        [need("node"), "--test", "--test-reporter=tap", name],
        cwd=tests_of_node, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60,
        env={**os.environ, "STEM_COLOURS": json.dumps([row.colour for row in STEMS.values()])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^# pass (\d+)", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > 0, "node found no test"


def test_nothing_in_the_markup_needs_more_than_the_policy_allows() -> None:
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:|https?:(?!//www\.w3\.org)", MARKUP)
    assert re.findall(r"<script[^>]*>(.*?)</script>", MARKUP, re.DOTALL) == [""]
    for name in re.findall(r'(?:src|href)="([^"#][^"]*)"', MARKUP):
        assert name in FILES, name


def test_scripts_make_no_markup_of_text_and_ask_nobody_else() -> None:
    for name, text in SCRIPTS.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text
        ), name
        assert not re.search(r'setAttribute\("style"|["\'`]https?://(?!www\.w3\.org/2000/svg)', text), name
        assert len(text.splitlines()) <= LONGEST, name


def test_every_import_is_there_and_nothing_lies_about_unused() -> None:
    used = {"main.js"}
    for name, text in SCRIPTS.items():
        for wanted in _IMPORT.findall(text):
            found = (FILES[name].parent / wanted).resolve().relative_to(pages.FOLDER.resolve()).as_posix()
            assert found in FILES, (name, wanted)
            used.add(found)
    assert used == set(SCRIPTS)


def test_what_is_tested_without_a_browser_needs_none() -> None:
    for name, text in SCRIPTS.items():
        if name.startswith("model/"):
            assert not re.search(r"\b(document|window|fetch|navigator|localStorage)\b[.(\[]", text), name
            assert all(wanted.startswith("./") for wanted in _IMPORT.findall(text)), name


def test_the_page_and_the_server_mean_the_same_by_their_numbers() -> None:
    levels = re.search(r"LEVELS = \[([^\]]*)\]", SCRIPTS["model/peaks.js"])
    assert levels is not None
    assert tuple(int(number) for number in levels[1].split(",")) == peaks.LEVELS
    assert f"export const TILE = {spectrogram.COLUMNS};" in SCRIPTS["model/spectrum.js"]
    assert f"return {spectrogram.HOP} * 2 **" in SCRIPTS["model/spectrum.js"]
    low, high = int(spectrogram.LOWEST_HZ), int(spectrogram.HIGHEST_HZ)
    assert f"mel({low}), mel(Math.min({high}, 0.475 * rate))" in SCRIPTS["model/spectrum.js"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_texts_stand_out_from_their_ground(theme: str) -> None:
    """Contrast of 4.5 to 1, as WCAG 2.2 AA has it."""
    colours = _colours(theme)
    for ground in ("ground", "panel", "raised", "sunk"):
        for text in ("text", "soft", "accent"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert _contrast(colours["faint"], colours[ground]) >= 4.5, ground
    for text, ground in (
        ("accent-text", "accent"),
        ("accent", "accent-soft"),
        ("text", "bad-soft"),
        ("warn", "warn-soft"),
        ("text", "hover"),
    ):
        assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def test_light_is_the_same_by_the_system_and_by_the_switch() -> None:
    text = FILES["styles/base.css"].read_text(encoding="utf-8")
    blocks = re.findall(r"\{([^{}]*--ground: #f4f5f6[^{}]*)\}", text)
    assert len(blocks) == 2
    assert len({re.sub(r"\s+", " ", block).strip() for block in blocks}) == 1


def _colours(theme: str) -> dict[str, str]:
    text = FILES["styles/base.css"].read_text(encoding="utf-8")
    start = text.index(':root[data-theme="light"]') if theme == "light" else text.index(":root {")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text[start : text.index("}", start)]))


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
