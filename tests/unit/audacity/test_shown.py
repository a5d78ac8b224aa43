"""Several regions at a terminal: one agreement before, one summary after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stembridge.bridge.hosting import Host, SeparateRequest
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import Cancelled, DecisionNeededError
from stembridge_audacity.commands.shown import Shown
from stembridge_audacity.editor import Origin, Region, Source, Wish
from stembridge_audacity.trip import Trips

WISH = Wish(SeparateRequest(source=None, engine="mvsep", model="40"))
REGIONS = [
    Region(Path("r.wav"), Origin("Opus", 44_100, 0, 44_100, 44_100, (Source(place, name, 44_100, 2, 0, 1),)))
    for place, name in enumerate(("Song", "Bass"))
]


class _Person(TerminalSession):
    """Sits at a terminal and gives one answer."""

    def __init__(self, answer: str | None) -> None:
        super().__init__(quiet=True)
        self.answer, self.asked = answer, [""][:0]

    @property
    def may_ask(self) -> bool:
        return self.answer is not None

    def ask(self, question: DecisionNeededError) -> str:
        self.asked.append(question.message)
        return str(self.answer)


@pytest.fixture
def trips(home: Path, monkeypatch: pytest.MonkeyPatch) -> Trips:
    def ask(_host: Host, _what: str, arguments: Any = None) -> list[dict[str, Any]]:
        row = {"amount": 3, "unit": "credits", "left": 80, "limits": [], "parts": None}
        return [row] * len(arguments["orders"]) * len(arguments["spans"])

    monkeypatch.setattr(Host, "ask", ask)
    return Trips(home)


def test_the_sum_is_agreed_to_once(trips: Trips) -> None:
    person = _Person("agree")
    wishes = Shown(trips, person).agree(REGIONS, WISH, None, agreed=False)
    assert person.asked == ["2 separations are to be ordered, for 6 credits in all. You have 80."]
    assert [wish.order.max_credits for wish in wishes] == [3, 3]


def test_one_alone_asks_by_itself(trips: Trips) -> None:
    person = _Person("agree")
    assert Shown(trips, person).agree(REGIONS[:1], WISH, None, agreed=False) == [WISH]
    assert person.asked == []


@pytest.mark.parametrize(("agreed", "most"), [(True, None), (False, 3)])
def test_what_was_allowed_in_advance_isnt_asked(trips: Trips, agreed: bool, most: int | None) -> None:
    wishes = Shown(trips, _Person(None)).agree(REGIONS, WISH, most, agreed=agreed)
    assert [wish.order.max_credits for wish in wishes] == [3, 3]


def test_who_declines_or_cant_be_asked_orders_nothing(trips: Trips) -> None:
    with pytest.raises(Cancelled, match="declined"):
        Shown(trips, _Person("decline")).agree(REGIONS, WISH, None, agreed=False)
    with pytest.raises(DecisionNeededError, match="for 6 credits in all"):
        Shown(trips, _Person(None)).agree(REGIONS, WISH, None, agreed=False)


def test_the_summary_counts_what_failed_with_its_reason(
    trips: Trips, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = []
    for place, region in enumerate(REGIONS):
        job = trips.host.order(region.request(WISH), None, f"t{place}")
        events = [{"type": "accepted"}, {"type": "failed", "code": "engine_failed", "message": "Broken."}]
        lines = [json.dumps({"v": 1, "seq": seq, "ts": seq, **event}) for seq, event in enumerate(events, 1)]
        job.events_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        jobs.append(job)
    Shown(trips, TerminalSession(as_json=True))._sum_up(jobs)
    total = json.loads(capsys.readouterr().out)
    assert (total["type"], total["jobs"], total["failed"]) == ("summary", 2, 2)
    assert [row["input"] for row in total["failures"]] == ["Song", "Bass"]
    assert total["failures"][0]["message"] == "Broken."
