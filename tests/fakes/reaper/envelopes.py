"""Envelopes of tracks and takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.fakes.reaper.things import new_guid

if TYPE_CHECKING:
    from tests.fakes.reaper.items import Take
    from tests.fakes.reaper.tracks import Track

CHUNK_NAMES = {
    "track": {
        "Volume (Pre-FX)": "VOLENV", "Pan (Pre-FX)": "PANENV", "Volume": "VOLENV2", "Pan": "PANENV2",
        "Mute": "MUTEENV", "Trim Volume": "VOLENV3", "Width": "WIDTHENV2",
    },
    "take": {"Volume": "VOLENV", "Pan": "PANENV", "Mute": "MUTEENV", "Pitch": "PITCHENV"},
    "master": {"Tempo map": "TEMPOENVEX", "Playrate": "MASTERPLAYSPEEDENV"},
}  # fmt: skip

NEUTRAL = {"Volume": 1.0, "Volume (Pre-FX)": 1.0, "Trim Volume": 1.0, "Mute": 1.0, "Playrate": 1.0}


@dataclass(slots=True)
class Point:
    """One point: seconds (of the project, or of the take at its playrate), value, shape 0..5, tension."""

    time: float
    value: float
    shape: int = 0
    tension: float = 0.0
    selected: bool = False


class Envelope:
    """An envelope with its points in order of time."""

    kind: ClassVar[str] = "TrackEnvelope"

    def __init__(self, name: str, *, track: Track | None = None, take: Take | None = None) -> None:
        self.name = name
        self.track = track
        self.take = take
        self.guid = new_guid()
        self.active = True
        self.visible = True
        self.armed = False
        self.scaling = 0
        self.points: list[Point] = []
        self.strings: dict[str, str] = {}

    @property
    def chunk_name(self) -> str:
        """The name of its block in a project file."""
        names = CHUNK_NAMES["take"] if self.take is not None else CHUNK_NAMES["track"] | CHUNK_NAMES["master"]
        return names.get(self.name, "PARMENV")

    def add(self, time: float, value: float, shape: int = 0, tension: float = 0.0) -> Point:
        """Insert a point."""
        point = Point(time, value, shape, tension)
        self.points.append(point)
        self.sort()
        return point

    def sort(self) -> None:
        """Bring the points in order."""
        self.points.sort(key=lambda point: point.time)

    def at(self, time: float) -> float:
        """Evaluate at a time (linear, square and slow start/end shapes; the others as linear)."""
        if not self.points:
            return NEUTRAL.get(self.name, 0.0)
        if time < self.points[0].time:
            return self.points[0].value
        for left, right in zip(self.points, self.points[1:], strict=False):
            if left.time <= time < right.time:
                along = (time - left.time) / (right.time - left.time)
                return left.value + (right.value - left.value) * _shape(left.shape, along)
        return self.points[-1].value


def _shape(shape: int, along: float) -> float:
    if shape == 1:
        return 0.0
    if shape == 2:
        return along * along * (3 - 2 * along)
    if shape == 3:
        return 1 - (1 - along) ** 3
    if shape == 4:
        return along**3
    return along
