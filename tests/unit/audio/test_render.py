"""Rendering: the region's own samples in a file, measured, and recognised again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio import writers
from stembridge.audio.files import inspect
from stembridge.audio.render import RegionFile, render, verify
from stembridge.model.errors import Cancelled, InputError
from stembridge.model.regions import Region, select


def sound(frames: int, channels: int = 2, seed: int = 0, peak: float = 1.5) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-peak, peak, (frames, channels)).astype(np.float32)


def source(folder: Path, x: NDArray[np.float32], rate: int = 44100, subtype: str = "FLOAT") -> Path:
    path = folder / "source.wav"
    soundfile.write(str(path), x, rate, subtype=subtype, format="WAV")
    return path


def region_of(path: Path, first: int = 0, frames: int | None = None) -> Region:
    info = inspect(path)
    return select(
        str(path), total_frames=info.frames, rate=info.rate, channels=info.channels,
        first_frame=first, frames=frames,
    )  # fmt: skip


def run(region: Region, folder: Path) -> RegionFile:
    return render(region, folder, lambda _done, _total: None, lambda: False)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 150_000), st.integers(1, 3), st.data())
def test_the_file_holds_the_regions_samples_and_their_measures(
    tmp_path_factory: pytest.TempPathFactory, total: int, channels: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("r")
    first = data.draw(st.integers(0, total - 1))
    frames = data.draw(st.integers(1, total - first))
    x = sound(total, channels)
    found = run(region_of(source(folder, x), first, frames), folder)
    wanted = x[first : first + frames]
    assert np.array_equal(soundfile.read(str(found.path), always_2d=True, dtype="float32")[0], wanted)
    assert (found.frames, found.rate, found.channels) == (frames, 44100, channels)
    assert found.peak == float(np.abs(wanted).max())
    assert found.rms == pytest.approx(float(np.sqrt(np.mean(wanted.astype(np.float64) ** 2))), rel=1e-9)
    assert found.sha256 == hashlib.sha256(wanted.astype("<f4").tobytes()).hexdigest()
    assert not found.silent
    assert verify(found)


def test_rendering_again_gives_the_same_and_tells_how_far_it_is(tmp_path: Path) -> None:
    region = region_of(source(tmp_path, sound(200_000)))
    steps: list[tuple[int, int]] = []
    one = render(region, tmp_path, lambda done, total: steps.append((done, total)), lambda: False)
    assert one == run(region, tmp_path)
    assert steps[-1] == (200_000, 200_000)
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})


def test_silence_is_silent(tmp_path: Path) -> None:
    found = run(region_of(source(tmp_path, np.zeros((1000, 1), np.float32))), tmp_path)
    assert found.silent
    assert (found.peak, found.rms) == (0.0, 0.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_no_number_is_named(bad: float, tmp_path: Path) -> None:
    x = sound(150_000)
    x[88200, 1] = bad
    x[90000, 0] = np.nan
    path = source(tmp_path, x)
    with pytest.raises(InputError, match=r"frame 88200 \(2\.000 s\)") as caught:
        run(region_of(path, 500), tmp_path)
    assert caught.value.code == "source_not_finite"
    assert [one.name for one in tmp_path.iterdir()] == ["source.wav"]
    assert run(region_of(path, 0, 88200), tmp_path).frames == 88200


def test_values_too_large_for_float32_are_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "source.wav"
    soundfile.write(str(path), np.array([[0.0], [1e300]]), 44100, subtype="DOUBLE")
    with pytest.raises(InputError, match="frame 1"):
        run(region_of(path), tmp_path)


@pytest.mark.parametrize("change", ["shorter", "rate", "channels"])
def test_a_source_that_changed_is_refused(change: str, tmp_path: Path) -> None:
    region = region_of(source(tmp_path, sound(1000)))
    if change == "shorter":
        source(tmp_path, sound(999))
    elif change == "rate":
        source(tmp_path, sound(1000), rate=48000)
    else:
        source(tmp_path, sound(1000, 1))
    with pytest.raises(InputError) as caught:
        run(region, tmp_path)
    assert caught.value.code == "source_changed"


@pytest.mark.parametrize("after", [0, 1, 2])
def test_cancelling_leaves_nothing(after: int, tmp_path: Path) -> None:
    region = region_of(source(tmp_path, sound(200_000)))
    asked = iter([False] * after + [True])
    with pytest.raises(Cancelled):
        render(region, tmp_path, lambda _done, _total: None, lambda: next(asked))
    assert [one.name for one in tmp_path.iterdir()] == ["source.wav"]


def test_a_file_that_is_not_the_rendered_one_is_recognised(tmp_path: Path) -> None:
    x = sound(100_000)
    found = run(region_of(source(tmp_path, x)), tmp_path)
    assert verify(found)
    assert not verify(replace(found, frames=99_999))
    assert not verify(replace(found, sha256="0" * 64))
    x[50_000, 0] += 0.25
    soundfile.write(str(found.path), x, 44100, subtype="FLOAT")
    assert not verify(found)
    found.path.write_bytes(found.path.read_bytes()[:1000])
    assert not verify(found)
    found.path.unlink()
    assert not verify(found)


def test_large_regions_become_rf64_and_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "WAV_LIMIT", 1000)
    found = run(region_of(source(tmp_path, sound(1000))), tmp_path)
    assert soundfile.info(str(found.path)).format == "RF64"
    assert verify(found)


def test_the_module_loads_without_the_heavy_packages() -> None:
    heavy = "{'numpy', 'soundfile', 'soxr', 'av', 'pydub', 'scipy'} & set(sys.modules)"
    code = f"import sys, stembridge.audio.render, stembridge.audio.files; print({heavy} or 'none')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "none"


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    path = tmp_path / "source.wav"
    block = sound(65536)
    with soundfile.SoundFile(str(path), "w", 44100, 2, subtype="FLOAT") as file:
        for _ in range(40):
            file.write(block)

    def peak(frames: int) -> int:
        region = region_of(path, 0, frames)
        tracemalloc.start()
        assert verify(run(region, tmp_path))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(65536)
    assert peak(40 * 65536) < peak(3 * 65536) + 500_000
