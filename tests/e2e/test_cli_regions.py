"""Lists of regions, as people and hosts write them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.command import Command, music, read, write

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
