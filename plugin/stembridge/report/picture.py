"""The report as a picture: region, stems and residual over one time axis.

Each row shows a waveform over a spectrogram. All rows share the scale of the waveform
and that of the colours, so that what looks louder is louder. Drawn with numpy and Pillow alone: a
plotting library would take longer to load than this takes to draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.audio.render import RegionFile
from stembridge.engines.base import Asked
from stembridge.model.errors import Cancelled
from stembridge.model.stems import STEMS, ResultKind, Role
from stembridge.report import lettering
from stembridge.report.axes import FAINT, INK, colour_bar, frequency_axis, write
from stembridge.report.document import NOTHING_LEFT_DB, channel_words, clock, counts, sum_sentence
from stembridge.report.envelopes import Trace, regroup
from stembridge.report.painting import PAGE, Colour, legible, spectrogram, top_of, waveform

WIDTH = 1600
PLOT_LEFT = 236
PLOT_WIDTH = 1250
_PLOT_RIGHT = PLOT_LEFT + PLOT_WIDTH
_HEADER = 148
_FOOTER = 112
_MARGIN = 40
_GAP = 4
_MIX: Colour = (222, 225, 230)
_SPARE = ("#e07a5f", "#3d9ca8", "#f2cc8f", "#81b29a", "#a78bfa", "#d4749c", "#8ab17d", "#c9a227")
_BLOCK = 1 << 16
_HANDS = 2
"""Signals that are gathered at a time."""


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    colour: Colour
    trace: Trace
    levels: tuple[str, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Heights in pixels; many rows are drawn lower."""

    rows: int

    @property
    def wave(self) -> int:
        return 92 if self.rows <= 5 else 68

    @property
    def bands(self) -> int:
        return 172 if self.rows <= 5 else 112

    @property
    def pitch(self) -> int:
        return self.wave + _GAP + self.bands + 22

    @property
    def height(self) -> int:
        return self.end + _FOOTER

    @property
    def end(self) -> int:
        return _HEADER + self.rows * self.pitch - 22

    def top(self, row: int) -> int:
        return _HEADER + row * self.pitch


def draw(
    document: Mapping[str, Any],
    region: RegionFile | None,
    stems: Sequence[tuple[str, str, Path]],
    destination: Path,
    *,
    cancelled: Asked | None = None,
) -> bool:
    """Draw the picture of a finished job into a PNG file.

    Without a region there is neither a row of the mix nor one of the residual, and every row starts
    at the left edge; the time axis is as long as the longest.

    Every file is read once, in blocks; memory doesn't grow with length. The same input gives the same
    bytes on the same machine.

    Parameters
    ----------
    document
        What `stembridge.report.document.build` gave.
    region
        The rendered region; None where the document has none.
    stems
        Label, colour (``#rrggbb``, or "" for one that is free) and file of each stem of the document, in
        its order.
    destination
        The PNG file; its folder exists.
    cancelled
        Asked at every block.

    Returns
    -------
    bool
        False when there is nothing to draw (a transcript without a region): no file was written.

    Raises
    ------
    StembridgeError
        When the region or a stem can't be read.
    OSError
        When the picture can't be written.
    Cancelled
        When ``cancelled`` said so.
    """
    shown = [(facts, *stem) for facts, stem in zip(document["stems"], stems, strict=True) if _is_drawn(facts)]
    layout = _Layout((region is not None) + len(shown) + bool(document["summed"]))
    if not layout.rows:
        return False
    rows = _gather(document, shown, region, layout.bands, cancelled or _never)
    loudest = max(row.trace.peak for row in rows)
    scale = 1.0 if loudest == 0 or 0.5 <= loudest < 1 else loudest
    # The mix, or else what is loudest, sets the colours.
    top_db = top_of(rows[0].trace if region is not None else max(rows, key=lambda r: r.trace.peak).trace)
    times, digits = _times(document, shown)

    canvas = np.empty((layout.height, WIDTH, 3), np.uint8)
    canvas[:] = PAGE
    for index, row in enumerate(rows):
        top = layout.top(index)
        lower = top + layout.wave + _GAP
        canvas[top : top + layout.wave, PLOT_LEFT:_PLOT_RIGHT] = waveform(
            row.trace, row.colour, layout.wave, scale
        )
        canvas[lower : lower + layout.bands, PLOT_LEFT:_PLOT_RIGHT] = spectrogram(row.trace, top_db)
        canvas[top : lower + layout.bands, _MARGIN : _MARGIN + 4] = row.colour
        for at, _ in times:
            for first, end in ((top, top + layout.wave), (lower, lower + layout.bands)):
                canvas[first:end, at] += (255 - canvas[first:end, at]) // 7
    image = Image.fromarray(canvas)
    pen = ImageDraw.Draw(image)
    _letter_head(pen, document)
    for index, row in enumerate(rows):
        _letter_row(pen, row, layout.top(index), layout, scale)
    bar = (_PLOT_RIGHT + 14, layout.top(0) + layout.wave + _GAP)
    colour_bar(image, pen, bar, layout.bands, top_db)
    for at, time in times:
        pen.line((at, layout.end + 4, at, layout.end + 10), fill=FAINT)
        write(pen, (at, layout.end + 15), clock(float(time), digits), 15, FAINT, anchor="ma")
    write(pen, (PLOT_LEFT - 60, layout.end + 15), "time in the file", 15, FAINT, anchor="ra")
    _letter_foot(pen, document, layout.height)
    image.save(destination, format="PNG", compress_level=2)
    return True


