"""The trip to the service and back, side by side with the PyPI package mvsep-cli, on one server.

    python bench/mvsep_trip.py CACHE [--parts trip,notice,memory,jobs,repeat,faults] [--runs 3]

CACHE keeps mvsep-cli's own environment. The server is the stand-in service in a process of its own; each
measurement starts it anew. What either client does with the answer is part of its time: ours verifies,
aligns, null-tests and draws, mvsep-cli saves the files. All parts together take about a quarter of an
hour and 5 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mvsep_clients import Ours, Ran, Server, Theirs, finish, interpreter, server, start
from bench.mvsep_faults import faults

RATE = 44_100
SIX_STEMS, TWO_STEMS = 63, 40
USUAL_SERVICE = 60.0
"""Seconds; a service seldom takes less. Below, ten stems sets to align on a few cores are the longer part."""
OFFSETS = (0.0, 1.7, 3.3)
"""Seconds on top of the service's 30: a multiple of a client's pause between polls would flatter it."""


@dataclass(frozen=True)
class Bench:
    """What all parts share."""

    python: Path
    runs: int
    line: float

    def song(self, path: Path, seconds: int, subtype: str = "FLOAT") -> Path:
        """Write chords and noise."""
        rng = np.random.default_rng(3)
        with sf.SoundFile(path, "w", RATE, 2, subtype) as file:
            for second in range(seconds):
                axis = (second * RATE + np.arange(RATE)) / RATE
                chord = sum(np.sin(2 * np.pi * f * axis) for f in (110.0, 164.8, 220.0 + second % 7 * 10))
                block = 0.1 * np.stack([chord, chord], axis=1) + 0.05 * rng.standard_normal((RATE, 2))
                # On the steps of 16 bits: the neutral upload of 24 bits holds it to the last bit.
                file.write((np.rint(block * 32768) / 32768).astype(np.float32))
        return path

    def clients(self, service: Server, folder: Path) -> tuple[Ours, Theirs]:
        return Ours(service, folder / "ours"), Theirs(service, folder / "theirs", self.python)


def trip(bench: Bench) -> bool:
    """Measure the whole trip of 4 minutes, 6 stems in WAV 32; the service's own time is taken off.

    The limit is for a line such as people have. On loopback, where 600 MB cost nothing, what is left is
    the work that only one of the two does: verifying, aligning, null test and picture.
    """
    met = True
    for line in (0.0, bench.line):
        where = f"{line / 1e6:.0f} MB/s a connection" if line else "loopback, no limit"
        print(f"\nTrip of 4 minutes, {where} (30 s and more of the service's own time taken off)")
        taken: dict[str, list[float]] = {"stembridge": [], "mvsep-cli": []}
        noticed: dict[str, list[float]] = {"stembridge": [], "mvsep-cli": []}
        equal: list[bool] = []
        for run in range(bench.runs):
            seconds = 30.0 + OFFSETS[run % len(OFFSETS)]
            for which in (0, 1):
                with (
                    _folder() as name,
                    server(Path(name) / "s", service_seconds=seconds, line=line) as service,
                ):
                    folder = Path(name)
                    song = bench.song(folder / "song.wav", 240)
                    client = bench.clients(service, folder)[which]
                    client.folder.mkdir()
                    ran = _must(client.run(song, SIX_STEMS, folder / "out"))
                    job = service.facts()["jobs"][-1]
                    taken[client.name].append(ran.seconds - seconds)
                    noticed[client.name].append(job["noticed"])
                    if which == 0:
                        equal.append(_equal(folder / "out", client.stems(folder / "out"), job["files"]))
                    print(
                        f"  {client.name:10s} service {seconds:4.1f} s: {ran.seconds - seconds:6.2f} s more, "
                        f"of them {job['noticed']:.2f} s until `done` was noticed; "
                        f"{job['upload'] / 1e6:.0f} MB sent, peak {ran.peak:.0f} MB, {_load()}",
                        flush=True,
                    )
        ours, theirs = (statistics.median(taken[name]) for name in ("stembridge", "mvsep-cli"))
        if line:
            met &= verdict(f"whole trip, {where}", ours / theirs, 0.5, "of mvsep-cli's (medians)")
        else:
            print(f"  whole trip, {where}: {ours:.2f} s, mvsep-cli {theirs:.2f} s (medians)")
        work = [t - n for t, n in zip(taken["stembridge"], noticed["stembridge"], strict=True)]
        other = [t - n for t, n in zip(taken["mvsep-cli"], noticed["mvsep-cli"], strict=True)]
        print(
            f"  without the wait for `done`: {statistics.median(work):.2f} s, "
            f"mvsep-cli {statistics.median(other):.2f} s"
        )
        met &= verdict("stems unlike the server's", equal.count(False), 0, "(to the last bit)")
    return met


def _equal(out: Path, stems: dict[str, Path], files: dict[str, str]) -> bool:
    """Hold our stems against the server's files, to the bit, the power of two undone."""
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    gain = np.float32(2.0 ** -report["gain_exponent"])
    theirs = {Path(name).stem: Path(path) for name, path in files.items()}
    theirs["instrumental"] = theirs.pop("instrum", theirs.get("instrumental", Path()))
    # The instrumental is the sum of others: it is fetched, and told apart, but isn't among the six.
    if stems.keys() | {"instrumental"} != theirs.keys() | {"instrumental"}:
        print(f"  stems: {sorted(stems)} are not {sorted(theirs)}")
        return False
    return all(_same(stems[stem], theirs[stem], gain) for stem in stems)


