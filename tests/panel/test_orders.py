"""Orders at a real stand-in service: agreed on once, priced in words, brought back; no secret comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.browser.panel import Panel
from tests.e2e.command import music, write
from tests.e2e.desk import KEY
from tests.panel.conftest import ENVIRON, RATE

SECONDS = 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The service of this file."""
    with Sandbox(tmp_path_factory.mktemp("service"), splitter(), premium_key=KEY) as it:
        yield it


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory, service: Sandbox) -> Iterator[Panel]:
    """A panel before that service, logged in."""
    environ = {**ENVIRON, "STEMBRIDGE_MVSEP_URL": service.url}
    with Panel(tmp_path_factory.mktemp("paid"), environ) as panel:
        assert panel.get("api/account").json()["has_key"] is False
        answer = panel.post("api/key", {"key": KEY})
        assert answer.status_code == 200, answer.text
        yield panel


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough to be paid for."""
    return write(tmp_path_factory.mktemp("songs") / "Paid song.wav", music(SECONDS * RATE))


def orders(service: Sandbox) -> int:
    """Count what the service was ever asked for."""
    return len(service.service.timeline.jobs)


def wish(panel: Panel, song: Path, **more: Any) -> dict[str, Any]:
    """Give an order for all of a song."""
    file = panel.upload(song)
    return {"file": file["file"], "first_frame": 0, "frames": file["frames"], **more}


def test_a_key_is_checked_before_it_is_kept(paid: Panel) -> None:
    """A wrong one leaves the right one alone, and is repeated nowhere."""
    for wrong in ("wrong-key-of-nobody-123456", "two words", "x" * 2000):
        answer = paid.post("api/key", {"key": wrong})
        assert answer.status_code in {400, 403}, answer.text
        assert wrong not in answer.text
    found = paid.get("api/account").json()
    assert found["has_key"] is True
    assert found["error"] is None
    assert (found["plan"], found["credits"] > 0, found["default_engine"]) == ("premium", True, "mvsep")
    assert "email" not in found


def test_the_catalogue_has_both_engines(paid: Panel) -> None:
    """As a dialog gets it, with what is ready."""
    found = paid.get("api/catalogue").json()
    assert {row["engine"] for row in found["models"]} == {"mvsep", "offline"}
    assert next(row for row in found["models"] if row["sep_type"] == 40)["fields"]
    assert {row["engine"] for row in found["engines"]} == {"mvsep", "offline"}
    presets = {row["id"]: row for row in paid.get("api/presets").json()["presets"]}
    assert presets["vocals"]["offline"] is True
    assert presets["full-band"]["chain"]


def test_what_it_costs_is_agreed_on_once_and_for_all(paid: Panel, service: Sandbox, song: Path) -> None:
    """Nothing is made or sent before; several models are one sum; nothing is asked again afterwards."""
    before, rows = orders(service), paid.jobs()
    several = wish(paid, song, compare=[{"model": "40", "engine": "mvsep"}, {"preset": "4stems"}])
    priced = paid.post("api/quote", several).json()
    each = [row["amount"] for row in priced["rows"]]
    assert all(each)
    assert priced["amount"] == sum(each)
    assert priced["words"].startswith(f"These 2 separations cost {sum(each)} credits.")
    asked = paid.post("api/jobs", {**several, "agree": False})
    assert asked.status_code == 409
    error = asked.json()["error"]
    assert error["code"] == "needs_decision"
    assert f"{sum(each)} credits in all" in error["message"]
    assert [key for key, _ in error["choices"]] == ["agree", "decline"]
    assert (orders(service), paid.jobs()) == (before, rows)
    made = paid.post("api/jobs", {**several, "agree": True}).raise_for_status().json()["jobs"]
    done = [paid.finished(row["id"], 120) for row in made]
    assert [row["state"] for row in done] == ["ready", "ready"], done
    assert [row["cost"] for row in done] == [{"amount": amount, "unit": "credits"} for amount in each]
    assert orders(service) == before + 2
    names = [row["id"] for row in paid.get(f"api/jobs/{made[0]['id']}").json()["same_region"]]
    assert names == [made[1]["id"]]
    _compared(paid, [row["id"] for row in made])
    again = paid.post("api/jobs", {**wish(paid, song, preset="4stems"), "agree": False})
    assert again.status_code == 200, "the same file again is the same source: nothing is ordered"
    row = paid.finished(again.json()["jobs"][0]["id"])
    assert (row["state"], row["reused"], row["cost"]) == ("ready", True, None)
    assert orders(service) == before + 2


def _compared(panel: Panel, jobs: list[str]) -> None:
    """The comparison is made once, and is a job like others."""
    found = panel.get(f"api/compare?jobs={','.join(jobs)}").raise_for_status().json()
    assert found["stems"]
    assert found["sentences"]
    count = len(panel.jobs())
    assert panel.get(f"api/compare?jobs={','.join(jobs)}").json() == found
    picture = panel.get(f"api/compare/picture?jobs={','.join(jobs)}")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert len(panel.jobs()) == count
    assert [row["kind"] for row in panel.jobs()].count("compare") == 1


def test_a_limit_of_ones_own_is_held_to(paid: Panel, service: Sandbox, song: Path) -> None:
    """Dearer than that is asked about, and nothing is made; what is cheap enough needs no question."""
    before, rows = orders(service), paid.jobs()
    dear = wish(paid, song, model="63", engine="mvsep")
    price = paid.post("api/quote", dear).json()["amount"]
    assert paid.post("api/jobs", {**dear, "max_credits": price - 1}).status_code == 409
    assert (orders(service), paid.jobs()) == (before, rows)
    (job,) = paid.post("api/jobs", {**dear, "max_credits": price}).raise_for_status().json()["jobs"]
    assert paid.finished(job["id"], 120)["cost"] == {"amount": price, "unit": "credits"}


def test_a_chain_is_one_job_of_several(paid: Panel, song: Path, tmp_path: Path) -> None:
    """Priced by its steps, its steps under it, its cost their sum."""
    short = write(tmp_path / "Short.wav", music(4 * RATE))
    order = wish(paid, short, chain="lead-dry")
    priced = paid.post("api/quote", order).raise_for_status().json()
    assert priced["amount"] > 0
    assert priced["rows"][0]["steps"] == 3
    assert paid.post("api/quote", {"chain": "lead-dry", "model": "40"}).status_code == 400
    assert paid.post("api/jobs", {**order, "agree": False}).status_code == 409
    (job,) = paid.post("api/jobs", {**order, "agree": True}).raise_for_status().json()["jobs"]
    row = paid.finished(job["id"], 120)
    assert (row["state"], row["kind"]) == ("ready", "chain"), row
    assert row["cost"] == {"amount": priced["amount"], "unit": "credits"}
    steps = [one for one in paid.jobs() if one["parent"] == job["id"]]
    assert len(steps) == 3
    found = paid.get(f"api/jobs/{job['id']}").json()
    assert any("." in track["id"] for track in found["tracks"])
    assert found["levels"]
    paid.post(f"api/jobs/{job['id']}/remove").raise_for_status()
    assert not [one for one in paid.jobs() if job["id"] in {one["id"], one["parent"]}]


def test_own_presets_are_saved_used_and_removed(paid: Panel, song: Path) -> None:
    """Checked like those of the command line."""
    order = {"engine": "mvsep", "model": "40", "options": {}, "stems": ["vocals"], "rest": True}
    saved = paid.post("api/presets", {"name": "Mine", "title": "Mine alone", "order": order})
    assert saved.status_code == 200, saved.text
    assert paid.post("api/presets", {"name": "mine", "order": order}).status_code == 400
    assert [row["id"] for row in paid.get("api/presets").json()["presets"] if row["own"]] == ["mine"]
    priced = paid.post("api/quote", wish(paid, song, preset="mine")).json()
    assert priced["rows"][0]["model"] == "40"
    headers = {"Origin": paid.origin, "X-Stembridge": "panel"}
    import httpx

    gone = httpx.delete(paid.link + "api/presets/mine", headers=headers, timeout=30)
    assert gone.json() == {"id": "mine", "removed": True}
    assert httpx.delete(paid.link + "api/presets/vocals", headers=headers, timeout=30).status_code == 400


def test_the_history_brings_back_and_tells_no_link(paid: Panel, service: Sandbox) -> None:
    """Neither a hash nor an address is in it; a link may be pasted, and isn't repeated either."""
    rows = paid.get("api/history?page=0").raise_for_status().json()["rows"]
    assert rows
    assert all(set(row) == {"id", "date", "model", "kept", "hours_left", "credits"} for row in rows)
    hashes = [job.hash for job in service.service.timeline.jobs]
    back = paid.post(f"api/history/{rows[0]['id']}/adopt").raise_for_status().json()["job"]
    assert paid.finished(back["id"], 60)["state"] == "ready"
    link = f"{service.url}/result/{hashes[0]}"
    adopted = paid.post("api/adopt", {"link": link})
    assert adopted.status_code == 200, adopted.text
    assert paid.finished(adopted.json()["job"]["id"], 60)["state"] == "ready"
    for wrong in (
        "https://evil.example/x",
        "file:///etc/passwd",
        "../../x",
        "http://127.0.0.1:1/20200101000000-abcdef",
    ):
        answer = paid.post("api/adopt", {"link": wrong})
        assert answer.status_code == 400
        assert wrong not in answer.text


