"""Peaks and spectrograms: against NumPy and SciPy, while they are made and when they are kept."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from stembridge.model.errors import StoreError, TransferError
from stembridge.panel import peaks, spectrogram
from stembridge.panel.desk import Desk
from stembridge.panel.peaks import LEVELS, Peaks
from stembridge.panel.tracks import Track
from tests.e2e.command import music, read
from tests.panel.conftest import RATE, Shop


def reference(samples: NDArray[np.float32], level: int) -> NDArray[np.int8]:
    """Work peaks out the slow way."""
    rows = []
    for start in range(0, len(samples), level):
        piece = samples[start : start + level]
        rows.append((np.floor(piece.min() * 127.0), np.ceil(piece.max() * 127.0)))
    return np.clip(np.array(rows), -127, 127).astype(np.int8)


def of(samples: NDArray[np.float32], rate: int = RATE, pieces: int = 1000, mark: str = "m") -> Track:
    """Give a track that hands its samples out in odd pieces."""

    def blocks(first: int, count: int) -> Iterator[NDArray[np.float32]]:
        for start in range(first, first + count, pieces):
            yield samples[start : min(start + pieces, first + count)]

    return Track("x", "X", "#000000", "", "stem", len(samples), rate, samples.shape[1], blocks, mark)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """What peaks need of a desk."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as hands:
        made = SimpleNamespace(folder=tmp_path, hands=hands, closing=threading.Event())
        yield cast("Desk", made)


def taken(answer: Any) -> bytes:
    """Read a stream to its end, on this thread."""
    import asyncio

    async def gather() -> bytes:
        return b"".join([piece async for piece in answer.body_iterator])

    return asyncio.run(gather())


