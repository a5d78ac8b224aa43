"""The doctor never fails, and says what to do about all that isn't ready."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from stembridge.bridge import doctor
from stembridge.engines.base import Readiness


def _examine(home: Path) -> dict[str, Readiness]:
    return {row.name: row for row in doctor.examine(home, {}, {})}


def test_here_everything_but_the_network_is_ready(home: Path) -> None:
    rows = _examine(home)
    assert {"python", "codecs", "m4a and video", "data folder", "disk space", "hosts"} == set(rows)
    assert rows["codecs"].ready
    assert "FLAC" in rows["codecs"].text


def test_a_data_folder_below_a_file_is_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    row = _examine(tmp_path / "file" / "home")["data folder"]
    assert not row.ready
    assert "STEMBRIDGE_HOME" in row.remedy


def test_a_data_folder_that_is_not_there_yet_is_fine(tmp_path: Path) -> None:
    row = _examine(tmp_path / "new" / "home")["data folder"]
    assert row.ready
    assert "made when first needed" in row.text
    assert not (tmp_path / "new").exists()


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "ready"), [(doctor.LOW_DISK_BYTES, True), (doctor.LOW_DISK_BYTES - 1, False)]
)
def test_little_space_is_told(home: Path, monkeypatch: pytest.MonkeyPatch, free: int, ready: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**12, 10**12 - free, free))
    row = _examine(home)["disk space"]
    assert row.ready is ready
    assert bool(row.remedy) is not ready


def test_a_disk_that_does_not_answer_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> _Usage:
        raise OSError("no such device")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    row = _examine(home)["disk space"]
    assert not row.ready
    assert "no such device" in row.text


def test_a_sound_library_that_does_not_load_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    row = _examine(home)["codecs"]
    assert not row.ready
    assert row.remedy


def test_without_a_decoder_for_video_both_ways_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr(shutil, "which", nothing)
    monkeypatch.setattr("importlib.util.find_spec", nothing)
    row = _examine(home)["m4a and video"]
    assert not row.ready
    assert "ffmpeg" in row.remedy
    assert "stembridge[video]" in row.remedy
