"""Which of a container's audio tracks is meant: the same answer, whatever decodes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stembridge.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Track:
    """An audio track: its stream's index in the container, and whether players start with it."""

    index: int
    default: bool
    decodable: bool = True


def choose(tracks: Sequence[Track]) -> tuple[int, str]:
    """Take the first track that is marked as default, else the first; say so where there are several.

    Returns
    -------
    index
        Of the stream in its container.
    note
        A sentence for the report, or "".
    """
    usable = [track for track in tracks if track.decodable] or list(tracks)
    chosen = next((track for track in usable if track.default), usable[0])
    if len(tracks) == 1:
        return chosen.index, ""
    return (
        chosen.index,
        f"The file has {len(tracks)} audio tracks; number {tracks.index(chosen) + 1} was taken.",
    )


def no_sound(path: Path) -> InputError:
    """Give the error for a container without an audio track."""
    return InputError(
        f"'{path.name}' holds no audio track.",
        code="source_empty",
        hint="Choose a file with sound in it.",
        context={"source": str(path)},
    )