def _never() -> bool:
    return False


def _stop_if(cancelled: Asked) -> None:
    if cancelled():
        raise Cancelled


def _is_drawn(stem: Mapping[str, Any]) -> bool:
    return bool(stem["kind"] != ResultKind.TEXT.value and stem["role"] != Role.RESIDUAL.value)


def _gather(
    document: Mapping[str, Any],
    stems: Sequence[tuple[Mapping[str, Any], str, str, Path]],
    region: RegionFile | None,
    bands: int,
    cancelled: Asked,
) -> list[_Row]:
    """Read every file once, region and stems side by side, working out the residual on the way."""
    rows: list[_Row] = []
    placed: list[tuple[SourceInfo, Trace, bool]] = []
    longest = 0.0 if region is not None else _longest(stems)
    spare = 0
    for stem, label, colour, path in stems:
        info = inspect(path)
        if region is not None and stem["kind"] == ResultKind.STEM.value:
            trace = Trace(region.frames, region.rate, region.channels, columns=PLOT_WIDTH, bands=bands)
            placed.append((info, trace, counts(document, stem)))
        else:
            frames = max(info.frames, round(longest * info.rate))
            trace = Trace(frames, info.rate, info.channels, columns=PLOT_WIDTH, bands=bands)
            for block in _stream(info, frames):
                _stop_if(cancelled)
                trace.feed(block)
        ink = legible(colour or _SPARE[spare % len(_SPARE)])
        spare += not colour
        rows.append(_Row(label, ink, trace, _level_words(stem["peak_db"], stem["rms_db"])))

    if region is not None:
        mix, residual = _side_by_side(document, region, placed, bands, cancelled)
        facts = document["region"]
        rows.insert(0, _Row("Mix", _MIX, mix, _level_words(facts["peak_db"], facts["rms_db"])))
        if document["summed"]:
            rows.append(_residual_row(document, residual))
    for row in rows:
        row.trace.finish()
    return rows


def _side_by_side(
    document: Mapping[str, Any],
    region: RegionFile,
    placed: Sequence[tuple[SourceInfo, Trace, bool]],
    bands: int,
    cancelled: Asked,
) -> tuple[Trace, Trace]:
    """Feed the traces of the stems; give those of the region, and of what the sum leaves of it."""
    shape = (region.frames, region.rate, region.channels)
    mix = Trace(*shape, columns=PLOT_WIDTH, bands=bands)
    rest = Trace(*shape, columns=PLOT_WIDTH, bands=bands)
    undo = np.float32(10 ** (-document["gain_db"] / 20))
    streams = [_stream(info, region.frames) for info, _, _ in placed]
    traces = [mix, rest, *(trace for _, trace, _ in placed)]
    with ThreadPoolExecutor(_HANDS, "stembridge-draw") as hands:
        for whole, *parts in zip(_stream(inspect(region.path), region.frames), *streams, strict=True):
            _stop_if(cancelled)
            left = whole.copy()
            for part, (_, _, counted) in zip(parts, placed, strict=True):
                if counted:
                    left -= part * undo
            list(hands.map(Trace.feed, traces, [whole, left, *parts]))
    return mix, rest


def _longest(stems: Sequence[tuple[Mapping[str, Any], str, str, Path]]) -> float:
    """Give the length of the longest file in seconds."""
    return max((stem["frames"] / stem["rate"] for stem, *_ in stems), default=0.0)


