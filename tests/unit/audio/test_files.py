"""Reading: any stretch is a slice of the whole, and bad input gets a sentence."""

from __future__ import annotations

import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.model.errors import CODES, InputError

KINDS = (
    ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"), ("WAV", "ALAW"), ("WAV", "ULAW"), ("WAVEX", "PCM_24"), ("RF64", "FLOAT"),
    ("W64", "PCM_24"), ("CAF", "PCM_24"), ("CAF", "ALAC_24"), ("AIFF", "PCM_16"), ("AIFF", "FLOAT"),
    ("AU", "PCM_16"), ("AU", "FLOAT"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"),
)  # fmt: skip
LOSSY = (("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"))
RATES = (8000, 22050, 44100, 96000, 192000)


def tones(frames: int, channels: int, rate: int = 44100, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    angle = np.arange(frames)[:, np.newaxis] / rate * rng.uniform(200, 3000, channels) * 2 * np.pi
    return (0.4 * np.sin(angle) + 0.05 * rng.standard_normal((frames, channels))).astype(np.float32)


def put(folder: Path, x: NDArray[np.float32], kind: tuple[str, str], rate: int = 44100) -> Path:
    path = folder / f"source.{kind[0].lower()}"
    with soundfile.SoundFile(str(path), "w", rate, x.shape[1], format=kind[0], subtype=kind[1]) as file:
        for start in range(0, len(x), 65536):
            file.write(x[start : start + 65536])
    return path


def take(
    info: SourceInfo, first: int = 0, frames: int | None = None, block: int = 65536
) -> NDArray[np.float32]:
    count = info.frames - first if frames is None else frames
    blocks = list(read_blocks(info, first, count, block_frames=block))
    assert all(0 < len(one) <= block for one in blocks)
    assert all(one.dtype == np.float32 for one in blocks)
    found = np.concatenate([np.zeros((0, info.channels), np.float32), *blocks])
    assert len(found) == count
    return found


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(KINDS), st.sampled_from(RATES), st.integers(1, 5000), st.integers(1, 8), st.data(),
)  # fmt: skip
def test_any_stretch_of_a_lossless_file_is_a_slice_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    kind: tuple[str, str],
    rate: int,
    frames: int,
    channels: int,
    data: st.DataObject,
) -> None:
    path = put(tmp_path_factory.mktemp("f"), tones(frames, channels, rate), kind, rate)
    info = inspect(path)
    assert (info.frames, info.rate, info.channels) == (frames, rate, channels)
    assert (info.reader, info.exact, info.path) == ("soundfile", True, path)
    assert info.lossy == (kind[1] in {"ALAW", "ULAW"})
    whole = soundfile.read(str(path), always_2d=True, dtype="float32")[0]
    first = data.draw(st.integers(0, frames))
    count = data.draw(st.integers(0, frames - first))
    block = data.draw(st.integers(1, 5000))
    assert np.array_equal(take(info, first, count, block), whole[first : first + count])


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(LOSSY), st.integers(1, 60_000), st.integers(1, 2), st.data())
def test_any_stretch_of_a_lossy_file_is_a_slice_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    kind: tuple[str, str],
    frames: int,
    channels: int,
    data: st.DataObject,
) -> None:
    path = put(tmp_path_factory.mktemp("f"), tones(frames, channels, 48000), kind, 48000)
    info = inspect(path)
    assert (info.frames, info.rate, info.lossy) == (frames, 48000, True)
    whole = take(info)
    first = data.draw(st.integers(0, frames))
    count = data.draw(st.integers(0, frames - first))
    found = take(info, first, count, data.draw(st.integers(100, 9000)))
    # A decoder that starts in the middle rounds the last bit of a sample otherwise; Opus converges.
    most = 2e-3 if kind[1] == "OPUS" else 1e-6
    assert np.allclose(found, whole[first : first + count], atol=most, rtol=0)


def test_overs_are_kept(tmp_path: Path) -> None:
    x = np.array([[3.5, -2.0]] * 10, np.float32)
    assert np.array_equal(take(inspect(put(tmp_path, x, ("WAV", "DOUBLE")))), x)


def test_many_channels_and_foreign_names(tmp_path: Path) -> None:
    folder = tmp_path / "Ünï çödé 音楽 (1) '"
    folder.mkdir()
    x = tones(300, 12)
    path = put(folder, x, ("WAV", "FLOAT"))
    path = path.rename(folder / ("ñ" * 120 + ".wav"))
    assert np.array_equal(take(inspect(path)), x)


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_a_name_that_is_no_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    try:
        put(tmp_path, tones(100, 1), ("WAV", "FLOAT")).rename(path)
    except OSError:
        pytest.skip("this file system wants text")
    assert inspect(path).frames == 100


def test_a_stretch_outside_the_file_is_the_callers_fault(tmp_path: Path) -> None:
    info = inspect(put(tmp_path, tones(100, 1), ("WAV", "FLOAT")))
    for first, frames in ((-1, 5), (0, 101), (100, 1), (5, -1)):
        with pytest.raises(ValueError, match="of 100"):
            list(read_blocks(info, first, frames))


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        inspect(path)
    error = caught.value
    assert CODES[error.code][0] is InputError
    assert error.message.endswith(".")
    assert error.hint
    return error


def test_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.wav").code == "source_missing"
    assert refusal(tmp_path / ("x" * 400)).code == "source_missing"
    assert refusal(tmp_path / "a\0b.wav").code == "source_missing"
    assert refusal(tmp_path).code == "source_not_file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    codes: list[str] = []
    asking = threading.Thread(target=lambda: codes.append(refusal(pipe).code), daemon=True)
    asking.start()
    asking.join(10)
    assert codes == ["source_not_file"]
    assert refusal(Path(os.devnull)).code == "source_not_file"


