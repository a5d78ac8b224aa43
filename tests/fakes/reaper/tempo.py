"""The tempo map: project time to beats and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(slots=True)
class TempoMarker:
    """A tempo (quarter notes per minute) from a time on; `numerator` 0 keeps the time signature."""

    time: float
    bpm: float
    numerator: int = 0
    denominator: int = 0
    linear: bool = False


@dataclass(slots=True)
class TempoMap:
    """The project's first tempo and signature, and the markers in order of time."""

    bpm: float = 120.0
    numerator: int = 4
    denominator: int = 4
    markers: list[TempoMarker] = field(default_factory=list)

    def add(
        self, time: float, bpm: float, *, linear: bool = False, signature: tuple[int, int] = (0, 0)
    ) -> None:
        """Add a marker."""
        self.markers.append(TempoMarker(time, bpm, *signature, linear))
        self.markers.sort(key=lambda marker: marker.time)

    def _spans(self) -> list[tuple[float, float, float, float]]:
        """Give spans of (start, end, tempo at the start, tempo at the end)."""
        marks = (
            self.markers
            if self.markers and self.markers[0].time <= 0
            else [TempoMarker(0.0, self.bpm), *self.markers]
        )
        spans = []
        for at, mark in enumerate(marks):
            following = marks[at + 1] if at + 1 < len(marks) else None
            last = following.bpm if following is not None and mark.linear else mark.bpm
            spans.append((mark.time, following.time if following is not None else math.inf, mark.bpm, last))
        return spans

    def bpm_at(self, time: float) -> float:
        """Tempo at a time."""
        for start, end, first, last in self._spans():
            if time < end:
                share = (time - start) / (end - start) if math.isfinite(end) else 0.0
                return first + (last - first) * max(0.0, share)
        raise AssertionError("the last span has no end")

    def signature_at(self, time: float) -> tuple[int, int]:
        """Time signature at a time."""
        found = (self.numerator, self.denominator)
        for marker in self.markers:
            if marker.time <= time and marker.numerator:
                found = (marker.numerator, marker.denominator)
        return found

    def quarters(self, time: float) -> float:
        """Quarter notes from the start of the project to a time."""
        total = 0.0
        for start, end, first, last in self._spans():
            if time >= end:
                total += (end - start) * (first + last) / 120
                continue
            slope = (last - first) / (end - start) if math.isfinite(end) else 0.0
            along = time - start
            return total + along * (first + slope * along / 2) / 60
        raise AssertionError("the last span has no end")

    def time(self, quarters: float) -> float:
        """Time at a number of quarter notes."""
        total = 0.0
        for start, end, first, last in self._spans():
            whole = (end - start) * (first + last) / 120
            if quarters >= total + whole:
                total += whole
                continue
            slope = (last - first) / (end - start) if math.isfinite(end) else 0.0
            left = (quarters - total) * 60
            if abs(slope) < 1e-12:
                return start + left / first
            return start + (math.sqrt(first * first + 2 * slope * left) - first) / slope
        raise AssertionError("the last span has no end")

    def _signatures(self) -> list[tuple[float, int, int]]:
        """Give time signatures with the quarter note they start on."""
        first = [(0.0, self.numerator, self.denominator)]
        return first + [
            (self.quarters(marker.time), marker.numerator, marker.denominator)
            for marker in self.markers
            if marker.numerator
        ]

    def measure(self, time: float) -> tuple[int, float, float]:
        """Give the measure (from 0), the beat in it and the quarter note it starts on."""
        changes = self._signatures()
        here = self.quarters(time)
        count = 0
        for at, (start, numerator, denominator) in enumerate(changes):
            size = numerator * 4 / denominator
            end = changes[at + 1][0] if at + 1 < len(changes) else math.inf
            if here < end:
                inside = math.floor((here - start) / size + 1e-9)
                first = start + inside * size
                return count + inside, (here - first) * denominator / 4, first
            count += math.ceil((end - start) / size - 1e-9)
        raise AssertionError("the last span has no end")

    def measure_start(self, measure: int) -> tuple[float, int]:
        """Give the quarter note a measure starts on, and its denominator."""
        changes = self._signatures()
        count = 0
        for at, (start, numerator, denominator) in enumerate(changes):
            size = numerator * 4 / denominator
            end = changes[at + 1][0] if at + 1 < len(changes) else math.inf
            measures = math.ceil((end - start) / size - 1e-9) if math.isfinite(end) else measure + 1
            if measure < count + measures:
                return start + (measure - count) * size, denominator
            count += measures
        raise AssertionError("the last span has no end")
