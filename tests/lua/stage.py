"""A stage for the layouts: a project, the action that separates its selection, the witness on both sides."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.fakes.reaper import Item, Reaper, Track, rpp
from tests.lua import material
from tests.witness import nulling, reading
from tests.witness.hearing import Place, hear
from tests.witness.reading import Project

ACTION = "Stembridge_Separate selection with last settings.lua"


def install(host: Reaper) -> None:
    """Leave core.json in the resource folder, as `stembridge setup reaper` does."""
    path = host.resource / "Data" / "Stembridge" / "core.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-P", "-m", "stembridge"]
    core = {"argv": argv, "home": os.environ["STEMBRIDGE_HOME"], "version": "0", "protocol": 1}
    path.write_text(json.dumps(core), encoding="utf-8")


@dataclass
class Stage:
    """One project of a host, with files beside it."""

    host: Reaper
    folder: Path
    order: dict[str, Any] = field(default_factory=dict)
    model: str = "repet"
    channels: int = 2
    seed: int = 0

    def file(self, seconds: float = 1.0, rate: int = 44100, channels: int = 2, suffix: str = ".wav") -> Path:
        """Write a source file of its own sound."""
        self.seed += 1
        return material.write(
            self.folder / "Song" / f"take {self.seed}{suffix}", seconds, rate, channels, seed=self.seed
        )

    def track(self, name: str = "Voice", *, depth: int = 0, **values: float) -> Track:
        """Add a track."""
        return self.host.project.add_track(name, depth=depth, index=None, **values)

    def item(
        self,
        *,
        track: Track | None = None,
        seconds: float = 1.0,
        rate: int = 44100,
        channels: int = 2,
        suffix: str = ".wav",
        **values: float,
    ) -> Item:
        """Lay down an item on a (new) track, select it, and set values by REAPER's names."""
        where = track or self.track()
        item = where.add_item(self.file(seconds, rate, channels, suffix), position=0.5)
        if "D_LENGTH" not in values and "D_PLAYRATE" in values:
            item["D_LENGTH"] = seconds / values["D_PLAYRATE"]
        if "D_LENGTH" not in values and values.get("D_STARTOFFS", 0) > 0:
            item["D_LENGTH"] = item.length - values["D_STARTOFFS"] / values.get("D_PLAYRATE", 1)
        return material.dress(item, **values).select()

    def read(self, name: str) -> Project:
        """Save the project under a name, and read it as the witness does."""
        return reading.read(rpp.write(self.host.project, self.folder / "Song" / name))

    def perform(self, jobs: int = 1) -> Outcome:
        """Save, run the action until so many jobs are placed and its window is gone, save again."""
        install(self.host)
        self.host.save(self.folder / "Song" / "Song.rpp")
        chosen = {
            "engine": "offline",
            "model": self.model,
            "where": "tracks",
            "original": "leave",
            "mode": "auto",
        }
        self.host.ext_state["Stembridge", "last"] = json.dumps({"order": chosen | self.order})
        before, points = self.read("before.rpp"), len(self.host.undo_points)
        numbers, texts = dict(self.host.project.numbers), dict(self.host.project.texts)
        self.host.run_script(ACTION)
        folder = Path(os.environ["STEMBRIDGE_HOME"]) / "jobs"
        self.host.run_until(
            lambda: len(list(folder.glob("*/host-reaper-*.json"))) >= jobs or self.host.dialogs.boxes,
            seconds=120,
        )
        self.host.advance(60)
        self.host.run_until(lambda: not self.host.scripts or self.host.dialogs.boxes)
        assert not self.host.dialogs.texts, self.host.dialogs.texts
        assert self.host.project.numbers == numbers, "settings of the project were changed"
        assert self.host.project.texts == texts, "settings of the project were changed"
        results = [
            json.loads((job / "result.json").read_text(encoding="utf-8")) for job in sorted(folder.iterdir())
        ]
        assert len(results) == jobs
        assert len(self.host.undo_points) == points + jobs
        after = self.read("after.rpp")
        for _ in range(jobs):
            assert self.host.undo()
        undone = replace(self.read("undone.rpp"), path=before.path)
        assert undone == before, "one step of undo for each job doesn't lead back"
        return Outcome(before, after, results, self.channels)


@dataclass
class Outcome:
    """What a performance changed, by the two project files alone."""

    before: Project
    after: Project
    jobs: list[dict[str, Any]]
    channels: int

    @property
    def new(self) -> list[str]:
        """GUIDs of the takes that weren't there before."""
        known = self.before.takes()
        return [guid for guid in self.after.takes() if guid not in known]

    def null(self, originals: Sequence[str], *, margin: float = -0.05) -> nulling.Null:
        """Hold the takes that were sent against all new ones.

        ``margin``: seconds at both ends of the stems that aren't listened to; negative: silence around them.
        """
        rate = self.before.rate
        spots = [self.after.takes()[guid] for guid in self.new]
        if margin < 0:
            spots += [self.before.takes()[guid] for guid in originals]
        start = min(item.position + min(track.delay, 0) for track, item, _ in spots) + margin
        end = max(item.position + item.length + max(track.delay, 0) for track, item, _ in spots) - margin
        first = max(math.floor(start * rate + 1e-6), 0)
        place = Place(first, math.ceil(end * rate - 1e-6) - first, rate, self.channels)
        original = hear(self.before, originals, place)
        return nulling.compare(original, hear(self.after, self.new, place, mutes=self.audible))

    audible: bool = True
    """Whether the stems are expected to sound: in lanes beside their original they don't."""

    def untouched(self) -> None:
        """Demand that all that was there before is still there, in the same folders, and unchanged."""
        old, new = _places(self.before), _places(self.after)
        assert {guid: new[guid] for guid in old} == old
        takes = self.after.takes()
        for guid, (_, _, take) in self.before.takes().items():
            assert takes[guid][2] == take


def _places(project: Project) -> dict[str, tuple[str, ...]]:
    """Give the folders that every track lies in, outermost first."""
    found: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for track in project.tracks:
        found[track.guid] = tuple(above)
        if track.depth > 0:
            above.append(track.guid)
        elif track.depth < 0:
            del above[max(len(above) + track.depth, 0) :]
    return found
