"""One method per endpoint: what is sent, what comes back, and what a refusal becomes."""

from __future__ import annotations

import email.parser
import email.policy
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from stembridge.model.errors import (
    KeyNeededError,
    LimitError,
    ProtocolError,
    RemoteFailedError,
    StembridgeError,
    UnavailableError,
    UsageError,
)
from stembridge.mvsep.client import Client
from stembridge.mvsep.faults import MaybeSentError
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.replies import JobState
from tests.unit.mvsep.test_transport import clean
from tests.unit.mvsep.wire import KEY, Peer, Request, Server, serving, transport

HASH = "20260327071601-0e3e5c6c85-sb123.flac"


def sent(request: Request) -> dict[str, str]:
    """Read what a request carries: query, or form."""
    fields = dict(parse_qsl(urlsplit(request.target).query, keep_blank_values=True))
    if request.body:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        form: Any = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            fields[name] = part.get_filename() or part.get_payload(decode=True).decode()
    return fields


@contextmanager
def client(*answers: tuple[int, object], key: str = KEY) -> Iterator[tuple[Client, Server]]:
    """Serve these answers one after the other, the last one for ever."""
    given = list(answers)

    def script(peer: Peer) -> None:
        while True:
            peer.whole()
            status, value = given.pop(0) if len(given) > 1 else given[0]
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            peer.reply(status, body)

    with serving(script) as server, transport(server.base) as wire:
        yield Client(wire, Secret(key) if key else None), server


def order(held: Client, tmp_path: Path, **more: Any) -> Any:
    path = tmp_path / "a.flac"
    path.write_bytes(b"fLaC" * 100)
    given = {"sep_type": 40, "options": {"add_opt1": "81"}, "output_format": 5, **more}
    return held.create(path, "sb123.flac", **given)


CREATED = {
    "success": True,
    "data": {"link": f"https://mvsep.com/api/separation/get?hash={HASH}", "hash": HASH},
}


@pytest.mark.parametrize("success", [True, "true", 1, "1"])
def test_create_sends_everything_and_reads_the_hash(tmp_path: Path, success: object) -> None:
    with client((200, {**CREATED, "success": success})) as (held, server):
        created = order(held, tmp_path)
    assert created.hash == HASH
    assert HASH not in repr(created)
    assert sent(server.requests[0]) == {
        "api_token": KEY,
        "sep_type": "40",
        "add_opt1": "81",
        "output_format": "5",
        "is_demo": "0",
        "audiofile": "sb123.flac",
    }


@pytest.mark.parametrize("kind", ["direct", "mega", "drive", "dropbox"])
def test_create_from_a_link(kind: str) -> None:
    with client((200, {"success": True, "data": {"link": "", "hash": "n2AwBjy4KsFZfqqR"}})) as (held, server):
        created = held.create_from_url(
            "https://x.example/a.wav",
            remote_type=kind,
            sep_type=63,
            options={},
            output_format=2,
            publish_demo=True,
        )
    assert created.hash == "n2AwBjy4KsFZfqqR"
    fields = sent(server.requests[0])
    assert (fields["url"], fields["remote_type"], fields["is_demo"]) == ("https://x.example/a.wav", kind, "1")


def test_orders_that_make_no_sense_are_not_sent(tmp_path: Path) -> None:
    with client((200, CREATED)) as (held, server):
        with pytest.raises(UsageError):
            order(held, tmp_path, output_format=6)
        with pytest.raises(UsageError):
            held.create_from_url("x", remote_type="ftp", sep_type=1, options={}, output_format=1)
    assert not server.requests
    with client((200, CREATED), key="") as (held, server), pytest.raises(KeyNeededError):
        order(held, tmp_path)
    assert not server.requests


def test_an_order_without_audio() -> None:
    with client((200, CREATED)) as (held, server):
        held.create(None, "", sep_type=62, options={"add_opt1": "rain"}, output_format=1)
    assert "audiofile" not in sent(server.requests[0])


