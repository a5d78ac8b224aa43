"""Stand-ins for plug-ins: simple, the same every time, and told apart by ear and by meter.

The name decides: "gain" (four times the square of the first parameter: a half is 0 dB), "delay" (the first
parameter times 100 ms), "low-pass" (one pole, the first parameter times 0.9). Any other plug-in halves the
level, so that a test sees whether it was in the way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter

from tests.fakes.reaper.sound import Samples
from tests.fakes.reaper.things import Fx

UNKNOWN_GAIN = 0.5


class Rack:
    """A chain of effects with what they remember between two blocks."""

    def __init__(self, chain: Sequence[Fx], rate: int, channels: int) -> None:
        self._chain = [fx for fx in chain if fx.sounds]
        self._rate = rate
        self._memory = [self._empty(fx, channels) for fx in self._chain]

    def _empty(self, fx: Fx, channels: int) -> Samples:
        name = fx.name.lower()
        if "delay" in name:
            return np.zeros((round(fx.parameters[0] * 0.1 * self._rate), channels))
        return np.zeros((1, channels))

    def run(self, block: Samples) -> Samples:
        """Send a block, shape (frames, channels), through the chain; blocks follow each other."""
        for number, fx in enumerate(self._chain):
            name, first = fx.name.lower(), fx.parameters[0]
            if "gain" in name:
                block = block * (4 * first * first)
            elif "delay" in name:
                line = np.concatenate((self._memory[number], block))
                block, self._memory[number] = line[: len(block)], line[len(block) :]
            elif "low-pass" in name:
                pole = 0.9 * first
                block, self._memory[number] = lfilter(
                    [1 - pole], [1.0, -pole], block, axis=0, zi=self._memory[number]
                )
            else:
                block = block * UNKNOWN_GAIN
        return block
