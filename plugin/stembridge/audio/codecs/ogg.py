"""Ogg pages: whether all of them are there, because a lost one shifts everything behind it in silence.

The pages of RFC 3533 carry a sequence number and a checksum each; the last one of a stream is marked.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

_HEADER = 27
_LAST = 4
_LONGEST = _HEADER + 255 + 255 * 255
_CHUNK = 1 << 20
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class OggLayout:
    """What a walk over an Ogg file's pages found.

    Attributes
    ----------
    broken_at
        Byte at which a page is damaged or missing, None when all are there.
    torn
        True when the file ends inside a page.
    ended
        True when every stream's last page is there.
    """

    broken_at: int | None
    torn: bool
    ended: bool


def scan(path: Path) -> OggLayout:
    """Walk over all pages of a file."""
    following: dict[int, int] = {}
    open_streams: set[int] = set()
    offset = 0
    with path.open("rb") as file:
        buffer, inside = file.read(_CHUNK), 0
        while True:
            if len(buffer) - inside < _LONGEST:
                buffer, inside = buffer[inside:] + file.read(_CHUNK), 0
            left = len(buffer) - inside
            if left == 0:
                return OggLayout(None, torn=False, ended=not open_streams)
            length = _page_length(buffer, inside)
            if length is None:
                # Behind the end of all streams anything may stand.
                over = bool(following) and not open_streams
                return OggLayout(None if over else offset, torn=False, ended=over)
            if length > left:
                return OggLayout(None, torn=True, ended=False)
            page = buffer[inside : inside + length]
            serial, number = int.from_bytes(page[14:18], "little"), int.from_bytes(page[18:22], "little")
            if not _is_sound(page) or number != following.get(serial, number):
                return OggLayout(offset, torn=False, ended=False)
            following[serial] = number + 1 & 0xFFFFFFFF
            if page[5] & _LAST:
                open_streams.discard(serial)
            else:
                open_streams.add(serial)
            inside += length
            offset += length


def _page_length(buffer: bytes, at: int) -> int | None:
    """Give a page's length in bytes, too much when its header isn't whole, None when there is no page."""
    if not b"OggS".startswith(buffer[at : at + 4]) and buffer[at : at + 4] != b"OggS":
        return None
    if len(buffer) - at < _HEADER:
        return _LONGEST
    segments = buffer[at + 26]
    table = buffer[at + _HEADER : at + _HEADER + segments]
    return _HEADER + segments + sum(table) if len(table) == segments else _LONGEST


def _is_sound(page: bytes) -> bool:
    """Compare the checksum: CRC-32 with polynomial 04c11db7, not reflected, from 0, not inverted.

    With the bits of every byte reversed it is zlib's, reversed, which runs at the speed of memory.
    """
    clean = page[:22] + bytes(4) + page[26:]
    found = zlib.crc32(clean.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return found.to_bytes(4, "little").translate(_REVERSED) == page[22:26][::-1]