REFUSALS: list[tuple[int, object, type[StembridgeError], str, str]] = [
    (400, {"success": False, "data": {"message": "Some words."}}, RemoteFailedError, "other", "Some words."),
    (400, {"success": False, "errors": ["First.", "Second"]}, RemoteFailedError, "other", "First. Second"),
    (400, {"message": "Some words"}, RemoteFailedError, "other", "Some words"),
    (
        400,
        {"message": {"email": ["The email has already been taken."]}},
        UsageError,
        "form",
        "already been taken",
    ),
    (422, {"errors": {"a": ["One"], "b": ["Two"]}}, RemoteFailedError, "other", "One. Two"),
    (400, {"error": "Some words"}, RemoteFailedError, "other", "Some words"),
    (200, {"success": False, "data": {"message": "Some words"}}, RemoteFailedError, "other", "Some words"),
    (200, {"success": "false", "message": "Some words"}, RemoteFailedError, "other", "Some words"),
    (
        413,
        b"<html><head><title>413 Request Entity Too Large</title></head></html>",
        LimitError,
        "too_big",
        "413",
    ),
    (
        400,
        {
            "success": False,
            "errors": ["You already have unprocessed file in queue. Please wait before adding new file!"],
        },
        LimitError,
        "slot_busy",
        "unprocessed file",
    ),
    (
        400,
        {"data": {"message": "You have reached the limit of separations for today. Come back tomorrow"}},
        LimitError,
        "daily_limit",
        "for today",
    ),
    (
        400,
        {"errors": ["Seperation type is unavailable until you purchase premium membership"]},
        LimitError,
        "plan",
        "premium membership",
    ),
    (400, {"errors": ["Seperation type is not set"]}, RemoteFailedError, "type_missing", "not set"),
    (402, {}, LimitError, "credits", "payment"),
    (400, {"message": "Not enough credits to process this file"}, LimitError, "credits", "Not enough"),
    (403, {"message": "Forbidden"}, LimitError, "plan", "Forbidden"),
    (404, {}, RemoteFailedError, "gone", "doesn't know"),
    (429, {"message": "Too Many Attempts."}, UnavailableError, "slow_down", "Too Many"),
]


@pytest.mark.parametrize(("status", "body", "kind", "row", "said"), REFUSALS)
def test_every_shape_of_a_refusal_ends_as_the_services_words(
    tmp_path: Path, status: int, body: object, kind: type[StembridgeError], row: str, said: str
) -> None:
    with client((status, body)) as (held, server), pytest.raises(StembridgeError) as caught:
        order(held, tmp_path)
    error = caught.value
    assert type(error) is kind
    assert error.context["refusal"] == row
    assert said in error.message
    assert error.message.endswith((".", "!"))
    assert error.hint
    assert len(server.requests) == 1
    clean(error)


UNCERTAIN: list[tuple[int, object]] = [
    (500, b"<html><title>Server Error</title></html>"),
    (502, b"<html><title>502 Bad Gateway</title></html>"),
    (503, b""),
    (504, {"message": "Gateway Timeout"}),
    (408, {"message": "Request Timeout"}),
    (302, b""),
    (200, b'{"success": true, "data": {"ha'),
    (200, b""),
    (200, b"<html>It works!</html>"),
    (200, {"success": True}),
    (200, {"success": True, "data": []}),
    (200, {"success": True, "data": {"hash": None}}),
    (200, {"success": True, "data": {"hash": ["x"]}}),
    (200, []),
    (400, b"<html><title>400 Bad Request</title></html>"),
]


@pytest.mark.parametrize(("status", "body"), UNCERTAIN)
def test_an_order_without_a_clear_answer_is_uncertain(tmp_path: Path, status: int, body: object) -> None:
    with client((status, body)) as (held, server), pytest.raises(MaybeSentError) as caught:
        order(held, tmp_path)
    assert len(server.requests) == 1
    assert caught.value.code == "submission_uncertain"
    clean(caught.value)


