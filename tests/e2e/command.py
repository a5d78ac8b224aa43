"""The real command in a process of its own, and the files it works on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line of stdout is a JSON document."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        """All of stdout is one JSON document."""
        return json.loads(self.out)

    def refused(self, code: int, words: str, hint: str = "") -> None:
        """Hold a refusal to its form: its code, a sentence and a hint on stderr, nothing on stdout."""
        assert self.code == code, self
        assert not self.out
        sentences = self.err.strip().splitlines()
        assert len(sentences) >= 2, self.err
        assert words in self.err, self.err
        assert hint in self.err, self.err
        assert all(line.rstrip()[-1] in ".?)" for line in sentences), self.err


@dataclass
class Command:
    """`stembridge` with a data folder and a working folder of its own."""

    home: Path
    cwd: Path
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: object, **more: Any) -> subprocess.Popen[str]:
        """Start it and leave it alone."""
        return subprocess.Popen(
            [sys.executable, "-m", "stembridge", *map(str, arguments)],
            cwd=self.cwd, env={**os.environ, "STEMBRIDGE_HOME": str(self.home), **self.environ},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            **{"stdin": subprocess.DEVNULL, **more},
        )  # fmt: skip

    def __call__(self, *arguments: object, **more: Any) -> Told:
        """Run it to its end. A traceback is a failure, whatever the test is about."""
        with self.start(*arguments, **more) as process:
            return ended(process)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first."""
        rows: list[dict[str, Any]] = self("jobs", "list", "--json").document
        return rows

    def folder(self, job: str) -> Path:
        """Where a job lives."""
        return self.home / "jobs" / job


def ended(process: subprocess.Popen[str]) -> Told:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in out + err, err
    return Told(process.returncode, out, err)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something to become true; fail when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def told_in(folder: Path) -> list[dict[str, Any]]:
    """Give the events of a job folder, as a host outside Python reads them."""
    try:
        text = (folder / "events.jsonl").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def order(folder: Path, document: Mapping[str, Any]) -> Path:
    """Write a request as PROTOCOL.md says: under another name, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.tmp").write_text(json.dumps({"protocol": 1, **document}), encoding="utf-8")
    (folder / "request.tmp").rename(folder / "request.json")
    return folder


def music(frames: int, rate: int = 44100, channels: int = 2, seed: int = 3) -> Samples:
    """Tones over a beat that comes back every half second, and a voice-like glide above it."""
    rng = np.random.default_rng(seed)
    time_ = np.arange(frames) / rate
    period = max(1, rate // 2)
    beat = np.resize(rng.standard_normal(period) * np.exp(-8.0 * np.arange(period) / period), frames)
    glide = np.sin(2 * np.pi * 300 * time_ + 40 * np.sin(2 * np.pi * 0.7 * time_))
    out = np.empty((frames, channels))
    for channel in range(channels):
        tone = np.sin(2 * np.pi * 110 * (channel + 1) * time_)
        out[:, channel] = 0.2 * tone + (0.15 + 0.05 * channel % 0.2) * beat + 0.25 * glide
    return out.astype(np.float32)


def write(path: Path, samples: Samples, rate: int = 44100, subtype: str = "FLOAT") -> Path:
    """Write a WAV file."""
    sf.write(path, samples, rate, subtype=subtype, format="WAV")
    return path


def read(path: Path) -> Samples:
    """Read every frame."""
    samples: Samples = sf.read(path, dtype="float32", always_2d=True)[0]
    return samples


def names(folder: Path) -> list[str]:
    """Give the names in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def decibels(samples: NDArray[Any]) -> float:
    """Give the RMS in dBFS."""
    square = float(np.mean(np.square(samples.astype(np.float64))))
    return 10 * float(np.log10(max(square, 1e-30)))
