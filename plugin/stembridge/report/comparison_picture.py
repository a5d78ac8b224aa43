"""The comparison as a picture: every stem's takes under each other, where they differ, and their spectra.

A separation has one colour throughout: its waveforms, its curve, and the places of the difference panel
where it is the louder one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from stembridge.audio.takes import Shape, Take, side_by_side
from stembridge.report import lettering
from stembridge.report.axes import FAINT, HERTZ, INK, colour_bar, frequency_axis, write
from stembridge.report.comparison import cost_words, residual_words, title
from stembridge.report.document import channel_words, clock
from stembridge.report.envelopes import Trace, band_edges, warp
from stembridge.report.painting import (
    DEPTH_DB,
    PAGE,
    PANEL,
    Colour,
    Pixels,
    legible,
    spectrogram,
    top_of,
    waveform,
)
from stembridge.report.picture import PLOT_LEFT, PLOT_WIDTH, WIDTH

WAVE, BANDS, GAP = 60, 112, 4
STEP = 18
DIFFERENCE = 96
CURVES = 190
_HEAD = 52
_JOB_LINE = 30
_FIRST = 136
_FOOT = 62
_MARGIN = 40
_RIGHT = PLOT_LEFT + PLOT_WIDTH
_CURVE_WIDTH = 640
_FULL_DB = 12.0
"""Difference in level from which on a place has a separation's full colour."""
_CURVE_SPAN = 72
_COLOURS = ("#f2a93b", "#35b6c9", "#e0699f", "#8bc34a", "#a78bfa", "#ef5350", "#d7ccc8", "#5c8df6")


@dataclass(frozen=True, slots=True)
class _Group:
    """One stem: a trace for each separation that has it, by its letter; ``top`` in pixels."""

    stem: Mapping[str, Any]
    traces: Mapping[str, Trace]
    top: int

    @property
    def marks(self) -> list[str]:
        return list(self.traces)

    def row(self, place: int) -> int:
        return self.top + _HEAD + place * (WAVE + GAP + BANDS + STEP)

    def difference(self, place: int) -> int:
        """Give the top of the panel that holds a take against the first; ``place`` from 1 on."""
        return self.row(len(self.traces)) + (place - 1) * (DIFFERENCE + STEP)

    @property
    def curves(self) -> int:
        return self.difference(len(self.traces)) + 14

    @property
    def end(self) -> int:
        return self.curves + CURVES + 46


def draw(
    document: Mapping[str, Any],
    takes: Mapping[str, Sequence[Take]],
    shape: Shape,
    destination: Path,
    tick: Callable[[int], None],
) -> None:
    """Draw a comparison into a PNG file.

    Parameters
    ----------
    document
        What `stembridge.report.comparison.build` gave.
    takes
        The files of each of its stems, in the order of the stem's takes.
    shape
        Of the region.
    tick
        Called with the frames of every block; may raise to end the work.

    Raises
    ------
    TransferError
        When a take can't be read.
    OSError
        When the picture can't be written.
    """
    inks = colours(document)
    # A service's titles end with their stems in brackets; the head of the picture has them whole.
    titles = {job["mark"]: str(job["title"]).partition(" (")[0] for job in document["jobs"]}
    groups: list[_Group] = []
    top = _FIRST + 14 + _JOB_LINE * len(document["jobs"])
    for stem in document["stems"]:
        traces = _traces(takes[stem["id"]], shape, tick)
        groups.append(_Group(stem, dict(zip((t["mark"] for t in stem["takes"]), traces, strict=True)), top))
        top = groups[-1].end
    height = top + _FOOT
    every = [trace for group in groups for trace in group.traces.values()]
    loudest = max(trace.peak for trace in every)
    scale = loudest or 1.0
    top_db = max(top_of(trace) for trace in every if trace.peak == loudest)
    start = Fraction(document["region"]["first_frame"], shape.rate)
    times, digits = _times(start, Fraction(shape.frames, shape.rate))

    canvas = np.empty((height, WIDTH, 3), np.uint8)
    canvas[:] = PAGE
    for group in groups:
        _paint(canvas, group, inks, scale, top_db)
        for at, _ in times:
            for first, end in _panels(group):
                canvas[first:end, at] += (255 - canvas[first:end, at]) // 7
    image = Image.fromarray(canvas)
    pen = ImageDraw.Draw(image)
    _letter_head(pen, document, inks)
    for group in groups:
        _letter_group(pen, group, inks, titles, scale)
        foot = _panels(group)[-1][1]
        for at, time in times:
            pen.line((at, foot + 3, at, foot + 8), fill=FAINT)
            write(pen, (at, foot + 10), clock(float(time), digits), 13, FAINT, anchor="ma")
        _draw_curves(pen, group, inks)
    colour_bar(image, pen, (_RIGHT + 14, groups[0].row(0) + WAVE + GAP), BANDS, top_db)
    legend = (
        "waveform: peaks dim, RMS bright, red above 0 dBFS   ·   difference: the colour of the louder one, "
        f"full from {_FULL_DB:.0f} dB on, grey where they agree   ·   curves: level in thirds of an octave"
    )
    write(pen, (_MARGIN, height - 24), legend, 15, FAINT, anchor="ls", width=WIDTH - 2 * _MARGIN)
    image.save(destination, format="PNG", compress_level=2)