def test_an_early_answer_of_something_on_the_way_is_not_uncertain(tmp_path: Path) -> None:
    def portal(peer: Peer) -> None:
        peer.head()
        peer.reply(200, b"<html><title>Hotel login</title></html>", Connection="close")
        time.sleep(0.3)

    path = tmp_path / "a.flac"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    with (
        serving(portal) as server,
        transport(server.base) as wire,
        pytest.raises(UnavailableError) as caught,
    ):
        Client(wire, Secret(KEY)).create(path, "sb1.flac", sep_type=1, options={}, output_format=1)
    assert not isinstance(caught.value, MaybeSentError)
    assert "Hotel login" in caught.value.message


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        ((200, {"success": True, "data": {"name": "a"}}), UnavailableError),
        ((400, {"success": False}), KeyNeededError),
        ((500, b""), UnavailableError),
    ],
)
def test_a_401_is_confirmed_before_the_key_is_blamed(
    tmp_path: Path, user: tuple[int, object], kind: type[StembridgeError]
) -> None:
    words = {"message": "Unauthenticated."}
    with client((401, words), user) as (held, server), pytest.raises(StembridgeError) as caught:
        order(held, tmp_path)
    assert type(caught.value) is kind
    assert not isinstance(caught.value, MaybeSentError)
    assert "Unauthenticated." in caught.value.message
    assert server.requests[1].target.startswith("/api/app/user")


def test_statuses() -> None:
    rows: list[tuple[int, object, JobState]] = [
        (
            200,
            {"success": True, "status": "waiting", "data": {"queue_count": 3, "current_order": "2"}},
            JobState.WAITING,
        ),
        (200, {"success": True, "status": "processing", "data": []}, JobState.WORKING),
        (200, {"success": True, "status": "processing", "data": {}}, JobState.WORKING),
        (200, {"success": True, "status": "merging", "data": {"message": "Merging"}}, JobState.WORKING),
        (200, {"success": True, "status": "converting"}, JobState.WORKING),
        (200, {"success": True, "status": "something new", "data": None}, JobState.WORKING),
        (
            200,
            {"success": True, "status": "distributing", "data": {"finished_chunks": 2, "all_chunks": 7}},
            JobState.WORKING,
        ),
        (200, {"success": True, "status": "failed", "data": {"message": "No vocals."}}, JobState.FAILED),
        (200, {"success": True, "status": "failed", "data": []}, JobState.FAILED),
        (200, {"success": False, "status": "not_found", "data": {"message": "Gone"}}, JobState.NOT_FOUND),
        (404, {"success": False, "status": "not_found", "data": {"message": "Gone"}}, JobState.NOT_FOUND),
        (400, {"success": False, "status": "not_found"}, JobState.NOT_FOUND),
        (200, {"success": True, "status": "done", "data": {"files": []}}, JobState.DONE),
    ]
    for status, body, state in rows:
        with client((status, body)) as (held, _):
            found = held.get(HASH)
        assert found.state is state, body
        if state is JobState.WAITING:
            assert (found.queue_count, found.current_order) == (3, 2)
        if found.status == "distributing":
            assert (found.finished_chunks, found.all_chunks) == (2, 7)
        if found.status == "failed":
            assert found.message in {"No vocals.", ""}
        if state is JobState.DONE:
            assert found.result is not None
            assert not found.result.complete


def test_a_finished_job() -> None:
    data = {
        "hash": HASH,
        "algorithm": "BS Roformer SW",
        "algorithm_description": "x",
        "output_format": "1",
        "size": "12 MB",
        "tags": {"audio": {"sample_rate": 44100}},
        "input_file": {"url": "https://mvsep.com/in.flac", "size": "3 MB", "download": "in.flac"},
        "files": [
            {
                "type": "Bass",
                "url": "https://de.mvsep.com/storage/x.wav",
                "size": "5.84 MB",
                "bytes": "6123456",
                "download": "track_bs6stem_mt_0_vocals-lead_[mvsep.com].wav",
                "name": None,
                "peaks": [0.1] * 1000,
                "image": "https://mvsep.com/p.png",
            },
            {"type": "Other", "url": "", "bytes": 12, "download": "a_other.flac"},
        ],
        "date": "2026-03-27",
        "transcription": None,
    }
    with client((200, {"success": True, "status": "done", "data": data})) as (held, server):
        result = held.get(HASH).result
    assert result is not None
    first, second = result.files
    assert (first.type, first.bytes, first.slug, first.extension) == ("Bass", 6_123_456, "vocals-lead", "wav")
    assert (second.bytes, second.slug, second.extension) == (12, "other", "flac")
    assert not result.complete
    assert "mvsep.com/storage" not in repr(result)
    assert HASH not in repr(result)
    assert "api_token" not in sent(server.requests[0])
    assert sent(server.requests[0]) == {"hash": HASH}