def test_news_and_report(paid: Panel) -> None:
    """Plain text; what is copied to us names neither files nor folders of the user's."""
    rows = paid.get("api/news").raise_for_status().json()["rows"]
    assert rows
    assert not any("<" in row["text"] for row in rows)
    report = paid.get("api/report")
    assert report.headers["content-type"].startswith("text/plain")
    assert "Doctor" in report.text
    assert str(paid.home) not in report.text
    assert "Paid song" not in report.text
    assert paid.get("api/doctor").json()["rows"]


def test_no_secret_is_in_any_answer_file_or_word(paid: Panel, service: Sandbox) -> None:
    """The key lies in its one file, hashes and links in remote.json alone."""
    hashes = [job.hash for job in service.service.timeline.jobs]
    assert hashes
    secrets = [KEY, *hashes]
    answers = [
        "api/state",
        "api/account",
        "api/history",
        "api/report",
        "api/doctor",
        "api/catalogue",
        "api/news",
    ]
    answers += [f"api/jobs/{row['id']}" for row in paid.jobs()]
    for path in answers:
        text = paid.get(path).text
        assert not [secret for secret in secrets if secret in text], path
    assert not [secret for secret in secrets if secret in paid.said()]
    for file in paid.home.rglob("*"):
        if not file.is_file() or file.suffix not in {".json", ".jsonl", ".log", ".toml", ".txt"}:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        assert KEY not in text or file.name.startswith("key-"), file
        assert file.name == "remote.json" or not [one for one in hashes if one in text], file


def test_the_key_can_be_forgotten(paid: Panel) -> None:
    """And then the embedded engine is the default."""
    import httpx

    headers = {"Origin": paid.origin, "X-Stembridge": "panel"}
    told = httpx.delete(paid.link + "api/key", headers=headers, timeout=30).json()
    assert told == {"forgotten": True, "key_source": "nowhere"}
    assert paid.get("api/state").json()["default_engine"] == "offline"
    assert paid.get("api/history").status_code == 403
    assert not [path for path in paid.home.glob("key-*.json") if KEY in json.dumps(path.read_text())]
