"""Disk use: a file counts once, and is freed only when its last name goes."""

from __future__ import annotations

import os
from pathlib import Path

from stembridge.jobs.usage import Usage, count, names


def _file(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def test_everything_in_a_folder_and_below_is_counted(tmp_path: Path) -> None:
    _file(tmp_path / "a", 100)
    _file(tmp_path / "deep" / "er" / "b", 30)
    assert count(names(tmp_path)) == Usage(130, 130)
    assert count(names(tmp_path / "nothing")) == Usage(0, 0)


def test_a_file_with_two_names_in_the_folder_counts_once(tmp_path: Path) -> None:
    os.link(_file(tmp_path / "a", 100), tmp_path / "b")
    assert count(names(tmp_path)) == Usage(100, 100)


def test_a_file_with_a_name_elsewhere_is_not_freed(tmp_path: Path) -> None:
    stem = _file(tmp_path / "job" / "stem", 100)
    os.link(stem, tmp_path / "delivered")
    _file(tmp_path / "job" / "region", 7)
    assert count(names(tmp_path / "job")) == Usage(107, 7)


def test_two_jobs_that_share_a_file_free_it_together_only(tmp_path: Path) -> None:
    stem = _file(tmp_path / "one" / "stem", 100)
    (tmp_path / "two").mkdir()
    os.link(stem, tmp_path / "two" / "stem")
    one, two = names(tmp_path / "one"), names(tmp_path / "two")
    assert count(one) == count(two) == Usage(100, 0)
    assert count([*one, *two]) == Usage(100, 100)