def test_an_expired_page_for_a_status_is_an_error() -> None:
    with client((404, b"<title>Not Found</title>")) as (held, _), pytest.raises(RemoteFailedError):
        held.get(HASH)
    with client((200, b'{"success": true, "status": ')) as (held, _), pytest.raises(ProtocolError) as caught:
        held.get(HASH)
    assert HASH not in str(caught.value)
    with client((200, {"success": True, "data": {}})) as (held, _), pytest.raises(ProtocolError):
        held.get(HASH)


def test_the_mirror_costs_a_credit_and_is_asked_once() -> None:
    with client((200, {"success": True, "status": "done", "data": {"files": []}})) as (held, server):
        assert held.get_mirrored(HASH).state is JobState.DONE
    assert sent(server.requests[0]) == {"hash": HASH, "mirror": "1", "api_token": KEY}
    with client((502, b"<html>")) as (held, server), pytest.raises(MaybeSentError):
        held.get_mirrored(HASH)
    assert len(server.requests) == 1


def test_a_remote_job_is_followed_to_its_hash() -> None:
    link = f"https://de.mvsep.com/api/separation/get?hash={HASH}"
    with client(
        (200, {"success": True, "status": "waiting", "data": {"queue_count": 1, "current_order": 1}}),
        (200, {"success": True, "status": "done", "data": {"link": link, "hash": HASH}}),
        (200, {"success": True, "status": "done", "data": {"link": link}}),
        (200, {"success": True, "status": "failed", "data": {"message": "Can't download"}}),
        (200, {"success": True, "status": "done", "data": {}}),
    ) as (held, _):
        assert held.get_remote("abc").state is JobState.WAITING
        assert held.get_remote("abc").hash == HASH
        assert held.get_remote("abc").hash == HASH
        assert held.get_remote("abc").message == "Can't download"
        with pytest.raises(ProtocolError):
            held.get_remote("abc")


def test_cancel() -> None:
    for status, body, good in (
        (200, {"success": True}, True),
        (200, {"success": False}, False),
        (400, {"success": False, "message": "Job not found"}, False),
        (404, {"success": False}, False),
    ):
        with client((status, body)) as (held, server):
            assert held.cancel(HASH) is good
        assert sent(server.requests[0]) == {"api_token": KEY, "hash": HASH}
    refusal = {"success": False, "message": "Invalid api_token"}
    with client((400, refusal)) as (held, _), pytest.raises(KeyNeededError):
        held.cancel(HASH)


def test_the_site() -> None:
    with client((200, [{"title": "T", "lang": "en", "text": "<p>x</p>", "created_at": "2026"}])) as (
        held,
        server,
    ):
        assert held.news(lang="ru", start=2, limit=1)[0].title == "T"
    assert sent(server.requests[0]) == {"lang": "ru", "start": "2", "limit": "1"}
    queue = {"in_process": 1, "premium": "2", "registered": 3, "unregistered": 4}
    with client((200, {"queue": queue, "plan": {"plan": "premium", "queue": 2}})) as (held, server):
        found = held.queue()
    assert (found.premium, found.plan, found.plan_queue, found.free_left) == (2, "premium", 2, None)
    assert sent(server.requests[0]) == {"api_token": KEY}
    newer = {
        "queue": queue,
        "current": {"plan": "registered", "queue": 3},
        "free_separations": {"left": 7, "max": 50},
    }
    with client((200, newer), key="") as (held, server):
        found = held.queue()
    assert (found.plan, found.free_left, found.free_max) == ("registered", 7, 50)
    assert sent(server.requests[0]) == {}
    demo = {
        "hash": "h",
        "date": "d",
        "input_audio": "u",
        "size": "s",
        "algorithm": {"render_id": 40, "name": "BS"},
    }
    with client((200, [demo])) as (held, server):
        assert held.demo(start=0, limit=2)[0].algorithm.sep_type == 40
    for start, limit in ((-1, 1), (0, 0), (0, 21)):
        with client((200, [])) as (held, server), pytest.raises(UsageError):
            held.demo(start=start, limit=limit)


