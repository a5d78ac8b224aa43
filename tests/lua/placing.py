"""Finished jobs for the way back: a project, a source, a job folder as the core leaves it, and its stems."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.fakes.reaper import Item, Project, Reaper, Track
from tests.fakes.reaper.rpp import dump

GOLDEN = Path(__file__).parents[1] / "golden" / "host_context.json"
STEMS = (("vocals", "Vocals", "#e4572e"), ("drums", "Drums", "#f3a712"))
RATE = 44100


def wav(path: Path, frames: int, *, rate: int = RATE, channels: int = 2, seed: int = 0) -> Path:
    """Write noise as 32-bit float."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


@dataclass
class Desk:
    """A host with one saved project, and the jobs that were made for it."""

    host: Reaper
    home: Path
    project: Project = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.project = self.host.project
        self.host.save(self.home / "Song" / "Song.rpp", self.project)

    def source(self, name: str = "take.wav", seconds: float = 4.0, **more: Any) -> Path:
        """Write a source file beside the project."""
        return wav(self.home / "Song" / name, round(seconds * more.get("rate", RATE)), **more)

    def part(self, item: Item) -> dict[str, Any]:
        """Take the snapshot that order.lua takes."""
        lua = self.host.lua
        found = lua.call(self.host.require("items").snapshot, item, item.take)
        return dict(lua.python(found))

    def facts(self, project: Project | None = None) -> dict[str, Any]:
        """Ask the library what a job remembers of a project."""
        lua = self.host.lua
        return dict(lua.python(lua.call(self.host.require("projects").facts, project or self.project)))

    def context(
        self,
        items: Sequence[Item],
        *,
        mode: str = "source",
        project: Project | None = None,
        rate: int = RATE,
        window: tuple[float, float] | None = None,
        **choices: Any,
    ) -> dict[str, Any]:
        """Give host_context for items, its numbers worked out here and not by the library."""
        parts = [self.part(item) for item in items]
        start = items[0].position if items else 0.0
        length = items[0].length if items else 0.0
        if window is not None:
            start, length = window[0], window[1] - window[0]
        span: dict[str, Any] = {"rate": rate, "channels": 2}
        stem: dict[str, Any] = {"position": start, "length": length, "loop": False, "playrate": 1.0}
        if mode == "source":
            take = parts[0]["take"]
            inside = (start - items[0].position) * take["playrate"]
            first = take["startoffs"] + inside
            span["frame0"] = math.floor(first * rate + 1e-6)
            span["frames"] = math.ceil((first + length * take["playrate"]) * rate - 1e-6) - span["frame0"]
            stem["startoffs"] = first - span["frame0"] / rate
            stem["playrate"] = take["playrate"]
        elif mode == "heard":
            end = window[1] if window else max(item.end for item in items)
            span["frame0"] = math.floor(start * rate + 1e-6)
            span["frames"] = math.ceil(end * rate - 1e-6) - span["frame0"]
            stem |= {"position": span["frame0"] / rate, "length": span["frames"] / rate, "startoffs": 0}
        else:
            span |= {"frame0": 0, "frames": math.ceil(length * rate - 1e-6)}
            stem["startoffs"] = 0
        return {
            "v": 1,
            "project": self.facts(project),
            "set": "s1",
            "mode": mode,
            "where": "tracks",
            "original": "leave",
            "fx": "none" if mode == "heard" else "copy",
            "texts": "take_markers",
            "cursor": 0.0,
            "span": span,
            "stem": stem,
            "parts": parts,
        } | choices

    def job(
        self,
        context: Mapping[str, Any],
        *,
        stems: Sequence[tuple[str, str, str]] = STEMS,
        kind: str = "stem",
        rate: int | None = None,
        frames: int | None = None,
        labels: Sequence[tuple[float, float, str]] = (),
        deliver: Path | None = None,
        name: str = "take",
        channels: int = 2,
    ) -> Path:
        """Leave a finished job as the core does. ``frames`` and ``rate`` are those of every stem."""
        self.made += 1
        folder = self.home / "data" / "jobs" / f"job{self.made:03d}"
        span = context["span"]
        region = None
        if span is not None:
            region = {
                "source": "take.wav",
                "first_frame": span["frame0"],
                "frames": span["frames"],
                "rate": span["rate"],
                "channels": channels,
            }
        deliver = deliver or self.home / "Song" / "Stems" / folder.name
        rows = []
        for number, (stem, label, colour) in enumerate(stems):
            of_rate = rate or (span["rate"] if span else RATE)
            of_frames = frames or round(span["frames"] * of_rate / span["rate"])
            file = folder / "stems" / f"{name} - {stem}.wav"
            wav(file, of_frames, rate=of_rate, seed=number + 10, channels=channels)
            delivered = deliver / file.name
            delivered.parent.mkdir(parents=True, exist_ok=True)
            delivered.write_bytes(file.read_bytes())
            rows.append(
                {
                    "id": stem,
                    "label": label,
                    "colour": colour,
                    "role": "additive",
                    "kind": kind,
                    "file": str(file),
                    "delivered": str(delivered),
                    "frames": of_frames,
                    "rate": of_rate,
                    "channels": channels,
                    "stamp": {"bytes": file.stat().st_size, "mtime_ns": 1},
                }
            )
        folder.mkdir(parents=True, exist_ok=True)
        request = {"protocol": 1, "kind": "separate", "host": "reaper", "name": name, "host_context": context}
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        result = {
            "protocol": 1,
            "kind": "separate",
            "job": folder.name,
            "region": region,
            "stems": rows,
            "labels": list(labels),
            "host_context": context,
        }
        (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
        return folder

    def bring(self, folder: Path, **options: Any) -> tuple[dict[str, Any] | None, str, str]:
        """Import a job: what it gives, or the sentence and the code of a refusal."""
        lua = self.host.lua
        self.host.require("place")
        call = lua.eval(
            "function(folder, options) local done, sentence, code = require('place').import(folder, options) "
            "if done then done.proj = nil return done end return done, sentence, code end"
        )
        found = lua.call(call, str(folder), options)
        if isinstance(found, tuple):
            return None, found[1], found[2]
        return dict(lua.python(found)), "", ""

    def placed(self, folder: Path, **options: Any) -> dict[str, Any]:
        """Import a job that has to succeed."""
        done, sentence, _ = self.bring(folder, **options)
        assert done is not None, sentence
        return done

    def state(self) -> str:
        """Give all that undo brings back, as text."""
        return dump(self.project)


def native(desk: Desk, colour: str) -> int:
    """Give a colour as this system's REAPER keeps a custom one."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return int(desk.host.lua.eval(f"reaper.ColorToNative({red}, {green}, {blue}) | 0x1000000"))


def notes(done: Mapping[str, Any]) -> list[str]:
    """Give the sentences of an import."""
    return list(done["notes"]) if done["notes"] else []


def names(project: Project) -> list[str]:
    """Give the tracks' names in order."""
    return [track.name for track in project.tracks]


def only(track: Track) -> Item:
    """Give a track's one item."""
    assert len(track.items) == 1
    return track.items[0]