def _residual_row(document: Mapping[str, Any], trace: Trace) -> _Row:
    rms = document["residual_db"]
    message = ""
    if rms is None:
        message = "nothing left: every sample is zero"
    elif rms <= NOTHING_LEFT_DB:
        message = f"nothing left: {rms:.0f} dBFS"
    levels = _level_words(document["residual_peak_db"], rms)
    return _Row("Residual", legible(STEMS["residual"].colour), trace, levels, message)


def _stream(info: SourceInfo, frames: int) -> Iterator[NDArray[np.float32]]:
    blocks = read_blocks(info, 0, min(frames, info.frames), block_frames=_BLOCK)
    return regroup(blocks, frames, info.channels, _BLOCK)


def _level_words(peak_db: float | None, rms_db: float | None) -> tuple[str, ...]:
    if peak_db is None or rms_db is None:
        return ("digital silence",)
    above = "+" if peak_db > 0 else ""
    return f"peak {above}{peak_db:.1f} dBFS", f"RMS {rms_db:.1f} dBFS"


def _times(
    document: Mapping[str, Any], stems: Sequence[tuple[Mapping[str, Any], str, str, Path]]
) -> tuple[list[tuple[int, Fraction]], int]:
    """Choose the marks of the time axis: (x in pixels, seconds in the source), and their decimals."""
    region = document["region"]
    if region is None:
        start, length = Fraction(0), max(Fraction(s["frames"], s["rate"]) for s, *_ in stems)
    else:
        start = Fraction(region["first_frame"], region["rate"])
        length = Fraction(region["frames"], region["rate"])
    marks, digits = lettering.time_marks(start, start + length, 11)
    return [(PLOT_LEFT + int((mark - start) / length * (PLOT_WIDTH - 1)), mark) for mark in marks], digits


def _letter_head(pen: ImageDraw.ImageDraw, document: Mapping[str, Any]) -> None:
    region, model = document["region"], document["model"]
    title = document["source"]["name"] or "Without a source"
    write(pen, (_MARGIN, 34), title, 34, INK, width=WIDTH - 340)
    write(pen, (WIDTH - _MARGIN, 48), f"Stembridge {document['stembridge']}", 16, FAINT, anchor="ra")
    facts: tuple[str, ...] = ()
    if region is not None:
        span = f"{clock(region['start'], 3)} to {clock(region['end'], 3)}"
        facts = (span, f"{region['rate'] / 1000:g} kHz", channel_words(region["channels"]))
    chosen = " (chosen automatically)" if model["automatic"] else ""
    by = f"separated by the engine {document['engine']}, model {model['title']}{chosen}"
    write(pen, (_MARGIN, 88), "   ·   ".join((*facts, by)), 19, FAINT, width=WIDTH - 2 * _MARGIN)


def _letter_row(pen: ImageDraw.ImageDraw, row: _Row, top: int, layout: _Layout, scale: float) -> None:
    lower = top + layout.wave + _GAP
    write(pen, (_MARGIN + 18, top - 2), row.label, 24, row.colour, width=170, smallest=15)
    for line, words in enumerate(row.levels):
        write(pen, (_MARGIN + 18, top + 33 + 20 * line), words, 15, FAINT, width=170)
    frequency_axis(pen, PLOT_LEFT, lower, layout.bands, row.trace.rate)
    mark = min(1.0, scale)
    reach = mark / scale * (layout.wave - 2) / 2
    at = top + layout.wave / 2 - reach
    pen.line((_PLOT_RIGHT + 3, at, _PLOT_RIGHT + 8, at), fill=FAINT)
    write(pen, (_PLOT_RIGHT + 14, at), f"{20 * np.log10(mark):.0f} dBFS", 13, FAINT, anchor="lm")
    if row.message:
        middle = (PLOT_LEFT + PLOT_WIDTH / 2, lower + layout.bands / 2)
        write(pen, middle, row.message, 26, FAINT, anchor="mm")


def _letter_foot(pen: ImageDraw.ImageDraw, document: Mapping[str, Any], height: int) -> None:
    legend = "waveform: peaks dim, RMS bright, red above 0 dBFS"
    write(pen, (WIDTH - _MARGIN, height - 33), legend, 15, FAINT, anchor="rs")
    silent = document["region"] is not None and document["region"]["silent"]
    said = "The region is digital silence." if silent else sum_sentence(document)
    write(pen, (_MARGIN, height - 32), said, 22, INK, anchor="ls", width=WIDTH - 520, smallest=15)
