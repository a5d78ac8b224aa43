"""What scripts show in the stand-in host, and how a test answers for the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.reaper import HostViolation, Reaper


def test_boxes_are_answered_by_the_test(host: Reaper) -> None:
    host.dialogs.answers.append(6)
    host.lua.execute(
        "assert(reaper.MB('Go on?', 'Stems', 4) == 6)"
        " assert(reaper.MB('Go on?', 'Stems', 4) == 7)"
        " assert(reaper.ShowMessageBox('Well', 'Stems', 0) == 1)"
        " assert(reaper.MB('Sure?', 'Stems', 1) == 2)"
    )
    assert host.dialogs.texts == ["Go on?", "Go on?", "Well", "Sure?"]
    host.dialogs.answers.append(6)
    with pytest.raises(HostViolation, match="has no button 6"):
        host.lua.execute("reaper.MB('Well', 'Stems', 0)")


def test_forms_are_filled_in_by_the_test(host: Reaper) -> None:
    host.dialogs.inputs.append(["a", "b, c"])
    found = host.lua.eval("{reaper.GetUserInputs('T', 2, 'x,y,extrawidth=100,separator=|', '1|2')}")
    assert list(found.values()) == [True, "a|b, c"]
    assert host.dialogs.forms[0].captions == ["x", "y"]
    assert host.dialogs.forms[0].given == ["1", "2"]
    assert list(host.lua.eval("{reaper.GetUserInputs('T', 1, 'x', '1')}").values()) == [False, "1"]


def test_a_window_takes_keys_and_the_mouse_and_is_drawn(host: Reaper, tmp_path: Path) -> None:
    host.lua.execute("""
    gfx.init('Stems', 200, 100, 0, 50, 60)
    keys = {}
    local function loop()
      local key = gfx.getchar()
      if key == -1 then return end
      if key > 0 then keys[#keys + 1] = key end
      gfx.set(0.2, 0.4, 0.6)
      gfx.rect(0, 0, gfx.w, gfx.h)
      gfx.setfont(1, 'Arial', 14)
      gfx.set(1)
      gfx.x, gfx.y = 10, 10
      gfx.drawstr('mouse ' .. ('%d'):format(gfx.mouse_x))
      gfx.update()
      reaper.defer(loop)
    end
    loop()
    """)
    window = host.gfx
    assert (window.title, window.open, window.place) == ("Stems", True, (50, 60))
    window.key("ab")
    window.key(27)
    window.mouse(33, 44, 1)
    host.tick(4)
    assert host.lua.python(host.lua.eval("keys")) == [97, 98, 27]
    assert window.texts == ["mouse 33"]
    assert window.png(tmp_path / "window.png").stat().st_size > 100
    window.close()
    host.tick(2)
    assert host.lua.eval("(gfx.getchar())") == -1


def test_a_screen_of_many_pixels_says_so_only_to_who_asks(host: Reaper) -> None:
    host.screen_scale = 2.0
    host.lua.execute("gfx.init('a', 100, 50) assert(gfx.ext_retina == 0 and gfx.w == 100) gfx.quit()")
    host.lua.execute(
        "gfx.ext_retina = 1 gfx.init('a', 100, 50)"
        " assert(gfx.ext_retina == 2 and gfx.w == 200 and gfx.h == 100)"
    )


def test_menus_are_chosen_by_the_test(host: Reaper) -> None:
    host.lua.execute("gfx.init('a', 100, 50)")
    host.gfx.menus.append(2)
    host.lua.execute("assert(gfx.showmenu('one|two') == 2 and gfx.showmenu('one|two') == 0)")
    assert host.gfx.shown_menus == ["one|two", "one|two"]


def test_colours_differ_by_system(tmp_path: Path) -> None:
    for system, number in (("Win64", 0x030201), ("OSX64", 0x010203), ("Other", 0x010203)):
        folder = tmp_path / system
        folder.mkdir()
        with Reaper(folder, os=system) as host:
            assert host.lua.eval("reaper.ColorToNative(1, 2, 3)") == number
            assert list(host.lua.eval(f"{{reaper.ColorFromNative({number})}}").values()) == [1, 2, 3]
