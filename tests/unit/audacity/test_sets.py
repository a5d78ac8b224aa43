"""Several separations at once: one agreement, one summary, comparisons and blends, each in any weather."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from stembridge.bridge.hosting import Host, Job, SeparateRequest
from stembridge.bridge.placing import Chosen
from stembridge.model.errors import DecisionNeededError, HostError, LimitError, UnavailableError, UsageError
from stembridge_audacity import agreeing, compared, diagnosis, notices, plugins, requests, sets, shelf
from stembridge_audacity.agreeing import Price, Total
from stembridge_audacity.editor import Origin, Placed, Region, Source
from stembridge_audacity.facts import Label
from stembridge_audacity.placing import Placing
from stembridge_audacity.running import Program
from stembridge_audacity.traps import Trap
from stembridge_audacity.trip import Trips
from stembridge_audacity.watch import Watcher

RATE = 44_100
TRACK = {"index": 0, "name": "Song", "rate": RATE, "channels": 2, "start": 0.0, "end": 10.0}
SETTINGS: dict[str, Any] = {
    "preset": "vocals",
    "engine": "mvsep",
    "model": None,
    "stems": [],
    "rest": False,
    "original": "mute",
}


def price(amount: int | None, unit: str = "credits", left: int | None = 80) -> dict[str, Any]:
    return {"amount": amount, "unit": unit, "left": left, "limits": [], "parts": None}


@dataclass
class Desk:
    """What stands for the core's workers: prices by model, and how each job's work ends."""

    prices: dict[str, Any] = field(default_factory=dict)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    saved: list[tuple[str, Any]] = field(default_factory=list)

    def ask(self, what: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        if what != "quote":
            self.saved.append((what, arguments))
            return [{"title": "Mine", "gives": "vocals"}]
        self.asked.append(arguments)
        found = []
        for order in arguments["orders"]:
            row = self.prices[order["model"]]
            if isinstance(row, Exception):
                raise row
            found += [row] * len(arguments["spans"])
        return found


class _Editor:
    """Notes what is put in, and gives a region of a second."""

    def __init__(self) -> None:
        self.placed: list[tuple[Origin, list[tuple[str, bool]]]] = []
        self.mended: list[str] = []
        self.home, self.at = True, 2.5
        self.fault: HostError | None = None

    @property
    def audacity(self) -> Any:
        return self

    def tracks(self) -> list[int]:
        return [1]

    def labels(self) -> list[Label]:
        return [Label(1, 0.5, 2.0, "other"), Label(1, 1.0, 2.0, "Vérse ")]

    def stretch(
        self, folder: Path, project: str, start: float, end: float, tracks: Sequence[tuple[int, str]]
    ) -> Region:
        if tracks[0][1] == "gone":
            raise HostError("The tracks have changed.")
        path = folder / f"r{len(list(folder.iterdir()))}.wav"
        sf.write(path, np.zeros((RATE, 2), np.float32), RATE, subtype="FLOAT")
        source = Source(tracks[0][0], tracks[0][1], RATE, 2, 0.0, 10.0)
        return Region(path, Origin(project, RATE, round(start * RATE), RATE, RATE, (source,)))

    def place(self, _folder: Path, origin: Origin, result: Any, *, here: bool = False) -> Placed:
        if self.fault:
            raise self.fault
        rows = [(row["label"], bool(row.get("mute"))) for row in result["stems"]]
        self.placed.append((origin, rows))
        return Placed(tuple(label for label, _ in rows), 1)

    def holds(self, _origin: Origin, _result: object) -> bool:
        return False

    def cursor(self) -> float:
        return self.at

    def is_home_of(self, _origin: Origin) -> bool:
        return self.home


@dataclass
class Studio:
    """A watcher whose rounds are called by hand."""

    watcher: Watcher
    trips: Trips
    desk: Desk
    editor: _Editor
    told: list[str]

    def ask(self, request: str, what: str, /, **more: Any) -> None:
        folder = requests.folder(self.trips.home)
        folder.mkdir(parents=True, exist_ok=True)
        document = {"v": 1, "what": what, "project": {"name": "Opus", "rate": RATE}, **more}
        (folder / f"{request}.json").write_text(json.dumps(document) + "\n", encoding="utf-8")

    def separate(self, name: str, track: str = "Song", **more: Any) -> None:
        document = {**SETTINGS, "selection": {"start": 1, "end": 2}, "export": None, **more}
        self.ask(name, "separate", tracks=[{**TRACK, "name": track}], **document)

    def round(self) -> list[str]:
        self.watcher._looked = float("-inf")
        self.watcher.round()
        return self.told

    def job(self, name: str) -> Job:
        return Job(self.trips.host.store.folder / name)

    def end(self, name: str, kind: str = "finished", *, model: str = "One (best)", **more: Any) -> Job:
        """End a job's work as its worker would."""
        job = self.job(name)
        request = job.request_document()
        if kind == "finished":
            stems = []
            job.stems_folder.mkdir(exist_ok=True)
            for stem in ("vocals", "instrumental"):
                path = job.stems_folder / f"Song - {stem}.wav"
                path.write_bytes(b"RIFF")
                facts = path.stat()
                stems.append(
                    {
                        "id": stem, "label": stem.capitalize(), "colour": "#e4572e", "kind": "stem",
                        "file": str(path), "frames": RATE, "rate": RATE, "channels": 2,
                        "stamp": {"bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns},
                    }
                )  # fmt: skip
            report = {"model": {"title": model}}
            (job.stems_folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
            context = request["host_context"]
            result = {"kind": request["kind"], "stems": stems, "labels": [], "host_context": context, **more}
            job.result_file.write_text(json.dumps(result), encoding="utf-8")
        event = {"v": 1, "seq": 3, "ts": 1, "type": kind, **({} if kind == "finished" else more)}
        with job.events_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
        return job

    def question(self) -> plugins.Question | None:
        return next(iter(self.watcher._table.questions()), None)

    def answer(self, choice: str) -> None:
        question = self.question()
        assert question is not None
        self.ask(f"a{len(self.told)}", "answer", question=question.id, choice=choice)
        self.round()


@pytest.fixture
def studio(home: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    editor, desk = _Editor(), Desk({"40": price(3)})

    @contextlib.contextmanager
    def connect(_folder: Path) -> Iterator[Any]:
        yield editor

    monkeypatch.setattr(Host, "ask", lambda _self, what, arguments=None: desk.ask(what, arguments or {}))
    monkeypatch.setattr(Host, "default_engine", "mvsep")
    monkeypatch.setattr(Host, "start", lambda _self, job: desk.started.append(job.id))

    def answer(_self: Host, job: Job, question: Mapping[str, Any], choice: str) -> None:
        desk.answered.append((job.id, choice))
        with job.events_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"v": 1, "seq": question["seq"] + 1, "ts": 2, "type": "accepted"}) + "\n")

    monkeypatch.setattr(Host, "answer", answer)
    trips = Trips(home, connect)
    told: list[str] = []
    watcher = Watcher(trips, tell=lambda _title, text: told.append(text), programs=lambda: ())
    return Studio(watcher, trips, desk, editor, told)


