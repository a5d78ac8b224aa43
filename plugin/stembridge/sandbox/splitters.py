"""Quick splitters for the stand-in service: no network, no weights, and sums that are exact.

They answer every separation type with files of the right kind, names and relations. What comes out is
the input cut into frequency bands: enough for trying out a host or a script, nothing to listen to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stembridge.sandbox.encode import decodable
from stembridge.sandbox.outputs import Kind, Part, parts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Results: TypeAlias = list[tuple[str, str, Path]]
Separator: TypeAlias = Callable[[Path | None, int, Mapping[str, str], Path], Results]
"""``separator(input_path, sep_type, options, folder)`` gives (label, slug, file) of each result.

The files are written into ``folder``. ``input_path`` is None for a prompt without audio.
"""
Cut: TypeAlias = Callable[["NDArray[np.float32]", int, int], Sequence["NDArray[np.float32]"]]

BLOCK = 1 << 16
CONTEXT = 1 << 9
WORDS = ("This", "is", "the", "stand-in", "service", "speaking", "for", "your", "audio")


def bands(block: NDArray[np.float32], count: int, context: int) -> list[NDArray[np.float32]]:
    """Cut a block into ``count`` bands, from low to high, that sum to it.

    Centred moving averages (delay 0) of halving length; each band is the difference of two of them.

    Parameters
    ----------
    block
        frames x channels, with ``context`` frames more on both sides.
    count
        At most 9.

    Returns
    -------
    list of arrays
        ``count`` blocks without the context.
    """
    inner = block[context : len(block) - context]
    sums = np.vstack([np.zeros((1, block.shape[1])), np.cumsum(block, axis=0, dtype=np.float64)])
    smooth: list[NDArray[np.float64]] = []
    for index in range(count - 1):
        half = CONTEXT >> (index + 1)
        start, length = context - half, len(inner)
        high = sums[start + 2 * half + 1 : start + 2 * half + 1 + length]
        smooth.append((high - sums[start : start + length]) / (2 * half + 1))
    out: list[NDArray[np.float32]] = []
    rest = inner.copy()
    before: NDArray[np.float64] | None = None
    for level in smooth:
        part = (level if before is None else level - before).astype(np.float32)
        before = level
        rest -= part
        out.append(part)
    out.append(rest)
    return out


def shares(block: NDArray[np.float32], count: int, context: int) -> list[NDArray[np.float32]]:
    """Give ``count`` copies at 1/2, 1/4, ... of the level, the last twice.

    Their sum is exact to the bit, in float64, and in float32 from the last to the first.
    """
    inner = block[context : len(block) - context]
    gains = [2.0 ** -(index + 1) for index in range(count - 1)]
    gains.append(gains[-1] if gains else 1.0)
    return [inner * np.float32(gain) for gain in gains]


def mid_side(block: NDArray[np.float32], count: int, context: int) -> list[NDArray[np.float32]]:
    """Give the middle as the first part, what is left of it to the others in shares (0 in mono)."""
    inner = block[context : len(block) - context]
    if count == 1:
        return [inner]
    middle = np.repeat(inner.mean(axis=1, keepdims=True), inner.shape[1], axis=1).astype(np.float32)
    return [middle, *shares(inner - middle, count - 1, 0)]


def splitter(cut: Cut = bands) -> Separator:
    """Make a separator that answers every type of the catalogue by one way of cutting."""

    def separate(source: Path | None, sep_type: int, options: Mapping[str, str], folder: Path) -> Results:
        parts = parts_of(sep_type, options)
        kind = parts[0].kind
        if kind is Kind.MADE:
            return [_made(parts[0], options, folder)]
        if source is None:
            raise ValueError("this separation type needs audio")
        source = decodable(source, folder)
        if kind is Kind.TEXT:
            return _transcript(source, folder)
        if kind is Kind.WHOLE:
            return [_whole(source, parts[0], folder)]
        return _stems(source, parts, cut, folder)

    return separate


def given(stems: Mapping[str, Path] | Sequence[tuple[str, str, Path]]) -> Separator:
    """Make a separator that hands out files that are there already, whatever it is asked.

    Parameters
    ----------
    stems
        Files by slug (the label is the slug, capitalised), or (label, slug, file) rows.
    """
    rows = (
        [(slug.capitalize(), slug, path) for slug, path in stems.items()]
        if isinstance(stems, Mapping)
        else list(stems)
    )

    def separate(_source: Path | None, _type: int, _options: Mapping[str, str], _folder: Path) -> Results:
        return list(rows)

    return separate


def _stems(source: Path, parts: Sequence[Part], cut: Cut, folder: Path) -> Results:
    import soundfile

    real = [part for part in parts if part.kind in {Kind.PART, Kind.HIDDEN}]
    shown = [part for part in parts if part.kind is not Kind.HIDDEN]
    with ExitStack() as stack:
        reader = stack.enter_context(soundfile.SoundFile(str(source)))
        frames, rate, channels = reader.frames, reader.samplerate, reader.channels
        files = {
            part.slug: stack.enter_context(
                soundfile.SoundFile(
                    str(folder / f"{part.slug}.wav"), "w", rate, channels, "FLOAT", None, "RF64"
                )
            )
            for part in shown
        }
        window = np.zeros((BLOCK + 2 * CONTEXT, channels), np.float32)
        tail = reader.read(CONTEXT, dtype="float32", always_2d=True)
        window[-CONTEXT:][: len(tail)] = tail
        done = 0
        while done < frames:
            window[: 2 * CONTEXT] = window[-2 * CONTEXT :]
            fresh = reader.read(BLOCK, dtype="float32", always_2d=True)
            window[2 * CONTEXT :] = 0
            window[2 * CONTEXT : 2 * CONTEXT + len(fresh)] = fresh
            length = min(BLOCK, frames - done)
            pieces = dict(zip((p.slug for p in real), cut(window, len(real), CONTEXT), strict=True))
            for part in shown:
                files[part.slug].write(_piece(part, pieces)[:length])
            done += length
    return [(part.label, part.slug, folder / f"{part.slug}.wav") for part in shown]


def _piece(part: Part, pieces: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    if part.kind is Kind.PART:
        return pieces[part.slug]
    total = np.sum([pieces[slug] for slug in part.of], axis=0, dtype=np.float32)
    if part.kind is Kind.ALTERNATE:
        # Another estimate: a little of it is missing, and a little of the neighbour is in it.
        other = next((piece for slug, piece in pieces.items() if slug not in part.of), total)
        wobble = np.float32(0.02 + 0.01 * (len(part.slug) % 4))
        total = total * (1 - wobble) + other * wobble
    return np.asarray(total, dtype=np.float32)


def _transcript(source: Path, folder: Path) -> Results:
    import soundfile

    info = soundfile.info(str(source))
    length = info.frames / info.samplerate
    step = max(0.2, length / len(WORDS))
    plain, timed = folder / "transcription.txt", folder / "transcription.srt"
    lines = [
        f"{n}\n{_time(start)} --> {_time(min(length, start + step))}\n{word}\n"
        for n, word in enumerate(WORDS, 1)
        if (start := (n - 1) * step) < length
    ]
    plain.write_text(" ".join(WORDS[: len(lines)]) + ".\n", encoding="utf-8")
    timed.write_text("\n".join(lines), encoding="utf-8")
    return [("Transcription", "transcription", plain), ("Subtitles", "subtitles", timed)]


def _time(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{thousandths // 1000:02},{thousandths % 1000:03}"


def _made(part: Part, options: Mapping[str, str], folder: Path) -> tuple[str, str, Path]:
    import soundfile

    seconds = float(options.get("add_opt2") or 47)
    pitch = 110.0 * (1 + sum(options.get("add_opt1", "").encode()) % 24 / 12)
    target = folder / f"{part.slug}.wav"
    frames = round(seconds * part.rate)
    with soundfile.SoundFile(str(target), "w", part.rate, 2, "FLOAT") as file:
        for start in range(0, frames, BLOCK):
            time = np.arange(start, min(start + BLOCK, frames)) / part.rate
            tone = 0.2 * np.sin(2 * np.pi * pitch * time) * (0.6 + 0.4 * np.cos(2 * np.pi * 0.5 * time))
            file.write(np.repeat(tone[:, None], 2, axis=1).astype(np.float32))
    return (part.label, part.slug, target)


def _whole(source: Path, part: Part, folder: Path) -> tuple[str, str, Path]:
    import soundfile
    import soxr

    target = folder / f"{part.slug}.wav"
    with soundfile.SoundFile(str(source)) as reader:
        stream = soxr.ResampleStream(reader.samplerate, part.rate, reader.channels, "float32", "HQ")
        with soundfile.SoundFile(str(target), "w", part.rate, reader.channels, "FLOAT") as file:
            last = False
            while not last:
                block = reader.read(BLOCK, dtype="float32", always_2d=True)
                last = len(block) < BLOCK
                file.write(stream.resample_chunk(np.ascontiguousarray(block), last=last))
    return (part.label, part.slug, target)
