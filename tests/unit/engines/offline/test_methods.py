"""Layouts, masks, the spatial filter and REPET-SIM."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.engines.offline.convert import BANDS, FRAMES
from stembridge.engines.offline.layout import layout
from stembridge.engines.offline.masks import Chunk, NetworkMasks, extended, ratio_mask
from stembridge.engines.offline.repet import RepetMasks
from stembridge.engines.offline.spatial import SpatialFilter
from stembridge.engines.offline.stft import BINS

Spectra = NDArray[np.complex64]


def noise(frames: int, channels: int, seed: int = 0) -> Spectra:
    rng = np.random.default_rng(seed)
    shape = (frames, channels, BINS)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


@pytest.mark.parametrize(
    ("channels", "groups", "untouched"),
    [
        (1, ((0,),), ()),
        (2, ((0, 1),), ()),
        (3, ((0, 1), (2,)), ()),
        (4, ((0, 1), (2, 3)), ()),
        (5, ((0, 1), (2,), (3, 4)), ()),
        (6, ((0, 1), (2,), (4, 5)), (3,)),
        (7, ((0, 1), (2,), (4,), (5, 6)), (3,)),
        (8, ((0, 1), (2,), (4, 5), (6, 7)), (3,)),
        (9, ((0, 1), (2, 3), (4, 5), (6, 7), (8,)), ()),
    ],
)
def test_channels_go_by_their_places(
    channels: int, groups: tuple[tuple[int, ...], ...], untouched: tuple[int, ...]
) -> None:
    found = layout(channels)
    assert (found.groups, found.untouched) == (groups, untouched)
    assert bool(found.note) == (channels > 2)
    assert ("LFE" in found.note) == bool(untouched)
    assert sorted((*found.separated, *untouched)) == list(range(channels))


@given(
    voice=st.floats(0, 1e4, width=32),
    rest=st.floats(0, 1e4, width=32),
    exponent=st.sampled_from([1.0, 1.5, 2.0]),
)
@settings(deadline=None)
def test_two_masks_of_one_bin_sum_to_one(voice: float, rest: float, exponent: float) -> None:
    one, other = np.array([voice], np.float32), np.array([rest], np.float32)
    both = ratio_mask(one, other, exponent) + ratio_mask(other, one, exponent)
    assert abs(float(both[0]) - 1.0) < 1e-6


def test_above_the_band_the_mean_goes_on() -> None:
    mask = np.random.default_rng(1).uniform(0, 1, (3, 2, BANDS)).astype(np.float32)
    whole = extended(mask, BINS)
    np.testing.assert_array_equal(whole[..., :BANDS], mask)
    np.testing.assert_allclose(whole[..., BANDS:], np.repeat(mask.mean(-1, keepdims=True), BINS - BANDS, -1))


def test_the_network_hears_the_level_it_wants_and_mono_as_stereo() -> None:
    heard: list[NDArray[np.float32]] = []

    def infer(segment: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        heard.append(segment.copy())
        share = np.array([[[0.9]], [[0.5]]], np.float32)
        return segment * share, segment * (1 - share)

    spectra = noise(100, 3)
    masks = NetworkMasks(infer, [2, 1], [2.0, 3.0], exponent=1.0)
    ((_, mask),) = masks([Chunk(spectra, np.zeros((0, 3), np.float32))])
    assert mask.shape == (100, 3, BANDS)
    pair, single = heard
    np.testing.assert_allclose(
        pair[:, :100], 2 * np.abs(spectra[:, :2, :BANDS]).transpose(1, 0, 2), rtol=1e-6
    )
    np.testing.assert_array_equal(single[0], single[1])
    np.testing.assert_allclose(single[0, :100], 3 * np.abs(spectra[:, 2, :BANDS]), rtol=1e-6)
    assert pair.shape == (2, FRAMES, BANDS)
    assert not pair[:, 100:].any()
    np.testing.assert_allclose(mask.mean(axis=(0, 2)), [0.9, 0.5, 0.7], rtol=1e-5)


def test_silence_does_not_wake_the_network() -> None:
    def infer(_: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        raise AssertionError("asked")

    chunk = Chunk(np.zeros((7, 2, BINS), np.complex64), np.zeros((0, 2), np.float32))
    ((_, mask),) = NetworkMasks(infer, [2], [1.0], exponent=1.0)([chunk])
    assert not mask.any()


def test_without_width_the_spatial_filter_is_the_mask() -> None:
    one = noise(80, 1)
    spectra = np.repeat(one, 2, axis=1)
    mask = np.random.default_rng(2).uniform(0, 1, (80, 1, BINS)).astype(np.float32).repeat(2, axis=1)
    spatial = SpatialFilter([2])
    spatial.learn(spectra, mask)
    np.testing.assert_allclose(spatial.apply(spectra, mask), spectra * mask, atol=2e-4)


def test_a_single_channel_is_only_masked() -> None:
    spectra = noise(5, 3)
    mask = np.random.default_rng(2).uniform(0, 1, spectra.shape).astype(np.float32)
    spatial = SpatialFilter([2, 1])
    spatial.learn(spectra, mask)
    np.testing.assert_array_equal(spatial.apply(spectra, mask)[:, 2], spectra[:, 2] * mask[:, 2])


def test_places_in_the_picture_tell_more_than_the_mask() -> None:
    voice, rest = noise(400, 1, 1), noise(400, 1, 2)
    placed = np.concatenate([voice, voice], axis=1), np.concatenate([1.2 * rest, 0.3 * rest], axis=1)
    spectra = placed[0] + placed[1]
    power = [np.abs(part[:, :1]) ** 2 for part in (voice, rest)]
    mask = np.repeat(power[0] / (power[0] + power[1]), 2, axis=1).astype(np.float32)
    spatial = SpatialFilter([2])
    spatial.learn(spectra, mask)

    def distance(estimate: Spectra) -> float:
        return float(np.sum(np.abs(estimate - placed[0]) ** 2))

    assert distance(spatial.apply(spectra, mask)) < 0.7 * distance(spectra * mask)


def test_the_picture_outlives_a_silence_and_any_level() -> None:
    spatial = SpatialFilter([2])
    for level in (0.0, 1e-12, 1e6):
        spectra = noise(10, 2) * np.float32(level)
        mask = np.full(spectra.shape, 0.25, np.float32)
        spatial.learn(spectra, mask)
        assert np.isfinite(spatial.apply(spectra, mask)).all()


def chunks_of(spectra: Spectra, size: int) -> list[Chunk]:
    none = np.zeros((0, spectra.shape[1]), np.float32)
    return [Chunk(spectra[n : n + size], none) for n in range(0, len(spectra), size)]


def test_repet_takes_what_repeats_for_accompaniment() -> None:
    rng = np.random.default_rng(4)
    period, count = 40, 700
    pattern = noise(period, 1, 5)
    repeating = np.tile(pattern, (count // period + 1, 1, 1))[:count]
    alone = np.zeros_like(repeating)
    for frame in range(0, count, 3):
        first = rng.integers(100, BINS - 60)
        alone[frame, :, first : first + 40] = 30.0
    masks = RepetMasks([1], 44100, centre=False)
    answers = list(masks(chunks_of(repeating + alone, masks.chunk_frames)))
    mask = np.concatenate([found for _, found in answers])
    assert mask.shape == repeating.shape
    assert float(mask[np.abs(alone) > 0].mean()) > 0.9
    assert float(mask[(np.abs(alone) == 0) & (np.abs(repeating) > 0.5)].mean()) < 0.1


def test_repet_holds_three_chunks_at_most() -> None:
    masks = RepetMasks([1] * 4, 44100, centre=False)
    given, answered, held = 0, 0, []

    def source() -> Iterator[Chunk]:
        nonlocal given
        for chunk in chunks_of(noise(7 * masks.chunk_frames, 4), masks.chunk_frames):
            given += 1
            yield chunk

    for _ in masks(source()):
        held.append(given - answered)
        answered += 1
    assert answered == 7
    assert max(held) == 3


def test_in_a_short_region_repet_still_finds_likes() -> None:
    masks = RepetMasks([1], 44100, centre=False)
    spectra = noise(60, 1)
    ((_, mask),) = masks(chunks_of(spectra, masks.chunk_frames))
    assert 0.05 < float(mask.mean()) < 0.95


@pytest.mark.parametrize("frames", [1, 5, 30, 300, 1024, 2100])
def test_repet_gives_every_frame_back_in_order(frames: int) -> None:
    masks = RepetMasks([1] * 4, 44100, centre=False)
    spectra = noise(min(frames, 600), 4)
    spectra = np.resize(spectra, (frames, 4, BINS))
    pieces = chunks_of(spectra, masks.chunk_frames)
    answers = list(masks(pieces))
    assert [id(chunk) for chunk, _ in answers] == [id(piece) for piece in pieces]
    for chunk, mask in answers:
        assert mask.shape == chunk.spectra.shape
        assert float(mask.min()) >= 0.0
        assert float(mask.max()) <= 1.0


def test_the_centre_option_drops_what_stands_at_a_side() -> None:
    spectra = noise(60, 2)
    spectra[:, 1, :1000] = 0.0
    spectra[:, 1, 1000:] = spectra[:, 0, 1000:]
    results = {}
    for centre in (False, True):
        masks = RepetMasks([2], 44100, centre=centre)
        ((_, results[centre]),) = masks(chunks_of(spectra, masks.chunk_frames))
    assert results[False][..., 20:1000].any()
    assert not results[True][..., :1000].any()
    np.testing.assert_allclose(results[True][..., 1000:], results[False][..., 1000:], atol=1e-5)
