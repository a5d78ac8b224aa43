"""Functions on sources and audio accessors."""
# ruff: noqa: N802

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.fakes.reaper.accessors import Accessor
from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sources import PICTURES, TYPES, Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track
from tests.fakes.reaper.values import Array

PEAKS_STEP = 40
"""Percent of the peaks that one call of PCM_Source_BuildPeaks builds."""


class Sources(Group):
    """Media sources."""

    def PCM_Source_CreateFromFile(self, filename: str) -> Source | None:
        source = Source.from_file(Path(filename), facts=self.host.media_facts.get(filename))
        if source is not None:
            self.host.free_sources.append(source)
        return source

    def PCM_Source_CreateFromFileEx(self, filename: str, no_midi_import: bool) -> Source | None:
        return self.PCM_Source_CreateFromFile(filename)

    def PCM_Source_CreateFromType(self, kind: str) -> Source | None:
        if kind not in {*TYPES.values(), "SECTION", "EMPTY"}:
            return None
        source = Source(kind)
        self.host.free_sources.append(source)
        return source

    def PCM_Source_Destroy(self, source: Source) -> None:
        if source not in self.host.free_sources:
            raise Refused("PCM_Source_Destroy: a take plays this source; REAPER would crash")
        self.host.free_sources.remove(source)
        source.destroyed = True

    def PCM_Source_BuildPeaks(self, source: Source, mode: int) -> int:
        if mode not in {0, 1, 2}:
            raise Refused(f"PCM_Source_BuildPeaks: the mode is 0, 1 or 2, not {mode}")
        if mode == 0:
            source.peaks_mode = 0
            return source.peaks
        if source.peaks_mode < 0:
            raise Refused("PCM_Source_BuildPeaks: mode 0 begins, 1 goes on, 2 ends")
        if mode == 1:
            source.peaks_mode = 1
            source.peaks = max(0, source.peaks - PEAKS_STEP)
            return source.peaks
        source.peaks_mode = -1
        source.peaks = 0
        return 0

    def ClearPeakCache(self) -> None:
        self.host.refreshed.append("ClearPeakCache")

    def PCM_Source_GetSectionInfo(self, source: Source) -> tuple[bool, float, float, bool]:
        if source.type != "SECTION":
            return False, 0.0, 0.0, False
        return True, source.offset, source.section_length, source.reverse

    def GetMediaSourceFileName(self, source: Source) -> str:
        return source.file_name

    def GetMediaSourceLength(self, source: Source) -> tuple[float, bool]:
        return source.length, source.type == "MIDI"

    def GetMediaSourceNumChannels(self, source: Source) -> int:
        return source.channels

    def GetMediaSourceParent(self, source: Source) -> Source | None:
        return source.parent

    def GetMediaSourceSampleRate(self, source: Source) -> int:
        return source.rate

    def GetMediaSourceType(self, source: Source) -> str:
        return source.type

    def GetMediaFileMetadata(self, source: Source, name: str) -> tuple[int, str]:
        return 0, ""

    def IsMediaExtension(self, extension: str, others: bool) -> bool:
        name = "." + extension.lower()
        return name in TYPES or (others and name in PICTURES)

    def GetPeakFileName(self, filename: str) -> str:
        return filename + ".reapeaks"

    def GetSubProjectFromSource(self, source: Source) -> Project | None:
        wanted = source.path if source.type == "RPP_PROJECT" else None
        return next((project for project in self.host.projects if wanted and project.path == wanted), None)


class Accessors(Group):
    """Audio accessors and reaper.array."""

    def new_array(self, first: Any, size: int | None) -> Any:
        side = self.host.script.side
        if first is None:
            raise Refused("new_array: give a table, an array or a size")
        if isinstance(first, (int, float)):
            length, source = int(first), None
        else:
            source = first.lua if isinstance(first, Array) else first
            length = int(side.length(source)) if size is None else size
        largest = size if size is not None and source is None else length
        if not 0 < length <= 4_194_304 or largest < length:
            raise Refused(f"new_array: a size from 1 to 4194304, not {length}")
        return side.array(source, length, largest)

    def CreateTakeAudioAccessor(self, take: Take) -> Accessor | None:
        if take.source is None:
            return None
        return self.host.new_accessor(Accessor(take))

    def CreateTrackAudioAccessor(self, track: Track) -> Accessor:
        return self.host.new_accessor(Accessor(track))

    def DestroyAudioAccessor(self, accessor: Accessor) -> None:
        accessor.destroyed = True
        self.host.accessors.remove(accessor)

    def GetAudioAccessorStartTime(self, accessor: Accessor) -> float:
        return accessor.start

    def GetAudioAccessorEndTime(self, accessor: Accessor) -> float:
        return accessor.end

    def AudioAccessorStateChanged(self, accessor: Accessor) -> bool:
        return accessor.changes != accessor.project_changes

    def AudioAccessorValidateState(self, accessor: Accessor) -> bool:
        changed = self.AudioAccessorStateChanged(accessor)
        accessor.changes = accessor.project_changes
        return changed

    def AudioAccessorUpdate(self, accessor: Accessor) -> None:
        accessor.changes = accessor.project_changes

    def GetAudioAccessorHash(self, accessor: Accessor, buffer: str) -> str:
        return f"{accessor.changes:032x}"

    def GetAudioAccessorSamples(
        self, accessor: Accessor, rate: int, channels: int, start: float, count: int, buffer: Array
    ) -> int | None:
        script = self.host.script
        if not script.in_main:
            self.host.strict.note("GetAudioAccessorSamples in a coroutine gives nil and leaves the buffer as it was")
            return None
        if not 1 <= channels <= 128 or rate < 1 or count < 1:
            raise Refused("GetAudioAccessorSamples: rate, channels and samples must be above 0")
        if buffer.size < channels * count:
            raise Refused(f"GetAudioAccessorSamples: {channels * count} samples don't fit {buffer.size}")
        samples = self.host.accessor_samples(accessor, rate, channels, start, count)
        if samples is None:
            return 0
        script.side.fill(buffer.lua, np.ascontiguousarray(samples, dtype="<f8").tobytes())
        return 1
