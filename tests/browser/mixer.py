"""The page's mixer beside the files that it plays."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.browser.chromium import Tab
from tests.e2e.command import read

CODED = """
const coded = (channel) => {
  const bytes = new Uint8Array(channel.buffer, channel.byteOffset, channel.byteLength);
  const parts = [];
  for (let at = 0; at < bytes.length; at += 32768) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 32768)));
  }
  return btoa(parts.join(""));
};
"""
RENDER = CODED + (
    "return window.stembridge.mixer.render(...arguments).then((channels) => channels.map(coded));"
)
TAPE = CODED + "return window.tape.splice(0).map((channels) => channels.map(coded));"
NULL_DB = -120.0
Samples = NDArray[np.float64]


@dataclass
class Mixer:
    """The mixer of the page with the finished job, beside the files."""

    tab: Tab
    folder: Path
    song: Path

    def heard(self, first: int = 0, frames: int | None = None) -> Samples:
        """Render what would be heard; gives frames x channels."""
        frames = self.frames - first if frames is None else frames
        texts = self.tab.script(RENDER, first, frames)
        return _samples(texts)

    def taped(self) -> list[Samples]:
        """Take off the tape what was really played, block by block (see tape.js)."""
        return [_samples(texts) for texts in self.tab.script(TAPE)]

    @property
    def original(self) -> Samples:
        return read(self.song).astype(np.float64)

    @property
    def frames(self) -> int:
        return len(read(self.song))

    @property
    def stems(self) -> dict[str, Samples]:
        rows = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))["stems"]
        return {row["id"]: read(Path(row["file"])).astype(np.float64) for row in rows}

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.tab.script("return window.stembridge.mixer.state()")
        return state

    def track(self, name: str) -> dict[str, Any]:
        """Give what the mixer says of a track."""
        return next(row for row in self.state["tracks"] if row["id"] == name)


def _samples(texts: list[str]) -> Samples:
    channels = [np.frombuffer(base64.b64decode(text), "<f4") for text in texts]
    return np.stack(channels, axis=1).astype(np.float64)


def null(one: Samples, other: Samples) -> float:
    """Give the peak of the difference in dBFS."""
    assert one.shape == other.shape
    return float(20 * np.log10(max(np.abs(one - other).max(), 1e-20)))
