"""The stand-in's project files: two parsers read them alike, and nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import reaper_parser
import rpp as other_parser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fakes.reaper import rpp
from tests.fakes.reaper.project import Project
from tests.lua import material
from tests.witness import reading

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "media")
    made.path = tmp_path / "song.rpp"
    path = material.write(tmp_path / "audio" / "a b.wav", 1.0, 44100)
    folder = made.add_track("Outer", depth=1)
    folder["P_EXT:stembridge_job"] = "abc def"
    inner = made.add_track("Lanes 'n' \"things\"", depth=-1, freemode=2, numfixedlanes=3)
    inner["C_LANEPLAYS:0"] = 0
    inner["C_LANEPLAYS:2"] = 1
    inner["D_PLAY_OFFSET"], inner["I_PLAY_OFFSET_FLAG"] = 0.02, 0
    item = inner.add_item(path, position=12.345678901234567, length=0.7, fadeinlen=0.01, fixedlane=2)
    material.dress(item, D_VOL=0.7, D_PAN=-0.25, D_STARTOFFS=0.1, D_PLAYRATE=1.2, B_PPITCH=1, I_CHANMODE=2)
    material.active(item).stretch((0.0, 0.1), (0.4, 0.5))
    material.curve(material.active(item), "Volume", (0, 1), (0.5, 0.25, 2))
    material.effect(material.active(item), "gain", 0.3)
    second = item.add_take(path, name="second", pan=0.5, vol=0.5)
    second.envelope("Pan").add(0.0, 0.5)
    item["I_CURTAKE"] = 1
    backwards = inner.add_item(path, position=20)
    material.section(backwards, 0.2, 0.5, reverse=True)
    inner.add_item(None, position=30, length=2)
    made.tempo.add(4.0, 140.0, signature=(3, 4))
    made.add_marker(1.5, "verse", end=3.0)
    made.ext_state["Stembridge"] = {"jobs": '["a", "b"]'}
    made.notes = "two\nlines > with | signs"
    return made


def test_every_value_comes_back(project: Project, tmp_path: Path) -> None:
    assert project.path is not None
    read = reading.read(rpp.write(project, project.path))
    outer, inner = read.tracks
    assert (outer.name, outer.depth, inner.name, inner.depth) == ("Outer", 1, "Lanes 'n' \"things\"", -1)
    assert (inner.lanes, inner.playing_lanes, inner.delay, outer.delay) == (3, 4, 0.02, 0.0)
    assert read.tempo_points == ((4.0, 140.0),)
    item, backwards, empty = inner.items
    model = project.tracks[1].items[0]
    assert item.guid == model.guid
    assert item.position == pytest.approx(model.position, abs=1e-14)
    assert (item.length, item.volume, item.lane, item.selected_take) == (0.7, 0.7, 2, 1)
    assert item.fade_in == reading.Fade(0, 0.01)
    first, second = item.takes
    assert [take.guid for take in item.takes] == [take.guid for take in model.takes]
    assert (first.offset, first.rate, first.keeps_pitch, first.channel_mode) == (0.1, 1.2, True, 2)
    assert (first.pan, first.volume, second.pan, second.volume) == (-0.25, 1.0, 0.5, 0.5)
    assert first.stretch == ((0.0, 0.1), (0.4, 0.5))
    assert first.curves["VOLENV"].points == ((0.0, 1.0, 0), (0.5, 0.25, 2))
    assert second.curves["PANENV"].points == ((0.0, 0.5, 0),)
    assert first.effects == (reading.Effect("gain", (0.3, 0.5, 0.5, 0.5), bypassed=False),)
    assert first.media is not None
    assert first.media.path == tmp_path / "audio" / "a b.wav"
    media = backwards.takes[0].media
    assert media is not None
    assert (media.kind, media.start, media.length, media.backwards) == ("SECTION", 0.2, 0.5, True)
    assert empty.takes[0].media is None


def test_media_below_the_file_are_named_relative_to_it(project: Project) -> None:
    assert project.path is not None
    text = rpp.dump(project)
    assert 'FILE "audio/a b.wav"' in text
    assert str(project.path.parent) not in text
    assert str(project.path.parent) in rpp.dump(project, project.path.parent / "elsewhere")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(word=WORDS)
@example(word="")
@example(word="a 'b' \"c\"")
@example(word="<a>")
@example(word="|x")
@example(word="-")
def test_any_name_comes_back_from_both_parsers(word: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add_track(word)
    text = rpp.dump(project)
    first = reaper_parser.parse(text).project.tracks[0].name
    second = next(child[1] for child in other_parser.loads(text).find("TRACK").children if child[0] == "NAME")
    assert first == second == word


def test_a_name_with_all_quotes_loses_the_last_kind() -> None:
    assert rpp.quote("a'b\"c`d") == "`a'b\"c'd`"
    with pytest.raises(ValueError, match="line break"):
        rpp.quote("a\nb")


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 1e-9, 12.345678901234567, 36000.123456789, 44099 / 44100])
def test_numbers_keep_fourteen_decimals(value: float) -> None:
    assert float(rpp.number(value)) == pytest.approx(value, abs=1e-14)


def test_the_witness_believes_no_single_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.rpp"
    rpp.write(Project(tmp_path), path)
    reading.read(path)
    changed = other_parser.loads(path.read_text(encoding="utf-8").replace("RIPPLE 0 0", "RIPPLE 0 1"))
    monkeypatch.setattr(other_parser, "loads", lambda _text: changed)
    with pytest.raises(reading.UnreadableProjectError, match="RIPPLE"):
        reading.read(path)
