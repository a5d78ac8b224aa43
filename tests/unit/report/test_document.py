from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stembridge.engines.base import Recipe
from stembridge.model.results import EngineFile, Offset, Separation, SetFacts, StemFacts
from stembridge.model.stems import ResultKind, Role
from stembridge.report.document import clock, sentences, sum_sentence
from tests.unit.report import making

KEYS = {
    "": "report stembridge versions started finished seconds reused_from source region engine model "
    "options details complete complement gain_exponent format gain_db stems summed residual_db "
    "residual_peak_db notes",
    "source": "path name container codec lossy",
    "region": "first_frame frames rate channels start end peak_db rms_db silent sha256",
    "model": "name title automatic why identity",
    "stem": "id label file role kind frames rate channels peak_db rms_db offset full_scale_runs",
    "offset": "frames verified measured polarity note",
}


def stem(name: str, **changes: Any) -> StemFacts:
    facts = StemFacts(
        name,
        name.title(),
        f"song - {name}.wav",
        Role.ADDITIVE,
        ResultKind.STEM,
        44100,
        44100,
        2,
        -3.0,
        -20.0,
        making.SURE,
    )
    return replace(facts, **changes)


PAIR = SetFacts((stem("vocals"), stem("instrumental")), ("vocals", "instrumental"), -151.234, -138.5)


@pytest.fixture(name="region")
def _region(tmp_path: Path) -> Any:
    noise = np.random.default_rng(1).normal(0, 0.1, (44100, 2)).astype(np.float32)
    return making.render(tmp_path, noise, 44100)


def words(region: Any, found: SetFacts = PAIR, **changes: Any) -> str:
    return "\n".join(sentences(making.report(region, found, **changes)))


def test_without_a_region_nothing_is_said_of_one(region: Any) -> None:
    made = replace(stem("made"), kind=ResultKind.GENERATED)
    text = replace(stem("words"), kind=ResultKind.TEXT, peak_db=None, rms_db=None)
    found = SetFacts((made, text), (), None, None)
    answer = Separation((), complete=False)
    nothing: dict[str, Any] = {"region": None, "rendered": None, "container": {}, "separation": answer}
    document = making.report(region, found, **nothing)
    assert document["region"] is None
    assert document["source"] == {"path": None, "name": None}
    assert sum_sentence(document) == ""
    assert sentences(document) == ["Made 2 files (Made and Words) with the engine offline, model spleeter."]
    named = making.report(region, found, **{**nothing, "container": {"name": "a link"}})
    assert sentences(named)[0].startswith("Made 2 files (Made and Words) from 'a link', with the engine")
    json.dumps(document, allow_nan=False)


def test_an_alternate_of_the_same_id_isnt_named_in_the_sum(region: Any) -> None:
    twin = replace(stem("vocals"), label="Vocals (max)", role=Role.ALTERNATE)
    said = words(region, replace(PAIR, stems=(*PAIR.stems, twin)))
    assert "Vocals and Instrumental add up to the region within -151 dB." in said


def test_restored_audio_alone_isnt_called_stems(region: Any) -> None:
    restored = replace(stem("restored"), kind=ResultKind.AUDIO)
    found = SetFacts((restored,), (), None, None)
    said = words(region, found, separation=Separation((), complete=False))
    assert "not meant to add up" not in said
    assert said.startswith("Made 1 file (Restored) from 'song.wav', 0:00.000 to 0:01.000, with the engine")


def test_document_has_every_key_and_survives_json(region: Any) -> None:
    found = making.report(region, PAIR, first_frame=66150)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    parts = {
        "": found,
        "source": found["source"],
        "region": found["region"],
        "model": found["model"],
        "stem": found["stems"][0],
        "offset": found["stems"][0]["offset"],
    }
    assert {name: list(part) for name, part in parts.items()} == {n: k.split() for n, k in KEYS.items()}
    assert found["report"] == 1
    assert found["source"]["name"] == "song.wav"
    assert (found["region"]["start"], found["region"]["end"]) == (1.5, 2.5)
    assert found["region"]["rms_db"] == pytest.approx(20 * math.log10(region.rms), abs=0.01)
    assert found["residual_db"] == -151.23


