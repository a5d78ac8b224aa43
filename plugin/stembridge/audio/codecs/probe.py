"""What a container holds, asked of ffprobe through pydub. Samples never pass through pydub."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stembridge.audio.codecs import ffmpeg
from stembridge.audio.codecs.choice import Track, choose, no_sound
from stembridge.audio.codecs.source import damaged


@dataclass(frozen=True, slots=True)
class Probe:
    """A container and the audio track that is to be taken from it.

    Attributes
    ----------
    container, codec
        ffmpeg's short names.
    index
        Of the stream in the container.
    rate, channels
        In Hz; count.
    seconds
        Duration that the track's header promises, None where it promises none.
    note
        A sentence on the choice of the track, or "".
    """

    container: str
    codec: str
    index: int
    rate: int
    channels: int
    seconds: float | None
    note: str


def available() -> bool:
    """Say whether ffprobe is installed."""
    return ffmpeg.find("ffprobe") is not None


def probe(path: Path) -> Probe:
    """Ask ffprobe about a file.

    Raises
    ------
    InputError
        ``source_damaged`` when it can't make sense of it, ``source_empty`` without an audio track.
    """
    found = _ask(path)
    if not found.get("streams"):
        raise damaged(path, f"'{path.name}' can't be decoded; it is damaged or cut short")
    streams = [one for one in found["streams"] if one.get("codec_type") == "audio"]
    if not streams:
        raise no_sound(path)
    tracks = [
        Track(
            int(one["index"]),
            bool(one.get("disposition", {}).get("default")),
            decodable="codec_name" in one and bool(int(one.get("channels", 0))),
        )
        for one in streams
    ]
    index, note = choose(tracks)
    stream = next(one for one in streams if int(one["index"]) == index)
    container = str(found.get("format", {}).get("format_name", "")).split(",")[0]
    seconds = float(stream["duration"]) if "duration" in stream else None
    return Probe(
        container, str(stream.get("codec_name", "unknown")), index, int(stream["sample_rate"]),
        int(stream["channels"]), seconds, note,
    )  # fmt: skip


def _ask(path: Path) -> Mapping[str, Any]:
    with warnings.catch_warnings():
        # pydub's own source has invalid escapes, and it warns on import where a program is missing.
        warnings.simplefilter("ignore")
        from pydub.utils import mediainfo_json

        try:
            found = mediainfo_json(ffmpeg.as_url(path))
        except (KeyError, ValueError, OSError):
            # Its reading of ffprobe's other output trips over streams that it doesn't know.
            return {}
    return found if isinstance(found, dict) else {}
