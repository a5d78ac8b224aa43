"""files.lua on a disk: what appears whole, what is replaced, and what can't be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.reaper import Reaper

WINDOWS_RENAME = """
local files, rename = require("files"), os.rename
os.rename = function(from, to)
  if files.exists(to) then return nil, "File exists" end
  return rename(from, to)
end
"""


@pytest.mark.parametrize("windows", [False, True])
def test_a_file_appears_whole_and_replaces_another(host: Reaper, tmp_path: Path, windows: bool) -> None:
    files = host.require("files")
    if windows:
        host.lua.execute(WINDOWS_RENAME)
    path = tmp_path / "é ♫.json"
    assert files["write"](str(path), "one") is True
    assert files["write"](str(path), "two\n") is True
    assert path.read_bytes() == b"two\n"
    assert list(tmp_path.glob("*.part")) == []


def test_what_can_not_be_written_is_one_sentence(host: Reaper, tmp_path: Path) -> None:
    files = host.require("files")
    for call in ("write", "touch"):
        fine, sentence = files[call](str(tmp_path / "no folder" / "x"), *["text"] * (call == "write"))
        assert fine is None
        assert "can't be written" in sentence
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    fine, sentence = files["write"](str(tmp_path / "taken"), "x")  # a folder stands in the way
    assert fine is None
    assert "can't be written" in sentence
    assert not (tmp_path / "taken.part").exists()


def test_folders_are_made_and_found_wanting(host: Reaper, tmp_path: Path) -> None:
    files = host.require("files")
    deep = tmp_path / "a" / "b é" / "c"
    assert files["make_folder"](str(deep)) is True
    assert files["make_folder"](str(deep)) is True
    assert list(deep.iterdir()) == []
    (tmp_path / "file").touch()
    fine, sentence = files["make_folder"](str(tmp_path / "file" / "x"))
    assert fine is None
    assert "can't be written to" in sentence


def test_reading_is_bounded(host: Reaper, tmp_path: Path) -> None:
    files = host.require("files")
    path = tmp_path / "x"
    assert files["read"](str(path))[0] is None
    assert files["read_at"](str(path), 0, 5) is None
    assert files["size"](str(path)) is None
    path.write_bytes(b"0123456789")
    assert files["read"](str(path), 10) == "0123456789"
    refused, sentence = files["read"](str(path), 9)
    assert refused is None
    assert "larger" in sentence
    assert files["read_at"](str(path), 8, 5) == "89"
    assert files["read_at"](str(path), 10, 5) == ""
    assert files["size"](str(path)) == 10
    assert files["exists"](str(path))
