"""What the benches of the embedded engine share."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import platformdirs
import soundfile
from numpy.typing import NDArray

from stembridge.audio.render import RegionFile
from stembridge.engines.offline import OfflineEngine

RATE = 44100
SONG = Path(__file__).resolve().parent.parent / "examples" / "stems"


def default_data() -> Path:
    """Give Stembridge's own data folder, where the network may be installed already."""
    return platformdirs.user_data_path("stembridge", appauthor=False)


def ready_engine(data: Path, threads: int | None) -> OfflineEngine:
    """Give the engine, its network fetched when it isn't there yet."""
    engine = OfflineEngine(data, threads=threads)
    if not engine.readiness()[0].ready:
        print(f"installing the network into {data} ...", flush=True)
        engine.install("spleeter", None, lambda _: None, lambda: False)
    return engine


def load_stems(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read true stems: every audio file of a folder, by its name; all must have one shape."""
    stems: dict[str, NDArray[np.float32]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in {".flac", ".wav"}:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            if rate != RATE:
                raise SystemExit(f"{path} has {rate} Hz; these benches want {RATE}.")
            stems[path.stem.rsplit(" - ", 1)[-1]] = samples
    if "vocals" not in stems:
        raise SystemExit(f"There are no true stems with a 'vocals' among them in {folder}.")
    return stems


def write_region(path: Path, samples: NDArray[np.float32], rate: int = RATE) -> RegionFile:
    """Write samples (frames, channels) as a rendered region."""
    soundfile.write(path, samples, rate, subtype="FLOAT")
    frames, channels = samples.shape
    return RegionFile(
        path=path,
        frames=frames,
        rate=rate,
        channels=channels,
        peak=float(np.max(np.abs(samples))),
        rms=float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))),
        sha256=hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest(),
    )


def sdr(true: NDArray[np.float32], estimate: NDArray[np.float32]) -> float:
    """Signal-to-distortion ratio in dB: 10 log10(sum s^2 / sum (s - e)^2)."""
    signal = float(np.sum(np.square(true, dtype=np.float64)))
    distortion = float(np.sum(np.square(true - estimate, dtype=np.float64)))
    return 10.0 * float(np.log10(max(signal, 1e-30) / max(distortion, 1e-30)))


def decibels(value: float) -> float:
    """Give an amplitude in dB."""
    return 20.0 * float(np.log10(max(value, 1e-20)))
