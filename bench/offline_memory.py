"""Peak memory of the embedded engine: a long region must not need more than a short one.

    python bench/offline_memory.py [--model spleeter|repet] [--minutes 5 60] [--channels 2]

Each length runs in a process of its own; its region (noise and tones, float WAV) is written in blocks first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.offline_common import RATE, default_data, ready_engine

LIMIT_MB = 1000.0
SPREAD_MB = 100.0


def peak_megabytes() -> float:
    """Give the most memory that this process ever had, in MB."""
    import resource

    peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def synthesise(path: Path, minutes: float, channels: int) -> int:
    """Write a region of noise bursts over a slow chord, in blocks; give its frames."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(5)
    frames = round(minutes * 60 * RATE)
    with soundfile.SoundFile(
        path, "w", RATE, channels, "FLOAT", format="RF64" if frames * channels > 9e8 else "WAV"
    ) as file:
        for first in range(0, frames, RATE):
            count = min(RATE, frames - first)
            seconds = (first + np.arange(count)) / RATE
            chord = sum(np.sin(2 * np.pi * pitch * seconds) for pitch in (110.0, 138.6, 164.8))
            burst = rng.standard_normal((count, channels)) * np.exp(-8.0 * (seconds[:, None] % 0.5))
            file.write((0.06 * np.asarray(chord)[:, None] + 0.1 * burst).astype(np.float32))
    return int(frames)


def inside(given: argparse.Namespace) -> None:
    """Separate one region and print the peak."""
    from stembridge.audio.render import RegionFile

    engine = ready_engine(given.data, given.threads)
    region = RegionFile(given.region, given.frames, RATE, given.channels, 0.9, 0.13, "0" * 64)
    started = time.perf_counter()
    recipe = engine.resolve(given.model, {})
    engine.separate(region, recipe, given.region.parent, lambda _: None, lambda: False)
    print(f"{peak_megabytes():.1f} {time.perf_counter() - started:.2f}")


def main() -> None:
    """Measure every length and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="spleeter")
    parser.add_argument("--minutes", nargs="+", type=float, default=[5.0, 60.0])
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--data", type=Path, default=default_data())
    parser.add_argument("--region", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--frames", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.region is not None:
        inside(given)
        return
    if given.model == "spleeter":
        ready_engine(given.data, given.threads)
    peaks: list[float] = []
    print(f"{'minutes':>8}{'peak MB':>10}{'seconds':>10}{'x real time':>13}")
    for minutes in given.minutes:
        with tempfile.TemporaryDirectory() as work:
            region = Path(work) / "region.wav"
            frames = synthesise(region, minutes, given.channels)
            command = [
                sys.executable, __file__, "--model", given.model, "--channels", str(given.channels),
                "--data", str(given.data), "--region", str(region), "--frames", str(frames),
                *(["--threads", str(given.threads)] if given.threads else []),
            ]  # fmt: skip
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        peak, took = map(float, answer.split())
        peaks.append(peak)
        print(f"{minutes:>8g}{peak:>10.1f}{took:>10.2f}{60 * minutes / took:>13.1f}", flush=True)
    spread = peaks[-1] - peaks[0]
    print(
        f"difference: {spread:.1f} MB (at most {SPREAD_MB:g}); highest {max(peaks):.1f} (under {LIMIT_MB:g})"
    )
    if spread > SPREAD_MB or max(peaks) >= LIMIT_MB:
        raise SystemExit("Too much memory.")


if __name__ == "__main__":
    main()
