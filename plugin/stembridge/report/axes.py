"""What surrounds a panel of a picture: words, the axis of frequency, the bar of colours."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from stembridge.report import lettering
from stembridge.report.envelopes import band_edges, warp
from stembridge.report.painting import DEPTH_DB, Colour, palette

INK: Colour = (240, 240, 236)
FAINT: Colour = (150, 154, 163)
HERTZ = (
    (100, "100 Hz"),
    (500, "500 Hz"),
    (1000, "1 kHz"),
    (2000, "2 kHz"),
    (5000, "5 kHz"),
    (10_000, "10 kHz"),
)
_FEW = frozenset({100, 1000, 5000})
_LOW_PANEL = 150


def write(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    colour: Colour,
    *,
    anchor: str = "la",
    width: float = math.inf,
    smallest: int | None = None,
) -> None:
    """Write a line of text, made to fit ``width`` pixels; ``anchor`` as Pillow has it."""
    shown, font = lettering.fit(text, size, width, smallest=smallest)
    pen.text(at, shown, fill=colour, font=font, anchor=anchor)


def frequency_axis(pen: ImageDraw.ImageDraw, left: int, top: int, height: int, rate: int) -> None:
    """Mark round frequencies left of a spectrogram whose panel begins at ``left`` and ``top``."""
    lowest, highest = (float(edge) for edge in warp(np.array(band_edges(rate))))
    for hertz, words in HERTZ:
        place = (float(warp(np.array([hertz]))[0]) - lowest) / (highest - lowest)
        if place < 0.97 and (height > _LOW_PANEL or hertz in _FEW):
            at = top + height * (1 - place)
            pen.line((left - 8, at, left - 3, at), fill=FAINT)
            write(pen, (left - 14, at), words, 13, FAINT, anchor="rm")


def colour_bar(
    image: Image.Image, pen: ImageDraw.ImageDraw, at: tuple[int, int], height: int, top_db: int
) -> None:
    """Show which colour stands for which level, in a bar whose left upper corner is ``at``."""
    left, top = at
    ramp = palette()[np.linspace(255, 0, height).round().astype(np.intp)]
    image.paste(Image.fromarray(np.repeat(ramp[:, None], 12, axis=1)), (left, top))
    for below in range(0, DEPTH_DB + 1, 20):
        place = top + 7 + (height - 15) * below / DEPTH_DB
        write(pen, (left + 20, place), f"{top_db - below} dB", 13, FAINT, anchor="lm")