@pytest.mark.parametrize("level", LEVELS)
def test_peaks_of_a_job_are_numpys(shop: Shop, level: int) -> None:
    """Header and bins, for a stem."""
    (file,) = shop.job.stems_folder.glob("* - vocals.wav")
    samples = read(file)
    answer = shop.panel.get(f"api/jobs/{shop.id}/tracks/vocals/peaks", params={"level": level})
    assert answer.status_code == 200
    head = struct.unpack_from("<4sIII", answer.content)
    assert head == (b"SBPK", 1, level, -(-len(samples) // level))
    found = np.frombuffer(answer.content[16:], np.int8).reshape(-1, 2)
    assert np.array_equal(found, reference(samples, level))


def test_an_upload_has_peaks_too(shop: Shop) -> None:
    """To choose a region before anything is separated."""
    file = shop.panel.upload(shop.song)["file"]
    answer = shop.panel.get(f"api/files/{file}/peaks?level=1024")
    found = np.frombuffer(answer.content[16:], np.int8).reshape(-1, 2)
    assert np.array_equal(found, reference(read(shop.song), 1024))


def test_a_level_that_is_none_is_refused(shop: Shop) -> None:
    """And what is no number."""
    for level in ("300", "0", "-1", "x", "256.0", "99999999999999999999"):
        answer = shop.panel.get(f"api/jobs/{shop.id}/tracks/vocals/peaks", params={"level": level})
        assert answer.status_code == 400, level


@pytest.mark.parametrize("pieces", [1, 255, 257, 65_536])
def test_odd_blocks_make_no_difference(desk: Desk, pieces: int) -> None:
    """Bins don't follow a reader's blocks; what goes over full scale is drawn at it."""
    samples = 3.0 * music(10_000 if pieces == 1 else 300_000)
    track = of(samples, pieces=pieces, mark=f"m{pieces}")
    for level in LEVELS:
        found = np.frombuffer(taken(Peaks(desk).answer("o", track, level))[16:], np.int8).reshape(-1, 2)
        assert np.array_equal(found, reference(samples, level)), level


def test_they_are_sent_while_they_are_made_and_made_once(desk: Desk) -> None:
    """The first bins come before the last block is read; two readers cause one reading."""
    samples = music(1_000_000)
    gate, asked = threading.Event(), []

    def blocks(first: int, count: int) -> Iterator[NDArray[np.float32]]:
        asked.append((first, count))
        yield samples[:500_000]
        assert gate.wait(20)
        yield samples[500_000:]

    track = Track("x", "X", "", "", "stem", len(samples), RATE, 2, blocks, "once")
    one = Peaks(desk)
    path = one._path("o", track)
    first, second = (one._stream(path, one._begin(path, track), track, level) for level in (256, 65_536))
    assert len(next(first)) == 16
    early = next(first)
    assert np.array_equal(
        np.frombuffer(early, np.int8).reshape(-1, 2), reference(samples[: len(early) * 128], 256)
    )
    gate.set()
    whole = early + b"".join(first)
    assert np.array_equal(np.frombuffer(whole, np.int8).reshape(-1, 2), reference(samples, 256))
    coarse = b"".join(second)[16:]
    assert np.array_equal(np.frombuffer(coarse, np.int8).reshape(-1, 2), reference(samples, 65_536))
    assert asked == [(0, 1_000_000)]
    desk.hands.shutdown()
    assert taken(Peaks(desk).answer("o", track, 256))[16:] == whole, (
        "from the disk, where nothing is read again"
    )
    assert len(asked) == 1


def test_a_reader_that_fails_ends_the_stream_and_may_be_asked_again(desk: Desk) -> None:
    """Never bins of silence for what couldn't be read."""
    samples = music(100_000)
    broken = [True]

    def blocks(first: int, count: int) -> Iterator[NDArray[np.float32]]:
        if broken[0]:
            raise TransferError("gone")
        yield samples

    track = Track("x", "X", "", "", "stem", len(samples), RATE, 2, blocks, "fails")
    one = Peaks(desk)
    with pytest.raises(TransferError):
        taken(one.answer("o", track, 256))
    broken[0] = False
    assert len(taken(one.answer("o", track, 256))) == 16 + 2 * 391


def test_a_track_that_ends_early_ends_the_stream(desk: Desk) -> None:
    """A fault of our own is told as well, instead of waited for."""
    track = Track("x", "X", "", "", "stem", 100_000, RATE, 2, lambda _f, _c: iter([music(50_000)]), "short")
    with pytest.raises(StoreError, match="couldn't be worked out"):
        taken(Peaks(desk).answer("o", track, 256))


def test_a_server_that_ends_lets_its_readers_go(desk: Desk) -> None:
    """Nobody waits for a thread that won't come back."""

    def blocks(first: int, count: int) -> Iterator[NDArray[np.float32]]:
        yield np.zeros((65_536, 2), np.float32)
        desk.closing.set()
        yield np.zeros((65_536, 2), np.float32)

    track = Track("x", "X", "", "", "stem", 10_000_000, RATE, 2, blocks, "ends")
    with pytest.raises(StoreError, match="closed"):
        taken(Peaks(desk).answer("o", track, 256))


# Spectrograms -------------------------------------------------------------------------------------------


def bands(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Give the levels by SciPy's transform and the weights as the module's text says: columns x rows."""
    times = spectrogram.stretch(rate)
    size, hop = 4096 * times, 2048 * times
    window = signal.get_window("hann", size)
    transform = signal.ShortTimeFFT(window, hop, rate, scale_to="magnitude")
    count = -(-len(samples) // hop)
    found = np.stack([transform.stft(channel.astype(np.float64), p0=0, p1=count) for channel in samples.T])
    power = np.mean(np.abs(2 * found) ** 2, axis=0)
    middles = spectrogram.middles(rate)
    hertz = np.arange(size // 2 + 1) * rate / size
    places = 2595 * np.log10(1 + hertz / 700)
    at = 2595 * np.log10(1 + middles / 700)
    rows = []
    for low, middle, high, exact in zip(at[:-2], at[1:-1], at[2:], middles[1:-1], strict=True):
        weight = np.interp(places, [low, middle, high], [0, 1, 0], left=0, right=0)
        if weight.sum() < 1:
            weight = np.interp(
                np.arange(len(hertz)),
                [exact * size / rate - 1, exact * size / rate, exact * size / rate + 1],
                [0, 1, 0],
                left=0,
                right=0,
            )
        rows.append(weight @ power)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(np.array(rows).T, 1e-12))
    return levels


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_tile_is_scipys(rate: int) -> None:
    """To a step of the scale, at every rate, with the edges."""
    track = of(music(rate * 4 + 13, rate=rate), rate=rate, pieces=10_007)
    found = spectrogram.tile(track, 0)
    expected = bands(np.concatenate(list(track.blocks(0, track.frames))), rate)
    assert found.shape == (spectrogram.columns(track), 128)
    steps = np.clip((expected + 90) * 255 / 90, 0, 255)
    assert np.abs(found - steps).max() <= 1.0


def test_tiles_are_pieces_of_one_picture(shop: Shop) -> None:
    """The columns at a seam are those of a track that begins earlier."""
    track = of(music(30 * RATE))
    one, two = spectrogram.tile(track, 0), spectrogram.tile(track, 1)
    assert (len(one), len(one) + len(two)) == (512, spectrogram.columns(track))
    samples = np.concatenate(list(track.blocks(0, track.frames)))
    whole = np.clip(np.rint((bands(samples, RATE) + 90) * 255 / 90), 0, 255)
    assert np.abs(np.concatenate([one, two]) - whole).max() <= 1.0


@pytest.mark.parametrize("hertz", [60.0, 1000.0, 9000.0])
def test_a_sine_of_full_scale_stands_near_nought_in_its_band(hertz: float) -> None:
    """And nowhere else."""
    middles = spectrogram.middles(RATE)[1:-1]
    row = int(np.argmin(np.abs(middles - hertz)))
    tone = np.sin(2 * np.pi * middles[row] * np.arange(2 * RATE) / RATE).astype(np.float32)[:, None]
    found = spectrogram.tile(of(tone), 0)[10]
    assert int(np.argmax(found)) == row
    assert found[row] > 255 * 85 / 90
    assert found[(row + 64) % 128] == 0


def test_the_server_sends_tiles_with_their_place(shop: Shop) -> None:
    """Header, columns, rows; worked out once and kept."""
    where = f"api/jobs/{shop.id}/tracks/instrumental/spectrogram"
    answer = shop.panel.get(where, params={"tile": 0})
    magic, version, hop, rows, first, count, total = struct.unpack_from("<4sIIIIII", answer.content)
    assert (magic, version, hop, rows, first) == (b"SBSP", 1, 2048, 128, 0)
    assert count == total == -(-(3 * RATE + 77) // 2048)
    assert len(answer.content) == 28 + count * rows
    assert shop.panel.get(where, params={"tile": 0}).content == answer.content
    assert list((shop.panel.home / "panel" / "cache" / shop.id).glob("*.tile"))
    for tile in ("1", "-1", "x", "99999999999"):
        assert shop.panel.get(where, params={"tile": tile}).status_code == 400, tile


def test_folding_is_exact() -> None:
    """A coarser level of a coarser level is the level of both."""
    bins = np.random.default_rng(1).integers(-127, 128, (10_001, 2)).astype(np.int8)
    assert np.array_equal(peaks.coarser(peaks.coarser(bins, 4), 16), peaks.coarser(bins, 64))
