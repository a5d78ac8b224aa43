"""The typed commands: what each writes, and what none ever writes, because a dialog would come of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from stembridge.model.errors import HostError, StembridgeError, UsageError
from stembridge_audacity import facts, nyquist
from stembridge_audacity.calls import Audacity
from stembridge_audacity.pipe import LONGEST, Pipe
from stembridge_audacity.traps import Trap
from tests.fakes.audacity_pipe import FAILED, NO_PROJECT, OK, FakeAudacity, Part, json_reply

TRACK = {
    "name": "a",
    "focused": 1,
    "selected": 1,
    "kind": "wave",
    "start": 0,
    "end": 9,
    "pan": 0,
    "channels": 2,
}
INFO_TYPES = ["Commands", "Menus", "Preferences", "Tracks", "Clips", "Labels"]


class Program:
    """Answers as one version of Audacity, with a project that a test sets."""

    def __init__(self) -> None:
        self.tracks: list[dict[str, Any]] = [{**TRACK, "gain": 1, "mute": 0, "solo": 0}]
        self.info_types = list(INFO_TYPES)
        self.volume = "Gain"
        self.span = (1.0, 2.0)
        self.menu = [{"depth": 1, "flags": 0, "label": "Undo Import", "accel": "Ctrl+Z", "id": "Undo"}]
        self.written: list[str] = []

    def __call__(self, line: str) -> Sequence[Part]:
        name, _, words = line.partition(":")
        if name == "Help":
            return self._help(words)
        if name != "GetInfo":
            self.written.append(line)
            return [OK]
        kind = words.split('"')[1]
        assert kind in self.info_types, "this would have raised a dialog"
        return [
            json_reply(
                {
                    "Tracks": self.tracks,
                    "Menus": self.menu,
                    "Selection": {"Start": self.span[0], "End": self.span[1]},
                }.get(kind, [])
            )
        ]

    def _help(self, words: str) -> Sequence[Part]:
        command = words.split('"')[1]
        params: dict[str, list[dict[str, Any]]] = {
            "GetInfo": [{"key": "Type", "type": "enum", "enum": self.info_types}],
            "SetTrack": [{"key": self.volume, "type": "double"}, {"key": "Pan", "type": "double"}],
        }
        if command not in params:
            return [b"Command not found" + OK]
        return [json_reply({"id": command, "name": command, "params": params[command]})]


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def audacity(tmp_path: Path, program: Program) -> Iterator[Audacity]:
    (tmp_path / "pipe").mkdir()
    with FakeAudacity(tmp_path / "pipe", program) as fake:
        pipe = Pipe(fake.opener, 0.02)
        pipe.connect(10)
        with Audacity(pipe) as it:
            yield it


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda a: a.select_time(0.1, 612.3456789), "SelectTime: Start=0.1 End=612.3456789"),
        (lambda a: a.select_time(0, 0), "SelectTime: Start=0.0 End=0.0"),
        (lambda a: a.select_tracks(2, 3, "Add"), 'SelectTracks: Track=2 TrackCount=3 Mode="Add"'),
        (lambda a: a.select_only([]), "SelectNone:"),
        (lambda a: a.set_track(name='x "y"', mute=True), 'SetTrack: Name="x \\"y\\"" Mute=1'),
        (lambda a: a.set_track(gain_db=-6, pan=0.5, colour=3), 'SetTrack: Gain=-6.0 Pan=50.0 Color="Color3"'),
        (
            lambda a: a.select_at_edge("SelectionEnd", 0.01),
            'SelectTime: Start=0.0 End=0.01 RelativeTo="SelectionEnd"',
        ),
        (lambda a: a.save_selection(), "SelSave:"),
        (lambda a: a.restore_selection(), "SelRestore:"),
        (lambda a: a.new_label_track(), "NewLabelTrack:"),
        (lambda a: a.set_clip(1.5, 0), "SetClip: At=1.5 Start=0.0"),
        (lambda a: a.set_project_rate(96_000), "SetProject: Rate=96000.0"),
        (lambda a: a.align_starts(), "Align_StartToSelStart:"),
        (lambda a: a.undo("Undo Import"), "Undo:"),
        (lambda a: a.set_preference("/a/B", value=6), 'SetPreference: Name="/a/B" Value=6'),
    ],
)
def test_what_is_written(
    audacity: Audacity, program: Program, call: Callable[[Audacity], None], line: str
) -> None:
    call(audacity)
    assert program.written == [line]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "call",
    [
        lambda a, _f: a.select_time(-0.1, 1),
        lambda a, _f: a.select_time(2, 1),
        lambda a, _f: a.select_time(0, INF),
        lambda a, _f: a.select_time(NAN, 1),
        lambda a, _f: a.select_tracks(-1),
        lambda a, _f: a.select_tracks(0, 0),
        lambda a, _f: a.set_track(gain_db=36.1),
        lambda a, _f: a.set_track(gain_db=NAN),
        lambda a, _f: a.set_track(pan=1.01),
        lambda a, _f: a.set_track(colour=4),
        lambda a, _f: a.set_track(name="two\nlines"),
        lambda a, _f: a.set_clip(-1, 0),
        lambda a, _f: a.set_clip(0, -1),
        lambda a, _f: a.set_project_rate(0),
        lambda a, _f: a.set_project_rate(2_000_000),
        lambda a, _f: a.export(Path("relative.wav"), channels=1),
        lambda a, f: a.export(f / "a.txt", channels=1),
        lambda a, f: a.export(f / "a", channels=1),
        lambda a, f: a.export(f / "a.wav", channels=0),
        lambda a, f: a.export(f / "none" / "a.wav", channels=1),
        lambda a, f: a.export(f / "folder.wav", channels=1),
        lambda a, f: a.import_file(f / "missing.wav"),
        lambda a, f: a.import_file(f / "folder.wav"),
        lambda a, f: a.import_file(f / "project.aup3"),
        lambda a, _f: a.import_file(Path("relative.wav")),
        lambda a, _f: a.undo("Undo Paste"),
        lambda a, f: a.nyquist("(+ 1 1)", f),
        lambda a, _f: a.split_delete(),
        lambda a, _f: a.select_at_edge("SelectionEnd", 0),
        lambda a, _f: a.select_at_edge("SelectionEnd", NAN),
    ],
)
def test_what_is_never_written(
    audacity: Audacity, program: Program, call: Callable[[Audacity, Path], None], tmp_path: Path
) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "project.aup3").write_bytes(b"")
    with pytest.raises(StembridgeError):
        call(audacity, tmp_path)
    assert program.written == []


def test_nothing_to_undo(audacity: Audacity, program: Program) -> None:
    program.menu[0]["label"] = "Undo"
    with pytest.raises(HostError) as caught:
        audacity.undo(audacity.undo_label())
    assert Trap.NOTHING_TO_UNDO.caused(caught.value)
    assert program.written == []


def test_no_track_selected(audacity: Audacity, program: Program) -> None:
    program.tracks[0]["selected"] = 0
    program.tracks.append({"name": "labels", "kind": "label", "selected": 1, "focused": 0})
    with pytest.raises(HostError) as caught:
        audacity.align_starts()
    assert Trap.NO_TRACK.caused(caught.value)
    assert program.written == []


@pytest.mark.parametrize("forget", ["restore_selection", "select_time"])
def test_what_needs_a_stretch_of_time(
    audacity: Audacity, program: Program, tmp_path: Path, forget: str
) -> None:
    for call in (audacity.split_delete, lambda: audacity.nyquist("(+ 1 1)", tmp_path)):
        audacity.select_time(1, 2)
        call()
        audacity.select_at_edge("SelectionStart", 1)
        call()
        audacity.select_time(3, 3) if forget == "select_time" else audacity.restore_selection()
        program.written.clear()
        with pytest.raises(HostError) as caught:
            call()
        assert Trap.NO_RANGE.caused(caught.value)
        assert program.written == []


def test_names_that_changed_between_versions(audacity: Audacity, program: Program) -> None:
    program.volume = "Volume"
    audacity.set_track(gain_db=3)
    assert program.written == ["SetTrack: Volume=3.0"]
    program.tracks[0] = {**TRACK, "volume": 0.5}
    assert audacity.tracks()[0].gain == 0.5


def test_no_project_and_failure(tmp_path: Path) -> None:
    with FakeAudacity(tmp_path, lambda line: [NO_PROJECT] if "Undo" in line else [b"why" + FAILED]) as fake:
        pipe = Pipe(fake.opener, 0.02)
        pipe.connect(10)
        with Audacity(pipe) as audacity:
            with pytest.raises(HostError) as caught:
                audacity.do("Undo:")
            assert Trap.NO_PROJECT.caused(caught.value)
            with pytest.raises(HostError) as caught:
                audacity.do("SetLabel: Label=7")
            assert Trap.FAILED.caused(caught.value)
            assert caught.value.context["reply"] == "why"
            assert audacity.preference("/None") is None


@pytest.mark.parametrize("document", [{}, "text", None, [1], [[1, 2]], [["x", [[0, 1, "a"]]]], 3])
def test_documents_of_another_shape(document: object) -> None:
    readers: list[Callable[[object], object]] = [facts.labels]
    if document != [[1, 2]]:
        readers += [facts.tracks, facts.clips, facts.menu]
    for reader in readers:
        with pytest.raises(HostError) as caught:
            reader(document)
        assert Trap.GARBLED.caused(caught.value)


def test_documents() -> None:
    assert facts.labels(json.loads('[ [ 1, [ [ 0.5, 1, "a" ], [ 2, 3, "" ] ] ], [ 4, [] ] ]')) == [
        facts.Label(1, 0.5, 1.0, "a"),
        facts.Label(1, 2.0, 3.0, ""),
    ]
    label_track = facts.tracks([{"name": "L", "focused": 1, "selected": 0, "kind": "label"}])[0]
    assert (label_track.kind, label_track.channels, label_track.mute, label_track.gain) == (
        "label",
        None,
        None,
        None,
    )
    assert facts.clips([{"track": 1, "start": 0, "end": 5, "color": 2, "name": "c"}]) == [
        facts.Clip(1, 0.0, 5.0, 2, "c")
    ]


def test_lisp_that_is_too_long_or_too_wide_for_a_line(tmp_path: Path) -> None:
    assert (
        nyquist.one_line("(+ 1 1)")
        == 'NyquistPrompt: Command="(progn (errset (progn (+ 1 1)) nil) \\"\\")" Version=4'
    )
    for body in ("(+ 1\n1)", "(+ 1 1) ; a comment", "(+ 1 1)" * 200):
        assert nyquist.one_line(body) is None
    line = nyquist.loading(tmp_path / 'the "file".lsp')
    assert '\\\\\\"file\\\\\\".lsp' in line
    assert len(line) < LONGEST


def test_usage_errors_are_ours(audacity: Audacity) -> None:
    with pytest.raises(UsageError) as caught:
        audacity.select_time(5, 4)
    assert caught.value.message.endswith(".")
