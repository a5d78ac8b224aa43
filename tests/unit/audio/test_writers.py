"""Writing: whole or not at all, at its level, within half a step."""

from __future__ import annotations

import errno
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio import storage, writers
from stembridge.audio.writers import StemWriter
from stembridge.model.errors import InputError, StoreError
from stembridge.model.formats import FORMATS

EXACT = ("wav32f", "wav24", "wav16", "flac24", "flac16")


def noise(frames: int, channels: int, *, peak: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-peak, peak, (frames, channels)).astype(np.float32)


def write(
    path: Path, name: str, x: NDArray[np.float32], rate: int = 44100, size: int = 1000, seed: int = 0
) -> Path:
    with StemWriter(path, FORMATS[name], rate=rate, channels=x.shape[1], frames=len(x), seed=seed) as writer:
        for start in range(0, len(x), size):
            writer.write(x[start : start + size])
        return writer.commit()


def read(path: Path) -> NDArray[np.float64]:
    found: NDArray[np.float64] = soundfile.read(str(path), always_2d=True)[0]
    return found


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(EXACT), st.sampled_from((8000, 22050, 44100, 96000, 192000)), st.integers(1, 5000),
    st.integers(1, 8), st.integers(1, 6000), st.integers(0, 1000),
)  # fmt: skip
def test_what_is_written_comes_back_within_its_steps(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    rate: int,
    frames: int,
    channels: int,
    size: int,
    seed: int,
) -> None:
    fmt = FORMATS[name]
    x = noise(frames, channels, peak=4.0 if fmt.is_float else 1.0, seed=seed)
    path = write(tmp_path_factory.mktemp("w") / f"a.{fmt.extension}", name, x, rate, size, seed)
    info = soundfile.info(str(path))
    assert (info.frames, info.samplerate, info.channels) == (frames, rate, channels)
    found = read(path)
    if fmt.is_float:
        assert np.array_equal(found.astype(np.float32), x)
        return
    step = 2.0 ** (1 - fmt.bits)
    # Half a step of rounding; with dither up to one more; the top itself lies one step too high.
    bound = step * (1.5 if fmt.bits == 16 else 0.5)
    inside = x < 1.0 - 2 * step
    assert np.all(np.abs(found - x)[inside] <= bound)
    assert np.all(np.abs(found - x) <= bound + step)


@pytest.mark.parametrize("name", ["wav16", "flac16"])
def test_the_dither_is_triangular_and_unbiased(name: str, tmp_path: Path) -> None:
    step = 2.0**-15
    level = 0.3 * step
    x = np.full((200_000, 1), level, np.float32)
    error = (read(write(tmp_path / "a.wav", name, x)) - level) / step
    # Rounded TPDF noise: no mean error, and a variance of 1/4 step squared, whatever the level.
    assert abs(float(error.mean())) < 0.005
    assert float(error.var()) == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize("name", ["wav24", "flac24"])
def test_24_bits_are_rounded_not_floored(name: str, tmp_path: Path) -> None:
    step = 2.0**-23
    x = np.array([[0.4], [0.6], [-0.4], [-0.6], [-1.4]], np.float64) * step
    found = read(write(tmp_path / "a.wav", name, x.astype(np.float32))) / step
    assert np.array_equal(found, [[0], [1], [0], [-1], [-1]])


def test_full_scale_is_never_wrapped(tmp_path: Path) -> None:
    x = np.array([[1.0], [-1.0]] * 100, np.float32)
    for name in ("wav16", "wav24", "flac16", "flac24"):
        found = read(write(tmp_path / f"{name}.x", name, x))
        assert np.all(found[::2] > 0.9999)
        assert np.all(found[1::2] < -0.9999)


def test_the_content_depends_on_samples_and_seed_alone(tmp_path: Path) -> None:
    x = noise(3001, 2)
    one = write(tmp_path / "1.flac", "flac16", x, size=3001).read_bytes()
    two = write(tmp_path / "2.flac", "flac16", x, size=17).read_bytes()
    other = write(tmp_path / "3.flac", "flac16", x, seed=1).read_bytes()
    assert read(tmp_path / "1.flac").tobytes() == read(tmp_path / "2.flac").tobytes()
    assert one == two
    assert one != other


def test_overs_are_kept_in_float_and_refused_elsewhere(tmp_path: Path) -> None:
    x = np.array([[1.5], [-3.9]], np.float32)
    assert np.array_equal(read(write(tmp_path / "a.wav", "wav32f", x)), x)
    for name in ("wav24", "wav16", "flac24", "flac16", "mp3"):
        with pytest.raises(ValueError, match="peak"):
            write(tmp_path / "b.x", name, x)
        assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]


