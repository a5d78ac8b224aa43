"""Formats: found by name, and refused before a sample is touched where they can't hold the audio."""

from __future__ import annotations

import pytest

from stembridge.model.errors import InputError, UnknownNameError
from stembridge.model.formats import DEFAULT_FORMAT, FORMATS, check_format, find_format


@pytest.mark.parametrize("name", [*FORMATS, " WAV24 ", "Flac16"])
def test_a_format_is_found_without_regard_to_case(name: str) -> None:
    assert find_format(name).name == name.strip().lower()


def test_an_unknown_format_gets_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_format("flac")
    assert "'flac24'" in caught.value.hint
    assert "'flac16'" in caught.value.hint


def test_the_default_keeps_what_lies_above_full_scale() -> None:
    assert DEFAULT_FORMAT.is_float
    assert [fmt.name for fmt in FORMATS.values() if fmt.is_float] == ["wav32f"]


@pytest.mark.parametrize(
    ("name", "channels", "rate", "code"),
    [
        ("flac24", 9, 44100, "channels"),
        ("mp3", 3, 44100, "channels"),
        ("mp3", 2, 96000, "rate"),
        ("mp3", 2, 44000, "rate"),
        ("m4a", 2, 192000, "rate"),
        ("flac16", 2, 700_000, "rate"),
        ("wav32f", 1025, 44100, "channels"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(name: str, channels: int, rate: int, code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_format(FORMATS[name], channels=channels, rate=rate)
    assert caught.value.code == code
    assert "--format wav32f" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "channels", "rate"),
    [("wav32f", 64, 192000), ("flac24", 8, 192000), ("mp3", 2, 48000), ("m4a", 2, 96000), ("wav16", 1, 8000)],
)
def test_what_a_format_can_hold_passes(name: str, channels: int, rate: int) -> None:
    check_format(FORMATS[name], channels=channels, rate=rate)
