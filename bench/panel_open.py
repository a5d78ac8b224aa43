"""How fast the panel opens a long job, and how smoothly it scrolls, in the real Chromium.

    python bench/panel_open.py [--minutes 10] [--home FOLDER] [--tries 3]

The job has six stems (from the stand-in service). Opened cold means that nothing of the sound was computed
before; warm, that it was. A job counts as open once every track's waveform is drawn. Scrolling: the time
between the frames that the browser shows while the time axis, zoomed in, is wheeled through.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mvsep_clients import server
from tests.browser.chromium import Browser, Tab, chromium, until
from tests.browser.panel import Panel

RATE = 44_100
LIMIT = 2.0
DRAWN = """
const tracks = [...document.querySelectorAll('[data-testid^="track-"]')].filter((one) =>
  one.querySelector('canvas'));
if (tracks.length < 7) return false;
const scratch = document.createElement('canvas');
[scratch.width, scratch.height] = [64, 16];
const pen = scratch.getContext('2d', {willReadFrequently: true});
return tracks.every((track) => {
  pen.clearRect(0, 0, 64, 16);
  pen.drawImage(track.querySelector('canvas'), 0, 0, 64, 16);
  const colours = new Set(new Uint32Array(pen.getImageData(0, 0, 64, 16).data.buffer));
  // Of a silent residual there is but a line; the lane says so.
  return colours.size > 3 || track.textContent.includes('Nothing that can be heard');
});
"""
WATCH = """
window.frameTimes = [];
window.watching = true;
let before = performance.now();
const look = (now) => {
  window.frameTimes.push(now - before);
  before = now;
  if (window.watching) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; fail when a job takes longer to open than the limit."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--minutes", type=int, default=10)
    options.add_argument("--home", type=Path, help="keep the data folder there, and take the job from it")
    options.add_argument("--tries", type=int, default=3)
    chosen = options.parse_args(arguments)
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        home = chosen.home or Path(made) / "home"
        job = _job(home, chosen.minutes, Path(made))
        cold, warm = [], []
        for _ in range(chosen.tries):
            shutil.rmtree(home / "panel", ignore_errors=True)
            with Panel(home) as panel, chromium(Path(tempfile.mkdtemp(dir=made))) as browser:
                cold.append(_open(browser, panel, job)[0])
                seconds, tab = _open(browser, panel, job)
                warm.append(seconds)
        print(f"  a job of {chosen.minutes} min, 6 stems; load {os.getloadavg()[0]:.1f}")
        print(f"  opened cold: {_words(cold)} s; warm: {_words(warm)} s")
        with Panel(home) as panel, chromium(Path(made) / "scrolling") as browser:
            _, tab = _open(browser, panel, job)
            frames = _scroll(tab)
    late = sum(frame > 50 for frame in frames)
    print(f"  scrolling: {len(frames)} frames, median {statistics.median(frames):.1f} ms, {_tail(frames)}")
    met = statistics.median(warm) < LIMIT and statistics.median(cold) < LIMIT and late <= len(frames) / 50
    print(
        f"  => limits: open in {LIMIT:g} s, at most 1 frame in 50 over 50 ms: {'met' if met else 'NOT MET'}"
    )
    return int(not met)


def _words(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} (of {', '.join(f'{one:.2f}' for one in seconds)})"


def _tail(frames: Sequence[float]) -> str:
    return f"99 % within {np.percentile(frames, 99):.1f} ms, longest {max(frames):.1f} ms"


def _job(home: Path, minutes: int, scratch: Path) -> str:
    """Find the data folder's job, or have one made; gives its id."""
    done = sorted(path.parent.name for path in home.glob("jobs/*/result.json"))
    if done:
        return done[-1]
    song = scratch / "song.wav"
    rng = np.random.default_rng(7)
    with sf.SoundFile(song, "w", RATE, 2, "PCM_16") as file:
        for second in range(60 * minutes):
            axis = (second * RATE + np.arange(RATE)) / RATE
            swell = 0.15 * (1.1 + np.sin(second / 9))
            chord = sum(np.sin(2 * np.pi * f * axis) for f in (110.0, 164.8, 220.0 + second % 7 * 10))
            file.write(swell * (np.stack([chord, chord], axis=1) + 0.5 * rng.standard_normal((RATE, 2))))
    with server(scratch / "service", service_seconds=0.1) as service:
        subprocess.run(
            [sys.executable, "-m", "stembridge", "-q", "separate", str(song), "--preset", "6stems", "--yes"],
            check=True,
            env={
                **os.environ,
                "STEMBRIDGE_HOME": str(home),
                "STEMBRIDGE_MVSEP_URL": service.url,
                "STEMBRIDGE_API_TOKEN": service.key,
            },
        )
    return _job(home, minutes, scratch)


def _open(browser: Browser, panel: Panel, job: str) -> tuple[float, Tab]:
    """Open the job in a new tab; gives the seconds until all of it is drawn."""
    tab = browser.tab()
    started = time.perf_counter()
    tab.go(f"{panel.link}#listen/{job}")
    until(lambda: tab.script(DRAWN), 120)
    return time.perf_counter() - started, tab


def _scroll(tab: Tab) -> list[float]:
    """Zoom in and wheel along the axis; gives the milliseconds between shown frames."""
    box: dict[str, float] = tab.script(
        "const box = document.querySelector('[data-testid=track-original] canvas').getBoundingClientRect();"
        "return {x: box.x + box.width / 2, y: box.y + box.height / 2};"
    )
    where: dict[str, Any] = {"type": "mouseWheel", **box}
    for _ in range(12):
        tab.cdp("Input.dispatchMouseEvent", **where, deltaX=0, deltaY=-120, modifiers=2)
    tab.script(WATCH)
    for step in range(240):
        tab.cdp("Input.dispatchMouseEvent", **where, deltaX=60 if step < 120 else -60, deltaY=0)
    frames: list[float] = tab.script("window.watching = false; return window.frameTimes")
    return frames[1:]


if __name__ == "__main__":
    sys.exit(main())
