"""Reading sources: what a file holds, and any stretch of it, exact to the frame.

Whatever libsndfile opens is read through soundfile; m4a, video and the like through PyAV, or the
ffmpeg program where PyAV isn't installed. Samples are float32 with 1.0 as full scale, never scaled.
"""

from __future__ import annotations

import functools
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.audio.codecs import decode_av, decode_ffmpeg, decode_soundfile
from stembridge.audio.codecs.containers import check_whole, looks_like_media, looks_like_sound
from stembridge.audio.codecs.source import FORMATS_HINT, SourceInfo, damaged
from stembridge.model.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SourceInfo", "inspect", "read_blocks"]

_READERS = {
    "soundfile": decode_soundfile.read,
    "av": decode_av.read,
    "ffmpeg": decode_ffmpeg.read,
}


def inspect(path: Path) -> SourceInfo:
    """Look into a source file.

    Costs next to nothing for most files: the headers of an MP3's frames are counted, and files that
    only PyAV or ffmpeg read are decoded once, in blocks, because nothing else tells their length.
    An unchanged file isn't counted twice in one process.

    Raises
    ------
    InputError
        ``source_missing``; ``source_not_file`` for a folder, a pipe or a device, which is never
        opened; ``source_empty``; ``source_unreadable`` for anything that isn't audio;
        ``decoder_missing`` when PyAV or ffmpeg could read it; ``source_damaged`` when there is less
        in it than its header promises, or a stretch that can't be read.
    """
    try:
        status = path.stat()
    except PermissionError:
        raise _forbidden(path) from None
    except (OSError, ValueError):
        raise InputError(
            f"The file '{path.name}' isn't there.",
            code="source_missing",
            hint="Check the name and the folder.",
            context={"source": str(path)},
        ) from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise InputError(
            f"'{path.name}' is {kind}, not a file.",
            code="source_not_file",
            hint="Choose an audio file." if kind == "a folder" else "Save the audio to a file first.",
            context={"source": str(path)},
        )
    if status.st_size == 0:
        raise _empty(path)
    try:
        return _inspect(path, status.st_size, status.st_mtime_ns)
    except PermissionError:
        raise _forbidden(path) from None
    except OSError as error:
        raise damaged(path, f"'{path.name}' can't be read ({error.strerror or error})") from error


def read_blocks(
    info: SourceInfo, first_frame: int, frames: int, *, block_frames: int = 65536
) -> Iterator[NDArray[np.float32]]:
    """Give a stretch of a source.

    Parameters
    ----------
    info
        From `inspect`.
    first_frame
        From 0, at the file's own rate.
    frames
        How many, at least 0; the stretch lies inside the file.
    block_frames
        Longest block, at least 1.

    Yields
    ------
    NDArray[np.float32]
        Blocks of shape (1 to ``block_frames``, channels), together exactly ``frames`` frames.

    Raises
    ------
    ValueError
        A stretch outside the file: a fault of the caller.
    InputError
        ``source_damaged`` where the samples can't be decoded; what was given before is right.
        ``source_missing`` when the file has gone.
    """
    if first_frame < 0 or frames < 0 or first_frame + frames > info.frames:
        raise ValueError(f"frames {first_frame} to {first_frame + frames} of {info.frames}")
    if frames:
        yield from _guarded(info, _READERS[info.reader](info, first_frame, frames, block_frames))


def _guarded(info: SourceInfo, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    # Only what the reader itself raises is translated: the consumer's own errors never pass through here.
    try:
        yield from blocks
    except FileNotFoundError:
        raise InputError(
            f"The file '{info.path.name}' has gone.",
            code="source_missing",
            hint="Put it back, then try again.",
            context={"source": str(info.path)},
        ) from None
    except OSError as error:
        raise damaged(info.path, f"'{info.path.name}' can't be read ({error.strerror or error})") from error


@functools.lru_cache(maxsize=32)
def _inspect(path: Path, _size: int, _mtime_ns: int) -> SourceInfo:
    with path.open("rb") as file:
        head = file.read(512)
    check_whole(path)
    info = decode_soundfile.inspect(path)
    if info is None:
        info = _through_ffmpeg(path, head)
    if info.frames < 1 or info.channels < 1:
        raise _empty(path)
    return info


def _through_ffmpeg(path: Path, head: bytes) -> SourceInfo:
    if not looks_like_media(head):
        if looks_like_sound(head):
            raise damaged(path, f"'{path.name}' starts like audio but can't be decoded")
        raise InputError(
            f"'{path.name}' is no audio file that can be read.",
            code="source_unreadable",
            hint=FORMATS_HINT,
            context={"source": str(path)},
        )
    if decode_av.available():
        return decode_av.inspect(path)
    if decode_ffmpeg.available():
        return decode_ffmpeg.inspect(path)
    raise InputError(
        f"Reading '{path.name}' needs PyAV or the ffmpeg program, and neither is installed.",
        code="decoder_missing",
        hint='Run: pip install "stembridge[video]" - or install ffmpeg.',
        context={"source": str(path)},
    )


def _forbidden(path: Path) -> InputError:
    return InputError(
        f"'{path.name}' may not be read.",
        code="source_unreadable",
        hint="Ask for the right to read the file, or choose a copy of it.",
        context={"source": str(path)},
    )


def _empty(path: Path) -> InputError:
    return InputError(
        f"'{path.name}' holds no audio.",
        code="source_empty",
        hint="Choose a file with at least one sample.",
        context={"source": str(path)},
    )
