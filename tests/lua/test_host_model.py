"""What the stand-in keeps of a project's media: tracks, items, takes, sources."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from tests.fakes.reaper import Facts, HostViolation, Reaper, Source

# tracks


def test_folders_give_depth_and_parent(host: Reaper) -> None:
    project = host.project
    outer = project.add_track("outer", depth=1)
    inner = project.add_track("inner", depth=1)
    leaf = project.add_track("leaf", depth=-2)
    after = project.add_track("after")
    assert [track.depth for track in project.tracks] == [0, 1, 2, 0]
    assert (outer.parent, inner.parent, leaf.parent, after.parent) == (None, outer, inner, None)
    assert outer.children == [inner]
    host.lua.execute(
        "assert(reaper.GetParentTrack(reaper.GetTrack(0, 2)) == reaper.GetTrack(0, 1))"
        " assert(reaper.GetTrackDepth(reaper.GetTrack(0, 2)) == 2)"
        " assert(reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'P_PARTRACK') == nil)"
        " assert(reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 2), 'IP_TRACKNUMBER') == 3)"
        " assert(reaper.GetMediaTrackInfo_Value(reaper.GetMasterTrack(0), 'IP_TRACKNUMBER') == -1)"
    )


def test_a_track_without_a_name_is_called_by_its_number(host: Reaper) -> None:
    host.project.add_track()
    assert host.lua.eval("select(2, reaper.GetTrackName(reaper.GetTrack(0, 0)))") == "Track 1"
    text = "select(2, reaper.GetSetMediaTrackInfo_String(reaper.GetTrack(0, 0), 'P_NAME', '', false))"
    assert host.lua.eval(text) == ""


def test_defaults_of_a_new_track_are_the_users_own(host: Reaper) -> None:
    host.lua.execute("reaper.InsertTrackAtIndex(0, true) reaper.InsertTrackAtIndex(9, false)")
    assert [track["I_CUSTOMCOLOR"] != 0 for track in host.project.tracks] == [True, False]


def test_selected_tracks_can_be_moved(host: Reaper) -> None:
    for name in "abcd":
        host.project.add_track(name)
    host.project.track("c").select()
    host.project.track("d").select()
    host.lua.execute("reaper.ReorderSelectedTracks(1, 0)")
    assert [track.name for track in host.project.tracks] == ["a", "c", "d", "b"]


def test_sends_are_seen_from_both_ends(host: Reaper) -> None:
    host.project.add_track("a")
    host.project.add_track("b")
    host.lua.execute("""
    local a, b = reaper.GetTrack(0, 0), reaper.GetTrack(0, 1)
    assert(reaper.CreateTrackSend(a, b) == 0)
    assert(reaper.GetTrackNumSends(a, 0) == 1 and reaper.GetTrackNumSends(b, -1) == 1)
    assert(reaper.SetTrackSendInfo_Value(a, 0, 0, 'D_VOL', 0.5))
    assert(reaper.GetTrackSendInfo_Value(b, -1, 0, 'D_VOL') == 0.5)
    assert(reaper.GetTrackSendInfo_Value(a, 0, 0, 'P_DESTTRACK') == b)
    reaper.DeleteTrack(b)
    assert(reaper.GetTrackNumSends(a, 0) == 0)
    """)


# items and takes


def test_a_new_item_has_the_users_fades_and_loops(host: Reaper) -> None:
    host.project.add_track()
    host.lua.execute("reaper.AddMediaItemToTrack(reaper.GetTrack(0, 0))")
    (item,) = host.project.items
    assert (item["B_LOOPSRC"], item["D_FADEINLEN"], item["D_FADEOUTLEN"], item["D_LENGTH"]) == (
        1,
        0.01,
        0.01,
        0,
    )


def test_mute_has_two_names(host: Reaper) -> None:
    item = host.project.add_track().add_item()
    item["C_MUTE_SOLO"] = 1
    host.lua.execute("reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'B_MUTE_ACTUAL', 1)")
    assert (item["B_MUTE"], item["C_MUTE_SOLO"]) == (1, 1)
    host.lua.execute("reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'B_MUTE', 1)")
    assert item["C_MUTE_SOLO"] == 0


def test_items_come_in_the_order_of_their_positions_after_the_tick(host: Reaper) -> None:
    track = host.project.add_track()
    first, second = track.add_item(position=1.0), track.add_item(position=2.0)
    host.lua.execute(
        "reaper.SetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'D_POSITION', 5)"
        " assert(reaper.GetMediaItemInfo_Value(reaper.GetMediaItem(0, 0), 'D_POSITION') == 5)"
    )
    assert track.items == [second, first]


def test_an_item_is_split_in_its_source(host: Reaper, wav: Path) -> None:
    track = host.project.add_track()
    left = track.add_item(wav, position=2.0, playrate=2.0, length=0.4, startoffs=0.1)
    host.lua.execute("assert(reaper.SplitMediaItem(reaper.GetMediaItem(0, 0), 2.1))")
    right = track.items[1]
    assert right.guid != left.guid
    assert (left.length, right.position, right.length) == pytest.approx((0.1, 2.1, 0.3))
    assert right.takes[0]["D_STARTOFFS"] == pytest.approx(0.3)
    assert host.lua.eval("reaper.SplitMediaItem(reaper.GetMediaItem(0, 0), 5)") is None


def test_lanes_grow_with_their_items(host: Reaper) -> None:
    track = host.project.add_track()
    track["I_FREEMODE"] = 2
    track.add_item()["I_FIXEDLANE"] = 3
    if host.version_number >= (7, 8):
        host.lua.execute("reaper.UpdateItemLanes(0)")
        assert track["I_NUMFIXEDLANES"] == 4
        assert host.lua.eval("reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'C_LANEPLAYS:0')") == 1
        assert host.lua.eval("reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'C_LANEPLAYS:3')") == 0
    else:
        with pytest.raises(HostViolation, match="not a function of this REAPER"):
            host.lua.execute("reaper.UpdateItemLanes(0)")


def test_a_source_goes_from_free_to_take_and_back(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    host.lua.execute(
        """
        local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
        local old = reaper.GetMediaItemTake_Source(take)
        local new = reaper.PCM_Source_CreateFromFile(...)
        assert(reaper.SetMediaItemTake_Source(take, new))
        assert(reaper.GetMediaItemTake_Source(take) == new and reaper.GetMediaSourceLength(old) == 1)
        reaper.PCM_Source_Destroy(old)
        local fine = reaper.ValidatePtr2(0, old, 'PCM_source*')
        assert(not fine and reaper.PCM_Source_CreateFromFile('/no/such.wav') == nil)
        """,
        str(wav),
    )


def test_take_markers_lie_in_the_source(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    host.lua.execute("""
    local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
    assert(reaper.SetTakeMarker(take, -1, 'two', 0.5) == 0)
    assert(reaper.SetTakeMarker(take, -1, 'one', 0.1, 0x1ff0000) == 0)
    local position, name, color = reaper.GetTakeMarker(take, 0)
    assert(position == 0.1 and name == 'one' and color == 0x1ff0000)
    assert(reaper.SetTakeMarker(take, 0, 'first') == 0 and reaper.GetTakeMarker(take, 0) == 0.1)
    assert(reaper.DeleteTakeMarker(take, 1) and reaper.GetNumTakeMarkers(take) == 1)
    assert(reaper.GetTakeMarker(take, 5) == -1)
    """)
    with pytest.raises(HostViolation, match="needs a position"):
        host.lua.execute("reaper.SetTakeMarker(reaper.GetActiveTake(reaper.GetMediaItem(0, 0)), -1, 'x')")


def test_stretch_markers_keep_their_order(host: Reaper, wav: Path) -> None:
    host.project.add_track().add_item(wav)
    host.lua.execute("""
    local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
    reaper.SetTakeStretchMarker(take, -1, 0.5, 0.4)
    assert(reaper.SetTakeStretchMarker(take, -1, 0) == 0)
    local index, position, source = reaper.GetTakeStretchMarker(take, 1)
    assert(index == 1 and position == 0.5 and source == 0.4)
    reaper.SetTakeStretchMarkerSlope(take, 1, 0.3)
    assert(reaper.GetTakeStretchMarkerSlope(take, 1) == 0.3)
    assert(reaper.DeleteTakeStretchMarkers(take, 0, 2) == 2 and reaper.GetTakeNumStretchMarkers(take) == 0)
    """)


# sources


def test_a_section_hides_its_file_behind_its_parent(host: Reaper, wav: Path) -> None:
    whole = Source.from_file(wav)
    assert whole is not None
    host.project.add_track().add_item(Source.section(whole, 0.25, 0.5, reverse=True))
    found = host.lua.execute("""
    local source = reaper.GetMediaItemTake_Source(reaper.GetActiveTake(reaper.GetMediaItem(0, 0)))
    local parent = reaper.GetMediaSourceParent(source)
    assert(reaper.GetMediaSourceType(source) == 'SECTION' and reaper.GetMediaSourceFileName(source) == '')
    local is, offset, length, backwards = reaper.PCM_Source_GetSectionInfo(source)
    assert(is and offset == 0.25 and length == 0.5 and backwards)
    assert(reaper.GetMediaSourceLength(source) == 0.5 and reaper.GetMediaSourceSampleRate(source) == 44100)
    assert(not reaper.PCM_Source_GetSectionInfo(parent) and reaper.GetMediaSourceParent(parent) == nil)
    return reaper.GetMediaSourceFileName(parent)
    """)
    assert found == str(wav)


def test_offline_media_read_zero(host: Reaper, wav: Path) -> None:
    item = host.project.add_track().add_item(wav)
    source = item.takes[0].source
    assert source is not None
    code = """
    local source = reaper.GetMediaItemTake_Source(reaper.GetActiveTake(reaper.GetMediaItem(0, 0)))
    return {reaper.GetMediaSourceLength(source), reaper.GetMediaSourceSampleRate(source),
            reaper.GetMediaSourceNumChannels(source)}
    """
    assert host.lua.python(host.lua.execute(code)) == [1.0, 44100, 2]
    source.offline = True
    assert host.lua.python(host.lua.execute(code)) == [0.0, 0, 0]
    source.offline = False
    wav.unlink()
    assert host.lua.python(host.lua.execute(code)) == [0.0, 0, 0]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.flac", "FLAC"), ("b.ogg", "VORBIS"), ("c.aiff", "AIFF"), ("d.mp3", "MP3")]
)
def test_types_follow_the_file(host: Reaper, tmp_path: Path, wav: Path, name: str, kind: str) -> None:
    samples, rate = soundfile.read(wav)
    path = tmp_path / name
    soundfile.write(path, samples, rate)
    host.project.add_track().add_item(path)
    source = "reaper.GetMediaItemTake_Source(reaper.GetActiveTake(reaper.GetMediaItem(0, 0)))"
    assert host.lua.eval(f"reaper.GetMediaSourceType({source})") == kind
    assert host.lua.eval(f"(reaper.GetMediaSourceLength({source}))") == pytest.approx(1.0, abs=0.1)


def test_midi_subprojects_and_video(host: Reaper, tmp_path: Path) -> None:
    track = host.project.add_track()
    song, film = tmp_path / "inner.rpp", tmp_path / "film.mp4"
    song.touch()
    film.touch()
    track.add_item(Source("MIDI"))
    track.add_item(song, position=1.0)
    track.add_item(Source.from_file(film, facts=Facts(48000, 2, 96000)), position=2.0)
    assert [take.source.type for item in track.items for take in item.takes if take.source] == [
        "MIDI",
        "RPP_PROJECT",
        "VIDEO",
    ]
    assert track.items[2].length == 2.0
    host.lua.execute(
        "assert(reaper.TakeIsMIDI(reaper.GetActiveTake(reaper.GetMediaItem(0, 0))))"
        " assert(reaper.CreateNewMIDIItemInProj(reaper.GetTrack(0, 0), 8, 12, true))"
    )
    made = track.items[-1]
    assert (made.position, made.length, made.takes[0].midi) == (4.0, 2.0, True)
