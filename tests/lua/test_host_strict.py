"""The stand-in host's own rules: whatever REAPER would refuse, or hide, fails the test that does it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fakes.reaper import HostViolation, Reaper, ScriptError


def refused(host: Reaper, code: str, why: str, *arguments: object) -> None:
    """Run Lua that must be refused, twice: as it is, and with the error caught by pcall."""
    with pytest.raises(HostViolation, match=re.escape(why)):
        host.lua.execute(code, *arguments)
    with pytest.raises(HostViolation, match=re.escape(why)):
        host.lua.execute(f"pcall(function(...) {code} end, ...)", *arguments)


CALLS = {
    "an unknown function": ("reaper.GetTrackk(0, 0)", "reaper.GetTrackk is not a function of this REAPER"),
    "a function of the C header only": ("reaper.PCM_Sink_Create()", "is not a function"),
    "a look for a function by indexing": ("if reaper.JS_Window_Find then end", "is not a function"),
    "a write to the table": ("reaper.GetTrack = nil", "a script must not write reaper.GetTrack"),
    "too few arguments": ("reaper.GetTrack(0)", "reaper.GetTrack takes 2 arguments, it got 1"),
    "too many arguments": ("reaper.GetTrack(0, 0, 0)", "takes 2 arguments, it got 3"),
    "an omitted buffer": ("reaper.genGuid()", "reaper.genGuid takes 1 arguments, it got 0"),
    "a nil for a string": ("reaper.ShowConsoleMsg(nil)", "msg must be a string, it got nil"),
    "a number for a string": ("reaper.ShowConsoleMsg(5)", "msg must be a string, it got 5"),
    "bytes for a string": ("reaper.ShowConsoleMsg('\\xff')", "it got a string that is not UTF-8"),
    "a zero byte in a string": ("reaper.ShowConsoleMsg('a\\0b')", "msg must be a string"),
    "a fraction for an integer": ("reaper.GetTrack(0, 0.5)", "trackidx must be a integer, it got 0.5"),
    "a string for an integer": ("reaper.GetTrack(0, '0')", "trackidx must be a integer"),
    "a string for a number": ("reaper.SetEditCurPos('1', false, false)", "time must be a number"),
    "a NaN": ("reaper.SetEditCurPos(0/0, false, false)", "time must be a number"),
    "an infinite time": ("reaper.SetEditCurPos(1/0, false, false)", "time must be a number"),
    "a number for a boolean": ("reaper.SetEditCurPos(1, 0, 0)", "moveview must be a boolean, it got 0"),
    "nil for a boolean": ("reaper.SetEditCurPos(1, nil, false)", "moveview must be a boolean, it got nil"),
    "nil for an item": ("reaper.GetActiveTake(nil)", "item must be a MediaItem, it got nil"),
    "a number for an item": ("reaper.GetActiveTake(0)", "item must be a MediaItem, it got 0"),
    "a track for an item": (
        "reaper.GetActiveTake(reaper.GetTrack(0, 0))",
        "item must be a MediaItem, it got a MediaTrack",
    ),
    "a number for a project": ("reaper.GetTrack(1, 0)", "must be a ReaProject, it got 1"),
    "a table for a function": ("reaper.defer({})", "func must be a function"),
    "a field of a pointer": ("local a = reaper.GetTrack(0, 0).name", "a pointer has no field 'name'"),
    "a typo in a name": (
        "reaper.GetMediaItemInfo_Value(item, 'D_POSITON')",
        "reaper.GetMediaItemInfo_Value knows no 'D_POSITON'",
    ),
    "a name of another function": (
        "reaper.SetMediaItemInfo_Value(item, 'P_TRACK', 1)",
        "SetMediaItemInfo_Value knows no 'P_TRACK'",
    ),
    "a text asked as a number": (
        "reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'P_NAME')",
        "GetMediaTrackInfo_Value knows no 'P_NAME'",
    ),
    "a take's name asked of an item": (
        "reaper.GetMediaItemInfo_Value(item, 'D_PLAYRATE')",
        "knows no 'D_PLAYRATE'",
    ),
    "a number of the project as text": (
        "reaper.GetSetProjectInfo_String(0, 'RENDER_SRATE', '', false)",
        "GetSetProjectInfo_String knows no 'RENDER_SRATE'",
    ),
    "a fraction for a switch": (
        "reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 0.5)",
        "B_MUTE takes a whole number, not 0.5",
    ),
    "a negative length": (
        "reaper.SetMediaItemInfo_Value(item, 'D_LENGTH', -1)",
        "D_LENGTH must not be negative",
    ),
    "a playrate of 0": (
        "reaper.SetMediaItemTakeInfo_Value(reaper.GetActiveTake(item), 'D_PLAYRATE', 0)",
        "D_PLAYRATE must be above 0",
    ),
    "an odd number of channels": (
        "reaper.SetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'I_NCHAN', 3)",
        "I_NCHAN must be even",
    ),
    "a statistic that renders": (
        "reaper.GetSetProjectInfo_String(0, 'RENDER_STATS', '42230', false)",
        "RENDER_STATS with a render action starts a render",
    ),
    "a type of pointer without its star": (
        "reaper.ValidatePtr2(0, reaper.GetTrack(0, 0), 'MediaTrack')",
        "ValidatePtr2 knows no 'MediaTrack'",
    ),
    "an unknown action": ("reaper.Main_OnCommandEx(40209, 0, 0)", "unknown action 40209"),
    "a newline that should persist": (
        "reaper.SetExtState('a', 'b', 'c\\nd', true)",
        "must have no newline",
    ),
    "a script registered by its name only": (
        "reaper.AddRemoveReaScript(true, 0, 'x.lua', true)",
        "must be a full path",
    ),
    "a folder somewhere": ("reaper.RecursiveCreateDirectory('stems', 0)", "depends on the current folder"),
    "a program found by PATH": ("reaper.ExecProcess('python x', -2)", "'python' needs a PATH"),
    "an endless wait": ("reaper.ExecProcess('/bin/true', 0)", "stops REAPER until the process ends"),
    "an open quote": ("reaper.ExecProcess('\"/bin/true', -2)", "a quote is never closed"),
    "a newline in a command": ("reaper.ExecProcess('/bin/true\\nrm', -2)", "a newline in it"),
    "an empty command": ("reaper.ExecProcess(' ', -2)", "the command is empty"),
    "os.execute": ("os.execute('true')", "execute must not be used"),
    "io.popen": ("io.popen('true')", "popen must not be used"),
    "os.exit": ("os.exit()", "exit must not be used"),
    "print": ("print('hello')", "print writes to a terminal"),
    "io.write": ("io.write('hello')", "print writes to a terminal"),
    "io.read": ("io.read()", "waits for a terminal"),
    "drawing without a window": ("gfx.rect(0, 0, 1, 1)", "gfx.rect before gfx.init"),
    "measuring without a window": ("gfx.measurestr('a')", "gfx.measurestr before gfx.init"),
    "an unknown function of gfx": ("gfx.rectangle(0, 0)", "gfx.rectangle does not exist"),
    "an unknown variable of gfx": ("gfx.colour = 1", "gfx.colour does not exist"),
    "a text in a variable of gfx": ("gfx.x = '1'", "gfx.x takes a number"),
    "a write to the window's width": ("gfx.w = 100", "gfx.w is read only"),
    "an array without a size": ("reaper.new_array()", "give a table, an array or a size"),
    "an index past an array": ("local a = reaper.new_array(2)[3]", "index 3 of 2"),
    "a write past an array": ("local a = reaper.new_array(2) a[3] = 1", "index 3 of 2"),
    "an array's unknown function": ("reaper.new_array(2).fill(1)", "has no function 'fill'"),
    "an end without a beginning": ("reaper.Undo_EndBlock2(0, 'x', -1)", "without Undo_BeginBlock2"),
    "a box inside an undo block": (
        (
            "reaper.Undo_BeginBlock2(0) local ok, why = pcall(reaper.MB, 'a', 'b', 0)"
            " reaper.Undo_EndBlock2(0, 'x', -1) assert(ok, why)"
        ),
        "MB inside an undo block",
    ),
    "a box of no type": ("reaper.MB('a', 'b', 9)", "there is no type 9"),
    "a save dialog": ("reaper.Main_SaveProject(0, false)", "a modal dialog"),
    "a destroyed source of a take": (
        "reaper.PCM_Source_Destroy(reaper.GetMediaItemTake_Source(reaper.GetMediaItemTake(item, 0)))",
        "REAPER would crash",
    ),
    "one source in two takes": (
        (
            "local take, old = reaper.AddTakeToMediaItem(item), reaper.GetActiveTake(item)"
            " reaper.SetMediaItemTake_Source(take, reaper.GetMediaItemTake_Source(old))"
        ),
        "belongs to a take already",
    ),
}


@pytest.mark.parametrize(("code", "why"), CALLS.values(), ids=CALLS.keys())
def test_it_is_refused(host: Reaper, wav: Path, code: str, why: str) -> None:
    host.project.add_track("a").add_item(wav)
    refused(host, f"local item = reaper.GetMediaItem(0, 0) {code}", why)


def test_python_is_out_of_reach(host: Reaper) -> None:
    with pytest.raises(Exception, match="attempt to index"):
        host.lua.execute("python.eval('1')")


ACCEPTED = {
    "a float that is integral": "assert(reaper.GetTrack(0, 0.0))",
    "nil and 0 for the current project": "assert(reaper.GetTrack(nil, 0) == reaper.GetTrack(0, 0))",
    "a left-out optional argument": "reaper.SetTakeStretchMarker(take, -1, 0.5)",
    "nil for an optional argument": "reaper.SetTakeStretchMarker(take, -1, 0.5, nil)",
    "a pointer as a key": "local t = {[item] = 1} assert(t[reaper.GetMediaItem(0, 0)] == 1)",
    "pointers that are userdata": "assert(type(item) == 'userdata' and tostring(item):find('^userdata: 0x'))",
    "numbers that are floats": "assert(math.type(reaper.GetMediaItemInfo_Value(item, 'B_MUTE')) == 'float')",
    "integers that are integers": "assert(math.type(reaper.CountTracks(0)) == 'integer')",
    "a track as a value": "assert(reaper.GetMediaItemInfo_Value(item, 'P_TRACK') == reaper.GetTrack(0, 0))",
    "P_EXT of any name": "reaper.GetSetMediaItemInfo_String(item, 'P_EXT:x_y', 'z', true)",
    "what isn't there as nil": "assert(reaper.GetTrack(0, 9) == nil and reaper.GetActiveTake(item))",
    "text with accents": "reaper.ShowConsoleMsg('für élise')",
}


@pytest.mark.parametrize("code", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_it_is_accepted(host: Reaper, wav: Path, code: str) -> None:
    host.project.add_track("a").add_item(wav)
    host.lua.execute(f"local item = reaper.GetMediaItem(0, 0) local take = reaper.GetActiveTake(item) {code}")


# pointers


def test_pointers_go_through_a_tests_hands(host: Reaper) -> None:
    track = host.project.add_track("a")
    pointer = host.lua.eval("reaper.GetTrack(0, 0)")
    assert host.lua.python(pointer) is pointer
    same = host.lua.eval("function(a, b) return a == b and rawequal(a, b) and #{a, b} == 2 end")
    assert host.lua.call(same, pointer, track) is True
    listed = host.lua.eval("function(list) return list[1] == reaper.GetTrack(0, 0) and list.two == 2 end")
    assert host.lua.call(listed, {1: track, "two": 2}) is True


@pytest.mark.parametrize("code", ["local a = #track", "track.name = 1", "local a = track[1]"])
def test_a_pointer_is_no_table(host: Reaper, code: str) -> None:
    host.project.add_track("a")
    refused(host, f"local track = reaper.GetTrack(0, 0) {code}", "a pointer has no")


def test_a_pointer_dies_with_its_object(host: Reaper) -> None:
    host.project.add_track("a").add_item()
    refused(
        host,
        "local item = reaper.GetMediaItem(0, 0) if item then kept = item reaper.DeleteTrackMediaItem("
        "reaper.GetTrack(0, 0), item) end reaper.GetActiveTake(kept)",
        "this MediaItem no longer exists",
    )


def test_a_pointer_dies_with_undo_and_the_guid_stays(host: Reaper) -> None:
    host.project.add_track("a")
    host.lua.execute(
        "reaper.Undo_BeginBlock2(0) reaper.SetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'D_VOL', 0.5)"
        " reaper.Undo_EndBlock2(0, 'quieter', -1)"
        " kept = reaper.GetTrack(0, 0) guid = reaper.GetTrackGUID(kept)"
    )
    assert host.undo()
    assert host.project.tracks[0]["D_VOL"] == 1
    host.lua.execute(
        "assert(not reaper.ValidatePtr2(0, kept, 'MediaTrack*'))"
        " assert(reaper.GetTrackGUID(reaper.GetTrack(0, 0)) == guid)"
    )
    refused(host, "reaper.GetTrackName(kept)", "this MediaTrack no longer exists")
    assert host.redo()
    assert host.project.tracks[0]["D_VOL"] == 0.5


def test_a_pointer_dies_with_its_tab(host: Reaper) -> None:
    host.open_project().add_track("b")
    host.lua.execute("kept = reaper.GetTrack(0, 0) tab = reaper.EnumProjects(-1)")
    host.close_project()
    host.lua.execute("assert(not reaper.ValidatePtr(tab, 'ReaProject*'))")
    refused(host, "reaper.GetTrackName(kept)", "this MediaTrack no longer exists")
    refused(host, "reaper.CountTracks(tab)", "this ReaProject no longer exists")


def test_functions_without_a_project_mean_the_current_tab(host: Reaper) -> None:
    host.project.add_track("first").add_item()
    host.lua.execute("item = reaper.GetMediaItem(0, 0) first = reaper.EnumProjects(-1)")
    host.open_project()
    refused(host, "reaper.GetActiveTake(item)", "this MediaItem belongs to another project")
    host.lua.execute("assert(reaper.ValidatePtr2(first, item, 'MediaItem*'))")
    host.lua.execute("assert(not reaper.ValidatePtr2(0, item, 'MediaItem*'))")
    host.lua.execute("reaper.SelectProjectInstance(first) reaper.GetActiveTake(item)")


def test_an_explicit_project_is_held_against_the_pointer(host: Reaper) -> None:
    host.project.add_track("first").add_item()
    host.lua.execute("item = reaper.GetMediaItem(0, 0)")
    host.open_project()
    refused(host, "reaper.Undo_OnStateChange_Item(0, 'x', item)", "belongs to another project")


def test_a_track_goes_into_the_current_tab(host: Reaper) -> None:
    first = host.project
    second = host.open_project()
    host.lua.execute("reaper.InsertTrackAtIndex(0, false)")
    assert (len(first.tracks), len(second.tracks)) == (0, 1)


# the end of a tick


def test_an_open_undo_block_is_seen_at_the_end_of_the_tick(host: Reaper) -> None:
    with pytest.raises(HostViolation, match="Undo_BeginBlock without Undo_EndBlock"):
        host.lua.execute("reaper.Undo_BeginBlock2(0)")
    host.lua.execute("reaper.defer(function() reaper.Undo_BeginBlock() end)")
    with pytest.raises(HostViolation, match="Undo_BeginBlock without Undo_EndBlock"):
        host.tick()


def test_a_frozen_window_is_seen_at_the_end_of_the_tick(host: Reaper) -> None:
    with pytest.raises(HostViolation, match="PreventUIRefresh is 1 at the end"):
        host.lua.execute("reaper.PreventUIRefresh(1)")
    host.lua.execute("reaper.PreventUIRefresh(1) reaper.PreventUIRefresh(-1)")


def test_a_violation_inside_pcall_fails_the_tick(host: Reaper) -> None:
    host.lua.execute("reaper.defer(function() pcall(reaper.GetTrack, 0) end)")
    with pytest.raises(HostViolation, match="takes 2 arguments"):
        host.tick()
    host.tick()


def test_an_error_in_a_deferred_function_is_the_scripts_own(host: Reaper) -> None:
    host.lua.execute("reaper.defer(function() error('torn') end)")
    with pytest.raises(ScriptError, match="torn"):
        host.tick()


def test_a_budget_of_instructions_holds_each_tick(host: Reaper) -> None:
    host.budget = 200_000
    host.lua.execute("reaper.defer(function() for i = 1, 10000 do end end)")
    host.tick()
    assert 5_000 <= host.instructions["(test)"] <= 50_000
    host.lua.execute("reaper.defer(function() for i = 1, 1000000 do end end)")
    with pytest.raises(HostViolation, match=r"one tick took \d+ Lua instructions, the budget is 200000"):
        host.tick()


def test_coroutines_are_counted_too(host: Reaper) -> None:
    host.budget = 200_000
    host.lua.execute("reaper.defer(coroutine.wrap(function() for i = 1, 1000000 do end end))")
    with pytest.raises(HostViolation, match="the budget is 200000"):
        host.tick()


def test_the_tick_that_imports_is_outside_the_budget(host: Reaper) -> None:
    host.budget = 1_000
    host.lua.execute(
        "reaper.defer(function() reaper.Undo_BeginBlock2(0) for i = 1, 100000 do end"
        " reaper.Undo_EndBlock2(0, 'import', -1) end)"
    )
    host.tick()
    assert host.exempt_instructions["(test)"] > 50_000


def test_a_fault_of_the_stand_in_is_not_taken_for_the_scripts(
    host: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> float:
        raise ZeroDivisionError("inside")

    monkeypatch.setitem(host.functions, "time_precise", broken)
    with pytest.raises(HostViolation, match=r"(?s)the stand-in itself failed.*ZeroDivisionError: inside"):
        host.lua.execute("pcall(reaper.time_precise)")