GROUP: dict[str, Any] = {"group": {"id": "g1", "count": 2}}


def test_several_tracks_are_agreed_to_once_and_one_failing_leaves_the_other(studio: Studio) -> None:
    studio.separate("t1", **GROUP)
    studio.round()
    assert not list(studio.trips.host.store.jobs()), "the other one is still being written"
    studio.separate("t2", "Bass", **GROUP)
    studio.round()
    assert not list(studio.trips.host.store.jobs()), "nothing is made before the cost is agreed to"
    assert "2 separations are to be ordered, for 6 credits in all. You have 80." in studio.told[-1]
    assert "Answer Question" in studio.told[-1]
    assert studio.desk.asked == [
        {
            "orders": [{"engine": "mvsep", "model": "40", "options": {}}],
            "spans": [{"frames": RATE, "rate": RATE, "channels": 2}],
        }
    ]
    studio.answer("agree")
    assert studio.desk.started == ["t1", "t2"]
    documents = [studio.job(name).request_document() for name in ("t1", "t2")]
    assert [document["max_credits"] for document in documents] == [3, 3]
    assert [document["host_context"]["apart"] for document in documents] == [True, True]
    assert studio.question() is None
    studio.end("t1")
    studio.end("t2", "failed", code="engine_failed", message="The service failed.", hint="")
    studio.round()
    assert [origin.tracks[0].name for origin, _ in studio.editor.placed] == ["Song"]
    studio.round()
    assert "1 of 2 separations are done. 'Bass': The service failed." in studio.told
    assert not list((notices.folder(studio.trips.home) / "sets").iterdir())


