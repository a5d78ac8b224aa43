"""The budget of all processes, the plan that is remembered, and the client that both belong to."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from stembridge.engines.mvsep import service
from stembridge.engines.mvsep.accounts import Seen
from stembridge.engines.mvsep.budget import Budget
from stembridge.engines.mvsep.keys import KeyStore
from stembridge.model.errors import Cancelled
from stembridge.mvsep.origin import PUBLIC
from stembridge.mvsep.plans import FREE, PREMIUM, REQUESTS_A_MINUTE
from stembridge.mvsep.redact import Secret
from tests.fakes.clock import FakeClock


def _budget(path: Path, clock: FakeClock, most: int = 5) -> Budget:
    return Budget(path, most, wall=clock.time, sleep=clock.sleep)


def test_no_more_requests_than_that_in_any_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    budgets = [_budget(tmp_path / "b.json", clock) for _ in range(3)]
    times = []
    for number in range(40):
        budgets[number % 3]()
        times.append(clock.time())
        clock.now += 0.7
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[5:], strict=False))


def test_threads_share_it_too(tmp_path: Path) -> None:
    clock = FakeClock()
    budget = _budget(tmp_path / "b.json", clock, most=1000)

    def twenty() -> None:
        for _ in range(20):
            budget()

    threads = [threading.Thread(target=twenty) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((tmp_path / "b.json").read_text())) == 100


@pytest.mark.parametrize(
    "content", ["", "{", "[1, null]", '["x"]', "[1e999]", "[[1e999, 1]]", "[[1, 1e999]]", '{"a": 1}']
)
def test_a_spoilt_file_holds_nobody_up(tmp_path: Path, content: str) -> None:
    clock = FakeClock()
    (tmp_path / "b.json").write_text(content)
    _budget(tmp_path / "b.json", clock)()
    assert clock.slept == []


def test_a_clock_that_was_set_back_holds_nobody_up(tmp_path: Path) -> None:
    clock = FakeClock()
    budget = _budget(tmp_path / "b.json", clock)
    for _ in range(5):
        budget()
    clock.now -= 10_000
    budget()
    assert clock.slept == []


def test_the_processes_of_the_last_minute_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    budget = _budget(tmp_path / "b.json", clock, most=100)
    counts = [budget.workers()]
    for pid in (1, 1, 2, 3, 2):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        budget()
        clock.now += 12
        counts.append(budget.workers())
    assert counts == [0, 1, 1, 2, 3, 3]
    clock.now += 12
    assert budget.workers() == 2


def test_a_place_that_cannot_be_written_to_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    clock = FakeClock()
    for _ in range(20):
        _budget(tmp_path / "file" / "b.json", clock)()
    assert clock.slept == []


def test_a_wait_can_be_cancelled(tmp_path: Path) -> None:
    clock = FakeClock()
    budget = _budget(tmp_path / "b.json", clock, most=1)
    budget()
    with budget.watched(lambda: True), pytest.raises(Cancelled):
        budget()
    budget()
    assert sum(clock.slept) >= 59


def test_the_plan_is_remembered_and_a_spoilt_memory_is_the_free_one(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "plan.json"
    assert Seen(path).plan() is FREE
    Seen(path).remember(PREMIUM)
    assert Seen(path).plan() is PREMIUM
    assert list(path.parent.iterdir()) == [path]
    path.write_text("[]")
    assert Seen(path).plan() is FREE
    (tmp_path / "file").write_text("")
    Seen(tmp_path / "file" / "plan.json").remember(PREMIUM)


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.base_url() == PUBLIC
    monkeypatch.setenv("STEMBRIDGE_MVSEP_URL", " http://127.0.0.1:8000/ ")
    assert service.base_url() == "http://127.0.0.1:8000"


def test_accounts_are_told_apart_and_not_named() -> None:
    keys = [None, Secret("abcdefgh"), Secret("abcdefgi")]
    marks = {service.fingerprint(base, key) for base in (PUBLIC, "http://127.0.0.1:1") for key in keys}
    assert len(marks) == 6
    assert all(len(mark) == 16 and "abcdefg" not in mark for mark in marks)


def test_a_client_has_the_stored_key_and_the_shared_budget(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEMBRIDGE_API_TOKEN", "a-key-of-the-environment")
    clock = FakeClock()
    client = service.connect(home, base="http://127.0.0.1:9", wall=clock.time, sleep=clock.sleep)
    assert KeyStore(home, "http://127.0.0.1:9").load() == Secret("a-key-of-the-environment")
    for _ in range(REQUESTS_A_MINUTE):
        client.transport._budget()
    assert clock.slept == []
    other = service.connect(home, base="http://127.0.0.1:9", wall=clock.time, sleep=clock.sleep)
    other.transport._budget()
    assert sum(clock.slept) >= 59
    nobody = service.connect(home, base="http://127.0.0.1:9", key=None, wall=clock.time, sleep=clock.sleep)
    assert nobody._key is None
    assert b"a-key-of" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
