"""A batch at the service: how close 12 jobs on the account's 10 places come to the ideal.

    python bench/batch.py [--jobs 12] [--seconds 60] [--songs 20]

The server is the stand-in service in a process of its own; the account is premium (10 jobs at a time).
The ideal is what one job takes alone, and the service's time once more for every further round that the
places make necessary: 12 jobs on 10 places are two rounds. All jobs differ, so that none is answered
from another.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mvsep_clients import Ours, finish, server, start

RATE, TWO_STEMS, PLACES = 44_100, 40, 10
LIMIT = 1.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; fail when the limit isn't met."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--jobs", type=int, default=12)
    options.add_argument("--seconds", type=float, default=60.0, help="the service's time for each job")
    options.add_argument("--songs", type=int, default=20, help="seconds of audio in each")
    chosen = options.parse_args(arguments)
    alone, _ = measure(1, chosen.seconds, chosen.songs)
    makespan, busy = measure(chosen.jobs, chosen.seconds, chosen.songs)
    rounds = math.ceil(chosen.jobs / PLACES)
    ideal = alone + (rounds - 1) * chosen.seconds
    print(f"  one job alone {alone:.2f} s; {chosen.jobs} jobs {makespan:.2f} s; ideal {ideal:.2f} s")
    print(f"  most jobs at the service at a time: {busy} (places: {PLACES})")
    met = makespan / ideal <= LIMIT and busy == min(chosen.jobs, PLACES)
    print(f"  => {makespan / ideal:.3f} of the ideal; limit {LIMIT:g}: {'met' if met else 'NOT MET'}")
    return int(not met)


def measure(count: int, seconds: float, length: int) -> tuple[float, int]:
    """Run one command with so many songs; give its seconds, and the most orders under way at a time."""
    with (
        tempfile.TemporaryDirectory(prefix="stembridge-bench-", ignore_cleanup_errors=True) as name,
        server(Path(name) / "s", service_seconds=seconds) as service,
    ):
        folder = Path(name)
        client = Ours(service, folder / "ours", extra=["--json"])
        client.folder.mkdir()
        songs = [_song(folder / f"song{number}.wav", length, number) for number in range(count)]
        since = time.perf_counter()
        process = start(client.command(songs, TWO_STEMS, folder / "out"), client.environment, client.folder)
        ran = finish(process, since, 900.0)
        facts = service.facts()
        summary = json.loads(ran.words.splitlines()[-1])
        if ran.code or facts["paid"] != count:
            sys.exit(f"it failed ({ran.code}), {facts['paid']} orders were paid: {ran.words[-1500:]}")
        if count > 1 and (summary["done"], summary["credits"]) != (count, facts["paid"]):
            sys.exit(f"the summary is wrong: {summary}")
        late = statistics.median(job["noticed"] for job in facts["jobs"])
        load = os.getloadavg()[0]
        print(f"  {count:3d} jobs: {ran.seconds:.2f} s; `done` noticed after {late:.2f} s; load {load:.1f}")
        return ran.seconds, _most(facts["jobs"])


def _most(jobs: Sequence[dict[str, float]]) -> int:
    """Give how many orders were under way at the same time at most."""
    return max(sum(one["created"] <= job["created"] < one["ended"] for one in jobs) for job in jobs)


def _song(path: Path, seconds: int, seed: int) -> Path:
    """Write chords and noise; every seed gives another song."""
    rng = np.random.default_rng(seed)
    axis = np.arange(seconds * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * (f + seed) * axis) for f in (110.0, 164.8, 220.0))
    block = 0.1 * np.stack([chord, chord], axis=1) + 0.05 * rng.standard_normal((axis.size, 2))
    sf.write(path, block.astype(np.float32), RATE, subtype="FLOAT")
    return path


if __name__ == "__main__":
    sys.exit(main())
