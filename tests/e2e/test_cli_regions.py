"""Lists of regions, as people and hosts write them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.command import Command, music, names, read, write

LISTS = {
    "csv": "start,end,name\n0.25,0.5,one\n0:00.5,1,two\n",
    "plain csv": "0.25,0.5,one\n0.5,1,two\n",
    "audacity": "0.250000\t0.500000\tone\n\\\t100.0\t200.0\n0.500000\t1.000000\ttwo\n",
    "reaper": (
        "#,Name,Start,End,Length\nM1,mark,0.1,,\n"
        "R1,one,0:00.250,0:00.500,0.25\nR2,two,0:00.500,0:01.000,0.5\n"
    ),
}


@pytest.mark.parametrize("kind", LISTS)
def test_every_region_of_a_list_is_separated(command: Command, kind: str) -> None:
    samples = music(2 * 44_100)
    song = write(command.cwd / "song.wav", samples)
    (command.cwd / "list").write_text(LISTS[kind], encoding="utf-8")
    told = command("separate", song, "--regions", "list", "--model", "repet")
    assert told.code == 0, told
    for name, first, frames in (("one", 11_025, 11_025), ("two", 22_050, 22_050)):
        folder = song.parent / "song stems" / name
        stems = [read(folder / f"song - {name} - {stem}.wav") for stem in ("vocals", "instrumental")]
        assert np.abs(np.sum(stems, axis=0) - samples[first : first + frames]).max() < 1e-6


def test_a_list_that_is_none_is_a_sentence(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(44_100))
    command("separate", song, "--regions", "nothing").refused(11, "isn't there")
    (command.cwd / "list").write_text("hello\n", encoding="utf-8")
    command("separate", song, "--regions", "list").refused(2, "is no region")
    (command.cwd / "list").write_text("0,1,x\n", encoding="utf-8")
    command("separate", song, "--regions", "list", "--start", "1").refused(2, "excludes")


def test_each_region_may_have_a_choice_of_its_own(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(2 * 44_100))
    save = ("presets", "save", "voice", "--model", "repet", "--opt", "centre=on", "--stems", "vocals")
    assert command(*save, "--format", "wav24").code == 0
    rows = (
        "Start,End,Name,Model,Preset,Stems,Colour\n"
        "0,0.5,as all,,,,red\n"
        "0.5,1,own stems,,,vocals;instrumental,\n"
        "1,1.5,own preset,,voice,,\n"
        "1.5,2,own model,repet,,instrumental,blue\n"
    )
    (command.cwd / "list.csv").write_text(rows, encoding="utf-8")
    order = ("separate", song, "--regions", "list.csv", "--model", "repet", "--stems", "vocals", "--rest")
    told = command(*order, "--json")
    assert told.code == 0, told
    ends = {
        line["result"]["region"]["first_frame"]: line for line in told.lines if line["type"] == "finished"
    }
    kept = [
        [stem["id"] for stem in ends[first * 22_050]["result"]["stems"]] for first in range(4)
    ]  # fmt: skip
    assert kept == [["vocals", "rest"], ["vocals", "instrumental", "rest"], ["vocals", "rest"],
                    ["instrumental", "rest"]]  # fmt: skip
    asked = [
        command("jobs", "show", ends[first * 22_050]["job"], "--json").document["request"]
        for first in range(4)
    ]
    assert [row["options"] for row in asked] == [{}, {}, {"centre": "on"}, {}]
    assert [row["format"] for row in asked] == ["wav32f", "wav32f", "wav24", "wav32f"]


def test_a_row_that_cannot_be_leaves_the_others_alone(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(44_100))
    (command.cwd / "list.csv").write_text(
        "start,end,name,preset,engine\n0,0.4,one,vocalz,\n0.4,0.8,two,,ofline\n0.8,1,three,,offline\n",
        encoding="utf-8",
    )
    told = command("separate", song, "--regions", "list.csv", "--model", "repet")
    assert told.code == 2
    assert "no preset called 'vocalz'" in told.err
    assert "3 separations: 1 done, 2 failed." in told.err
    assert names(command.cwd / "song stems") == ["three"]


def test_a_column_that_is_nearly_one_of_ours_is_named(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(44_100))
    (command.cwd / "list.csv").write_text("start,end,presets\n0,1,vocals\n", encoding="utf-8")
    command("separate", song, "--regions", "list.csv").refused(
        2, "column 'presets'", "Did you mean 'preset'?"
    )
    assert command.jobs() == []


def test_a_list_may_name_its_files_and_regions_of_one_name(command: Command) -> None:
    songs = {
        name: write(command.cwd / f"{name}.wav", music(44_100, seed=seed)) for seed, name in enumerate("ab")
    }
    (command.cwd / "list.csv").write_text(
        "file,start,end,name,stems\na.wav,,,,vocals\nb.wav,0,0.5,verse,\nb.wav,0.5,1,Verse,\n",
        encoding="utf-8",
    )
    told = command("separate", "--regions", "list.csv", "--model", "repet")
    assert told.code == 0, told
    assert "3 separations: 3 done." in told.err
    assert names(command.cwd / "a stems") == ["a - vocals.wav", "report.json", "report.png"]
    assert len(read(command.cwd / "a stems" / "a - vocals.wav")) == 44_100
    assert names(command.cwd / "b stems") == ["Verse 2", "verse"]
    whole = read(songs["b"])
    for folder, name, first in (("verse", "verse", 0), ("Verse 2", "Verse", 22_050)):
        inside = command.cwd / "b stems" / folder
        stems = [read(inside / f"b - {name} - {stem}.wav") for stem in ("vocals", "instrumental")]
        assert np.abs(np.sum(stems, axis=0) - whole[first : first + 22_050]).max() < 1e-6
    (command.cwd / "list.csv").write_text("start,end,name,file\n0,1,x,\n0,1,y,a.wav\n", encoding="utf-8")
    command("separate", "--regions", "list.csv").refused(2, "'x' in the list is of no file", "column 'file'")
