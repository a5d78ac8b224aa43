"""A stem in its place: what arranging gives, and mixing and measuring take."""

from __future__ import annotations

from dataclasses import dataclass

from stembridge.audio.tracks import Track
from stembridge.model.results import EngineFile, Offset


@dataclass(frozen=True, slots=True)
class Arranged:
    """A stem in its place.

    Attributes
    ----------
    track
        Its samples.
    start
        Frame of the track, at the region's rate, that lies on the region's first frame.
    offset
        What was found.
    clipped
        Runs of full-scale samples in the file as it arrived.
    """

    track: Track
    start: int
    offset: Offset
    clipped: int

    @property
    def file(self) -> EngineFile:
        """What the engine says about it."""
        return self.track.file
