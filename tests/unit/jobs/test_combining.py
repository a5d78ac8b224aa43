"""Requests about finished jobs are read as strictly as any."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.jobs.combining import BLEND_FIELDS, COMPARE_FIELDS, BlendRequest, CompareRequest
from stembridge.jobs.request import parse
from stembridge.model.errors import StembridgeError, StoreError, UsageError

BLEND: dict[str, Any] = {"protocol": 1, "kind": "blend", "jobs": ["a1", "b2"], "stem": "vocals"}
COMPARE: dict[str, Any] = {"protocol": 1, "kind": "compare", "jobs": ["a1", "b2"]}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_the_least_a_host_may_write() -> None:
    assert parse(BLEND) == BlendRequest(("a1", "b2"), "vocals")
    assert parse(COMPARE) == CompareRequest(("a1", "b2"))


@pytest.mark.parametrize(
    "request_",
    [
        BlendRequest(("a",), "drums"),
        BlendRequest(
            ("a", "b", "c"), "drums.kick", "daw", "Take 7", "average", (1, 2.5, 0.0), "flac24", "/out",
            overwrite=True, host_context={"item": [None]},
        ),
        CompareRequest(("a", "b")),
        CompareRequest(("a", "b"), "daw", "/out", overwrite=True, host_context=7),
    ],
)  # fmt: skip
def test_a_request_comes_back_as_it_was_written(request_: BlendRequest | CompareRequest) -> None:
    assert parse(request_.to_dict()) == request_


def test_the_tables_name_every_field_that_is_written() -> None:
    assert set(BlendRequest((), "x").to_dict()) == set(BLEND_FIELDS)
    assert set(CompareRequest(()).to_dict()) == set(COMPARE_FIELDS)


@pytest.mark.parametrize("document", [BLEND, COMPARE])
def test_another_version_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(StoreError) as caught:
        parse({**document, "protocol": 2})
    assert caught.value.code == "protocol"


@pytest.mark.parametrize(
    ("document", "field", "value"),
    [
        (BLEND, "jobs", "a1"), (BLEND, "jobs", [1]), (BLEND, "jobs", None), (BLEND, "stem", None),
        (BLEND, "stem", ["vocals"]), (BLEND, "method", 1), (BLEND, "weights", 1), (BLEND, "weights", ["1"]),
        (BLEND, "weights", [True]), (BLEND, "weights", [None]), (BLEND, "deliver_to", ""),
        (BLEND, "format", None), (BLEND, "overwrite", 1), (BLEND, "name", 4), (BLEND, "host", None),
        (COMPARE, "jobs", {}), (COMPARE, "deliver_to", 3), (COMPARE, "overwrite", "yes"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_kind_is_named(document: dict[str, Any], field: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"field '{field}'") as caught:
        parse({**document, field: value})
    assert "PROTOCOL.md" in caught.value.hint


@pytest.mark.parametrize(
    ("document", "meant"), [({**BLEND, "weight": [1]}, "weights"), ({**COMPARE, "job": 1}, "jobs")]
)
def test_a_misspelt_field_is_named_with_the_one_that_was_meant(document: dict[str, Any], meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(document)
    assert f"'{meant}'" in caught.value.hint


def test_a_field_of_the_other_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="'stem'"):
        parse({**COMPARE, "stem": "vocals"})
    with pytest.raises(UsageError, match="'jobs'"):
        parse({"protocol": 1, "kind": "separate", "jobs": ["a"]})


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([BLEND, COMPARE]),
    st.dictionaries(st.sampled_from([*BLEND_FIELDS, "x"]), VALUES, max_size=5),
)
def test_nothing_breaks_the_reader(document: dict[str, Any], fields: dict[str, Any]) -> None:
    with contextlib.suppress(StembridgeError):
        parse({**document, **fields})
