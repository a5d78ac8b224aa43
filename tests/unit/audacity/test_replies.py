"""Answers: where they end, what JSON is in them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stembridge.model.errors import HostError
from stembridge_audacity.replies import Framer, Reply
from stembridge_audacity.traps import Trap

OK = "BatchCommand finished: OK\n\n"


def reply(text: str) -> Reply:
    return Reply(text, ok=True, raw=text + "\n" + OK)


def as_audacity_writes(name: str) -> str:
    """Escape quotes and nothing else."""
    return '[ { "name":"' + name.replace('"', '\\"') + '", "focused":1 },\n  { "name":"b" } ]'


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        'a "quoted" one',
        "back\\slash",
        "tab\tin",
        "\\",
        "ends\\",
        'all "\\" of\\ it\x01',
        "\\\\",
        'x\\"',
    ],
)
def test_json_is_mended(name: str) -> None:
    document = reply(as_audacity_writes(name)).json()
    assert document == [{"name": name, "focused": 1}, {"name": "b"}]


# A backslash before a quote that something like an end follows reads two ways; no name of a track has it.
@given(st.text().filter(lambda name: '"' not in name))
def test_any_name_without_a_quote(name: str) -> None:
    assert reply(as_audacity_writes(name)).json() == [{"name": name, "focused": 1}, {"name": "b"}]


@given(st.recursive(st.none() | st.integers() | st.text("ab ÿ"), st.lists))
def test_sound_json_stays(document: object) -> None:
    assert reply(json.dumps(document, ensure_ascii=False)).json() == document


@pytest.mark.parametrize("text", ["", "[", "no JSON at all", '{ "a": }'])
def test_no_json(text: str) -> None:
    with pytest.raises(HostError) as caught:
        reply(text).json()
    assert Trap.GARBLED.caused(caught.value)


@given(st.lists(st.text("ab\n:"), min_size=1, max_size=4), st.lists(st.integers(1, 30), min_size=1))
def test_pieces_of_any_size(texts: list[str], sizes: list[int]) -> None:
    """Several answers, cut anywhere: each comes out whole, in order."""
    stream = "".join(f"{text}\n{OK}" for text in texts).encode()
    framer = Framer()
    found: list[Reply] = []
    place = turn = 0
    while place < len(stream):
        size = sizes[turn % len(sizes)]
        framer.feed(stream[place : place + size])
        place, turn = place + size, turn + 1
        while (whole := framer.take()) is not None:
            found.append(whole)
    assert [whole.text for whole in found] == texts
    assert len(framer) == 0


def test_silence_alone_makes_no_answer() -> None:
    framer = Framer()
    for piece in (b"\nBatch", b"Command finished: OK", b"\n"):
        framer.feed(piece)
        assert framer.take(quiet=True) is None
    framer.feed(b"\n")
    assert framer.take() == Reply("", ok=True, raw="\n" + OK)


def test_unmarked_answers_need_silence() -> None:
    framer = Framer()
    framer.feed(b"\n")
    assert framer.unmarked
    assert framer.take() is None
    whole = framer.take(quiet=True)
    assert whole is not None
    assert whole.no_project
