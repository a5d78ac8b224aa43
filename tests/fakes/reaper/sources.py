"""Media sources: files, sections of files, MIDI, subprojects, and what isn't there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import soundfile

TYPES = {
    ".wav": "WAVE", ".flac": "FLAC", ".mp3": "MP3", ".ogg": "VORBIS", ".opus": "OPUS", ".aif": "AIFF",
    ".aiff": "AIFF", ".w64": "WAVE", ".wv": "WAVPACK", ".m4a": "VIDEO", ".mp4": "VIDEO", ".mov": "VIDEO",
    ".mkv": "VIDEO", ".mid": "MIDI", ".rpp": "RPP_PROJECT",
}  # fmt: skip

PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Facts:
    """What REAPER reads from a media file's header."""

    rate: int
    channels: int
    frames: int


class Source:
    """A PCM_source.

    Attributes
    ----------
    type
        WAVE, FLAC, MP3, ..., SECTION, MIDI, RPP_PROJECT, VIDEO or EMPTY.
    path
        The file; None for a section, in-project MIDI and EMPTY.
    parent
        Of a SECTION: the source it is cut from. The section lies `offset` seconds into it, is
        `section_length` seconds long and, when `reverse` is set, played backwards.
    offline
        The media is set offline (or its file is gone): rate, channels and length read 0.
    peaks
        Percent of the peaks that are left to build.
    """

    kind: ClassVar[str] = "PCM_source"

    def __init__(self, type_: str, path: Path | None = None, facts: Facts | None = None) -> None:
        self.type = type_
        self.path = path
        self.parent: Source | None = None
        self.offset = 0.0
        self.section_length = 0.0
        self.reverse = False
        self._offline = False
        self._facts = facts
        self.peaks = 100
        self.peaks_mode = -1
        self.midi_length = 0.0
        self.destroyed = False

    @classmethod
    def from_file(cls, path: Path, *, facts: Facts | None = None) -> Source | None:
        """Open a media file; None for what REAPER can't read."""
        kind = TYPES.get(path.suffix.lower())
        if kind is None or not path.is_file():
            return None
        if kind in {"MIDI", "RPP_PROJECT"}:
            return cls(kind, path, facts or Facts(44100 if kind == "RPP_PROJECT" else 0, 2, 0))
        if facts is None:
            try:
                info = soundfile.info(str(path))
            except soundfile.SoundFileError:
                return None
            facts = Facts(int(info.samplerate), int(info.channels), int(info.frames))
        return cls(kind, path, facts)

    @classmethod
    def section(cls, parent: Source, offset: float, length: float, *, reverse: bool = False) -> Source:
        """Cut a section (seconds) from another source."""
        made = cls("SECTION")
        made.parent = parent
        made.offset = offset
        made.section_length = length
        made.reverse = reverse
        return made

    @property
    def root(self) -> Source:
        """The file's own source at the end of the chain of sections."""
        return self.parent.root if self.parent is not None else self

    @property
    def offline(self) -> bool:
        """Whether the media can't be read now."""
        root = self.root
        return root._offline or (root.path is not None and not root.path.is_file())

    @offline.setter
    def offline(self, value: bool) -> None:
        self.root._offline = value

    @property
    def facts(self) -> Facts:
        """Rate, channels and frames of the file; zeros when there is none to read."""
        root = self.root
        if root.offline or root._facts is None:
            return Facts(0, 0, 0)
        return root._facts

    @property
    def rate(self) -> int:
        """Samples per second."""
        return self.facts.rate

    @property
    def channels(self) -> int:
        """Channels of the file."""
        return self.facts.channels

    @property
    def frames(self) -> int:
        """Frames of the file, sections not considered."""
        return self.facts.frames

    @property
    def length(self) -> float:
        """Seconds (for MIDI: quarter notes)."""
        if self.offline:
            return 0.0
        if self.type == "SECTION":
            return self.section_length
        if self.type == "MIDI":
            return self.midi_length
        facts = self.facts
        return facts.frames / facts.rate if facts.rate else 0.0

    @property
    def file_name(self) -> str:
        """The path as GetMediaSourceFileName gives it: empty for a section."""
        return "" if self.path is None else str(self.path)
