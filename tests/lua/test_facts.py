"""The host's table of facts, against the list of REAPER's whole API where that list is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Reaper, facts

SHARED = Path(__file__).parents[3] / "shared" / "reascript_api.json"


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    if not SHARED.is_file():
        pytest.skip("the list of REAPER's whole API is not at hand")
    found: dict[str, Any] = json.loads(SHARED.read_text(encoding="utf-8"))
    return found


Shape = tuple[list[tuple[str, bool, bool]], list[tuple[str, bool]], tuple[int, int]]


def our_shape(function: facts.Function) -> Shape:
    """Arguments, results and version, as our table has them."""
    arguments = [(each.type.name, each.type.nullable, each.optional) for each in function.arguments]
    return arguments, [(each.name, each.nullable) for each in function.returns], function.since


def their_shape(function: dict[str, Any]) -> Shape:
    """The same, as the whole API has them."""
    arguments = [
        (each["type"], each.get("nullable", False), each.get("optional", False)) for each in function["args"]
    ]
    results = [
        (each["type"], bool(each.get("nullable") or each.get("optional"))) for each in function["returns"]
    ]
    oldest = function["since"] == "<=6.19"
    return arguments, results, (0, 0) if oldest else facts.version(function["since"].split()[0])


def test_every_signature_agrees_with_the_whole_api(api: dict[str, Any]) -> None:
    ours = {name: each for name, each in facts.functions().items() if not each.extension}
    assert {name: our_shape(each) for name, each in ours.items()} == {
        name: their_shape(api["functions"][name]) for name in ours
    }


def test_extensions_are_no_functions_of_reapers_own(api: dict[str, Any]) -> None:
    extensions = {name for name, each in facts.functions().items() if each.extension}
    assert extensions
    assert not extensions & set(api["functions"])


def test_every_parameter_name_agrees_with_the_whole_api(api: dict[str, Any]) -> None:
    for function, names in facts.parmnames().items():
        theirs = {name for name in api["parmnames"][function] if "SPECEDIT" not in name}
        count = len(names.plain) + len(names.patterns)
        assert count == len(theirs), function
        for name in names.plain:
            assert name in theirs, (function, name)
        for pattern, _ in names.patterns:
            assert any(pattern.fullmatch(name) for name in theirs), (function, pattern.pattern)


def test_every_function_of_the_facts_is_modelled(host: Reaper) -> None:
    assert set(facts.functions()) == set(host.functions)


def test_every_gfx_function_is_drawn(host: Reaper) -> None:
    window = host.script.window
    missing = [
        name
        for name in facts.gfx_functions()
        if not hasattr(window, f"_{name}") and not hasattr(window.canvas, name)
    ]
    assert missing == []
    for name in facts.gfx_variables():
        assert isinstance(window.get(name), float)


@pytest.mark.parametrize(
    ("line", "least", "most", "returns", "since"),
    [
        ("defer(function func) -> boolean", 1, 1, 1, (0, 0)),
        ("f([integer a], [integer b])", 0, 2, 0, (0, 0)),
        ("g(ReaProject? proj, integer i) -> MediaTrack?, string   since 7.27", 2, 2, 2, (7, 27)),
        ("triangle(number x, ...)", 1, 64, 0, (0, 0)),
    ],
)
def test_a_signature_is_read(line: str, least: int, most: int, returns: int, since: tuple[int, int]) -> None:
    found = facts.parse(line)
    assert (found.least, found.most, len(found.returns), found.since) == (least, most, returns, since)


def test_what_is_no_signature_is_refused() -> None:
    with pytest.raises(ValueError, match="no signature"):
        facts.parse("just words")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7.62/linux-x86_64", (7, 62)), ("6.8", (6, 80)), ("6.08/x64", (6, 8)), ("7.0", (7, 0)), ("7", (7, 0))],
)
def test_versions_compare_as_numbers(text: str, expected: tuple[int, int]) -> None:
    assert facts.version(text) == expected
