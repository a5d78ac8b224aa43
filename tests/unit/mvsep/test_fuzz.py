"""Whatever the service writes: a typed reply, or a `ProtocolError`; from a refusal, one of our errors.

``STEMBRIDGE_FUZZ=100000`` sets the number of documents a parser gets; 150 without it.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stembridge.model.errors import CODES, ProtocolError, StembridgeError
from stembridge.mvsep import replies, replies_quality, replies_site
from stembridge.mvsep.calls import clearly_refused, refused
from stembridge.mvsep.catalogue_live import parse_live
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.shapes import read
from stembridge.mvsep.wire import Reply

EXAMPLES = int(os.environ.get("STEMBRIDGE_FUZZ", "150"))
KEY = Secret("sk-THE-FAKE-KEY-0123456789abcdef")

PARSERS: dict[str, tuple[Callable[[object], object], type | tuple[type, ...]]] = {
    "created": (replies.parse_created, replies.Created),
    "status": (replies.parse_status, replies.Status),
    "remote": (replies.parse_remote_status, replies.RemoteStatus),
    "cancelled": (replies.parse_cancelled, bool),
    "news": (replies_site.parse_news, tuple),
    "queue": (replies_site.parse_queue, replies_site.Queue),
    "demos": (replies_site.parse_demos, tuple),
    "account": (replies_site.parse_account, replies_site.Account),
    "history": (replies_site.parse_history, tuple),
    "notice": (replies_site.parse_notice, replies_site.Notice),
    "quality queue": (replies_quality.parse_quality_queue, tuple),
    "quality entry": (replies_quality.parse_quality_entry, replies_quality.QualityEntry),
    "leaderboard": (replies_quality.parse_leaderboard, replies_quality.Leaderboard),
    "quality added": (replies_quality.parse_quality_added, replies_quality.QualityAdded),
    "quality deleted": (replies_quality.parse_quality_deleted, str),
    "algorithms": (parse_live, tuple),
}

_NAMES = """
success status data message errors error hash link queue_count current_order finished_chunks
all_chunks algorithm algorithm_description output_format size tags input_file files date
transcription type url bytes download name image title lang text created_at updated_at queue plan
current in_process premium registered unregistered free_separations left max input_audio email
api_token premium_minutes premium_enabled long_filenames_enabled current_queue id job_exists credits
time_left render_id dataset_type algo_name main_text proc msg metrics sdr_vocals sortables sort
algorithm_group algorithm_group_id algorithm_fields algorithm_descriptions options default_key
input_type required price_rules option_key mode value conditions depends_on_field_id operator
value_json action price_coefficient orientation rating average total usage order_id is_active
output_stems outputs
"""
KEYS = _NAMES.split()
WORDS = [
    "done",
    "waiting",
    "failed",
    "not_found",
    "true",
    "false",
    "OK",
    "0",
    "1",
    "1.0",
    "2.0000",
    "",
    "add_opt1",
    "multiplier",
    "in",
    "show",
    '{"0": "A", "1": "B"}',
    '["vocals"]',
    "[",
    "\u0661",
    "9" * 30,
    "\ud800",
    "\x1b[2J",
    "https://mvsep.com/api/separation/get?hash=abc",
    "select",
    "text",
    "-5",
    "1e999",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(WORDS),
)
ANY = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=3)), inner, max_size=6),
    ),
    max_leaves=25,
)

ROW = {
    "id": 1,
    "hash": "h",
    "name": "n",
    "render_id": 3,
    "title": "t",
    "algo_name": "a",
    "proc": 1,
    "sdr_x": "1",
}
FIELD = {
    "name": "add_opt1",
    "text": "Model",
    "options": '{"0": "A", "81": "B"}',
    "default_key": "81",
    "price_rules": [{"option_key": "81", "mode": "multiplier", "value": "2.0000"}],
    "conditions": [{"depends_on_field_id": 1, "operator": "in", "value_json": '["0"]', "action": "show"}],
}
GOOD: list[Any] = [
    {
        "success": True,
        "data": {"hash": "h", "link": "l", "id": 5, "message": "m", "name": "n", "api_token": "k"},
    },
    {
        "success": True,
        "status": "done",
        "data": {"hash": "h", "files": [{"type": "Bass", "url": "u", "bytes": "5"}]},
    },
    {"success": True, "status": "waiting", "data": {"queue_count": 3, "current_order": "2"}},
    {
        "queue": {"in_process": 1},
        "plan": {"plan": "p", "queue": 1},
        "free_separations": {"left": 1, "max": 2},
    },
    [ROW, ROW],
    {"data": [ROW], "dataset_type": 1, "sortables": ["a"], "sort": "a"},
    [
        {
            "render_id": 40,
            "name": "BS (vocals, instrumental)",
            "algorithm_fields": [FIELD],
            "rating": {"average": "4"},
        }
    ],
]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Take a good document and spoil one or two places of it."""
    document = json.loads(json.dumps(draw(st.sampled_from(GOOD))))
    for _ in range(draw(st.integers(1, 2))):
        at = document
        for _ in range(draw(st.integers(0, 4))):
            inner = list(at.values()) if isinstance(at, dict) else at if isinstance(at, list) else []
            deeper = [item for item in inner if isinstance(item, dict | list) and item]
            if not deeper:
                break
            at = draw(st.sampled_from(deeper))
        if isinstance(at, dict):
            at[draw(st.sampled_from([*at, *KEYS]))] = draw(ANY)
        elif isinstance(at, list):
            at[draw(st.integers(0, len(at) - 1))] = draw(ANY)
    return document


