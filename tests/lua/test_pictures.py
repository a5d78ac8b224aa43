"""The README's pictures are what the scripts draw, at every size and theme, with no text cut that matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.lua import pictures

SHOWN = {
    "dialog": [
        "Chorus, live · 3:24.5 · 48 kHz, stereo",
        "Costs 3 credits (120 left).",
        "Separate",
        "Residual",
    ],
    "compare": [
        "Your presets",
        "1. Six stems",
        "3. Stage mix",
        "Takes: an item for each stem",
        "Costs 9 credits (120 left).",
    ],
    "progress": [
        "Spend 7 credits",
        "Don't separate",
        "Separating, part 2 of 5",
        "Closing this stops nothing.",
    ],
    "jobs": [
        "Uploading, 12.3 MB of 40.1 MB",
        "In the queue, place 3 of 17",
        "MVSEP can't be reached.",
        "Done. The stems are in the project.",
        "5 jobs",
    ],
}


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.int16)


@pytest.mark.parametrize("name", ["dialog", "progress"])
@pytest.mark.parametrize(("theme", "scale"), [("light", 1.0), ("dark", 2.0)])
def test_a_window_is_whole_in_every_look(tmp_path: Path, name: str, theme: str, scale: float) -> None:
    texts = pictures.DRAWINGS[name](tmp_path, tmp_path / "picture.png", theme=theme, scale=scale)
    for words in SHOWN[name]:
        assert any(words in text for text in texts), (words, texts)
    drawn = _pixels(tmp_path / "picture.png")
    kept = _pixels(pictures.FOLDER / f"{name}.png")
    assert drawn.shape[0] == kept.shape[0] * scale
    assert (float(drawn.mean()) > 150) is (theme == "light")


@pytest.mark.parametrize("name", list(pictures.DRAWINGS))
def test_the_kept_pictures_are_of_today(tmp_path: Path, name: str) -> None:
    texts = pictures.DRAWINGS[name](tmp_path, tmp_path / "picture.png")
    for words in SHOWN[name]:
        assert any(words in text for text in texts), (words, texts)
    drawn, kept = _pixels(tmp_path / "picture.png"), _pixels(pictures.FOLDER / f"{name}.png")
    assert drawn.shape == kept.shape
    # Fonts differ a little from system to system, and an unknown share is a bar that moves.
    different = (np.abs(drawn - kept).max(axis=2) > 48).mean()
    assert different < 0.04, "run `python -m tests.lua.pictures`, and look"
    assert (pictures.FOLDER / f"{name}.png").stat().st_size < 60_000
