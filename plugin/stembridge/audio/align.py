"""The aligner: where each stem lies against its region, and how sure that is.

Every stem is measured by itself (`lags`); the stems of one answer that have the same rate and kind of
coding went through one chain, so their curves are added up, and what the sum says counts for all of
them. A shift is a whole number of frames at the stem's own rate, or there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.delays import CODEC_DELAYS
from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.lags import (
    SHORTEST,
    Curve,
    Grid,
    Peak,
    energetic,
    find_peak,
    measure_curve,
    slope,
)
from stembridge.audio.render import RegionFile
from stembridge.audio.tracks import Survey, Track
from stembridge.model.errors import TransferError
from stembridge.model.results import Offset

GOOD_RATIO, GOOD_SHARE = 2.0, 0.5
STRONG_RATIO, STRONG_SHARE = 4.0, 0.8
STRONG_BLOCKS = 3
MIRRORED = 0.9
"""A peak whose mirror image is nearly as high tells no side."""
AGREE = 2.0
"""Good stems of one chain lie within so many frames of each other."""
NEAR_STRONG, NEAR = 0.6, 2.0
"""A lag this near to 0, or to a known delay, is taken for it."""
WHOLE = 0.25
"""A lag this near to a whole number is taken for it, when strong."""
DRIFT = 3e-6
DRIFT_BLOCKS = 8
DRIFT_SPREAD = 1.0
DRIFT_FRAMES = 1.0
"""A slope that comes to less than this over all blocks can't be told from the blocks' own spread."""

_HANDS = 2
"""Stems that are measured at a time."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a track lies: the report's `Offset`, and ``shift`` in frames at the track's own rate."""

    offset: Offset
    shift: int


def measure(
    region: RegionFile,
    tracks: Sequence[tuple[Track, Survey]],
    tick: Callable[[int], None] = lambda _: None,
) -> list[Placement]:
    """Find by how many frames every stem of an answer lies late.

    Parameters
    ----------
    region
        The region that was separated.
    tracks
        All stems of the answer (those that nobody chose help to measure too), surveyed with the hop
        of ``Grid.of(region.frames)``.
    tick
        Called with 0 before each block, from several threads; may raise `Cancelled`.

    Returns
    -------
    list of Placement
        In the order given. ``offset.verified`` is False where a stem holds too little to measure by.

    Raises
    ------
    TransferError
        ``alignment``: a stem drifts, stems contradict each other, or lie where no known delay and no
        certain whole number of frames explains it.
    """
    grid = Grid.of(region.frames)
    source = inspect(region.path)

    def reader(first: int, frames: int) -> NDArray[np.float32]:
        tick(0)
        return np.concatenate(list(read_blocks(source, first, frames, block_frames=frames)))

    def curve(track: Track, seen: Survey) -> Curve:
        positions = energetic(seen.energies, grid, region.frames)
        return measure_curve(reader, track.read, positions, grid, region.rate)

    with ThreadPoolExecutor(_HANDS, "stembridge-align") as hands:
        curves = list(hands.map(curve, *zip(*tracks, strict=True))) if tracks else []
    placements: list[Placement | None] = [None] * len(tracks)
    chains: dict[tuple[int, bool], list[int]] = {}
    for index, (track, _) in enumerate(tracks):
        key = (track.info.rate, track.file.lossy or track.info.lossy)
        chains.setdefault(key, []).append(index)
    for members in chains.values():
        decided = decide(
            [(tracks[i][0].file.stem, curves[i]) for i in members],
            rate=region.rate,
            own_rate=tracks[members[0]][0].info.rate,
            frames=region.frames,
        )
        for index, placement in zip(members, decided, strict=True):
            placements[index] = placement
    return [placement for placement in placements if placement is not None]


def decide(stems: Sequence[tuple[str, Curve]], *, rate: int, own_rate: int, frames: int) -> list[Placement]:
    """Decide for the stems of one chain.

    Parameters
    ----------
    stems
        Stem id and curve, lags in frames at ``rate``.
    rate, own_rate
        The region's rate and the stems' own, in Hz: a codec's delay is counted at the latter.
    frames
        Length of the region, in frames.
    """
    for stem, curve in stems:
        _refuse_drift(stem, curve)
    good = [curve for _, curve in stems if _is_good(curve)]
    if not good:
        return [Placement(_unverified(curve, frames, 0), 0) for _, curve in stems]
    lags = [curve.peak.lag for curve in good]
    if max(lags) - min(lags) > AGREE:
        raise _refusal(
            "The stems don't lie together: some came back "
            f"{min(lags):.1f} and others {max(lags):.1f} frames late.",
            lags,
        )
    clear = [c for _, c in stems if c.blocks and not _is_mirrored(c)]
    values = np.sum([c.peak.sign * c.values * np.sqrt(c.blocks) for c in clear], axis=0)
    joint = find_peak(values)
    strong = joint.ratio >= STRONG_RATIO and all(
        c.share >= STRONG_SHARE and c.blocks >= STRONG_BLOCKS for c in good
    )
    # The sum of all must not be led away from what the good ones say.
    if not min(lags) - AGREE <= joint.lag <= max(lags) + AGREE:
        raise _refusal("The stems contradict each other about where they start.", lags)
    shift = _settle(joint, stems, strong=strong, rate=rate, own_rate=own_rate)
    moved = round(shift * rate / own_rate)
    return [Placement(_offset(c, joint, moved, frames, strong=strong), shift) for _, c in stems]


