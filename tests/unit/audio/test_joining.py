"""Stems of parts become stems of the whole."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.audio.joining import JointFacts, join, worst
from stembridge.audio.joints import Cutting, Piece, cut
from stembridge.audio.render import RegionFile
from stembridge.model.errors import Cancelled, TransferError

Samples = NDArray[np.float32]
RATE = 8000


def noise(frames: int, channels: int = 2, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.2, (frames, channels)).astype(np.float32)


def region(folder: Path, samples: Samples) -> RegionFile:
    path = folder / "region.wav"
    sf.write(path, samples, RATE, subtype="FLOAT")
    return RegionFile(path, len(samples), RATE, samples.shape[1], 1.0, 0.2, "")


def parted(folder: Path, cutting: Cutting, samples: Samples, *, alike: bool) -> dict[str, list[Path]]:
    """Split every part in two stems that sum to it; each part with a share of its own unless ``alike``."""
    stems: dict[str, list[Path]] = {"one": [], "other": []}
    for number, part in enumerate(cutting.parts):
        sound = samples[part.first : part.end]
        share = np.float32(0.3 if alike else 0.25 + 0.1 * number)
        for stem, block in (("one", share * sound), ("other", sound - share * sound)):
            path = folder / f"{stem} {number}.wav"
            sf.write(path, block, RATE, subtype="FLOAT")
            stems[stem].append(path)
    return stems


def joined(
    folder: Path,
    samples: Samples,
    cutting: Cutting,
    stems: Mapping[str, Sequence[Path]],
    summed: frozenset[str] = frozenset({"one", "other"}),
) -> tuple[dict[str, Samples], list[JointFacts]]:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    seen: list[tuple[int, int]] = []
    facts = join(
        region(folder, samples), cutting, stems, out,
        summed=summed, progress=lambda done, total: seen.append((done, total)), cancelled=lambda: False,
    )  # fmt: skip
    assert seen[-1] == (len(samples), len(samples))
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{stem}.wav" for stem in stems)
    return {stem: sf.read(out / f"{stem}.wav", dtype="float32", always_2d=True)[0] for stem in stems}, facts


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(20_000, 150_000),
    share=st.floats(0.25, 0.9),
    channels=st.integers(1, 2),
    alike=st.booleans(),
)
def test_stems_that_sum_to_their_parts_sum_to_the_region(
    frames: int, share: float, channels: int, alike: bool
) -> None:
    samples = noise(frames, channels)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cutting = cut(region(folder, samples), max(RATE, int(frames * share)), cancelled=lambda: False)
        stems, facts = joined(folder, samples, cutting, parted(folder, cutting, samples, alike=alike))
    assert all(len(stem) == frames for stem in stems.values())
    left = samples.astype(np.float64) - stems["one"] - stems["other"]
    assert np.abs(left).max() <= 2.0**-23
    assert len(facts) == len(cutting.fades)
    assert all(one.residual_db is not None and one.residual_db <= -135 for one in facts)
    if alike:
        assert np.abs(stems["one"] - np.float32(0.3) * samples).max() <= 1e-7
        assert worst(facts) == -np.inf


def test_outside_the_fades_every_sample_is_that_of_its_part(tmp_path: Path) -> None:
    samples = noise(60_000)
    cutting = Cutting((Piece(0, 40_000), Piece(20_000, 40_000)), (Piece(29_000, 3000),))
    paths = parted(tmp_path, cutting, samples, alike=False)
    stems, facts = joined(tmp_path, samples, cutting, paths)
    first, second = np.float32(0.25) * samples, np.float32(0.35) * samples
    assert np.array_equal(stems["one"][:29_000], first[:29_000])
    assert np.array_equal(stems["one"][32_000:], second[32_000:])
    ramp = ((np.arange(3000) + 0.5) / 3000)[:, None]
    mean = (1 - ramp) * first[29_000:32_000] + ramp * second[29_000:32_000]
    assert np.abs(stems["one"][29_000:32_000] - mean).max() < 1e-7
    # A tenth of noise at 0.2: -14 dBFS - 20 dB.
    assert facts[0].fade == cutting.fades[0]
    assert facts[0].level_db == pytest.approx(-14, abs=0.3)
    for db in facts[0].apart_db.values():
        assert db == pytest.approx(-34, abs=0.3)
    assert worst(facts) == pytest.approx(-34, abs=0.3)


def test_what_stems_leave_at_a_joint_is_told_and_elsewhere_is_not(tmp_path: Path) -> None:
    samples = noise(60_000)
    cutting = Cutting((Piece(0, 40_000), Piece(20_000, 40_000)), (Piece(29_000, 3000),))
    paths = parted(tmp_path, cutting, samples, alike=True)
    broken, rate = sf.read(paths["one"][0], dtype="float32", always_2d=True)
    broken[5000:6000] = 0.5  # far from the joint
    sf.write(paths["one"][0], broken, rate, subtype="FLOAT")
    _, facts = joined(tmp_path, samples, cutting, paths)
    assert facts[0].residual_db is not None
    assert facts[0].residual_db <= -135
    broken[26_000:28_000] += 0.01  # half a second before it
    sf.write(paths["one"][0], broken, rate, subtype="FLOAT")
    _, facts = joined(tmp_path, samples, cutting, paths)
    assert facts[0].residual_db is not None
    assert -60 < facts[0].residual_db < -40
    _, facts = joined(tmp_path, samples, cutting, paths, summed=frozenset())
    assert facts[0].residual_db is None


def test_silence_has_no_level(tmp_path: Path) -> None:
    samples = np.zeros((60_000, 1), np.float32)
    cutting = cut(region(tmp_path, samples), 40_000, cancelled=lambda: False)
    stems, facts = joined(tmp_path, samples, cutting, parted(tmp_path, cutting, samples, alike=True))
    assert not stems["one"].any()
    assert (facts[0].level_db, facts[0].residual_db) == (None, None)


def test_a_part_of_another_shape_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    samples = noise(60_000)
    cutting = cut(region(tmp_path, samples), 40_000, cancelled=lambda: False)
    paths = parted(tmp_path, cutting, samples, alike=True)
    sf.write(paths["other"][1], noise(cutting.parts[1].frames - 1), RATE, subtype="FLOAT")
    with pytest.raises(TransferError, match="no longer as it was written"):
        joined(tmp_path, samples, cutting, paths)
    sf.write(paths["other"][1], np.full((cutting.parts[1].frames, 2), np.nan), RATE, subtype="FLOAT")
    with pytest.raises(TransferError, match="no longer as it was written"):
        joined(tmp_path, samples, cutting, paths)
    paths["other"][1].unlink()
    with pytest.raises(TransferError, match="no longer as it was written"):
        joined(tmp_path, samples, cutting, paths)
    assert not list((tmp_path / "out").iterdir())


def test_a_cancel_leaves_nothing(tmp_path: Path) -> None:
    samples = noise(200_000)
    whole = region(tmp_path, samples)
    cutting = cut(whole, 120_000, cancelled=lambda: False)
    paths = parted(tmp_path, cutting, samples, alike=True)
    out = tmp_path / "out"
    out.mkdir()
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        join(
            whole, cutting, paths, out,
            summed=frozenset(), progress=lambda _done, _total: None, cancelled=lambda: next(asked),
        )  # fmt: skip
    assert not list(out.iterdir())


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    def peak(frames: int) -> int:
        folder = tmp_path / str(frames)
        folder.mkdir()
        samples = noise(frames, 1)
        cutting = cut(region(folder, samples), frames // 3, cancelled=lambda: False)
        paths = parted(folder, cutting, samples, alike=True)
        out = folder / "out"
        out.mkdir()
        whole = region(folder, samples)
        del samples
        tracemalloc.start()
        try:
            join(
                whole, cutting, paths, out,
                summed=frozenset(paths), progress=lambda _done, _total: None, cancelled=lambda: False,
            )  # fmt: skip
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(300_000)
    assert peak(6_000_000) < peak(1_500_000) + 2_000_000
