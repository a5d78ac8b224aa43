"""What would be sent: razor edits, items, a time selection; and what is refused, in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Item, Reaper, Source, Track
from tests.fakes.reaper.items import Take
from tests.lua import material
from tests.lua.desk import describe, describing, only

RATE = 44_100


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return material.write(tmp_path / "Media" / "guitar.wav", 4.0, RATE, 2)


@pytest.fixture
def track(host: Reaper) -> Track:
    return host.project.add_track("Guitar")


def lay(track: Track, path: Path, **values: Any) -> Item:
    position = values.pop("position", 1.0)
    return track.add_item(path, position=position, **values).select()


def test_nothing_selected(host: Reaper, track: Track, wav: Path) -> None:
    track.add_item(wav)
    said = describe(host)
    assert said["jobs"] == []
    assert "select items, or draw a razor edit" in said["refusal"]


def test_an_item_goes_by_its_file(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, startoffs=0.5, length=2.0)
    job = only(host)
    assert job["mode"] == "source"
    assert "edits stay live" in job["why"]
    assert job["source"] == {
        "path": str(wav), "first_frame": RATE // 2, "frames": 2 * RATE, "rate": RATE, "channels": 2,
    }  # fmt: skip
    assert (job["words"], job["seconds"], job["tracks"], job["items"]) == ("guitar", 2.0, ["Guitar"], 1)


def test_several_items_are_a_job_each(host: Reaper, track: Track, wav: Path) -> None:
    for position in (0.0, 5.0, 10.0):
        lay(track, wav, position=position)
    jobs = describe(host)["jobs"]
    assert [job["mode"] for job in jobs] == ["source"] * 3


def test_several_items_together_are_one_render(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=1.0)
    lay(host.project.add_track("Voice"), wav, position=2.5)
    job = only(host, per="selection")
    assert (job["mode"], job["seconds"], job["items"]) == ("heard", 5.5, 2)
    assert job["tracks"] == ["Guitar", "Voice"]
    assert job["words"] == "guitar and 1 more"
    assert "together as they are heard" in describe(host, per="selection", mode="source")["refusal"]


def test_items_win_over_a_time_selection_and_razor_edits_over_items(
    host: Reaper, track: Track, wav: Path
) -> None:
    item = lay(track, wav)
    host.project.select_time(1.5, 2.0)
    track.select()
    assert only(host)["seconds"] == 4.0
    track["P_RAZOREDITS"] = '2.0 2.25 ""'
    assert only(host)["seconds"] == 0.25
    track["P_RAZOREDITS"] = ""
    item.select(False)
    assert only(host)["seconds"] == 0.5


def test_a_razor_edit_inside_an_item_is_sent_as_that_part_of_its_file(
    host: Reaper, track: Track, wav: Path
) -> None:
    lay(track, wav, startoffs=0.25, length=3.0, playrate=2.0)
    track["P_RAZOREDITS"] = '1.5 2.0 ""'
    job = only(host)
    assert job["mode"] == "source"
    assert job["source"]["first_frame"] == round((0.25 + 0.5 * 2) * RATE)
    assert job["source"]["frames"] == RATE
    assert job["seconds"] == 1.0  # of the file: the item plays it in half the time


@pytest.mark.parametrize(
    ("area", "mode"),
    [((1.0, 2.0), "source"), ((1.5, 2.0), "source"), ((1.05, 2.0), "heard"), ((4.0, 4.95), "heard")],
)
def test_a_razor_edit_that_cuts_a_fade_is_rendered(
    host: Reaper, track: Track, wav: Path, area: tuple[float, float], mode: str
) -> None:
    lay(track, wav, fadeinlen=0.1, fadeoutlen=0.2)
    track["P_RAZOREDITS"] = f'{area[0]} {area[1]} ""'
    assert only(host)["mode"] == mode


def test_several_razor_areas_and_one_on_an_envelope(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    track["P_RAZOREDITS"] = '1.5 2.0 "" 3.0 4.0 "{11111111-2222-3333-4444-555555555555}" 3.0 3.5 ""'
    assert [job["seconds"] for job in describe(host)["jobs"]] == [0.5, 0.5]
    track["P_RAZOREDITS"] = '3.0 4.0 "{11111111-2222-3333-4444-555555555555}"'
    assert only(host)["seconds"] == 4.0  # the item that is selected


def test_a_razor_edit_over_two_items_is_rendered(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, position=0.0, length=1.0)
    lay(track, wav, position=1.5, length=1.0)
    track["P_RAZOREDITS"] = '0.5 2.0 ""'
    job = only(host)
    assert (job["mode"], job["items"], job["seconds"]) == ("heard", 2, 1.5)
    assert "several items" in job["why"]


def test_a_time_selection_takes_the_selected_tracks_that_hold_something(
    host: Reaper, track: Track, wav: Path
) -> None:
    lay(track, wav).select(False)
    track.select()
    host.project.add_track("Empty").select()
    lay(host.project.add_track("Not selected"), wav).select(False)
    host.project.select_time(0.5, 3.0)
    job = only(host)
    assert job["tracks"] == ["Guitar"]
    assert job["mode"] == "source"
    assert job["seconds"] == 2.0  # where the item is
    host.project.select_time(20, 30)
    assert "holds no items" in describe(host)["refusal"]


def test_too_many_things(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(101):
        lay(track, wav, position=index * 5.0)
    assert "fewer at a time" in describe(host)["refusal"]


def test_a_hundred_items_stay_inside_the_budget(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(100):
        lay(track, wav, position=index * 5.0)
    said, ticks = describing(host)
    assert len(said["jobs"]) == 100
    assert ticks > 5


@pytest.mark.parametrize(
    "choices", [{}, {"mode": "heard"}, {"mode": "heard", "per": "selection"}, {"mode": "source"}]
)
def test_slices_change_nothing(host: Reaper, track: Track, wav: Path, choices: dict[str, str]) -> None:
    for index in range(30):
        lay(track, wav, position=index * 5.0)
    if choices.get("mode") == "source":
        effects(track.items[4], wav)
    assert describing(host, **choices)[0] == describe(host, **choices)


def test_a_refusal_comes_in_slices_too(host: Reaper, track: Track, wav: Path) -> None:
    assert "Nothing is selected" in describing(host)[0]["refusal"]
    for index in range(40):
        lay(track, wav, position=index * 5.0)
    midi(track.items[39], wav)
    assert "MIDI" in describing(host, mode="source")[0]["refusal"]


def test_a_project_that_changes_meanwhile_is_read_anew(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(60):
        lay(track, wav, position=index * 5.0)
    out = host.require("out")
    step = host.lua.call(out["describing"], host.project, {})
    assert host.lua.call(step) is None
    host.lua.execute(
        "local track = reaper.GetTrack(0, 0) "
        "reaper.DeleteTrackMediaItem(track, reaper.GetTrackMediaItem(track, 0))"
    )
    found = None
    for _ in range(20):
        found = found or host.lua.call(step)
    assert found is not None
    assert len(host.lua.python(found)["jobs"]) == 59


def test_a_project_that_never_rests_is_refused(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(60):
        lay(track, wav, position=index * 5.0)
    step = host.lua.call(host.require("out")["describing"], host.project, {})
    found = None
    for volume in range(30):
        host.lua.execute(
            f"reaper.SetMediaItemInfo_Value(reaper.GetSelectedMediaItem(0, 0), 'D_VOL', 1 + {volume}) "
            "reaper.Undo_OnStateChange2(0, 'x')"
        )
        found = found or host.lua.call(step)
    assert "changes all the time" in host.lua.python(found)["refusal"]


def take(item: Item) -> Take:
    assert item.take is not None
    return item.take


def empty(track: Track, wav: Path) -> None:
    track.add_item(None, position=0, length=1.0).select()


def no_length(track: Track, wav: Path) -> None:
    lay(track, wav, length=0.0)


REFUSED = {
    "empty": (empty, "is empty: there is nothing to separate"),
    "no_length": (no_length, "has no length"),
}


@pytest.mark.parametrize("mode", ["auto", "source", "heard", "accessor"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_no_mode_can_do(host: Reaper, track: Track, wav: Path, case: str, mode: str) -> None:
    make, words = REFUSED[case]
    make(track, wav)
    said = describe(host, mode=mode)
    assert words in said["refusal"]
    assert said["jobs"] == []
    assert said["refusal"].count(". ") == 0


def effects(item: Item, wav: Path) -> None:
    take(item).add_fx("gain")


def backwards(item: Item, wav: Path) -> None:
    source = Source.from_file(wav)
    assert source
    take(item).source = Source.section(source, 0.0, 4.0, reverse=True)


def midi(item: Item, wav: Path) -> None:
    source = Source("MIDI")
    source.midi_length = 8.0
    take(item).source = source


def subproject(item: Item, wav: Path) -> None:
    path = wav.with_name("sub.rpp")
    path.write_text("<REAPER_PROJECT\n>\n")
    take(item).source = Source.from_file(path)


def channels(item: Item, wav: Path) -> None:
    take(item)["I_CHANMODE"] = 3


def loop(item: Item, wav: Path) -> None:
    item["B_LOOPSRC"] = 1
    item["D_LENGTH"] = 1.9
    take(item)["D_STARTOFFS"] = 3.9


def all_takes(item: Item, wav: Path) -> None:
    item.add_take(wav)
    item["B_ALLTAKESPLAY"] = 1


def missing(item: Item, wav: Path) -> None:
    source = Source.from_file(wav)
    assert source
    source.path = wav.with_name("gone.wav")
    source.type = "WAVE"
    take(item).source = source


def unknown(item: Item, wav: Path) -> None:
    path = wav.with_suffix(".wv")
    path.write_bytes(wav.read_bytes())
    source = Source.from_file(wav)
    assert source
    source.path = path
    take(item).source = source


RENDERED = {
    "effects": (effects, "effects of its own"),
    "backwards": (backwards, "plays backwards"),
    "midi": (midi, "MIDI"),
    "subproject": (subproject, "a subproject"),
    "channels": (channels, "channels in another way"),
    "loop": (loop, "loops beyond the end"),
    "all takes": (all_takes, "all its takes play at once"),
    "unknown": (unknown, "can't be read outside REAPER"),
}


@pytest.mark.parametrize("case", RENDERED)
def test_what_is_rendered_as_heard_and_why(host: Reaper, track: Track, wav: Path, case: str) -> None:
    change, words = RENDERED[case]
    change(lay(track, wav), wav)
    job = only(host)
    assert job["mode"] == "heard"
    assert words in job["why"]
    forced = describe(host, mode="source")
    if case == "effects":  # possible, and named
        assert words in forced["jobs"][0]["why"]
    else:
        assert words in forced["refusal"]


def test_a_forward_section_is_sent_by_its_file(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav, startoffs=0.5, length=1.0)
    source = Source.from_file(wav)
    assert source
    take(item).source = Source.section(source, 1.25, 2.0)
    job = only(host)
    assert job["mode"] == "source"
    assert job["source"]["first_frame"] == round(1.75 * RATE)
    assert job["source"]["frames"] == RATE
    item["D_LENGTH"] = 1.8
    assert "beyond its section" in only(host)["why"]


def test_a_loop_that_is_short_is_sent_whole(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, length=9.0, loopsrc=1, startoffs=1.0)
    job = only(host)
    assert job["mode"] == "source"
    assert (job["source"]["first_frame"], job["source"]["frames"]) == (0, 4 * RATE)


def test_an_item_longer_than_its_file_sends_what_there_is(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, length=9.0, startoffs=1.0)
    assert only(host)["source"]["frames"] == 3 * RATE


def test_an_item_before_and_behind_its_file(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav, length=1.0, startoffs=-0.5)
    assert only(host)["source"]["frames"] == RATE // 2
    take(item)["D_STARTOFFS"] = 4.5
    assert "nothing of its file" in describe(host, mode="source")["refusal"]


def test_stretch_markers_send_what_they_reach(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav, length=2.0)
    take(item).stretch((0.0, 1.0), (1.0, 1.5), (2.0, 3.0))
    job = only(host)
    assert job["mode"] == "source"
    assert (job["source"]["first_frame"], job["source"]["frames"]) == (RATE, 2 * RATE)


def test_an_offline_wav_is_still_a_file(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav, length=1.0, startoffs=1.0)
    source = take(item).source
    assert source
    source.offline = True
    job = only(host)
    assert job["mode"] == "source"
    assert job["source"]["first_frame"] == RATE
    assert "offline" in describe(host, mode="heard")["refusal"]
    assert "offline" in describe(host, mode="accessor")["refusal"]


def test_an_offline_file_of_another_kind_is_refused(host: Reaper, track: Track, tmp_path: Path) -> None:
    item = lay(track, material.write(tmp_path / "a.flac", 1.0, RATE))
    source = take(item).source
    assert source
    source.offline = True
    assert "offline" in describe(host)["refusal"]


def test_a_missing_file_is_refused(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    missing(item, wav)
    assert "offline" in describe(host)["refusal"]
    assert "can't be found" in describe(host, mode="source")["refusal"]


def test_video_is_rendered_and_what_the_core_may_not_read_as_well(
    host: Reaper, track: Track, wav: Path, tmp_path: Path
) -> None:
    item = lay(track, wav)
    source = take(item).source
    assert source
    for name, clause in (("clip.mp4", "it is video"), ("song.m4a", "further program")):
        source.path = tmp_path / name
        source.path.write_bytes(wav.read_bytes())
        source.type = "VIDEO"
        job = only(host)
        assert job["mode"] == "heard"
        assert clause in job["why"]
    assert "Not what you hear" not in only(host, mode="source")["why"]
    host.project.play_state = 1
    job = only(host)
    assert job["mode"] == "source"
    assert "REAPER is playing" in job["why"]


@pytest.mark.parametrize("change", ["D_PLAYRATE", "D_PITCH", "fx", "stretch"])
def test_a_compressed_file_that_can_not_be_checked_is_rendered(
    host: Reaper, track: Track, tmp_path: Path, change: str
) -> None:
    item = lay(track, material.write(tmp_path / "a.ogg", 2.0, RATE))
    assert only(host)["mode"] == "source"
    if change == "fx":
        take(item).add_fx("gain")
    elif change == "stretch":
        take(item).stretch((0.0, 0.5), (1.0, 1.5))
    else:
        take(item)[change] = 1.5
    job = only(host)
    assert job["mode"] == "heard"
    assert "compressed" in job["why"]


def test_a_locked_item_is_separated_and_it_is_said_that_it_stays(
    host: Reaper, track: Track, wav: Path
) -> None:
    lay(track, wav, lock=1)
    (note,) = only(host)["notes"]
    assert "locked" in note
    assert "stays as it is" in note


def test_a_playing_lane_is_no_matter_and_a_silent_one_is(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    if host.version_number[0] < 7:
        item.values["C_LANEPLAYS"] = 0  # REAPER 6 has no lanes, and isn't asked
        assert only(host, mode="heard")["mode"] == "heard"
        return
    track["I_FREEMODE"] = 2
    assert not only(host, mode="heard")["notes"]
    item["C_LANEPLAYS"] = 0
    assert "lane that doesn't play" in only(host)["notes"][0]
    assert "lane that doesn't play" in describe(host, mode="heard")["refusal"]
    track["P_RAZOREDITS"] = '1.0 2.0 ""'
    assert "holds no items" in describe(host)["refusal"]


@pytest.mark.parametrize("case", ["playing", "recording", "rate", "rendering", "item muted", "track muted"])
def test_what_can_not_be_heard_now(host: Reaper, track: Track, wav: Path, case: str) -> None:
    item = lay(track, wav)
    words = {
        "playing": "REAPER is playing", "recording": "REAPER is recording", "rate": "master play rate",
        "rendering": "REAPER is rendering", "item muted": "is muted", "track muted": "is muted",
    }[case]  # fmt: skip
    if case in {"playing", "recording"}:
        host.project.play_state = 1 if case == "playing" else 5
    elif case == "rate":
        host.project.playrate = 1.5
    elif case == "rendering":
        host.rendering = host.project
    elif case == "item muted":
        item["B_MUTE"] = 1
    else:
        track["B_MUTE"] = 1
    refusal = describe(host, mode="heard")["refusal"]
    assert words in refusal
    assert only(host)["mode"] == "source"  # the file is there all the same
    channels(item, wav)
    if case in {"item muted", "track muted", "recording", "playing", "rate", "rendering"}:
        job = only(host)
        assert job["mode"] == "accessor"
        assert words in job["why"]


def test_effects_are_named_when_there_is_no_other_way_than_the_file(
    host: Reaper, track: Track, wav: Path
) -> None:
    effects(lay(track, wav), wav)
    host.project.play_state = 1
    job = only(host)
    assert job["mode"] == "source"
    assert "Not what you hear" in job["why"]
    assert "effects" in describe(host, mode="accessor")["refusal"]


def test_an_effect_that_is_off_or_offline_is_none(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    take(item).add_fx("gain", enabled=False)
    take(item).add_fx("gain", offline=True)
    assert only(host)["mode"] == "source"


@pytest.mark.parametrize("case", ["own", "media", "mixed"])
def test_the_rate_of_a_render(host: Reaper, track: Track, wav: Path, tmp_path: Path, case: str) -> None:
    lay(track, wav)
    host.project.numbers["PROJECT_SRATE_USE"] = float(case == "own")
    if case == "own":
        host.project.numbers["PROJECT_SRATE"] = 96_000
    if case == "mixed":
        lay(track, material.write(tmp_path / "b.wav", 1.0, 32_000), position=9.0)
    rate = only(host, mode="heard", per="selection")["rate"]
    device = int(
        host.require("heard_mode") and host.lua.eval("select(2, reaper.GetAudioDeviceInfo('SRATE'))")
    )
    assert rate == {"own": 96_000, "media": RATE, "mixed": device}[case]


@pytest.mark.parametrize(
    ("own", "nchan", "rendered"), [(1, 2, 2), (2, 8, 2), (6, 2, 2), (6, 8, 6), (5, 8, 6)]
)
def test_the_channels_of_a_render(
    host: Reaper, track: Track, tmp_path: Path, own: int, nchan: int, rendered: int
) -> None:
    track["I_NCHAN"] = nchan
    lay(track, material.write(tmp_path / "many.wav", 0.5, RATE, own))
    assert only(host, mode="heard")["channels"] == rendered
    assert only(host, mode="source")["channels"] == own
    assert only(host, mode="accessor")["channels"] == own


def test_a_name_keeps_what_is_no_extension(host: Reaper, track: Track, wav: Path) -> None:
    item = lay(track, wav)
    for name, words in (("Vox 2.5", "Vox 2.5"), ("a.b.FLAC", "a.b"), (".wav", ".wav"), ("", "Guitar")):
        take(item).name = name
        assert only(host)["words"] == words


def test_a_crossfade_is_named_where_it_is_rendered(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav, fadeoutlen_auto=0.2)
    assert not only(host)["notes"]
    assert "only its own side" in only(host, mode="heard")["notes"][0]


def test_many_areas_on_a_crowded_track_stay_inside_the_budget(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(400):
        track.add_item(wav, position=index * 0.5, length=0.5)
    long = track.add_item(wav, position=0.1, length=199.0)
    track["P_RAZOREDITS"] = " ".join(f'{index}.1 {index}.3 ""' for index in range(100, 160))
    jobs = describing(host)[0]["jobs"]
    assert len(jobs) == 60
    assert {job["items"] for job in jobs} == {2}  # the long item lies under all of them
    track.items.remove(long)
    assert {job["items"] for job in describing(host)[0]["jobs"]} == {1}


def test_a_time_selection_over_hundreds_of_items(host: Reaper, track: Track, wav: Path) -> None:
    for index in range(300):
        track.add_item(wav, position=index * 0.5, length=0.5)
    track.select()
    host.project.select_time(0.0, 149.75)
    said, ticks = describing(host)
    assert (said["jobs"][0]["mode"], said["jobs"][0]["items"]) == ("heard", 300)
    assert ticks > 10


def test_items_that_are_not_in_order_are_all_found(host: Reaper, track: Track, wav: Path) -> None:
    for position in (6.0, 0.0, 3.0):
        track.add_item(wav, position=position, length=1.0)
    track["P_RAZOREDITS"] = '0.5 6.5 ""'
    track.items.sort(key=lambda item: -item.position)
    assert only(host)["items"] == 3


def test_describing_changes_nothing(host: Reaper, track: Track, wav: Path) -> None:
    lay(track, wav)
    before = host.project.changes
    for mode in ("auto", "heard", "accessor"):
        describe(host, mode=mode)
    assert host.project.changes == before
    assert host.files_written == []


def test_a_background_tab_is_described_and_left_in_the_background(
    host: Reaper, track: Track, wav: Path
) -> None:
    lay(track, wav)
    first = host.project
    other = host.open_project()
    out = host.require("out")
    said = host.lua.python(host.lua.call(out["describe"], first, {}))
    assert said["jobs"][0]["mode"] == "source"
    assert host.project is other