def test_faults_of_the_caller_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with StemWriter(path, FORMATS["wav32f"], rate=44100, channels=2, frames=10) as writer:
        with pytest.raises(ValueError, match="shape"):
            writer.write(np.zeros((5, 1), np.float32))
        with pytest.raises(ValueError, match="finite"):
            writer.write(np.full((5, 2), np.nan, np.float32))
        writer.write(np.zeros((5, 2), np.float32))
        with pytest.raises(ValueError, match="more than"):
            writer.write(np.zeros((6, 2), np.float32))
        with pytest.raises(ValueError, match="5 of 10"):
            writer.commit()
    assert list(tmp_path.iterdir()) == []


def test_leaving_without_commit_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"what was there")
    with StemWriter(path, FORMATS["wav24"], rate=44100, channels=1, frames=10) as writer:
        writer.write(np.zeros((10, 1), np.float32))
    assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]
    assert path.read_bytes() == b"what was there"


def test_the_name_appears_only_with_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with StemWriter(path, FORMATS["wav32f"], rate=44100, channels=1, frames=10) as writer:
        writer.write(np.zeros((10, 1), np.float32))
        assert not path.exists()
        assert writer.commit() == path
    assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]


def test_large_files_become_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = noise(1000, 2)
    monkeypatch.setattr(writers, "WAV_LIMIT", 8000)
    assert soundfile.info(str(write(tmp_path / "a.wav", "wav32f", x))).format == "RF64"
    assert np.array_equal(read(tmp_path / "a.wav"), x)
    assert soundfile.info(str(write(tmp_path / "b.wav", "wav24", x))).format == "WAV"


def test_names_may_be_long_and_foreign(tmp_path: Path) -> None:
    x = noise(100, 1, peak=0.5)
    stem = "Ünï çödé 音楽 - vocals"
    for name in EXACT:
        long = stem + "x" * (240 - len(os.fsencode(stem)))
        path = tmp_path / f"{long}.{FORMATS[name].extension}"
        assert len(read(write(path, name, x))) == 100


@pytest.mark.parametrize(
    ("name", "channels", "rate"), [("flac24", 9, 44100), ("mp3", 3, 44100), ("mp3", 2, 96000)]
)
def test_what_a_format_cannot_hold_is_refused(name: str, channels: int, rate: int, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        StemWriter(tmp_path / "a.x", FORMATS[name], rate=rate, channels=channels, frames=10)
    assert list(tmp_path.iterdir()) == []


def test_more_than_eight_channels_and_odd_rates_fit_into_wav(tmp_path: Path) -> None:
    x = noise(500, 24)
    path = write(tmp_path / "a.wav", "wav32f", x, rate=50_001)
    assert np.array_equal(read(path), x)
    assert soundfile.info(str(path)).samplerate == 50_001


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder") as caught:
        StemWriter(tmp_path / "no" / "a.wav", FORMATS["wav32f"], rate=44100, channels=1, frames=1)
    assert caught.value.code == "store"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError) as caught:
            StemWriter(tmp_path / "a.wav", FORMATS["wav32f"], rate=44100, channels=1, frames=1)
    finally:
        tmp_path.chmod(0o700)
    assert caught.value.code == "output_readonly"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "no_space"), (errno.EFBIG, "no_space"), (errno.EACCES, "output_readonly"),
        (errno.EROFS, "output_readonly"), (errno.ENOENT, "store"), (errno.ENAMETOOLONG, "store"),
        (errno.EIO, "store"),
    ],
)  # fmt: skip
def test_every_refusal_of_the_disk_has_its_code_and_a_remedy(number: int, code: str, tmp_path: Path) -> None:
    error = storage.store_error(OSError(number, os.strerror(number)), tmp_path / "a.wav")
    assert error.code == code
    assert error.message.endswith(".")
    assert error.hint


@pytest.mark.parametrize("name", ["wav32f", "wav24", "flac24", "mp3"])
def test_a_disk_that_takes_no_more_is_noticed_by_every_encoder(name: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    x = noise(400_000, 2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write_under_limit() -> None:
        with StemWriter(tmp_path / "a.x", FORMATS[name], rate=44100, channels=2, frames=len(x)) as writer:
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
                for start in range(0, len(x), 50_000):
                    writer.write(x[start : start + 50_000])
                writer.commit()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with pytest.raises(StoreError) as caught:
        write_under_limit()
    assert caught.value.code == "no_space"
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def peak(blocks: int) -> int:
        block = noise(65536, 2, peak=0.5)
        tracemalloc.start()
        with StemWriter(
            tmp_path / "a.flac", FORMATS["flac16"], rate=44100, channels=2, frames=65536 * blocks
        ) as writer:
            for _ in range(blocks):
                writer.write(block)
            writer.commit()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(20) < peak(2) + 500_000
