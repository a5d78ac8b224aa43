"""Reading sources: what a file holds, and any stretch of it, exact to the frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.model.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LOSSY = {"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III", "VORBIS", "OPUS", "GSM610"}


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source file holds.

    Attributes
    ----------
    path
        The file.
    frames, rate, channels
        Length in frames at ``rate`` Hz, and the channel count.
    container, codec
        Short names, as the reader gives them.
    lossy
        True when decoding doesn't give what was once encoded.
    reader
        ``soundfile``, ``av`` or ``ffmpeg``: what `read_blocks` goes through.
    exact
        True when the frame count is known for certain.
    note
        A sentence for the report where there is something to say (several audio streams), else "".
    """

    path: Path
    frames: int
    rate: int
    channels: int
    container: str
    codec: str
    lossy: bool
    reader: str
    exact: bool
    note: str = ""


def inspect(path: Path) -> SourceInfo:
    """Look into a file without decoding more of it than is needed to know its length."""
    import soundfile

    if not path.exists():
        raise InputError(
            f"The file '{path.name}' isn't there.",
            code="source_missing",
            hint="Check the name and the folder.",
        )
    with soundfile.SoundFile(str(path)) as sound:
        return SourceInfo(
            path, sound.frames, sound.samplerate, sound.channels, sound.format, sound.subtype,
            lossy=sound.subtype in _LOSSY, reader="soundfile", exact=True,
        )  # fmt: skip


def read_blocks(
    info: SourceInfo, first_frame: int, frames: int, *, block_frames: int = 65536
) -> Iterator[NDArray[np.float32]]:
    """Give exactly ``frames`` frames from ``first_frame`` on, in blocks of at most ``block_frames``."""
    import soundfile

    with soundfile.SoundFile(str(info.path)) as sound:
        sound.seek(first_frame)
        left = frames
        while left:
            block = sound.read(min(left, block_frames), dtype="float32", always_2d=True)
            if len(block) == 0:
                raise InputError(f"The file '{info.path.name}' ends too early.", code="source_damaged")
            left -= len(block)
            yield block
