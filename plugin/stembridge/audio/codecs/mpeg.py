"""MP3 frames: counted one by one, because the decoder guesses where a file has no header of its own.

libsndfile (mpg123) trusts the Xing/Info frame in front of a file; without one it estimates the length
from the first frame's bit rate, and cuts a file of varying bit rate short in silence. Over a gap in
the middle it goes on as if nothing was lost. Counting the frame headers (ISO 11172-3, 2.4.1.3;
two hours have 275,000, a tenth of a second of work) finds both. For a file without a true
header, a true one is put in front on the way to the decoder; the file itself is left as it is.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stembridge.audio.codecs.splice import Spliced

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_DECODER_DELAY = 529
_CHUNK = 1 << 20
_LONGEST = 1 << 12
_SEARCH = 1 << 17
_CHAIN = 3
_NO_CRC = 1 << 16


@dataclass(frozen=True, slots=True)
class Mp3Layout:
    """The frames of an MP3 file.

    Attributes
    ----------
    audio_start, audio_end
        Bytes: the first frame that holds sound, and the end of the last whole frame.
    count
        Whole frames of sound.
    header
        The first frame's header, 32 bits.
    tagged
        True when a Xing or Info frame stands in front.
    promised
        The count in it, None where it says none.
    delay
        Samples that the encoder put in front, as the tag says.
    leading
        True when something that is neither a tag nor a frame stands in front.
    cut_off
        True when the last frame isn't whole.
    gap_at
        Frames before a stretch that can't be read, with readable frames behind it; None: no such.
    """

    audio_start: int
    audio_end: int
    count: int
    header: int
    tagged: bool
    promised: int | None
    delay: int
    leading: bool
    cut_off: bool
    gap_at: int | None

    @property
    def samples_per_frame(self) -> int:
        """PCM frames that one MPEG frame decodes to."""
        return _samples(self.header)

    @property
    def rate(self) -> int:
        """Sample rate in Hz."""
        return _RATES[self.header >> 19 & 3][self.header >> 10 & 3]

    @property
    def true_header(self) -> bool:
        """True when the file's own header counts right, so that the decoder may be left to it."""
        return self.promised == self.count and not self.leading

    @property
    def skipped(self) -> int:
        """PCM frames at the start that players leave out."""
        return self.delay + _DECODER_DELAY if self.tagged else 0

    @property
    def frames(self) -> int:
        """Length in PCM frames as `open_counted` gives it."""
        return max(0, self.count * self.samples_per_frame - self.skipped)


