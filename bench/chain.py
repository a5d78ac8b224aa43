"""A chain at the service: how close it comes to its critical path, and what memory it takes.

    python bench/chain.py [--chain full-band] [--seconds 30] [--song 20] [--long 600]

The server is the stand-in service in a process of its own. The critical path of a chain is its levels:
steps of one level go side by side. The ideal is what one order takes alone, and the service's time once
more for every further level; the sum of all steps, one after the other, stands beside it. Memory is the
command's high-water mark, for the short song and for a long one: it must not grow with length.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mvsep_clients import Ours, Ran, run, server

from stembridge.model.chains import CHAINS

RATE = 44_100
LIMIT, GROWTH = 1.1, 1.25


@dataclass(frozen=True)
class Measured:
    """How a command went; ``most`` orders were under way at a time."""

    ran: Ran
    orders: int
    most: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; fail when a limit isn't met."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--chain", default="full-band", choices=list(CHAINS))
    options.add_argument("--seconds", type=float, default=30.0, help="the service's time for each order")
    options.add_argument("--song", type=int, default=20, help="seconds of audio")
    options.add_argument(
        "--long", type=int, default=600, help="seconds of audio for the memory; 0: leave out"
    )
    chosen = options.parse_args(arguments)
    chain = CHAINS[chosen.chain]
    levels = 1 + max(step.of.count("/") + bool(step.of) for step in chain.steps)
    first = ["--model", str(chain.steps[0].model), "--engine", "mvsep"]
    alone = measure(first, chosen.seconds, chosen.song)
    whole = measure(["--chain", chain.id], chosen.seconds, chosen.song)
    ideal = alone.ran.seconds + (levels - 1) * chosen.seconds
    row = alone.ran.seconds * len(chain.steps)
    ratio = whole.ran.seconds / ideal
    print(f"  {chain.id}: {whole.orders} orders on {levels} levels, {whole.most} at a time at most")
    print(f"  one order alone {alone.ran.seconds:.2f} s; all one after the other {row:.1f} s")
    print(f"  the chain {whole.ran.seconds:.2f} s; its critical path {ideal:.2f} s")
    met = ratio <= LIMIT and whole.orders == len(chain.steps)
    print(f"  => {ratio:.3f} of the critical path; limit {LIMIT:g}: {'met' if met else 'NOT MET'}")
    if chosen.long:
        long = measure(["--chain", chain.id], 0.5, chosen.long)
        grown = long.ran.peak / whole.ran.peak
        short, lasting = (f"{m.ran.peak:.0f} MB" for m in (whole, long))
        print(f"  memory: {short} with {chosen.song} s, {lasting} with {chosen.long} s")
        print(f"  => {grown:.2f} times; limit {GROWTH:g}: {'met' if grown <= GROWTH else 'NOT MET'}")
        met = met and grown <= GROWTH
    return int(not met)


def measure(order: Sequence[str], seconds: float, length: int) -> Measured:
    """Run one command on a song of so many seconds."""
    with (
        tempfile.TemporaryDirectory(prefix="stembridge-bench-", ignore_cleanup_errors=True) as name,
        server(Path(name) / "s", service_seconds=seconds) as service,
    ):
        folder = Path(name)
        client = Ours(service, folder / "ours")
        song = _song(folder / "song.wav", length)
        command = [sys.executable, "-m", "stembridge", "-q", "separate", str(song), *order, "--yes", "--json"]
        ran = run([*command, "--out", str(folder / "out")], client.environment, client.folder, 900.0)
        facts = service.facts()
        if ran.code:
            sys.exit(f"it failed ({ran.code}): {ran.words[-1500:]}")
        left = _left(song, json.loads(ran.words.splitlines()[-1])["result"]["stems"])
        load = os.getloadavg()[0]
        print(f"  {' '.join(order)}: {ran.seconds:.2f} s; the stems leave {left:.0f} dB; load {load:.1f}")
        jobs = facts["jobs"]
        most = max(sum(one["created"] <= job["created"] < one["ended"] for one in jobs) for job in jobs)
        return Measured(ran, facts["paid"], most)


def _left(song: Path, stems: list[dict[str, str]]) -> float:
    """Give what the first seconds of the stems leave of the song, in dBFS."""
    frames = 10 * RATE
    left = sf.read(song, frames=frames, always_2d=True)[0]
    for row in stems:
        if row["role"] in {"additive", "rest"}:
            left = left - sf.read(row["file"], frames=frames, always_2d=True)[0]
    return 20 * float(np.log10(max(float(np.sqrt(np.mean(left**2))), 1e-15)))


def _song(path: Path, seconds: int) -> Path:
    """Write chords and noise, in pieces."""
    rng = np.random.default_rng(5)
    with sf.SoundFile(path, "w", RATE, 2, subtype="FLOAT") as file:
        for second in range(seconds):
            axis = second + np.arange(RATE) / RATE
            chord = sum(np.sin(2 * np.pi * f * axis) for f in (110.0, 164.8, 220.0))
            block = 0.1 * np.stack([chord, chord], axis=1) + 0.05 * rng.standard_normal((RATE, 2))
            file.write(block.astype(np.float32))
    return path


if __name__ == "__main__":
    sys.exit(main())