def colours(document: Mapping[str, Any]) -> dict[str, Colour]:
    """Give every separation its colour, by its letter."""
    return {
        job["mark"]: legible(_COLOURS[place % len(_COLOURS)]) for place, job in enumerate(document["jobs"])
    }


def difference(one: Trace, other: Trace, inks: tuple[Colour, Colour], top_db: float) -> Pixels:
    """Paint where two takes differ; shape (bands, columns, 3), highest band first.

    What is heard in either is light, and has the colour of the one that is louder there, the more the
    greater the difference in level; where they are alike it is grey.
    """
    first, second = (10 * np.log10(np.maximum(t.power[::-1], 1e-20)) for t in (one, other))
    floor = top_db - DEPTH_DB
    lead = np.maximum(second, floor) - np.maximum(first, floor)
    share = np.clip(np.abs(lead) / _FULL_DB, 0, 1)[..., None]
    light = np.clip((np.maximum(first, second) - floor) / DEPTH_DB, 0, 1)[..., None]
    ink = np.where((lead > 0)[..., None], np.array(inks[1], np.float64), np.array(inks[0], np.float64))
    grey = np.full(3, 70.0)
    ground = np.array(PANEL, np.float64)
    pixels: Pixels = (ground + light * (grey + share * (ink - grey) - ground)).clip(0, 255).astype(np.uint8)
    return pixels


def _traces(takes: Sequence[Take], shape: Shape, tick: Callable[[int], None]) -> list[Trace]:
    size = shape.frames, shape.rate, shape.channels
    traces = [Trace(*size, columns=PLOT_WIDTH, bands=BANDS) for _ in takes]
    for blocks in side_by_side(takes, shape):
        for trace, block in zip(traces, blocks, strict=True):
            trace.feed(block)
        tick(len(blocks[0]))
    for trace in traces:
        trace.finish()
    return traces


def _panels(group: _Group) -> list[tuple[int, int]]:
    """Give upper and lower edge of everything that has the axis of time."""
    found = []
    for place in range(len(group.traces)):
        top = group.row(place)
        found += [(top, top + WAVE), (top + WAVE + GAP, top + WAVE + GAP + BANDS)]
    for place in range(1, len(group.traces)):
        found.append((group.difference(place), group.difference(place) + DIFFERENCE))
    return found


def _paint(
    canvas: NDArray[np.uint8], group: _Group, inks: Mapping[str, Colour], scale: float, top_db: int
) -> None:
    marks = group.marks
    for place, mark in enumerate(marks):
        top, trace = group.row(place), group.traces[mark]
        lower = top + WAVE + GAP
        canvas[top : top + WAVE, PLOT_LEFT:_RIGHT] = waveform(trace, inks[mark], WAVE, scale)
        canvas[lower : lower + BANDS, PLOT_LEFT:_RIGHT] = spectrogram(trace, top_db)
        canvas[top : lower + BANDS, _MARGIN : _MARGIN + 4] = inks[mark]
        if place:
            top = group.difference(place)
            both = (inks[marks[0]], inks[mark])
            pixels = difference(group.traces[marks[0]], trace, both, top_db)
            rows = (np.arange(DIFFERENCE) * BANDS) // DIFFERENCE
            canvas[top : top + DIFFERENCE, PLOT_LEFT:_RIGHT] = pixels[rows]
            middle = top + DIFFERENCE // 2
            canvas[top:middle, _MARGIN : _MARGIN + 4] = both[0]
            canvas[middle : top + DIFFERENCE, _MARGIN : _MARGIN + 4] = both[1]
    canvas[group.curves : group.curves + CURVES, PLOT_LEFT : PLOT_LEFT + _CURVE_WIDTH] = PANEL


