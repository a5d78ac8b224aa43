"""What a source file holds, and the sentences for a source that can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.model.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMATS_HINT = "Use a WAV, FLAC, AIFF, MP3, Ogg or m4a file, or a video with sound."
_LOSSLESS_PREFIXES = (
    "pcm",
    "alac",
    "flac",
    "float",
    "double",
    "dpcm",
    "dwvw",
    "wavpack",
    "tta",
    "ape",
    "tak",
)


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
        ``soundfile``, ``av`` or ``ffmpeg``: what the samples are read through.
    exact
        True when the frame count is known for certain. False only where the file says nothing about
        its length: a stream that was cut off looks like one that ended.
    note
        A sentence for the report where there is something to say (several audio tracks), else "".
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


def is_lossy(codec: str) -> bool:
    """Say whether a codec (a name of libsndfile's or ffmpeg's) changes the samples."""
    return not codec.lower().startswith(_LOSSLESS_PREFIXES)


def damaged(path: Path, what: str, **context: object) -> InputError:
    """Give the error for a file that can't be trusted; ``what`` is a sentence without its full stop."""
    return InputError(
        f"{what}.",
        code="source_damaged",
        hint="Use an undamaged copy, or export the audio again, best as WAV or FLAC.",
        context={"source": str(path), **context},
    )


def ends_early(info: SourceInfo, frame: int) -> InputError:
    """Give the error for samples that should be there and can't be decoded from ``frame`` on."""
    return damaged(
        info.path,
        f"'{info.path.name}' is damaged or cut short: nothing can be read from {frame / info.rate:.2f} s on",
        frame=frame,
        frames=info.frames,
    )


def cut(
    blocks: Iterator[NDArray[np.float32]], first_frame: int, frames: int, block_frames: int
) -> Iterator[NDArray[np.float32]]:
    """Take ``frames`` frames from ``first_frame`` on out of a stream, in blocks of at most ``block_frames``.

    Ends early, without an error, where the stream does.
    """
    skip, left = first_frame, frames
    for block in blocks:
        if skip >= len(block):
            skip -= len(block)
            continue
        wanted = block[skip : skip + left]
        skip = 0
        for start in range(0, len(wanted), block_frames):
            piece = wanted[start : start + block_frames]
            left -= len(piece)
            yield piece
        if left <= 0:
            return