def _is_good(curve: Curve) -> bool:
    if curve.low or curve.peak.ratio < GOOD_RATIO or curve.share < GOOD_SHARE:
        return False
    return not _is_mirrored(curve)


def _is_mirrored(curve: Curve) -> bool:
    """True when the curve is as high on the other side of lag 0: a narrow band in its place looks so."""
    size = np.abs(curve.values)
    top, last = int(size.argmax()), len(size) - 1
    return abs(curve.peak.lag) > 1.0 and bool(size[last - top] >= MIRRORED * size[top])


def _refuse_drift(stem: str, curve: Curve) -> None:
    if curve.blocks < DRIFT_BLOCKS or curve.low:
        return
    rise, spread = slope(curve.positions, curve.lags)
    span = float(curve.positions[-1] - curve.positions[0])
    if spread < DRIFT_SPREAD and abs(rise) > DRIFT and abs(rise) * span > DRIFT_FRAMES:
        raise TransferError(
            f"The stem '{stem}' doesn't keep in step with the region: it drifts by "
            f"{abs(rise) * 1e6:.0f} millionths.",
            code="alignment",
            hint="Its clock differs from the region's; try again, or choose another model.",
            context={"stem": stem, "ppm": rise * 1e6},
        )


def _settle(
    joint: Peak, stems: Sequence[tuple[str, Curve]], *, strong: bool, rate: int, own_rate: int
) -> int:
    """Give the shift in frames at the stems' own rate, or refuse."""
    tolerance = NEAR_STRONG if strong else NEAR
    if abs(joint.lag) <= tolerance:
        return 0
    near = [d for d in CODEC_DELAYS if abs(joint.lag - d * rate / own_rate) <= tolerance]
    # Without clear peaks, neighbours in the table (528 and 529) can't be told apart.
    twins = [d for d in CODEC_DELAYS if near and not strong and abs(d - near[0]) <= NEAR]
    if len(near) == 1 and len(twins) <= 1:
        return near[0]
    own = joint.lag * own_rate / rate
    if strong and abs(own - round(own)) < WHOLE:
        return round(own)
    names = ", ".join(f"'{stem}'" for stem, _ in stems)
    raise _refusal(
        f"The stems ({names}) came back {joint.lag:.1f} frames late, which no known delay explains, "
        "and they can't be brought to the region's samples with certainty.",
        [joint.lag],
    )


def _offset(curve: Curve, joint: Peak, moved: int, frames: int, *, strong: bool) -> Offset:
    peak = curve.peak
    if _is_good(curve):
        note = "Its polarity is that of the region upside down." if peak.sign < 0 else ""
        return Offset(moved, verified=True, measured=peak.lag, polarity=peak.sign, note=note)
    if strong and curve.blocks and _supports(curve, joint):
        return Offset(
            moved,
            verified=True,
            measured=joint.lag,
            note="Measured together with the other stems: by itself it holds too little to tell.",
        )
    return _unverified(curve, frames, moved)


def _supports(curve: Curve, joint: Peak) -> bool:
    """True when the stem's own curve is nearly as high at the joint lag as anywhere else."""
    middle = len(curve.values) // 2 + round(joint.lag)
    around = np.abs(curve.values[max(0, middle - 1) : middle + 2])
    return bool(around.max() >= 0.8 * np.abs(curve.values).max())


def _unverified(curve: Curve, frames: int, moved: int) -> Offset:
    if frames < SHORTEST:
        why = "Not measured: the region is too short."
    elif curve.blocks == 0:
        why = "Not measured: the stem, or the region, is silent."
    else:
        why = "Not certain: it holds too little to measure its start by."
    where = "It was moved with the other stems." if moved else "It was left where it came."
    return Offset(moved, verified=False, note=f"{why} {where}")


def _refusal(message: str, lags: Sequence[float]) -> TransferError:
    return TransferError(
        message,
        code="alignment",
        hint="Try again, choose another model, or ask the service for a lossless format.",
        context={"lags": [round(lag, 3) for lag in lags]},
    )
