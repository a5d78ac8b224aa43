"""As-heard mode: what the render is asked for, what it may not touch, and what is done when it goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stembridge.jobs.request import SeparateRequest, parse
from tests.fakes.reaper import Item, Project, Reaper, Track
from tests.fakes.reaper import render as sound_render
from tests.lua import desk, material
from tests.lua.desk import send

RATE = 48_000


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return material.write(tmp_path / "Media" / "bass.wav", 3.0, RATE, 2)


@pytest.fixture
def track(host: Reaper) -> Track:
    desk.install(host)
    host.project.numbers["PROJECT_SRATE_USE"] = 0
    return host.project.add_track("Bass")


def lay(track: Track, path: Path, **values: Any) -> Item:
    position = values.pop("position", 1.0)
    return track.add_item(path, position=position, **values).select()


def everything(project: Project) -> dict[str, Any]:
    """All that a render could leave changed."""
    return {
        "numbers": {name: value for name, value in project.numbers.items() if name != "DIRTY"},
        "texts": dict(project.texts),
        "selected": [item.guid for item in project.selected_items],
        "tracks": [(track.guid, dict(track.values)) for track in project.tracks],
        "time": project.time_selection,
        "undo": len(project.undo_stack),
    }


def users_own(project: Project) -> None:
    """Settings as a user left them: none of them is what we need."""
    project.numbers |= {
        "RENDER_SETTINGS": 64, "RENDER_BOUNDSFLAG": 4, "RENDER_CHANNELS": 1, "RENDER_SRATE": 22_050,
        "RENDER_STARTPOS": 7, "RENDER_ENDPOS": 8, "RENDER_TAILFLAG": 31, "RENDER_TAILMS": 2500,
        "RENDER_ADDTOPROJ": 1, "RENDER_DITHER": 3, "RENDER_NORMALIZE": 1, "RENDER_NORMALIZE_TARGET": 0.25,
        "RENDER_FADEIN": 0.5, "RENDER_DELAY": 1000,
    }  # fmt: skip
    project.texts |= {
        "RENDER_FILE": "/music/renders", "RENDER_PATTERN": "$project-$track", "RENDER_FORMAT": "ZXZhdxAAAA==",
        "RENDER_FORMAT2": "bDNwbQ==", "RENDER_METADATA": "ID3:TIT2|x",
    }  # fmt: skip


def test_the_render_is_the_regions_frames(host: Reaper, track: Track, wav: Path) -> None:
    users_own(host.project)
    before = everything(host.project)
    # Neither the start nor the end of the item lies on a sample.
    lay(track, wav, position=1.00001, length=1.5)
    before["selected"] = [item.guid for item in host.project.selected_items]
    sent = send(host, mode="heard")
    (request,) = sent.requests
    assert isinstance(parse(request), SeparateRequest)
    assert request["input"] is True
    assert "source" not in request
    info = soundfile.info(sent.folders[0] / "input.wav")
    first, last = int(1.00001 * RATE), int(2.50001 * RATE) + 1
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 2, "FLOAT")
    assert info.frames == last - first
    context = request["host_context"]
    assert context["span"] == {"frame0": first, "frames": last - first, "rate": RATE, "channels": 2}
    assert (context["stem"]["position"], context["stem"]["length"]) == (first / RATE, (last - first) / RATE)
    assert [context["stem"][name] for name in ("startoffs", "playrate", "loop")] == [0.0, 1.0, False]
    assert (context["mode"], context["fx"]) == ("heard", "none")
    assert 0 <= 1.00001 - context["stem"]["position"] < 1 / RATE
    assert everything(host.project) == before


def test_only_the_chosen_items_are_heard(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=0.0, vol=0.5)
    host.project.add_track("Other").add_item(wav, position=0.0)
    rendered = send(host, mode="heard").audio()
    wanted = soundfile.read(wav, always_2d=True)[0] * 0.5
    assert np.abs(rendered - wanted).max() < 1e-6


def test_the_tracks_fader_and_effects_are_heard_and_may_be_left_out(
    host: Reaper, track: Track, wav: Path
) -> None:
    lay(track, wav, position=0.0)
    track["D_VOL"] = 0.25
    track.add_fx("halves the level")
    before = everything(host.project)
    with_effects = send(host, mode="heard").audio()
    without = send(host, mode="heard", before_effects=True).audio()
    assert np.abs(without - 2 * with_effects).max() < 1e-6
    assert everything(host.project) == before


def test_several_items_are_one_file_with_their_gaps(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=0.5, length=0.5)
    lay(host.project.add_track("Second"), wav, position=2.0, length=0.25)
    sent = send(host, mode="heard", per="selection")
    rendered = sent.audio()
    assert len(rendered) == int(1.75 * RATE)
    assert np.abs(rendered[int(0.5 * RATE) : int(1.5 * RATE)]).max() == 0
    assert np.abs(rendered[-RATE // 4 :]).max() > 0.1
    context = sent.requests[0]["host_context"]
    assert [part["item"]["position"] for part in context["parts"]] == [0.5, 2.0]


def test_a_time_selection_over_tracks_names_tracks_alone(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=0.0).select(False)
    lay(track, wav, position=4.0).select(False)
    track.select()
    host.project.select_time(1.0, 5.0)
    sent = send(host)
    context = sent.requests[0]["host_context"]
    assert context["parts"] == [
        {"track": {"guid": track.guid, "name": "Bass", "number": 1, "colour": 0}}
    ]  # fmt: skip
    assert len(sent.audio()) == 4 * RATE
    assert host.project.selected_items == []


def test_a_playback_offset_moves_the_region(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=1.0, length=1.0)
    track["I_PLAY_OFFSET_FLAG"] = 0
    track["D_PLAY_OFFSET"] = 0.125
    context = send(host, mode="heard").requests[0]["host_context"]
    assert context["stem"]["position"] == 1.125
    track["I_PLAY_OFFSET_FLAG"] = 2
    track["D_PLAY_OFFSET"] = -480.0
    assert send(host, mode="heard").requests[0]["host_context"]["stem"]["position"] == 0.99
    track["I_PLAY_OFFSET_FLAG"] = 1
    assert send(host, mode="heard").requests[0]["host_context"]["stem"]["position"] == 1.0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("cancelled", "was cancelled"),
        ("fails", "was cancelled"),
        ("short", "frames"),
        ("long", "frames"),
        ("raises", "render failed"),
    ],
)
def test_a_render_that_goes_wrong_leaves_everything_as_it_was(
    host: Reaper, track: Track, wav: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, words: str
) -> None:
    users_own(host.project)
    lay(track, wav)
    track.add_item(wav, position=9.0).select()
    before = everything(host.project)

    def render(project: Project) -> None:
        if fault != "raises":
            sound_render.render(project, fault=fault)

    monkeypatch.setattr(host, "render", render)
    host.require("heard_mode")
    if fault == "raises":
        host.lua.execute(
            "local call = reaper.Main_OnCommandEx "
            "rawset(reaper, 'Main_OnCommandEx', function(...) "
            "if ... == 42230 then error('boom') end call(...) end)"
        )
    sent = send(host, mode="heard")
    assert words in (sent.sentence or "")
    assert sent.folders == []
    assert everything(host.project) == before
    assert desk.leftovers() == []
    assert host.processes.started == []


def test_the_second_of_two_renders_fails(
    host: Reaper, track: Track, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(track, wav, position=1.0)
    lay(track, wav, position=9.0)
    done: list[Project] = []

    def render(project: Project) -> None:
        sound_render.render(project, fault="cancelled" if done else None)
        done.append(project)

    monkeypatch.setattr(host, "render", render)
    sent = send(host, mode="heard")
    assert len(sent.folders) == 1  # what was started goes on
    assert "was cancelled" in (sent.sentence or "")
    assert len(host.processes.started) == 1


def test_a_background_tab_is_rendered_and_the_view_comes_back(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=0.0)
    first = host.project
    ended = desk.begin(host, mode="heard")
    other = host.open_project()
    host.run_until(lambda: ended, seconds=10, pause=0)
    assert ended[0].sentence is None
    assert host.project is other
    assert len(ended[0].audio()) == 3 * RATE
    assert first.selected_items


def test_playback_that_began_meanwhile_is_not_stopped(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    ended = desk.begin(host, mode="heard")
    host.project.play_state = 1
    host.run_until(lambda: ended, seconds=5, pause=0)
    assert "is playing" in (ended[0].sentence or "")
    assert desk.leftovers() == []


def test_what_is_too_long_for_one_file(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, length=16_000.0)
    assert "too long" in desk.describe(host, mode="heard")["refusal"]


def test_every_setting_that_a_render_could_mind_is_kept(host: Reaper) -> None:
    """The list of settings in the library is the whole of REAPER's own."""
    from tests.fakes.reaper import facts

    kept = host.require("render_settings")["save"](host.lua.value(host.project))
    names = {row[1] for part in ("numbers", "texts") for row in dict(kept[part].items()).values()}
    known = {
        name
        for function in ("GetSetProjectInfo", "GetSetProjectInfo_String")
        for name, since in facts.parmnames()[function].plain.items()
        if name.startswith("RENDER_") and since <= host.version_number
    }
    assert known - names == {"RENDER_TARGETS", "RENDER_STATS", "RENDER_STATS_SUMMARY"}
    assert names <= known


def test_a_header_that_is_no_wav(host: Reaper, tmp_path: Path, wav: Path) -> None:
    inspect = host.require("wav")["inspect"]
    good = wav.read_bytes()
    path = tmp_path / "x.wav"
    for cut in (0, 4, 11, 20, 30, 43, len(good) - 1):
        path.write_bytes(good[:cut])
        assert inspect(str(path)) is None
    for data in (b"OggS" + good[4:], good[:8] + b"AVI " + good[12:]):
        path.write_bytes(data)
        assert inspect(str(path)) is None
    assert inspect(str(tmp_path / "nothing")) is None


@pytest.mark.parametrize("kind", ["PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
def test_headers_are_read(host: Reaper, tmp_path: Path, kind: str, container: str) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros((777, 3)), 32_000, subtype=kind, format=container)
    header = dict(host.require("wav")["inspect"](str(path)).items())
    assert (header["frames"], header["rate"], header["channels"]) == (777, 32_000, 3)
    assert header["float"] is (kind in {"FLOAT", "DOUBLE"})
    assert header["bits"] == {"PCM_16": 16, "PCM_24": 24, "FLOAT": 32, "DOUBLE": 64}[kind]
