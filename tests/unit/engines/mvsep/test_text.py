"""Transcripts of every shape that has been seen, and of shapes that nobody has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.engines.mvsep.text import Label, read_transcript, to_srt, to_vtt

TWO = (Label(0.5, 1.25, "Hello there"), Label(2.0, 3.0, "and goodbye"))
SRT = """1
00:00:00,500 --> 00:00:01,250
Hello
there

2
00:00:02,000 --> 00:00:03,000
and goodbye
"""
VTT = """WEBVTT

NOTE made by x

00:00.500 --> 00:01.250 align:start position:0%
<v Ana>Hello <b>there</b>

cue 2
00:02.000 --> 00:03.000
and goodbye"""
ROWS = [
    {"start": 0.5, "end": 1.25, "text": " Hello there"},
    {"start": "2", "end": "3.0", "text": "and goodbye"},
]


@pytest.mark.parametrize(
    "said",
    [
        SRT,
        SRT.replace("\n", "\r\n"),
        VTT,
        "[00:00.500 --> 00:01.250]  Hello there\n[00:02.000 --> 00:03.000]  and goodbye\n",
        ROWS,
        {"segments": ROWS, "language": "en"},
        {"text": "Hello there and goodbye", "segments": ROWS},
        {"data": {"transcription": {"segments": ROWS}}},
        json.dumps(
            {
                "chunks": [
                    {"timestamp": [0.5, 1.25], "text": "Hello there"},
                    {"timestamp": [2, 3], "text": "and goodbye"},
                ]
            }
        ),
        [[0.5, 1.25, "Hello there"], [2, 3, "and goodbye"]],
        {
            "transcription": [
                {"timestamps": {"from": "00:00:00,500", "to": "00:00:01,250"}, "text": "Hello there"},
                {"timestamps": {"from": "00:00:02,000", "to": "00:00:03,000"}, "text": "and goodbye"},
            ]
        },
        {
            "words": [
                {"word": "Hello there", "start_ms": 500, "end_ms": 1250},
                {"word": "and goodbye", "start_ms": 2000, "end_ms": 3000},
            ]
        },
        list(reversed(ROWS)),
        json.dumps(json.dumps(ROWS)),
    ],
)
def test_times_are_found_in_every_shape(said: object) -> None:
    found = read_transcript([said])
    assert found.labels == TWO
    assert sorted(found.text.split()) == sorted(["Hello", "there", "and", "goodbye"])


def test_plain_words_win_over_those_put_together_and_times_come_from_where_they_are() -> None:
    found = read_transcript([None, SRT, "Hello there, and goodbye."])
    assert found.text == "Hello there, and goodbye."
    assert found.labels == TWO


@pytest.mark.parametrize(
    "said",
    [
        "Hello",
        ["Hello"],
        {"text": "Hello"},
        [{"text": "Hello"}],
        [{"start": None, "end": 2, "text": "Hello"}],
    ],
)
def test_times_that_are_not_there_are_not_made_up(said: object) -> None:
    found = read_transcript([said])
    assert (found.text, found.labels) == ("Hello", ())


@pytest.mark.parametrize("said", [None, "", [], {}, 7, True, [[]], {"segments": [{}]}])
def test_nothing_is_nothing(said: object) -> None:
    found = read_transcript([said])
    assert (found.text, found.labels) == ("", ())


def test_an_end_before_its_start_becomes_the_start() -> None:
    assert read_transcript([[[5.0, 4.0, "x"]]]).labels == (Label(5.0, 5.0, "x"),)


def test_what_is_written_is_read_again() -> None:
    assert read_transcript([to_srt(TWO)]).labels == TWO
    assert read_transcript([to_vtt(TWO)]).labels == TWO
    assert to_srt(TWO[:1]) == "1\n00:00:00,500 --> 00:00:01,250\nHello there\n"
    assert to_vtt([Label(3725.001, 3726, "a < b & c --> d")]).endswith(
        "01:02:05.001 --> 01:02:06.000\na &lt; b &amp; c --&gt; d\n"
    )
    assert "-->" not in to_srt([Label(0, 1, "a --> b")]).splitlines()[2]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "segments", "start", "end", "timestamp", "timestamps", "from", "to", "words", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=400)
@given(json_values | st.text(alphabet='0123456789:,.->[]{}\n "ab', max_size=80))
def test_any_value_gives_a_transcript(said: Any) -> None:
    found = read_transcript([said])
    assert [label.start for label in found.labels] == sorted(label.start for label in found.labels)
    for label in found.labels:
        assert 0 <= label.start <= label.end
        assert label.text.isprintable()
    to_srt(found.labels).encode()
    to_vtt(found.labels).encode()
