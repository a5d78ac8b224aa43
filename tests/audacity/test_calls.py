"""The typed commands on the real program: each does what it says, and none raises a dialog."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from stembridge.model.errors import HostError, StembridgeError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.traps import Trap
from tests.audacity.desk import RunningAudacity

RATE = 44_100
FLOAT_PREFERENCE = "/FileFormats/ExportFormat_SF1_Type/WAV_10000"


def noise(path: Path, seconds: float = 5.0, channels: int = 2, rate: int = RATE, seed: int = 1) -> Path:
    samples = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * rate), channels))
    soundfile.write(path, samples.astype(np.float32), rate, subtype="FLOAT")
    return path


@pytest.fixture
def client(audacity: RunningAudacity) -> Audacity:
    return audacity.client


@pytest.fixture
def loaded(client: Audacity, tmp_path: Path) -> Audacity:
    """A stereo and a mono track, the first selected from 1 to 2 s."""
    client.import_file(noise(tmp_path / "one.wav"))
    client.import_file(noise(tmp_path / "two.wav", channels=1, seed=2))
    client.select_only([0])
    client.select_time(1.0, 2.0)
    return client


def refused(trap: Trap, error: StembridgeError) -> bool:
    return isinstance(error, HostError) and trap.caused(error)


def test_empty_project(client: Audacity) -> None:
    assert client.tracks() == []
    assert client.clips() == []
    assert client.labels() == []
    assert client.version >= (3, 2, 0)


def test_abilities_are_asked_for(client: Audacity) -> None:
    assert client.can("GetInfo", "Type", "Clips")
    assert client.can("Export2", "NumChannels")
    assert not client.can("GetInfo", "Type", "Bogus")
    assert not client.can("GetInfo", "Bogus")
    assert not client.can("Bogus")
    assert client.can("SetTrack", "Gain") != client.can("SetTrack", "Volume")
    sent = client.pipe.sent
    assert client.can("GetInfo", "Type", "Tracks")
    assert client.pipe.sent == sent


def test_tracks(loaded: Audacity) -> None:
    one, two = loaded.tracks()
    assert (one.name, one.kind, one.selected, one.channels) == ("one", "wave", True, 2)
    assert (two.name, two.kind, two.selected, two.channels) == ("two", "wave", False, 1)
    assert (one.start, one.end, one.pan, one.gain, one.mute, one.solo) == (0, 5, 0, 1, False, False)
    assert [(clip.track, clip.start, clip.end) for clip in loaded.clips()] == [(0, 0, 5), (1, 0, 5)]


NAMES = ["plain", "two words", 'a "quote"', "back\\slash", "ends\\", "Ünïcødé ♫", "t\tab", "a=b;c:d", "'"]


def test_names_go_there_and_back(loaded: Audacity) -> None:
    for name in NAMES:
        loaded.set_track(name=name)
        assert [track.name for track in loaded.tracks()] == [name, "two"]


def test_set_track_means_all_selected_ones(loaded: Audacity) -> None:
    loaded.select_only([1])
    before = loaded.undo_label()
    loaded.set_track(mute=True, solo=False, gain_db=-6.0, pan=-0.4, colour=2)
    one, two = loaded.tracks()
    assert (one.mute, one.gain, one.pan) == (False, 1, 0)
    assert two.mute is True
    assert two.gain == pytest.approx(10 ** (-6 / 20), abs=1e-5)
    assert two.pan == pytest.approx(-0.4)
    assert [clip.colour for clip in loaded.clips()] == [0, 2]
    assert loaded.undo_label() == before


def test_set_track_to_its_limits(loaded: Audacity) -> None:
    for gain, pan in ((-36, -1), (36, 1)):
        loaded.set_track(gain_db=gain, pan=pan)
        assert loaded.tracks()[0].pan == pan


def test_selection(loaded: Audacity) -> None:
    loaded.select_only([0, 1])
    assert [track.selected for track in loaded.tracks()] == [True, True]
    loaded.select_only([1])
    assert [track.selected for track in loaded.tracks()] == [False, True]
    loaded.select_tracks(0, mode="Add")
    loaded.select_tracks(1, mode="Remove")
    assert [track.selected for track in loaded.tracks()] == [True, False]
    loaded.select_only([])
    assert [track.selected for track in loaded.tracks()] == [False, False]


def test_selection_at_an_edge_and_back(loaded: Audacity, tmp_path: Path) -> None:
    """A hair's breadth is never empty, so Nyquist can be asked whatever the user has selected."""
    loaded.save_selection()
    seen = []
    edges: tuple[Literal["SelectionStart", "SelectionEnd"], ...] = ("SelectionStart", "SelectionEnd")
    for edge in edges:
        loaded.restore_selection()
        with pytest.raises(HostError) as caught:
            loaded.nyquist("(+ 1 1)", tmp_path)
        assert refused(Trap.NO_RANGE, caught.value)
        loaded.select_at_edge(edge, 0.01)
        loaded.nyquist(lisp(tmp_path / edge, "(get '*selection* 'start)"), tmp_path)
        seen.append(float((tmp_path / edge).read_text()))
    assert seen == [1, 1.99]


