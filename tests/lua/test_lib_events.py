"""events.lua: the tail of a log that is being written, torn and cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lua.pure import VERSIONS, Lua

EVENTS = [
    {"v": 1, "seq": 1, "ts": 1.5, "type": "accepted", "pid": 12, "version": "0.1"},
    {"v": 1, "seq": 2, "ts": 1.6, "type": "state", "state": "rendering"},
    {"v": 1, "seq": 3, "ts": 1.7, "type": "progress", "phase": "réndering ♫", "done": 1, "total": None},
    {"v": 1, "seq": 4, "ts": 1.8, "type": "of the future", "x": [1, {"y": "z"}]},
    {"v": 1, "seq": 5, "ts": 1.9, "type": "finished", "reused_from": None},
]
LINES = [json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in EVENTS]
LOG = b"".join(LINES)


@pytest.fixture(params=VERSIONS)
def lua(request: pytest.FixtureRequest) -> Lua:
    return Lua(request.param)


class Tail:
    """A tail of events.lua."""

    def __init__(self, lua: Lua, path: Path, offset: int = 0) -> None:
        self.lua = lua
        self.object = lua.require("events")[b"tail"](str(path).encode(), offset)

    def read(self, most: int | None = None) -> list[dict[str, Any]]:
        found = self.object[b"read"](self.object, most)
        if isinstance(found, tuple):
            raise ValueError(found[1].decode())  # noqa: TRY004
        return [self.lua.python(found[i]) for i in range(1, len(found) + 1)]

    @property
    def offset(self) -> int:
        return int(self.object[b"offset"])


def without_nulls(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if value is not None}


EXPECTED = [without_nulls(event) for event in EVENTS]


def test_cut_at_every_byte(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for cut in range(len(LOG) + 1):
        path.write_bytes(LOG[:cut])
        tail = Tail(lua, path)
        before = tail.read()
        whole = LOG[:cut].count(b"\n")
        assert before == EXPECTED[:whole]
        assert tail.offset == len(b"".join(LINES[:whole]))
        path.write_bytes(LOG)
        assert before + tail.read() == EXPECTED
        assert tail.read() == []


def test_grows_by_one_byte_at_a_time(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(lua, path)
    assert tail.read() == []
    found = []
    with path.open("wb", buffering=0) as file:
        for byte in LOG:
            file.write(bytes([byte]))
            found += tail.read()
    assert found == EXPECTED


def test_a_torn_end_that_the_next_worker_cut_off(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LINES[0] + LINES[1][:20])
    tail = Tail(lua, path)
    assert tail.read() == EXPECTED[:1]
    path.write_bytes(LINES[0] + LINES[1] + LINES[2])
    assert tail.read() == EXPECTED[1:3]


@pytest.mark.parametrize("most", [1, 7, 64, 100, 4096])
def test_a_bounded_piece_at_a_time(lua: Lua, tmp_path: Path, most: int) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LOG)
    tail = Tail(lua, path)
    found, reads = [], 0
    while piece := tail.read(most):
        found += piece
        reads += 1
    assert found == EXPECTED
    assert reads == len(EVENTS) if most < 100 else reads <= len(EVENTS)


def test_a_known_beginning_is_passed_over(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LOG)
    assert Tail(lua, path, len(LINES[0])).read() == EXPECTED[1:]


def test_lines_that_are_no_events_are_counted_and_passed_over(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    junk = b'\n{"v": 1}\n[1]\n"x"\n\xff\xfe\n{"v":1,"seq":9,"type":7}\n'
    path.write_bytes(LINES[0] + junk + LINES[1])
    tail = Tail(lua, path)
    assert tail.read() == EXPECTED[:2]
    assert tail.object[b"bad"] == 6


def test_an_event_is_given_once(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LINES[0] + LINES[0] + LINES[1])
    assert Tail(lua, path).read() == EXPECTED[:2]


def test_another_log_in_its_place(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LOG)
    tail = Tail(lua, path)
    tail.read()
    path.write_bytes(LINES[0])
    assert tail.read() == []
    assert tail.read() == EXPECTED[:1]


def test_a_line_without_end_is_not_read_for_ever(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * 3_000_000 + b"\n" + LOG)
    tail = Tail(lua, path)
    found = []
    for _ in range(5):
        found += tail.read()
    assert found == EXPECTED


def test_a_long_line_comes_alone(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    long = {"v": 1, "seq": 1, "type": "warning", "message": "x" * 50_000}
    path.write_bytes(json.dumps(long).encode() + b"\n" + LINES[1])
    tail = Tail(lua, path)
    assert tail.read() == [long]
    assert tail.read() == EXPECTED[1:2]


def test_another_version_is_refused(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LOG.replace(b'"v": 1', b'"v": 2'))
    with pytest.raises(ValueError, match="different versions"):
        Tail(lua, path).read()
