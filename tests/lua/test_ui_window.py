"""Windows on the host: widgets under mouse and keys, sizes, scales, what is drawn when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Reaper
from tests.fakes.reaper.host import SCRIPTS, THEMES
from tests.lua.ui_desk import ENTER, ESCAPE, SPACE, TAB, Screen, named

SCRIPT = """
package.path = "{lib}/?.lua;" .. package.path
local window = require("ui.window")
local widgets = require("ui.widgets")
local box = require("ui.box")
local field = require("ui.field").new("abc")
local list = require("ui.list").new()
local rows = {{}}
for i = 1, 100 do rows[i] = {{id = i, label = "row " .. i}} end
list:set(rows)
local options = {{}}
for i = 1, 30 do options[i] = {{"k" .. i, "option " .. i}} end
state = {{check = false, part = "a", key = "k1", hits = 0}}
local function note(name, value)
  reaper.SetExtState("test", name, tostring(value), false)
end
local shown = window.open({{
  title = "Test", width = 400, height = 300, zoom = {zoom}, colours = "{colours}", place = {place},
  view = function(ui, area)
    note("frames", (tonumber(reaper.GetExtState("test", "frames")) or 0) + 1)
    local p = ui.paint
    local function at(x, y, w, h) return box.new(p:px(x), p:px(y), p:px(w), p:px(h)) end
    if widgets.button(ui, "button", at(10, 10, 100, 24), "Press me") then
      state.hits = state.hits + 1
      note("hits", state.hits)
    end
    state.check = widgets.check(ui, "check", at(10, 40, 100, 24), "Tick me", state.check)
    note("check", state.check)
    state.part = widgets.segments(ui, "part", at(10, 70, 180, 24), {{{{"a", "A"}}, {{"b", "B"}}}}, state.part)
    note("part", state.part)
    state.key = widgets.select(ui, "select", at(10, 100, 180, 24), options, state.key)
    note("key", state.key)
    widgets.field(ui, "field", at(10, 130, 180, 24), field)
    note("text", field.text)
    widgets.list(ui, "list", at(200, 10, 190, 204), list, p:px(20), function(row, cell)
      p:text(cell, row.label, {{}})
    end)
    note("row", list:id())
    note("top", list.top)
    note("focus", ui.focus.id)
    if ui:take("escape") then note("escape", "yes") end
  end,
}})
reaper.atexit(function()
  shown:close()
  local place = shown.last_place
  if place then note("place", ("%d %d %d %d %d"):format(place.w, place.h, place.x, place.y, place.dock)) end
end)
local function loop()
  if shown:step() then reaper.defer(loop) end
