"""What a script draws with `gfx`, drawn for real: Pillow on one picture per buffer.

Rules written from the public gfx reference: the buffer -1 is the window, 0 to 1023 are images; colours and
alpha run from 0 to 1; text goes to (x, y), moves them, and is measured with the font that draws it.
Drawing is kept as a list and done when somebody looks, so that a window that redraws itself thirty times
a second costs a test nearly nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from tests.fakes.reaper.gfx_fonts import Face, load, stroke_of

WINDOW = -1
_SMOOTH = 4
_MANY = 20_000

Box = tuple[float, float, float, float]
At = Callable[[float, float], tuple[float, float]]
Shape = Callable[[ImageDraw.ImageDraw, At, float], None]


@dataclass
class Sheet:
    """A buffer: its picture and what is still to be drawn on it."""

    picture: Image.Image
    todo: list[Callable[[Image.Image], None]] = field(default_factory=list)

    def drawn(self) -> Image.Image:
        """Draw what waits and give the picture."""
        todo, self.todo = self.todo, []
        for stroke in todo:
            stroke(self.picture)
        return self.picture

    def add(self, stroke: Callable[[Image.Image], None], *, covers: bool = False) -> None:
        """Keep a stroke; one that covers everything makes the earlier ones pointless."""
        if covers:
            self.todo.clear()
        self.todo.append(stroke)
        if len(self.todo) > _MANY:
            self.drawn()


class Canvas:
    """The drawing half of `gfx`: its variables as attributes, its functions as methods."""

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self.r = self.g = self.b = 1.0
        self.a = self.a2 = 1.0
        self.x = self.y = 0.0
        self.mode = 0.0
        self.dest = float(WINDOW)
        self.clear = 0.0
        self.faces: dict[int, Face] = {}
        self.font = 0
        self._texts: list[tuple[str, float, float]] = []
        self._shown_texts: list[tuple[str, float, float]] = []
        self._shown: Sheet | None = None
        self.sheets: dict[int, Sheet] = {}
        self.resize(width, height)

    # -- the window -----------------------------------------------------------------------------------

    def resize(self, width: int, height: int) -> None:
        """Give the window another size; it starts black."""
        self.sheets[WINDOW] = Sheet(Image.new("RGBA", (max(width, 1), max(height, 1)), (0, 0, 0, 255)))
        self._shown = None
        self.w, self.h = width, height

    def present(self) -> None:
        """Show what was drawn, as `gfx.update` and the end of a defer round do, and begin a new frame."""
        window = self._window
        if window.todo:
            self._shown = Sheet(window.picture.copy(), list(window.todo))
            if self._texts:  # a round that draws nothing leaves what is shown
                self._shown_texts, self._texts = self._texts, []
        if self.clear > -1:
            number = int(self.clear)
            colour = (number & 255, number >> 8 & 255, number >> 16 & 255, 255)
            window.todo.clear()
            window.picture.paste(colour, (0, 0, *window.picture.size))

    def save(self, path: Path) -> None:
        """Write what the window shows as a PNG."""
        sheet = self._window if self._window.todo or self._shown is None else self._shown
        sheet.drawn().convert("RGB").save(path)

    @property
    def texts(self) -> list[str]:
        """The texts that the window shows, in the order in which they were drawn."""
        return [text for text, _, _ in self.spots]

    @property
    def spots(self) -> list[tuple[str, float, float]]:
        """The same with the place of each: x and y of its upper left corner."""
        return list(self._texts or self._shown_texts)

    @property
    def _window(self) -> Sheet:
        return self.sheets[WINDOW]

    @property
    def _sheet(self) -> Sheet:
        number = int(self.dest)
        if number not in self.sheets:
            raise ValueError(f"gfx.dest is {number}, and gfx.setimgdim never gave that buffer a size")
        return self.sheets[number]

    # -- colours and fonts ----------------------------------------------------------------------------

    def set(
        self,
        r: float,
        g: float | None = None,
        b: float | None = None,
        a: float = 1.0,
        mode: float = 0.0,
        dest: float | None = None,
        a2: float = 1.0,
    ) -> None:
        """Set the colour; what is missing: green and blue as red, alpha and mode as normal."""
        self.r, self.g, self.b = r, r if g is None else g, r if b is None else b
        self.a, self.mode, self.a2 = a, mode, a2
        if dest is not None:
            self.dest = dest

    def setfont(self, idx: int, face: str = "", size: int = 0, flags: int = 0) -> None:
        """Choose font ``idx`` (0: the built-in bitmap font), and define it where a face or size is given."""
        letters = {chr(int(flags) >> shift & 255).lower() for shift in (0, 8, 16, 24)}
        if idx and (face or size):
            before = self.faces.get(idx, Face())
            self.faces[idx] = Face(
                face or before.name, int(size) or before.size, "b" in letters, "i" in letters
            )
        self.font = int(idx)

    def getfont(self) -> tuple[int, str]:
        """Give the chosen font's number and the face that really draws."""
        return self.font, self.face.name

    @property
    def face(self) -> Face:
        """The font that draws now."""
        return self.faces.get(self.font, Face(size=12))

    @property
    def texth(self) -> int:
        """Height of a line in pixels."""
        return load(self.face)[1]

    # -- shapes ---------------------------------------------------------------------------------------

    def rect(self, x: float, y: float, w: float, h: float, filled: float = 1) -> None:
        """Fill or outline a rectangle of whole pixels."""
        left, top, right, bottom = int(x), int(y), int(x + w), int(y + h)
        if right <= left or bottom <= top:
            return
        colour, alpha = self._colour(), self._alpha()
        sheet = self._sheet
        width, height = sheet.picture.size
        if not filled:
            for edge in (
                (x, y, w, 1),
                (x, y + h - 1, w, 1),
                (x, y + 1, 1, h - 2),
                (x + w - 1, y + 1, 1, h - 2),
            ):
                self.rect(*edge)
            return
        covers = alpha == 255 and left <= 0 and top <= 0 and right >= width and bottom >= height

        def stroke(picture: Image.Image) -> None:
            box = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
            if box[0] < box[2] and box[1] < box[3]:
                mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), alpha)
                picture.paste(colour, box, mask)

        sheet.add(stroke, covers=covers)

    def rectto(self, x: float, y: float) -> None:
        """Fill from (gfx.x, gfx.y) to a corner, and move there."""
        self.rect(min(self.x, x), min(self.y, y), abs(x - self.x), abs(y - self.y))
        self.x, self.y = x, y

    def gradrect(self, x: float, y: float, w: float, h: float, *colour: float) -> None:
        """Fill with a colour (r, g, b, a) that changes per pixel of x (4 more) and of y (4 more)."""
        values = [*colour, *[0.0] * (12 - len(colour))]
        wide, high = int(w), int(h)
        if wide <= 0 or high <= 0:
            return
        planes = []
        for plane in range(4):
            start, across, down = (values[plane + step] for step in (0, 4, 8))
            data = bytes(
                max(0, min(255, round(255 * (start + across * column + down * row))))
                for row in range(high)
                for column in range(wide)
            )
            planes.append(Image.frombytes("L", (wide, high), data))
        block, mask = Image.merge("RGB", planes[:3]), planes[3]
        self._sheet.add(lambda picture: picture.paste(block, (int(x), int(y)), mask))

    def line(self, x: float, y: float, x2: float, y2: float, aa: float = 1) -> None:
        """Draw a line one pixel wide, both ends included."""
        box = (min(x, x2), min(y, y2), max(x, x2), max(y, y2))

        def shape(draw: ImageDraw.ImageDraw, at: At, k: float) -> None:
            draw.line([at(x + 0.5, y + 0.5), at(x2 + 0.5, y2 + 0.5)], 255, max(round(k), 1))
            for end in ((x, y), (x2, y2)):
                draw.rectangle([at(*end), tuple(v - 1 for v in at(end[0] + 1, end[1] + 1))], 255)

        self._smooth(box, shape, smooth=bool(aa) and x != x2 and y != y2)

    def lineto(self, x: float, y: float, aa: float = 1) -> None:
        """Draw a line from (gfx.x, gfx.y), and move to its end."""
        self.line(self.x, self.y, x, y, aa)
        self.x, self.y = x, y

    def circle(self, x: float, y: float, r: float, fill: float = 0, aa: float = 1) -> None:
        """Draw a circle around the pixel (x, y)."""

        def shape(draw: ImageDraw.ImageDraw, at: At, k: float) -> None:
            corners = [at(x + 0.5 - r - 0.5, y - r), at(x + r + 1, y + r + 1)]
            if fill:
                draw.ellipse(corners, 255)
            else:
                draw.ellipse(corners, None, 255, max(round(k), 1))

        self._smooth((x - r, y - r, x + r, y + r), shape, smooth=bool(aa))

    def arc(self, x: float, y: float, r: float, ang1: float, ang2: float, aa: float = 1) -> None:
        """Draw a part of a circle; angles are radians, 0 is up, clockwise."""

        def shape(draw: ImageDraw.ImageDraw, at: At, k: float) -> None:
            corners = [at(x - r, y - r), at(x + r + 1, y + r + 1)]
            draw.arc(corners, math.degrees(ang1) - 90, math.degrees(ang2) - 90, 255, max(round(k), 1))

        self._smooth((x - r, y - r, x + r, y + r), shape, smooth=bool(aa))

    def roundrect(self, x: float, y: float, w: float, h: float, radius: float, aa: float = 1) -> None:
        """Outline a rectangle with round corners; it spans x to x + w inclusive, as REAPER's does."""

        def shape(draw: ImageDraw.ImageDraw, at: At, k: float) -> None:
            corners = [at(x, y), tuple(v - 1 for v in at(x + w + 1, y + h + 1))]
            draw.rounded_rectangle(corners, radius * k, None, 255, max(round(k), 1))

        self._smooth((x, y, x + w, y + h), shape, smooth=bool(aa))

    def triangle(self, *corners: float) -> None:
        """Fill a convex polygon: x1, y1, x2, y2, x3, y3 and more."""
        points = list(zip(corners[::2], corners[1::2], strict=True))
        if len(points) < 3:
            raise ValueError("gfx.triangle wants three points or more")
        xs, ys = [p[0] for p in points], [p[1] for p in points]

        def shape(draw: ImageDraw.ImageDraw, at: At, k: float) -> None:
            draw.polygon([at(px + 0.5, py + 0.5) for px, py in points], 255, 255)

        self._smooth((min(xs), min(ys), max(xs), max(ys)), shape, smooth=False)

    def setpixel(self, r: float, g: float, b: float) -> None:
        """Colour the pixel at (gfx.x, gfx.y)."""
        before = (self.r, self.g, self.b)
        self.r, self.g, self.b = r, g, b
        self.rect(int(self.x), int(self.y), 1, 1)
        self.r, self.g, self.b = before

    def getpixel(self) -> tuple[float, float, float]:
        """Give the colour of the pixel at (gfx.x, gfx.y)."""
        picture = self._sheet.drawn()
        x, y = int(self.x), int(self.y)
        if not (0 <= x < picture.width and 0 <= y < picture.height):
            return 0.0, 0.0, 0.0
        pixel = picture.getpixel((x, y))
        assert isinstance(pixel, tuple)
        return pixel[0] / 255, pixel[1] / 255, pixel[2] / 255

    # -- text -----------------------------------------------------------------------------------------

    def measurestr(self, text: str) -> tuple[int, int]:
        """Give width and height of a text in the present font, in pixels."""
        font, line = load(self.face)
        rows = text.split("\n")
        return max(math.ceil(font.getlength(row)) for row in rows), line * len(rows)

    def measurechar(self, char: int) -> tuple[int, int]:
        """Give width and height of one character."""
        return self.measurestr(chr(int(char)))

    def drawstr(
        self, text: str, flags: float = 0, right: float | None = None, bottom: float | None = None
    ) -> None:
        """Draw at (gfx.x, gfx.y) and move behind the text.

        Flags: 1 centred, 2 right, 4 vertically centred, 8 at the bottom, all within ``right`` and ``bottom``,
        beyond which nothing is drawn, unless 256 says so.
        """
        font, line = load(self.face)
        bits = int(flags)
        height = self.measurestr(text)[1]
        left, top = self.x, self.y
        limits = None
        if right is not None and bottom is not None:
            if bits & 4:
                top += max((bottom - top - height) / 2, 0)
            elif bits & 8:
                top = max(bottom - height, top)
            if not bits & 256:
                limits = (int(self.x), int(self.y), math.ceil(right), math.ceil(bottom))
        self._texts.append((text, left, top))
        colour, alpha = self._colour(), self._alpha()
        for number, row in enumerate(text.split("\n")):
            wide = math.ceil(font.getlength(row))
            start = left
            if right is not None and bits & 1:
                start += max((right - left - wide) / 2, 0)
            elif right is not None and bits & 2:
                start = max(right - wide, left)
            place = (int(start), int(top) + number * line)
            self._sheet.add(stroke_of(row, font, line, place, wide, colour, alpha, limits))
            self.x = start + wide
        self.y = top + height - line

    def drawchar(self, char: int) -> None:
        """Draw one character."""
        self.drawstr(chr(int(char)))

    def drawnumber(self, number: float, digits: int) -> None:
        """Draw a number with so many digits behind the point."""
        self.drawstr(f"{number:.{int(digits)}f}")

    # -- images ---------------------------------------------------------------------------------------

    def setimgdim(self, image: int, w: int, h: int) -> bool:
        """Give a buffer a size; its picture is lost."""
        if not 0 <= image < 1024:
            raise ValueError(f"gfx.setimgdim: there is no buffer {image}")
        self.sheets[int(image)] = Sheet(Image.new("RGBA", (max(int(w), 1), max(int(h), 1)), (0, 0, 0, 0)))
        return True

    def loadimg(self, image: int, filename: str) -> int:
        """Load a PNG or JPEG into a buffer, which gets its size; -1 where there is no such picture."""
        if not 0 <= image < 1024:
            raise ValueError(f"gfx.loadimg: there is no buffer {image}")
        try:
            with Image.open(filename) as found:
                self.sheets[int(image)] = Sheet(found.convert("RGBA"))
        except OSError:
            return -1
        return int(image)

    def getimgdim(self, image: int) -> tuple[int, int]:
        """Give a buffer's size."""
        sheet = self.sheets.get(int(image))
        return sheet.picture.size if sheet else (0, 0)

    def blit(self, source: int, scale: float, rotation: float, *spots: float) -> None:
        """Copy (a part of) a buffer: srcx, srcy, srcw, srch, destx, desty, destw, desth."""
        if rotation:
            raise ValueError("the stand-in turns no pictures")
        given = list(spots[:8])
        full = self.sheets[int(source)].drawn()
        size = (full.width, full.height)
        sx, sy, sw, sh = (given[i] if i < len(given) else (0, 0, *size)[i] for i in range(4))
        dx, dy = (given[i] if i < len(given) else (self.x, self.y)[i - 4] for i in (4, 5))
        dw, dh = (given[i] if i < len(given) else ((sw, sh)[i - 6] * scale) for i in (6, 7))
        if min(sw, sh, dw, dh) < 1:
            return
        part = full.crop((int(sx), int(sy), int(sx + sw), int(sy + sh)))
        if (int(dw), int(dh)) != part.size:
            part = part.resize((int(dw), int(dh)))
        alpha = self._alpha()
        mask = part.getchannel("A").point([value * alpha // 255 for value in range(256)])
        if int(self.mode) & 2:
            mask = Image.new("L", part.size, alpha)
        block = part.convert("RGB")
        self._sheet.add(lambda picture: picture.paste(block, (int(dx), int(dy)), mask))

    # -- inside ---------------------------------------------------------------------------------------

    def _colour(self) -> tuple[int, int, int, int]:
        red, green, blue = (max(0, min(255, round(255 * value))) for value in (self.r, self.g, self.b))
        return red, green, blue, 255

    def _alpha(self) -> int:
        if int(self.mode) & 1:
            raise ValueError("the stand-in doesn't draw gfx.mode 1 (additive)")
        return max(0, min(255, round(255 * self.a)))

    def _smooth(self, box: Box, shape: Shape, *, smooth: bool) -> None:
        """Draw a shape as a mask around its box, finer than the picture where it is to be smooth."""
        left, top = math.floor(box[0]) - 1, math.floor(box[1]) - 1
        width, height = math.ceil(box[2]) + 2 - left, math.ceil(box[3]) + 2 - top
        colour, alpha = self._colour(), self._alpha()
        factor = _SMOOTH if smooth else 1

        def at(x: float, y: float) -> tuple[float, float]:
            return (x - left) * factor, (y - top) * factor

        def stroke(picture: Image.Image) -> None:
            mask = Image.new("L", (width * factor, height * factor), 0)
            shape(ImageDraw.Draw(mask), at, factor)
            if factor > 1:
                mask = mask.resize((width, height), Image.Resampling.BOX)
            mask = mask.point([value * alpha // 255 for value in range(256)])
            picture.paste(colour, (left, top), mask)

        self._sheet.add(stroke)
