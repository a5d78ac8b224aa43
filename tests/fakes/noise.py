"""Small audio files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile


def noise(frames: int, channels: int = 2, seed: int = 1) -> Any:
    """Give band-rich noise at about -20 dBFS, frames x channels, float32, exact in 24 bit."""
    rng = np.random.default_rng(seed)
    samples = np.cumsum(rng.standard_normal((frames, channels)) * 0.02, axis=0)
    samples -= np.linspace(samples[0], samples[-1], frames)
    samples = samples / max(1e-9, float(np.abs(samples).max())) * 0.4
    samples += rng.standard_normal((frames, channels)) * 0.03
    return (np.rint(samples * (1 << 23)) / (1 << 23)).astype(np.float32)


def noise_file(
    path: Path, frames: int = 22_050, channels: int = 2, rate: int = 44_100, seed: int = 1
) -> Path:
    """Write `noise`, in the format of the file's suffix (24 bit where it has bits)."""
    options = {".wav": {"subtype": "PCM_24"}, ".flac": {"subtype": "PCM_24"}}.get(path.suffix, {})
    soundfile.write(str(path), noise(frames, channels, seed), rate, **options)
    return path
