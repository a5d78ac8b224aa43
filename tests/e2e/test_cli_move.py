"""A project folder that moves, with its source and its stems: everything about them works from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stembridge_reaper.chunks import parse
from tests.e2e.command import Command, decibels, music, read, write

RATE = 44_100
PROJECT = """<REAPER_PROJECT 0.1 "7.22/linux-x86_64" 1700000000
  SAMPLERATE 44100 0 0
  TEMPO 120 4 4
  <TRACK {11111111-0000-0000-0000-000000000001}
    NAME song
    TRACKID {11111111-0000-0000-0000-000000000001}
    <ITEM
      POSITION 1.5
      LENGTH 2
      LOOP 0
      NAME take
      GUID {22222222-0000-0000-0000-000000000002}
      <SOURCE WAVE
        FILE "Media/song.wav"
      >
    >
  >
>
"""


def _separated(command: Command, song: Path, out: Path, *more: object) -> str:
    told = command("separate", song, "--engine", "offline", "--model", "repet", "--out", out, "--json", *more)
    assert told.code == 0, told
    return str(told.lines[-1]["job"])


def _files(project: Path) -> list[Path]:
    """Give the files of the stems' tracks; relative ones count from the project."""
    _, *tracks = parse(project.read_text(encoding="utf-8")).inside("TRACK")
    found = [item.inside("SOURCE") for track in tracks for item in track.inside("ITEM")]
    return [project.parent / source.value("FILE") for sources in found for source in sources]


def test_stems_are_found_where_the_project_is_now(command: Command, tmp_path: Path) -> None:
    old = tmp_path / "work" / "song"
    (old / "Media").mkdir(parents=True)
    song = write(old / "Media" / "song.wav", music(2 * RATE))
    (old / "song.rpp").write_text(PROJECT, encoding="utf-8")
    first = _separated(command, song, old / "Stems" / "a")
    second = _separated(command, song, old / "Stems" / "b", "--opt", "centre=on")
    assert f"The stems are in {old / 'Stems' / 'a'}" in command("jobs", "show", first).out

    new = tmp_path / "archive" / "song"
    new.parent.mkdir()
    old.rename(new)
    shown = command("jobs", "show", first).out
    assert f"The stems are in {command.folder(first) / 'stems'}." in shown
    assert "They are no longer as they were in" in shown
    assert command("rpp", "add", first, new / "song.rpp").code == 0
    files = _files(new / "song + stems.rpp")
    assert len(files) == 2
    assert {file.parent for file in files} == {new / "Stems" / "a"}
    assert all(file.is_file() for file in files)

    assert command("jobs", "remove", first, second).code == 0
    adopted = []
    for name in ("a", "b"):
        told = command("jobs", "adopt", new / "Stems" / name, "--json")
        assert told.code == 0, told
        assert told.lines[-1]["type"] == "finished"
        adopted.append(told.lines[-1]["job"])
    assert command("compare", *adopted, "--out", tmp_path / "compared").code == 0
    blended = tmp_path / "blended"
    assert command("blend", *adopted, "--stem", "vocals", "--out", blended).code == 0
    stems = [read(path) for path in blended.glob("*.wav")]
    assert len(stems) == 2
    assert decibels(np.sum(stems, axis=0) - music(2 * RATE)) < -120
    assert command("rpp", "add", adopted[1], new / "song.rpp", "--overwrite").code == 0
    assert {file.parent for file in _files(new / "song + stems.rpp")} == {new / "Stems" / "b"}


def test_what_is_no_such_folder_is_refused(command: Command, tmp_path: Path) -> None:
    command("jobs", "adopt", tmp_path).refused(15, "no folder that stems were delivered to", "in which the")
    command("jobs", "adopt", "nowhere").refused(2, "there is no such folder", "on stdin")
