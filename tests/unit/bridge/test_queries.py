"""A host's questions: rows a script can read one at a time, and a result that comes last."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge import own_chains, own_presets, queries
from stembridge.bridge.queries import ROW_FIELDS
from stembridge.cli.compose import Tools
from stembridge.engines.base import Readiness
from stembridge.jobs import disk, events
from stembridge.jobs.events import EventLog
from stembridge.jobs.request import QUERIES, QueryRequest
from stembridge.jobs.shift import Outcome, work
from stembridge.jobs.store import Job
from stembridge.model.chains import CHAINS, Chain, ChainStep
from stembridge.model.presets import PRESETS, OwnPreset
from stembridge.model.states import State
from tests.fakes.bench import Workshop

Hosts = Mapping[str, Callable[[], Iterable[Readiness]]]


@pytest.fixture
def song(home: Path) -> Path:
    return Workshop(home).source


def _ask(
    home: Path, what: str, arguments: Mapping[str, Any] | None = None, hosts: Hosts | None = None
) -> tuple[Job, Outcome]:
    tools = Tools(home)
    job = tools.store.create(QueryRequest(what, "test", arguments or {}, {"ticket": [1, None]}))

    def body(_: EventLog) -> None:
        queries.answer(job, tools, hosts or {})

    return job, work(job, body, clock=tools.clock)


def _rows(job: Job) -> list[dict[str, Any]]:
    lines = job.rows_file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _quote(source: Path, **more: Any) -> dict[str, Any]:
    return {"source": {"path": str(source)}, "model": "repet", **more}


@pytest.mark.parametrize("what", QUERIES)
def test_the_answer_is_rows_and_a_result_that_counts_them(home: Path, song: Path, what: str) -> None:
    own_presets.save(home, OwnPreset("mine", model="repet"), overwrite=False)
    arguments = {
        "quote": _quote(song),
        "save_preset": {"name": "new", "order": {"model": "repet"}},
        "remove_preset": {"name": "mine"},
    }
    job, outcome = _ask(home, what, arguments.get(what))
    assert outcome.state is State.READY
    rows = _rows(job)
    assert rows
    words = re.sub("[():]", ",", ROW_FIELDS[what])
    assert set(rows[0]) <= {word.strip() for word in words.split(",")}
    assert job.result() == {
        "protocol": 1, "kind": "query", "job": job.id, "what": what, "rows": len(rows),
        "host_context": {"ticket": [1, None]},
    }  # fmt: skip
    told = [event["type"] for event in events.read(job.events_file)]
    assert told == ["accepted", "finished"]


def test_the_result_is_the_last_thing_to_appear(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = disk.write_json

    def watched(path: Path, document: Mapping[str, Any], **more: Any) -> None:
        if path.name == "result.json":
            assert len(_rows(Job(path.parent))) == document["rows"]
        write(path, document, **more)

    monkeypatch.setattr(disk, "write_json", watched)
    assert _ask(home, "presets")[1].state is State.READY


def test_the_catalogue_has_the_embedded_models_with_their_options(home: Path) -> None:
    rows = {row["sep_type"]: row for row in _rows(_ask(home, "catalogue")[0])}
    assert {"spleeter", "repet"} <= set(rows)
    fields = {field["name"]: field for row in rows.values() for field in row["fields"]}
    assert "centre" in fields
    for field in fields.values():
        assert field["default"] in [key for key, _ in field["options"]]


def test_the_presets_say_which_work_offline(home: Path) -> None:
    rows = _rows(_ask(home, "presets")[0])
    assert [row["id"] for row in rows if row["chain"] is None] == list(PRESETS)
    assert not any(row["own"] for row in rows)
    assert {row["id"] for row in rows if row["offline"]} == {
        name for name, preset in PRESETS.items() if preset.offline
    }


def test_the_presets_are_of_both_kinds(home: Path) -> None:
    own_presets.save(home, OwnPreset("mine", engine="offline", model="repet", rest=True), overwrite=False)
    rows = _rows(_ask(home, "presets")[0])
    assert [row["id"] for row in rows if not row["own"]] == [*PRESETS, *CHAINS]
    assert next(row for row in rows if row["own"]) == {
        "id": "mine", "title": "mine", "gives": "all stems and the rest, with repet", "own": True,
        "order": {
            "engine": "offline", "model": "repet", "options": {}, "stems": [], "rest": True,
            "residual": False, "format": None,
        },
        "chain": None,
    }  # fmt: skip


def test_a_chain_is_a_row_with_its_steps(home: Path) -> None:
    step = ChainStep("", "offline", "spleeter")
    own_chains.save(home, Chain("twice", "Twice", (step, ChainStep("vocals", "offline"))), overwrite=False)
    rows = {row["id"]: row for row in _rows(_ask(home, "presets")[0]) if row["chain"] is not None}
    assert list(rows) == [*CHAINS, "twice"]
    assert [step["of"] for step in rows["full-band"]["chain"]] == ["", "drums", "vocals"]
    assert rows["full-band"]["chain"][1] == {
        "of": "drums", "engine": "mvsep", "model": "37", "options": {"add_opt2": "1"}, "stems": [],
        "preset": None,
    }  # fmt: skip
    assert (rows["twice"]["own"], rows["twice"]["offline"], rows["kit"]["offline"]) == (True, True, False)
    assert all(row["gives"] for row in rows.values())


def test_a_dialog_saves_a_preset_and_removes_it(home: Path) -> None:
    order = {
        "engine": None,
        "model": "repet",
        "options": [],
        "stems": ["vocals"],
        "rest": True,
        "format": None,
    }
    arguments = {"name": "Mine", "title": " My voice ", "order": order}
    (row,) = _rows(_ask(home, "save_preset", arguments)[0])
    assert row == next(one for one in _rows(_ask(home, "presets")[0]) if one["own"])
    assert (row["id"], row["title"], row["own"]) == ("mine", "My voice", True)
    assert row["order"] == {
        "engine": "offline", "model": "repet", "options": {}, "stems": ["vocals"], "rest": True,
        "residual": False, "format": None,
    }  # fmt: skip
    assert own_presets.read(home)["mine"].model_name

    job, outcome = _ask(home, "save_preset", {**arguments, "order": {"model": "spleeter"}})
    assert outcome.state is State.FAILED
    assert "already" in events.read(job.events_file)[-1]["message"]
    assert own_presets.read(home)["mine"].model == "repet"
    replaced = {**arguments, "order": {"stems": ["vocals"], "format": "flac24"}, "replace": True}
    (row,) = _rows(_ask(home, "save_preset", replaced)[0])
    assert (row["order"]["model"], row["order"]["format"], row["order"]["rest"]) == (None, "flac24", False)

    assert _rows(_ask(home, "remove_preset", {"name": "MINE"})[0]) == [{"id": "mine", "removed": True}]
    assert own_presets.read(home) == {}


@pytest.mark.parametrize(
    ("what", "arguments", "code"),
    [
        ("save_preset", {"name": "x", "order": {}}, "usage"),
        ("save_preset", {"name": "x", "order": {"model": "rebet"}}, "usage"),
        ("save_preset", {"name": "x", "order": {"model": "repet", "stems": ["drums"]}}, "usage"),
        ("save_preset", {"name": "x", "order": {"model": "repet", "format": "ogg"}}, "unknown_name"),
        ("save_preset", {"name": "x", "order": {"modle": "repet"}}, "usage"),
        ("save_preset", {"name": "x", "order": {"model": 3}}, "usage"),
        ("save_preset", {"name": "vocals", "order": {"model": "repet"}}, "usage"),
        ("save_preset", {"name": "a/b", "order": {"model": "repet"}}, "usage"),
        ("save_preset", {"order": {"model": "repet"}}, "usage"),
        ("save_preset", {"name": "x", "order": {"model": "repet"}, "replace": 1}, "usage"),
        ("save_preset", {"name": "x", "order": {"model": "repet"}, "overwrite": True}, "usage"),
        ("remove_preset", {"name": "vocals"}, "usage"),
        ("remove_preset", {"name": "nobody"}, "unknown_name"),
        ("remove_preset", {}, "usage"),
        ("remove_preset", {"name": "x", "sure": True}, "usage"),
    ],
)
def test_a_preset_that_cannot_be_is_refused_in_words(
    home: Path, what: str, arguments: dict[str, Any], code: str
) -> None:
    job, outcome = _ask(home, what, arguments)
    assert outcome.state is State.FAILED
    last = events.read(job.events_file)[-1]
    assert last["code"] == code
    assert last["hint"]
    assert not own_presets.file_of(home).exists()


def test_one_quote_prices_several_models(home: Path, song: Path) -> None:
    orders = [{"model": "repet"}, {"engine": "offline", "model": "repet", "options": {"centre": "on"}}]
    source = {"path": str(song), "frames": 4410}
    rows = _rows(_ask(home, "quote", {"source": source, "orders": orders})[0])
    assert [(row["model"], row["frames"], row["amount"]) for row in rows] == [("repet", 4410, 0)] * 2
    spans = [{"frames": frames, "rate": 48000, "channels": 2} for frames in (1000, 2000)]
    rows = _rows(_ask(home, "quote", {"spans": spans, "orders": orders})[0])
    assert [row["frames"] for row in rows] == [1000, 2000, 1000, 2000]
    refused: list[dict[str, Any]] = [
        {"orders": orders, "model": "repet"}, {"orders": []}, {"orders": "x"}, {"orders": [1]},
        {"orders": [{"stems": []}]}, {"orders": [{"model": "repet"}] * 9},
    ]  # fmt: skip
    for wrong in refused:
        job, outcome = _ask(home, "quote", {"source": source, **wrong})
        assert outcome.state is State.FAILED
        assert events.read(job.events_file)[-1]["code"] == "usage"


def test_a_quote_checks_the_order_without_making_anything(home: Path, song: Path) -> None:
    source = {"path": str(song), "first_frame": 100, "frames": 4410}
    job, _ = _ask(home, "quote", {"source": source, "model": "repet", "options": {"centre": "on"}})
    (row,) = _rows(job)
    assert (row["engine"], row["model"], row["frames"], row["seconds"]) == ("offline", "repet", 4410, 0.1)
    assert (row["amount"], row["limits"]) == (0, [])
    assert [one.id for one in Tools(home).store.jobs()] == [job.id]


def test_a_quote_for_what_the_host_has_not_rendered_yet_needs_no_file(home: Path) -> None:
    spans = [{"frames": frames, "rate": 48000, "channels": 2} for frames in (48000, 96001)]
    job, _ = _ask(home, "quote", {"spans": spans, "model": "repet"})
    rows = _rows(job)
    assert [(row["frames"], row["rate"], row["channels"], row["amount"]) for row in rows] == [
        (48000, 48000, 2, 0),
        (96001, 48000, 2, 0),
    ]
    assert rows[0]["stems"] == ["vocals", "instrumental"]


_SPAN = {"frames": 1, "rate": 48000, "channels": 2}


@pytest.mark.parametrize(
    "spans",
    [
        [],
        {},
        [5],
        [{"frames": 1, "rate": 48000}],
        [{**_SPAN, "frames": 0}],
        [{**_SPAN, "frames": 1.5}],
        [{**_SPAN, "frames": True}],
        [{**_SPAN, "path": "x"}],
        [_SPAN] * 17,
    ],
)
def test_spans_that_are_none_are_refused(home: Path, spans: Any) -> None:
    job, outcome = _ask(home, "quote", {"spans": spans, "model": "repet"})
    assert outcome.state is State.FAILED
    assert events.read(job.events_file)[-1]["code"] == "usage"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"source": None}, "usage"),
        ({"spans": [_SPAN]}, "usage"),
        ({"source": {"path": "relative.wav"}}, "usage"),
        ({"source": {"path": "/nowhere/at/all.wav"}}, "source_missing"),
        ({"engine": "onlne"}, "unknown_name"),
        ({"model": "spleter"}, "unknown_name"),
        ({"model": 5}, "usage"),
        ({"options": {"center": "on"}}, "unknown_name"),
        ({"options": {"centre": True}}, "usage"),
        ({"stems": ["vocals"]}, "unknown_name"),
    ],
)
def test_a_quote_for_what_cannot_be_is_refused(home: Path, song: Path, change: Any, code: str) -> None:
    job, outcome = _ask(home, "quote", {**_quote(song), **change})
    assert outcome.state is State.FAILED
    last = events.read(job.events_file)[-1]
    assert (last["type"], last["code"]) == ("failed", code)
    assert last["hint"]
    assert job.result() is None


def _broken() -> Iterable[Readiness]:
    raise OSError("the bridge is down")


def test_the_doctor_survives_a_host_that_does_not(home: Path) -> None:
    hosts: Hosts = {"good": lambda: [Readiness("good", ready=True, text="fine")], "bad": _broken}
    rows = {row["name"]: row for row in _rows(_ask(home, "doctor", hosts=hosts)[0])}
    assert rows["good"]["ready"]
    assert not rows["bad"]["ready"]
    assert "the bridge is down" in rows["bad"]["text"]
    assert rows["bad"]["remedy"]
    assert "hosts" not in rows


def test_a_separation_is_no_question(home: Path) -> None:
    shop = Workshop(home)
    job = shop.job()
    outcome = work(job, lambda _: queries.answer(job, Tools(home), {}), clock=shop.clock)
    assert outcome.error is not None
    assert outcome.error.code == "usage"


def test_a_dialog_removes_a_chain_as_it_removes_a_preset(home: Path) -> None:
    own_chains.save(home, Chain("twice", "Twice", (ChainStep("", "offline"),)), overwrite=False)
    assert _rows(_ask(home, "remove_preset", {"name": "Twice"})[0]) == [{"id": "twice", "removed": True}]
    assert own_chains.read(home) == {}
    job, outcome = _ask(home, "remove_preset", {"name": "kit"})
    assert outcome.state is State.FAILED
    assert "can't be removed" in events.read(job.events_file)[-1]["message"]
