"""The parts of the windows that draw nothing: keys, text, fields, lists, focus, boxes, colours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua.pure import VERSIONS, Lua


@pytest.fixture(params=VERSIONS)
def lua(request: pytest.FixtureRequest) -> Lua:
    return Lua(request.param)


def named(word: str) -> int:
    return int.from_bytes(word.encode(), "big")


def key(lua: Lua, code: int, unichar: int = 0, cap: int = 0) -> dict[str, Any]:
    read = lua.eval("function(c, u, m) return require('ui.keys').read(c, u, m) end")(code, unichar, cap)
    return {k.decode(): v.decode() if isinstance(v, bytes) else v for k, v in read.items()}


@pytest.mark.parametrize(
    ("code", "unichar", "cap", "name", "char"),
    [
        (9, 9, 0, "tab", None),
        (13, 13, 0, "enter", None),
        (27, 27, 0, "escape", None),
        (8, 8, 0, "backspace", None),
        (32, 32, 0, "space", " "),
        (ord("a"), ord("a"), 0, "a", "a"),
        (ord("é"), ord("é"), 0, "é", "é"),
        (0x75000000 | ord("ж"), 0, 0, "ж", "ж"),
        (ord("ж"), ord("ж"), 0, "ж", "ж"),
        (named("left"), 0, 0, "left", None),
        (named("rght"), 0, 8, "right", None),
        (named("pgdn"), 0, 0, "pagedown", None),
        (named("del"), 0, 0, "delete", None),
        (named("f1"), 0, 0, "f1", None),
        (1, 1, 4, "ctrl+a", None),
        (ord("@"), ord("@"), 4 | 16, "@", "@"),
        (ord("A") + 256, ord("a"), 16, None, None),
        (127, 127, 4, "backspace", None),
        (8, 8, 4, "backspace", None),
        (named("f13"), 0, 0, None, None),
        (0x75000000 | 0xD800, 0, 0, None, None),
    ],
)
def test_keys_get_their_names(
    lua: Lua, code: int, unichar: int, cap: int, name: str | None, char: str | None
) -> None:
    read = key(lua, code, unichar, cap)
    assert (read.get("name"), read.get("char")) == (name, char)
    assert read["shift"] is bool(cap & 8)


def test_text_is_cut_between_characters_and_folded_for_the_search(lua: Lua) -> None:
    lua.execute("t = require('ui.utext')")
    assert lua.eval("t.sub('Ärger über Öl', 1, 5)").decode() == "Ärger"
    assert lua.eval("t.sub('Öl', 2, 9)") == b"l"
    assert lua.eval("t.sub('Öl', 3)") == b""
    assert lua.eval("t.length('日本')") == 2
    assert lua.eval("t.fold('  Ménage À  Trois ')") == b" menage a trois "
    assert lua.eval("t.matches('bs roformer (vocals, instrumental)', 'voc rofo')")
    assert not lua.eval("t.matches('bs roformer', 'bass')")
    assert lua.eval("function(b) return t.valid(b) end")(b"a\xffb\xe9") == b"a?b?"


def test_lines_break_at_spaces_and_end_in_an_ellipsis_where_they_must(lua: Lua) -> None:
    lua.execute("t = require('ui.utext'); w = function(s) return utf8.len(s) * 10 end")
    lines = lua.eval("t.wrap('one two three fourfivesix', 80, w)")
    assert [line.decode() for line in lines.values()] == ["one two", "three", "fourfive", "six"]
    lines = lua.eval("t.wrap('one two three four five', 80, w, 2)")
    assert [line.decode() for line in lines.values()] == ["one two", "three f…"]
    assert lua.eval("select(2, t.fit('short', 80, w))") is False
    assert lua.eval("(t.fit('rather too long', 80, w))").decode() == "rather…"
    lines = lua.eval("t.wrap('a\\nb', 80, w)")
    assert [line.decode() for line in lines.values()] == ["a", "b"]


class Field:
    def __init__(self, lua: Lua, text: str, most: int = 400) -> None:
        self.lua = lua
        self.field = lua.eval("function(t, m) return require('ui.field').new(t, m) end")(text.encode(), most)

    def press(self, name: str, *, shift: bool = False, ctrl: bool = False) -> bool:
        char = name if len(name) == 1 else ({"space": " "}.get(name))
        make = self.lua.eval("function(n, c, s, k) return {name = n, char = c, shift = s, ctrl = k} end")
        pressed = make(name.encode(), char and char.encode(), shift, ctrl)
        return bool(self.lua.eval("function(f, k) return f:key(k) end")(self.field, pressed))

    @property
    def text(self) -> str:
        return str(self.field[b"text"].decode())

    @property
    def caret(self) -> int:
        return int(self.field[b"caret"])


def test_a_field_is_edited_by_characters_and_words(lua: Lua) -> None:
    field = Field(lua, "süße Stimme")
    field.press("left", ctrl=True)
    assert field.caret == 5
    field.press("ö")
    field.press("backspace")
    field.press("backspace", ctrl=True)
    assert field.text == "Stimme"
    field.press("delete")
    assert field.text == "timme"
    field.press("end", shift=True)
    field.press("x")
    assert (field.text, field.caret) == ("x", 1)
    field.press("ctrl+a", ctrl=True)
    field.press("backspace")
    assert field.text == ""
    assert not field.press("up")
    assert not field.press("f1")


def test_a_field_holds_no_more_than_it_may_and_no_control_characters(lua: Lua) -> None:
    field = Field(lua, "abc\ndef", most=6)
    assert field.text == "abc de"
    field.press("x")
    assert field.text == "abc de"
    field.press("home")
    field.press("delete")
    field.press("ß")
    assert field.text == "ßbc de"


ROWS = """
local list = require('ui.list').new(function(row) return row.kind ~= 'heading' end)
local rows = {{kind = 'heading'}}
for i = 1, 30 do rows[#rows + 1] = {id = i} end
list:set(rows)
list:see(10)
return list
"""


def test_a_list_moves_over_headings_and_keeps_its_row_in_sight(lua: Lua) -> None:
    lua.execute("list = (function() " + ROWS + " end)()")
    assert lua.eval("list:select_first()")
    assert lua.eval("list:id()") == 1
    lua.execute("list:key('pagedown')")
    assert lua.eval("list:id()") == 11
    assert lua.eval("list.top") == 3
    lua.execute("list:key('end'); list:key('down')")
    assert (lua.eval("list:id()"), lua.eval("list.top")) == (30, 22)
    lua.execute("list:key('home')")
    assert (lua.eval("list:id()"), lua.eval("list.top")) == (1, 1), "the heading above it is seen, too"
    lua.execute("list:key('up')")
    assert lua.eval("list:id()") == 1
    assert not lua.eval("list:select(1)"), "a heading is no row to select"


def test_a_list_keeps_the_selection_by_id_when_its_rows_change(lua: Lua) -> None:
    lua.execute("list = (function() " + ROWS + " end)(); list:select_id(20)")
    lua.execute("list:set({{id = 5}, {id = 20}, {id = 21}})")
    assert lua.eval("list:id()") == 20
    assert lua.eval("list.top") == 1
    lua.execute("list:set({{id = 5}})")
    assert lua.eval("list:id()") is None
    lua.execute("list:set({}); list:key('down'); list:key('end')")
    assert lua.eval("list.at") == 0


def test_scrolling_stops_at_both_ends(lua: Lua) -> None:
    lua.execute("list = (function() " + ROWS + " end)(); list:scroll(-5)")
    assert lua.eval("list.top") == 1
    lua.execute("list:scroll(500)")
    assert lua.eval("list.top") == 22
    assert lua.eval("select(2, list:visible())") == 31


def test_the_focus_goes_round_and_survives_what_disappears(lua: Lua) -> None:
    lua.execute(
        """
        f = require('ui.focus').new()
        function frame(...)
          f:begin()
          for _, id in ipairs({...}) do f:add(id) end
          f:finish()
        end
        frame('a', 'b', 'c')
        """
    )
    lua.execute("f:move(1)")
    assert lua.eval("f.id") == b"a"
    lua.execute("f:move(-1)")
    assert lua.eval("f.id") == b"c"
    lua.execute("f:move(1)")
    assert lua.eval("f.id") == b"a"
    lua.execute("f:set('b'); frame('a', 'c')")
    assert lua.eval("f.id") == b"c", "the one that took its place"
    lua.execute("frame()")
    lua.execute("f:move(1)")


def test_boxes_are_cut_without_a_pixel_lost(lua: Lua) -> None:
    lua.execute("b = require('ui.box'); whole = b.new(10, 20, 100, 50)")
    for side, size in (("top", "h"), ("bottom", "h"), ("left", "w"), ("right", "w")):
        lua.execute(f"one, rest = b.cut(whole, '{side}', 30, 5)")
        assert lua.eval(f"one.{size} + rest.{size} + 5 == whole.{size}")
    lua.execute("one, rest = b.cut(whole, 'top', 80)")
    assert (lua.eval("one.h"), lua.eval("rest.h")) == (50, 0)
    places = lua.eval("(b.flow({40, 40, 40, 120}, 100, 10))")
    assert [(p[b"row"], p[b"x"]) for p in places.values()] == [(0, 0), (0, 50), (1, 0), (2, 0)]
    assert lua.eval("select(2, b.flow({}, 100, 10))") == 0


def test_a_form_shows_whole_rows_and_its_end(lua: Lua) -> None:
    lua.execute("b = require('ui.box'); h = {30, 30, 30, 60, 30}")
    assert lua.eval("b.page(h, 1, 90)") == 3
    assert lua.eval("b.page(h, 4, 50)") == 4, "a row that is higher than the space is shown"
    assert lua.eval("b.last_top(h, 90)") == 4
    assert lua.eval("b.last_top(h, 500)") == 1
    assert lua.eval("b.last_top({200}, 50)") == 1


@pytest.mark.parametrize(
    ("ground", "text"),
    [
        (None, None),
        ("{0.2, 0.2, 0.2}", "{0.75, 0.75, 0.75}"),
        ("{0.94, 0.94, 0.94}", "{0.05, 0.05, 0.05}"),
        ("{0, 0, 0}", "{0.1, 0.1, 0.1}"),
        ("{1, 1, 1}", "{1, 1, 1}"),
        ("{0.45, 0.45, 0.45}", "{0.5, 0.5, 0.5}"),
        ("{0.5, 0.5, 0.5}", None),
        ("{0.1, 0.2, 0.4}", "{0.3, 0.3, 0.9}"),
        ("{0.9, 0.8, 0.5}", "{0.9, 0.9, 0.1}"),
    ],
)
def test_every_text_can_be_read_on_every_theme(lua: Lua, ground: str | None, text: str | None) -> None:
    lua.execute("theme, colour = require('ui.theme'), require('ui.colour')")
    lua.execute(f"p = theme.build({ground or 'nil'}, {text or 'nil'})")
    # As drawn: eight bits a channel.
    lua.execute(
        """function eight(c)
          local o = {}
          for i = 1, 3 do o[i] = math.floor(c[i] * 255 + 0.5) / 255 end
          return o
        end"""
    )
    worst = lua.eval(
        """(function()
          local least, pair = 99, ''
          for _, names in ipairs(theme.PAIRS) do
            local c = colour.contrast(eight(p[names[1]]), eight(p[names[2]]))
            if c < least then least, pair = c, names[1] .. ' on ' .. names[2] end
          end
          return least, pair
        end)()"""
    )
    assert worst[0] >= 4.5, worst


def test_contrast_is_that_of_the_accessibility_guidelines(lua: Lua) -> None:
    lua.execute("c = require('ui.colour')")
    assert lua.eval("c.contrast({0,0,0}, {1,1,1})") == pytest.approx(21)
    assert lua.eval("c.contrast(c.rgb(0x777777), {1,1,1})") == pytest.approx(4.48, abs=0.01)
    assert lua.eval("c.parse('#2e86ab')[3]") == pytest.approx(0xAB / 255)
    assert lua.eval("c.parse('2e86ab')") is None