def _same(ours: Path, theirs: Path, gain: np.float32) -> bool:
    with sf.SoundFile(ours) as one, sf.SoundFile(theirs) as other:
        if (one.frames, one.samplerate, one.channels) != (other.frames, other.samplerate, other.channels):
            return False
        blocks = zip(
            one.blocks(1 << 18, dtype="float32"), other.blocks(1 << 18, dtype="float32"), strict=True
        )
        return all(np.array_equal(a, b * gain) for a, b in blocks)


def notice(bench: Bench) -> bool:
    """Measure the time from `done` to the request that sees it, for services of many lengths."""
    print("\nTime from `done` at the service to noticing it (one job at a time and account)")
    print(f"  {'service':>9s}  {'stembridge':>18s}  {'mvsep-cli':>18s}   seconds late (polls)")
    lengths = (4.0, 9.0, 17.0, 26.0, 33.0, 48.0, 71.0, 104.0)

    def one(seconds: float) -> tuple[float, list[tuple[float, int]]]:
        rows = []
        for which in (0, 1):
            with _folder() as name, server(Path(name) / "s", service_seconds=seconds) as service:
                folder = Path(name)
                client = bench.clients(service, folder)[which]
                client.folder.mkdir()
                _must(client.run(bench.song(folder / "song.wav", 3), TWO_STEMS, folder / "out"))
                job = service.facts()["jobs"][-1]
                rows.append((job["noticed"], job["polls"]))
        return seconds, rows

    with ThreadPoolExecutor(len(lengths)) as pool:
        rows = list(pool.map(one, lengths))
    for seconds, both in rows:
        print(f"  {seconds:7.0f} s  " + "  ".join(f"{late:10.2f} ({polls:4d})  " for late, polls in both))
    share = max(both[0][0] / max(20.0, seconds) for seconds, both in rows)
    means = [statistics.mean(both[which][0] for _, both in rows) for which in (0, 1)]
    print(f"  mean: {means[0]:.2f} s, mvsep-cli {means[1]:.2f} s")
    return verdict("latest notice, of the service's time (20 s at least)", share, 0.12, "")


