"""A track as a virtual WAV file: 32-bit floats, any range of its bytes, never more than a block in memory."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping

from starlette.responses import Response, StreamingResponse

from stembridge.panel.tracks import BLOCK, Track

DATA_OFFSET = 72
"""Bytes before the first sample; a multiple of 8, so that a page may view the file as floats."""
_TOO_LONG = 0xFFFF_FFFF
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def frame_bytes(track: Track) -> int:
    """Give the bytes of a frame."""
    return 4 * track.channels


def total_bytes(track: Track) -> int:
    """Give the length of the whole file."""
    return DATA_OFFSET + track.frames * frame_bytes(track)


def header(track: Track) -> bytes:
    """Give what stands before the samples; above 4 GB the lengths are what streams write there."""
    data = track.frames * frame_bytes(track)
    riff = min(DATA_OFFSET - 8 + data, _TOO_LONG)
    width = frame_bytes(track)
    fmt = struct.pack(
        "<4sIHHIIHHH", b"fmt ", 18, 3, track.channels, track.rate, track.rate * width, width, 32, 0
    )
    fact = struct.pack("<4sII", b"fact", 4, min(track.frames, _TOO_LONG))
    room = struct.pack("<4sI6x", b"JUNK", 6)
    riff_head = struct.pack("<4sI4s", b"RIFF", riff, b"WAVE")
    return riff_head + fmt + fact + room + struct.pack("<4sI", b"data", min(data, _TOO_LONG))


def span(text: str | None, total: int) -> tuple[int, int] | None:
    """Read a Range header.

    Returns
    -------
    tuple of int or None
        First byte and the one behind the last; None where the whole is to be sent: no header, one that
        can't be understood, several ranges.

    Raises
    ------
    ValueError
        When it names nothing that is there (416).
    """
    match = _RANGE.fullmatch(text.strip()) if text else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        count = int(match[2])
        if not count:
            raise ValueError(text)
        return max(0, total - count), total
    first = int(match[1])
    last = int(match[2]) if match[2] else total - 1
    if match[2] and last < first:
        return None
    if first >= total:
        raise ValueError(text)
    return first, min(last + 1, total)


def bytes_of(track: Track, start: int, end: int) -> Iterator[bytes]:
    """Give the bytes from ``start`` to before ``end`` of the whole file."""
    if start < DATA_OFFSET:
        yield header(track)[start : min(end, DATA_OFFSET)]
    first, last = max(0, start - DATA_OFFSET), end - DATA_OFFSET
    if last <= first:
        return
    width = frame_bytes(track)
    frame, behind = first // width, -(-last // width)
    skip, left = first - frame * width, last - first
    for block in track.blocks(frame, behind - frame):
        data = block.astype("<f4", copy=False).tobytes()[skip : skip + left]
        skip = 0
        left -= len(data)
        yield data


def answer(track: Track, headers: Mapping[str, str], *, head: bool = False) -> Response:
    """Answer a request for the file or a part of it, as RFC 9110 says."""
    total, tag = total_bytes(track), f'"{track.mark}"'
    common = {"accept-ranges": "bytes", "etag": tag, "content-type": "audio/wav"}
    wanted = headers.get("range")
    if headers.get("if-range", tag) != tag:
        wanted = None
    try:
        part = span(wanted, total)
    except ValueError:
        return Response(None, 416, {**common, "content-range": f"bytes */{total}"})
    start, end = part or (0, total)
    sized = {**common, "content-length": str(end - start)}
    if part is not None:
        sized["content-range"] = f"bytes {start}-{end - 1}/{total}"
    status = 200 if part is None else 206
    if head:
        return Response(None, status, sized)
    return StreamingResponse(bytes_of(track, start, end), status, sized)


__all__ = ["BLOCK", "DATA_OFFSET", "answer", "bytes_of", "frame_bytes", "header", "span", "total_bytes"]
