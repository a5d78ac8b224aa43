"""Stems in a copy of a project file: held against the original by the witness, which shares no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.model.errors import InputError, StoreError, UsageError
from stembridge_reaper.chunks import Block, insert_tracks, parse, quote, words
from stembridge_reaper.offline import add
from tests.e2e.command import Command, music, write
from tests.witness.hearing import Place as Ear
from tests.witness.hearing import hear
from tests.witness.nulling import compare
from tests.witness.reading import read

RATE = 44_100
FIRST, FRAMES = 22_051, 90_001


def _item(
    guid: str, file: str, *, position: float, length: float, more: str = "", source: str = "WAVE"
) -> str:
    return (
        f"    <ITEM\n      POSITION {position!r}\n      SNAPOFFS 0\n      LENGTH {length!r}\n      LOOP 0\n"
        f"      ALLTAKES 0\n{more}      NAME take\n      GUID {{{guid}}}\n"
        f"      <SOURCE WAVE\n        FILE {quote(file)}\n      >\n    >\n"
    )


def _project(*items: str) -> str:
    return (
        '<REAPER_PROJECT 0.1 "7.22/linux-x86_64" 1700000000\n  SAMPLERATE 44100 0 0\n  TEMPO 120 4 4\n'
        "  <NOTES 0 2\n    |a note > with < signs\n  >\n"
        "  <TRACK {11111111-0000-0000-0000-000000000001}\n    NAME 'a \"strange\" name'\n"
        "    PEAKCOL 16576\n    VOLPAN 1 0 -1 -1 1\n    ISBUS 0 0\n    NCHAN 2\n"
        "    TRACKID {11111111-0000-0000-0000-000000000001}\n" + "".join(items) + "  >\n>\n"
    )


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write(tmp_path / "Mein Lied.wav", music(4 * RATE))


def _result(tmp_path: Path, song: Path) -> dict[str, Any]:
    """Two stems that sum to the region, as a job's result tells of them."""
    samples, _ = sf.read(song, dtype="float32", always_2d=True, start=FIRST, frames=FRAMES)
    rows = []
    for name, part in (("vocals", 0.25), ("instrumental", 0.75)):
        path = tmp_path / "stems" / f"Mein Lied - {name}.wav"
        path.parent.mkdir(exist_ok=True)
        sf.write(path, samples * np.float32(part), RATE, subtype="FLOAT")
        rows.append(
            {"id": name, "label": name.title(), "kind": "stem", "colour": "#e4572e", "file": str(path)}
            | {"delivered": str(path), "frames": FRAMES, "rate": RATE, "channels": 2}
        )
    region = {"source": str(song), "first_frame": FIRST, "frames": FRAMES, "rate": RATE, "channels": 2}
    return {"kind": "separate", "job": "j1", "region": region, "stems": rows}


def _added(tmp_path: Path, song: Path, text: str, **more: Any) -> tuple[Path, Path]:
    project = tmp_path / "song.rpp"
    project.write_text(text, encoding="utf-8", newline="")
    out = tmp_path / "out.rpp"
    add(_result(tmp_path, song), project, out, **{"at": None, "overwrite": False, **more})
    return project, out


