"""Requests are read strictly: what isn't known is refused, and nothing breaks the reader."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.jobs.request import (
    QUERIES,
    QUERY_FIELDS,
    SEPARATE_FIELDS,
    QueryRequest,
    SeparateRequest,
    Source,
    parse,
)
from stembridge.model.errors import StembridgeError, StoreError, UsageError

SEPARATE: dict[str, Any] = {"protocol": 1, "kind": "separate", "source": {"path": "/a.wav"}}
QUERY: dict[str, Any] = {"protocol": 1, "kind": "query", "what": "doctor"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_the_least_a_host_may_write() -> None:
    assert parse(SEPARATE) == SeparateRequest(Source("/a.wav"))
    assert parse({"protocol": 1, "kind": "separate", "input": True}) == SeparateRequest(None, input=True)
    assert parse(QUERY) == QueryRequest("doctor")


@pytest.mark.parametrize(
    "request_",
    [
        SeparateRequest(Source("/a.wav")),
        SeparateRequest(None, input=True, name="take 1", host_context=[1, {"x": None}]),
        SeparateRequest(None, model="62", options={"add_opt1": "rain"}),
        SeparateRequest(Source(url="https://x.org/a.wav", remote_type="drive"), service={"format": "5"}),
        SeparateRequest(
            Source("/a.wav", 7, 9, 44100, 2), "daw", "n", "offline", "repet", {"centre": "on"}, ("vocals",),
            rest=True, residual=True, format="mp3", deliver_to="/out", overwrite=True, again=True,
            max_credits=3, background=True, host_context={"item": "{GUID}"},
        ),
        QueryRequest("quote", "audacity", {"source": {"path": "/a.wav"}}, 5),
    ],
)  # fmt: skip
def test_a_request_comes_back_as_it_was_written(request_: SeparateRequest | QueryRequest) -> None:
    assert parse(request_.to_dict()) == request_


def test_the_tables_name_every_field_that_is_written() -> None:
    assert set(SeparateRequest(Source("/a")).to_dict()) | {"input"} == set(SEPARATE_FIELDS)
    assert set(QueryRequest("doctor").to_dict()) == set(QUERY_FIELDS)


@pytest.mark.parametrize("version", [0, 2, 99, None, "1", True])
@pytest.mark.parametrize("document", [SEPARATE, QUERY])
def test_another_version_is_refused_with_the_way_out(document: dict[str, Any], version: object) -> None:
    with pytest.raises(StoreError, match=r"version .* of the file protocol") as caught:
        parse({**document, "protocol": version})
    assert caught.value.code == "protocol"
    assert "stembridge setup" in caught.value.hint


@pytest.mark.parametrize(
    ("field", "meant"),
    [("stem", "stems"), ("Format", "format"), ("over_write", "overwrite"), ("deliverto", "deliver_to")],
)
def test_a_misspelt_field_is_named_with_the_one_that_was_meant(field: str, meant: str) -> None:
    with pytest.raises(UsageError, match=field) as caught:
        parse({**SEPARATE, field: 1})
    assert f"'{meant}'" in caught.value.hint


def test_a_misspelt_field_of_the_source_too() -> None:
    with pytest.raises(UsageError) as caught:
        parse({**SEPARATE, "source": {"path": "/a.wav", "first": 3}})
    assert "'first_frame'" in caught.value.hint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "song.wav"), ("source", ["song.wav"]), ("source", {}), ("source", {"path": 5}),
        ("source", {"path": ""}), ("source", {"path": "a\0b"}),
        ("source", {"path": "/a", "first_frame": 1.5}), ("source", {"path": "/a", "first_frame": True}),
        ("source", {"path": "/a", "frames": "9"}), ("source", {"path": "/a", "rate": -1}),
        ("input", True), ("input", "yes"), ("engine", 5), ("model", ["x"]), ("options", [1]),
        ("options", {"a": 1}), ("stems", "vocals"), ("stems", [1]), ("rest", 1), ("residual", "no"),
        ("format", None), ("deliver_to", 3), ("deliver_to", ""), ("deliver_to", "/a\0"), ("overwrite", None),
        ("again", 0), ("max_credits", -1), ("max_credits", True), ("background", "on"), ("host", None),
        ("name", 1), ("kind", "dance"), ("kind", None), ("kind", ["separate"]),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_kind_is_named(field: str, value: object) -> None:
    with pytest.raises(UsageError, match=r"field '(\w+)'") as caught:
        parse({**SEPARATE, field: value})
    assert "PROTOCOL.md" in caught.value.hint


@pytest.mark.parametrize("what", ["quotes", "", None, 3])
def test_an_unknown_question_is_refused(what: object) -> None:
    with pytest.raises(UsageError):
        parse({**QUERY, "what": what})


@pytest.mark.parametrize("what", QUERIES)
def test_every_question_can_be_asked(what: str) -> None:
    assert parse({**QUERY, "what": what, "arguments": {}}) == QueryRequest(what)


def test_luas_empty_table_is_an_empty_object() -> None:
    assert parse({**SEPARATE, "options": []}) == parse(SEPARATE)
    assert parse({**QUERY, "arguments": []}) == parse(QUERY)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from([*SEPARATE_FIELDS, "stem", "x"]), VALUES, max_size=6))
def test_nothing_breaks_the_reader_of_orders(fields: dict[str, Any]) -> None:
    with contextlib.suppress(StembridgeError):
        assert isinstance(parse({**SEPARATE, **fields}), SeparateRequest | QueryRequest)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from([*QUERY_FIELDS, "y"]), VALUES, max_size=5))
def test_nothing_breaks_the_reader_of_questions(fields: dict[str, Any]) -> None:
    with contextlib.suppress(StembridgeError):
        assert isinstance(parse({**QUERY, **fields}), SeparateRequest | QueryRequest)
