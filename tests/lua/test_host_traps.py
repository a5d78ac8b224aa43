"""The traps of the real host that the stand-in models: processes, files, renders, accessors, defaults."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
import soundfile

from tests.fakes.reaper import HostViolation, Reaper
from tests.fakes.reaper.process import split

FLOAT_WAV = "ZXZhdyAAAA=="
PYTHON = Path(sys.executable).as_posix()


def execute(host: Reaper, code: str, timeout: int) -> object:
    command = f'"{PYTHON}" -c "{code}"'
    return host.lua.eval("reaper.ExecProcess(({...})[1], ({...})[2])", command, timeout)


# processes


def test_a_process_answers_in_one_string(host: Reaper) -> None:
    assert execute(host, "print(1); raise SystemExit(3)", 20_000) == "3\n1\n"
    assert len(host.blocking) == 1


def test_a_process_is_killed_when_its_time_is_over(host: Reaper) -> None:
    begin = time.monotonic()
    assert execute(host, "import time; time.sleep(60)", 300) is None
    assert time.monotonic() - begin < 20
    process = host.processes.started[0].process
    assert process is not None
    assert process.poll() is not None


@pytest.mark.parametrize("timeout", [-1, -2])
def test_a_process_that_is_not_waited_for_runs_and_tells_nothing(
    host: Reaper, tmp_path: Path, timeout: int
) -> None:
    done = tmp_path / "für élise.txt"
    code = f"import time; time.sleep(.3); open('{done.as_posix()}', 'w').close(); print(1)"
    begin = time.monotonic()
    assert execute(host, code, timeout) == "0\n"
    assert time.monotonic() - begin < 0.3
    assert not done.exists()
    assert host.blocking == []
    host.run_until(done.exists, 20)


def test_a_program_that_is_not_there_gives_nil(host: Reaper) -> None:
    assert host.lua.eval("reaper.ExecProcess('/no/such/program', -2)") is None
    assert host.lua.eval("reaper.ExecProcess('/no/such/program', 1000)") is None


def test_processes_end_with_the_host(tmp_path: Path) -> None:
    with Reaper(tmp_path) as host:
        execute(host, "import time; time.sleep(60)", -2)
        process = host.processes.started[0].process
        assert process is not None
        assert process.poll() is None
    assert process.poll() is not None


def test_a_dry_host_notes_commands_of_other_systems(tmp_path: Path) -> None:
    with Reaper(tmp_path, os="Win64") as host:
        host.processes.dry = True
        host.lua.execute(r"""reaper.ExecProcess('"C:\\Program Files\\core.exe" run "D:\\jobs\\1"', -2)""")
        assert host.processes.started[0].words == [r"C:\Program Files\core.exe", "run", r"D:\jobs\1"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ('a "b c" d', ["a", "b c", "d"]),
        ("a  b", ["a", "b"]),
        ('a ""', ["a", ""]),
        ('"a"b', ["ab"]),
        ("a 'b c' `d e`", ["a", "b c", "d e"]),
        ("""'a "b" c' "it's" """, ['a "b" c', "it's"]),
        ("a b\\ c", ["a", "b\\", "c"]),
    ],
)
def test_a_command_is_split_at_blanks_and_quotes_hold(command: str, words: list[str]) -> None:
    assert split(command) == words


def test_on_windows_only_double_quotes_hold() -> None:
    assert split("a 'b c' \"d e\"", windows=True) == ["a", "'b", "c'", "d e"]


# files


def test_a_listing_is_remembered_until_it_is_thrown_away(host: Reaper, tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    listing = "reaper.EnumerateFiles(..., 0)"
    assert host.lua.eval(listing, str(folder)) is None
    (folder / "a.txt").touch()
    assert host.lua.eval(listing, str(folder)) is None
    assert host.lua.eval("reaper.EnumerateFiles(..., -1)", str(folder)) is None
    assert host.lua.eval(listing, str(folder)) == "a.txt"
    (folder / "sub").mkdir()
    assert host.lua.eval("reaper.EnumerateSubdirectories(..., 0)", str(folder)) == "sub"
    (folder / "sub").rmdir()
    assert host.lua.eval("reaper.EnumerateSubdirectories(..., 0)", str(folder)) == "sub"


def test_a_folder_that_is_there_answers_like_a_failure(host: Reaper, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert host.lua.eval("reaper.RecursiveCreateDirectory(..., 0)", str(folder)) == 1
    assert folder.is_dir()
    assert host.lua.eval("reaper.RecursiveCreateDirectory(..., 0)", str(folder)) == 0


def test_a_folder_is_no_file(host: Reaper, tmp_path: Path, wav: Path) -> None:
    assert host.lua.eval("reaper.file_exists(...)", str(wav)) is True
    assert host.lua.eval("reaper.file_exists(...)", str(tmp_path)) is False


def test_lua_s_own_files_are_counted(host: Reaper, tmp_path: Path) -> None:
    one, two = str(tmp_path / "one.txt"), str(tmp_path / "two.txt")
    host.lua.execute(
        "local a, b = ... local f = assert(io.open(a, 'wb')) f:write('\\0\\255') f:close()"
        " assert(io.open('/no/such/file') == nil) assert(os.rename(a, b))"
        " f = io.open(b, 'rb') assert(f:read('a') == '\\0\\255') f:close() os.remove(b)",
        one,
        two,
    )
    assert host.files_written == [one, two, two]
    assert host.files_read == [two]


@pytest.mark.parametrize(("system", "works"), [("Win64", False), ("Other", True)])
def test_a_rename_onto_a_file_fails_on_windows(tmp_path: Path, system: str, works: bool) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    with Reaper(tmp_path, os=system) as host:
        code = "(os.rename(({...})[1], ({...})[2]))"
        assert bool(host.lua.eval(code, str(tmp_path / "a"), str(tmp_path / "b"))) is works
    assert (tmp_path / "b").read_text() == ("new" if works else "old")


# rendering


def prepare(host: Reaper, wav: Path) -> Path:
    host.project.add_track("a").add_item(wav, position=1.0).select()
    folder = host.folder / "render"
    host.project.texts |= {
        "RENDER_FILE": str(folder),
        "RENDER_PATTERN": "input",
        "RENDER_FORMAT": FLOAT_WAV,
    }
    host.project.numbers |= {
        "RENDER_BOUNDSFLAG": 0,
        "RENDER_STARTPOS": 1.0,
        "RENDER_ENDPOS": 1.5,
        "RENDER_TAILFLAG": 0,
        "RENDER_SRATE": 48000,
    }
    return folder / "input.wav"


RENDER = "reaper.Main_OnCommandEx(42230, 0, 0)"


def test_a_render_is_there_when_the_action_returns_and_play_has_stopped(host: Reaper, wav: Path) -> None:
    target = prepare(host, wav)
    host.project.play_state = 1
    named = host.lua.eval("select(2, reaper.GetSetProjectInfo_String(0, 'RENDER_TARGETS', '', false))")
    assert named == str(target)
    host.lua.execute(f"{RENDER} local f = assert(io.open(...)) f:close()", str(target))
    assert soundfile.info(target).frames == 24_000
    assert host.project.play_state == 0
    assert host.renders == 1
    assert host.undo_points == []


def test_the_project_that_renders_can_be_asked_for(host: Reaper, wav: Path) -> None:
    prepare(host, wav)
    seen: list[bool] = []
    render = host.render

    def watched(project: object) -> None:
        seen.append(host.lua.eval("reaper.EnumProjects(0x40000000) == reaper.EnumProjects(-1)"))
        render(host.project)

    host.render = watched  # type: ignore[method-assign]
    host.lua.execute(RENDER)
    assert seen == [True]
    assert host.lua.eval("(reaper.EnumProjects(0x40000000))") is None


def test_an_existing_target_opens_a_modal_dialog(host: Reaper, wav: Path) -> None:
    target = prepare(host, wav)
    target.parent.mkdir()
    target.touch()
    with pytest.raises(HostViolation, match="modal dialog"):
        host.lua.execute(f"pcall(function() {RENDER} end)")


def test_empty_bounds_open_a_modal_dialog(host: Reaper, wav: Path) -> None:
    prepare(host, wav)
    host.project.numbers["RENDER_ENDPOS"] = 1.0
    with pytest.raises(HostViolation, match="modal dialog"):
        host.lua.execute(RENDER)


def test_a_place_must_be_named_before_the_project_is_saved(host: Reaper, wav: Path) -> None:
    prepare(host, wav)
    host.project.texts["RENDER_FILE"] = ""
    with pytest.raises(HostViolation, match="asks for a folder: a modal dialog"):
        host.lua.execute(RENDER)


def test_only_the_current_tab_is_rendered(host: Reaper, wav: Path) -> None:
    prepare(host, wav)
    host.lua.execute("tab = reaper.EnumProjects(-1)")
    host.open_project()
    with pytest.raises(HostViolation, match="renders the current tab"):
        host.lua.execute("reaper.Main_OnCommandEx(42230, 0, tab)")


def test_a_recording_is_not_stopped(host: Reaper, wav: Path) -> None:
    prepare(host, wav)
    host.project.play_state = 5
    with pytest.raises(HostViolation, match="while recording"):
        host.lua.execute(RENDER)


@pytest.mark.parametrize(("fault", "size"), [("cancelled", 0), ("fails", None)])
def test_a_render_may_be_cancelled(host: Reaper, wav: Path, fault: str, size: int | None) -> None:
    target = prepare(host, wav)
    host.render_fault = fault  # type: ignore[assignment]
    host.lua.execute(RENDER)
    assert (target.stat().st_size if target.exists() else None) == size


# accessors and peaks

ACCESSOR = """
local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
local accessor = reaper.CreateTakeAudioAccessor(take)
local buffer = reaper.new_array(200)
buffer.clear(9)
"""


def test_an_accessor_counts_from_its_item(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav, position=10.0)
    samples, _ = soundfile.read(wav, always_2d=True)
    found = host.lua.execute(
        ACCESSOR
        + """
        assert(reaper.GetAudioAccessorStartTime(accessor) == 0)
        assert(reaper.GetAudioAccessorEndTime(accessor) == 1)
        assert(reaper.GetAudioAccessorSamples(accessor, 44100, 2, 0, 100, buffer) == 1)
        reaper.DestroyAudioAccessor(accessor)
        return buffer.table(3, 4)
        """
    )
    assert list(found.values()) == pytest.approx(samples[1:3].reshape(-1).tolist())


def test_an_accessor_leaves_the_buffer_alone_where_it_is_silent(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav, length=3.0)
    host.lua.execute(
        ACCESSOR
        + """
        assert(reaper.GetAudioAccessorSamples(accessor, 44100, 2, 2, 100, buffer) == 0)
        assert(buffer[1] == 9 and buffer[200] == 9)
        """
    )


def test_an_accessor_gives_nil_in_a_coroutine(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    with pytest.raises(HostViolation, match="in a coroutine gives nil"):
        host.lua.execute(
            ACCESSOR
            + """
            local answer = 1
            coroutine.wrap(function()
              answer = reaper.GetAudioAccessorSamples(accessor, 44100, 2, 0, 100, buffer)
            end)()
            assert(answer == nil and buffer[1] == 9)
            """
        )


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("reaper.GetAudioAccessorSamples(accessor, 44100, 2, 0, 101, buffer)", "202 samples don't fit 200"),
        ("reaper.GetAudioAccessorSamples(accessor, 44100, 0, 0, 10, buffer)", "must be above 0"),
        ("reaper.GetAudioAccessorSamples(accessor, 44100, 2, 0, 10, {})", "must be a reaper.array"),
        (
            "reaper.DeleteTrack(reaper.GetTrack(0, 0)) reaper.GetAudioAccessorEndTime(accessor)",
            "no longer exists",
        ),
        ("reaper.DestroyAudioAccessor(accessor) reaper.DestroyAudioAccessor(accessor)", "no longer exists"),
    ],
)
def test_an_accessor_is_used_right(host: Reaper, wav: Path, call: str, why: str) -> None:
    host.project.add_track().add_item(wav)
    with pytest.raises(HostViolation, match=why):
        host.lua.execute(ACCESSOR + call)


def test_an_accessor_knows_that_the_project_changed(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    host.lua.execute(
        ACCESSOR
        + """
        assert(not reaper.AudioAccessorStateChanged(accessor))
        reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'D_VOL', 0.5)
        assert(reaper.AudioAccessorStateChanged(accessor))
        reaper.AudioAccessorUpdate(accessor)
        assert(not reaper.AudioAccessorStateChanged(accessor))
        """
    )


def test_peaks_are_built_step_by_step(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    steps = host.lua.execute("""
    local source = reaper.GetMediaItemTake_Source(reaper.GetActiveTake(reaper.GetMediaItem(0, 0)))
    local peaks = reaper.new_array(2 * 2 * 10)
    assert(reaper.PCM_Source_GetPeaks(source, 10, 0, 2, 10, 0, peaks) == 0)
    local steps, left = 0, reaper.PCM_Source_BuildPeaks(source, 0)
    while left > 0 do
      left, steps = reaper.PCM_Source_BuildPeaks(source, 1), steps + 1
    end
    reaper.PCM_Source_BuildPeaks(source, 2)
    assert(reaper.PCM_Source_GetPeaks(source, 10, 0, 2, 10, 0, peaks) == 10)
    assert(peaks[1] > 0.4 and peaks[40] < -0.4)
    return steps
    """)
    assert steps > 1


# arrays


def test_an_array_behaves_as_a_list_of_floats(host: Reaper) -> None:
    host.lua.execute("""
    local a = reaper.new_array({1, 2, 3})
    assert(#a == 3 and a[3] == 3 and math.type(a[1]) == 'float' and a.get_alloc() == 3)
    a[2] = 7
    local b = reaper.new_array(5)
    assert(b.copy(a) == 3 and b[2] == 7 and b[4] == 0)
    b.clear(1, 4, 2)
    assert(table.concat(b.table(), ' ') == '1.0 7.0 3.0 1.0 1.0')
    b.resize(2)
    assert(#b == 2)
    local c = reaper.new_array(a)
    assert(c[2] == 7 and c ~= a)
    """)
