"""The whole trip through the engine: what is sent, what comes back, and that it is exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from stembridge.audio.render import RegionFile
from stembridge.model.stems import ResultKind
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep import UPLOAD, Trip, summed


def test_a_region_comes_back_as_stems_that_sum_to_it(
    trip: Trip, region: RegionFile, service: FaultyService
) -> None:
    separation = trip.all_the_way(region)
    assert [file.stem for file in separation.files] == ["vocals", "instrumental"]
    assert [file.name for file in separation.files] == ["vocals.flac", "instrumental.flac"]
    assert {file.kind for file in separation.files} == {ResultKind.STEM}
    mix = sf.read(region.path, dtype="float64", always_2d=True)[0]
    assert np.abs(summed(trip.samples(separation)) - mix).max() < 2**-22
    assert service.paid == 1
    assert service.jobs[0].output_format == 5
    assert service.jobs[0].demo is False
    assert service.jobs[0].slug + ".flac" == UPLOAD


def test_what_is_sent_holds_nothing_of_the_users(trip: Trip, region: RegionFile, tmp_path: Path) -> None:
    trip.order(region)
    sent = (trip.folder / "upload.flac").read_bytes()
    assert b"source" not in sent
    assert str(tmp_path).encode() not in sent
    info = sf.info(trip.folder / "upload.flac")
    assert (info.samplerate, info.subtype, info.channels) == (44_100, "PCM_24", 2)


@pytest.mark.parametrize("number", range(6))
def test_every_output_format(trip: Trip, region: RegionFile, service: FaultyService, number: int) -> None:
    from tests.programs import need

    if number == 3:
        need("ffmpeg")
    trip.service = {"format": str(number)}
    separation = trip.all_the_way(region)
    assert service.jobs[0].output_format == number
    extension = ("mp3", "wav", "flac", "m4a", "wav", "flac")[number]
    assert {Path(file.name).suffix for file in separation.files} == {f".{extension}"}
    assert {file.lossy for file in separation.files} == {number in {0, 3}}
    assert bool(separation.notes) == (number in {0, 3})
