"""How near the embedded engine comes to true stems.

    python bench/offline_sdr.py                    the project's own song
    python bench/offline_sdr.py FOLDER ...         any folders with vocals.flac and the rest as FLAC or WAV

Every row is one separation of the sum through the whole engine. `residual` is the sum of the written stems
minus the mix, RMS over full scale.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.offline_common import SONG, decibels, default_data, load_stems, ready_engine, sdr, write_region

from stembridge.engines.base import Model
from stembridge.engines.offline import OfflineEngine


def orders(model: Model) -> list[dict[str, str]]:
    """Give every combination of a model's options, the defaults first."""
    rows: list[list[str]] = []
    for field in model.fields:
        others = [key for key, _ in field.options if key != field.default]
        rows.append([*([field.default] if field.default else []), *others])
    names = [field.name for field in model.fields]
    return [dict(zip(names, choice, strict=True)) for choice in itertools.product(*rows)]


def measure(engine: OfflineEngine, folder: Path, work: Path) -> None:
    """Print a table for one folder of true stems."""
    stems = load_stems(folder)
    voice = stems.pop("vocals")
    rest = np.asarray(np.sum(list(stems.values()), axis=0), np.float32)
    mix = voice + rest
    region = write_region(work / "region.wav", mix)
    print(f"\n{folder} ({len(mix) / 44100:.1f} s, {decibels(region.rms):.1f} dBFS RMS)")
    print(f"{'model':<10}{'options':<26}{'vocals':>9}{'instrumental':>15}{'residual':>12}{'time':>9}")
    for model in engine.models():
        for options in orders(model):
            started = time.perf_counter()
            recipe = engine.resolve(model.id, options)
            engine.separate(region, recipe, work, lambda _: None, lambda: False)
            took = time.perf_counter() - started
            found, _ = soundfile.read(work / "vocals.wav", dtype="float32", always_2d=True)
            left, _ = soundfile.read(work / "instrumental.wav", dtype="float32", always_2d=True)
            residual = decibels(float(np.sqrt(np.mean(np.square(found + left - mix, dtype=np.float64)))))
            words = " ".join(f"{key}={value}" for key, value in options.items())
            print(
                f"{model.id:<10}{words:<26}{sdr(voice, found):>6.2f} dB{sdr(rest, left):>12.2f} dB"
                f"{residual:>9.1f} dB{took:>7.2f} s",
                flush=True,
            )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[SONG])
    parser.add_argument("--data", type=Path, default=default_data(), help="data folder with the network")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    engine = ready_engine(given.data, given.threads)
    with tempfile.TemporaryDirectory() as work:
        for folder in given.folders:
            measure(engine, folder, Path(work))


if __name__ == "__main__":
    main()
