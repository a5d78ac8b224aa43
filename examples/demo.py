"""The demo: mix the song's true stems, separate the mix offline, and measure how near the stems came.

The true stems are summed in float, so the mix peaks above full scale as a hot mix does; nothing is
clipped on the way. SDR is the signal-to-distortion ratio, 10 log10(sum s^2 / sum (s - e)^2).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "demo"


def main() -> int:
    """Run the demo; give the exit code."""
    true = {path.stem: sf.read(path, dtype="float32")[0] for path in sorted((HERE / "stems").glob("*.flac"))}
    rate = sf.info(HERE / "stems" / "vocals.flac").samplerate
    mix = sum_of(true, list(true))
    OUT.mkdir(exist_ok=True)
    song, folder = OUT / "song.wav", OUT / "song stems"
    sf.write(song, mix, rate, subtype="FLOAT")
    print(f"The song: {len(mix) / rate:.1f} s, the sum of {', '.join(true)}; "
          f"its peak is {20 * math.log10(np.abs(mix).max()):+.2f} dBFS.")  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "stembridge", "separate", str(song), "--engine", "offline",
         "--out", str(folder), "--overwrite"],
        check=False,
    )  # fmt: skip
    if ended.returncode:
        return ended.returncode
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    parts = {"vocals": ["vocals"], "instrumental": [name for name in true if name != "vocals"]}
    print("\nHow near the stems came to the true ones:")
    for stem in report["stems"]:
        estimate = sf.read(folder / stem["file"], dtype="float32")[0]
        print(f"  {stem['label']:<14} SDR {sdr(sum_of(true, parts[stem['id']]), estimate):5.1f} dB")
    print("\nMade:")
    for path in [*(folder / stem["file"] for stem in report["stems"]), folder / "report.json"]:
        print(f"  {path}")
    print(f"  {folder / 'report.png'}  <- look at this one")
    return 0


def sum_of(stems: dict[str, NDArray[np.float32]], names: list[str]) -> NDArray[np.float32]:
    """Sum stems in float."""
    total = np.zeros_like(stems[names[0]])
    for name in names:
        total += stems[name]
    return total


def sdr(true: NDArray[np.float32], estimate: NDArray[np.float32]) -> float:
    """Give the signal-to-distortion ratio in dB over all frames and channels."""
    reference = true.astype(np.float64)
    return float(10 * np.log10((reference**2).sum() / ((reference - estimate) ** 2).sum()))


if __name__ == "__main__":
    sys.exit(main())
