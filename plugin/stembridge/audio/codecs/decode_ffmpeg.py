"""Reading m4a and video through the ffmpeg program, where PyAV isn't installed.

The samples come as float32 through a pipe, from the start of the file, and are counted: a seek isn't
exact in these files.
"""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.audio.codecs import ffmpeg, probe
from stembridge.audio.codecs.decode_av import check_promised
from stembridge.audio.codecs.source import SourceInfo, cut, damaged, ends_early, is_lossy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 65536


def available() -> bool:
    """Say whether ffmpeg and ffprobe are installed."""
    return ffmpeg.find() is not None and probe.available()


def inspect(path: Path) -> SourceInfo:
    """Look into a file and count its frames by decoding them.

    Raises
    ------
    InputError
        ``source_damaged``, or ``source_empty`` when there is no audio track.
    """
    found = probe.probe(path)
    info = SourceInfo(
        path, 0, found.rate, found.channels, found.container, found.codec, lossy=is_lossy(found.codec),
        reader="ffmpeg", exact=True, note=found.note,
    )  # fmt: skip
    frames = sum(len(block) for block in _decoded(info, found.index))
    check_promised(path, frames / info.rate, found.seconds)
    return dataclasses.replace(info, frames=frames)


def read(info: SourceInfo, first_frame: int, frames: int, block_frames: int) -> Iterator[NDArray[np.float32]]:
    """Give exactly ``frames`` frames from ``first_frame`` on, or raise ``source_damaged``."""
    done = 0
    index = probe.probe(info.path).index
    for block in cut(_decoded(info, index), first_frame, frames, block_frames):
        done += len(block)
        yield block
    if done < frames:
        raise ends_early(info, first_frame + done)


def _decoded(info: SourceInfo, index: int) -> Iterator[NDArray[np.float32]]:
    import numpy as np

    program = ffmpeg.find()
    if program is None:
        raise damaged(info.path, f"'{info.path.name}' can't be decoded, because ffmpeg has gone")
    frame_bytes = 4 * info.channels
    source = ["-xerror", "-protocol_whitelist", "file,pipe", "-i", ffmpeg.as_url(info.path)]
    shape = ["-map", f"0:{index}", "-vn", "-ac", str(info.channels), "-ar", str(info.rate)]
    with tempfile.TemporaryFile() as messages:
        process = ffmpeg.start(
            program,
            [*source, *shape, "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
        )
        try:
            pipe = process.stdout
            while pipe is not None and (raw := pipe.read(_BLOCK * frame_bytes)):
                whole = len(raw) - len(raw) % frame_bytes
                yield np.frombuffer(raw[:whole], "<f4").reshape(-1, info.channels).astype(np.float32)
            if process.wait() != 0:
                messages.seek(0)
                said = messages.read(2000).decode("utf-8", "replace").strip()
                raise damaged(
                    info.path, f"'{info.path.name}' can't be decoded; it is damaged or cut short", ffmpeg=said
                )
        finally:
            ffmpeg.stop(process)
