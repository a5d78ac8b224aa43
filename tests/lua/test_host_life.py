"""The life of scripts in the stand-in host: ticks, tabs, undo, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.reaper import HostViolation, Reaper, ScriptError


def script(host: Reaper, name: str, code: str) -> Path:
    path = host.resource / name
    path.write_text(code, encoding="utf-8")
    return path


# scripts


def test_a_script_runs_from_its_file_with_tables_of_its_own(host: Reaper) -> None:
    first = script(host, "First.lua", "shared = 1 reaper.SetExtState('a', 'seen', tostring(shared), false)")
    second = script(host, "Second.lua", "reaper.SetExtState('a', 'seen', tostring(shared), false)")
    host.run_script(first)
    assert host.ext_state["a", "seen"] == "1"
    host.run_script(second)
    assert host.ext_state["a", "seen"] == "nil"


def test_a_script_knows_its_own_path(host: Reaper) -> None:
    path = script(
        host,
        "Where.lua",
        "local _, name, section, command = reaper.get_action_context()"
        " local source = debug.getinfo(1, 'S').source"
        " reaper.ShowConsoleMsg(table.concat({name, source, section, command}, '|'))",
    )
    host.run_script(path)
    command = next(each for each, known in host.commands.items() if known == path)
    assert host.console == f"{path}|@{path}|0|{command}"


def test_lua_is_the_one_of_its_version(host: Reaper, lua: str) -> None:
    assert host.lua.eval("_VERSION") == {"lua53": "Lua 5.3", "lua54": "Lua 5.4"}[lua]
    version = {"lua53": "6.60/linux-x86_64", "lua54": "7.62/linux-x86_64"}[lua]
    assert host.lua.eval("reaper.GetAppVersion()") == version


def test_an_error_is_the_scripts_and_names_its_line(host: Reaper) -> None:
    with pytest.raises(ScriptError, match=r"Broken\.lua:2: torn"):
        host.run_script(script(host, "Broken.lua", "\nerror('torn')"))
    assert host.scripts == []


def test_a_file_that_is_no_lua_is_an_error(host: Reaper) -> None:
    with pytest.raises(ScriptError, match=r"unexpected symbol|syntax error"):
        host.run_script(script(host, "Broken.lua", "this is no lua"))


def test_deferred_functions_run_once_a_tick_until_none_is_left(host: Reaper) -> None:
    code = """
    local left = 3
    local function step()
      left = left - 1
      if left > 0 then reaper.defer(step) end
    end
    reaper.atexit(function() reaper.ShowConsoleMsg('bye') end)
    step()
    """
    running = host.run_script(script(host, "Three.lua", code))
    assert host.scripts == [running]
    host.tick()
    assert host.console == ""
    host.tick()
    assert host.console == "bye"
    assert host.scripts == []


def test_a_script_started_again_is_asked_about(host: Reaper) -> None:
    path = script(host, "Loop.lua", "local function f() reaper.defer(f) end f()")
    host.run_script(path)
    host.run_script(path)
    assert host.dialogs.task_control == ["Loop.lua"]
    assert len(host.scripts) == 2


@pytest.mark.parametrize(("flags", "left"), [(1, 0), (3, 1)])
def test_a_script_may_end_its_earlier_self(tmp_path: Path, flags: int, left: int) -> None:
    with Reaper(tmp_path) as host:
        code = f"reaper.set_action_options({flags}) local function f() reaper.defer(f) end f()"
        path = script(host, "Loop.lua", code)
        first = host.run_script(path)
        host.run_script(path)
        assert host.dialogs.task_control == []
        assert len(host.scripts) == left
        assert first not in host.scripts


def test_a_registered_script_has_a_command(host: Reaper) -> None:
    path = script(host, "Action.lua", "reaper.ShowConsoleMsg('ran')")
    command = host.lua.eval(f"reaper.AddRemoveReaScript(true, 0, [[{path}]], true)")
    name = host.lua.eval(f"'_' .. reaper.ReverseNamedCommandLookup({command})")
    assert host.lua.eval(f"reaper.NamedCommandLookup('{name}')") == command
    host.lua.execute(f"reaper.Main_OnCommandEx({command}, 0, 0)")
    assert host.console == "ran"
    assert host.lua.eval(f"reaper.AddRemoveReaScript(false, 0, [[{path}]], true)") == 1
    assert host.commands == {}
    assert host.lua.eval("reaper.AddRemoveReaScript(true, 0, '/nowhere/x.lua', true)") == 0


def test_an_accessor_must_be_destroyed(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    code = (
        "local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))"
        " local a = reaper.CreateTakeAudioAccessor(take) "
    )
    with pytest.raises(HostViolation, match="an audio accessor was never destroyed"):
        host.run_script(script(host, "Leaky.lua", code))
    host.run_script(script(host, "Tidy.lua", code + "reaper.DestroyAudioAccessor(a)"))


# versions


@pytest.mark.parametrize(
    ("version", "name", "there"),
    [
        ("6.60/x64", "InsertTrackInProject", False),
        ("7.26/x64", "InsertTrackInProject", False),
        ("7.27/x64", "InsertTrackInProject", True),
        ("7.62/x64", "AddRegionOrMarker", False),
        ("7.72/x64", "AddRegionOrMarker", True),
        ("7.72/x64", "CF_ShellExecute", False),
        ("7.72/x64", "NoSuchFunction", False),
    ],
)
def test_a_function_is_there_from_its_version_on(
    tmp_path: Path, version: str, name: str, there: bool
) -> None:
    with Reaper(tmp_path, version=version) as host:
        assert host.lua.eval(f"reaper.APIExists('{name}')") is there
        if not there:
            with pytest.raises(HostViolation, match="is not a function of this REAPER"):
                host.lua.execute(f"local f = reaper.{name}")


def test_an_extension_brings_its_functions(host: Reaper) -> None:
    host.extensions.add("SWS")
    assert host.lua.eval("reaper.CF_ShellExecute('/somewhere')") is True
    assert host.opened_documents == ["/somewhere"]


def test_a_newer_name_is_an_unknown_one_to_an_older_version(tmp_path: Path) -> None:
    with Reaper(tmp_path, lua="lua53") as host:
        host.project.add_track().add_item()
        host.lua.execute(
            "local item = reaper.GetMediaItem(0, 0)"
            " assert(reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', 1) == false)"
            " assert(reaper.GetMediaItemInfo_Value(item, 'I_FIXEDLANE') == 0)"
        )


# undo


def test_a_block_is_one_step_that_comes_and_goes(host: Reaper, wav: Path) -> None:
    item = host.project.add_track("a").add_item(wav)
    guid, take = item.guid, item.takes[0].guid
    host.lua.execute("""
    reaper.Undo_BeginBlock2(0)
    reaper.InsertTrackAtIndex(1, false)
    local track = reaper.GetTrack(0, 1)
    reaper.GetSetMediaTrackInfo_String(track, 'P_NAME', 'new', true)
    reaper.AddMediaItemToTrack(track)
    reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'B_MUTE', 1)
    reaper.Undo_EndBlock2(0, 'two things', 4)
    """)
    assert [(point.label, point.flags, point.automatic) for point in host.undo_points] == [
        ("two things", 4, False)
    ]
    assert host.litter == []
    new = host.project.track("new").guid
    assert host.undo()
    assert [track.name for track in host.project.tracks] == ["a"]
    old = host.project.items[0]
    assert (old.guid, old.takes[0].guid, old["B_MUTE"]) == (guid, take, 0)
    assert old is not item
    assert host.redo()
    assert host.project.track("new").guid == new
    assert host.project.items[0]["B_MUTE"] == 1
    assert not host.redo()


def test_blocks_nest(host: Reaper) -> None:
    host.lua.execute(
        "reaper.Undo_BeginBlock2(0) reaper.Undo_BeginBlock() reaper.Undo_EndBlock('inner', -1)"
        " reaper.Undo_EndBlock2(0, 'outer', -1)"
    )
    assert [point.label for point in host.undo_points] == ["outer"]


def test_undo_by_the_script_itself(host: Reaper) -> None:
    host.project.add_track("a")
    host.lua.execute("""
    reaper.Undo_BeginBlock2(0)
    reaper.DeleteTrack(reaper.GetTrack(0, 0))
    reaper.Undo_EndBlock2(0, 'gone', -1)
    assert(reaper.Undo_CanUndo2(0) == 'gone' and reaper.Undo_CanRedo2(0) == nil)
    assert(reaper.Undo_DoUndo2(0) == 1 and reaper.Undo_CanRedo2(0) == 'gone')
    assert(reaper.CountTracks(0) == 1 and reaper.Undo_DoUndo2(0) == 0)
    """)


def test_what_is_kept_in_the_project_may_or_may_not_follow_undo(host: Reaper) -> None:
    code = (
        "reaper.Undo_BeginBlock2(0) reaper.SetProjExtState(0, 'S', 'k', 'v')"
        " reaper.Undo_EndBlock2(0, 'x', -1)"
    )
    host.lua.execute(code)
    host.undo()
    assert host.project.ext_state["S"] == {"k": "v"}
    host.redo()
    host.undo_restores_ext_state = True
    host.undo()
    assert host.project.ext_state == {}


def test_changes_outside_a_block_are_litter(host: Reaper) -> None:
    host.project.add_track("a").add_item()
    host.lua.execute(
        "reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'D_VOL', 0.5)"
        " reaper.SetMediaItemSelected(reaper.GetMediaItem(0, 0), true)"
        " reaper.GetSet_LoopTimeRange2(0, true, false, 1, 2, false)"
        " reaper.GetSetProjectInfo(0, 'RENDER_STARTPOS', 1, true)"
    )
    assert host.litter == ["(test): SetMediaItemInfo_Value D_VOL"]


def test_a_script_that_just_ends_leaves_an_automatic_point(host: Reaper) -> None:
    host.run_script(script(host, "Plain.lua", "reaper.InsertTrackAtIndex(0, false)"))
    assert [(point.label, point.automatic) for point in host.undo_points] == [("ReaScript: Plain.lua", True)]
    host.undo()
    assert host.project.tracks == []


def test_a_script_that_defers_leaves_none(host: Reaper) -> None:
    host.run_script(script(host, "Quiet.lua", "reaper.defer(function() end)"))
    host.tick()
    assert host.undo_points == []


# ext state and files of the project


def test_ext_state_persists_only_when_asked_to(host: Reaper) -> None:
    host.lua.execute(
        "reaper.SetExtState('s', 'a', '1', true) reaper.SetExtState('s', 'b', 'x\\ny', false)"
        " assert(reaper.GetExtState('s', 'b') == 'x\\ny' and reaper.GetExtState('s', 'none') == '')"
        " assert(reaper.HasExtState('s', 'a') and not reaper.HasExtState('s', 'none'))"
    )
    host.restart()
    host.lua.execute("assert(reaper.GetExtState('s', 'a') == '1' and reaper.GetExtState('s', 'b') == '')")
    host.lua.execute("reaper.DeleteExtState('s', 'a', true)")
    host.restart()
    assert host.ext_state == {}


def test_what_a_project_keeps_is_on_disk_only_when_it_is_saved(host: Reaper, tmp_path: Path) -> None:
    path = host.save(tmp_path / "song.rpp")
    host.lua.execute(
        "assert(reaper.SetProjExtState(0, 'S', 'jobs', '[1]') == 1)"
        " local n, text = reaper.GetProjExtState(0, 'S', 'jobs') assert(n == 1 and text == '[1]')"
        " local ok, key, value = reaper.EnumProjExtState(0, 'S', 0)"
        " assert(ok and key == 'jobs' and value == '[1]')"
        " assert(not reaper.EnumProjExtState(0, 'S', 1))"
    )
    host.close_project()
    assert host.open_project(path).ext_state == {}
    host.lua.execute("reaper.SetProjExtState(0, 'S', 'jobs', '[2]')")
    host.save(path)
    host.close_project()
    assert host.open_project(path).ext_state == {"S": {"jobs": "[2]"}}


def test_a_saved_project_comes_back_with_its_guids(host: Reaper, tmp_path: Path, wav: Path) -> None:
    guid = host.project.add_track("a").add_item(wav).guid
    path = host.save(tmp_path / "song.rpp")
    assert not host.project.dirty
    host.lua.execute("item = reaper.GetMediaItem(0, 0)")
    host.close_project()
    host.open_project(path)
    assert host.project.items[0].guid == guid
    host.lua.execute(
        "assert(not reaper.ValidatePtr2(0, item, 'MediaItem*'))"
        " local _, name = reaper.EnumProjects(-1) assert(name == ...)",
        str(path),
    )


def test_opening_over_unsaved_changes_is_a_modal_dialog(host: Reaper, tmp_path: Path) -> None:
    path = host.save(tmp_path / "song.rpp")
    host.lua.execute("reaper.MarkProjectDirty(0)")
    with pytest.raises(HostViolation, match="a modal dialog"):
        host.lua.execute("reaper.Main_openProject(...)", str(path))
    host.lua.execute("reaper.Main_openProject('noprompt:' .. ...)", str(path))
    assert host.project.path == path


def test_a_tab_comes_and_goes_by_action(host: Reaper) -> None:
    first = host.project
    host.lua.execute("reaper.Main_OnCommandEx(41929, 0, 0) assert(reaper.EnumProjects(1))")
    assert host.project is not first
    host.lua.execute("reaper.Main_OnCommandEx(40860, 0, 0)")
    assert host.projects == [first]
    host.lua.execute("reaper.Main_OnCommandEx(40859, 0, 0) reaper.InsertTrackAtIndex(0, false)")
    with pytest.raises(HostViolation, match="asks to save"):
        host.lua.execute("reaper.Main_OnCommandEx(40860, 0, 0)")


# quitting and waiting


def test_quitting_ends_scripts_and_says_so_to_them(host: Reaper) -> None:
    path = script(
        host,
        "Loop.lua",
        "local function f() reaper.defer(f) end f()"
        " reaper.atexit(function() reaper.ShowConsoleMsg('bye') end)",
    )
    host.run_script(path)
    host.quit()
    assert (host.console, host.scripts) == ("bye", [])


def test_waiting_ends_with_what_was_waited_for_or_with_an_error(host: Reaper) -> None:
    host.lua.execute("n = 0 local function f() n = n + 1 reaper.defer(f) end f()")
    host.run_until(lambda: host.lua.eval("n") > 3, seconds=10, pause=0)
    with pytest.raises(TimeoutError, match=r"not within 0\.05 s"):
        host.run_until(lambda: False, seconds=0.05)


def test_time_can_be_put_forward(host: Reaper) -> None:
    before = host.lua.eval("reaper.time_precise()")
    host.advance(3600)
    assert host.lua.eval("reaper.time_precise()") - before == pytest.approx(3600, abs=60)


def test_an_erring_script_is_gone_after_its_tick(host: Reaper) -> None:
    host.run_script(script(host, "Torn.lua", "reaper.defer(function() error('torn') end)"))
    with pytest.raises(ScriptError, match="torn"):
        host.tick()
    assert host.scripts == []


def test_what_a_tick_reads_is_weighed(host: Reaper, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"a\n" * 500)
    host.lua.execute(
        "local path = ... reaper.defer(function() local f = io.open(path, 'rb') f:read(300) f:read('l')"
        " for line in f:lines() do end f:close() end)",
        str(path),
    )
    host.tick()
    assert host.bytes_read["(test)"] == 300 + 1 + 349


def test_a_path_that_is_not_utf_8_is_refused(host: Reaper) -> None:
    with pytest.raises(HostViolation, match="a path must be UTF-8"):
        host.lua.execute("pcall(io.open, '\\xff')")