USER = {
    "name": "A",
    "email": "a@example.com",
    "api_token": KEY,
    "premium_minutes": 120,
    "premium_enabled": 1,
    "long_filenames_enabled": 0,
}


@pytest.mark.parametrize(
    ("running", "count"),
    [
        (None, None),
        ([], 0),
        ([{"hash": HASH}, {"hash": "b"}], 2),
        ({"hash": HASH}, 1),
        ({"0": {"hash": HASH}}, 1),
        (3, 3),
    ],
)
def test_the_user(running: object, count: int | None) -> None:
    with client((200, {"success": True, "data": {**USER, "current_queue": running}})) as (held, _):
        user = held.user()
    assert (user.premium_minutes, user.premium_enabled, user.jobs_running) == (120, True, count)
    assert user.api_token == Secret(KEY)
    assert KEY not in repr(user)
    assert HASH not in repr(user)


def test_login_and_register() -> None:
    with client((200, {"success": True, "data": {**USER, "api_token": None}}), key="") as (held, server):
        assert held.login("a@example.com", Secret("pässword")).api_token is None
    assert sent(server.requests[0]) == {"email": "a@example.com", "password": "pässword"}
    wrong = {"success": False, "message": {"email": ["Wrong credentials: pässword"]}}
    with (
        client((400, wrong), key="") as (held, _),
        pytest.raises(KeyNeededError, match="Wrong cred") as caught,
    ):
        held.login("a@example.com", Secret("pässword"))
    assert "pässword" not in str(caught.value)
    with client((200, {"success": True, "message": "Check your mail"}), key="") as (held, server):
        assert held.register("u", "a@example.com", Secret("pw1"), Secret("pw1")).message == "Check your mail"
    assert server.requests[0].method == "POST"
    fields = sent(server.requests[0])
    assert list(fields) == ["name", "email", "password", "password_confirmation"]
    assert list(fields.values()) == ["u", "a@example.com", "pw1", "pw1"]


def test_a_bad_key_is_a_400_for_the_account() -> None:
    calls: list[Callable[[Client], object]] = [
        Client.user,
        Client.separation_history,
        lambda held: held.set_premium(enabled=True),
        lambda held: held.set_long_filenames(enabled=False),
    ]
    for call in calls:
        for body in ({"success": False}, {"success": False, "message": "Some words"}, b"<html></html>"):
            with client((400, body)) as (held, _), pytest.raises(KeyNeededError) as caught:
                call(held)
            assert caught.value.code == "key_refused"


def test_the_history() -> None:
    row = {
        "id": 5,
        "hash": HASH,
        "created_at": "2026-01-01",
        "updated_at": "2026-01-02",
        "job_exists": 1,
        "credits": None,
        "time_left": -3,
        "algorithm": {"render_id": 63, "name": "SW"},
    }
    with client((200, {"success": True, "data": [row, {**row, "job_exists": False, "credits": "4"}]})) as (
        held,
        server,
    ):
        first, second = held.separation_history(start=1, limit=2)
    assert (first.job_exists, first.credits, first.time_left, first.algorithm.sep_type) == (
        True,
        None,
        -3.0,
        63,
    )
    assert (second.job_exists, second.credits) == (False, 4.0)
    assert HASH not in repr(first)
    assert sent(server.requests[0]) == {"api_token": KEY, "start": "1", "limit": "2"}


