"""First bytes and length fields of containers: what a file is, and whether all of it is there.

libsndfile quietly shortens a file that holds less than its header promises. What the headers promise
is read here: RIFF/RF64 (EBU Tech 3306), AIFF, Apple CAF, Sony Wave64, NeXT/Sun AU.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from stembridge.audio.codecs.source import damaged

_SOUND = (
    b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b"caff", b"fLaC", b"OggS", b".snd", b"dns.", b"riff",
    b"NIST", b"Crea", b"ID3", b"ajkg", b"2BIT",
)  # fmt: skip
_MEDIA = (
    b"\x1a\x45\xdf\xa3", b"0&\xb2u", b"FLV\x01", b"wvpk", b"MAC ", b"TTA1", b"tBaK", b"MPCK", b"MP+",
    b"DSD ", b"FRM8", b"\x00\x00\x01\xba", b"\x0bw", b"#!AMR", b".RMF", b"\x7f\xfe\x80\x01",
)  # fmt: skip
_MP4_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_CHUNKS = 100_000


def looks_like_sound(head: bytes) -> bool:
    """Say whether a file that starts like this is of a kind that soundfile reads."""
    return head.startswith(_SOUND) or _is_mpeg_audio(head)


def looks_like_media(head: bytes) -> bool:
    """Say whether a file that starts like this may hold sound that PyAV or ffmpeg read.

    Only known signatures: ffmpeg itself takes many a text for a picture or a playlist.
    """
    return (
        head.startswith(_MEDIA)
        or head[4:8] in _MP4_ATOMS
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or head.startswith((b"OggS", b"caff", b"fLaC", b"ID3"))
        or (len(head) > 376 and head[0] == head[188] == head[376] == 0x47)
        or _is_mpeg_audio(head)
    )


def _is_mpeg_audio(head: bytes) -> bool:
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFF


def check_whole(path: Path) -> None:
    """Raise `InputError` ``source_damaged`` when the file holds less sound than its header promises.

    A length that a stream's writer couldn't know (all ones, or the values in use for that) promises
    nothing. Kinds of files that aren't known here pass.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(40)
        span = _sound_span(file, head)
    if span is None:
        return
    start, promised = span
    there = max(0, size - start)
    if promised > there:
        raise damaged(
            path,
            f"'{path.name}' is cut short: {promised - there} of the {promised} bytes of sound that its "
            "header promises are missing",
            promised=promised,
            there=there,
        )
    if head[:4] in {b"RIFF", b"RIFX", b"FORM"} and there - promised >= 1 << 32:
        raise damaged(
            path,
            f"'{path.name}' is larger than a header of its kind can say (4 GiB), so its length is unknown",
            promised=promised,
            there=there,
        )


def _sound_span(file: BinaryIO, head: bytes) -> tuple[int, int] | None:
    """Give where the sound starts and its promised length, both in bytes; None where nothing is promised."""
    kind = head[:4]
    if kind in {b"RIFF", b"RF64", b"BW64"}:
        return _riff_span(file, "little", b"data")
    if kind == b"RIFX":
        return _riff_span(file, "big", b"data")
    if kind == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return _riff_span(file, "big", b"SSND")
    if kind == b"riff":
        return _w64_span(file)
    if kind == b"caff":
        return _caf_span(file)
    if kind in {b".snd", b"dns."}:
        order = "big" if kind == b".snd" else "little"
        start, promised = _number(head[4:8], order), _number(head[8:12], order)
        return None if _unknown(promised) else (start, promised)
    return None


def _riff_span(file: BinaryIO, order: str, wanted: bytes) -> tuple[int, int] | None:
    large: int | None = None
    for name, start, length in _riff_chunks(file, order):
        if name == b"ds64":
            file.seek(start + 8)
            large = _number(file.read(8), "little")
        elif name == wanted:
            promised = large if large is not None and length == 0xFFFFFFFF else length
            return None if _unknown(promised) else (start, promised)
    return None


def _riff_chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, int, int]]:
    position = 12
    for _ in range(_CHUNKS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return
        length = _number(header[4:], order)
        yield header[:4], position + 8, length
        position += 8 + length + length % 2


def _w64_span(file: BinaryIO) -> tuple[int, int] | None:
    position = 40
    for _ in range(_CHUNKS):
        file.seek(position)
        header = file.read(24)
        if len(header) < 24:
            return None
        length = _number(header[16:], "little")
        if header[:4] == b"data":
            return position + 24, max(0, length - 24)
        position += max(24, (length + 7) & ~7)
    return None


def _caf_span(file: BinaryIO) -> tuple[int, int] | None:
    position = 8
    for _ in range(_CHUNKS):
        file.seek(position)
        header = file.read(12)
        if len(header) < 12:
            return None
        length = _number(header[4:], "big")
        if header[:4] == b"data":
            # All ones: unknown, and then the last chunk.
            return None if length >> 63 else (position + 12, length)
        position += 12 + length
    return None


def _number(raw: bytes, order: str) -> int:
    return int.from_bytes(raw, "big" if order == "big" else "little")


def _unknown(length: int) -> bool:
    # What writers into a pipe put there: 0, all ones, or a little under 2 GiB (sox).
    return length == 0 or 0xFFFFF000 <= length <= 0xFFFFFFFF or 0x7FFFF000 <= length <= 0x80000000