def test_silence_is_null_and_foreign_numbers_become_plain(tmp_path: Path) -> None:
    silence = making.render(tmp_path, np.zeros((100, 1), np.float32), 8000)
    found = SetFacts((stem("vocals", peak_db=None, rms_db=-math.inf),), ("vocals",), None, None)
    answer = Separation(
        (EngineFile("a.wav", "vocals", "Vocals"),),
        notes=("One.", "Two."),
        details={"count": np.int64(3), "level": np.float32(0.5), "bad": float("nan"), "pairs": ((0, 1),)},
    )
    made = making.report(silence, replace(found, notes=("Two.", "Three.")), separation=answer)
    json.dumps(made, allow_nan=False)
    assert made["region"]["silent"] is True
    assert made["region"]["peak_db"] is None
    assert made["stems"][0]["rms_db"] is None
    assert made["residual_db"] is None
    assert made["details"] == {"count": 3, "level": 0.5, "bad": None, "pairs": [[0, 1]]}
    assert made["notes"] == ["One.", "Two.", "Three."]
    said = sentences(made)
    assert "The region is digital silence, and so is every stem." in said
    assert said[-3:] == ["One.", "Two.", "Three."]


def test_plain_job_in_three_sentences(region: Any) -> None:
    assert words(region).splitlines() == [
        (
            "Made 2 stems (Vocals and Instrumental) from 'song.wav', 0:00.000 to 0:01.000, "
            "with the engine offline, model spleeter."
        ),
        "Vocals and Instrumental add up to the region within -151 dB.",
        "All stems start on the region's first sample (offset 0) and have its length.",
    ]


def test_automatic_choice_and_reuse_are_told(region: Any) -> None:
    recipe = Recipe("offline", "repet", (), {}, "x", automatic=True, why="The network isn't installed.")
    said = words(region, recipe=recipe, reused_from="abc123")
    assert "model repet (chosen automatically), answered from job abc123." in said


@pytest.mark.parametrize(
    ("residual", "format_name", "expected"),
    [
        (None, "wav32f", "add up to the region exactly, to the last sample."),
        (-96.2, "wav16", "add up to the region within -96 dB."),
        (-34.4, "wav32f", "add up to the region but for a residual of -34 dBFS."),
        (-34.4, "mp3", "a residual of -34 dBFS; mp3 files don't keep the exact samples."),
    ],
)
def test_sum_is_told_as_it_is(region: Any, residual: float | None, format_name: str, expected: str) -> None:
    made = making.report(region, replace(PAIR, residual_db=residual), format_name=format_name)
    assert sum_sentence(made).startswith("Vocals and Instrumental ")
    assert sum_sentence(made).endswith(expected)


def test_a_sum_that_was_not_checked_is_not_claimed(region: Any) -> None:
    apart = replace(PAIR, summed=(), residual_db=None, residual_peak_db=None)
    assert "add up" not in words(region, apart)
    told = making.report(region, apart, separation=Separation((), complete=False))
    assert sum_sentence(told) == "These stems are not meant to add up to the region."


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (Offset(1105, verified=True), "Vocals came 1105 frames late and was put back in its place."),
        (Offset(-1, verified=True), "Vocals came 1 frame early and was put back in its place."),
        (Offset(0, verified=False), "There was too little in Vocals to check its place"),
        (Offset(0, verified=False, note="Vocals is silent."), "Vocals is silent."),
        (Offset(0, verified=True, polarity=-1), "Vocals is upside down"),
    ],
)
def test_offsets_that_are_not_plain_are_told(region: Any, offset: Offset, expected: str) -> None:
    said = words(region, making.changed(PAIR, offset=offset))
    assert expected in said
    assert ("All stems start" in said) == (offset.verified and offset.frames == 0)


def test_levels_that_need_care_are_told(region: Any) -> None:
    loud = making.changed(PAIR, peak_db=3.21, full_scale_runs=2)
    assert "Vocals peaks above full scale (up to +3.2 dBFS)" in words(region, loud)
    assert "Vocals sits at full scale in 2 places" in words(region, loud)
    assert "above full scale" not in words(region, loud, format_name="flac24")
    lowered = replace(PAIR, gain_db=-3.9)
    assert "All stems were turned down together by 3.9 dB" in words(region, lowered, format_name="flac24")


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [
        (0, 0, "0:00"),
        (59.9996, 3, "1:00.000"),
        (83.5, 1, "1:23.5"),
        (3600, 0, "1:00:00"),
        (7325.25, 2, "2:02:05.25"),
    ],
)
def test_clock(seconds: float, digits: int, text: str) -> None:
    assert clock(seconds, digits) == text
