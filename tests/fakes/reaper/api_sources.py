"""Functions on sources and audio accessors."""
# ruff: noqa: N802

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.fakes.reaper import peaks
from tests.fakes.reaper.accessors import Accessor
from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sources import PICTURES, TYPES, Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track
from tests.fakes.reaper.values import Array


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
        try:
            return peaks.build(source, mode)
        except ValueError as error:
            raise Refused(str(error)) from None

    def _fill_peaks(
        self,
        source: Source | None,
        rate: float,
        start: float,
        channels: int,
        count: int,
        extra: int,
        buffer: Array,
    ) -> int:
        if extra:
            raise Refused("GetPeaks: extra types are not modelled")
        if source is None or buffer.size < 2 * channels * count:
            raise Refused("GetPeaks: the array must hold greatest and least values of all channels")
        high, low = peaks.peaks(source, rate, start, channels, count)
        if not peaks.drawn(source):
            return 0
        both = np.concatenate((high.reshape(-1), low.reshape(-1))).astype("<f8")
        self.host.script.side.fill(buffer.lua, both.tobytes())
        return count

    def PCM_Source_GetPeaks(
        self, source: Source, rate: float, start: float, channels: int, count: int, extra: int, buffer: Array
    ) -> int:
        return self._fill_peaks(source, rate, start, channels, count, extra, buffer)

    def GetMediaItemTake_Peaks(
        self, take: Take, rate: float, start: float, channels: int, count: int, extra: int, buffer: Array
    ) -> int:
        item = take.item
        inside = (start - item.position) * take.values["D_PLAYRATE"] + take.values["D_STARTOFFS"]
        rate /= take.values["D_PLAYRATE"]
        return self._fill_peaks(take.source, rate, inside, channels, count, extra, buffer)

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
        return self.host.new_accessor(Accessor(take, self.host.script))

    def CreateTrackAudioAccessor(self, track: Track) -> Accessor:
        return self.host.new_accessor(Accessor(track, self.host.script))

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
            self.host.strict.note(
                "GetAudioAccessorSamples in a coroutine gives nil and leaves the buffer as it was"
            )
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
