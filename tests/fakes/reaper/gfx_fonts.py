"""Fonts of the stand-in's windows: measured and drawn by the same code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

_MONO = ("courier", "consol", "mono", "menlo", "monaco")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Face:
    """A font as `gfx.setfont` names it; the size is the height of a line in pixels."""

    name: str = "Arial"
    size: int = 10
    bold: bool = False
    italic: bool = False


@cache
def load(face: Face) -> tuple[Font, int]:
    """Give the font and the pixels between the tops of two lines.

    DejaVu where the system has it, else the scalable font that Pillow ships: both are measured and drawn
    by the same code, so a text that fits when measured fits when drawn.
    """
    size = max(face.size, 1)
    mono = any(word in face.name.lower() for word in _MONO)
    style = {
        (False, False): "",
        (True, False): "-Bold",
        (False, True): "-Oblique",
        (True, True): "-BoldOblique",
    }
    name = f"DejaVuSans{'Mono' if mono else ''}{style[face.bold, face.italic]}.ttf"

    def open_font(pixels: float) -> Font:
        for candidate in (name, "DejaVuSans.ttf"):
            try:
                return ImageFont.truetype(candidate, pixels)
            except OSError:
                continue
        return ImageFont.load_default(pixels)

    # A font's own size is the em; the host's is the line, so the em shrinks until the line fits.
    probe = open_font(100.0)
    line = sum(probe.getmetrics()) if isinstance(probe, ImageFont.FreeTypeFont) else 100
    return open_font(max(100.0 * size / line, 1.0)), size


def stroke_of(
    row: str,
    font: Font,
    line: int,
    place: tuple[int, int],
    wide: int,
    colour: tuple[int, int, int, int],
    alpha: int,
    limits: tuple[int, int, int, int] | None,
) -> Callable[[Image.Image], None]:
    """Make the stroke that draws one row of text, cut at the limits."""

    def stroke(picture: Image.Image) -> None:
        mask = Image.new("L", (max(wide, 1) + line, line + line // 2), 0)
        ImageDraw.Draw(mask).text((0, 0), row, 255, font)
        mask = mask.point([value * alpha // 255 for value in range(256)])
        left, top = place
        if limits is not None:
            box = (
                max(limits[0] - left, 0),
                max(limits[1] - top, 0),
                min(limits[2] - left, mask.width),
                min(limits[3] - top, mask.height),
            )
            if box[0] >= box[2] or box[1] >= box[3]:
                return
            mask = mask.crop(box)
            left, top = left + box[0], top + box[1]
        picture.paste(colour, (left, top), mask)

    return stroke