def _times(start: Fraction, length: Fraction) -> tuple[list[tuple[int, Fraction]], int]:
    marks, digits = lettering.time_marks(start, start + length, 11)
    return [(PLOT_LEFT + int((mark - start) / length * (PLOT_WIDTH - 1)), mark) for mark in marks], digits


def _letter_head(pen: ImageDraw.ImageDraw, document: Mapping[str, Any], inks: Mapping[str, Colour]) -> None:
    region, jobs = document["region"], document["jobs"]
    write(pen, (_MARGIN, 34), document["source"]["name"] or "A region", 34, INK, width=WIDTH - 340)
    write(pen, (WIDTH - _MARGIN, 48), f"Stembridge {document['stembridge']}", 16, FAINT, anchor="ra")
    facts = (
        f"{clock(region['start'], 3)} to {clock(region['end'], 3)}",
        f"{region['rate'] / 1000:g} kHz",
        channel_words(region["channels"]),
        f"{len(jobs)} separations side by side",
    )
    write(pen, (_MARGIN, 88), "   ·   ".join(facts), 19, FAINT, width=WIDTH - 2 * _MARGIN)
    for place, job in enumerate(jobs):
        at = _FIRST + 6 + place * _JOB_LINE
        ink = inks[job["mark"]]
        write(pen, (_MARGIN, at), job["mark"], 22, ink)
        write(pen, (_MARGIN + 34, at + 1), title(job, jobs), 20, INK, width=600, smallest=15)
        words = [f"{job['seconds']:.1f} s", cost_words(job["cost"]), residual_words(job)]
        told = "   ·   ".join(word for word in words if word)
        write(pen, (PLOT_LEFT + _CURVE_WIDTH, at + 3), told, 17, FAINT, width=WIDTH - PLOT_LEFT - 680)


def _letter_group(
    pen: ImageDraw.ImageDraw,
    group: _Group,
    inks: Mapping[str, Colour],
    titles: Mapping[str, str],
    scale: float,
) -> None:
    stem, marks = group.stem, group.marks
    rate = next(iter(group.traces.values())).rate
    pen.line((_MARGIN, group.top + 8, _RIGHT, group.top + 8), fill=(52, 56, 66))
    write(pen, (_MARGIN, group.top + 16), stem["label"], 25, legible(stem["colour"]), width=900)
    for place, take in enumerate(stem["takes"]):
        top = group.row(place)
        write(pen, (_MARGIN + 18, top - 3), take["mark"], 26, inks[take["mark"]])
        name = titles[take["mark"]]
        write(pen, (_MARGIN + 44, top + 5), name, 17, INK, width=146, smallest=13)
        levels = _level_words(take)
        for line, words in enumerate(levels):
            write(pen, (_MARGIN + 18, top + 32 + 19 * line), words, 15, FAINT, width=170)
        frequency_axis(pen, PLOT_LEFT, top + WAVE + GAP, BANDS, rate)
        full = min(1.0, scale)
        at = top + WAVE / 2 - full / scale * (WAVE - 2) / 2
        pen.line((_RIGHT + 3, at, _RIGHT + 8, at), fill=FAINT)
        write(pen, (_RIGHT + 14, at), f"{20 * np.log10(full):.0f} dBFS", 13, FAINT, anchor="lm")
    for place in range(1, len(marks)):
        top = group.difference(place)
        write(pen, (_MARGIN + 18, top - 3), "Difference", 19, INK, width=170)
        for line, mark in enumerate((marks[0], marks[place])):
            at = top + 27 + 24 * line
            pen.rectangle((_MARGIN + 18, at + 2, _MARGIN + 30, at + 14), fill=inks[mark])
            write(pen, (_MARGIN + 38, at), f"{mark} louder", 15, FAINT)
        frequency_axis(pen, PLOT_LEFT, top, DIFFERENCE, rate)


