"""Signals for tests, made on the spot: music-like stems, and an engine's answer on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from stembridge.audio.finish import finish
from stembridge.audio.render import RegionFile
from stembridge.model.formats import FORMATS
from stembridge.model.results import EngineFile, Separation, SetFacts

Audio = NDArray[np.float32]


def music(frames: int, rate: int = 44_100, channels: int = 2, seed: int = 1) -> dict[str, Audio]:
    """Make four stems of shape (frames, channels): vocals, drums, bass, other; no two seeds are alike."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / rate
    nyquist = rate / 2
    stems = {
        "vocals": _voice(time, rng, nyquist),
        "drums": _hits(frames, rate, rng),
        "bass": np.sin(2 * np.pi * np.cumsum(_steps(time, rng, 45, 90, 2.0)) / rate),
        "other": sum(
            np.sin(2 * np.pi * np.cumsum(_steps(time, rng, 150, min(2500, 0.8 * nyquist), 3.0)) / rate)
            * rng.uniform(0.1, 0.4)
            for _ in range(5)
        )
        + 0.01 * rng.standard_normal(frames),
    }
    spread = {name: rng.uniform(0.5, 1.0, channels) for name in stems}
    return {name: (0.2 * np.outer(mono, spread[name])).astype(np.float32) for name, mono in stems.items()}


def _steps(
    time: NDArray[np.float64], rng: np.random.Generator, low: float, high: float, per_second: float
) -> NDArray[np.float64]:
    count = int(time[-1] * per_second) + 2
    bounds = np.sort(rng.uniform(0, time[-1] + 1 / per_second, count - 1))
    pitches = np.exp(rng.uniform(np.log(low), np.log(high), count))
    return np.asarray(pitches[np.searchsorted(bounds, time)], np.float64)


def _voice(time: NDArray[np.float64], rng: np.random.Generator, nyquist: float) -> NDArray[np.float64]:
    pitch = _steps(time, rng, 150, 400, 4.0) * (1 + 0.02 * np.sin(2 * np.pi * 5.5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) * (time[1] - time[0] if len(time) > 1 else 1.0)
    tones = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 9) if k * 410 < nyquist)
    words = np.clip(np.sin(2 * np.pi * 0.9 * time + rng.uniform(0, 6)) + 0.4, 0, 1)
    return np.asarray((tones + 0.05 * rng.standard_normal(len(time))) * words, np.float64)


def _hits(frames: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    out = np.zeros(frames + rate)
    for start in rng.integers(0, frames, max(1, frames * 6 // rate)).tolist():
        length = max(2, int(rng.uniform(0.05, 0.25) * rate))
        out[start : start + length] += rng.standard_normal(length) * np.exp(-6 * np.arange(length) / length)
    return out[:frames]


def delayed(audio: Audio, late: int, frames: int | None = None) -> Audio:
    """Shift by ``late`` frames (negative: early), zeros coming in; ``frames`` long."""
    out = np.zeros((frames or len(audio), audio.shape[1]), np.float32)
    source = audio[max(0, -late) :][: max(0, len(out) - max(0, late))]
    out[max(0, late) : max(0, late) + len(source)] = source
    return out


def mixed(stems: Mapping[str, Audio]) -> Audio:
    """Sum stems in float64, rounded once."""
    total = np.zeros_like(next(iter(stems.values())), np.float64)
    for audio in stems.values():
        total += audio
    return total.astype(np.float32)


def save_region(folder: Path, audio: Audio, rate: int) -> RegionFile:
    """Write a region as the renderer does."""
    path = folder / "region.wav"
    soundfile.write(path, audio, rate, subtype="FLOAT")
    peak, rms = float(np.abs(audio).max()), float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    digest = hashlib.sha256(np.ascontiguousarray(audio, "<f4").data).hexdigest()
    return RegionFile(path, len(audio), rate, audio.shape[1], peak, rms, digest)


def save_answer(
    folder: Path, stems: Mapping[str, Audio], rate: int, *, subtype: str = "FLOAT", suffix: str = "wav"
) -> tuple[EngineFile, ...]:
    """Write stems as an engine would; gives their rows."""
    folder.mkdir(exist_ok=True)
    for name, audio in stems.items():
        soundfile.write(folder / f"{name}.{suffix}", audio, rate, subtype=subtype)
    return tuple(EngineFile(f"{name}.{suffix}", name, name.title()) for name in stems)


def finished(
    folder: Path,
    region: RegionFile | None,
    answer: Separation,
    *,
    fmt: str = "wav32f",
    wanted: Sequence[str] | None = None,
    rest: bool = False,
    residual: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> SetFacts:
    """Finish the answer in ``folder``/answer into ``folder``/out, with files named after the stems."""
    row = FORMATS[fmt]
    return finish(
        region,
        folder / "answer",
        answer,
        wanted=[f.stem for f in answer.files] if wanted is None else wanted,
        rest=rest,
        residual=residual,
        fmt=row,
        names=lambda stem: f"song - {stem}.{row.extension}",
        folder=folder / "out",
        progress=progress,
        cancelled=cancelled,
    )


def written(folder: Path, facts: SetFacts) -> dict[str, Audio]:
    """Read what was finished, by stem."""
    out = folder / "out"
    return {
        s.stem: soundfile.read(out / s.file, dtype="float32", always_2d=True)[0]
        for s in facts.stems
        if s.frames
    }
