"""Parts of a long region, joined again: how far that is from the whole.

    python bench/parts.py                          the project's own song, as long as an album side
    python bench/parts.py FOLDER ...               any folders with vocals.flac and the rest as FLAC or WAV

The mix is played over and over, and separated by the embedded engine as a whole and in parts. Two ways of
cutting are compared: as Stembridge does (overlap, quiet place, cross-fade), and even cuts without overlap,
butted together. Levels in dBFS: of the whole's stem within half a second of a joint, of the difference
between joined and whole there and more than eight seconds away from any joint (what another grid of windows
does by itself), and the largest step from one sample to the next in the joints that the whole doesn't have.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.offline_common import RATE, SONG, decibels, default_data, load_stems, ready_engine, write_region

from stembridge.audio.joining import join
from stembridge.audio.joints import Cutting, Piece, cut
from stembridge.audio.render import RegionFile
from stembridge.audio.spans import extract
from stembridge.engines.offline import OfflineEngine

Samples = NDArray[np.float32]
NEAR, FAR = RATE // 2, 8 * RATE
STEMS = ("vocals", "instrumental")
LIMIT = -120.0


def separated(engine: OfflineEngine, region: RegionFile, folder: Path) -> list[Path]:
    """Separate with the network; give the files."""
    folder.mkdir()
    engine.separate(region, engine.resolve("spleeter", {}), folder, lambda _: None, lambda: False)
    return [folder / f"{stem}.wav" for stem in STEMS]


def in_parts(engine: OfflineEngine, region: RegionFile, cutting: Cutting, work: Path) -> list[list[Path]]:
    """Separate every part by itself; give the files by stem."""
    work.mkdir()
    parts = []
    for number, part in enumerate(cutting.parts):
        path = work / f"part {number}.wav"
        extract(region.path, part, path)
        span = write_region(path, soundfile.read(path, dtype="float32", always_2d=True)[0])
        parts.append(separated(engine, span, work / str(number)))
    return [list(files) for files in zip(*parts, strict=True)]


def butted(mix: Samples, number: int) -> Cutting:
    """Cut evenly, without overlap; a fade of nothing."""
    edges = [round(place * len(mix) / number) for place in range(number + 1)]
    parts = tuple(Piece(left, right - left) for left, right in pairwise(edges))
    return Cutting(parts, tuple(Piece(edge, 0) for edge in edges[1:-1]))


def read(path: Path) -> Samples:
    """Read a stem."""
    samples: Samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return samples


def rms(samples: Samples) -> float:
    """Give the level in dBFS."""
    return decibels(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))


def table(way: str, whole: Sequence[Samples], found: Sequence[Samples], cutting: Cutting) -> None:
    """Print what a way of cutting did to each stem."""
    middles = [fade.first + fade.frames // 2 for fade in cutting.fades]
    away = np.ones(len(whole[0]), bool)
    for middle in middles:
        away[max(0, middle - FAR) : middle + FAR] = False
    for stem, one, other in zip(STEMS, whole, found, strict=True):
        near = [slice(middle - NEAR, middle + NEAR) for middle in middles]
        level = max(rms(one[span]) for span in near)
        apart = max(rms(other[span] - one[span]) for span in near)
        joints = [slice(fade.first - 1, fade.end + 1) for fade in cutting.fades]
        step = max(float(np.abs(np.diff(other[span] - one[span], axis=0)).max()) for span in joints)
        print(
            f"  {way:<9}{stem:<15}{level:>8.1f}{apart:>10.1f}{rms(other[away] - one[away]):>10.1f}"
            f"{decibels(step):>10.1f}",
            flush=True,
        )


def measure(engine: OfflineEngine, folder: Path, work: Path, seconds: int, longest: int) -> float:
    """Measure one folder of true stems; give the residual at the worst joint."""
    mix = np.sum(list(load_stems(folder).values()), axis=0, dtype=np.float32)
    mix = np.resize(mix, (seconds * RATE, mix.shape[1]))
    region = write_region(work / "region.wav", mix)
    whole = [read(path) for path in separated(engine, region, work / "whole")]
    cutting = cut(region, longest * RATE, cancelled=lambda: False)
    files = in_parts(engine, region, cutting, work / "parts")
    (work / "joined").mkdir()
    facts = join(
        region, cutting, dict(zip(STEMS, files, strict=True)), work / "joined",
        summed=frozenset(STEMS), progress=lambda _done, _total: None, cancelled=lambda: False,
    )  # fmt: skip
    print(f"\n{folder}, {seconds} s in {len(cutting.parts)} parts of at most {longest} s")
    print(f"  {'way':<9}{'stem':<15}{'level':>8}{'apart':>10}{'far off':>10}{'step':>10}")
    table("joined", whole, [read(work / "joined" / f"{stem}.wav") for stem in STEMS], cutting)
    even = butted(mix, len(cutting.parts))
    bare = in_parts(engine, region, even, work / "even")
    table("butted", whole, [np.concatenate([read(path) for path in files]) for files in bare], even)
    for fact in facts:
        loudest = max((db for db in fact.apart_db.values() if db is not None), default=float("-inf"))
        print(
            f"  joint at {fact.fade.first / RATE:7.2f} s: fade {fact.fade.frames / RATE:.2f} s, "
            f"region {fact.level_db:.1f} dBFS, parts {loudest:.1f} dBFS apart, "
            f"sum within {fact.residual_db:.1f} dBFS"
        )
    return max(fact.residual_db for fact in facts if fact.residual_db is not None)


def main() -> int:
    """Read the arguments and measure; fail when the stems don't sum to the region across a joint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[SONG])
    parser.add_argument("--data", type=Path, default=default_data(), help="data folder with the network")
    parser.add_argument("--seconds", type=int, default=150, help="length of the region")
    parser.add_argument("--longest", type=int, default=60, help="length of a part")
    given = parser.parse_args()
    engine = ready_engine(given.data, None)
    worst = -np.inf
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as work:
            worst = max(worst, measure(engine, folder, Path(work), given.seconds, given.longest))
    print(
        f"  => {worst:.1f} dBFS across the joints; limit {LIMIT:g}: {'met' if worst <= LIMIT else 'NOT MET'}"
    )
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
