"""The panel with a long job: how soon ten minutes of six stems open, and what scrolling and playing ask for.

    python bench/panel.py [--minutes 10] [--stems 6]

A finished job is laid into a data folder of its own (1.5 GB of float WAV at the default length); the real
`stembridge panel` serves it. Opening is what a page asks for: the job and a level of the peaks of every
track, the residual among them, side by side as a browser does. Cold is the first time, when all of it is
worked out; warm is every time after that.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import soundfile as sf
from numpy.typing import NDArray

RATE, LEVEL = 44_100, 4096
NAMES = ("vocals", "drums", "bass", "guitar", "piano", "other")
WARM_LIMIT, COLD_LIMIT, CHUNK_LIMIT = 1.0, 60.0, 0.25
"""Seconds: to open warm and cold, and for five seconds of a track to play."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; fail when a limit isn't met."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--stems", type=int, default=6, choices=range(1, 7))
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="stembridge-bench-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        frames = round(chosen.minutes * 60 * RATE)
        lay(home / "jobs" / "bench1", frames, NAMES[: chosen.stems])
        with panel(home) as (link, process):
            return measure(link, frames, process)


def measure(link: str, frames: int, process: int) -> int:
    """Open the job cold and warm, play and scroll in it."""
    job = f"{link}api/jobs/bench1"
    with httpx.Client(timeout=600) as client:
        before = memory(process)
        cold, tracks = opened(client, job)
        warm = statistics.median(opened(client, job)[0] for _ in range(5))
        chunk = statistics.median(
            timed(client, f"{job}/tracks/{track}/audio", place)
            for track in tracks
            for place in np.linspace(0, frames - 6 * RATE, 5)
        )
        tile = statistics.median(
            timed(client, f"{job}/tracks/vocals/spectrogram?tile={number}") for number in range(5)
        )
        again = statistics.median(
            timed(client, f"{job}/tracks/vocals/spectrogram?tile={number}") for number in range(5)
        )
        after = memory(process)
    print(f"  {len(tracks)} tracks of {frames / RATE / 60:.0f} minutes")
    print(f"  opened the first time in {cold:.2f} s, after that in {warm:.3f} s")
    print(f"  five seconds of one track in {chunk:.3f} s")
    print(f"  a tile of the spectrogram (24 s) in {tile:.3f} s, after that in {again:.4f} s")
    print(f"  the server's memory: {before:.0f} MB before, {after:.0f} MB after")
    met = warm <= WARM_LIMIT and cold <= COLD_LIMIT and chunk <= CHUNK_LIMIT
    limits = f"{WARM_LIMIT:g} s warm, {COLD_LIMIT:g} s cold, {CHUNK_LIMIT:g} s to play"
    print(f"  => limits {limits}: {'met' if met else 'NOT MET'}")
    return int(not met)


def opened(client: httpx.Client, job: str) -> tuple[float, list[str]]:
    """Ask for what a page needs at first, six questions at a time."""
    begun = time.perf_counter()
    tracks = [row["id"] for row in client.get(job).raise_for_status().json()["tracks"]]
    with ThreadPoolExecutor(6) as hands:
        answers = hands.map(lambda track: client.get(f"{job}/tracks/{track}/peaks?level={LEVEL}"), tracks)
        lengths = {len(answer.raise_for_status().content) for answer in answers}
    assert len(lengths) == 1
    return time.perf_counter() - begun, tracks


def timed(client: httpx.Client, address: str, frame: float | None = None) -> float:
    """Ask once; with a frame for five seconds from there on."""
    headers = {}
    if frame is not None:
        start = 72 + 8 * int(frame)
        headers = {"Range": f"bytes={start}-{start + 5 * RATE * 8 - 1}"}
    begun = time.perf_counter()
    client.get(address, headers=headers).raise_for_status()
    return time.perf_counter() - begun


def lay(folder: Path, frames: int, names: Sequence[str]) -> None:
    """Leave a finished job as the core does: noise of different levels, and the sum of it as the region."""
    (folder / "stems").mkdir(parents=True)
    rng = np.random.default_rng(1)
    noise = [
        (0.02 * (place + 1) * rng.standard_normal((RATE, 2))).astype(np.float32)
        for place in range(len(names))
    ]
    rows = []
    for name, second in zip(names, noise, strict=True):
        path = folder / "stems" / f"Long - {name}.wav"
        write(path, second, frames)
        facts = path.stat()
        rows.append({
            "id": name, "label": name.title(), "colour": "#2e86ab", "role": "additive", "kind": "stem",
            "file": str(path), "delivered": None, "frames": frames, "rate": RATE, "channels": 2,
            "peak_db": -6.0, "rms_db": -20.0, "offset": None,
            "stamp": {"bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns},
        })  # fmt: skip
    write(folder / "region.wav", np.asarray(np.sum(noise, axis=0), np.float32), frames)
    region = {"source": "Long.wav", "first_frame": 0, "frames": frames, "rate": RATE, "channels": 2}
    result = {
        "protocol": 1, "kind": "separate", "job": folder.name, "engine": "offline", "model": "spleeter",
        "automatic": False, "region": region, "stems": rows, "summed": list(names), "residual_db": -140.0,
        "gain_db": 0.0, "report": None, "picture": None, "delivered_to": None, "labels": [], "sentences": [],
        "reused_from": None, "host_context": None,
    }  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    request = {"protocol": 1, "kind": "separate", "host": "bench", "name": "Long"}
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")


def write(path: Path, second: NDArray[np.float32], frames: int) -> None:
    """Write a second again and again."""
    with sf.SoundFile(path, "w", RATE, 2, subtype="FLOAT", format="WAV") as file:
        for start in range(0, frames, RATE):
            file.write(second[: min(RATE, frames - start)])


@contextmanager
def panel(home: Path) -> Iterator[tuple[str, int]]:
    """Start the panel; give its link and the number of its process."""
    command = [sys.executable, "-m", "stembridge", "panel", "--no-browser"]
    environ = {**os.environ, "STEMBRIDGE_HOME": str(home)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            match = re.search(r"http://\S+", process.stdout.readline())
            assert match is not None
            yield match[0], process.pid
        finally:
            process.terminate()


def memory(process: int) -> float:
    """Give the megabytes that a process holds; 0 where the system doesn't say."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    match = re.search(r"VmRSS:\s+(\d+)", text)
    return int(match[1]) / 1024 if match else 0.0


if __name__ == "__main__":
    sys.exit(main())
