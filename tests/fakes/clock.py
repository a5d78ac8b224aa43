"""A clock that never waits."""

from __future__ import annotations

from collections.abc import Callable


class FakeClock:
    """Time moves only by sleeping; ``on_sleep`` may let things happen meanwhile."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.now = start
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep()
