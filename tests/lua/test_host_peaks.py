"""The stand-in's peaks: blank until they are built in the order that REAPER wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.reaper import peaks
from tests.fakes.reaper.sources import Source
from tests.lua import material


@pytest.fixture
def source(tmp_path: Path) -> Source:
    found = Source.from_file(material.write(tmp_path / "a.wav", 1.0, 44100))
    assert found is not None
    return found


def test_a_waveform_stays_blank_until_all_is_built(source: Source) -> None:
    assert peaks.build(source, 0) > 0
    assert not peaks.drawn(source)
    answers = []
    while left := peaks.build(source, 1):
        answers.append(left)
        assert len(answers) < 200
    assert answers == sorted(answers, reverse=True)
    assert not peaks.drawn(source)
    assert not peaks.peaks(source, 10, 0, 2, 10)[0].any()
    peaks.build(source, 2)
    assert peaks.drawn(source)
    assert peaks.build(source, 0) == 0


def test_the_order_matters(source: Source) -> None:
    with pytest.raises(ValueError, match="mode 0"):
        peaks.build(source, 1)
    peaks.build(source, 0)
    with pytest.raises(ValueError, match="mode 1"):
        peaks.build(source, 2)
    with pytest.raises(ValueError, match="no mode"):
        peaks.build(source, 3)


def test_a_section_shares_its_file_s_peaks(source: Source) -> None:
    section = Source.section(source, 0.1, 0.5)
    peaks.build(section, 0)
    while peaks.build(section, 1):
        pass
    peaks.build(section, 2)
    high, low = peaks.peaks(source, 10, 0.0, 2, 11)
    wave = material.wave(1.0, 44100)
    assert np.allclose(high[3], wave[13230:17640].max(0))
    assert np.allclose(low[9], wave[39690:].min(0))
    assert not high[10].any()