def test_the_switches() -> None:
    switches: list[tuple[Callable[[Client], Any], str]] = [
        (lambda held: held.set_premium(enabled=True), "enable_premium"),
        (lambda held: held.set_premium(enabled=False), "disable_premium"),
        (lambda held: held.set_long_filenames(enabled=True), "enable_long_filenames"),
        (lambda held: held.set_long_filenames(enabled=False), "disable_long_filenames"),
    ]
    for call, path in switches:
        with client((200, {"success": True, "message": "Done"})) as (held, server):
            assert call(held).message == "Done"
        assert server.requests[0].target == f"/api/app/{path}"
        assert sent(server.requests[0]) == {"api_token": KEY}


ENTRY = {
    "id": 7675,
    "dataset_type": 1,
    "date": "d",
    "algo_name": "A",
    "main_text": "t",
    "proc": 1,
    "proc_remote_date": "r",
    "msg": "OK",
    "metrics": '{"sdr": [1]}',
    "sdr_vocals": "10.5",
    "sdr_other": None,
    "sdr_broken": "n/a",
    "dataset_name": "Multi",
}


def test_the_quality_checker(tmp_path: Path) -> None:
    with client((200, [ENTRY])) as (held, server):
        entry = held.quality_queue(start=1, limit=2)[0]
    assert entry.sdr == {"vocals": 10.5, "other": None, "broken": None}
    assert (entry.processed, entry.metrics) == (True, {"sdr": [1]})
    board = {"data": [ENTRY], "dataset_type": "2", "sortables": ["sdr_vocals"], "sort": "sdr_vocals"}
    with client((200, board)) as (held, server):
        found = held.quality_leaderboard(
            dataset_type=2, start=1, limit=2, name_filter="MVSep", sort="sdr_vocals"
        )
    assert (found.dataset_type, found.sortables, len(found.entries)) == (2, ("sdr_vocals",), 1)
    assert sent(server.requests[0]) == {
        "dataset_type": "2",
        "start": "1",
        "limit": "2",
        "algo_name_filter": "MVSep",
        "sort": "sdr_vocals",
    }
    for body in (ENTRY, [ENTRY], {"data": ENTRY}, {"success": True, "data": [ENTRY]}):
        with client((200, body)) as (held, _):
            assert held.quality_entry(7675).id == 7675
    zipped = tmp_path / "secret name.zip"
    zipped.write_bytes(b"PK")
    given = {
        "algo_name": "A",
        "main_text": "t",
        "password": Secret("geheim"),
        "dataset_type": 2,
        "ensemble": True,
    }
    with client((200, {"success": True, "data": {"id": "9", "link": "https://l"}})) as (held, server):
        assert held.quality_add(zipped, **given).id == 9  # type: ignore[arg-type]
    fields = sent(server.requests[0])
    assert (fields["zipfile"], fields["ensemble"], fields["password"]) == ("entry.zip", "1", "geheim")
    assert b"secret name" not in server.requests[0].body
    with client((200, {"success": True, "data": {"message": "Deleted"}})) as (held, server):
        assert held.quality_delete(7720, Secret("geheim")) == "Deleted"
    assert sent(server.requests[0]) == {"id": "7720", "password": "geheim"}
    wrong = {"success": False, "data": {"message": "Wrong: geheim"}}
    with client((200, wrong)) as (held, _), pytest.raises(StembridgeError) as caught:
        held.quality_delete(7720, Secret("geheim"))
    assert "geheim" not in str(caught.value)
    with client((200, board)) as (held, _), pytest.raises(UsageError):
        held.quality_leaderboard(dataset_type=12)


def test_an_echoed_key_does_not_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    link = f"https://mvsep.com/api/separation/get?hash={HASH}&api_token={KEY}"
    for status, body in (
        (400, {"errors": [f"Token {KEY} broken, see {link}"]}),
        (400, f"<title>{KEY}</title> {link}".encode()),
        (200, f"{KEY} {link}".encode()),
        (503, {"message": f"{KEY} {link}"}),
    ):
        with client((status, body)) as (held, _), pytest.raises(StembridgeError) as caught:
            order(held, tmp_path)
        text = str(caught.value) + repr(caught.value.context)
        assert KEY not in text
        assert HASH not in text
        clean(caught.value)
    assert KEY not in caplog.text
    assert KEY not in repr(Client(held.transport, Secret(KEY)).__dict__)
