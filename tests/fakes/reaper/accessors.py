"""Audio accessors, and what can be read of them; the audio itself comes from `accessor.py`."""

from __future__ import annotations

from typing import ClassVar

from tests.fakes.reaper.items import Take
from tests.fakes.reaper.tracks import Track


class Accessor:
    """An AudioAccessor of a take (time 0 = item start) or of a track (project time)."""

    kind: ClassVar[str] = "AudioAccessor"

    def __init__(self, target: Take | Track, owner: object) -> None:
        self.target = target
        self.owner = owner
        self.destroyed = False
        self.changes = self.project_changes

    @property
    def project_changes(self) -> int:
        """How often the project has changed."""
        project = self.target.project if isinstance(self.target, Track) else self.target.item.project
        return project.changes

    @property
    def start(self) -> float:
        """Start of what can be read (seconds)."""
        return 0.0

    @property
    def end(self) -> float:
        """End of what can be read (seconds): an item's length at any playrate, a track's last item."""
        if isinstance(self.target, Take):
            return self.target.item.length
        return max((item.end for item in self.target.items), default=0.0)
