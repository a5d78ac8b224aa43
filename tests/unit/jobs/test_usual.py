"""What workers learn from each other about how long an order takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.jobs.usual import FRESH, Usual
from tests.fakes.clock import FakeClock


def _usual(folder: Path, clock: FakeClock, *, kind: str = "40", seconds: float = 100.0) -> Usual:
    return Usual(folder, "account", kind, seconds, clock=clock)


def test_the_latest_of_the_same_kind_counts(tmp_path: Path) -> None:
    clock = FakeClock()
    watching = _usual(tmp_path, clock)
    assert watching.took() is None
    _usual(tmp_path, clock).note(31.0)
    assert watching.took() == 31.0
    _usual(tmp_path, clock).note(29.5)
    _usual(tmp_path, clock, kind="63").note(90.0)
    assert watching.took() == 29.5
    assert _usual(tmp_path, clock, kind="63").took() == 90.0


@pytest.mark.parametrize(("seconds", "known"), [(80.0, True), (125.0, True), (79.0, False), (126.0, False)])
def test_only_audio_of_about_the_same_length_counts(tmp_path: Path, seconds: float, *, known: bool) -> None:
    clock = FakeClock()
    _usual(tmp_path, clock).note(31.0)
    assert (_usual(tmp_path, clock, seconds=seconds).took() is not None) is known


def test_an_old_time_is_forgotten_and_the_file_stays_small(tmp_path: Path) -> None:
    clock = FakeClock()
    _usual(tmp_path, clock).note(31.0)
    clock.now += FRESH + 1
    assert _usual(tmp_path, clock).took() is None
    for took in range(200):
        _usual(tmp_path, clock).note(float(took))
    assert _usual(tmp_path, clock).took() == 199.0
    assert (tmp_path / "account.json").stat().st_size < 10_000


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"orders": 3}', '{"orders": [3, {"kind": "40"}, {"kind": "40", "took": "x"}]}']
)
def test_a_damaged_file_tells_nothing_and_is_written_anew(tmp_path: Path, text: str) -> None:
    clock = FakeClock()
    (tmp_path / "account.json").write_text(text)
    assert _usual(tmp_path, clock).took() is None
    _usual(tmp_path, clock).note(5.0)
    assert _usual(tmp_path, clock).took() == 5.0


def test_a_place_that_cannot_be_written_to_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    usual = _usual(tmp_path / "file", FakeClock())
    usual.note(5.0)
    assert usual.took() is None
