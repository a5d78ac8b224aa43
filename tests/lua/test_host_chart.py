"""What the stand-in keeps beside media: effects, envelopes, state chunks, markers, tempo, selection."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.reaper import HostViolation, Reaper, Source
from tests.fakes.reaper.tempo import TempoMap

# effects and envelopes


def test_effects_are_copied_with_their_values(host: Reaper, wav: Path) -> None:
    first = host.project.add_track("a")
    first.add_fx("ReaEQ", enabled=False)
    take = first.add_item(wav).takes[0]
    host.project.add_track("b")
    host.lua.execute("""
    local a, b = reaper.GetTrack(0, 0), reaper.GetTrack(0, 1)
    local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
    assert(reaper.TrackFX_SetParam(a, 0, 1, 0.25) and reaper.TrackFX_GetParam(a, 0, 1) == 0.25)
    reaper.TrackFX_CopyToTrack(a, 0, b, 0, false)
    reaper.TrackFX_CopyToTake(a, 0, take, 0, true)
    assert(reaper.TrackFX_GetCount(a) == 0 and reaper.TrackFX_GetCount(b) == 1)
    assert(reaper.TrackFX_GetParam(b, 0, 1) == 0.25 and not reaper.TrackFX_GetEnabled(b, 0))
    assert(reaper.TakeFX_GetCount(take) == 1 and not reaper.TakeFX_GetOffline(take, 0))
    assert(reaper.TrackFX_GetFXGUID(b, 0) ~= reaper.TakeFX_GetFXGUID(take, 0))
    reaper.TakeFX_SetEnabled(take, 0, true)
    reaper.TakeFX_CopyToTrack(take, 0, a, 0, false)
    assert(reaper.TrackFX_GetEnabled(a, 0) and select(2, reaper.TrackFX_GetFXName(a, 0)) == 'ReaEQ')
    assert(reaper.TrackFX_AddByName(a, 'ReaComp', false, -1) == 1)
    assert(reaper.TrackFX_AddByName(a, 'Nothing', false, -1) == -1)
    assert(reaper.TrackFX_Delete(a, 1) and not reaper.TrackFX_Delete(a, 1))
    """)
    assert take.fx[0].sounds


def test_envelopes_are_found_by_name_and_evaluated(host: Reaper, wav: Path) -> None:
    track = host.project.add_track()
    track.envelope("Volume").add(1.0, 0.0)
    track.envelope("Volume").add(3.0, 1.0)
    take = track.add_item(wav).takes[0]
    take.envelope("Pan").add(0.0, -1.0, shape=1)
    take.envelope("Pan").add(0.5, 1.0)
    host.lua.execute("""
    local track = reaper.GetTrack(0, 0)
    local volume = reaper.GetTrackEnvelopeByName(track, 'Volume')
    assert(reaper.GetTrackEnvelopeByChunkName(track, '<VOLENV2') == volume)
    assert(select(2, reaper.Envelope_Evaluate(volume, 2, 44100, 1)) == 0.5)
    local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
    local pan = reaper.GetTakeEnvelopeByName(take, 'Pan')
    assert(reaper.Envelope_GetParentTake(pan) == take and reaper.Envelope_GetParentTrack(pan) == nil)
    assert(select(2, reaper.Envelope_Evaluate(pan, 0.4, 44100, 1)) == -1)
    assert(reaper.GetTrackEnvelopeByName(track, 'Mute') == nil and reaper.CountTakeEnvelopes(take) == 1)
    reaper.InsertEnvelopePoint(pan, 0.25, 0.5, 0, 0, false, true)
    assert(select(2, reaper.GetEnvelopePoint(pan, 2)) == 0.25)
    reaper.Envelope_SortPoints(pan)
    assert(select(2, reaper.GetEnvelopePoint(pan, 1)) == 0.25 and reaper.CountEnvelopePoints(pan) == 3)
    assert(reaper.DeleteEnvelopePointRange(pan, 0, 0.3) and reaper.CountEnvelopePoints(pan) == 1)
    assert(select(2, reaper.GetSetEnvelopeInfo_String(pan, 'ACTIVE', '0', true)) == '0')
    """)
    assert not take.envelopes[0].active


# state chunks


def test_chunks_carry_everything_there_and_back(host: Reaper, wav: Path) -> None:
    track = host.project.add_track("a \"b\" 'c'", depth=1, vol=0.5, pan=-0.25)
    track["P_EXT:job"] = "x y"
    track.envelope("Volume").add(1.0, 0.5, 5, -0.25)
    track.add_fx("ReaEQ")
    item = track.add_item(wav, position=1.25, playrate=1.5, pan=0.5, fadeinlen=0.1, snapoffset=0.2)
    item["C_LOCK"] = 1
    item["P_EXT:job"] = "1"
    item.takes[0].stretch((0.0, 0.0), (0.5, 0.6))
    item.takes[0].envelope("Volume").add(0.1, 0.9)
    item.takes[0].add_fx("ReaComp", enabled=False)
    whole = Source.from_file(wav)
    assert whole is not None
    item.add_take(Source.section(whole, 0.1, 0.2, reverse=True), name="other", startoffs=0.05)
    item["I_CURTAKE"] = 1
    track.add_item(position=4.0, length=2.0)
    host.lua.execute("""
    local track = reaper.GetTrack(0, 0)
    local _, before = reaper.GetTrackStateChunk(track, '', false)
    take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
    reaper.InsertTrackAtIndex(1, false)
    local copy = reaper.GetTrack(0, 1)
    -- A copy needs GUIDs of its own.
    local renamed = before:gsub('{(%x)', function(digit)
      return ('{%X'):format((tonumber(digit, 16) + 1) % 16)
    end)
    assert(reaper.SetTrackStateChunk(copy, renamed, false))
    local _, after = reaper.GetTrackStateChunk(copy, '', false)
    assert(renamed == after, renamed .. after)
    local item = reaper.GetMediaItem(0, 0)
    local _, chunk = reaper.GetItemStateChunk(item, '', false)
    assert(reaper.SetItemStateChunk(item, chunk, false))
    local _, again = reaper.GetItemStateChunk(item, '', false)
    assert(chunk == again)
    assert(not reaper.ValidatePtr2(0, take, 'MediaItem_Take*'))
    local envelope = reaper.GetTrackEnvelope(copy, 0)
    local _, text = reaper.GetEnvelopeStateChunk(envelope, '', false)
    assert(reaper.SetEnvelopeStateChunk(envelope, text:gsub('0%.5', '0.75', 1), false))
    """)
    copy = host.project.tracks[1]
    assert copy.envelopes[0].points[0].value == 0.75
    assert copy.items[0].takes[1].name == "other"
    assert copy.items[0].current == 1
    assert copy.items[1].takes == []


def test_a_copied_chunk_brings_its_guids_along(host: Reaper) -> None:
    host.project.add_track("a")
    with pytest.raises(HostViolation, match=r"a second MediaTrack \{"):
        host.lua.execute("""
        local _, chunk = reaper.GetTrackStateChunk(reaper.GetTrack(0, 0), '', false)
        reaper.InsertTrackAtIndex(1, false)
        reaper.SetTrackStateChunk(reaper.GetTrack(0, 1), chunk, false)
        """)


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        ("<ITEM\nPOSITION 1", "never closed"),
        ("<TRACK\n>", "<ITEM was expected"),
        ("POSITION 1", "before its beginning"),
        ("<ITEM\n>\n>", "behind its end"),
        ('<ITEM\nNAME "a\n>', "a quote is never closed"),
        ("<ITEM\n<STRANGE\n>\n>", "no block STRANGE"),
    ],
)
def test_a_broken_chunk_is_refused(host: Reaper, chunk: str, why: str) -> None:
    host.project.add_track().add_item()
    with pytest.raises(HostViolation, match=why):
        host.lua.execute("reaper.SetItemStateChunk(reaper.GetMediaItem(0, 0), ..., false)", chunk)


# markers and tempo


def test_markers_have_numbers_and_indices(host: Reaper) -> None:
    host.lua.execute("""
    assert(reaper.AddProjectMarker2(0, true, 4, 6, 'verse', -1, 0x1112233) == 1)
    assert(reaper.AddProjectMarker2(0, false, 1, 0, 'start', 7, 0) == 7)
    assert(reaper.AddProjectMarker(0, false, 2, 0, 'next', 7) == 1)
    local all, markers, regions = reaper.CountProjectMarkers(0)
    assert(all == 3 and markers == 2 and regions == 1)
    local index, region, position, stop, name, number, color = reaper.EnumProjectMarkers3(0, 2)
    assert(index == 3 and region and position == 4 and stop == 6 and name == 'verse' and color == 0x1112233)
    assert(reaper.EnumProjectMarkers3(0, 3) == 0)
    local last, current = reaper.GetLastMarkerAndCurRegion(0, 5)
    assert(last == 1 and current == 2)
    assert(reaper.SetProjectMarker(7, false, 3, 0, 'moved') and reaper.DeleteProjectMarker(0, 1, true))
    assert(not reaper.DeleteProjectMarker(0, 1, true) and reaper.DeleteProjectMarkerByIndex(0, 0))
    """)
    assert [(marker.number, marker.position, marker.name) for marker in host.project.markers] == [
        (7, 3.0, "moved")
    ]


def test_beats_follow_the_tempo_map(host: Reaper) -> None:
    host.project.tempo.add(4.0, 60.0, signature=(3, 4))
    host.lua.execute("""
    assert(reaper.TimeMap2_timeToQN(0, 4) == 8 and reaper.TimeMap2_timeToQN(0, 6) == 10)
    assert(reaper.TimeMap2_QNToTime(0, 11) == 7)
    local beat, measure, size = reaper.TimeMap2_timeToBeats(0, 5)
    assert(beat == 1 and measure == 2 and size == 3)
    assert(reaper.TimeMap2_beatsToTime(0, 0, 3) == 7)
    local ok, time, bar, at, bpm = reaper.GetTempoTimeSigMarker(0, 0)
    assert(ok and time == 4 and bar == 2 and at == 0 and bpm == 60)
    assert(reaper.CountTempoTimeSigMarkers(0) == 1 and reaper.FindTempoTimeSigMarker(0, 3) == -1)
    assert(reaper.TimeMap2_GetDividedBpmAtTime(0, 5) == 60 and reaper.Master_GetPlayRate(0) == 1)
    """)


@given(
    st.lists(
        st.tuples(st.floats(0.1, 100.0), st.floats(20.0, 300.0), st.booleans()),
        max_size=6,
        unique_by=lambda row: row[0],
    ),
    st.floats(0.0, 200.0),
)
def test_time_goes_to_beats_and_back(markers: list[tuple[float, float, bool]], time: float) -> None:
    tempo = TempoMap()
    for at, bpm, linear in markers:
        tempo.add(at, bpm, linear=linear)
    assert tempo.time(tempo.quarters(time)) == pytest.approx(time, abs=1e-5)
    assert tempo.bpm_at(time) > 0
    measure, beat, first = tempo.measure(time)
    start, _ = tempo.measure_start(measure)
    assert math.isclose(start, first, abs_tol=1e-6)
    assert -1e-6 <= beat <= 4


# what the user sees beside the project


def test_selection_cursor_view_and_transport_are_the_tabs_own(host: Reaper) -> None:
    host.lua.execute("""
    reaper.GetSet_LoopTimeRange2(0, true, false, 1, 2, false)
    reaper.GetSet_LoopTimeRange2(0, true, true, 3, 4, false)
    local from, to = reaper.GetSet_LoopTimeRange2(0, false, false, 0, 0, false)
    assert(from == 1 and to == 2 and reaper.GetSet_LoopTimeRange(false, true, 0, 0, false) == 3)
    reaper.GetSet_ArrangeView2(0, true, 0, 0, 5, 9)
    reaper.SetEditCurPos2(0, 7, false, false)
    reaper.MoveEditCursor(-2, false)
    assert(reaper.GetCursorPositionEx(0) == 5)
    reaper.OnPlayButton()
    assert(reaper.GetPlayStateEx(0) == 1 and reaper.GetAllProjectPlayStates(nil) == 1)
    assert(reaper.GetAllProjectPlayStates((reaper.EnumProjects(-1))) == 0)
    reaper.CSurf_OnStop()
    """)
    first = host.project
    second = host.open_project()
    assert (first.time_selection, first.loop, first.view, first.cursor) == ((1, 2), (3, 4), (5, 9), 5)
    assert (second.time_selection, second.cursor, second.play_state) == ((0, 0), 0, 0)


def test_paths_of_a_project(host: Reaper, tmp_path: Path) -> None:
    assert host.lua.eval("reaper.GetProjectPathEx(0)") == str(tmp_path / "REAPER Media")
    host.save(tmp_path / "songs" / "a.rpp")
    host.project.texts["RECORD_PATH"] = "Media"
    assert host.lua.eval("reaper.GetProjectPathEx(0)") == str(tmp_path / "songs" / "Media")
    assert host.lua.eval("reaper.GetProjectName(0)") == "a.rpp"
    assert host.lua.eval("reaper.GetResourcePath()") == str(host.resource)
