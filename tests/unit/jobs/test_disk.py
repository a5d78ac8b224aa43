"""Facts on disk are there whole or not at all, and a refusal of the disk is a sentence."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.jobs import disk
from stembridge.model.errors import StoreError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Dead(BaseException):
    """Stands for a kill: nothing may run after it."""


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@settings(deadline=None, max_examples=40)
@given(document=st.dictionaries(st.text(st.characters()), JSON, max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("disk") / "a.json"
    disk.write_json(path, document)
    assert disk.read_json(path) == document
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


def test_a_name_that_is_no_utf8_comes_back_as_it_was(tmp_path: Path) -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    disk.write_json(tmp_path / "a.json", {"path": name, "who": "é"})
    (tmp_path / "a.json").read_bytes().decode("utf-8")
    assert disk.read_json(tmp_path / "a.json") == {"path": name, "who": "é"}


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_kill_while_writing_leaves_the_old_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "a.json"
    disk.write_json(path, {"n": 1})

    def die(*_: object) -> None:
        raise Dead

    with monkeypatch.context() as patch:
        patch.setattr(os, call, die)
        with pytest.raises(Dead):
            disk.write_json(path, {"n": 2})
    assert disk.read_json(path) == {"n": 1}
    disk.write_json(path, {"n": 3})
    assert disk.read_json(path) == {"n": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_private_document_is_for_the_user_alone(tmp_path: Path) -> None:
    disk.write_json(tmp_path / "a.json", {}, private=True)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600


def test_nothing_that_is_no_number_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        disk.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"x"', '{"a": }', "\0\0\0", "[" * 200_000])
def test_what_is_no_object_is_a_damaged_job(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        disk.read_json(path)
    assert caught.value.code == "job_corrupt"
    assert "stembridge jobs" in caught.value.hint


def test_a_missing_file_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk.read_json(tmp_path / "none.json")


def test_a_folder_in_place_of_a_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        disk.read_json(tmp_path)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "no_space"),
        (errno.EDQUOT, "no_space"),
        (errno.EFBIG, "no_space"),
        (errno.EACCES, "output_readonly"),
        (errno.EPERM, "output_readonly"),
        (errno.EROFS, "output_readonly"),
        (errno.EIO, "store"),
        (errno.ENAMETOOLONG, "store"),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "open", "replace"])
def test_every_refusal_of_the_disk_has_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(StoreError) as caught:
            disk.write_json(tmp_path / "a.json", {"n": 1})
    assert caught.value.code == code
    assert caught.value.hint
    assert caught.value.context["errno"] == number
    assert not (tmp_path / "a.json").exists()


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    path = tmp_path / "job1" / "stems" / "a.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"samples" * 1000)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run on a file system with hard links, and on one without."""
    if request.param == "no links":

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    return str(request.param) == "links"


def test_a_stem_is_linked_where_that_is_possible_else_copied(stem: Path, out: Path, links: bool) -> None:
    disk.bring(stem, out / "a.wav", overwrite=False)
    assert (out / "a.wav").read_bytes() == stem.read_bytes()
    assert (out / "a.wav").samefile(stem) is links
    assert _names(out) == ["a.wav"]
    assert stem.stat().st_nlink == (2 if links else 1)


def test_bringing_it_twice_is_as_good_as_once(stem: Path, out: Path, links: bool) -> None:
    for _ in range(2):
        disk.bring(stem, out / "a.wav", overwrite=False)
    assert _names(out) == ["a.wav"]


def test_another_file_of_that_name_is_never_replaced_unasked(stem: Path, out: Path, links: bool) -> None:
    (out / "a.wav").write_bytes(b"the user's own")
    with pytest.raises(StoreError) as caught:
        disk.bring(stem, out / "a.wav", overwrite=False)
    assert caught.value.code == "output_exists"
    assert "--overwrite" in caught.value.hint
    assert (out / "a.wav").read_bytes() == b"the user's own"
    assert _names(out) == ["a.wav"]


def test_it_is_replaced_when_that_was_asked_for(stem: Path, out: Path, links: bool) -> None:
    (out / "a.wav").write_bytes(b"the user's own")
    disk.bring(stem, out / "a.wav", overwrite=True)
    assert (out / "a.wav").read_bytes() == stem.read_bytes()
    assert _names(out) == ["a.wav"]


def test_a_file_that_appears_at_the_last_moment_is_kept(
    stem: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def late(source: Path, target: Path) -> None:
        if Path(target).name == "a.wav":
            (out / "a.wav").write_bytes(b"the user's own")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(StoreError) as caught:
        disk.bring(stem, out / "a.wav", overwrite=False)
    assert caught.value.code == "output_exists"
    assert (out / "a.wav").read_bytes() == b"the user's own"
    assert _names(out) == ["a.wav"]


def test_a_copy_that_runs_out_of_space_leaves_nothing(
    stem: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        disk.bring(stem, out / "a.wav", overwrite=False)
    assert caught.value.code == "no_space"
    assert not _names(out)


def test_a_left_over_part_of_a_killed_delivery_is_cleared_away(stem: Path, out: Path, links: bool) -> None:
    (out / ".job1.part").write_bytes(b"half")
    disk.bring(stem, out / "a.wav", overwrite=False)
    assert _names(out) == ["a.wav"]


def test_a_delivery_is_taken_back_and_nothing_else(stem: Path, out: Path, links: bool) -> None:
    disk.bring(stem, out / "a.wav", overwrite=False)
    (out / "b.wav").write_bytes(b"the user's own")
    disk.take_back(stem, out / "a.wav")
    disk.take_back(stem, out / "b.wav")
    disk.take_back(stem, out / "c.wav")
    assert _names(out) == ["b.wav"]
    assert stem.exists()


def test_removing_takes_files_folders_and_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "f" / "g").mkdir(parents=True)
    (tmp_path / "f" / "g" / "h").touch()
    for name in ("f", "f", "none"):
        disk.remove(tmp_path / name)
    assert not _names(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a right there")
def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "keep").touch()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    disk.remove(tmp_path / "link")
    assert (tmp_path / "folder" / "keep").exists()


def test_a_folder_below_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        disk.make_folder(tmp_path / "file" / "below")


def test_json_is_one_line_unless_indented() -> None:
    assert json.loads(disk.to_json({"a": "x\ny\u2028"})) == {"a": "x\ny\u2028"}
    assert "\n" not in disk.to_json({"a": "x\ny"})
