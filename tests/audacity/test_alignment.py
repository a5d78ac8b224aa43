"""The promise on the timeline, measured on the real program by what is heard.

Each row builds a project, exports its whole mix, has a selection separated, puts the stems in and exports
the whole mix again. A stand-in for the engine gives two halves of the region, which sum to it exactly, so
that what is measured is the way there and back; the last rows have a real engine.
``pytest tests/audacity/test_alignment.py -s`` prints the table.

Where a track's rate isn't the project's, Audacity converts every clip for itself and drops what its
filter has left at a clip's end (1.7 ms at 48 kHz in 44.1 kHz); there, the ends of the region are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from stembridge_audacity.quoting import command
from tests.audacity.desk import RunningAudacity
from tests.audacity.studio import RATE, Signal, Studio, band, decibels, offset, pad
from tests.e2e.command import Command

GOAL = -130.0
SEAM = 0.0025
"""Seconds left out at each end of the region where rates differ."""


@dataclass(frozen=True)
class Row:
    """One case: `build` makes the project and gives the selection (start, end, tracks)."""

    name: str
    build: Callable[[Studio], tuple[float, float, list[int]]]
    original: str = "replace"
    suffix: str = ".wav"
    singly: bool = False
    converted: bool = False
    undone: bool = False


def _plain(channels: int, rate: int = RATE, start: float = 1.25, end: float = 4.75) -> Row:
    def build(studio: Studio) -> tuple[float, float, list[int]]:
        studio.track(band(6 * rate, channels, rate), rate)
        studio.running.client.set_project_rate(RATE)
        return start, end, [0]

    kind = "mono" if channels == 1 else "stereo"
    return Row(f"{kind}, {rate / 1000:g} kHz in a 44.1 kHz project", build, converted=rate != RATE)


def _unsnapped(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 2))
    return 1.23456789, 4.56789123, [0]


def _two(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 1, seed=1))
    studio.track(band(6 * RATE, 2, seed=2))
    studio.track(band(6 * RATE, 2, seed=3), name="Not selected")
    return 1.2345, 4.5678, [0, 1]


def _gap(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 2))
    studio.select(2.0, 2.7654321, [0])
    studio.running.client.do("SplitDelete:")
    return 1.2345, 4.5678, [0]


def _fractional(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 2), at=0.3333337)
    return 1.2345, 4.5678, [0]


def _levels(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 1))
    studio.running.client.set_track(gain_db=-6.0, pan=-0.4)
    return 1.2345, 4.5678, [0]


def _envelope(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 2))
    studio.running.client.select_only([0])
    for time, value in ((0.5, 1.0), (2.0, 0.3), (4.0, 0.8)):
        studio.running.client.do(command("SetEnvelope", Time=time, Value=value))
    return 1.2345, 4.5678, [0]


def _past_the_end(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(4 * RATE, 2), name="Short")
    studio.track(band(6 * RATE, 2, seed=8), name="Long")
    return 2.5, 7.5, [0]


def _before_the_start(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(4 * RATE, 2), at=1.5)
    return 0.5, 4.0, [0]


def _all_of_it(studio: Studio) -> tuple[float, float, list[int]]:
    studio.track(band(6 * RATE, 2))
    return 0.0, 6.0, [0]


ROWS = (
    _plain(1),
    _plain(2),
    Row("selection between samples", _unsnapped),
    _plain(2, 48_000, 1.2345678, 4.6789012),
    _plain(1, 96_000, 1.2345678, 4.6789012),
    Row("two tracks (mono and stereo), mixed", _two),
    Row("clips with a gap", _gap, undone=True),
    Row("clip between samples", _fractional),
    Row("gain -6 dB, pan -0.4", _levels),
    Row("envelope", _envelope, undone=True),
    Row("selection past the end", _past_the_end),
    Row("selection before the start", _before_the_start),
    Row("stems as FLAC 24", _unsnapped, suffix=".flac"),
    Row("an import for each stem (fallback)", _unsnapped, singly=True, undone=True),
    Row("fallback with FLAC 24", _unsnapped, singly=True, suffix=".flac"),
    Row("whole track, original muted", _all_of_it, original="mute"),
)


@pytest.fixture(scope="module")
def table() -> Iterator[list[tuple[str, float, float, float]]]:
    rows: list[tuple[str, float, float, float]] = []
    yield rows
    lines = [f"{'case':<46}{'offset':>9}{'RMS dBFS':>12}{'peak dBFS':>12}"]
    lines += [f"{name:<46}{late:9.3f}{_level(rms):>12}{_level(peak):>12}" for name, late, rms, peak in rows]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def _level(value: float) -> str:
    return "exact" if value == -np.inf else f"{value:.1f}"


@pytest.fixture
def studio(audacity: RunningAudacity, tmp_path: Path, home: Path) -> Studio:
    return Studio(audacity, tmp_path, home)


def _measure(
    name: str, reference: Signal, heard: Signal, start: float, end: float, *, converted: bool = False
) -> tuple[str, float, float, float]:
    """Hold the whole mix after against the mix before; give a row of the table."""
    heard = pad(heard, len(reference))
    seam = SEAM if converted else 0.0
    first, last = round((start + seam) * RATE), min(round((end - seam) * RATE), len(reference))
    span = slice(first, last) if converted else slice(None)
    rms, peak = decibels((heard - reference)[span])
    piece = slice(first, min(last, first + (1 << 17)))
    late = offset(reference[piece, 0], heard[piece, 0])
    return name, late, rms, peak


def _hold(row: tuple[str, float, float, float]) -> None:
    _, late, _, peak = row
    assert abs(late) < 0.001, row
    assert peak <= GOAL, row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_heard_stays_the_same(
    row: Row, studio: Studio, table: list[tuple[str, float, float, float]]
) -> None:
    start, end, tracks = row.build(studio)
    reference, rate = studio.heard()
    assert rate == RATE
    studio.select(start, end, tracks)
    before = studio.state()
    (region,) = studio.region()
    assert abs(region.origin.start - start) <= 0.5 / region.origin.rate + 1e-6
    assert studio.state() == before
    assert not any("effect" in note for note in region.notes)
    job = studio.stand_in(region, row.original, suffix=row.suffix)
    placed = studio.place(job, singly=row.singly)
    steps = (3 if row.singly else 1) + (row.original == "replace")
    assert placed.undo_steps == steps
    heard, rate = studio.heard()
    assert rate == RATE
    measured = _measure(row.name, reference, heard, start, end, converted=row.converted)
    table.append(measured)
    _hold(measured)
    if row.undone:
        studio.undo(steps)
        assert studio.state() == before


def test_ten_minutes_and_beyond(studio: Studio, table: list[tuple[str, float, float, float]]) -> None:
    length = 640
    levels = np.linspace(0.5, 1.0, length // 20, dtype=np.float32)  # no two stretches are the same
    studio.track(np.concatenate([band(20 * RATE, 1) * level for level in levels]))
    reference, _ = studio.heard(channels=1)
    for name, start, end in (
        ("beyond ten minutes (612.345678 s)", 612.345678, 615.678901),
        ("ten minutes at once", 12.345678, 612.345678),
    ):
        studio.select(start, end, [0])
        (region,) = studio.region()
        assert region.origin.first_frame == round(start * RATE)
        placed = studio.place(studio.stand_in(region))
        measured = _measure(name, reference, studio.heard(channels=1)[0], start, end)
        table.append(measured)
        _hold(measured)
        studio.undo(placed.undo_steps)


@pytest.mark.parametrize("channels", [1, 2])
def test_with_the_embedded_engine(
    channels: int, studio: Studio, table: list[tuple[str, float, float, float]]
) -> None:
    studio.track(band(6 * RATE, channels))
    reference, _ = studio.heard()
    studio.select(1.23456789, 5.56789123, [0])
    studio.running.release()
    told = Command(studio.home, studio.folder)(
        "audacity", "separate", "--model", "repet", "--original", "replace"
    )
    assert told.code == 0, told
    name = f"embedded engine (REPET), {'mono' if channels == 1 else 'stereo'}"
    measured = _measure(name, reference, studio.heard()[0], 1.23456789, 5.56789123)
    table.append(measured)
    _hold(measured)
