"""Decisions of the aligner on real music: how many are right, and is any of them wrong?

    python bench/alignment.py [FOLDER WITH STEMS] [--quick]

The folder holds stems of one song (WAV or FLAC, one rate, one length, named after the stems); their sum
is the region. Without a folder, `examples/stems` is taken. Every case cuts a region, makes its stems
late or early, harms them as engines and codecs do, and asks the aligner. A decision is

* right: moved by exactly what it was late;
* held: nothing moved, and said to be unverified, or refused;
* near: said to be in place though it is 1 or 2 frames off (possible only for stems without clear peaks);
* WRONG: moved elsewhere, or said to be in place though it is further off. There must be none.

Unrelated pairs (the stems from another place of the song and played backwards, because music made of
loops matches itself elsewhere, to the sample) must never be moved.
Then real encoders, where they are installed, and the time and memory for ten minutes with six stems.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from stembridge.audio.align import decide
from stembridge.audio.delays import CODEC_DELAYS
from stembridge.audio.lags import Grid, Reader, energetic, measure_curve
from stembridge.audio.tracks import HopEnergy
from stembridge.model.errors import TransferError

Audio = NDArray[np.float32]
LATE = (0, *CODEC_DELAYS, 1, 2, -1, 7, -64, 333, 1000, -777, 3001)
SECONDS = (30.0, 12.0, 5.0, 2.5, 1.2, 0.6, 0.3, 0.15)


def main() -> int:
    """Run all of it; 1 when a decision was wrong."""
    parser = argparse.ArgumentParser()
    default = Path(__file__).parent.parent / "examples" / "stems"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--quick", action="store_true", help="every fifth case, no ten minutes")
    options = parser.parse_args()
    stems, rate = _load(options.folder)
    print(
        f"{options.folder}: {', '.join(stems)}; {len(next(iter(stems.values()))) / rate:.1f} s at {rate} Hz"
    )
    step = 5 if options.quick else 1
    wrong = _shifts(stems, rate, step) + _unrelated(stems, rate, step) + _encoders(stems, rate)
    if not options.quick:
        _ten_minutes(stems, rate)
    print("no decision was wrong" if wrong == 0 else f"{wrong} decisions were WRONG")
    return int(wrong > 0)


def _load(folder: Path) -> tuple[dict[str, Audio], int]:
    paths = sorted(p for p in folder.glob("*") if p.suffix in {".flac", ".wav"})
    if not paths:
        sys.exit(f"no stems in {folder}")
    found = [soundfile.read(path, dtype="float32", always_2d=True) for path in paths]
    length = min(len(audio) for audio, _ in found)
    return {path.stem: audio[:length] for path, (audio, _) in zip(paths, found, strict=True)}, found[0][1]


def _ask(region: Audio, stems: Mapping[str, Audio], rate: int) -> tuple[int, bool] | None:
    """Give (shift, all verified), or None for a refusal."""
    grid = Grid.of(len(region))
    curves = []
    for name, audio in stems.items():
        energy = HopEnergy(grid.hop)
        energy.add(audio[: len(region)])
        positions = energetic(energy.finish(), grid, len(region))
        curves.append((name, measure_curve(_reader(region), _reader(audio), positions, grid, rate)))
    try:
        placed = decide(curves, rate=rate, own_rate=rate, frames=len(region))
    except TransferError:
        return None
    return placed[0].shift, any(p.offset.verified for p in placed)


def _reader(audio: Audio) -> Reader:
    def read(first: int, frames: int) -> Audio:
        out = np.zeros((frames, audio.shape[1]), np.float32)
        piece = audio[first : first + frames]
        out[: len(piece)] = piece
        return out

    return read


def _judge(found: tuple[int, bool] | None, late: int) -> str:
    if found is None:
        return "held (refused)"
    shift, verified = found
    if shift == late and verified:
        return "right"
    if shift == 0 and not verified:
        return "held (unverified)"
    if shift == 0 and abs(late) <= 2:
        return "near"
    return "WRONG"


def _harms(rate: int) -> dict[str, Callable[[Audio, Audio], Audio]]:
    """What an engine may do to a stem; each takes the stem and the region."""
    noise = np.random.default_rng(1)

    def band(low: float, high: float) -> Callable[[Audio, Audio], Audio]:
        def cut(stem: Audio, _: Audio) -> Audio:
            spectrum = np.fft.rfft(stem, axis=0)
            at = np.fft.rfftfreq(len(stem), 1 / rate)
            spectrum[(at < low) | (at > high)] = 0
            return np.fft.irfft(spectrum, len(stem), axis=0).astype(np.float32)

        return cut

    return {
        "clean": lambda stem, _: stem,
        "bleeding": lambda stem, region: stem + np.float32(0.15) * region,
        "noisy": lambda stem, _: stem + noise.normal(0, 0.01, stem.shape).astype(np.float32),
        "below 4 kHz": band(0, 4000),
        "below 500 Hz": band(0, 500),
        "upside down": lambda stem, _: -stem,
    }


def _regions(length: int, rate: int) -> Iterator[tuple[int, int]]:
    for seconds in SECONDS:
        frames = min(round(seconds * rate), length)
        for place in (0.0, 0.31, 0.63, 0.9):
            first = round(place * (length - frames))
            yield first, frames
            if frames == length:
                break


def _choices(stems: Mapping[str, Audio]) -> list[tuple[str, ...]]:
    return [tuple(stems), *((name,) for name in stems)]


def _delayed(audio: Audio, late: int) -> Audio:
    out = np.zeros_like(audio)
    if late >= 0:
        out[late:] = audio[: max(0, len(audio) - late)]
    else:
        out[:late] = audio[-late:]
    return out


def _shifts(stems: Mapping[str, Audio], rate: int, step: int) -> int:
    total: Counter[str] = Counter()
    length = len(next(iter(stems.values())))
    whole: dict[int, Counter[str]] = defaultdict(Counter)
    started, number = time.perf_counter(), 0
    for harm, change in _harms(rate).items():
        outcomes: Counter[str] = Counter()
        for first, frames in _regions(length, rate):
            cut = {name: audio[first : first + frames] for name, audio in stems.items()}
            region = np.sum(list(cut.values()), axis=0)
            harmed = {name: change(audio, region) for name, audio in cut.items()}
            for late in LATE:
                if abs(late) >= frames:
                    continue
                for choice in _choices(stems):
                    number += 1
                    if number % step:
                        continue
                    given = {name: _delayed(harmed[name], late) for name in choice}
                    verdict = _judge(_ask(region, given, rate), late)
                    outcomes[verdict] += 1
                    if len(choice) > 1:
                        whole[frames][verdict.split()[0]] += 1
                    if verdict == "WRONG":
                        print("  ", harm, first, frames, late, choice, _ask(region, given, rate))
        print(f"{harm:>14}: {_told(outcomes)}")
        total += outcomes
    took = time.perf_counter() - started
    print(f"        shifted: {_told(total)}  ({total.total()} decisions, {took:.0f} s)")
    for frames, outcomes in whole.items():
        print(f"  all stems, {frames / rate:5.2f} s: {_told(outcomes)}")
    return total["WRONG"]


def _unrelated(stems: Mapping[str, Audio], rate: int, step: int) -> int:
    outcomes: Counter[str] = Counter()
    length, number = len(next(iter(stems.values()))), 0
    for seconds in (10.0, 5.0, 2.5, 1.2, 0.6, 0.3, 0.15):
        frames = min(round(seconds * rate), length // 3)
        for ours in np.linspace(0, length - frames, 7).astype(int).tolist():
            for theirs in np.linspace(0, length - frames, 11).astype(int).tolist():
                if abs(ours - theirs) < frames + 8192:
                    continue
                for choice in _choices(stems):
                    number += 1
                    if number % step:
                        continue
                    region = np.sum([audio[ours : ours + frames] for audio in stems.values()], axis=0)
                    given = {name: stems[name][theirs : theirs + frames][::-1] for name in choice}
                    found = _ask(region, given, rate)
                    moved = found is not None and (found[0] != 0 or found[1])
                    outcomes["WRONG" if moved else "held"] += 1
                    if moved:
                        print("  ", frames, ours, theirs, choice, found)
    print(f"      unrelated: {_told(outcomes)}")
    return outcomes["WRONG"]


_ENCODERS = {
    "lame, its tag": (["lame", "--quiet", "-b", "192", "{in}", "{out}"], "mp3", 0),
    "lame, no tag": (["lame", "--quiet", "-t", "-b", "192", "{in}", "{out}"], "mp3", 1105),
    "ffmpeg mp3": (["ffmpeg", "-v", "error", "-y", "-i", "{in}", "-b:a", "192k", "{out}"], "mp3", 0),
}


def _encoders(stems: Mapping[str, Audio], rate: int) -> int:
    wrong = 0
    region = np.sum(list(stems.values()), axis=0)
    for name, (command, suffix, late) in _ENCODERS.items():
        if shutil.which(command[0]) is None:
            print(f"{name:>15}: {command[0]} isn't installed")
            continue
        decoded = {}
        with tempfile.TemporaryDirectory() as folder:
            for stem, audio in stems.items():
                source, coded = Path(folder, f"{stem}.wav"), Path(folder, f"{stem}.{suffix}")
                soundfile.write(source, audio, rate, subtype="PCM_16")
                places = {"{in}": str(source), "{out}": str(coded)}
                subprocess.run([places.get(word, word) for word in command], check=True)
                decoded[stem] = soundfile.read(coded, dtype="float32", always_2d=True)[0]
        outcomes = Counter(
            _judge(_ask(region, {stem: decoded[stem] for stem in choice}, rate), late)
            for choice in _choices(stems)
        )
        print(f"{name:>15}: {_told(outcomes)}")
        wrong += outcomes["WRONG"]
    return wrong


_FINISH = """
import sys, time
from pathlib import Path
from stembridge.audio.finish import finish
from stembridge.audio.render import RegionFile
from stembridge.model.formats import FORMATS
from stembridge.model.results import EngineFile, Separation
folder, frames, rate = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
files = sorted(p.name for p in (folder / "answer").iterdir())
region = RegionFile(folder / "region.wav", frames, rate, 2, 1.0, 0.1, "")
answer = Separation(tuple(EngineFile(name, name.split(".")[0], name) for name in files))
started = time.perf_counter()
facts = finish(region, folder / "answer", answer, wanted=[f.stem for f in answer.files], rest=False,
               residual=False, fmt=FORMATS["wav32f"], names=lambda stem: f"{stem}.wav", folder=folder / "out",
               progress=lambda done, total: None, cancelled=lambda: False)
