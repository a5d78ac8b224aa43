"""What the engine says without the network: models, readiness, orders checked and filled in."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stembridge.engines.mvsep import orders
from stembridge.engines.mvsep.engine import MvsepEngine
from stembridge.model.errors import KeyNeededError, UnavailableError, UnknownNameError
from stembridge.mvsep.catalogue import Source
from stembridge.mvsep.origin import PUBLIC, Service
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.replies import JobState
from tests.fakes.faulty_service import FaultyService
from tests.fakes.mvsep import engine_of


def _engine(home: Path, base: str = "http://127.0.0.1:9", key: str = "a-key") -> MvsepEngine:
    return MvsepEngine(home, base_url=base, key=lambda: Secret(key) if key else None)


def test_the_default_is_the_two_stems_type(home: Path) -> None:
    recipe = _engine(home).resolve(None, {})
    assert (recipe.model, recipe.stems, recipe.automatic) == ("40", ("vocals", "instrumental"), True)
    assert recipe.why
    assert _engine(home).models()[0].id == "40"


def test_models_are_found_by_number_and_name_and_options_by_label(home: Path) -> None:
    engine = _engine(home)
    assert engine.resolve("demucs4 ht", {}).model == "20"
    six = engine.resolve("20", {"add_opt1": "2"})
    assert six.stems == ("vocals", "drums", "bass", "piano", "guitar", "other")
    assert six.identity != engine.resolve("20", {}).identity
    with pytest.raises(UnknownNameError):
        engine.resolve("bs reformer sw", {})


def test_two_services_never_share_an_answer(home: Path) -> None:
    recipes = {_engine(home, base).resolve(None, {}).identity for base in (PUBLIC, "http://127.0.0.1:9")}
    assert len(recipes) == 2


def test_without_a_key_an_order_says_how_to_log_in(home: Path) -> None:
    with pytest.raises(KeyNeededError) as caught:
        _engine(home, key="").resolve(None, {})
    assert caught.value.code == "key_missing"
    assert "stembridge account login" in caught.value.hint
    assert "--engine offline" in caught.value.hint
    with pytest.raises(UnknownNameError):
        _engine(home, key="").resolve("nonsense", {})


def test_readiness_names_the_key_the_service_and_the_list_and_never_the_key(home: Path) -> None:
    rows = {row.name: row for row in _engine(home, key="do-not-show").readiness()}
    assert set(rows) == {"key", "service", "types"}
    assert rows["key"].ready
    assert "http://127.0.0.1:9" in rows["service"].text
    assert "built-in" in rows["types"].text
    assert "do-not-show" not in str(rows)
    assert "service" not in {row.name for row in _engine(home, PUBLIC).readiness()}
    missing = next(row for row in _engine(home, key="").readiness() if row.name == "key")
    assert not missing.ready
    assert "login" in missing.remedy


def test_readiness_with_an_address_that_is_none_never_raises(home: Path) -> None:
    engine = MvsepEngine(home, base_url="nonsense")
    rows = {row.name: row for row in engine.readiness()}
    assert not rows["service"].ready
    assert rows["service"].remedy


def test_the_stored_key_is_said_to_be_where_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMBRIDGE_API_TOKEN", "another-secret")
    row = MvsepEngine(home, base_url="http://127.0.0.1:9").readiness()[0]
    assert row.ready
    assert "STEMBRIDGE_API_TOKEN" in row.text
    assert "another-secret" not in row.text


def test_the_live_list_is_fetched_on_request_and_kept(home: Path, tmp_path: Path) -> None:
    with FaultyService(tmp_path / "service") as service:
        engine = engine_of(service, home)
        assert engine.catalogue().source is Source.BUILT_IN
        assert engine.refresh().source is Source.LIVE
        assert all(one.price is not None for one in engine.catalogue().algorithms)
        engine.close()
        again = engine_of(service, home)
        assert again.catalogue().source is Source.LIVE
        service.clock.advance(2 * 24 * 3600)
        old = engine_of(service, home)
        assert old.catalogue().source is Source.KEPT
        assert "48 hours" in old.readiness()[-1].text
        service.fault("raw", on="algorithms", times=9, body=b"[]")
        assert old.refresh().note
        old.close()
    assert all(row.summary.endswith((".", "!", "?", "…")) for row in old.models())


def test_a_quote_tells_plan_price_and_what_is_left(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stembridge.model.regions import Region

    region = Region("/song.wav", 0, 240 * 44_100, 44_100, 2)
    with FaultyService(tmp_path / "service") as service:
        engine = engine_of(service, home)
        assert engine.slots().count == 1
        found = engine.quote(region, engine.resolve("63", {}))
        assert found.unit == "credits"
        assert found.left == 1000
        assert found.amount
        assert engine.slots().count == 10
        assert [len(service.seen(route)) for route in ("user", "queue", "algorithms")] == [1, 1, 1]
        free = engine_of(service, home, str(service.free.key))
        found = free.quote(region, free.resolve("63", {}))
        assert (found.amount, found.unit, found.left) == (1, "attempts", 50)
        assert free.slots() != engine.slots()
        assert free.slots().count == 1
        assert len(service.seen("algorithms")) == 1
        free.close()
        engine.close()
    # A question of cost lies between two quotes: it is the same account's word for some seconds.
    assert engine.quote(region, engine.resolve("63", {})).left == 1000
    monkeypatch.setattr("stembridge.engines.mvsep.engine.ACCOUNT_FRESH", 0.0)
    with pytest.raises(UnavailableError):
        engine.quote(region, engine.resolve("63", {}))


def test_the_plan_and_the_mark_are_all_that_is_kept_of_an_account(home: Path, tmp_path: Path) -> None:
    with FaultyService(tmp_path / "service") as service:
        engine = engine_of(service, home)
        engine.quote(None, engine.resolve(None, {}))
        engine.close()
    kept = [path for path in (home / "mvsep").iterdir() if path.name.startswith("plan-")]
    assert [json.loads(path.read_text()) for path in kept] == [{"plan": "premium"}]


def test_the_host_of_a_job_is_looked_for_among_the_services_own() -> None:
    asked: list[str] = []

    def get(job: str, *, node: str, attempts: int) -> Any:
        asked.append(node)
        if "hk." in node:
            return SimpleNamespace(state=JobState.WAITING)
        if "de2." in node:
            raise UnavailableError("away")
        return SimpleNamespace(state=JobState.NOT_FOUND)

    client: Any = SimpleNamespace(get=get, transport=SimpleNamespace(service=Service()))
    assert orders.locate(client, "x") == "https://hk.mvsep.com"
    assert asked[0] == "https://mvsep.com"
    client.get = lambda *_args, **_named: SimpleNamespace(state=JobState.NOT_FOUND)
    assert orders.locate(client, "x") == "https://mvsep.com"