def test_nothing_inside(tmp_path: Path) -> None:
    (tmp_path / "zero.wav").write_bytes(b"")
    assert refusal(tmp_path / "zero.wav").code == "source_empty"
    for kind in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("AIFF", "PCM_16")):
        assert refusal(put(tmp_path, np.zeros((0, 2), np.float32), kind)).code == "source_empty"


@pytest.mark.parametrize("name", ["words.wav", "words.mp3", "words.flac", "words.raw", "words.m4a", "words"])
def test_text_under_another_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("These are not the samples you are looking for.\n" * 50)
    error = refusal(path)
    assert error.code == "source_unreadable"
    assert "FLAC" in error.hint


def test_other_things_that_ffmpeg_would_open(tmp_path: Path) -> None:
    for name, content in (
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nsecret.wav\n"),
        ("cat.ffconcat", b"ffconcat version 1.0\nfile secret.wav\n"),
        ("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(500)),
    ):
        (tmp_path / name).write_bytes(content)
        assert refusal(tmp_path / name).code == "source_unreadable"


@pytest.mark.parametrize(
    "kind",
    [
        ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAVEX", "PCM_24"), ("RF64", "FLOAT"), ("W64", "PCM_24"),
        ("AIFF", "PCM_16"), ("AU", "FLOAT"), ("CAF", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
    ],
)  # fmt: skip
def test_a_file_that_was_cut_is_refused(kind: tuple[str, str], tmp_path: Path) -> None:
    path = put(tmp_path, tones(48000, 2, 48000), kind, 48000)
    content = path.read_bytes()
    assert inspect(path).frames == 48000
    for keep in (len(content) // 2, len(content) - 400):
        path.write_bytes(content[:keep])
        assert refusal(path).code == "source_damaged"


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_cut_flac_is_noticed_when_it_is_read(keep: float, tmp_path: Path) -> None:
    path = put(tmp_path, tones(200_000, 2), ("FLAC", "PCM_16"))
    whole = take(inspect(path))
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    info = inspect(path)
    assert info.frames == 200_000
    blocks: list[NDArray[np.float32]] = []
    with pytest.raises(InputError) as caught:
        blocks.extend(read_blocks(info, 0, info.frames, block_frames=5000))
    assert caught.value.code == "source_damaged"
    good = np.concatenate(blocks)
    assert len(good) < 200_000
    assert np.array_equal(good, whole[: len(good)])
    assert len(take(info, 0, 20_000)) == 20_000


def test_a_length_that_a_pipe_could_not_know_is_no_damage(tmp_path: Path) -> None:
    path = put(tmp_path, tones(1000, 1), ("WAV", "PCM_16"))
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    for unknown in (0xFFFFFFFF, 0x7FFFF000):
        content[at : at + 4] = unknown.to_bytes(4, "little")
        path.write_bytes(content)
        assert inspect(path).frames == 1000


def test_a_flac_that_does_not_say_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    for frames in (2, 4095, 4096, 50_000):
        x = tones(frames, 2)
        path = put(tmp_path, x, ("FLAC", "PCM_16"))
        whole = take(inspect(path))
        content = bytearray(path.read_bytes())
        content[21] &= 0xF0
        content[22:26] = bytes(4)
        path.write_bytes(content)
        info = inspect(path)
        assert (info.frames, info.exact) == (frames, False)
        assert "how long" in info.note
        assert np.array_equal(take(info), whole)
        assert np.array_equal(take(info, frames - 1, 1), whole[-1:])


def test_a_lost_or_damaged_ogg_page_is_noticed(tmp_path: Path) -> None:
    path = put(tmp_path, tones(400_000, 2), ("OGG", "VORBIS"))
    content = path.read_bytes()
    pages = [at for at in range(len(content)) if content.startswith(b"OggS", at)]
    assert len(pages) > 8
    for broken in (
        content[: pages[5]] + content[pages[6] :],
        content[: pages[5] + 200] + bytes([content[pages[5] + 200] ^ 1]) + content[pages[5] + 201 :],
    ):
        path.write_bytes(broken)
        assert refusal(path).code == "source_damaged"
    path.write_bytes(content[: pages[-1]])
    info = inspect(path)
    assert not info.exact
    assert "cut short" in info.note
    path.write_bytes(content + b"TAG and the like")
    assert inspect(path).frames == 400_000


def test_a_wav_whose_header_counts_modulo_4_gib_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, tones(1000, 2), ("WAV", "PCM_16"))
    with path.open("r+b") as file:
        file.truncate((1 << 32) + 4044)  # sparse
    error = refusal(path)
    assert error.code == "source_damaged"
    assert "4 GiB" in error.message


def test_a_file_that_shrinks_between_looking_and_reading_is_noticed(tmp_path: Path) -> None:
    path = put(tmp_path, tones(100_000, 1), ("WAV", "PCM_16"))
    info = inspect(path)
    put(tmp_path, tones(50_000, 1), ("WAV", "PCM_16"))
    with pytest.raises(InputError) as caught:
        take(info)
    assert caught.value.code == "source_damaged"
    path.unlink()
    with pytest.raises(InputError):
        take(info)


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    path = put(tmp_path, tones(2_000_000, 2), ("FLAC", "PCM_16"))
    info = inspect(path)

    def peak(frames: int) -> int:
        tracemalloc.start()
        assert sum(len(block) for block in read_blocks(info, 0, frames)) == frames
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100_000)
    assert peak(2_000_000) < peak(200_000) + 500_000
