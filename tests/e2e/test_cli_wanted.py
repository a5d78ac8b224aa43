"""Only what is wanted: chosen stems and the rest, also where one of them is the sum of others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.command import decibels, music, names, read, write
from tests.e2e.desk import Desk

FRAMES = 2 * 44_100


def test_chosen_stems_and_the_rest_are_the_region_whatever_is_chosen(desk: Desk) -> None:
    desk.login()
    samples = music(FRAMES)
    song = write(desk.command.cwd / "song.wav", samples)
    chosen = {  # what is chosen, and which files with the rest are the region
        "vocals": ("vocals", "rest"),
        "instrumental": ("instrumental", "rest"),
        "vocals,instrumental": ("vocals", "instrumental", "rest"),
        "drums,instrumental": ("instrumental", "rest"),
        "drums,bass": ("drums", "bass", "rest"),
    }
    for number, (stems, summed) in enumerate(chosen.items()):
        out = desk.command.cwd / f"out {number}"
        told = desk("separate", song, "--model", "28", "--stems", stems, "--rest", "--yes", "--out", out)
        assert told.code == 0, told
        wav = {name[7:-4]: read(out / name) for name in names(out) if name.endswith(".wav")}
        assert set(wav) == {*stems.split(","), "rest"}
        total = np.sum([wav[stem].astype(np.float64) for stem in summed], axis=0)
        assert decibels(total - samples) < -120, stems
        if stems == "drums,instrumental":
            assert "'drums' is already in 'instrumental'" in told.err
            assert decibels(wav["rest"]) == pytest.approx(
                decibels(read(desk.command.cwd / "out 0" / "song - vocals.wav")), abs=0.5
            )
        if stems == "vocals,instrumental":
            assert decibels(wav["rest"]) < -80, "nothing of what was chosen is in the rest"
    assert len(desk.service.service.timeline.jobs) == 1, "the answer is there already"
