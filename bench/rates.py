"""What is left when the stems are taken from the region, at every sample rate.

    python bench/rates.py [--model spleeter]

Each row is one run of `stembridge separate` on four seconds of noise and chords; the figure is the report's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
LIMIT_DB = -120.0


def main() -> int:
    """Measure and print; fail when a row is above the limit."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="spleeter")
    model = options.parse_args().model
    worst = -400.0
    for rate, channels in [(rate, 2) for rate in RATES] + [(44100, 1), (48000, 6)]:
        with tempfile.TemporaryDirectory() as folder:
            song = Path(folder) / "song.wav"
            axis = np.arange(4 * rate) / rate
            chord = sum(0.2 * np.sin(2 * np.pi * f * axis) for f in (110.0, 220.0, 330.0, 1500.0))
            noise = 0.2 * np.random.default_rng(rate).standard_normal((axis.size, channels))
            sf.write(song, (noise + np.asarray(chord)[:, None]).astype(np.float32), rate, subtype="FLOAT")
            subprocess.run(
                [sys.executable, "-m", "stembridge", "-q", "separate", str(song), "--model", model],
                check=True,
            )
            report = json.loads((Path(folder) / "song stems" / "report.json").read_text(encoding="utf-8"))
        left = report["residual_db"]
        worst = max(worst, -400.0 if left is None else left)
        frames = {stem["frames"] for stem in report["stems"]}
        print(f"{rate:7d} Hz, {channels} ch: residual {left} dBFS, frames exact: {frames == {4 * rate}}")
    print(f"worst {worst:.1f} dBFS (limit {LIMIT_DB:.0f})")
    return int(worst > LIMIT_DB)


if __name__ == "__main__":
    sys.exit(main())
