"""The stand-in's window: what is measured is what is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.fakes.reaper.gfx_picture import Canvas


def pixels(canvas: Canvas, path: Path) -> Image.Image:
    canvas.save(path)
    with Image.open(path) as picture:
        return picture.convert("RGB")


def ink(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Give the box of what isn't black."""
    return picture.getbbox()


@pytest.fixture
def canvas() -> Canvas:
    return Canvas(200, 100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "window.png"


def test_a_filled_rectangle_covers_its_pixels_and_no_more(canvas: Canvas, path: Path) -> None:
    canvas.set(1, 0, 0)
    canvas.rect(10, 20, 30, 5)
    assert ink(pixels(canvas, path)) == (10, 20, 40, 25)
    assert pixels(canvas, path).getpixel((10, 20)) == (255, 0, 0)


def test_an_outline_is_hollow(canvas: Canvas, path: Path) -> None:
    canvas.set(1)
    canvas.rect(10, 20, 30, 10, 0)
    picture = pixels(canvas, path)
    assert ink(picture) == (10, 20, 40, 30)
    assert picture.getpixel((20, 25)) == (0, 0, 0)


def test_alpha_mixes(canvas: Canvas, path: Path) -> None:
    canvas.set(1, 1, 1, 0.5)
    canvas.rect(0, 0, 10, 10)
    value = pixels(canvas, path).getpixel((5, 5))
    assert isinstance(value, tuple)
    assert value[0] == pytest.approx(128, abs=1)


@pytest.mark.parametrize("text", ["Vocals", "Gitarre \u2013 übrig", "WWW", "iii", "a\nlonger second row"])
@pytest.mark.parametrize("size", [11, 16, 40])
def test_a_text_lies_within_what_was_measured(path: Path, text: str, size: int) -> None:
    canvas = Canvas(800, 200)
    canvas.setfont(1, "Arial", size)
    wide, high = canvas.measurestr(text)
    assert high == size * (text.count("\n") + 1) == canvas.texth * (text.count("\n") + 1)
    canvas.x, canvas.y = 50, 60
    canvas.drawstr(text)
    box = ink(pixels(canvas, path))
    assert box is not None
    assert box[0] >= 48
    assert box[2] <= 50 + wide + 2
    assert box[1] >= 60
    assert box[3] <= 60 + high + 1
    assert box[2] - box[0] > wide / 2


def test_drawing_moves_behind_the_text(canvas: Canvas) -> None:
    canvas.setfont(1, "Arial", 16)
    canvas.x, canvas.y = 5, 7
    canvas.drawstr("abc")
    assert (canvas.x, canvas.y) == (5 + canvas.measurestr("abc")[0], 7)


def test_a_text_is_cut_at_its_limits(canvas: Canvas, path: Path) -> None:
    canvas.setfont(1, "Arial", 20)
    canvas.x, canvas.y = 10, 10
    canvas.drawstr("a text that is much too long for it", 0, 60, 30)
    box = ink(pixels(canvas, path))
    assert box is not None
    assert box[2] <= 60


@pytest.mark.parametrize(("flags", "side"), [(1, "centre"), (2, "right"), (0, "left")])
def test_a_text_stands_where_the_flags_say(canvas: Canvas, path: Path, flags: int, side: str) -> None:
    canvas.setfont(1, "Arial", 20)
    canvas.x, canvas.y = 10, 10
    canvas.drawstr("HH", flags | 4, 190, 90)
    box = ink(pixels(canvas, path))
    assert box is not None
    middle = (box[0] + box[2]) / 2
    assert {"left": middle < 60, "centre": abs(middle - 100) < 4, "right": middle > 140}[side]
    assert abs((box[1] + box[3]) / 2 - 50) < 6


def test_shapes_stay_in_their_boxes(canvas: Canvas, path: Path) -> None:
    canvas.set(0, 1, 0)
    canvas.circle(100, 50, 20, 1)
    box = ink(pixels(canvas, path))
    assert box is not None
    assert box[0] >= 79
    assert box[2] <= 122
    canvas.resize(200, 100)
    canvas.roundrect(10, 10, 50, 20, 5)
    assert ink(pixels(canvas, path)) == (10, 10, 61, 31)
    canvas.resize(200, 100)
    canvas.line(5, 5, 5, 25)
    assert ink(pixels(canvas, path)) == (5, 5, 6, 26)
    canvas.resize(200, 100)
    canvas.triangle(10, 10, 30, 10, 20, 30)
    assert ink(pixels(canvas, path)) == (10, 10, 31, 31)


def test_a_buffer_is_copied_by_blit_and_clips(canvas: Canvas, path: Path) -> None:
    canvas.setimgdim(3, 40, 20)
    canvas.dest = 3
    canvas.set(0, 0, 1)
    canvas.dest = 3
    canvas.rect(-10, -10, 100, 100)
    canvas.dest = -1
    canvas.a = 1
    canvas.blit(3, 1, 0, 0, 0, 10, 10, 50, 60)
    assert ink(pixels(canvas, path)) == (50, 60, 60, 70)
    assert pixels(canvas, path).getpixel((55, 65)) == (0, 0, 255)


def test_a_buffer_without_a_size_is_refused(canvas: Canvas) -> None:
    canvas.dest = 9
    with pytest.raises(ValueError, match="buffer"):
        canvas.rect(0, 0, 1, 1)


def test_a_shown_frame_stays_until_the_next_is_drawn(canvas: Canvas, path: Path) -> None:
    canvas.drawstr("first")
    canvas.present()
    canvas.present()
    assert canvas.texts == ["first"]
    assert ink(pixels(canvas, path)) is not None
    canvas.drawstr("second")
    assert canvas.texts == ["second"]
    canvas.present()
    assert canvas.texts == ["second"]


def test_pixels_can_be_read(canvas: Canvas) -> None:
    canvas.set(1, 0, 0)
    canvas.rect(3, 3, 1, 1)
    canvas.x, canvas.y = 3, 3
    assert canvas.getpixel() == (1, 0, 0)
    canvas.x = 4
    assert canvas.getpixel() == (0, 0, 0)