DOCUMENTS = st.one_of(
    mutated().map(json.dumps).map(str.encode),
    ANY.map(json.dumps).map(str.encode),
    st.tuples(mutated().map(json.dumps).map(str.encode), st.integers(0, 200)).map(
        lambda pair: pair[0][: pair[1]]
    ),
    st.binary(max_size=60),
)
SETTINGS = settings(
    deadline=None,
    max_examples=EXAMPLES,
    database=None,
    derandomize=EXAMPLES < 1000,
    suppress_health_check=list(HealthCheck),
)


def typed(value: object) -> None:
    """Check a reply's values against its annotations, as far as plain types go."""
    if isinstance(value, tuple):
        for item in value:
            typed(item)
    elif dataclasses.is_dataclass(value):
        for spec in dataclasses.fields(value):
            held = getattr(value, spec.name)
            kind = str(spec.type)
            if kind in {"str", "int", "bool", "float"}:
                assert type(held).__name__ == kind, (spec.name, held)
            elif kind in {"int | None", "float | None", "str | None"}:
                assert held is None or type(held).__name__ == kind.removesuffix(" | None"), (spec.name, held)
            typed(held)
        repr(value)


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.timeout(7200)
def test_a_typed_reply_or_a_protocol_error(name: str) -> None:
    parse, kind = PARSERS[name]

    @SETTINGS
    @given(DOCUMENTS)
    @example(b"")
    @example(b"null")
    @example(b"NaN")
    @example(b"[" * 100_000)
    @example(b"\xff\xfe")
    @example(b"\xef\xbb\xbf{}")
    @example(b'{"success": true, "data": {"id": ' + b"9" * 5000 + b"}}")
    def check(body: bytes) -> None:
        refusal: ProtocolError | None = None
        try:
            found = read(body, parse, "it", [KEY])
        except ProtocolError as problem:
            refusal = problem
        if refusal is None:
            assert isinstance(found, kind)
            typed(found)
        else:
            assert refusal.message.endswith((".", "!", "?", "…"))
            assert refusal.message.isprintable()
            assert refusal.code == "protocol_reply"
            assert refusal.__context__ is None

    check()


@pytest.mark.timeout(7200)
def test_every_refusal_is_one_of_our_errors() -> None:
    @SETTINGS
    @given(
        DOCUMENTS,
        st.one_of(st.integers(200, 599), st.sampled_from([200, 400, 401, 402, 403, 413, 422, 429, 500])),
    )
    def check(body: bytes, status: int) -> None:
        reply = Reply(status, "application/json", body)
        error = refused(reply, (KEY,))
        assert type(error) is not StembridgeError
        assert isinstance(error, CODES[error.code][0])
        assert error.message
        assert error.message.isprintable()
        assert error.hint
        assert len(error.message) < 2500
        if status >= 500 or status == 408 or 300 <= status < 400:
            assert not clearly_refused(reply)

    check()
