"""The whole command, timed from outside: separate, start-up, first event, an answer from an earlier job.

    python bench/command.py [--runs 5]

Each figure is the median of several fresh processes, with the least and the most beside it. The data
folder (STEMBRIDGE_HOME) should have the network: `make models` puts one under .venv/models.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile as sf

RATE, SECONDS = 44_100, 60


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    runs = options.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        song = work / "song.wav"
        sf.write(song, _song(), RATE, subtype="FLOAT")
        base = [sys.executable, "-m", "stembridge"]
        order = [*base, "-q", "separate", str(song), "--engine", "offline", "--overwrite"]
        first = _once([*order, "--again"])
        print(f"(warm-up {first:.2f} s)")
        whole = _times(lambda: _once([*order, "--again"]), runs)
        print(
            f"separate {SECONDS} s stereo      {_row(whole)}   "
            f"= {SECONDS / statistics.median(whole):.1f}x real time"
        )
        print(f"the same again, reused    {_row(_times(lambda: _once(order), runs))}")
        command = Path(sys.executable).with_name("stembridge")
        print(f"stembridge --version      {_row(_times(lambda: _once([str(command), '--version']), runs))}")
        print(f"run -> accepted           {_row(_times(lambda: _accepted(work, song, base), runs))}")


def _accepted(work: Path, song: Path, base: list[str]) -> float:
    """Make a job as a host would, start `run`, and wait for the first event."""
    job = Path(os.environ["STEMBRIDGE_HOME"]) / "jobs" / f"bench{time.monotonic_ns()}"
    job.mkdir(parents=True)
    request = {
        "protocol": 1,
        "kind": "separate",
        "source": {"path": str(song), "first_frame": 0, "frames": 4410},
        "model": "repet",
        "deliver_to": str(work / job.name),
    }
    (job / "request.json").write_text(json.dumps(request), encoding="utf-8")
    started = time.perf_counter()
    subprocess.run([*base, "run", str(job)], check=True)
    events = job / "events.jsonl"
    while not (events.exists() and b"accepted" in events.read_bytes()):
        time.sleep(0.001)
    taken = time.perf_counter() - started
    while not (job / "result.json").exists():
        time.sleep(0.05)
    return taken


def _once(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _times(call: Callable[[], float], runs: int) -> list[float]:
    return [call() for _ in range(runs)]


def _row(times: list[float]) -> str:
    return f"median {statistics.median(times):6.3f} s  ({min(times):.3f} to {max(times):.3f})"


def _song() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Make a minute of chords, beats and a voice-like glide: something to separate."""
    time_axis = np.arange(RATE * SECONDS) / RATE
    rng = np.random.default_rng(1)
    chord = sum(np.sin(2 * np.pi * f * time_axis) for f in (110.0, 165.0, 220.0, 277.2))
    beat = rng.standard_normal(time_axis.size) * np.exp(-((time_axis * 2) % 1) * 18)
    glide = np.sin(2 * np.pi * 300 * time_axis + 40 * np.sin(2 * np.pi * 0.3 * time_axis))
    left = 0.1 * chord + 0.2 * beat + 0.15 * glide
    right = 0.08 * chord + 0.22 * beat + 0.15 * glide
    return np.stack([left, right], axis=1).astype(np.float32)


if __name__ == "__main__":
    if "STEMBRIDGE_HOME" not in os.environ:
        sys.exit("Set STEMBRIDGE_HOME to a data folder that has the network (`make bench` does).")
    main()
