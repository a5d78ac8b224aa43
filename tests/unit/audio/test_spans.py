"""Spans of a rendered region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from stembridge.audio.joints import Piece
from stembridge.audio.render import render
from stembridge.audio.spans import digest, extract
from stembridge.model.regions import Region


def test_a_span_is_named_as_it_will_be_when_it_is_a_region_of_its_own(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).normal(0, 0.4, (200_000, 2)).astype(np.float32)
    whole = tmp_path / "region.wav"
    sf.write(whole, samples, 44_100, subtype="FLOAT")
    span = Piece(70_001, 90_003)
    part = tmp_path / "input.wav"
    extract(whole, span, part)
    assert np.array_equal(sf.read(part, dtype="float32")[0], samples[span.first : span.end])
    region = Region(str(part), 0, span.frames, 44_100, 2)
    (tmp_path / "child").mkdir()
    rendered = render(region, tmp_path / "child", lambda _done, _total: None, lambda: False)
    assert digest(whole, span) == rendered.sha256 == digest(part, Piece(0, span.frames))
    assert digest(whole, Piece(70_002, 90_003)) != rendered.sha256
