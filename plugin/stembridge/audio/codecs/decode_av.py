"""Reading m4a, video and what else soundfile can't open through PyAV, which carries ffmpeg's decoders.

Frame 0 is the first sample that is meant to be heard: an edit list or an iTunSMPB tag takes the
encoder's delay away. Any region is decoded from the start, because a seek isn't exact in these files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stembridge.audio.codecs.choice import Track, choose, no_sound
from stembridge.audio.codecs.source import SourceInfo, cut, damaged, ends_early, is_lossy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_ADRIFT = 0.1
"""Seconds by which a time stamp may differ from the count of samples: Matroska rounds to milliseconds,
and a whole lost packet of a short kind lasts no longer than that."""
_DEFAULT = 1
"""ffmpeg's AV_DISPOSITION_DEFAULT."""


def available() -> bool:
    """Say whether PyAV is installed."""
    try:
        import av  # noqa: F401
    except ImportError:
        return False
    return True


def inspect(path: Path) -> SourceInfo:
    """Look into a file and count its frames by decoding them.

    Raises
    ------
    InputError
        ``source_damaged``, or ``source_empty`` when there is no audio track.
    """
    with _opened(path) as (container, stream, note):
        info = SourceInfo(
            path, 0, stream.rate, stream.channels, container.format.name.split(",")[0],
            stream.codec_context.name, lossy=is_lossy(stream.codec_context.name), reader="av",
            exact=True, note=note,
        )  # fmt: skip
        promised = float(stream.duration * stream.time_base) if stream.duration else None
        frames = sum(len(block) for block in _decoded(info, container, stream))
    check_promised(path, frames / info.rate, promised)
    return _with_frames(info, frames)


def check_promised(path: Path, seconds: float, promised: float | None) -> None:
    """Raise ``source_damaged`` when less was decoded than the container says, beyond its rounding."""
    if promised is not None and seconds < promised - _MOST_ADRIFT:
        raise damaged(
            path, f"'{path.name}' is cut short: {seconds:.2f} s of {promised:.2f} s could be decoded"
        )


def read(info: SourceInfo, first_frame: int, frames: int, block_frames: int) -> Iterator[NDArray[np.float32]]:
    """Give exactly ``frames`` frames from ``first_frame`` on, or raise ``source_damaged``."""
    done = 0
    with _opened(info.path) as (container, stream, _):
        for block in cut(_decoded(info, container, stream), first_frame, frames, block_frames):
            done += len(block)
            yield block
    if done < frames:
        raise ends_early(info, first_frame + done)


def _lenient(version: str) -> dict[str, Any]:
    """Give what makes PyAV bear tags in an unknown encoding; from 19 on it takes no word about them."""
    return {"metadata_errors": "ignore"} if int(version.partition(".")[0]) < 19 else {}


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any, str]]:
    import av

    try:
        # A Python file instead of a name: no protocol, no second file can be opened through it.
        with path.open("rb") as file, av.open(file, **_lenient(av.__version__)) as container:
            tracks = [
                Track(one.index, _is_default(one), one.codec_context is not None)
                for one in container.streams
                if one.type == "audio"
            ]
            if not tracks:
                raise no_sound(path)
            index, note = choose(tracks)
            yield container, container.streams[index], note
    except av.error.FFmpegError:
        raise damaged(path, f"'{path.name}' can't be decoded; it is damaged or cut short") from None


def _is_default(stream: Any) -> bool:
    # PyAV before 14 doesn't tell.
    return bool(int(getattr(stream, "disposition", 0)) & _DEFAULT)


def _decoded(info: SourceInfo, container: Any, stream: Any) -> Iterator[NDArray[np.float32]]:
    import av
    import numpy as np

    to_float = av.AudioResampler(format="flt")
    count = 0
    start: float | None = None
    for frame in container.decode(stream):
        if (frame.sample_rate, len(frame.layout.channels)) != (info.rate, info.channels):
            raise damaged(info.path, f"'{info.path.name}' changes its sample rate or channels midway")
        if frame.pts is not None and frame.time_base is not None:
            at = float(frame.pts * frame.time_base) - count / info.rate
            start = at if start is None else start
            if abs(at - start) > _MOST_ADRIFT:
                raise damaged(
                    info.path,
                    f"'{info.path.name}' has a gap in its sound at {count / info.rate:.2f} s",
                    frame=count,
                )
        for plain in to_float.resample(frame):
            block = plain.to_ndarray().reshape(-1, info.channels).astype(np.float32, copy=False)
            count += len(block)
            yield block


def _with_frames(info: SourceInfo, frames: int) -> SourceInfo:
    import dataclasses

    return dataclasses.replace(info, frames=frames)
