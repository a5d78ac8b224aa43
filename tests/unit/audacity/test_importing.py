"""What is decided before and after an import, without an Audacity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stembridge.bridge.hosting import SeparateRequest
from stembridge.model.errors import HostError, StoreError
from stembridge.model.stems import STEMS
from stembridge_audacity.editor import Origin, Region, Source, Wish
from stembridge_audacity.export import frame_at
from stembridge_audacity.facts import Label, Track
from stembridge_audacity.importing import Moved, find, told_as
from stembridge_audacity.loads import colours, load_of
from stembridge_audacity.selection import Selection, labelled

SONG = Source(1, "Song", 48_000, 2, 0.0, 61.2346)
ORIGIN = Origin("Opus", 44_100, 59_259, 165_328, 48_000, (SONG,), "mute")


def _track(index: int, name: str = "Song", **more: Any) -> Track:
    facts = {"start": 0.0, "end": 61.2346, "channels": 2, **more}
    return Track(index, name, "wave", selected=False, **facts)


def _row(folder: Path, stem: str, **more: Any) -> dict[str, Any]:
    path = folder / f"{stem}.wav"
    path.write_bytes(b"")
    facts = {"id": stem, "label": stem.capitalize(), "colour": "#e4572e", "kind": "stem", "file": str(path)}
    return {**facts, "frames": 10, "rate": 48_000, "channels": 2, **more}


def test_an_origin_survives_the_request() -> None:
    assert Origin.from_dict(ORIGIN.to_dict()) == ORIGIN
    assert (ORIGIN.start, ORIGIN.end) == (59_259 / 48_000, (59_259 + 165_328) / 48_000)
    region = Region(Path("region.wav"), ORIGIN)
    request = region.request(Wish(SeparateRequest(source=None, model="x"), "replace"))
    assert (request.name, request.model, request.background) == ("Song", "x", True)
    assert Origin.from_dict(request.host_context) == replace(ORIGIN, original="replace")


@pytest.mark.parametrize(
    "document", [None, [], {}, {"v": 2}, {"v": 1, "project": "x"}, {"v": 1, "tracks": 3}]
)
def test_another_hosts_context_is_no_origin(document: object) -> None:
    with pytest.raises(StoreError) as told:
        Origin.from_dict(document)
    assert told.value.code == "job_corrupt"


def test_a_mix_is_named_after_the_project() -> None:
    both = replace(ORIGIN, tracks=(SONG, replace(SONG, name="Bass")))
    assert both.name == "Opus"
    assert replace(both, project="").name == "mix"
    assert replace(ORIGIN, tracks=(replace(SONG, name=""),)).name == "Audacity"


def test_tracks_are_found_wherever_they_stand() -> None:
    assert find([_track(0, "x"), _track(1)], [SONG]) == [1]
    assert find([_track(0), _track(1, "x")], [SONG]) == [0]
    # Of two that look alike the one at the old place is meant, and each stands for one source.
    assert find([_track(0), _track(1)], [SONG]) == [1]
    assert sorted(find([_track(0), _track(1)], [SONG, replace(SONG, index=0)])) == [0, 1]


@pytest.mark.parametrize(
    "changed", [{"name": "Song 2"}, {"channels": 1}, {"start": 0.001}, {"end": 61.2347}], ids=str
)
def test_a_changed_track_is_not_taken_for_the_source(changed: dict[str, Any]) -> None:
    with pytest.raises(Moved, match="'Song' is gone or changed"):
        find([_track(0, "x"), _track(1, **changed)], [SONG])
    with pytest.raises(Moved):
        find([], [SONG])


@given(st.floats(0, 1e5, allow_nan=False))
def test_six_digits_are_recognised(seconds: float) -> None:
    assert told_as(float(f"{seconds:.6g}"), seconds)


@given(st.integers(0, 4_000_000_000), st.sampled_from([44_100, 48_000, 96_000]))
def test_a_frame_comes_back_from_its_own_time(frame: int, rate: int) -> None:
    assert frame_at(frame / rate, rate) == frame


@pytest.mark.parametrize(
    ("told", "exact"), [(1.2346, 1.23456), (0.5, 0.50001), (612.346, 612.347), (0.0, 0.01)]
)
def test_other_times_are_not(told: float, exact: float) -> None:
    assert not told_as(told, exact)


def test_neighbours_have_different_colours() -> None:
    given_ = colours(stem.colour for stem in STEMS.values())
    assert set(given_) == {0, 1, 2, 3}
    assert all(given_[place] not in given_[max(0, place - 3) : place] for place in range(len(given_)))
    assert colours([STEMS["vocals"].colour, STEMS["instrumental"].colour]) == [1, 0]


def test_only_audio_and_words_become_tracks(tmp_path: Path) -> None:
    result = {
        "stems": [_row(tmp_path, "vocals"), _row(tmp_path, "text", kind="text")],
        "labels": [[0.5, 1.5, "la"]],
    }
    load = load_of(replace(ORIGIN, apart=True, tracks=(replace(SONG, solo=True),)), result)
    assert load.names == ["Vocals - Song", "Transcript - Song"]
    assert load.audio[0].solo
    assert load.labels[0].labels == ((ORIGIN.start + 0.5, ORIGIN.start + 1.5, "la"),)
    assert load_of(ORIGIN, {"stems": [], "labels": []}).names == []


def test_a_stem_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    row = _row(tmp_path, "vocals")
    Path(row["file"]).unlink()
    with pytest.raises(StoreError, match="isn't there any more"):
        load_of(ORIGIN, {"stems": [row], "labels": []})


def test_what_is_added_to_a_stems_name(tmp_path: Path) -> None:
    rows = [
        _row(tmp_path, "vocals", gain_db=-3.0),
        _row(tmp_path, "drums.kick", label="Drums: Kick", mute=True),
    ]
    result = {"stems": rows, "labels": []}
    soloed = replace(ORIGIN, mark="Verse", tracks=(replace(SONG, solo=True),))
    load = load_of(soloed, result)
    assert load.names == ["Vocals (Verse)", "Drums: Kick (Verse)"]
    assert [(track.gain_db, track.mute, track.solo) for track in load.audio] == [
        (-3.0, False, True), (0.0, True, False),
    ]  # fmt: skip
    assert load_of(replace(ORIGIN, mark="blend", apart=True), result).names[0] == "Vocals (blend) - Song"


def test_an_origin_may_carry_what_others_have_written_there() -> None:
    assert Origin.from_dict({**ORIGIN.to_dict(), "handed_from": "j1"}) == ORIGIN


def test_the_labels_of_a_selection_are_cut_to_it() -> None:
    selection = Selection("Opus", 44_100, 1.0, 9.0, (SONG,), frozenset(), ())
    labels = [
        Label(1, 0.5, 2.0, "begins before"),
        Label(1, 0.995, 2.0, "told as a little before"),
        Label(1, 3.0, 3.0, "a point"),
        Label(1, 4.0, 5.0, " "),
        Label(2, 8.0, 9.004, "end"),
        Label(2, 8.0, 9.5, "ends after"),
    ]
    assert [(part.start, part.end, text) for part, text in labelled(selection, labels)] == [
        (1.0, 2.0, "told as a little before"), (4.0, 5.0, "4 s"), (8.0, 9.0, "end"),
    ]  # fmt: skip
    with pytest.raises(HostError, match="no label with a length"):
        labelled(selection, labels[:1])