end
loop()
"""


def start(host: Reaper, *, zoom: float = 1, colours: str = "auto", place: str = "nil") -> Screen:
    lib = str(SCRIPTS / "lib").replace("\\", "/")
    path: Path = host.folder / "window.lua"
    path.write_text(SCRIPT.format(lib=lib, zoom=zoom, colours=colours, place=place), encoding="utf-8")
    screen = Screen(host)
    host.run_script(path)
    host.tick(2)
    return screen


def noted(host: Reaper, name: str) -> Any:
    return host.ext_state.get(("test", name))


def test_a_button_is_pressed_by_mouse_space_and_enter(host: Reaper) -> None:
    screen = start(host)
    screen.click(50, 20)
    assert noted(host, "hits") == "1"
    assert noted(host, "focus") == "button"
    screen.press(SPACE, ENTER)
    assert noted(host, "hits") == "3"
    host.gfx.mouse(50, 20, 1)
    host.tick(2)
    host.gfx.mouse(300, 250, 0)
    host.tick(2)
    assert noted(host, "hits") == "3", "let go elsewhere: not pressed"


def test_tab_goes_through_all_widgets_in_their_order_and_back(host: Reaper) -> None:
    screen = start(host)
    order = []
    for _ in range(7):
        screen.press(TAB)
        order.append(noted(host, "focus"))
    assert order == ["button", "check", "part", "select", "field", "list", "button"]
    host.gfx.mouse(-1, -1, 8)
    screen.press(TAB)
    assert noted(host, "focus") == "list"


def test_check_segments_select_and_field_by_keys(host: Reaper) -> None:
    screen = start(host)
    screen.press(TAB, TAB, SPACE)
    assert noted(host, "check") == "true"
    screen.press(TAB, named("rght"))
    assert noted(host, "part") == "b"
    screen.press(TAB, named("down"), named("down"))
    assert noted(host, "key") == "k3"
    screen.press(TAB, named("end"), "dé")
    assert noted(host, "text") == "abcdé"
    screen.press(TAB, named("pgdn"))
    assert noted(host, "row") == "10"


def test_an_open_select_takes_all_keys_until_it_is_closed(host: Reaper) -> None:
    screen = start(host)
    screen.press(TAB, TAB, TAB, TAB, SPACE)
    assert screen.shows("option 5")
    screen.press("option 2", ESCAPE)
    assert (noted(host, "key"), noted(host, "escape")) == ("k1", None)
    screen.press(SPACE, "option 2", named("down"), ENTER)
    assert noted(host, "key") == "k3"
    assert noted(host, "hits") is None
    assert not screen.shows("option 5")
    screen.press(ESCAPE)
    assert noted(host, "escape") == "yes"


def test_a_select_opens_and_picks_by_mouse_and_closes_beside(host: Reaper) -> None:
    screen = start(host)
    screen.click(50, 110)
    assert screen.shows("option 2")
    screen.click(390, 295)
    assert not screen.shows("option 2")
    assert noted(host, "key") == "k1"
    screen.click(50, 110)
    screen.click(50, 126 + 2 + 24 + 12)
    assert noted(host, "key") == "k2"


def test_the_list_scrolls_by_wheel_and_bar_and_is_picked_by_mouse(host: Reaper) -> None:
    screen = start(host)
    host.gfx.mouse(250, 100, 0, wheel=-120)
    host.tick(2)
    assert noted(host, "top") == "4"
    screen.click(250, 12 + 30)
    assert noted(host, "row") == "5"
    host.gfx.mouse(385, 20, 1)
    host.tick(2)
    host.gfx.mouse(385, 280, 1)
    host.tick(2)
    assert noted(host, "top") == "91"
    host.gfx.mouse(385, 280, 0)
    host.tick(2)


def test_the_caret_follows_a_click_and_a_double_click_marks(host: Reaper) -> None:
    screen = start(host)
    screen.click(12, 140)
    screen.press("x")
    assert noted(host, "text") == "xabc"
    screen.click(60, 140)
    screen.click(60, 140)
    screen.press("y")
    assert noted(host, "text") == "y"


def test_nothing_is_drawn_while_nothing_happens(host: Reaper) -> None:
    start(host)
    host.tick(3)
    before = noted(host, "frames")
    host.instructions.clear()
    host.tick(20)
    assert noted(host, "frames") == before
    assert max(host.instructions.values()) < 2000
    host.advance(1.5)
    host.tick()
    assert noted(host, "frames") != before, "once a second it is drawn all the same"


def test_a_resize_and_a_new_theme_are_seen(host: Reaper) -> None:
    start(host, colours="auto")
    host.tick(2)
    dark = host.gfx.png(host.folder / "a.png").read_bytes()
    host.theme = dict(THEMES["light"])
    host.advance(5)
    host.tick(2)
    assert host.gfx.png(host.folder / "b.png").read_bytes() != dark
    before = noted(host, "frames")
    host.gfx.resize(600, 500)
    host.tick(2)
    assert noted(host, "frames") != before


@pytest.mark.parametrize(("scale", "zoom"), [(1.0, 1.0), (2.0, 1.0), (1.0, 1.5), (2.0, 1.25)])
def test_all_scales_with_the_screen_and_the_users_wish(host: Reaper, scale: float, zoom: float) -> None:
    host.screen_scale = scale
    screen = start(host, zoom=zoom)
    assert (host.gfx.canvas.w, host.gfx.canvas.h) == (400 * scale * zoom, 300 * scale * zoom)
    screen.click(50 * scale * zoom, 20 * scale * zoom)
    assert noted(host, "hits") == "1"
    screen.click(50 * scale * zoom, 52 * scale * zoom)
    assert noted(host, "check") == "true"


def test_a_window_comes_back_where_it_was_and_as_large(host: Reaper) -> None:
    host.screen_scale = 2.0
    start(host, place="{w = 500, h = 350, x = 70, y = 80, dock = 0}")
    assert host.gfx.place == (70, 80)
    assert (host.gfx.canvas.w, host.gfx.canvas.h) == (1000, 700)
    host.quit()
    assert noted(host, "place") == "500 350 70 80 0", "in units that don't grow from time to time"


def test_a_closed_window_ends_the_loop(host: Reaper) -> None:
    start(host)
    host.gfx.close()
    host.tick(2)
    assert not host.scripts
