"""Files as real encoders write them, and as accidents leave them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio import files
from stembridge.audio.codecs import decode_av, decode_ffmpeg, ffmpeg
from stembridge.audio.codecs.mpeg import scan
from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.audio.writers import StemWriter
from stembridge.model.errors import InputError
from stembridge.model.formats import FORMATS
from tests.programs import need

RATE = 44100
UNTAGGED_DELAY = 1105
READERS = ("av", "ffmpeg")


def music(frames: int, channels: int = 2, rate: int = RATE, seed: int = 0) -> NDArray[np.float32]:
    """Tones that come and go (so that a varying bit rate varies) under a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, np.newaxis] / rate
    loud = np.where((time // 0.7) % 2 < 1, 1.0, 0.02)
    x = 0.3 * np.sin(2 * np.pi * (300 + 40 * np.arange(channels)) * time * (1 + 0.2 * time))
    return ((x + 0.1 * rng.standard_normal((frames, channels))) * loud).astype(np.float32)


def lag(original: NDArray[np.float32], decoded: NDArray[np.float32], most: int = 3000) -> int:
    """Give by how many frames ``decoded`` starts later, from the peak of their correlation."""
    count = min(len(original), len(decoded))
    a, b = original[:count, 0].astype(np.float64), decoded[:count, 0].astype(np.float64)
    size = 1 << (2 * count).bit_length()
    curve = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    return int(np.argmax(np.concatenate([curve[-most:], curve[: most + 1]]))) - most


def call(program: str, *arguments: str | Path) -> None:
    subprocess.run([need(program), *map(str, arguments)], check=True, capture_output=True)


def wav(folder: Path, x: NDArray[np.float32], rate: int = RATE) -> Path:
    path = folder / "x.wav"
    soundfile.write(str(path), x, rate, subtype="PCM_16")
    return path


def take(
    info: SourceInfo, first: int = 0, frames: int | None = None, block: int = 65536
) -> NDArray[np.float32]:
    count = info.frames - first if frames is None else frames
    found = np.concatenate(list(read_blocks(info, first, count, block_frames=block)))
    assert len(found) == count
    return found


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        take(inspect(path))
    assert caught.value.hint
    return caught.value


@pytest.fixture
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let only one of the two decoders for m4a and video be there."""
    name = str(request.param)
    if name == "ffmpeg":
        need("ffmpeg")
        need("ffprobe")
    else:
        pytest.importorskip("av")
    monkeypatch.setattr(decode_av, "available", lambda: name == "av")
    if name == "av":
        monkeypatch.setattr(decode_ffmpeg, "available", lambda: False)
    files._inspect.cache_clear()
    yield name
    files._inspect.cache_clear()


LAME = {
    "vbr": ("-V2",),
    "vbr without a header": ("-V2", "-t"),
    "cbr": ("-b", "128"),
    "cbr without a header": ("-b", "128", "-t"),
    "abr without a header": ("--abr", "190", "-t"),
    "with checksums": ("-b", "128", "-p"),
    "mono": ("-b", "96", "-m", "m"),
    "MPEG 2 without a header": ("-b", "64", "--resample", "22.05", "-t"),
    "MPEG 2.5 without a header": ("-b", "32", "--resample", "8", "-m", "m", "-t"),
}


@pytest.mark.parametrize("kind", LAME)
def test_mp3_is_whole_and_any_stretch_is_a_slice(kind: str, tmp_path: Path) -> None:
    frames = 6 * RATE + 123
    x = music(frames)
    path = tmp_path / "x.mp3"
    call("lame", "--quiet", *LAME[kind], wav(tmp_path, x), path)
    info = inspect(path)
    layout = scan(path)
    assert layout is not None
    assert info.exact
    whole = take(info)
    if "without" in kind:
        # Every whole frame counts, and players start with the encoder's delay.
        assert info.frames == layout.count * layout.samples_per_frame
        assert info.frames * RATE >= frames * info.rate
    else:
        assert info.frames == frames
    if info.rate == RATE:
        assert lag(x, whole) == (UNTAGGED_DELAY if "without" in kind else 0)
    for first, count in (
        (0, 1),
        (1, 5000),
        (1151, 2),
        (100_000 * info.rate // RATE, 3000),
        (info.frames - 7, 7),
    ):
        stretch = take(info, first, count, 700)
        assert np.allclose(stretch, whole[first : first + count], atol=1e-6, rtol=0)


def test_soundfile_alone_cuts_a_vbr_mp3_without_a_header_short(tmp_path: Path) -> None:
    """The reason for counting frames; when this fails, libsndfile has learnt to."""
    call("lame", "--quiet", "-V2", "-t", wav(tmp_path, music(6 * RATE)), tmp_path / "x.mp3")
    assert soundfile.info(str(tmp_path / "x.mp3")).frames != inspect(tmp_path / "x.mp3").frames


def test_mp3_agrees_with_ffmpeg_sample_by_sample(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    call("lame", "--quiet", "-V2", "-t", wav(tmp_path, music(3 * RATE)), path)
    raw = tmp_path / "x.raw"
    call("ffmpeg", "-v", "error", "-i", path, "-f", "f32le", raw)
    other = np.fromfile(raw, "<f4").reshape(-1, 2)
    found = take(inspect(path))
    assert found.shape == other.shape
    assert np.allclose(found, other, atol=5e-6, rtol=0)


def test_mp3_tags_around_the_sound_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    call("lame", "--quiet", "-V2", "-t", wav(tmp_path, music(2 * RATE)), path)
    plain = take(inspect(path))
    content = path.read_bytes()
    id3 = b"ID3\x03\x00\x00" + bytes([0, 0, 2, 10]) + bytes(266)
    for around in (id3 + content, content + b"TAG" + bytes(125), id3 + content + b"APETAGEX" + bytes(90)):
        path.write_bytes(around)
        assert np.allclose(take(inspect(path)), plain, atol=1e-6)


@pytest.mark.parametrize("tagged", [True, False])
def test_a_damaged_mp3_is_refused(tagged: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    call("lame", "--quiet", "-b", "128", *([] if tagged else ["-t"]), wav(tmp_path, music(8 * RATE)), path)
    content = path.read_bytes()
    middle = len(content) // 2
    dirt = np.random.default_rng(0).bytes(3000)
    for name, broken in {
        "garbage": content[:middle] + dirt + content[middle + 3000 :],
        "zeros": content[:middle] + bytes(3000) + content[middle + 3000 :],
        "a piece lost": content[:middle] + content[middle + 3001 :],
        "a piece inserted": content[:middle] + dirt + content[middle:],
    }.items():
        path.write_bytes(broken)
        error = refused(path)
        assert error.code == "source_damaged", name
        assert " s in" in error.message, name


def test_a_cut_mp3_is_refused_where_a_header_tells_and_noted_where_none_does(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    source = wav(tmp_path, music(4 * RATE))
    call("lame", "--quiet", "-b", "128", source, path)
    path.write_bytes(path.read_bytes()[:30_001])
    assert "cut short" in refused(path).message
    call("lame", "--quiet", "-b", "128", "-t", source, path)
    whole = take(inspect(path))
    path.write_bytes(path.read_bytes()[:30_001])
    info = inspect(path)
    assert not info.exact
    assert "cut short" in info.note
    assert np.allclose(take(info), whole[: info.frames], atol=1e-6)


def test_joined_mp3s_are_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    x = music(3 * RATE)
    call("lame", "--quiet", "-b", "128", wav(tmp_path, x), path)
    one = take(inspect(path))
    path.write_bytes(path.read_bytes() * 2)
    info = inspect(path)
    assert info.frames > 2 * len(one)
    assert np.allclose(take(info, 0, len(one) - 2000), one[:-2000], atol=1e-6)


@settings(deadline=None, max_examples=12)
@given(
    st.sampled_from((8000, 11025, 22050, 32000, 44100, 48000)), st.integers(1, 2), st.integers(1, 30_000),
    st.integers(0, 1000),
)  # fmt: skip
def test_our_mp3_starts_on_the_first_frame_and_has_the_length(
    tmp_path_factory: pytest.TempPathFactory, rate: int, channels: int, frames: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("w") / "a.mp3"
    x = music(frames, channels, rate, seed)
    with StemWriter(path, FORMATS["mp3"], rate=rate, channels=channels, frames=frames) as writer:
        writer.write(x)
        writer.commit()
    info = inspect(path)
    assert (info.frames, info.rate, info.channels) == (frames, rate, channels)
    found = take(info)
    if frames > 8000:
        assert lag(x, found) == 0


@pytest.mark.parametrize("encoder", READERS)
@pytest.mark.parametrize("reader", READERS, indirect=True)
@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44100, 2), (96000, 2)])
def test_our_m4a_starts_on_the_first_frame(
    encoder: str, reader: str, rate: int, channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for frames in (1, 30_001):
        path = tmp_path / f"{frames}.m4a"
        x = music(frames, channels, rate)
        with monkeypatch.context() as only:
            if encoder == "av":
                pytest.importorskip("av")
                only.setattr(ffmpeg, "find", lambda _program="ffmpeg": None)
                only.setattr(decode_av, "available", lambda: True)
            else:
                need("ffmpeg")
            with StemWriter(path, FORMATS["m4a"], rate=rate, channels=channels, frames=frames) as writer:
                for start in range(0, frames, 777):
                    writer.write(x[start : start + 777])
                writer.commit()
        info = inspect(path)
        assert (info.reader, info.codec, info.lossy) == (reader, "aac", True)
        assert (info.rate, info.channels) == (rate, channels)
        assert frames <= info.frames < frames + 1024
        found = take(info)
        if frames > 8000:
            assert lag(x, found) == 0
            assert np.corrcoef(x[:, 0], found[:frames, 0])[0, 1] > 0.9
            assert np.array_equal(take(info, 12_345, 1000, 300), found[12_345:13_345])


def test_m4a_without_an_encoder_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "find", lambda _program="ffmpeg": None)
    monkeypatch.setattr(decode_av, "available", lambda: False)
    with pytest.raises(InputError) as caught:
        StemWriter(tmp_path / "a.m4a", FORMATS["m4a"], rate=44100, channels=2, frames=5)
    assert caught.value.code == "decoder_missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reader", READERS, indirect=True)
def test_video_gives_its_default_audio_track(reader: str, tmp_path: Path) -> None:
    one, two = music(2 * RATE, seed=1), music(2 * RATE, seed=2)
    soundfile.write(str(tmp_path / "1.wav"), one, RATE, subtype="FLOAT")
    soundfile.write(str(tmp_path / "2.wav"), two, RATE, subtype="FLOAT")
    inputs = ("-f", "lavfi", "-i", "testsrc=d=2:s=64x48", "-i", tmp_path / "1.wav", "-i", tmp_path / "2.wav")
    path = tmp_path / "film.mkv"
    call(
        "ffmpeg", "-v", "error", *inputs, "-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4",
        "-c:a", "pcm_f32le", "-disposition:a:0", "0", "-disposition:a:1", "default", path,
    )  # fmt: skip
    info = inspect(path)
    assert (info.reader, info.container, info.lossy) == (reader, "matroska", False)
    assert "2 audio tracks; number 2" in info.note
    assert np.array_equal(take(info), two)
    assert np.array_equal(take(info, 50_000, 10_000, 999), two[50_000:60_000])


@pytest.mark.parametrize("reader", READERS, indirect=True)
@pytest.mark.parametrize("codec", ["alac", "flac"])
def test_lossless_in_mp4_is_exact(reader: str, codec: str, tmp_path: Path) -> None:
    x = music(30_000)
    source = wav(tmp_path, x)
    call("ffmpeg", "-v", "error", "-i", source, "-c:a", codec, "-strict", "-2", tmp_path / "x.mp4")
    info = inspect(tmp_path / "x.mp4")
    assert not info.lossy
    assert np.array_equal(take(info), soundfile.read(str(source), dtype="float32")[0])


@pytest.mark.parametrize("reader", READERS, indirect=True)
def test_media_that_cannot_be_used_is_a_sentence(reader: str, tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    call("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x48", "-c:v", "mpeg4", silent)
    assert refused(silent).code == "source_empty"
    path = tmp_path / "x.m4a"
    encoded = ("-c:a", "aac", "-movflags", "+faststart")
    call("ffmpeg", "-v", "error", "-i", wav(tmp_path, music(4 * RATE)), *encoded, path)
    content = path.read_bytes()
    assert inspect(path).frames >= 4 * RATE
    broken = bytearray(content)
    broken[len(content) // 2 : len(content) // 2 + 400] = np.random.default_rng(0).bytes(400)
    for bad in (content[: len(content) // 2], bytes(broken)):
        path.write_bytes(bad)
        assert refused(path).code == "source_damaged"


def test_media_without_any_decoder_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_av, "available", lambda: False)
    monkeypatch.setattr(decode_ffmpeg, "available", lambda: False)
    files._inspect.cache_clear()
    path = tmp_path / "x.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(500))
    error = refused(path)
    assert error.code == "decoder_missing"
    assert "stembridge[video]" in error.hint


def test_the_flac_program_and_soundfile_agree(tmp_path: Path) -> None:
    x = music(100_000)
    source = wav(tmp_path, x)
    call("flac", "-s", "-8", "-o", tmp_path / "x.flac", source)
    expected = soundfile.read(str(source), dtype="float32")[0]
    assert np.array_equal(take(inspect(tmp_path / "x.flac")), expected)
    path = tmp_path / "ours.flac"
    with StemWriter(path, FORMATS["flac24"], rate=RATE, channels=2, frames=len(x)) as writer:
        writer.write(x)
        writer.commit()
    call("flac", "-s", "-t", path)


def test_flac_through_a_pipe_has_no_length_and_is_read_to_its_end(tmp_path: Path) -> None:
    source = wav(tmp_path, music(100_001))
    made = subprocess.run(
        [need("ffmpeg"), "-v", "error", "-i", str(source), "-f", "flac", "pipe:1"],
        check=True,
        capture_output=True,
    )
    (tmp_path / "x.flac").write_bytes(made.stdout)
    info = inspect(tmp_path / "x.flac")
    assert (info.frames, info.exact) == (100_001, False)
    assert np.array_equal(take(info), soundfile.read(str(source), dtype="float32")[0])


@pytest.mark.parametrize(("program", "name"), [("oggenc", "x.ogg"), ("opusenc", "x.opus")])
def test_ogg_from_its_own_encoders(program: str, name: str, tmp_path: Path) -> None:
    x = music(3 * 48000, rate=48000)
    source = wav(tmp_path, x, 48000)
    path = tmp_path / name
    call(program, *(("--quiet", "-o", path, source) if program == "oggenc" else ("--quiet", source, path)))
    info = inspect(path)
    assert (info.frames, info.rate, info.exact) == (3 * 48000, 48000, True)
    whole = take(info)
    assert lag(x, whole) == 0
    for first in (1, 9_999, 100_000):
        assert np.allclose(take(info, first, 5000, 500), whole[first : first + 5000], atol=1e-6)
