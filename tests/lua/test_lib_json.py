"""json.lua against Python's json, both ways."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lua.pure import VERSIONS, Lua

STATES = {version: Lua(version) for version in VERSIONS}
lua_versions = pytest.mark.parametrize("lua", [STATES[v] for v in VERSIONS], ids=VERSIONS)
many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner | st.none(), max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=25,
)


def decode(lua: Lua, text: bytes) -> Any:
    value = lua.require("json")[b"decode"](text)
    if isinstance(value, tuple):
        raise ValueError(value[1].decode())  # noqa: TRY004
    return lua.python(value)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same kinds of number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@lua_versions
@many
@given(value=VALUES, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 3))
def test_reads_what_python_writes(lua: Lua, value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert same(decode(lua, text.encode()), value)


@lua_versions
@many
@given(value=VALUES)
def test_python_reads_what_it_writes(lua: Lua, value: Any) -> None:
    text = lua.require("json")[b"encode"](lua.lua(value))
    assert b"\n" not in text
    # In an object null means absent; the strategy has none there, so nothing gets lost.
    assert same(json.loads(text), value)


@lua_versions
@many
@given(value=VALUES, slice_size=st.integers(1, 5))
def test_slices_change_nothing(lua: Lua, value: Any, slice_size: int) -> None:
    reader = lua.require("json")[b"reader"](json.dumps(value).encode())
    steps = 0
    while True:
        answer = reader[b"step"](reader, slice_size)
        steps += 1
        if answer is not False:
            break
    done, found = answer
    assert done is True
    assert same(lua.python(found), value)
    assert steps >= reader[b"tokens"] / (slice_size + 40)


@lua_versions
@many
@given(value=VALUES, data=st.data())
def test_a_torn_document_is_never_a_document(lua: Lua, value: Any, data: st.DataObject) -> None:
    text = json.dumps([value], ensure_ascii=False).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError, match="This is no JSON: "):
        decode(lua, text[:cut])


@lua_versions
@many
@given(text=st.text('[]{}",:\\u0123456789eE+-. \ttruefalsn', max_size=14))
def test_agrees_with_python_about_what_is_json(lua: Lua, text: str) -> None:
    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        expected = json.loads(text, parse_constant=refuse)
    except ValueError:
        with pytest.raises(ValueError, match="This is no JSON"):
            decode(lua, text.encode())
        return
    found = decode(lua, text.encode())
    if "\\ud" not in text.lower() and "null" not in text:
        assert json.dumps(found) == json.dumps(expected) or math.isinf(float(expected))


@lua_versions
@pytest.mark.parametrize(
    "text",
    [
        *[b'"\xff"', b'"\xc0\x80"', b'"\xe2\x82"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"a\x80"'],
        *[b"01", b"-", b"1.", b".5", b"1e", b"+1", b"0x10", b"NaN", b"Infinity", b"1 2", b"'a'", b"\xa01"],
        *[b"[1,]", b'{"a":1,}', b"{a:1}", b'{"a" 1}', b'{"a":}', b"[1 2]", b"tru", b"nul", b"]", b"", b" "],
        *[b'"a\nb"', b'"\x00"', b'"\\x"', b'"\\u12"', b'"\\u12g4"', b'"\\', b"[}", b"{]", b'{"a":1]'],
    ],
)
def test_what_is_no_json_is_refused_with_its_place(lua: Lua, text: bytes) -> None:
    with pytest.raises(ValueError, match=r"This is no JSON: .* at byte \d+\."):
        decode(lua, text)


@lua_versions
def test_escapes_and_halves_of_pairs(lua: Lua) -> None:
    assert (
        decode(lua, rb'"\ud83c\udfb8 \u00e9 \/ \b\f\n\r\t \" \\ \u0000"')
        == '\U0001f3b8 é / \b\f\n\r\t " \\ \0'
    )
    assert decode(lua, rb'"\ud83c x"') == "\ufffd x"
    assert decode(lua, rb'"\udfb8\ud83c\ud83c\udfb8"') == "\ufffd\ufffd\U0001f3b8"
    assert decode(lua, b'"\x7f"') == "\x7f"


@lua_versions
def test_nesting_costs_memory_and_no_stack(lua: Lua) -> None:
    deep = 100_000
    assert (
        lua.eval(
            "function(text) local v, d = require('json').decode(text), 0; "
            "while v do v = v[1]; d = d + 1 end return d end"
        )(b"[" * deep + b"]" * deep)
        == deep
    )
    text = b"[" * 400 + b"]" * 400
    assert lua.eval("function(t) local j = require('json') return j.encode(j.decode(t)) end")(text) == text


@lua_versions
def test_null_in_an_object_is_absent_and_in_an_array_keeps_its_place(lua: Lua) -> None:
    assert decode(lua, b'{"a":null,"b":[null,1,null]}') == {"b": [None, 1, None]}
    assert lua.require("json")[b"encode"](None) == b"null"


@lua_versions
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("{1, 2, x = 3}", b"a gap or a name"),
        ("{[1] = 1, [3] = 1}", b"a gap or a name"),
        ("{[2] = 1}", b"must be text"),
        ("0/0", b"not finite"),
        ("-1/0", b"not finite"),
        ("'\\xff'", b"not UTF-8"),
        ("{a = print}", b"a function has no JSON"),
        ("(function() local t = {} t.t = t return t end)()", b"a table in itself"),
    ],
)
def test_what_has_no_json_is_refused(lua: Lua, code: str, words: bytes) -> None:
    fine, sentence = lua.eval(f"pcall(require('json').encode, {code})")
    assert not fine
    assert words in sentence


@lua_versions
def test_a_lua_table_is_written_as_what_it_looks_like(lua: Lua) -> None:
    encode = "require('json').encode"
    assert lua.eval(encode + "{}") == b"{}"
    assert lua.eval(encode + "(require('json').array())") == b"[]"
    assert lua.eval(encode + "{b = 1, a = {1.0, 2, 'x'}}") == b'{"a":[1.0,2,"x"],"b":1}'
