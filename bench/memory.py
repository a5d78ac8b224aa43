"""Peak memory of the whole command: an hour must not need more than five minutes.

    python bench/memory.py [--minutes 5 60] [--model spleeter]

Each length runs `stembridge separate` in a process of its own, on noise and chords written in blocks.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 44_100


def main() -> int:
    """Measure and print; fail when an hour needs more than the limits."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=int, nargs="+", default=[5, 60])
    options.add_argument("--model", default="spleeter")
    chosen = options.parse_args()
    peaks = []
    for minutes in chosen.minutes:
        with tempfile.TemporaryDirectory() as folder:
            song = Path(folder) / "song.wav"
            _write(song, minutes)
            started = time.perf_counter()
            peak = _peak(
                [sys.executable, "-m", "stembridge", "-q", "separate", str(song), "--model", chosen.model]
            )
            taken = time.perf_counter() - started
        peaks.append(peak)
        print(
            f"{minutes:3d} min: peak {peak:6.0f} MB, {taken:6.1f} s = {minutes * 60 / taken:.1f}x real time"
        )
    print(f"spread {max(peaks) - min(peaks):.0f} MB (limit 100), most {max(peaks):.0f} MB (limit 1000)")
    return int(max(peaks) - min(peaks) > 100 or max(peaks) > 1000)


def _peak(command: list[str]) -> float:
    """Run a command; give its peak resident memory in MB (Linux)."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the command failed ({status})")
    return usage.ru_maxrss / 1024


def _write(path: Path, minutes: int) -> None:
    rng = np.random.default_rng(3)
    with sf.SoundFile(path, "w", RATE, 2, "FLOAT", format="RF64" if minutes > 180 else "WAV") as file:
        for second in range(minutes * 60):
            axis = (second * RATE + np.arange(RATE)) / RATE
            chord = sum(np.sin(2 * np.pi * f * axis) for f in (110.0, 164.8, 220.0 + second % 7 * 10))
            block = 0.1 * np.stack([chord, chord], axis=1) + 0.05 * rng.standard_normal((RATE, 2))
            file.write(block.astype(np.float32))


if __name__ == "__main__":
    sys.exit(main())
