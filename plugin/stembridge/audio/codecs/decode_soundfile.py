"""Reading through soundfile (libsndfile), with its known gaps closed.

Seeking is exact to the frame for everything but Vorbis, which is decoded from the start. MP3 lengths
come from counted frames (`stembridge.audio.codecs.mpeg`), not from libsndfile's estimate.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.audio.codecs import flac, mpeg, ogg
from stembridge.audio.codecs.source import SourceInfo, cut, damaged, ends_early, is_lossy

if TYPE_CHECKING:
    import numpy as np
    import soundfile
    from numpy.typing import NDArray

_MOST_TRIMMED = 3 * 4096
"""PCM frames that a Xing/LAME tag can have players leave out at both ends together, generously."""
_STEP = 32768
_UNSAID = "The FLAC file doesn't say how long it is; what could be decoded was taken for the whole."
_NO_LAST_PAGE = "The Ogg file's last page is missing; it may have been cut short."


def native_name(path: Path) -> str | bytes:
    """Give a path as soundfile takes it: POSIX names needn't be valid text, so as bytes there."""
    return os.fsencode(path) if os.name == "posix" else str(path)


def inspect(path: Path) -> SourceInfo | None:
    """Look into a file; None when libsndfile can't open it.

    Raises
    ------
    InputError
        ``source_damaged``.
    """
    import soundfile

    try:
        with soundfile.SoundFile(native_name(path)) as sound:
            found = SourceInfo(
                path, sound.frames, sound.samplerate, sound.channels, sound.format, sound.subtype,
                lossy=is_lossy(sound.subtype), reader="soundfile", exact=True,
            )  # fmt: skip
    except (soundfile.LibsndfileError, TypeError):
        # TypeError: a name that ends in .raw, which soundfile won't open without being told a rate.
        return None
    if found.codec.startswith("MPEG_LAYER"):
        return _mpeg(found)
    if found.container == "OGG":
        return _ogg(found)
    if found.frames > 1 << 48:
        return _with_frames(found, _count(found), exact=False, note=_UNSAID)
    return found


def _mpeg(found: SourceInfo) -> SourceInfo:
    layout = mpeg.scan(found.path)
    if layout is None:
        # Layer I or II, or a free bit rate: only decoding tells.
        return _with_frames(found, _count(found), exact=False)
    spf = layout.samples_per_frame
    if layout.gap_at is not None:
        raise damaged(
            found.path,
            f"'{found.path.name}' can't be read about {layout.gap_at * spf / layout.rate:.2f} s in",
        )
    if layout.promised is not None and layout.promised > layout.count + 1:
        raise damaged(
            found.path,
            f"'{found.path.name}' is cut short: {layout.count * spf / layout.rate:.2f} s of "
            f"{layout.promised * spf / layout.rate:.2f} s are there",
        )
    if _trusted(layout, found.frames):
        return found
    note = "The MP3 ends in the middle of a frame; it may have been cut short." if layout.cut_off else ""
    return _with_frames(found, layout.frames, exact=not layout.cut_off, note=note)


def _ogg(found: SourceInfo) -> SourceInfo:
    layout = ogg.scan(found.path)
    if layout.broken_at is not None:
        share = 100 * layout.broken_at / found.path.stat().st_size
        raise damaged(found.path, f"'{found.path.name}' is damaged about {share:.1f} % of the way through")
    if layout.torn:
        raise damaged(found.path, f"'{found.path.name}' is cut short: it ends in the middle of a page")
    if layout.ended:
        return found
    return _with_frames(found, found.frames, exact=False, note=_NO_LAST_PAGE)


def _trusted(layout: mpeg.Mp3Layout, frames: int) -> bool:
    """Say whether libsndfile's own length agrees with the frames that were counted."""
    return layout.true_header and 0 <= layout.count * layout.samples_per_frame - frames <= _MOST_TRIMMED


def _with_frames(info: SourceInfo, frames: int, *, exact: bool, note: str = "") -> SourceInfo:
    import dataclasses

    return dataclasses.replace(info, frames=frames, exact=exact, note=note)


def _count(info: SourceInfo) -> int:
    """Count by decoding; what is left before a place that can't be decoded, down to the single frame."""
    import soundfile

    total, step = 0, _STEP
    while step:
        try:
            with soundfile.SoundFile(native_name(info.path)) as sound:
                sound.seek(total)
                _read_straight_on(sound)
                while got := len(sound.read(step, dtype="float32", always_2d=True)):
                    total += got
                step = 0
        except soundfile.LibsndfileError:
            step //= 2
    return total


def _read_straight_on(sound: soundfile.SoundFile) -> None:
    """Stop soundfile from seeking to where it is anyway after every read.

    Such a seek makes an Opus decoder start anew, with other samples, and fails at the end of a FLAC
    file that doesn't say its length.
    """
    sound.seekable = lambda: False


def read(info: SourceInfo, first_frame: int, frames: int, block_frames: int) -> Iterator[NDArray[np.float32]]:
    """Give exactly ``frames`` frames from ``first_frame`` on.

    Raises
    ------
    InputError
        ``source_damaged`` where they can't be decoded.
    """
    import soundfile

    done = 0
    try:
        with _opened(info) as (sound, offset):
            skip = first_frame if info.codec == "VORBIS" else 0
            if not skip:
                sound.seek(offset + first_frame)
            _read_straight_on(sound)
            for block in cut(_forward(sound, skip + frames, block_frames), skip, frames, block_frames):
                done += len(block)
                yield block
    except soundfile.LibsndfileError:
        raise ends_early(info, first_frame + done) from None
    if done < frames:
        raise ends_early(info, first_frame + done)


def _forward(sound: soundfile.SoundFile, frames: int, block_frames: int) -> Iterator[NDArray[np.float32]]:
    left = frames
    while left:
        block: NDArray[np.float32] = sound.read(min(block_frames, left), dtype="float32", always_2d=True)
        if not len(block):
            return
        left -= len(block)
        yield block


@contextlib.contextmanager
def _opened(info: SourceInfo) -> Iterator[tuple[soundfile.SoundFile, int]]:
    """Open for reading: the file, and where its first frame lies in what libsndfile gives."""
    import soundfile

    if info.container == "FLAC" and not info.exact:
        with flac.open_with_length(info.path, info.frames) as file, soundfile.SoundFile(file) as sound:
            yield sound, 0
        return
    layout = mpeg.scan(info.path) if info.codec == "MPEG_LAYER_III" else None
    if layout is None or _trusted(layout, info.frames):
        with soundfile.SoundFile(native_name(info.path)) as sound:
            yield sound, 0
        return
    spliced, offset = mpeg.open_counted(info.path, layout)
    with spliced, soundfile.SoundFile(spliced) as sound:
        yield sound, offset