def test_a_set_that_is_declined_makes_nothing(studio: Studio) -> None:
    studio.separate("t1", **GROUP)
    studio.separate("t2", "Bass", **GROUP)
    studio.round()
    studio.answer("decline")
    assert "declined" in studio.told[-1]
    assert not list(studio.trips.host.store.jobs())
    assert studio.question() is None
    studio.ask("old", "answer", question="g1", choice="agree")
    studio.round()
    assert "isn't open any more" in studio.told[-1]
    assert not studio.desk.started


def test_one_that_cant_be_exported_leaves_the_others(studio: Studio) -> None:
    studio.desk.prices["40"] = price(1, "attempts", 5)
    studio.separate("t1", "gone", **GROUP)
    studio.separate("t2", label="V_rse", **GROUP)
    studio.separate("t3", "gone", **GROUP)
    studio.round()
    assert studio.told.count("The tracks have changed.") == 1
    assert studio.desk.started == ["t2"], "attempts cost no money"
    context = studio.job("t2").request_document()["host_context"]
    assert (context["mark"], context["apart"]) == ("Vérse", False)


def test_one_that_comes_too_late_goes_by_itself(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.separate("t1", **GROUP)
    monkeypatch.setattr("stembridge_audacity.watch.TOGETHER", -1.0)
    studio.round()
    studio.separate("t2", "Bass", **GROUP)
    studio.round()
    assert studio.desk.started == ["t2"]
    assert studio.question() is not None
    studio.answer("agree")
    assert studio.desk.started == ["t2", "t1"]


def test_what_has_to_be_done_first_is_told_and_holds_up_no_comparison(studio: Studio) -> None:
    studio.desk.prices["40"] = price(0)
    studio.ask("c1", "compare", **COMPARE)
    studio.round()
    first: dict[str, Any] = {
        "code": "engine_not_ready",
        "message": "Not installed.",
        "hint": "Install it.",
        "choices": [],
    }
    studio.end("c1m1", "needs_decision", id="x", **first)
    studio.end("c1m2", model="BS Roformer")
    studio.round()
    assert "Not installed. Install it. Then go on: stembridge jobs resume c1m1." in studio.told
    assert studio.question() is None
    assert "1 of 2 separations are done. 'repet': Not installed." in studio.told
    assert studio.job("c1").request_document()["jobs"] == ["c1m2"]


def test_questions_are_asked_one_after_the_other(studio: Studio) -> None:
    for name in ("t1", "t2"):
        studio.separate(name)
        studio.round()
        studio.end(
            name, "needs_decision", id="x", message=f"{name}?", code="needs_decision", choices=[["a", "A"]]
        )
    studio.round()
    studio.answer("a")
    assert [text.partition(" ")[0] for text in studio.told] == ["t1?", "t2?"]
    studio.answer("a")
    assert studio.desk.answered == [("t1", "a"), ("t2", "a")]


def test_a_price_that_cant_be_asked_for_waits_and_is_told_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("stembridge_audacity.table.time.monotonic", lambda: now[0])
    studio.desk.prices["40"] = UnavailableError("MVSEP can't be reached.")
    studio.separate("t1", **GROUP)
    studio.separate("t2", "Bass", **GROUP)
    for _ in range(5):
        studio.round()
    assert sum("can't be reached" in text for text in studio.told) == 1
    assert len(studio.desk.asked) == 1
    studio.desk.prices["40"] = price(0)
    now[0] += 31
    studio.round()
    assert studio.desk.started == ["t1", "t2"]


def test_a_killed_watcher_leaves_a_set_that_goes_on(studio: Studio) -> None:
    studio.separate("t1", **GROUP)
    studio.separate("t2", "Bass", **GROUP)
    studio.round()
    later = Studio(
        Watcher(studio.trips, tell=lambda _title, text: studio.told.append(text), programs=lambda: ()),
        studio.trips, studio.desk, studio.editor, studio.told,
    )  # fmt: skip
    later.round()
    assert later.question() is not None
    later.answer("agree")
    assert studio.desk.started == ["t1", "t2"]
    studio.separate("t1", **GROUP)
    studio.separate("t2", "Bass", **GROUP)
    later.round()
    assert len(list(studio.trips.host.store.jobs())) == 2, "the same click isn't taken twice"


COMPARE: dict[str, Any] = {
    "choices": [
        {"preset": "vocals", "engine": "offline", "model": "repet"},
        {"preset": "vocals", "engine": "mvsep", "model": None},
    ],
    "original": "replace",
    "selection": {"start": 1, "end": 2},
    "tracks": [TRACK],
    "export": None,
}


def test_models_are_compared_on_tracks_that_lie_together(studio: Studio) -> None:
    studio.ask("c1", "compare", **COMPARE)
    studio.round()
    assert "1 separation is to be ordered, for 3 credits" in studio.told[-1]
    studio.answer("agree")
    assert studio.desk.started == ["c1m1", "c1m2"]
    inputs = [studio.job(name).input_file for name in ("c1m1", "c1m2")]
    assert [sf.info(path).frames for path in inputs] == [RATE, RATE]
    studio.end("c1m1", model="Repet")
    studio.round()
    studio.round()
    assert studio.editor.placed == [], "they come together"
    studio.end("c1m2", model="BS Roformer (vocals, instrumental)")
    studio.round()
    document = studio.job("c1").request_document()
    assert (document["kind"], document["jobs"]) == ("compare", ["c1m1", "c1m2"])
    assert studio.desk.started[-1] == "c1"
    studio.end("c1", sentences=["They differ."], picture="/pictures/compare.png")
    studio.round()
    assert "They differ. The picture: /pictures/compare.png" in studio.told
    ((origin, rows),) = studio.editor.placed
    assert origin.original == "replace"
    assert rows == [
        ("Vocals (Repet)", False), ("Vocals (BS Roformer)", True),
        ("Instrumental (Repet)", False), ("Instrumental (BS Roformer)", True),
    ]  # fmt: skip
    for _ in range(3):
        studio.round()
    assert len(studio.editor.placed) == 1
    told = [studio.trips.describe(job)["state"] for job in studio.trips.host.jobs()]
    assert told == ["placed", "placed"]
    assert not list((notices.folder(studio.trips.home) / "sets").iterdir())


def test_a_model_that_fails_leaves_the_others_to_be_placed(studio: Studio) -> None:
    studio.desk.prices["40"] = price(0)
    studio.ask("c1", "compare", **COMPARE)
    studio.round()
    studio.end("c1m1", "failed", code="engine_failed", message="Out of memory.", hint="")
    studio.end("c1m2", model="BS Roformer")
    studio.round()
    assert "1 of 2 separations are done. 'repet': Out of memory." in studio.told
    studio.end("c1", "failed", code="usage", message="That takes at least two jobs.", hint="")
    studio.round()
    ((_, rows),) = studio.editor.placed
    assert rows == [("Vocals (BS Roformer)", False), ("Instrumental (BS Roformer)", False)]


def test_the_same_model_twice_is_no_comparison(studio: Studio) -> None:
    studio.ask("c1", "compare", **{**COMPARE, "choices": [COMPARE["choices"][1]] * 2})
    studio.round()
    assert "stands there twice" in studio.told[-1]
    assert not list(studio.trips.host.store.jobs())


BLEND = {
    "stem": "Vocals", "method": "min", "models": [], "original": "leave",
    "selection": {"start": 1.5, "end": 1.6},
}  # fmt: skip


def test_a_stem_is_blended_of_what_was_made_of_the_selected_region(studio: Studio) -> None:
    studio.desk.prices["40"] = price(0)
    for number, (model, start) in enumerate((("One", 1), ("Two (new)", 1), ("Two (old)", 1), ("One", 5))):
        studio.separate(f"s{number}", selection={"start": start, "end": start + 1})
        studio.round()
        job = studio.end(f"s{number}", model=model)
        os.utime(job.request_file, (1e9 + number, 1e9 + number))
    studio.round()
    studio.ask("b1", "blend", **BLEND)
    studio.round()
    document = studio.job("b1").request_document()
    assert (document["kind"], document["stem"], document["method"]) == ("blend", "vocals", "min")
    assert len(document["jobs"]) == 2, "of each model one"
    assert set(document["jobs"]) <= {"s0", "s1", "s2"}
    assert document["host_context"]["mark"] == "blend"
    before = len(studio.editor.placed)
    studio.end("b1")
    studio.round()
    assert studio.editor.placed[before][0].mark == "blend"
    studio.ask("b2", "blend", **{**BLEND, "models": ["two"]})
    studio.round()
    assert "there is one only of Two" in studio.told[-1]
    studio.ask("b3", "blend", **{**BLEND, "stem": "piano"})
    studio.round()
    assert "there is one of none" in studio.told[-1]


def test_a_jobs_question_is_answered_in_the_menu(studio: Studio) -> None:
    studio.separate("t1")
    studio.round()
    choices = [["parts", "Separate it in 3 parts"], ["decline", "Don't separate"]]
    studio.end("t1", "needs_decision", id="too_long", code="too_long", message="Too long.", choices=choices)
    studio.round()
    question = studio.question()
    assert question == plugins.Question("t1q3", "Too long.", tuple((key, label) for key, label in choices))
    assert studio.told == ["Too long. Answer in Audacity: Tools > Stembridge > Answer Question..."]
    studio.round()
    assert len(studio.told) == 1
    studio.answer("parts")
    assert studio.desk.answered == [("t1", "parts")]
    assert studio.question() is None
    studio.end("t1")
    studio.round()
    assert len(studio.editor.placed) == 1


def test_cancelling_takes_questions_and_sets_with_it(studio: Studio) -> None:
    studio.separate("t1", **GROUP)
    studio.separate("t2", "Bass", **GROUP)
    studio.separate("t3")
    studio.round()
    studio.end(
        "t3", "needs_decision", id="x", code="needs_decision", message="Pay?", choices=[["agree", "y"]]
    )
    studio.round()
    studio.ask("x1", "cancel")
    studio.round()
    assert studio.job("t3").cancel_file.exists()
    assert not list((notices.folder(studio.trips.home) / "sets").iterdir())
    assert "Nothing of this project" not in studio.told[-1]


def test_the_last_settings_become_a_preset(studio: Studio) -> None:
    studio.ask("p0", "save", action="save", name="mine", title="")
    studio.round()
    assert "no settings of the time before" in studio.told[-1]
    text = json.dumps({**SETTINGS, "engine": "auto", "stems": ["vocals"], "rest": True})[1:-1]
    (notices.folder(studio.trips.home) / "last-settings.txt").write_text(f"0{text}\n", encoding="utf-8")
    studio.ask("p1", "save", action="replace", name="mine", title="Mine")
    studio.round()
    (what, arguments), = studio.desk.saved  # fmt: skip
    assert what == "save_preset"
    assert arguments["order"] == {
        "engine": "mvsep", "model": "40", "options": {}, "stems": ["vocals"], "rest": True, "residual": False,
    }  # fmt: skip
    assert (arguments["name"], arguments["title"], arguments["replace"]) == ("mine", "Mine", True)
    assert "Saved: Mine (vocals)" in studio.told[-1]
    studio.ask("p2", "save", action="remove", name="mine", title="")
    studio.round()
    assert studio.desk.saved[-1] == ("remove_preset", {"name": "mine"})


def test_a_sum_is_asked_for_refused_or_free(home: Path) -> None:
    dear = Total((Price(3, left=80), Price(2), None, Price(None)))
    with pytest.raises(DecisionNeededError, match="3 separations are to be ordered, for 5 credits in all"):
        dear.check()
    assert "1 of them will ask for its own cost. You have 80." in dear.words()
    dear.check(max_credits=3)
    with pytest.raises(DecisionNeededError):
        dear.check(max_credits=2)
    with pytest.raises(LimitError, match="costs 81 credits, and the account has 80"):
        Total((Price(81, left=80),)).check()
    Total((Price(0), Price(4, "attempts", 9))).check()
    assert Total((Price(0),)).words() == ""
    order = SeparateRequest(source=None, model="40")
    assert [dear.agreed(place, order).max_credits for place in range(4)] == [3, 2, None, None]
    assert Total.from_list(json.loads(json.dumps(dear.to_list()))) == dear


ORIGIN = Origin("Opus", RATE, 0, RATE, RATE, (Source(0, "Song", RATE, 2, 0.0, 1.0),))


def test_what_is_too_long_is_agreed_to_with_the_sum() -> None:
    total = Total((Price(3, "attempts", 9, 3), Price(1, "attempts", 9), Price(2, "attempts", 9, 2)))
    with pytest.raises(DecisionNeededError) as asked:
        total.check(max_credits=100)
    assert asked.value.message == (
        "3 separations are to be ordered, for 6 attempts in all. 2 of them are longer than your plan takes, "
        "and will be made in parts (5 in all) that are joined again. You have 9."
    )
    total.check(parts=True)
    order = SeparateRequest(source=None, model="40")
    assert [total.agreed(place, order).parts for place in range(3)] == [True, False, True]
    assert total.agreed(1, replace(order, parts=True)).parts
    assert Total.from_list(json.loads(json.dumps(total.to_list()))) == total
    with pytest.raises(LimitError, match="takes 10 attempts, and 9 are left"):
        Total((Price(10, "attempts", 9, 10),)).check()


def test_what_this_machine_does_is_never_asked_about(studio: Studio) -> None:
    order = SeparateRequest(source=None, engine="offline", model="repet")
    assert agreeing.total(studio.trips.host, [(order, ORIGIN)]).prices == (Price(0),)
    assert studio.desk.asked == []


def test_a_chain_costs_what_its_steps_do(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    step: dict[str, Any] = {
        "of": "",
        "engine": "mvsep",
        "model": "63",
        "options": {},
        "stems": [],
        "preset": None,
    }
    steps = (
        step,
        {**step, "of": "vocals", "engine": None, "model": None, "preset": "vocals"},
        {**step, "of": "drums", "engine": "offline", "model": "repet"},
    )
    rows = (*shelf.SHIPPED, shelf.Offer("mine", "Mine", "all", own=True, steps=steps))
    monkeypatch.setattr("stembridge_audacity.shelf.offers", lambda _home: rows)
    wants = [(SeparateRequest(source=None, chain="mine"), ORIGIN)]
    long = {"limits": ["Too long.", "Ask."], "parts": 3}
    for first, second, expected in (
        (price(2, left=9), price(3), Price(5, "credits", 9)),
        (price(2), price(None), Price(None, "credits", 80)),
        (price(2), {**price(3), **long}, None),
    ):
        studio.desk.prices.update({"63": first, "40": second})
        assert agreeing.total(studio.trips.host, wants).prices == (expected,)
    alone = [(SeparateRequest(source=None, engine="mvsep", model="40"), ORIGIN)]
    assert agreeing.total(studio.trips.host, alone).prices == (Price(3, "credits", 80, 3),)


def test_names_that_are_there_twice_are_numbered() -> None:
    assert compared.distinct(["A", "B", "A", "A"]) == ["A", "B", "A 2", "A 3"]


def test_a_set_that_cant_be_read_is_put_away(studio: Studio) -> None:
    folder = notices.folder(studio.trips.home) / "sets" / "s1"
    folder.mkdir(parents=True)
    (folder / "set.json").write_text("{}", encoding="utf-8")
    assert list(sets.Sets(studio.trips.host, studio.trips.home)) == []
    assert (folder / "set.broken").exists()


# The panel


@pytest.fixture
def placing(studio: Studio) -> Placing:
    return Placing(studio.trips.home, studio.trips.connect)


def _chosen(job: Job, gain: float = 0.0) -> list[Chosen]:
    result = job.result()
    assert result is not None
    return [Chosen(row, Path(row["file"]), gain) for row in result["stems"]]


def _finished(studio: Studio) -> Job:
    studio.desk.prices["40"] = price(0)
    studio.separate("t1")
    studio.round()
    return studio.end("t1")


def test_the_panel_places_stems_where_they_came_from(studio: Studio, placing: Placing) -> None:
    job = _finished(studio)
    told = placing.place(job, _chosen(job, -6.0)[:1])
    assert "where they came from: Vocals. One Ctrl+Z" in told
    ((origin, rows),) = studio.editor.placed
    assert (origin.start, origin.original, [label for label, _ in rows]) == (1.0, "mute", ["Vocals"])
    studio.round()
    assert len(studio.editor.placed) == 2, "and the job itself comes, once"
    placing.place(job, _chosen(job))
    assert studio.editor.placed[-1][0].original == "leave", "the original is muted already"


def test_stems_of_another_place_go_to_the_edit_cursor(studio: Studio, placing: Placing) -> None:
    job = _finished(studio)
    studio.editor.home = False
    assert "at 2.500 s" in placing.place(job, _chosen(job))
    origin = studio.editor.placed[0][0]
    assert (origin.start, origin.original, origin.tracks) == (2.5, "leave", ())
    foreign = [Chosen({**one.row, "kind": "text"}, one.file) for one in _chosen(job)]
    with pytest.raises(UsageError, match="no audio"):
        placing.place(job, foreign)


def test_what_cant_be_placed_leaves_no_job(studio: Studio, placing: Placing) -> None:
    job = _finished(studio)
    studio.editor.fault = HostError("Audacity didn't put the stems where they belong.")
    with pytest.raises(HostError, match="didn't put"):
        placing.place(job, _chosen(job))
    assert [one.id for one in studio.trips.host.store.jobs()] == ["t1"]


def test_whether_stems_can_be_placed_is_seen_without_a_connection(home: Path) -> None:
    def never(_folder: Path) -> Any:
        raise AssertionError

    assert Placing(home, never, lambda: None).ready()[0], "where nothing can be seen, one may try"
    ready, words = Placing(home, never, lambda: ()).ready()
    assert not ready
    assert "isn't running" in words
    three, sandboxed = Program(7, "audacity", 3), Program(8, "/app/bin/audacity", 3, apart=True)
    off = diagnosis.obstacle((three,), lambda: False, lambda: Trap.MODULE_OFF)
    assert off is not None
    assert Trap.MODULE_OFF.caused(off)
    assert diagnosis.obstacle((three, sandboxed), lambda: True) is None
    for found, trap in (((three, Program(9, "audacity", 3)), Trap.SECOND), ((sandboxed,), Trap.SANDBOX)):
        error = diagnosis.obstacle(found, lambda: True)
        assert error is not None
        assert trap.caused(error)
