"""What of a job's result becomes a track: names, colours, files, labels."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stembridge.model.errors import StoreError
from stembridge_audacity.editor import Origin
from stembridge_audacity.manifest import AudioTrack, LabelTrack

_HUES = (225, 0, 120, 290)
"""Of Audacity's four colours for clips, in degrees."""
_AUDIO_KINDS = frozenset({"stem", "audio", "generated"})


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be brought in."""

    audio: tuple[AudioTrack, ...]
    labels: tuple[LabelTrack, ...]

    @property
    def names(self) -> list[str]:
        """Names of the tracks, from top to bottom."""
        return [track.name for track in self.audio] + [track.name for track in self.labels]


def load_of(origin: Origin, result: Mapping[str, Any]) -> Load:
    """Read from a result what becomes a track.

    Raises
    ------
    StoreError
        When a file of it isn't there any more.
    """
    suffix = f" ({origin.mark})" if origin.mark else ""
    suffix += f" - {origin.name}" if origin.apart else ""
    solo = any(source.solo for source in origin.tracks)
    rows = [row for row in result["stems"] if row["kind"] in _AUDIO_KINDS]
    audio = []
    for row, colour in zip(rows, colours(str(row["colour"]) for row in rows), strict=True):
        path = Path(row["file"])
        if not path.is_file():
            raise StoreError(
                f"The stem '{path.name}' isn't there any more.",
                hint=f"Look into '{path.parent}', or separate once more.",
                context={"path": str(path)},
            )
        name = f"{row['label']}{suffix}"
        mute = bool(row.get("mute"))
        heard = solo and not mute
        gain = float(row.get("gain_db") or 0.0)
        audio.append(
            AudioTrack(name, path, row["frames"], row["rate"], row["channels"], colour, heard, mute, gain)
        )
    words = tuple(
        (origin.start + float(begins), origin.start + float(ends), str(text))
        for begins, ends, text in result.get("labels", [])
    )
    return Load(tuple(audio), (LabelTrack(f"Transcript{suffix}", words),) if words else ())


def colours(wanted: Iterable[str]) -> list[int]:
    """Give each stem the nearest of Audacity's four colours that the three before it don't have."""
    given: list[int] = []
    for text in wanted:
        red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (1, 3, 5))
        hue = colorsys.rgb_to_hsv(red, green, blue)[0] * 360
        order = sorted(range(4), key=lambda index: abs((hue - _HUES[index] + 180) % 360 - 180))
        given.append(next(index for index in order if index not in given[-3:]))
    return given