START, END = FIRST / RATE, (FIRST + FRAMES) / RATE
LAYOUTS: dict[str, dict[str, Any]] = {
    "the region itself": {"position": 1.0, "length": END - START, "soffs": START},
    "at an odd place": {"position": 7.123456789012345, "length": 1.0, "soffs": START + 0.1},
    "half a sample off the grid": {"position": 3 + 0.5 / RATE, "length": 1.2, "soffs": 0.7},
    "faster": {"position": 2.25, "length": 0.9, "soffs": 0.75, "rate": 1.5},
    "slower": {"position": 2.25, "length": 1.3, "soffs": 0.6, "rate": 0.8125},
    "with fades and gain": {
        "position": 0.5, "length": 1.5, "soffs": 0.6, "fades": (0.2, 0.3), "volume": (0.5, -0.25),
    },
    "left channel": {"position": 0.5, "length": 1.5, "soffs": 0.6, "mode": 3},
    "longer than the region": {"position": 4.0, "length": 4.0, "soffs": 0.0},
    "begins before it": {"position": 4.0, "length": 1.5, "soffs": 0.1},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_the_stems_sum_to_what_the_item_plays(tmp_path: Path, song: Path, layout: dict[str, Any]) -> None:
    rate, soffs = layout.get("rate", 1.0), layout["soffs"]
    fade_in, fade_out = layout.get("fades", (0, 0))
    volume, pan = layout.get("volume", (1, 0))
    more = (
        f"      FADEIN 0 {fade_in} 0 0 0 0 0\n      FADEOUT 0 {fade_out} 0 0 0 0 0\n      MUTE 0 0\n"
        f"      VOLPAN {volume} {pan} 1 -1\n      SOFFS {soffs!r}\n      PLAYRATE {rate} 0 0 -1 0 0.0025\n"
        f"      CHANMODE {layout.get('mode', 0)}\n"
    )
    item = _item("A1", song.name, position=layout["position"], length=layout["length"], more=more)
    project, out = _added(tmp_path, song, _project(item))
    before, after = read(project), read(out)
    stems = [guid for guid in after.takes() if guid not in before.takes()]
    assert len(stems) == 2
    # Where the item plays more than was separated, the stems have that part alone.
    begins = layout["position"] + max(0.0, START - soffs) / rate
    ends = min(layout["position"] + layout["length"], layout["position"] + (END - soffs) / rate)
    ear = Ear(int(np.ceil(begins * RATE)) + 40, int((ends - begins) * RATE) - 80, RATE)
    original = hear(before, before.takes(), ear)
    null = compare(original, hear(after, stems, ear, mutes=False))
    assert null.level > -60
    assert null.offset == 0
    assert null.peak <= -120, null


def test_all_else_of_the_project_stays_to_the_byte(tmp_path: Path, song: Path) -> None:
    text = _project(_item("A1", str(song), position=1.0, length=2.0)).replace("\n", "\r\n")
    project, out = _added(tmp_path, song, text)
    old, new = project.read_bytes(), out.read_bytes()
    assert old == text.encode()
    assert new.startswith(old[:-3])
    assert new.endswith(b"\r\n>\r\n")
    assert b"\n" not in new.replace(b"\r\n", b"")
    tracks = list(parse(new.decode()).inside("TRACK"))
    assert [track.value("ISBUS") + " " + track.value("ISBUS", 1) for track in tracks] == [
        "0 0",
        "1 1",
        "0 0",
        "2 -1",
    ]
    assert tracks[2].value("NAME") == "Mein Lied - Vocals"
    assert tracks[2].value("PEAKCOL") == str(0xE4 | 0x57 << 8 | 0x2E << 16 | 0x1000000)


def test_each_item_and_the_active_take_get_their_counterpart(tmp_path: Path, song: Path) -> None:
    other = write(tmp_path / "other.wav", music(RATE))
    two_takes = _item("A3", other.name, position=5.0, length=1.0).replace(
        "      >\n    >\n",
        "      >\n      TAKE SEL\n      NAME b\n      SOFFS 0.9\n      PLAYRATE 1 1 0 -1 0 0.0025\n"
        f"      GUID {{A4}}\n      <SOURCE WAVE\n        FILE {quote(song.name)}\n      >\n    >\n",
    )
    items = [
        _item("A1", song.name, position=1.0, length=1.0, more="      SOFFS 1\n"),
        _item("A2", str(song), position=9.0, length=1.0, more="      SOFFS 0.7\n"),
        two_takes,
        _item("A5", other.name, position=1.0, length=1.0),
        _item("A6", song.name, position=1.0, length=0.2),  # ends before the region
    ]
    _, out = _added(tmp_path, song, _project(*items))
    vocals = [t for t in parse(out.read_text()).inside("TRACK") if "Vocals" in t.value("NAME")]
    placed = [(item.number("POSITION"), round(item.number("SOFFS"), 9)) for item in vocals[0].inside("ITEM")]
    assert placed == [
        (1.0, round(1 - START, 9)),
        (9.0, round(0.7 - START, 9)),
        (5.0, round(0.9 - START, 9)),
    ]


def test_a_place_can_be_named(tmp_path: Path, song: Path) -> None:
    with pytest.raises(UsageError, match="plays what was separated") as caught:
        _added(tmp_path, song, _project())
    assert "--at" in caught.value.hint
    _, out = _added(tmp_path, song, _project(), at=12.5)
    track = list(parse(out.read_text()).inside("TRACK"))[2]
    (item,) = track.inside("ITEM")
    assert (item.number("POSITION"), item.number("SOFFS")) == (12.5, 0.0)
    assert item.number("LENGTH") == pytest.approx(FRAMES / RATE, abs=1e-12)


def test_what_cannot_be_done_is_said(tmp_path: Path, song: Path) -> None:
    result = _result(tmp_path, song)
    project = tmp_path / "p.rpp"
    with pytest.raises(InputError, match="no project"):
        add(result, project, tmp_path / "o.rpp", at=0, overwrite=False)
    for damaged in ("", "hello", "<REAPER_PROJECT\n  <TRACK\n>\n", "<TRACK\n>\n"):
        project.write_text(damaged)
        with pytest.raises(InputError, match="no REAPER project"):
            add(result, project, tmp_path / "o.rpp", at=0, overwrite=False)
    project.write_text(_project())
    with pytest.raises(UsageError, match="never changed"):
        add(result, project, project, at=0, overwrite=True)
    (tmp_path / "o.rpp").write_text("mine")
    with pytest.raises(StoreError, match="there already"):
        add(result, project, tmp_path / "o.rpp", at=0, overwrite=False)
    for at in (-1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="--at"):
            add(result, project, tmp_path / "o.rpp", at=at, overwrite=True)
    assert (tmp_path / "o.rpp").read_text() == "mine"
    for row in result["stems"]:
        Path(row["file"]).unlink()
    with pytest.raises(StoreError, match="gone"):
        add(result, project, tmp_path / "o.rpp", at=0, overwrite=True)


def test_stems_that_were_not_delivered_come_into_the_projects_folder(tmp_path: Path, song: Path) -> None:
    result = _result(tmp_path, song)
    for row in result["stems"]:
        row["delivered"] = None
    project = tmp_path / "session" / "p.rpp"
    project.parent.mkdir()
    project.write_text(_project())
    add(result, project, project.with_name("o.rpp"), at=0, overwrite=False)
    copies = sorted((project.parent / "Stems" / "Mein Lied j1").iterdir())
    assert [path.name for path in copies] == ["Mein Lied - instrumental.wav", "Mein Lied - vocals.wav"]
    assert str(copies[0]) in project.with_name("o.rpp").read_text()


@pytest.mark.parametrize(
    "value", ["", "plain", "two words", 'a "quoted" one', "it's", 'it\'s "both"', "a\tb", "line\nbreak", "ü€"]
)
def test_values_survive_quoting(value: str) -> None:
    assert words(f"NAME {quote(value)} 3") == ["NAME", " ".join(value.splitlines()), "3"]


def test_a_block_gives_defaults_where_a_line_is_missing() -> None:
    block = Block("ITEM", lines=[["LENGTH", "x"]])
    assert block.number("LENGTH", 0, 2.0) == 2.0
    assert block.value("NAME", 0, "none") == "none"
    assert insert_tracks("<REAPER_PROJECT\n>", "  <TRACK\n  >\n") == "<REAPER_PROJECT\n  <TRACK\n  >\n>"


def test_from_the_command_line_with_a_real_job(command: Command, tmp_path: Path, song: Path) -> None:
    first = command(
        "separate", song, "--model", "repet", "--first-frame", FIRST, "--frames", FRAMES, "--json"
    )
    assert first.code == 0, first
    project = tmp_path / "night.rpp"
    project.write_text(_project(_item("A1", song.name, position=2.0, length=1.0, more="      SOFFS 1\n")))
    told = command("rpp", "add", "last", project, "--json")
    assert told.code == 0, told
    document = json.loads(told.out)
    assert document["project"] == str(tmp_path / "night + stems.rpp")
    assert document["places"] == [2.0]
    command("rpp", "add", "last", project).refused(15, "there already", "--overwrite")
    command("rpp", "add", "nosuch", project).refused(2, "nosuch")
    assert "2 tracks, each at 1 place" in command("rpp", "add", "last", project, "--overwrite").err
    before, after = read(project), read(tmp_path / "night + stems.rpp")
    ear = Ear(2 * RATE, RATE, RATE)
    stems = [guid for guid in after.takes() if guid not in before.takes()]
    assert compare(hear(before, before.takes(), ear), hear(after, stems, ear)).peak <= -120
