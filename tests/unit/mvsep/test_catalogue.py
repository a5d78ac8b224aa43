"""The catalogue: the page's table to the last value, the live list, search, prices, the kept copy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stembridge.model.errors import ProtocolError, UnavailableError, UnknownNameError, UsageError
from stembridge.model.stems import ResultKind
from stembridge.mvsep.algorithm import Algorithm
from stembridge.mvsep.builtin import builtin
from stembridge.mvsep.catalogue import DAY, Source, built_in, load_catalogue, parse_catalogue
from stembridge.mvsep.labels import stem_id, stems_in_name
from stembridge.mvsep.plans import OUTPUT_FORMATS, find_output_format

BASE = "https://mvsep.com"
FIELDS = [(one, f) for one in builtin() for f in one.fields]


def numbered(sep_type: int) -> Algorithm:
    return built_in().find(sep_type)


def test_the_page_is_there_as_a_whole() -> None:
    assert len(builtin()) == len({one.sep_type for one in builtin()}) == 57
    assert len(FIELDS) == 62
    assert sum(len(f.options) for _, f in FIELDS) == 287
    assert not [one.sep_type for one in builtin() if one.sep_type == 11]


def test_its_defaults_are_the_pages() -> None:
    late = [f for _, f in FIELDS if f.default is not None and f.default != f.options[0].key]
    assert len(late) == 32
    assert [(one.sep_type, f.name) for one, f in FIELDS if f.default is None] == [
        (17, "add_opt1"),
        (62, "add_opt1"),
    ]
    for one, f in FIELDS:
        assert f.name in {"add_opt1", "add_opt2", "add_opt3"}
        assert len({option.key for option in f.options}) == len(f.options), one.name
        assert f.default is None or f.default in {option.key for option in f.options}, one.name
        assert f.kind == ("select" if f.options else "text")


def test_rows_that_are_easily_got_wrong() -> None:
    assert numbered(40).fill({}) == {"add_opt1": "81"}
    assert [o.key for o in numbered(40).fields[0].options] == ["3", "4", "5", "29", "85", "81"]
    assert [o.key for o in numbered(25).fields[0].options] == ["3", "2", "0", "1", "4", "7"]
    assert numbered(9).fill({"add_opt2": "1"}) == {"add_opt1": "0", "add_opt2": "1.0"}
    assert numbered(9).fill({"add_opt2": ".5"})["add_opt2"] == "0.5"
    assert numbered(17).fill({}) == {}
    assert numbered(59).fields[0].options[1].key == "2000"
    assert numbered(62).fill({"Text prompt": "rain on a roof"}) == {
        "add_opt1": "rain on a roof",
        "add_opt2": "47",
    }
    assert "Karaokee" in numbered(9).fields[0].options[8].label
    assert numbered(9).fields[1].text == "Agressiveness"
    assert numbered(23).fields[0].options[2].label == "MDX UVR 2022.07.25(SDR: 8.67)"
    assert numbered(0).name == "spleeter"


@pytest.mark.parametrize("one", builtin(), ids=lambda one: str(one.sep_type))
def test_every_value_can_be_ordered_by_key_and_by_label(one: Algorithm) -> None:
    needs = {f.name: "x" for f in one.fields if f.kind == "text"}
    for f in one.fields:
        for option in f.options:
            for name in (f.name, f.text.upper()):
                for value in (option.key, option.label.lower()):
                    assert one.fill({**needs, name: value})[f.name] == option.key
    assert built_in().find(one.name) is one
    assert built_in().find(str(one.sep_type)) is one


def test_wrong_names_bring_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        numbered(40).fill({"add_op1": "81"})
    assert "'add_opt1'" in caught.value.hint
    with pytest.raises(UnknownNameError) as caught:
        numbered(40).fill({"add_opt1": "ver 2025.7"})
    assert "2025.07" in caught.value.hint
    with pytest.raises(UnknownNameError) as caught:
        built_in().find("BS Rofrmer SW")
    assert "'BS Roformer SW'" in caught.value.hint
    with pytest.raises(UsageError, match="Text prompt"):
        numbered(62).fill({})


def test_quality_figures() -> None:
    labels = [o.figures for o in numbered(40).fields[0].options]
    assert labels[-1] == {"vocals": 11.89, "instrumental": 18.20}
    assert numbered(26).fields[1].options[0].figures == {"vocals": 10.44}
    assert numbered(26).fields[1].options[-1].figures == {"": 17.69, "fullness": 34.79}
    assert numbered(28).fields[1].options[-1].figures == {"average": 13.67}
    assert numbered(12).fields[0].options[1].figures == {"lead": 7.94}


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        ("karaoke", {49, 12}),
        ("karaokee", {9, 49, 12}),
        ("karaokke", {9, 49, 12}),
        ("KAROKEE", {9, 49, 12}),
        ("11.89", {40}),
        ("sdr 13.67", {28, 30}),
        ("piano", {29}),
        ("63", {63}),
        ("roformer sw", {63}),
        ("vocls roformer", {40, 48, 35}),
        ("dereverb", {22}),
        ("sax", {61}),
        ("hihat", {37, 38}),
        ("speech", {36, 45, 56, 18, 24}),
        ("transcript", {39, 64}),
        ("whisper", {39}),
        ("male", {57}),
    ],
)
def test_search(wanted: str, first: set[int]) -> None:
    found = [hit.algorithm.sep_type for hit in built_in().search(wanted)]
    assert found[0] in first
    assert first <= set(found)


def test_search_names_the_values_that_fit_and_finds_nothing_for_rubbish() -> None:
    hit = built_in().search("viperx 10.87")[0]
    assert hit.algorithm.sep_type == 40
    assert ("add_opt1", "4") in [(name, option.key) for name, option in hit.options]
    assert built_in().search("qwertzuiop") == ()
    assert len(built_in().search("")) == 57


def test_stems() -> None:
    assert numbered(63).stems == ("vocals", "bass", "drums", "guitar", "piano", "other")
    assert numbered(0).stems_for({"add_opt1": "2"}) == ("vocals", "drums", "bass", "piano", "other")
    assert numbered(20).stems_for(numbered(20).fill({})) == ("vocals", "drums", "bass", "other")
    assert numbered(9).stems == ("vocals", "instrumental")
    assert numbered(56).stems == ("dialogue", "music", "effects")
    assert numbered(49).stems == ("lead", "backing")
    assert {one.sep_type: one.kind for one in builtin() if one.kind is not ResultKind.STEM} == {
        39: ResultKind.TEXT,
        64: ResultKind.TEXT,
        51: ResultKind.AUDIO,
        59: ResultKind.AUDIO,
        60: ResultKind.AUDIO,
        62: ResultKind.GENERATED,
    }
    assert [one.sep_type for one in builtin() if not one.upload] == [62]
    for one in builtin():
        for promise in one.promises:
            for name, key in promise.options.items():
                f = next(f for f in one.fields if f.name == name)
                assert key in {option.key for option in f.options}
    assert (stem_id("Instrum"), stem_id("vocals-lead"), stem_id("Hi Hat"), stem_id("Ünknown Thing!")) == (
        "instrumental",
        "lead",
        "hihat",
        "nknown-thing",
    )
    assert stem_id("../../etc") == "etc"
    assert stem_id("") == "other"
    assert stems_in_name("Apollo (by someone)") == ()


def test_output_formats() -> None:
    assert list(OUTPUT_FORMATS) == [0, 1, 2, 3, 4, 5]
    assert find_output_format("flac24").number == 5
    assert find_output_format(4).premium
    with pytest.raises(UnknownNameError):
        find_output_format("ogg")


def live_row(**more: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "render_id": 40,
        "name": "BS Roformer (vocals, instrumental)",
        "algorithm_group_id": 21,
        "algorithm_group": {"id": 21, "name": "Vocals"},
        "orientation": 2,
        "price_coefficient": "1.5",
        "is_active": 1,
        "usage": 5,
        "rating": {"average": "4.5000", "total": 12},
        "order_id": 3,
        "algorithm_fields": [
            {
                "id": 12,
                "name": "add_opt2",
                "text": "Second first",
                "options": '{"1": "One", "1.0": "Same", "x": "Letters"}',
                "default_key": 1,
                "price_rules": [{"option_key": "x", "mode": "multiplier", "value": "2.0000"}],
            },
            {
                "id": 11,
                "name": "add_opt1",
                "text": "Model",
                "options": '["Zero", "One"]',
                "default_key": "0",
                "conditions": [
                    {"depends_on_field_id": 12, "operator": "in", "value_json": '["x"]', "action": "show"}
                ],
            },
            {
                "id": 13,
                "name": "add_opt3",
                "text": "Seed",
                "input_type": "text",
                "options": None,
                "required": 0,
            },
            {
                "id": 14,
                "name": "add_opt4",
                "text": "Four",
                "server_key": "four",
                "input_type": "select",
                "options": {"a": "A", "b": "B"},
                "default_key": "b",
                "required": True,
                "conditions": [
                    {"depends_on_field_id": "12", "operator": "in", "value_json": ["x"], "action": "hide"}
                ],
            },
        ],
        "algorithm_descriptions": [
            {"lang": "ru", "short_description": "ы"},
            {"lang": "en", "short_description": "Fine &amp; <b>new</b>", "long_description": "<p>long</p>"},
        ],
        **more,
    }


def test_the_live_list_in_its_newer_shape() -> None:
    body = json.dumps(
        [live_row(), live_row(render_id=0, name="other", order_id=1, algorithm_fields=[])]
    ).encode()
    first, one = parse_catalogue(body, fetched=1.0).algorithms
    assert first.sep_type == 0
    assert (one.group, one.plan, one.price, one.rating, one.votes) == ("Vocals", 2, 1.5, 4.5, 12)
    assert one.summary == "Fine & new"
    assert [f.name for f in one.fields] == ["add_opt2", "add_opt1", "add_opt3", "add_opt4"]
    assert one.fill({}) == {"add_opt2": "1", "add_opt4": "b"}
    assert one.fill({"add_opt2": "letters", "Model": "One"}) == {"add_opt2": "x", "add_opt1": "1"}
    assert one.fill({"four": "A", "Seed": "7"}) == {"add_opt2": "1", "add_opt3": "7", "add_opt4": "a"}
    with pytest.raises(UsageError, match="means nothing"):
        one.fill({"add_opt1": "0"})
    with pytest.raises(UsageError, match="means nothing"):
        one.fill({"add_opt2": "x", "add_opt4": "a"})


@pytest.mark.parametrize(
    ("seconds", "price", "options", "amount"),
    [
        (240, 1.0, {}, 4),
        (239.9, 1.0, {}, 3),
        (10, 1.0, {}, 1),
        (0, 1.0, {}, 1),
        (240, 1.5, {"add_opt2": "1"}, 6),
        (240, 1.5, {"add_opt2": "x"}, 12),
        (10, 0.0, {"add_opt2": "x"}, 2),
    ],
)
def test_prices(seconds: float, price: float, options: dict[str, str], amount: int) -> None:
    one = parse_catalogue(json.dumps([live_row(price_coefficient=price)]).encode(), fetched=0).algorithms[0]
    assert one.credits(seconds, options) == amount
    assert numbered(40).credits(seconds, options) is None


def test_stems_of_the_live_list() -> None:
    for given in ('["vocals", "instrum"]', ["vocals", "instrum"], [{"slug": "vocals"}, {"name": "Instrum"}]):
        body = json.dumps([live_row(render_id=999, name="New", output_stems=given)]).encode()
        assert parse_catalogue(body, fetched=0).algorithms[0].stems == ("vocals", "instrumental")
    body = json.dumps([live_row(render_id=63, name="SW (a, b)", outputs="rubbish")]).encode()
    assert parse_catalogue(body, fetched=0).algorithms[0].stems == ()


def test_a_few_broken_entries_cost_themselves_only() -> None:
    rows = [live_row(render_id=n, name=f"N{n}") for n in range(9)]
    assert (
        len(parse_catalogue(json.dumps([*rows, {"name": "no number"}]).encode(), fetched=0).algorithms) == 9
    )
    odd = live_row(render_id=50)
    odd["algorithm_fields"][0]["price_rules"] = [{"option_key": "x", "mode": "surcharge", "value": "1"}]
    assert len(parse_catalogue(json.dumps([*rows, odd]).encode(), fetched=0).algorithms) == 9
    for broken in (b"[]", b"{}", b"null", b"<html>", json.dumps([*rows[:3], {}, {}]).encode()):
        with pytest.raises(ProtocolError):
            parse_catalogue(broken, fetched=0)


def test_the_live_list_is_kept_a_day_and_the_old_copy_outlives_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "algorithms.json"
    now = [1_000_000.0]
    calls: list[int] = []
    body = [json.dumps([live_row()]).encode()]

    def fetch() -> bytes:
        calls.append(1)
        if not body[0]:
            raise UnavailableError("No network.")
        return body[0]

    def load(**more: Any) -> Any:
        return load_catalogue(path, BASE, fetch, clock=lambda: now[0], **more)

    first = load()
    assert (first.source, len(calls)) == (Source.LIVE, 1)
    again = load()
    assert (again.source, len(calls)) == (Source.LIVE, 1)
    assert again.algorithms == first.algorithms
    assert load(refresh=True).source is Source.LIVE
    assert len(calls) == 2
    now[0] += DAY
    body[0] = b"<html>maintenance</html>"
    kept = load()
    assert (kept.source, kept.algorithms) == (Source.KEPT, first.algorithms)
    assert "can't be understood" in kept.note
    body[0] = b""
    assert "can't be had" in load().note
    assert load_catalogue(path, BASE, None, clock=lambda: now[0]).source is Source.KEPT
    # A clock that jumped back makes the copy one of unknown age: asked again.
    now[0] -= 10 * DAY
    before = len(calls)
    assert load().source is Source.KEPT
    assert len(calls) == before + 1
    assert load_catalogue(path, "http://127.0.0.1:1", None).source is Source.BUILT_IN


@pytest.mark.parametrize("damage", ["cut", "rubbish", "version", "types", "empty"])
def test_a_damaged_copy_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "algorithms.json"
    load_catalogue(path, BASE, lambda: json.dumps([live_row()]).encode(), clock=lambda: 5.0)
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    if damage == "cut":
        text = text[: len(text) // 2]
    elif damage == "rubbish":
        text = "\x00"
    elif damage == "version":
        text = json.dumps({**data, "v": 99})
    elif damage == "types":
        data["algorithms"][0]["fields"] = "none"
        text = json.dumps(data)
    else:
        text = json.dumps({**data, "algorithms": []})
    path.write_text(text, encoding="utf-8")
    assert load_catalogue(path, BASE, None, clock=lambda: 6.0).source is Source.BUILT_IN
    assert [p.name for p in tmp_path.iterdir()] == ["algorithms.json"]


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    found = load_catalogue(blocked / "algorithms.json", BASE, lambda: json.dumps([live_row()]).encode())
    assert found.source is Source.LIVE