took = time.perf_counter() - started
try:
    peak = next(int(l.split()[1]) // 1024 for l in open("/proc/self/status") if l.startswith("VmHWM"))
except OSError:
    peak = 0
print(f"{took:.1f} s, {peak} MB at most; residual {facts.residual_db} dBFS, "
      f"all verified: {all(s.offset.verified for s in facts.stems)}")
"""


def _ten_minutes(stems: Mapping[str, Audio], rate: int) -> None:
    """Finish six stems of ten minutes, from FLAC and from float WAV, in a process of their own."""
    frames = 600 * rate
    sources = list(stems.items())
    for suffix, subtype in (("flac", "PCM_24"), ("wav", "FLOAT")):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
            folder = Path(name)
            (folder / "answer").mkdir()
            total = np.zeros((frames, 2), np.float32)
            for index in range(6):
                stem, audio = sources[index % len(sources)]
                long = np.resize(audio, (frames, 2)) * np.float32(0.6 ** (index // len(sources)) / 2)
                path = folder / "answer" / f"{stem}{index}.{suffix}"
                soundfile.write(path, long, rate, subtype=subtype)
                total += soundfile.read(path, dtype="float32")[0]
            soundfile.write(folder / "region.wav", total, rate, subtype="FLOAT")
            del total, long
            command = [sys.executable, "-c", _FINISH, str(folder), str(frames), str(rate)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(f"10 min, 6 stems from {suffix}: {told}")


def _told(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(outcomes.items()))


if __name__ == "__main__":
    sys.exit(main())
