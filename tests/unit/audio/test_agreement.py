"""Agreement: a host's reading of a compressed file against ours, by real coded files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from stembridge.audio.agreement import LONGEST, WINDOW, find_offset
from stembridge.audio.files import inspect, read_blocks
from stembridge.model.errors import TransferError

RATE = 44_100
Samples = NDArray[np.float32]


def music(frames: int, channels: int = 2, seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    noise = np.cumsum(rng.normal(0, 0.02, (frames, channels)), axis=0)
    noise -= np.linspace(noise[0], noise[-1], frames)
    beat = (np.arange(frames) % 9001 < 400)[:, None] * rng.normal(0, 0.3, (frames, channels))
    both = noise / np.abs(noise).max() * 0.4 + beat
    return np.asarray(both / np.abs(both).max() * 0.8, np.float32)


def coded(folder: Path, x: Samples, kind: str = "mp3") -> Path:
    path = folder / f"song.{kind}"
    formats = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS"), "wav": ("WAV", "PCM_16")}
    container, codec = formats[kind]
    soundfile.write(str(path), x, RATE, format=container, subtype=codec)
    return path


def decoded(path: Path) -> Samples:
    info = inspect(path)
    return np.concatenate(list(read_blocks(info, 0, info.frames)))


def witness(folder: Path, x: Samples, rate: int = RATE) -> Path:
    path = folder / "check.wav"
    soundfile.write(str(path), x, rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize("kind", ["mp3", "ogg"])
@pytest.mark.parametrize("offset", [0, 1, -1, 529, -529, 1105, -1105, 2257, -WINDOW, WINDOW])
def test_the_hosts_count_is_found_from_coded_files(tmp_path: Path, kind: str, offset: int) -> None:
    path = coded(tmp_path, music(6 * RATE), kind)
    ours = decoded(path)
    first = 2 * RATE  # by the host's count: its frame n is our frame n + offset
    heard = ours[first + offset : first + offset + 2 * RATE]
    noise = np.random.default_rng(0).normal(0, 1e-4, heard.shape)  # another decoder's rounding
    check = witness(tmp_path, np.asarray(heard + noise, np.float32))
    assert find_offset(inspect(path), check, first) == offset


def test_a_host_that_reads_more_at_the_start(tmp_path: Path) -> None:
    path = coded(tmp_path, music(3 * RATE))
    heard = np.concatenate((np.zeros((1105, 2), np.float32), decoded(path)))[: 2 * RATE]
    assert find_offset(inspect(path), witness(tmp_path, heard), 0) == -1105


def test_a_host_that_reads_more_at_the_end(tmp_path: Path) -> None:
    path = coded(tmp_path, music(3 * RATE))
    ours = decoded(path)
    heard = np.concatenate((ours[-RATE:], np.zeros((700, 2), np.float32)))
    assert find_offset(inspect(path), witness(tmp_path, heard), len(ours) - RATE + 300) == -300


def test_no_more_than_some_seconds_are_read(tmp_path: Path) -> None:
    x = music((LONGEST + 3) * RATE)
    path = coded(tmp_path, x, "wav")
    heard = decoded(path)
    heard[LONGEST * RATE + 5 :] = 0  # not looked at any more
    assert find_offset(inspect(path), witness(tmp_path, heard), 0) == 0


@pytest.mark.parametrize("damage", ["another song", "half a frame", "louder", "mirrored", "far off"])
def test_what_is_not_the_same_sound_is_refused(tmp_path: Path, damage: str) -> None:
    path = coded(tmp_path, music(4 * RATE))
    heard = decoded(path)[RATE : 3 * RATE].astype(np.float64)
    if damage == "another song":
        heard = music(2 * RATE, seed=9).astype(np.float64)
    elif damage == "half a frame":
        heard = (heard + np.roll(heard, 1, axis=0)) / 2 + np.diff(heard, axis=0, append=0) * 0.4
    elif damage == "louder":
        heard *= 1.2
    elif damage == "mirrored":
        heard = -heard
    else:
        heard = decoded(path)[RATE + WINDOW + 50 : RATE + WINDOW + 50 + RATE // 2].astype(np.float64)
    with pytest.raises(TransferError, match="don't read the compressed file") as caught:
        find_offset(inspect(path), witness(tmp_path, heard.astype(np.float32)), RATE)
    assert caught.value.code == "alignment"
    assert "as it is heard" in caught.value.hint


def test_what_repeats_itself_is_refused(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 441 * np.arange(4 * RATE) / RATE)[:, None] * [0.5, 0.4]
    path = coded(tmp_path, tone.astype(np.float32), "wav")
    heard = decoded(path)[RATE : 2 * RATE]
    with pytest.raises(TransferError, match="repeats itself"):
        find_offset(inspect(path), witness(tmp_path, heard), RATE)


@pytest.mark.parametrize("frames", [100, RATE])
def test_too_little_to_tell_is_refused(tmp_path: Path, frames: int) -> None:
    path = coded(tmp_path, music(3 * RATE))
    heard = decoded(path)[:frames] if frames == 100 else np.zeros((frames, 2), np.float32)
    with pytest.raises(TransferError, match="too short or silent"):
        find_offset(inspect(path), witness(tmp_path, heard), 0)


@pytest.mark.parametrize(("channels", "rate"), [(1, RATE), (2, 48_000)])
def test_another_shape_is_refused(tmp_path: Path, channels: int, rate: int) -> None:
    path = coded(tmp_path, music(3 * RATE))
    check = witness(tmp_path, music(RATE, channels), rate)
    with pytest.raises(TransferError, match=f"{channels} channels? at {rate} Hz"):
        find_offset(inspect(path), check, 0)