def _level_words(take: Mapping[str, Any]) -> tuple[str, ...]:
    if take["rms_db"] is None:
        return ("digital silence",)
    return f"peak {take['peak_db']:+.1f} dBFS", f"RMS {take['rms_db']:.1f} dBFS"


def _draw_curves(pen: ImageDraw.ImageDraw, group: _Group, inks: Mapping[str, Colour]) -> None:
    """Draw the band levels of all takes into one panel, and tell the pairs in words beside it."""
    stem, top = group.stem, group.curves
    rate = next(iter(group.traces.values())).rate
    lowest, highest = (float(edge) for edge in warp(np.array(band_edges(rate))))
    levels = [level for take in stem["takes"] for level in take["bands_db"] if level is not None]
    upper = 6 * int(np.ceil((max(levels) + 3) / 6)) if levels else 0
    write(pen, (_MARGIN + 18, top - 3), "Spectrum", 19, INK, width=150)

    def x_of(hertz: float) -> float:
        place = (float(warp(np.array([hertz]))[0]) - lowest) / (highest - lowest)
        return PLOT_LEFT + place * (_CURVE_WIDTH - 1)

    for below in range(0, _CURVE_SPAN + 1, 12):
        at = top + below / _CURVE_SPAN * (CURVES - 1)
        if 0 < below < _CURVE_SPAN:
            pen.line((PLOT_LEFT, at, PLOT_LEFT + _CURVE_WIDTH - 1, at), fill=(33, 36, 43))
        if below % 24 == 0 and below < _CURVE_SPAN:
            write(pen, (PLOT_LEFT - 14, at + 6), f"{upper - below} dBFS", 13, FAINT, anchor="rm")
    for hertz, words in HERTZ:
        if hertz < rate / 2:
            at = x_of(hertz)
            pen.line((at, top, at, top + CURVES - 1), fill=(33, 36, 43))
            write(pen, (at, top + CURVES + 6), words, 13, FAINT, anchor="ma")
    for take in reversed(stem["takes"]):
        points = []
        for hertz, level in zip(stem["hertz"], take["bands_db"], strict=True):
            depth = _CURVE_SPAN if level is None else min(max(upper - level, 0.0), _CURVE_SPAN)
            at = min(max(x_of(hertz), PLOT_LEFT), PLOT_LEFT + _CURVE_WIDTH - 1)
            points.append((at, top + depth / _CURVE_SPAN * (CURVES - 1)))
        pen.line(points, fill=inks[take["mark"]], width=3, joint="curve")
    _letter_pairs(pen, group, inks)


def _letter_pairs(pen: ImageDraw.ImageDraw, group: _Group, inks: Mapping[str, Colour]) -> None:
    left, pairs = PLOT_LEFT + _CURVE_WIDTH + 40, group.stem["pairs"]
    columns = (left, left + 90, left + 230, left + 410)
    heads = ("", "correlation", "level", "difference")
    for x, head in zip(columns, heads, strict=True):
        write(pen, (x, group.curves - 2), head, 15, FAINT)
    room = (CURVES - 24) // 26
    shown = pairs if len(pairs) <= room else pairs[: room - 1]
    for line, pair in enumerate(shown):
        at = group.curves + 24 + 26 * line
        one, other = pair["marks"]
        write(pen, (left, at), one, 19, inks[one])
        write(pen, (left + 20, at + 2), "and", 15, FAINT)
        write(pen, (left + 52, at), other, 19, inks[other])
        for x, words in zip(columns[1:], _pair_cells(pair), strict=True):
            write(pen, (x, at), words, 19, INK, width=200)
    if len(shown) < len(pairs):
        at = group.curves + 24 + 26 * len(shown)
        write(pen, (left, at), f"and {len(pairs) - len(shown)} more pairs, in compare.json", 15, FAINT)


def _pair_cells(pair: Mapping[str, Any]) -> tuple[str, str, str]:
    one, other = pair["marks"]
    correlation = "-" if pair["correlation"] is None else f"{pair['correlation']:.3f}"
    louder = pair["louder_db"]
    if louder is None:
        level = "-"
    elif abs(louder) < 0.05:
        level = "the same"
    else:
        level = f"{other if louder > 0 else one} +{abs(louder):.1f} dB"
    gap = "none" if pair["difference_db"] is None else f"{pair['difference_db']:.1f} dBFS"
    return correlation, level, gap
