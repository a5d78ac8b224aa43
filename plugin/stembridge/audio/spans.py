"""Spans of a rendered region: their samples by name, and as a file of their own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.joints import Piece
from stembridge.audio.writers import StemWriter
from stembridge.model.formats import FORMATS


def digest(path: Path, span: Piece) -> str:
    """Give the hash of a span's samples, as `RegionFile.sha256` would be were it a region."""
    found = hashlib.sha256()
    for block in read_blocks(inspect(path), span.first, span.frames):
        found.update(np.ascontiguousarray(block, "<f4").data)
    return found.hexdigest()


def extract(path: Path, span: Piece, target: Path) -> None:
    """Write a span as a float32 WAV, sample by sample as it is; a file there is replaced.

    Raises
    ------
    InputError
        When ``path`` can't be read.
    StoreError
        When ``target`` can't be written.
    """
    info = inspect(path)
    with StemWriter(
        target, FORMATS["wav32f"], rate=info.rate, channels=info.channels, frames=span.frames
    ) as writer:
        for block in read_blocks(info, span.first, span.frames):
            writer.write(block)
        writer.commit()
