"""FLAC streams of unknown length: an encoder that writes into a pipe can't go back and fill it in."""

from __future__ import annotations

import io
from pathlib import Path

from stembridge.audio.codecs.splice import Spliced

_TOTAL_AT = 21
_TOTAL_BITS = 36


def open_with_length(path: Path, frames: int) -> io.RawIOBase:
    """Open a FLAC file as if its STREAMINFO block (RFC 9639, 8.2) said ``frames``.

    Without a length libsndfile reads, but can't come to the end: it fails on the last block.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = bytearray(file.read(_TOTAL_AT + 5))
    if head[:4] == b"fLaC" and len(head) == _TOTAL_AT + 5:
        field = int.from_bytes(head[_TOTAL_AT:], "big")
        keep = field >> _TOTAL_BITS << _TOTAL_BITS
        head[_TOTAL_AT:] = (keep | frames & (1 << _TOTAL_BITS) - 1).to_bytes(5, "big")
    return Spliced(bytes(head), path, len(head), size)
