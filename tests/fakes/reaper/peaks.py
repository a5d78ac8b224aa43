"""Peaks of the stand-in host: a waveform stays blank until a script builds them as REAPER wants it.

`PCM_Source_BuildPeaks`: mode 0 says how much is left to build (0: nothing, the peaks are there), mode 1
builds a piece and says how many percent are left, mode 2 finishes.
"""

from __future__ import annotations

import numpy as np
import soundfile

from tests.fakes.reaper.sound import Samples
from tests.fakes.reaper.sources import Source

STEP = 25
"""Percent that one call of mode 1 builds."""

START, BUILD, FINISH = 0, 1, 2


def build(source: Source, mode: int) -> int:
    """Do what PCM_Source_BuildPeaks does; give what it returns."""
    root = source.root
    if mode == START:
        if drawn(source) or root.offline or not root.frames:
            return 0
        root.peaks, root.peaks_mode = 100, START
        return 100
    if mode == BUILD:
        if root.peaks_mode not in {START, BUILD}:
            raise ValueError("PCM_Source_BuildPeaks: mode 1 before mode 0")
        root.peaks, root.peaks_mode = max(root.peaks - STEP, 0), BUILD
        return root.peaks
    if mode == FINISH:
        if root.peaks or root.peaks_mode not in {START, BUILD}:
            raise ValueError("PCM_Source_BuildPeaks: mode 2 before mode 1 had built everything")
        root.peaks_mode = FINISH
        return 0
    raise ValueError(f"PCM_Source_BuildPeaks: there is no mode {mode}")


def drawn(source: Source) -> bool:
    """Tell whether the waveform shows."""
    return source.root.peaks == 0 and source.root.peaks_mode == FINISH


def peaks(source: Source, rate: float, start: float, channels: int, count: int) -> tuple[Samples, Samples]:
    """Give greatest and least samples, shapes (count, channels), of spans of ``1 / rate`` seconds."""
    high = np.zeros((count, channels))
    low = np.zeros((count, channels))
    root = source.root
    if not drawn(source) or root.path is None:
        return high, low
    with soundfile.SoundFile(str(root.path)) as file:
        for number in range(count):
            first, last = (round((start + (number + side) / rate) * file.samplerate) for side in (0, 1))
            if first >= file.frames or last <= first:
                continue
            file.seek(max(first, 0))
            block = file.read(last - first, dtype="float64", always_2d=True)[:, :channels]
            high[number, : block.shape[1]], low[number, : block.shape[1]] = block.max(0), block.min(0)
    return high, low
