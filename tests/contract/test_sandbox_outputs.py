"""Every separation type of the catalogue gives files, and what should sum does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from stembridge.sandbox.catalogue import built_in
from stembridge.sandbox.outputs import Kind, parts_of
from stembridge.sandbox.splitters import BLOCK, CONTEXT, bands, given, mid_side, shares, splitter
from tests.fakes.noise import noise, noise_file

ROWS = built_in().wire()
TYPES = [row["render_id"] for row in ROWS]
CHOICES = [
    (row["render_id"], field["name"], key)
    for row in ROWS
    for field in row["algorithm_fields"]
    for key in json.loads(field["options"])
]


def read(path: Path) -> Any:
    return soundfile.read(str(path), dtype="float64", always_2d=True)[0]


def separate(song: Path, folder: Path, sep_type: int, **options: str) -> dict[str, Path]:
    folder.mkdir()
    rows = splitter()(song, sep_type, options, folder)
    assert len({slug for _, slug, _ in rows}) == len(rows)
    return {slug: path for _, slug, path in rows}


@pytest.mark.parametrize("sep_type", TYPES)
def test_every_type_gives_its_files(tmp_path: Path, sep_type: int) -> None:
    song = noise_file(tmp_path / "song.wav", frames=9000)
    sent = read(song)
    files = separate(song, tmp_path / "out", sep_type)
    parts = {part.slug: part for part in parts_of(sep_type, {})}
    kinds = {part.kind for part in parts.values()}
    if kinds & {Kind.TEXT, Kind.MADE, Kind.WHOLE}:
        assert files
        return
    delivered = {slug: read(path) for slug, path in files.items()}
    assert all(samples.shape == sent.shape for samples in delivered.values())
    total = sum(samples for slug, samples in delivered.items() if parts[slug].kind is Kind.PART)
    whole = Kind.HIDDEN not in kinds
    assert (float(np.abs(total - sent).max()) < 1e-6) is whole
    for slug, part in parts.items():
        if part.kind is Kind.SUM:
            assert float(np.abs(delivered[slug] - sum(delivered[s] for s in part.of)).max()) < 1e-6


@pytest.mark.parametrize(("sep_type", "field", "key"), CHOICES)
def test_every_option_gives_a_set(sep_type: int, field: str, key: str) -> None:
    parts = parts_of(sep_type, {field: key})
    slugs = [part.slug for part in parts]
    assert len(set(slugs)) == len(slugs)
    # The splitter's shortest average needs a frame: nine bands are the most.
    assert sum(part.kind in {Kind.PART, Kind.HIDDEN} for part in parts) <= 9
    assert all(set(part.of) <= set(slugs) for part in parts)


def test_sets_with_composites_and_alternates() -> None:
    def kinds(sep_type: int, **options: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for part in parts_of(sep_type, options):
            found.setdefault(part.kind.value, []).append(part.slug)
        return found

    assert kinds(63)["sum"] == ["instrum"]
    assert kinds(20, add_opt1="2")["part"] == ["vocals", "bass", "drums", "guitar", "piano", "other"]
    assert kinds(49, add_opt2="1")["sum"] == ["back-instrum", "vocals-full"]
    assert kinds(37)["sum"] == ["drums"]
    assert kinds(37, add_opt2="1") == {"part": ["kick", "snare", "toms", "hh", "ride", "crash"]}
    assert len(kinds(26, add_opt1="1")["alternate"]) == 4
    assert kinds(41, add_opt3="1")["alternate"] == ["bass-scnet", "bass-mel"]
    assert [part.label for part in parts_of(40, {})] == ["Vocals", "Other"]
    assert kinds(999) == {"part": ["vocals", "other"]}


@pytest.mark.parametrize("frames", [1, 100, CONTEXT, BLOCK - 1, BLOCK, BLOCK + CONTEXT + 1, 2 * BLOCK + 7])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_lengths_at_the_edges_of_blocks(tmp_path: Path, frames: int, channels: int) -> None:
    song = noise_file(tmp_path / "song.wav", frames=frames, channels=channels, rate=48_000)
    files = separate(song, tmp_path / "out", 28)
    parts = [path for slug, path in files.items() if slug != "instrum"]
    assert all(soundfile.info(str(path)).samplerate == 48_000 for path in parts)
    assert float(np.abs(sum(read(path) for path in parts) - read(song)).max()) < 1e-6


def test_the_bands_differ_and_are_not_delayed() -> None:
    impulse = np.zeros((2 * CONTEXT + 101, 1), np.float32)
    impulse[CONTEXT + 50] = 1
    pieces = bands(impulse, 4, CONTEXT)
    for piece in pieces:
        assert int(np.argmax(np.abs(piece))) == 50 or float(np.ptp(piece[:, 0])) < 0.01
        np.testing.assert_allclose(piece, piece[::-1], atol=1e-6)


@settings(deadline=None, max_examples=40)
@examples(
    count=st.integers(1, 9), frames=st.integers(1, 300), channels=st.integers(1, 3), seed=st.integers(0, 99)
)
@pytest.mark.parametrize("cut", [bands, shares, mid_side])
def test_every_cut_sums(cut: Callable[..., Any], count: int, frames: int, channels: int, seed: int) -> None:
    block = np.zeros((frames + 2 * CONTEXT, channels), np.float32)
    block[CONTEXT : CONTEXT + frames] = noise(frames + 1, channels, seed)[:frames]
    pieces = cut(block, count, CONTEXT)
    assert len(pieces) == count
    total = np.sum(np.asarray(pieces, np.float64), axis=0)
    inner = block[CONTEXT : CONTEXT + frames]
    np.testing.assert_allclose(total, inner, atol=1e-6)
    if cut is shares:
        np.testing.assert_array_equal(total.astype(np.float32), inner)


def test_restoring_changes_the_rate_and_keeps_the_time(tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav", frames=22_050, rate=22_050)
    for sep_type, rate in ((51, 44_100), (59, 48_000), (60, 48_000)):
        path = separate(song, tmp_path / str(sep_type), sep_type)["restored"]
        info = soundfile.info(str(path))
        assert info.samplerate == rate
        assert abs(info.frames - rate) <= 2


def test_a_transcript_is_text_with_times(tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav", frames=44_100)
    files = separate(song, tmp_path / "out", 39)
    assert files["transcription"].read_text(encoding="utf-8").startswith("This is")
    assert "00:00:00,000 --> 00:00:00,200" in files["subtitles"].read_text(encoding="utf-8")


def test_given_stems_are_handed_out(tmp_path: Path) -> None:
    path = noise_file(tmp_path / "v.wav")
    assert given({"vocals": path})(None, 1, {}, tmp_path) == [("Vocals", "vocals", path)]
    assert given([("Lead", "vocals-lead", path)])(None, 1, {}, tmp_path) == [("Lead", "vocals-lead", path)]
