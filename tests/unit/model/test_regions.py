"""Regions: what a person types becomes frames, exactly, and lies inside the file or is refused."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.model.errors import InputError, StembridgeError, UsageError
from stembridge.model.regions import Region, frames_from_seconds, parse_seconds, select

RATES = st.sampled_from([8000, 11025, 22050, 32000, 44100, 48000, 88200, 96000, 192000])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", Fraction(0)),
        ("83.5", Fraction(167, 2)),
        (" 83.5 ", Fraction(167, 2)),
        ("83,5", Fraction(167, 2)),
        (".25", Fraction(1, 4)),
        ("5.", Fraction(5)),
        ("1:23.5", Fraction(167, 2)),
        ("0:01:23.500", Fraction(167, 2)),
        ("2:00:00", Fraction(7200)),
        ("90:00", Fraction(5400)),
        ("0.1", Fraction(1, 10)),
        ("0:00:00.0000001", Fraction(1, 10_000_000)),
    ],
)
def test_a_time_is_read_as_an_exact_number(text: str, seconds: Fraction) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "+1",
        "1e3",
        "nan",
        "inf",
        "1:60",
        "1:60:00",
        "1:2:3:4",
        ":30",
        "1:",
        "1..2",
        "0x10",
        "9" * 5000,
        "1" * 4400 + ":00",
        "1 2",
        "1_000",
    ],
)
def test_what_is_no_time_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time") as caught:
        parse_seconds(text)
    assert "0:01:23.500" in caught.value.hint


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_the_reader_of_times(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_seconds(text) >= 0


@settings(deadline=None)
@given(
    hours=st.integers(0, 99),
    minutes=st.integers(0, 59),
    milliseconds=st.integers(0, 59_999),
)
def test_a_clock_time_is_the_sum_of_its_parts(hours: int, minutes: int, milliseconds: int) -> None:
    text = f"{hours}:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
    assert parse_seconds(text) == 3600 * hours + 60 * minutes + Fraction(milliseconds, 1000)


@settings(deadline=None)
@given(seconds=st.fractions(min_value=0, max_value=100_000), rate=RATES)
def test_the_nearest_frame_is_within_half_a_frame_and_halves_go_up(seconds: Fraction, rate: int) -> None:
    off = frames_from_seconds(seconds, rate) - seconds * rate
    assert -Fraction(1, 2) < off <= Fraction(1, 2)


@settings(deadline=None)
@given(frame=st.integers(0, 2**40), rate=RATES)
def test_a_frames_own_time_gives_that_frame_and_half_a_frame_later_the_next(frame: int, rate: int) -> None:
    assert frames_from_seconds(Fraction(frame, rate), rate) == frame
    assert frames_from_seconds(Fraction(2 * frame + 1, 2 * rate), rate) == frame + 1


@settings(deadline=None)
@given(frame=st.integers(0, 10_000_000), rate=RATES)
def test_a_time_printed_with_six_decimals_names_its_frame(frame: int, rate: int) -> None:
    text = f"{Fraction(frame, rate).__float__():.6f}"
    assert frames_from_seconds(parse_seconds(text), rate) == frame


@settings(deadline=None)
@given(
    total=st.integers(-5, 200),
    first=st.integers(-20, 250),
    frames=st.one_of(st.none(), st.integers(-20, 250)),
)
def test_a_region_lies_inside_its_source_or_is_refused(total: int, first: int, frames: int | None) -> None:
    def chosen() -> Region:
        return select("/a.wav", total_frames=total, rate=48000, channels=2, first_frame=first, frames=frames)

    length_fits = frames is None or (frames >= 1 and first + frames <= total)
    if not (total >= 1 and 0 <= first < total and length_fits):
        with pytest.raises(StembridgeError) as caught:
            chosen()
        assert caught.value.code in {"source_empty", "region_reversed", "region_outside"}
        assert caught.value.hint
        return
    region = chosen()
    assert (region.first_frame, region.end_frame) == (first, total if frames is None else first + frames)


def test_the_message_says_where_the_file_ends() -> None:
    with pytest.raises(InputError, match=r"frames 40 to 120.*100 frames \(0\.013 s\)") as caught:
        select("/a.wav", total_frames=100, rate=8000, channels=1, first_frame=40, frames=80)
    assert caught.value.code == "region_outside"


def test_a_start_at_the_very_end_is_outside() -> None:
    with pytest.raises(InputError) as caught:
        select("/a.wav", total_frames=100, rate=8000, channels=1, first_frame=100)
    assert caught.value.code == "region_outside"


def test_seconds_of_a_region_are_for_display() -> None:
    assert Region("/a.wav", 0, 22050, 44100, 2).seconds == 0.5