def test_export_is_the_selected_samples(loaded: Audacity, tmp_path: Path) -> None:
    before = loaded.preference(FLOAT_PREFERENCE)
    loaded.set_preference(FLOAT_PREFERENCE, 6)
    first, last = 50_001, 99_999
    loaded.select_time(first / RATE, last / RATE)
    out = tmp_path / "the region ü.wav"
    loaded.export(out, channels=2)
    loaded.set_preference(FLOAT_PREFERENCE, before if before is not None else 2)
    source, _ = soundfile.read(tmp_path / "one.wav", dtype="float32")
    region, rate = soundfile.read(out, dtype="float32")
    assert rate == RATE
    np.testing.assert_array_equal(region, source[first:last])


def test_project_rate(loaded: Audacity, tmp_path: Path) -> None:
    loaded.set_project_rate(48_000)
    loaded.export(tmp_path / "out.wav", channels=1)
    assert soundfile.info(tmp_path / "out.wav").samplerate == 48_000


def test_align_and_set_clip(loaded: Audacity) -> None:
    loaded.select_time(1.25, 2.0)
    loaded.align_starts()
    assert [clip.start for clip in loaded.clips()] == [1.25, 0]
    loaded.set_clip(at=2.0, start=0.5)
    assert [clip.start for clip in loaded.clips()] == [0.5, 0]
    loaded.select_only([])
    with pytest.raises(HostError) as caught:
        loaded.align_starts()
    assert refused(Trap.NO_TRACK, caught.value)


def test_split_delete_and_undo(loaded: Audacity) -> None:
    loaded.split_delete()
    label = loaded.undo_label()
    assert [(clip.start, clip.end) for clip in loaded.clips()] == [(0, 1), (2, 5), (0, 5)]
    loaded.undo(label)
    assert [(clip.start, clip.end) for clip in loaded.clips()] == [(0, 5), (0, 5)]
    with pytest.raises(HostError) as caught:
        loaded.undo(label)
    assert refused(Trap.NOTHING_TO_UNDO, caught.value)
    loaded.select_time(4, 4)
    with pytest.raises(HostError) as caught:
        loaded.split_delete()
    assert refused(Trap.NO_RANGE, caught.value)


def test_labels(loaded: Audacity) -> None:
    loaded.add_label("second", 1.5, 2.5)
    loaded.add_label('the "first" ♫', 0.25, 0.5)
    found = [(label.start, label.end, label.text) for label in loaded.labels()]
    assert found == [(0.25, 0.5, 'the "first" ♫'), (1.5, 2.5, "second")]


def test_label_track(loaded: Audacity) -> None:
    loaded.new_label_track()
    loaded.set_track(name="Words")
    *_, last = loaded.tracks()
    assert (last.name, last.kind, last.selected) == ("Words", "label", True)
    assert [track.selected for track in loaded.tracks()] == [False, False, True]


def test_label_never_asks_for_its_name(loaded: Audacity) -> None:
    name = "/GUI/DialogForNameNewLabel"
    loaded.set_preference(name, 1)
    loaded.add_label("quiet", 1, 2)
    assert loaded.preference(name) == "1"
    loaded.set_preference(name, 0)
    assert [label.text for label in loaded.labels()] == ["quiet"]


def test_preferences(client: Audacity) -> None:
    name = "/Stembridge/Test"
    assert client.preference("/Stembridge/None") is None
    for value in ("a b", 'q"uo\\te', "", "7"):
        client.set_preference(name, value)
        assert client.preference(name) == value


def lisp(path: Path, what: str) -> str:
    return f'(let ((fp (open "{path}" :direction :output))) (format fp "~a" {what}) (close fp))'


def test_nyquist_answers_by_a_file(loaded: Audacity, tmp_path: Path) -> None:
    before = loaded.undo_label()
    for body in (
        lisp(tmp_path / "out.txt", "(get '*project* 'rate)"),
        lisp(tmp_path / "out.txt", "(get '*project* 'rate)") + "; a comment" + " and more" * 150,
    ):
        loaded.nyquist(body, tmp_path)
        assert float((tmp_path / "out.txt").read_text()) == RATE
        (tmp_path / "out.txt").unlink()
    assert loaded.undo_label() == before
    assert not (tmp_path / "nyquist.lsp").exists()


def test_nyquist_runs_once_for_each_track(loaded: Audacity, tmp_path: Path) -> None:
    loaded.select_only([0, 1])
    name = f"(format nil \"{tmp_path}/~a.txt\" (get '*track* 'name))"
    loaded.nyquist(
        f"(let ((fp (open {name} :direction :output))) (format fp \"~a\" (get '*track* 'index)) (close fp))",
        tmp_path,
    )
    assert [(tmp_path / f"{name}.txt").read_text() for name in ("one", "two")] == ["1", "2"]


def test_nyquist_errors_stay_quiet(loaded: Audacity, tmp_path: Path) -> None:
    for body in ("(car 5)", '(error "no")', "(no-such-function)", "(", "(setf x"):
        with pytest.raises(HostError) as caught:
            loaded.nyquist(body, tmp_path, timeout=10)
        assert refused(Trap.FAILED, caught.value)
    assert loaded.tracks()[0].name == "one"


def test_nyquist_with_nothing_selected_is_never_sent(loaded: Audacity, tmp_path: Path) -> None:
    loaded.select_time(1, 1)
    with pytest.raises(HostError) as caught:
        loaded.nyquist("(+ 1 1)", tmp_path)
    assert refused(Trap.NO_RANGE, caught.value)
    loaded.select_only([])
    with pytest.raises(HostError) as caught:
        loaded.nyquist("(+ 1 1)", tmp_path)
    assert refused(Trap.NO_TRACK, caught.value)
