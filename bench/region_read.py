"""A 10-second region out of a 2-hour file: time and memory, each in a process of its own.

Run: python bench/region_read.py [--hours 2] [--folder DIR]

The files are synthesised once (about 2 minutes) and kept in the folder, by default one under the
system's temporary folder. Every figure is the best of three runs; "process" counts from starting
Python to its end. Memory is known on Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 44100
SECONDS = 10
MOST_SECONDS = 0.5
MOST_MEGABYTES = 120.0
KINDS: dict[str, dict[str, Any]] = {
    "region.flac": {"format": "FLAC", "subtype": "PCM_24"},
    "region.wav": {"format": "WAV", "subtype": "PCM_16"},
    "region.mp3": {
        "format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE", "compression_level": 0.4
    },
}  # fmt: skip

CHILD = """
import json, sys, time
from pathlib import Path
before = time.perf_counter()
from stembridge.audio.files import inspect, read_blocks
info = inspect(Path(sys.argv[1]))
first, frames = info.frames * 3 // 4, int(sys.argv[2]) * info.rate
read = sum(len(block) for block in read_blocks(info, first, frames))
taken = time.perf_counter() - before
status = Path("/proc/self/status")
if status.exists():
    # Not getrusage: what it gives is inherited from the parent's own peak.
    peak = next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
else:
    peak = None
print(json.dumps({"read": read, "wanted": frames, "seconds": taken, "peak": peak, "total": info.frames}))
"""


def make(path: Path, frames: int) -> None:
    """Write a long file: a minute of moving tones and noise, again and again."""
    rng = np.random.default_rng(0)
    time_axis = np.arange(60 * RATE)[:, np.newaxis] / RATE
    minute = 0.3 * np.sin(2 * np.pi * np.array([220.0, 331.0]) * time_axis * (1 + time_axis / 600))
    minute += 0.05 * rng.standard_normal(minute.shape)
    part = path.with_suffix(".part")
    with soundfile.SoundFile(str(part), "w", RATE, 2, **KINDS[path.name]) as file:
        left = frames
        while left:
            piece = minute[: min(left, len(minute))]
            file.write(piece.astype(np.float32))
            left -= len(piece)
    part.replace(path)


def measure(path: Path) -> dict[str, float | None]:
    """Read the region three times, each in a fresh process, and keep the best of each figure."""
    runs = []
    for _ in range(3):
        before = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), str(SECONDS)], check=True, capture_output=True, text=True
        )
        whole = time.perf_counter() - before
        found = json.loads(done.stdout)
        assert found["read"] == found["wanted"]
        runs.append((whole, found["seconds"], None if found["peak"] is None else found["peak"] / 1e6))
    peaks = [peak for _, _, peak in runs if peak is not None]
    return {
        "process": min(run[0] for run in runs),
        "reading": min(run[1] for run in runs),
        "peak": min(peaks) if peaks else None,
    }


def main() -> int:
    """Print a row a kind of file; give 1 when FLAC misses its mark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "stembridge-bench")
    options = parser.parse_args()
    folder = options.folder / f"{options.hours:g}h"
    folder.mkdir(parents=True, exist_ok=True)
    missed = False
    print(f"{SECONDS} s at three quarters of {options.hours:g} h, stereo {RATE} Hz")
    print(f"{'file':<12} {'size':>9} {'import+read':>12} {'process':>9} {'peak memory':>12}")
    for name in KINDS:
        path = folder / name
        if not path.exists():
            make(path, int(options.hours * 3600) * RATE)
        row = measure(path)
        reading, process, peak = row["reading"], row["process"], row["peak"]
        assert reading is not None
        assert process is not None
        memory = "unknown" if peak is None else f"{peak:.0f} MB"
        size = path.stat().st_size / 1e6
        print(f"{name:<12} {size:>6.0f} MB {reading:>10.3f} s {process:>7.3f} s {memory:>12}")
        if name.endswith(".flac"):
            missed = process > MOST_SECONDS or (peak is not None and peak > MOST_MEGABYTES)
    print(f"mark for FLAC: {MOST_SECONDS} s, {MOST_MEGABYTES:.0f} MB: {'MISSED' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
