"""Whether a file that arrived is whole: every sample of it is decoded."""

from __future__ import annotations

import hashlib
from pathlib import Path

from stembridge.audio.codecs.source import SourceInfo
from stembridge.engines.base import Asked
from stembridge.model.errors import Cancelled, InputError, TransferError

_BLOCK = 1 << 16
_STREAMINFO = 42
_HINT = "Fetch it again with `stembridge jobs resume`: it isn't charged again."


def verify(path: Path, label: str, cancelled: Asked = bool) -> SourceInfo:
    """Decode all of a file.

    FLAC's frames have checksums, and its head one of all samples (RFC 9639, 8.2): both are held
    against what is there.

    Parameters
    ----------
    label
        What to call it in front of people.
    cancelled
        Asked at every block.

    Returns
    -------
    SourceInfo
        What it holds.

    Raises
    ------
    TransferError
        When it isn't whole, or no audio.
    InputError
        ``decoder_missing``: nothing here can read it, whole or not.
    Cancelled
        The file stays.
    """
    from stembridge.audio.files import inspect, read_blocks

    try:
        info = inspect(path)
        if info.container == "FLAC" and (digest := _promised(path)) is not None:
            return _checked(path, info, digest, label, cancelled)
        for block in read_blocks(info, 0, info.frames):
            del block
            _ask(cancelled)
    except InputError as problem:
        if problem.code == "decoder_missing":
            raise
    else:
        return info
    raise damaged(label)


def damaged(label: str) -> TransferError:
    """Say that a file didn't arrive whole."""
    return TransferError(f"'{label}' arrived damaged or cut short.", hint=_HINT, context={"file": label})


def _promised(path: Path) -> tuple[int, bytes] | None:
    """Give the bits and the MD5 that a FLAC file's head names; None where it names none."""
    with path.open("rb") as file:
        head = file.read(_STREAMINFO)
    if len(head) < _STREAMINFO or head[:4] != b"fLaC" or not any(head[26:42]):
        return None
    bits = (int.from_bytes(head[20:22], "big") >> 4 & 0x1F) + 1
    return bits, head[26:42]


def _ask(cancelled: Asked) -> None:
    if cancelled():
        raise Cancelled


def _checked(
    path: Path, info: SourceInfo, promised: tuple[int, bytes], label: str, cancelled: Asked
) -> SourceInfo:
    import numpy as np
    import soundfile

    bits, digest = promised
    width = (bits + 7) // 8
    seen, frames = hashlib.md5(usedforsecurity=False), 0
    whole = True
    try:
        with soundfile.SoundFile(path) as file:
            while len(block := file.read(_BLOCK, dtype="int32", always_2d=True)):
                _ask(cancelled)
                frames += len(block)
                steps = np.ascontiguousarray(block >> (32 - bits), dtype="<i4")
                seen.update(steps.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
    except soundfile.LibsndfileError:
        whole = False
    if not whole or frames != info.frames or seen.digest() != digest:
        raise damaged(label)
    return info