def scan(path: Path) -> Mp3Layout | None:
    """Count the frames of an MP3 file; None when it isn't MPEG layer III at a stated bit rate."""
    status = path.stat()
    return _scan(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _scan(path: Path, size: int, _mtime_ns: int) -> Mp3Layout | None:
    with path.open("rb") as file:
        begin = _behind_id3(file, 0)
        first = _find_chain(file, begin, min(size, begin + _SEARCH), size)
        if first is None:
            return None
        file.seek(first)
        frame = file.read(_LONGEST)
        header = int.from_bytes(frame[:4], "big")
        tagged, promised, delay = _read_tag(frame, header)
        start = first + (_length(header) if tagged else 0)
        count, end, cut_off, gap = _walk(file, start, size, header)
        return Mp3Layout(
            start,
            end,
            count,
            header,
            tagged,
            promised,
            delay,
            first != begin,
            cut_off,
            count if gap else None,
        )


def _walk(file: BinaryIO, start: int, size: int, header: int) -> tuple[int, int, bool, bool]:
    """Step from frame to frame: (whole frames, end of the last, the last is cut off, more behind a gap)."""
    lengths = _length_table(header)
    count, position, last = 0, start, 0
    while position + 4 <= size:
        file.seek(position)
        chunk = file.read(_CHUNK)
        inside, limit = 0, len(chunk) - 4
        while inside <= limit and chunk[inside] == 0xFF:
            step = lengths[chunk[inside + 1] << 8 | chunk[inside + 2]]
            if not step:
                break
            inside += step
            count += 1
            last = step
        position += inside
        if position > size:
            return count - 1, position - last, True, False
        if inside <= limit:
            behind = _behind_id3(file, position)
            if behind == position:
                return count, position, False, _goes_on(file, position, size, header)
            position = behind
    return count, position, False, False


def _goes_on(file: BinaryIO, position: int, size: int, header: int) -> bool:
    """Say whether frames of the same kind follow somewhere behind."""
    file.seek(position)
    trailer = file.read(11)
    if trailer.startswith((b"APETAGEX", b"LYRICSBEGIN")) or (
        trailer.startswith(b"TAG") and size - position <= 128
    ):
        return False
    return _find_chain(file, position, size, size, like=header) is not None


def _find_chain(file: BinaryIO, begin: int, end: int, size: int, like: int | None = None) -> int | None:
    """Find the first place in [begin, end) where frames follow each other."""
    while begin < end:
        file.seek(begin)
        chunk = file.read(_CHUNK + _CHAIN * _LONGEST)
        usable = min(len(chunk), end - begin, _CHUNK)
        at = chunk.find(b"\xff", 0, usable)
        while at >= 0:
            if _is_chain(chunk, at, size - begin, like):
                return begin + at
            at = chunk.find(b"\xff", at + 1, usable)
        begin += _CHUNK
    return None


def _is_chain(chunk: bytes, at: int, size: int, like: int | None) -> bool:
    kind = like
    for _ in range(_CHAIN):
        header = int.from_bytes(chunk[at : at + 4], "big")
        step = _length(header)
        if not step or at + step > size or (kind is not None and _kind(header) != _kind(kind)):
            return False
        kind = header
        at += step
        if at == size or chunk[at : at + 3] in {b"TAG", b"ID3"}:
            # A file of one or two frames.
            return like is None
    return True


def _behind_id3(file: BinaryIO, position: int) -> int:
    while True:
        file.seek(position)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 127:
            return position
        length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        position += 10 + length + (10 if head[5] & 0x10 else 0)


def _samples(header: int) -> int:
    return 1152 if header >> 19 & 3 == 3 else 576


def _kind(header: int) -> int:
    # Sync, version, layer, sample rate: what stays the same throughout a file.
    return header & 0xFFFE0C00


def _length(header: int) -> int:
    """Give a frame's length in bytes, 0 for what is no layer III header with a stated bit rate."""
    version, layer, index, rate = header >> 19 & 3, header >> 17 & 3, header >> 12 & 15, header >> 10 & 3
    if header >> 21 != 0x7FF or version == 1 or layer != 1 or index in {0, 15} or rate == 3:
        return 0
    bits = (_KBITS_1 if version == 3 else _KBITS_2)[index] * 1000
    return _samples(header) // 8 * bits // _RATES[version][rate] + (header >> 9 & 1)


def _length_table(header: int) -> list[int]:
    """Give the frame length by the header's second and third byte, 0 for frames of another kind."""
    candidates = (0xFF000000 | middle << 8 for middle in range(65536))
    return [_length(one) if _kind(one) == _kind(header) else 0 for one in candidates]


def _side_info(header: int) -> int:
    mono = header >> 6 & 3 == 3
    if header >> 19 & 3 == 3:
        return 17 if mono else 32
    return 9 if mono else 17


def _read_tag(frame: bytes, header: int) -> tuple[bool, int | None, int]:
    """Read the Xing/Info tag: (it is there, frames, encoder delay)."""
    at = 4 + _side_info(header)
    for offset in (at, at + 2):
        if frame[offset : offset + 4] in {b"Xing", b"Info"}:
            break
    else:
        return False, None, 0
    flags = int.from_bytes(frame[offset + 4 : offset + 8], "big")
    promised = int.from_bytes(frame[offset + 8 : offset + 12], "big") if flags & 1 else None
    lame = offset + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
    delay = int.from_bytes(frame[lame + 21 : lame + 24], "big") >> 12
    return True, promised, delay


def open_counted(path: Path, layout: Mp3Layout) -> tuple[io.RawIOBase, int]:
    """Open an MP3 with a true header put in front.

    Returns
    -------
    file
        To be given to soundfile, and closed by the caller.
    offset
        PCM frames to add to every position: what comes first in the decoder's answer is not the file's.
    """
    plain = (layout.header | _NO_CRC) & ~(1 << 9)
    side = _side_info(plain)
    # The decoder leaves out its own delay where it sees a tag: one silent frame makes up for that.
    tag = bytearray(_frame(plain, 4 + side + 160))
    tag[4 + side : 4 + side + 12] = b"Xing" + (1).to_bytes(4, "big") + (layout.count + 1).to_bytes(4, "big")
    silent = _frame(plain, 4 + side)
    offset = layout.samples_per_frame - _DECODER_DELAY + layout.skipped
    return Spliced(bytes(tag) + silent, path, layout.audio_start, layout.audio_end), offset


def _frame(header: int, least: int) -> bytes:
    """Give the shortest frame of ``least`` bytes or more, all zero behind its header."""
    for index in range(1, 15):
        candidate = header & ~(15 << 12) | index << 12
        if _length(candidate) >= least:
            return candidate.to_bytes(4, "big") + bytes(_length(candidate) - 4)
    raise ValueError(f"no MPEG frame holds {least} bytes")
