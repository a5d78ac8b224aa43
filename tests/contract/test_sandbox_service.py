"""The rules of the stand-in service: states, slots, quota, credits, refusals, paging, accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge.sandbox.accounts import PREMIUM, Account, Plan
from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.service import BUSY, NO_TYPE, PREMIUM_ONLY, QUOTA
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file
from tests.fakes.orders import create, get, hash_of, words
from tests.fakes.web import call


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_file(tmp_path_factory.mktemp("song") / "My Song (live).flac")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


def test_the_hash_carries_time_and_name(service: FaultyService, song: Path) -> None:
    answer = create(service, song)
    hash_ = hash_of(answer)
    assert re.fullmatch(r"20270115080000-[0-9a-f]{10}-my-song-live\.flac", hash_)
    assert answer.json["data"]["link"] == f"{service.url}/api/separation/get?hash={hash_}"


def test_states_follow_the_clock(tmp_path: Path, song: Path) -> None:
    pace = Pace(queue_seconds=60, service_seconds=100, crowd=6)
    with FaultyService(tmp_path, pace=pace) as service:
        hash_ = hash_of(create(service, song))
        first = get(service, hash_)
        assert (first["status"], first["data"]["queue_count"], first["data"]["current_order"]) == (
            "waiting",
            7,
            7,
        )
        service.clock.advance(30)
        assert get(service, hash_)["data"]["current_order"] == 4
        service.clock.advance(31)
        assert get(service, hash_)["status"] == "processing"
        service.clock.advance(98)
        assert get(service, hash_)["status"] == "processing"
        service.clock.advance(1)
        last = get(service, hash_)
        assert (last["success"], last["status"]) == (True, "done")
        assert last["data"]["date"] == "2027-01-15 08:02:40"


def test_a_long_file_is_distributed_and_merged(tmp_path: Path, song: Path) -> None:
    pace = Pace(service_seconds=100, split_after=0.3, chunk_seconds=0.1)
    with FaultyService(tmp_path, pace=pace) as service:
        hash_ = hash_of(create(service, song))
        service.clock.advance(45)
        data = get(service, hash_)
        assert data["status"] == "distributing"
        assert (data["data"]["finished_chunks"], data["data"]["all_chunks"]) == (2, 5)
        assert {"queue_count", "current_order", "message"} <= set(data["data"])
        service.clock.advance(50)
        assert get(service, hash_)["status"] == "merging"
        service.clock.advance(5)
        assert get(service, hash_)["status"] == "done"


def test_one_processing_place_serves_premium_first(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path, pace=Pace(service_seconds=10, slots=1)) as service:
        running = hash_of(create(service, song))
        free = hash_of(create(service, song, service.free.key, output_format=2))
        paid = hash_of(create(service, song))
        assert [get(service, h)["status"] for h in (running, free, paid)] == [
            "processing",
            "waiting",
            "waiting",
        ]
        queue = call(f"{service.url}/api/app/queue", params={"api_token": service.free.key}).json
        assert queue["queue"] == {"in_process": 1, "premium": 1, "registered": 1, "unregistered": 0}
        assert queue["plan"] == {"plan": "registered", "queue": 1}
        assert queue["free_separations"] == {"left": 49, "max": 50}
        service.clock.advance(10)
        assert [get(service, h)["status"] for h in (running, free, paid)] == ["done", "waiting", "processing"]
        # One long jump: the ends still come one after the other.
        service.clock.advance(1000)
        assert get(service, free)["status"] == "done"
        starts = [(job.started, job.ended) for job in service.jobs]
        assert starts[1] == (starts[0][0] + 20, starts[0][0] + 30)


def test_a_free_account_has_one_slot(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path, pace=Pace(service_seconds=10)) as service:
        key = service.free.key
        first = hash_of(create(service, song, key, output_format=2))
        assert words(create(service, song, key, output_format=2)) == [BUSY]
        user = call(f"{service.url}/api/app/user", params={"api_token": key}).json["data"]
        assert user["current_queue"] == [{"hash": first, "status": "processing"}]
        service.clock.advance(10)
        assert get(service, first)["status"] == "done"
        hash_of(create(service, song, key, output_format=2))
        assert service.paid == 2


def test_a_premium_account_has_ten(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path, pace=Pace(service_seconds=10)) as service:
        for _ in range(10):
            hash_of(create(service, song))
        assert words(create(service, song)) == [BUSY]
        assert service.premium.credits == 990


def test_fifty_a_day_and_the_window_moves(tmp_path: Path, song: Path) -> None:
    plan = Plan("registered", 1, 100 << 20, 600.0, 3)
    with FaultyService(tmp_path, free_plan=plan) as service:
        key = service.free.key
        for _ in range(3):
            get(service, hash_of(create(service, song, key, output_format=2)))
            service.clock.advance(3600)
        assert words(create(service, song, key, output_format=2)) == [QUOTA]
        service.clock.advance(21 * 3600)
        get(service, hash_of(create(service, song, key, output_format=2)))
        assert words(create(service, song, key, output_format=2)) == [QUOTA]


def test_credits_follow_the_formula_and_the_price_rules(service: FaultyService, tmp_path: Path) -> None:
    from stembridge.sandbox.catalogue import built_in

    catalogue = built_in()
    single, ensemble = catalogue.get(40), catalogue.get(28)
    assert single is not None
    assert ensemble is not None
    assert [single.credits(seconds, {}) for seconds in (1, 59, 119.9, 120, 600)] == [1, 1, 1, 2, 10]
    assert ensemble.credits(240, {}) == 12
    assert ensemble.credits(240, {"add_opt1": "1"}) == 24
    long = noise_file(tmp_path / "long.wav", frames=8000 * 130, channels=1, rate=8000)
    hash_ = hash_of(create(service, long))
    assert service.premium.credits == 998
    row = call(f"{service.url}/api/app/separation_history", params={"api_token": service.premium.key}).json[
        "data"
    ][0]
    assert (row["hash"], row["credits"], row["job_exists"]) == (hash_, 2, True)
    assert row["algorithm"]["render_id"] == 40


def test_no_credits_no_premium(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path, credits=1, pace=Pace(service_seconds=10)) as service:
        assert "credits" in words(create(service, song, sep_type=30, add_opt1="1"))[0]
        hash_of(create(service, song))
        assert service.premium.credits == 0
        # Nothing left: the account is a free one, with its one slot and without 24 bit.
        assert words(create(service, song)) == ["The selected output format is for premium users."]
        assert words(create(service, song, output_format=2)) == [BUSY]


def test_premium_switched_off_spends_nothing(service: FaultyService, song: Path) -> None:
    call(f"{service.url}/api/app/disable_premium", {"api_token": service.premium.key})
    get(service, hash_of(create(service, song, output_format=2)))
    assert service.premium.credits == 1000


@pytest.mark.parametrize("formatless", [4, 5])
def test_two_formats_are_for_premium_users(service: FaultyService, song: Path, formatless: int) -> None:
    assert "premium" in words(create(service, song, service.free.key, output_format=formatless))[0]


def test_refusals_in_the_recorded_words(service: FaultyService, song: Path, tmp_path: Path) -> None:
    assert words(create(service, song, service.free.key, sep_type=28, output_format=2)) == [PREMIUM_ONLY]
    assert words(create(service, song, sep_type=999)) == [NO_TYPE]
    assert words(create(service, song, add_opt1="7")) == ["The selected add_opt1 is invalid."]
    assert words(create(service, song, output_format=6)) == ["The selected output format is invalid."]
    assert words(create(service, song, sep_type="vocals"))
    assert "audiofile" in words(create(service, None))[0]
    text = tmp_path / "notes.mp3"
    text.write_text("no audio at all")
    assert words(create(service, text)) == ["The file is not an audio file."]
    assert create(service, song, "nobody").status == 401
    assert "api_token" in words(call(f"{service.url}/api/separation/create", {}, {"audiofile": song}))[0]
    assert service.paid == 0
    assert list(service.sandbox.service.uploads.iterdir()) == []


def test_a_plan_has_its_limits(tmp_path: Path, song: Path) -> None:
    small = Plan("registered", 1, 1000, 600.0, 50)
    short = Plan("premium", 10, 1 << 30, 0.1, None)
    with FaultyService(tmp_path, free_plan=small, premium_plan=short) as service:
        assert "larger" in words(create(service, song, service.free.key, output_format=2))[0]
        assert "longer" in words(create(service, song))[0]


def test_without_a_type_it_is_the_eleventh(service: FaultyService, song: Path) -> None:
    answer = call(
        f"{service.url}/api/separation/create", {"api_token": service.premium.key}, {"audiofile": song}
    )
    data = get(service, hash_of(answer))["data"]
    assert [file["type"] for file in data["files"]] == ["Vocals", "Drums", "Bass", "Other"]
    assert data["output_format"] == "mp3 (320 kbps)"


def test_cancel_refunds_only_while_it_waits(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path, pace=Pace(service_seconds=10, slots=1)) as service:
        running, waiting = hash_of(create(service, song)), hash_of(create(service, song))
        url, key = f"{service.url}/api/separation/cancel", service.premium.key
        assert service.premium.credits == 998
        stranger = call(url, {"api_token": service.free.key, "hash": waiting})
        assert stranger.json == {"success": False}
        assert call(url, {"api_token": key, "hash": waiting}).json == {"success": True}
        assert service.premium.credits == 999
        assert call(url, {"api_token": key, "hash": waiting}).json == {"success": False}
        assert call(url, {"api_token": key, "hash": running}).json == {"success": True}
        assert service.premium.credits == 999
        assert get(service, running)["status"] == "not_found"
        rows = call(f"{service.url}/api/app/separation_history", params={"api_token": key}).json["data"]
        assert [(row["job_exists"], row["credits"]) for row in rows] == [(False, None), (False, 1)]


def test_a_failed_separation_says_why_and_costs_nothing(tmp_path: Path, song: Path) -> None:
    def broken(*_: object) -> list[tuple[str, str, Path]]:
        raise RuntimeError("secret/path/of/the/audio")

    with FaultyService(tmp_path, broken) as service:
        hash_ = hash_of(create(service, song))
        document = get(service, hash_)
        assert (document["success"], document["status"]) == (True, "failed")
        assert document["data"] == {"message": "The file could not be processed."}
        assert service.premium.credits == 1000


def test_the_mirror_costs_one_credit(service: FaultyService, song: Path) -> None:
    hash_ = hash_of(create(service, song))
    left = service.premium.credits
    assert get(service, hash_, mirror=0)["status"] == "done"
    answer = get(service, hash_, mirror=1, api_token=service.premium.key)
    assert (answer["status"], service.premium.credits) == ("done", left - 1)
    url = f"{service.url}/api/separation/get"
    assert call(url, params={"hash": hash_, "mirror": 1}).status == 400
    assert call(url, params={"hash": hash_, "mirror": 1, "api_token": "no"}).status == 401
    assert call(url, params={"hash": hash_, "mirror": 1, "api_token": service.free.key}).status == 400


def test_paging_gives_ten_and_never_more_than_twenty(tmp_path: Path, song: Path) -> None:
    plan = Plan("premium", 50, PREMIUM.upload_bytes, 6000, None)
    with FaultyService(tmp_path, premium_plan=plan) as service:
        made = [hash_of(create(service, song, is_demo=1)) for _ in range(23)]
        service.sandbox.service.catch_up()
        newest = made[::-1]
        url, key = f"{service.url}/api/app/separation_history", service.premium.key

        def rows(**params: object) -> list[str]:
            return [row["hash"] for row in call(url, params={"api_token": key, **params}).json["data"]]

        assert rows() == newest[:10]
        assert rows(limit=100) == newest[:20]
        assert rows(start=20, limit=20) == newest[20:]
        assert rows(limit=0) == []
        assert call(url, params={"api_token": key, "start": "x"}).status == 400
        assert len(call(f"{service.url}/api/app/demo", params={"limit": 50}).json) == 20


def test_not_published_unless_asked(service: FaultyService, song: Path) -> None:
    get(service, hash_of(create(service, song)))
    assert call(f"{service.url}/api/app/demo").json == []


def test_the_rate_limit_tells_when_to_come_back(tmp_path: Path) -> None:
    with FaultyService(tmp_path, rate_limit=3) as service:
        url = f"{service.url}/api/app/queue"
        left = [call(url).headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        service.clock.advance(20)
        answer = call(url)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "41")
        assert answer.headers["X-RateLimit-Limit"] == "3"
        # Another key counts for itself.
        assert call(url, params={"api_token": service.free.key}).status == 200
        service.clock.advance(41)
        assert call(url).status == 200


def test_the_newer_shapes(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path, recent=True) as service:
        queue = call(f"{service.url}/api/app/queue", params={"api_token": service.premium.key}).json
        assert queue["current"] == {"plan": "premium", "queue": 0}
        assert "plan" not in queue
        data = get(service, hash_of(create(service, song)))["data"]
        assert isinstance(data["files"][0]["bytes"], str)


def test_login_register_and_an_account_without_a_key(service: FaultyService) -> None:
    form = {
        "name": "Ana",
        "email": "ana@example.com",
        "password": "longenough",
        "password_confirmation": "other",
    }
    answer = call(f"{service.url}/api/app/register", form)
    assert answer.status == 400
    assert list(answer.json["errors"]) == ["password"]
    assert call(f"{service.url}/api/app/register", form | {"password_confirmation": "longenough"}).json[
        "success"
    ]
    login = {"email": "ANA@example.com", "password": "longenough"}
    account = call(f"{service.url}/api/app/login", login).json["data"]
    assert (account["premium_minutes"], account["premium_enabled"]) == (0, 0)
    assert call(f"{service.url}/api/app/user", params={"api_token": account["api_token"]}).json["success"]
    wrong = call(f"{service.url}/api/app/login", login | {"password": "wrong"})
    assert wrong.status == 400
    assert list(wrong.json["message"]) == ["email"]
    service.sandbox.service.accounts.add(Account("No Key", "nokey@example.com", "longenough"))
    nokey = call(f"{service.url}/api/app/login", login | {"email": "nokey@example.com"}).json
    assert nokey["data"]["api_token"] is None
    assert call(f"{service.url}/api/app/user", params={"api_token": ""}).status == 400
