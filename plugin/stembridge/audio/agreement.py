"""Agreement: whether we count a compressed file's frames as its host does, and if not, by how many we differ.

Decoders of mp3, AAC and their like disagree about the codec's delay, so that frame 0 of one is frame 1105 of
another. The host sends a few seconds as it reads them; they are looked for in our own decoding. Both come
from the same coded bits, so that a right offset leaves next to nothing of their difference, and no other
one does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.model.errors import TransferError

WINDOW = 8192
"""Offsets up to so many frames to either side are looked for."""
LONGEST = 10
"""Seconds of the host's reading that are compared at most."""
SHORTEST = 512
SAME = 10.0 ** (-25 / 10)
"""Energy of the difference, over that of the host's reading, below which the two are the same sound."""
APART = 10.0
"""Every other offset leaves so many times the energy of the best."""
SILENT = 10.0 ** (-70 / 10)

_HINT = "Separate the item as it is heard: the host renders it then."


def find_offset(info: SourceInfo, witness: Path, first_frame: int) -> int:
    """Find by how many frames our count of a file is ahead of the host's.

    Parameters
    ----------
    info
        The file, as we read it.
    witness
        What the host reads: the file's own rate and channels.
    first_frame
        The witness's first frame, by the host's count.

    Returns
    -------
    int
        Frame n of the host is our frame n plus this.

    Raises
    ------
    TransferError
        ``alignment`` where the two aren't the same sound, or where more than one offset would do.
    InputError
        When a file can't be read.
    """
    heard = inspect(witness)
    if (heard.rate, heard.channels) != (info.rate, info.channels):
        raise _refusal(
            f"The host reads '{info.path.name}' with {heard.channels} channels at {heard.rate} Hz, "
            f"Stembridge with {info.channels} at {info.rate} Hz."
        )
    frames = min(heard.frames, LONGEST * heard.rate)
    theirs = _stretch(heard, 0, frames)
    if frames < SHORTEST or float(np.mean(np.square(theirs))) < SILENT:
        raise _refusal(
            f"Whether the host and Stembridge count the frames of '{info.path.name}' alike can't be told: "
            "the stretch is too short or silent."
        )
    ours = _stretch(info, first_frame - WINDOW, frames + 2 * WINDOW)
    left = _differences(theirs, ours)
    best = int(np.argmin(left))
    others = np.delete(left, best)
    if left[best] > SAME:
        raise _refusal(
            f"The host and Stembridge don't read the compressed file '{info.path.name}' alike, so that its "
            "stems couldn't be put on the right samples."
        )
    if float(others.min()) < APART * max(float(left[best]), 1e-12):
        raise _refusal(
            f"Where the host's frames of '{info.path.name}' lie in the file can't be told: it repeats itself."
        )
    return best - WINDOW


def _stretch(info: SourceInfo, first: int, frames: int) -> NDArray[np.float64]:
    """Read frames, shape (frames, channels), with zeros where the file has none."""
    out = np.zeros((frames, info.channels))
    begin, end = max(0, first), min(info.frames, first + frames)
    if begin < end:
        at = begin - first
        for block in read_blocks(info, begin, end - begin):
            out[at : at + len(block)] = block
            at += len(block)
    return out


def _differences(theirs: NDArray[np.float64], ours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the energy of the difference at every place of ``theirs`` in ``ours``, over that of ``theirs``."""
    frames, room = len(theirs), len(ours)
    size = 1 << (room - 1).bit_length()
    spectra = np.conj(np.fft.rfft(theirs, size, axis=0)) * np.fft.rfft(ours, size, axis=0)
    common = np.fft.irfft(spectra.sum(axis=1), size)[: room - frames + 1]
    energy = np.concatenate(([0.0], np.cumsum(np.square(ours).sum(axis=1))))
    own = float(np.square(theirs).sum())
    return np.asarray((own + energy[frames:] - energy[: room - frames + 1] - 2 * common) / own)


def _refusal(message: str) -> TransferError:
    return TransferError(message, code="alignment", hint=_HINT)
