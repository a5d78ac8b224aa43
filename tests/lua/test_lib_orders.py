"""Small parts of ordering: prices of many, names of presets, files that are copied in slices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge import queries
from stembridge.model.errors import UsageError
from stembridge.model.presets import own_name
from tests.fakes.reaper import Reaper
from tests.lua.ui_desk import QUOTE

JOB = {"rate": 48000, "channels": 2}
ROW = {**QUOTE, "left": 50}


def planned(host: Reaper, orders: list[dict[str, Any]], frames: list[int]) -> Any:
    """Give what is asked of the core for orders that each get jobs of these lengths."""
    host.require("quote")
    jobs = [{**JOB, "frames": count, "seconds": count / 48000} for count in frames]
    return host.lua.call(host.lua.eval("require('quote').plan"), orders, jobs)


def questions(host: Reaper, plan: Any) -> list[Mapping[str, Any]]:
    found = host.lua.python(plan["questions"])
    return list(found) if found else []


def total(host: Reaper, plan: Any, amounts: list[list[int | None]]) -> dict[str, Any]:
    """Give the sum of answers, a list of amounts for each question."""
    add = host.lua.eval(
        "function(plan, rows) local answers = {} "
        "for i, question in ipairs(plan.questions) do answers[question] = rows[i] end "
        "return require('quote').total(plan, answers) end"
    )
    rows = [
        [{**ROW, **({} if amount is None else {"amount": amount})} for amount in answer] for answer in amounts
    ]
    for answer, given in zip(rows, amounts, strict=True):
        for row, amount in zip(answer, given, strict=True):
            if amount is None:
                del row["amount"]
    return dict(host.lua.python(host.lua.call(add, plan, rows)))


def test_equal_lengths_are_asked_for_once_and_many_in_pieces(host: Reaper) -> None:
    order = {"engine": "mvsep", "model": "40", "options": {}}
    plan = planned(host, [order], [100] * 5 + list(range(1, 40)))
    asked = questions(host, plan)
    assert [len(one["spans"]) for one in asked] == [16, 16, 8]
    assert all(len(one["spans"]) <= queries.MOST_SPANS for one in asked)
    amounts: list[list[int | None]] = [[2] * 16, [3] * 16, [4] * 8]
    said = total(host, plan, amounts)
    # The first length of all is there five times.
    assert (said["amount"], said["count"]) == (5 * 2 + 15 * 2 + 16 * 3 + 8 * 4, 44)
    assert said["prices"][0]["100/48000/2"] == 2
    assert planned(host, [order], list(range(1, 66)))["many"] is True
    assert not questions(host, planned(host, [order], list(range(1, 66))))


def test_orders_of_the_same_lengths_are_one_question(host: Reaper) -> None:
    steps = [{"engine": "mvsep", "model": str(number), "options": {}} for number in (63, 37, 49)]
    chain = {"chain": "full-band", "steps": steps, "options": {}}
    plan = planned(host, [steps[0], chain], [480, 960])
    (asked,) = questions(host, plan)
    assert [one["order"]["model"] for one in asked["asks"]] == ["63", "37", "49"]
    assert len(asked["asks"]) <= queries.MOST_ORDERS
    said = total(host, plan, [[1, 2, 10, 20, 100, 200]])
    assert said["amount"] == 1 + 2 + 111 + 222
    assert [row["480/48000/2"] for row in said["prices"]] == [1, 111]
    many = planned(host, [{**chain, "steps": [dict(steps[0], model=str(n)) for n in range(12)]}], [1])
    assert [len(one["asks"]) for one in questions(host, many)] == [8, 4]


def test_a_price_that_is_not_known_makes_the_sum_unknown_and_is_allowed_to_nobody(host: Reaper) -> None:
    orders: list[dict[str, Any]] = [
        {"engine": "mvsep", "model": model, "options": {}} for model in ("1", "2")
    ]
    plan = planned(host, orders, [480])
    said = total(host, plan, [[5, None]])
    assert said.get("amount") is None
    assert said["prices"][0]["480/48000/2"] == 5
    assert said["prices"][1]["480/48000/2"] is False


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Lead, wet", "lead-wet"),
        ("  My Band / live ", "my-band-live"),
        ("2nd: try!", "2nd-try"),
        ("Früh am Morgen", "früh-am-morgen"),
        ("-x-", "x-"),
        ("é" * 60, "é" * 40),
    ],
)
def test_a_title_becomes_a_name_that_the_core_takes(host: Reaper, title: str, name: str) -> None:
    made = host.lua.call(host.require("dialog_presets").name_of, title)
    assert made == name
    assert own_name(made) == name


def test_what_cannot_be_a_name_is_left_to_the_core_to_refuse(host: Reaper) -> None:
    assert host.lua.call(host.require("dialog_presets").name_of, "?!") == ""
    with pytest.raises(UsageError):
        own_name("?!")


def copied(host: Reaper, source: Path, target: Path) -> tuple[int, Any]:
    """Copy in slices; give how many steps that took, and what the last said."""
    copy = host.lua.eval(
        "function(from, to) local one, why = require('copying').begin(from, to) "
        "if not one then return 0, why end local steps, done, said = 0, nil, nil "
        "repeat steps = steps + 1 done, said = one:step() until done ~= false "
        "return steps, said or true end"
    )
    host.require("copying")
    steps, said = host.lua.call(copy, str(source), str(target))
    return int(steps), said


def test_a_large_file_is_copied_in_slices_and_appears_whole(host: Reaper, tmp_path: Path) -> None:
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(bytes(range(256)) * (5 << 12))
    assert copied(host, source, target) == (4, True)
    assert target.read_bytes() == source.read_bytes()
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert "can't be read" in copied(host, tmp_path / "none", target)[1]
    assert "can't be written" in copied(host, source, tmp_path / "no" / "b.wav")[1]
    steps, said = copied(host, source, tmp_path)
    assert "can't be written" in said
    assert steps == 4
    assert not tmp_path.with_name(f"{tmp_path.name}.part").exists()