def memory(bench: Bench) -> bool:
    """Measure the peak of memory for an upload of 1 GB, up to the service's answer to the order."""
    print("\nPeak memory for an upload of about 1 GB")
    with _folder() as name, server(Path(name) / "s", service_seconds=600) as service:
        folder = Path(name)
        song = folder / "noise.wav"
        rng = np.random.default_rng(5)
        with sf.SoundFile(song, "w", RATE, 2, "PCM_24") as file:
            for _ in range(990_000_000 // 6 // RATE):
                file.write(rng.integers(-(1 << 31), 1 << 31, (RATE, 2), dtype=np.int32) >> 1)
        ours, theirs = bench.clients(service, folder)
        for client in (ours, theirs):
            client.folder.mkdir()
        since = time.perf_counter()
        process = start(ours.command(song, TWO_STEMS, folder / "out"), ours.environment, ours.folder)
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(finish, process, since, 900.0)
            while not service.facts()["paid"] and not ended.done():
                time.sleep(0.5)
            time.sleep(3)
            process.kill()
            mine = ended.result()
        since = time.perf_counter()
        process = start(theirs.words("upload", str(song), "-t", "40", "-f", "4"), theirs.environment, folder)
        yours = _must(finish(process, since, 900.0))
        sent = [job["upload"] / 1e6 for job in service.facts()["jobs"]]
        if len(sent) != 2:
            sys.exit(f"an upload failed: {mine.words[-500:]}")
        print(f"  stembridge: {mine.peak:5.0f} MB for {sent[0]:.0f} MB sent, {mine.seconds:.0f} s, {_load()}")
        print(f"  mvsep-cli:  {yours.peak:5.0f} MB for {sent[1]:.0f} MB sent, {yours.seconds:.0f} s")
    return verdict("peak memory", mine.peak / yours.peak, 0.2, "of mvsep-cli's")


def jobs(bench: Bench) -> bool:
    """Measure 10 jobs on 10 slots, of one command and of ten; the ideal is one job alone."""
    met = True
    for seconds in (30.0, 120.0):
        print(f"\n10 jobs at once on 10 slots, {seconds:.0f} s of service each, 20 s of audio")
        alone = _jobs(bench, seconds, [1], "one job")
        together = _jobs(bench, seconds, [10], "ten in one command")
        apart = _jobs(bench, seconds, [1] * 10, "ten commands")
        if seconds >= USUAL_SERVICE:
            met &= verdict(
                f"makespan of ten in one command, {seconds:.0f} s", together / alone, 1.1, "of one's"
            )
        else:
            print(f"  ten in one command, a short service: {together / alone:.3g} of one's")
        print(f"  ten commands, an interpreter each: {apart / alone:.3g} of one's")
    return met


def _jobs(bench: Bench, seconds: float, commands: Sequence[int], words: str) -> float:
    """Run commands with so many songs each, all at the same time; give the makespan in seconds."""
    with _folder() as name, server(Path(name) / "s", service_seconds=seconds) as service:
        folder = Path(name)
        client = Ours(service, folder / "ours")
        client.folder.mkdir()
        songs = [
            [bench.song(folder / f"song{n}-{m}.wav", 20) for m in range(k)] for n, k in enumerate(commands)
        ]
        since = time.perf_counter()
        started = [
            start(client.command(one, TWO_STEMS, folder / f"out{n}"), client.environment, client.folder)
            for n, one in enumerate(songs)
        ]
        with ThreadPoolExecutor(len(started)) as pool:
            ran = list(pool.map(lambda process: _must(finish(process, since, 600.0)), started))
        facts = service.facts()
        late = [job["noticed"] for job in facts["jobs"]]
        longest = max(one.seconds for one in ran)
        print(
            f"  {words:18s}: {longest:6.2f} s; `done` noticed after {statistics.median(late):.2f} s "
            f"(at most {max(late):.2f}), {facts['requests']} requests, paid {facts['paid']}, {_load()}",
            flush=True,
        )
    if facts["paid"] != sum(commands):
        sys.exit(f"{facts['paid']} orders were paid")
    return longest


def repeat(bench: Bench) -> bool:
    """Separate the same region twice, and count what the server sees of the second time."""
    print("\nThe same region again")
    counts = {}
    for which in (0, 1):
        with _folder() as name, server(Path(name) / "s") as service:
            folder = Path(name)
            client = bench.clients(service, folder)[which]
            client.folder.mkdir()
            song = bench.song(folder / "song.wav", 20)
            first = _must(client.run(song, TWO_STEMS, folder / "out"))
            before = service.facts()["requests"]
            again = _must(client.run(song, TWO_STEMS, folder / "again"))
            facts = service.facts()
            counts[client.name] = facts["requests"] - before
            print(
                f"  {client.name:10s} first {first.seconds:.2f} s, again {again.seconds:.2f} s with "
                f"{counts[client.name]} requests; orders paid in all: {facts['paid']}"
            )
    return verdict("requests of a repeat", counts["stembridge"], 0, "")


def survive(bench: Bench) -> bool:
    """Meet the service's faults."""
    return verdict("faults at which money or stems were lost", faults(bench.python), 0, "")


def verdict(what: str, got: float, limit: float, unit: str) -> bool:
    """Print a figure beside its limit."""
    met = got <= limit
    print(f"  => {what}: {got:.3g} {unit}; limit {limit:g}: {'met' if met else 'NOT MET'}", flush=True)
    return met


def _must(ran: Ran) -> Ran:
    if ran.code:
        sys.exit(f"a client failed ({ran.code}): {ran.words[-1500:]}")
    return ran


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def _folder() -> Any:
    return tempfile.TemporaryDirectory(prefix="stembridge-bench-", ignore_cleanup_errors=True)


PARTS: dict[str, Callable[[Bench], bool]] = {
    "trip": trip,
    "notice": notice,
    "memory": memory,
    "jobs": jobs,
    "repeat": repeat,
    "faults": survive,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; fail when a limit isn't met."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("cache", type=Path, help="keeps mvsep-cli's environment")
    options.add_argument("--parts", default=",".join(PARTS))
    options.add_argument("--runs", type=int, default=3, help="of the trip, per client and line")
    options.add_argument("--line", type=float, default=25e6, help="bytes a second of the slow connections")
    chosen = options.parse_args(arguments)
    bench = Bench(interpreter(chosen.cache.resolve()), chosen.runs, chosen.line)
    print(f"{os.cpu_count()} cores, {_load()}")
    met = [PARTS[part](bench) for part in chosen.parts.split(",")]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
