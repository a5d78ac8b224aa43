"""Text for pictures: fonts, shortening, and the marks of a time axis.

Pillow's own typeface is used wherever it has the letters, so that pictures look alike everywhere. It
has few beyond ASCII: a text in another script is set in a typeface of the system, and where there is
none that knows it, letters lose their accents and the rest becomes question marks.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from functools import lru_cache

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "segoeui.ttf",
    "Arial Unicode.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "YuGothM.ttc",
    "msyh.ttc",
    "malgun.ttf",
    "wqy-microhei.ttc",
)
_OWN_EXTRAS = frozenset("°±´·»‘’“”…‹›™©«")  # noqa: RUF001 - typographic quotes are meant
_DASHES = {0x2010: "-", 0x2011: "-", 0x2013: "-", 0x2014: "-", 0x2212: "-"}
_CLOCK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@lru_cache(maxsize=64)
def font_of(name: str, size: int) -> FreeTypeFont:
    """Give a typeface at a size in pixels; "" is Pillow's own. Raises OSError when it isn't there."""
    if name:
        return ImageFont.truetype(name, size)
    font = ImageFont.load_default(size)
    if not isinstance(font, FreeTypeFont):
        raise OSError("this Pillow was built without FreeType")
    return font


def fit(text: str, size: int, width: float, *, smallest: int | None = None) -> tuple[str, FreeTypeFont]:
    """Make a text drawable, and short enough for ``width`` pixels.

    The type shrinks to ``smallest`` pixels before letters are left out of the middle.

    Returns
    -------
    tuple
        The text to draw and the font to draw it in.
    """
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    text = text.translate(_DASHES)
    name = _typeface_for(text)
    if name is None:
        text, name = _plain_letters(text), ""
    font = font_of(name, size)
    while font.getlength(text) > width and smallest is not None and size > smallest:
        size -= 1
        font = font_of(name, size)
    if font.getlength(text) <= width:
        return text, font
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if font.getlength(_shortened(text, middle)) <= width:
            fits = middle
        else:
            too_long = middle
    return _shortened(text, fits), font


def time_marks(start: Fraction, end: Fraction, most: int) -> tuple[list[Fraction], int]:
    """Choose round times from start to end (seconds), at most ``most`` of them.

    Returns
    -------
    tuple
        The times, and the number of decimals that they need.
    """
    steps = [Fraction(step, 10**digits) for digits in range(9, 0, -1) for step in (1, 2, 5)]
    steps += [Fraction(step) for step in _CLOCK_STEPS]
    step = next((s for s in steps if (end - start) / s <= most - 1), None)
    if step is None:
        step = steps[-1] * (1 + (end - start) // (steps[-1] * (most - 1)))
    digits = next(d for d in range(10) if (step * 10**d).denominator == 1)
    first, last = -(-start // step), end // step
    return [step * count for count in range(first, last + 1)], digits


def _shortened(text: str, keep: int) -> str:
    """Leave out the middle, so that the end of a file's name stays."""
    tail = keep // 2
    return f"{text[: keep - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def _plain_letters(text: str) -> str:
    bare = (ch for ch in unicodedata.normalize("NFKD", text) if not unicodedata.combining(ch))
    return "".join(ch if _is_own(ch) else "?" for ch in bare)


def _is_own(letter: str) -> bool:
    return " " <= letter <= "~" or letter in _OWN_EXTRAS


def _typeface_for(text: str) -> str | None:
    foreign = "".join(sorted({ch for ch in text if not _is_own(ch) and not unicodedata.combining(ch)}))
    return _system_typeface(foreign) if foreign else ""


@lru_cache(maxsize=16)
def _system_typeface(letters: str) -> str | None:
    """Name a typeface of the system that has all these letters, None where there is none."""
    for name in _SYSTEM_FONTS:
        try:
            font = font_of(name, 16)
        except OSError:
            continue
        missing = bytes(font.getmask("\uffff"))
        if all(bytes(font.getmask(letter)) != missing for letter in letters):
            return name
    return None
