"""Audio by range: every byte is the stem's sample, whatever format it lies in."""

from __future__ import annotations

import io
import itertools
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile as sf

from stembridge.audio.files import inspect, read_blocks
from stembridge.panel import tracks, wave
from stembridge.panel.tracks import Track
from tests.browser.panel import Panel
from tests.e2e.command import decibels, music, read, write
from tests.panel.conftest import RATE, SECONDS, Shop

FRAMES = SECONDS * RATE + 77


def audio(
    shop: Shop, track: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> httpx.Response:
    """Ask for a track."""
    where = f"{shop.panel.link}api/jobs/{shop.id}/tracks/{track}/audio"
    return httpx.request(method, where, headers=headers, timeout=30)


def stem(shop: Shop, track: str) -> Path:
    """Give a stem's file."""
    (found,) = shop.job.stems_folder.glob(f"* - {track}.wav")
    return found


def test_the_whole_file_is_what_others_read(shop: Shop) -> None:
    """A float WAV by libsndfile's word, sample for sample the stem."""
    answer = audio(shop, "vocals")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    with sf.SoundFile(io.BytesIO(answer.content)) as sound:
        assert (sound.samplerate, sound.channels, sound.frames, sound.subtype) == (RATE, 2, FRAMES, "FLOAT")
        assert np.array_equal(sound.read(dtype="float32"), read(stem(shop, "vocals")))


def test_the_row_says_where_the_samples_are(shop: Shop) -> None:
    """What a page needs to ask for frames."""
    for row in shop.document["tracks"]:
        answer = audio(shop, row["id"])
        assert len(answer.content) == row["bytes"] == row["data_offset"] + row["frames"] * row["frame_bytes"]
        assert answer.content[row["data_offset"] - 8 : row["data_offset"] - 4] == b"data"
        assert row["data_offset"] % 8 == 0


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("bytes=0-0", (0, 1)), ("bytes=0-71", (0, 72)), ("bytes=70-81", (70, 82)), ("bytes=72-79", (72, 80)),
        ("bytes=75-83", (75, 84)), ("bytes=524000-1100003", (524_000, 1_100_004)),
        ("bytes=-1", (-1, None)), ("bytes=-13", (-13, None)), ("bytes=1000-", (1000, None)),
        ("bytes=0-99999999999", (0, None)), ("bytes=-99999999999", (0, None)),
    ],
)  # fmt: skip
def test_a_range_is_those_bytes(shop: Shop, wanted: str, expected: tuple[int, int | None]) -> None:
    """On frames and across them, at both ends."""
    whole = audio(shop, "instrumental").content
    answer = audio(shop, "instrumental", {"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == whole[slice(*expected)]
    start = expected[0] % len(whole)
    told = f"bytes {start}-{start + len(answer.content) - 1}/{len(whole)}"
    assert answer.headers["content-range"] == told
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_behind_the_end(shop: Shop, wanted: str) -> None:
    """416, with the length."""
    answer = audio(shop, "vocals", {"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{72 + FRAMES * 8}"
    assert answer.content == b""


@pytest.mark.parametrize(
    "wanted", ["bytes=5-3", "frames=0-1", "bytes=", "bytes=-", "bytes=0-1,5-6", "bytes=a-b", "x"]
)
def test_a_range_that_is_none_gives_the_whole(shop: Shop, wanted: str) -> None:
    """As RFC 9110 has it."""
    answer = audio(shop, "vocals", {"Range": wanted})
    assert answer.status_code == 200
    assert len(answer.content) == 72 + FRAMES * 8


def test_a_range_of_what_changed_gives_the_whole(shop: Shop) -> None:
    """If-Range with another tag."""
    tag = audio(shop, "vocals", method="HEAD").headers["etag"]
    part = {"Range": "bytes=0-9"}
    assert audio(shop, "vocals", {**part, "If-Range": tag}).status_code == 206
    assert audio(shop, "vocals", {**part, "If-Range": '"other"'}).status_code == 200


def test_a_head_has_no_body(shop: Shop) -> None:
    """And all the headers."""
    answer = audio(shop, "vocals", method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(72 + FRAMES * 8)
    assert answer.headers["accept-ranges"] == "bytes"
    assert audio(shop, "vocals", {"Range": "bytes=0-9"}, "HEAD").status_code == 206


def test_the_original_is_the_region_and_the_residual_what_is_left(shop: Shop) -> None:
    """Worked out while it is read; the stems of this engine leave nothing but rounding."""
    samples = {
        row["id"]: np.frombuffer(audio(shop, row["id"]).content[72:], "<f4").reshape(-1, 2)
        for row in shop.document["tracks"]
    }
    assert list(samples) == ["original", "vocals", "instrumental", "residual"]
    assert np.array_equal(samples["original"], read(shop.song))
    left = samples["original"].astype(np.float64) - samples["vocals"] - samples["instrumental"]
    assert np.array_equal(samples["residual"], left.astype(np.float32))
    assert np.abs(left).max() < 1e-6


@pytest.mark.parametrize("name", ["flac16", "mp3", "wav16", "m4a"])
def test_a_stem_in_another_format(tmp_path: Path, shop: Shop, name: str) -> None:
    """From any frame on the very samples that decoding from the start gives; the region's length."""
    loud = write(tmp_path / "Loud.wav", 1.9 * music(2 * RATE + 5))
    job = shop.panel.order(loud, format=name)
    assert shop.panel.finished(job)["state"] == "ready"
    document = shop.panel.get(f"api/jobs/{job}").json()
    row = next(row for row in document["tracks"] if row["id"] == "instrumental")
    assert row["frames"] == 2 * RATE + 5
    (file,) = (shop.panel.home / "jobs" / job / "stems").glob("* - instrumental.*")
    info = inspect(file)
    whole = np.concatenate(list(read_blocks(info, 0, info.frames)))[: row["frames"]]
    whole = np.concatenate([whole, np.zeros((row["frames"] - len(whole), 2), np.float32)])
    where = f"api/jobs/{job}/tracks/instrumental/audio"
    got = np.frombuffer(shop.panel.get(where).content[72:], "<f4").reshape(-1, 2)
    assert np.array_equal(got, whole)
    for first in (0, 1, 1151, 1152, 40_000, row["frames"] - 100):
        start = 72 + 8 * first
        part = shop.panel.get(where, headers={"Range": f"bytes={start}-{start + 799}"}).content
        assert part == whole[first : first + 100].astype("<f4").tobytes(), first
    # What can only be read from its start is decoded once.
    decoded = list((shop.panel.home / "panel" / "cache" / job).glob("*.wav"))
    assert bool(decoded) == (name == "m4a")
    # A common gain is undone in the residual: it is what the report says is left of the region.
    assert document["gain_db"] < 0
    left = np.frombuffer(shop.panel.get(f"api/jobs/{job}/tracks/residual/audio").content[72:], "<f4")
    assert decibels(left) == pytest.approx(document["residual_db"], abs=0.02)
    shop.panel.post(f"api/jobs/{job}/remove")


def noise(frames: int, channels: int = 2) -> Track:
    """A track that needs no file: a ramp that tells every frame."""

    def blocks(first: int, count: int) -> Any:
        for start in range(first, first + count, tracks.BLOCK):
            many = min(tracks.BLOCK, first + count - start)
            yield np.repeat(np.arange(start, start + many, dtype=np.float32)[:, None], channels, axis=1)

    return Track("x", "X", "#000000", "", "stem", frames, 48_000, channels, blocks)


def test_memory_does_not_grow_with_length() -> None:
    """A whole of 1.1 GB, a block at a time."""
    track = noise(48_000 * 3000)
    tracemalloc.start()
    taken = sum(
        len(piece) for piece in itertools.islice(wave.bytes_of(track, 0, wave.total_bytes(track)), 200)
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken > 100_000_000
    assert peak < 8_000_000


def test_above_four_gigabytes_the_lengths_say_so() -> None:
    """And the bytes behind them are still there."""
    track = noise(700_000_000)
    head = wave.header(track)
    assert struct.unpack_from("<I", head, 4)[0] == 0xFFFF_FFFF
    assert struct.unpack_from("<I", head, 68)[0] == 0xFFFF_FFFF
    start = wave.total_bytes(track) - 8
    (last,) = wave.bytes_of(track, start, start + 8)
    assert np.frombuffer(last, "<f4").tolist() == [float(np.float32(699_999_999))] * 2


def test_a_stem_that_is_gone_is_left_out(panel: Panel, tmp_path: Path) -> None:
    """The others can be heard all the same; there is nothing to work a residual out of."""
    job = panel.order(write(tmp_path / "a.wav", music(RATE)))
    panel.finished(job)
    (file,) = (panel.home / "jobs" / job / "stems").glob("* - vocals.wav")
    file.unlink()
    found = [row["id"] for row in panel.get(f"api/jobs/{job}").json()["tracks"]]
    assert found == ["original", "instrumental"]
    (panel.home / "jobs" / job / "region.wav").unlink()
    file = next((panel.home / "jobs" / job / "stems").glob("* - instrumental.wav"))
    assert file.exists()


def test_a_region_that_was_cleaned_away_is_rendered_again(panel: Panel, tmp_path: Path) -> None:
    """From the upload, to the sample."""
    song = write(tmp_path / "a.wav", music(RATE))
    job = panel.order(song, first_frame=1000, frames=20_000)
    panel.finished(job)
    (panel.home / "jobs" / job / "region.wav").unlink()
    answer = panel.get(f"api/jobs/{job}/tracks/original/audio")
    assert np.array_equal(np.frombuffer(answer.content[72:], "<f4").reshape(-1, 2), read(song)[1000:21_000])
