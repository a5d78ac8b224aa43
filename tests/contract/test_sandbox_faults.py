"""Every fault does what its name says: otherwise the client's tests against it would prove nothing."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile

from stembridge.sandbox.jobs import Pace
from tests.fakes.faults import FAULTS
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file
from tests.fakes.web import Answer, call, multipart


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service
        assert service.armed == []


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return noise_file(tmp_path / "song.wav")


def create(service: FaultyService, song: Path) -> Answer:
    fields = {"api_token": service.premium.key, "sep_type": 40, "output_format": 5}
    return call(f"{service.url}/api/separation/create", fields, {"audiofile": song})


def made(service: FaultyService, song: Path) -> str:
    return str(create(service, song).json["data"]["hash"])


def get(service: FaultyService, hash_: str) -> Answer:
    return call(f"{service.url}/api/separation/get", params={"hash": hash_})


def files(service: FaultyService, hash_: str) -> list[dict[str, Any]]:
    document = get(service, hash_).json
    assert document["status"] == "done"
    return list(document["data"]["files"])


def raw_create(service: FaultyService, song: Path, sent: list[int]) -> bytes:
    """Send an order by hand; gives the answer, and in ``sent`` how much of the body left."""
    body, kind = multipart({"api_token": service.premium.key, "sep_type": 40}, {"audiofile": song})
    parts = urlsplit(service.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10) as connection:
        head = f"POST /api/separation/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        for at in range(0, len(body), 10_000):
            sent[0] += connection.send(body[at : at + 10_000])
            time.sleep(0.002)
        return connection.recv(65536)


# Connections


@pytest.mark.parametrize(
    ("name", "complete", "jobs"),
    [
        ("reset_before_upload", False, 0),
        ("reset_during_upload", False, 0),
        ("reset_after_upload", True, 0),
        ("answer_lost", True, 1),
    ],
)
def test_resets_around_an_upload(
    service: FaultyService, song: Path, name: str, complete: bool, jobs: int
) -> None:
    service.fault(name)
    sent = [0]
    with pytest.raises(ConnectionError):
        raw_create(service, song, sent)
    first = service.creates[0]
    assert (first.complete, first.fault, first.status) == (complete, name, 0)
    assert service.paid == jobs
    if name == "reset_during_upload":
        assert 0 < first.received < song.stat().st_size
    # The fault is used up: the next order goes well, and nothing is left over from the first.
    assert create(service, song).status == 200
    assert len(list(service.sandbox.service.uploads.iterdir())) == jobs + 1


def test_a_reset_on_any_call(service: FaultyService) -> None:
    service.fault("reset", on="news", times=2)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            call(f"{service.url}/api/app/news")
    assert call(f"{service.url}/api/app/news").status == 200


def test_connections_refused(service: FaultyService, song: Path) -> None:
    hash_ = made(service, song)
    with service.refusing(), pytest.raises(ConnectionRefusedError):
        get(service, hash_)
    assert get(service, hash_).json["status"] == "done"


def test_an_answer_that_hangs(service: FaultyService) -> None:
    service.fault("hang", on="queue", seconds=30)
    threading.Timer(0.2, service.release.set).start()
    start = time.monotonic()
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        call(f"{service.url}/api/app/queue")
    assert 0.1 < time.monotonic() - start < 10


def test_an_answer_that_comes_late(service: FaultyService, song: Path) -> None:
    service.fault("late_answer", seconds=30)
    threading.Timer(0.2, service.release.set).start()
    start = time.monotonic()
    assert create(service, song).status == 200
    assert 0.1 < time.monotonic() - start < 10
    assert service.paid == 1


def test_a_slow_upload(service: FaultyService, song: Path) -> None:
    service.fault("slow_upload", block=song.stat().st_size // 8, pause=0.03)
    start = time.monotonic()
    assert create(service, song).status == 200
    assert time.monotonic() - start > 0.2


# Refusals


@pytest.mark.parametrize(
    ("name", "status", "document"),
    [
        ("400_errors", 400, {"success": False, "errors": ["No."]}),
        ("400_data_message", 400, {"success": False, "data": {"message": "No."}}),
        ("400_message", 400, {"success": False, "message": "No."}),
        ("400_field_message", 400, {"success": False, "message": {"field": ["No."]}}),
        ("400_field_errors", 400, {"success": False, "errors": {"field": ["No."]}}),
        ("400_error", 400, {"error": "No."}),
        ("200_success_false", 200, {"success": False, "data": {"message": "No."}}),
        ("401", 401, {"message": "Unauthenticated."}),
        ("402", 402, {"success": False, "message": "No."}),
        ("403", 403, {"message": "No."}),
        ("404", 404, {"message": "Not Found"}),
    ],
)
def test_refusals(
    service: FaultyService, song: Path, name: str, status: int, document: dict[str, Any]
) -> None:
    service.fault(name, on="create", text="No.")
    answer = create(service, song)
    assert (answer.status, answer.json) == (status, document)
    assert service.paid == 0
    assert service.creates[0].complete


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("400_html", 400),
        ("408", 408),
        ("413_html", 413),
        ("425", 425),
        ("500_html", 500),
        ("502_html", 502),
        ("503_html", 503),
    ],
)
def test_pages_instead_of_answers(service: FaultyService, name: str, status: int) -> None:
    service.fault(name, on="user", times=2)
    for _ in range(2):
        answer = call(f"{service.url}/api/app/user")
        assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html")
        assert answer.body.startswith(b"<html>")
    assert call(f"{service.url}/api/app/user", params={"api_token": service.free.key}).status == 200


def test_too_many_requests(service: FaultyService) -> None:
    url = f"{service.url}/api/app/queue"
    service.fault("429", on="queue", retry_after=7)
    service.fault("429", on="queue", date=1_800_000_030)
    answer = call(url)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    date = parsedate_to_datetime(call(url).headers["Retry-After"])
    assert date.timestamp() == 1_800_000_030


def test_a_redirect_elsewhere(service: FaultyService, song: Path) -> None:
    service.fault("redirect", on="download", to="http://192.0.2.1/stem.flac")
    url = files(service, made(service, song))[0]["url"]
    answer = call(url)
    assert (answer.status, answer.headers["Location"]) == (302, "http://192.0.2.1/stem.flac")


# Shapes and states


def test_json_that_is_none(service: FaultyService, song: Path) -> None:
    service.fault("truncated_json", on="create")
    service.fault("success_string", on="create")
    service.fault("raw", on="create", body=b"null")
    with pytest.raises(json.JSONDecodeError):
        json.loads(create(service, song).body)
    assert create(service, song).json["success"] == "true"
    assert create(service, song).json is None
    assert service.paid == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [("data", None), ("data", "text"), ("data.files", {"0": 1}), ("data.files.0.url", 5), ("-", [])],
)
def test_wrong_types(service: FaultyService, song: Path, path: str, value: object) -> None:
    service.fault("wrong_type", path=path, value=value)
    document: Any = get(service, made(service, song)).json
    for key in [] if path == "-" else path.split("."):
        document = document[int(key) if isinstance(document, list) else key]
    assert document == value


def test_states_that_come_and_go(service: FaultyService, song: Path) -> None:
    hash_ = made(service, song)
    service.fault("not_found", times=2)
    service.fault("unknown_status", word="polishing")
    service.fault("converting", data=[])
    service.fault("failed", reason="GPU lost.")
    service.fault("failed")
    service.fault("expired")
    seen = [get(service, hash_).json for _ in range(7)]
    words = ["not_found", "not_found", "polishing", "converting", "failed", "failed", "not_found"]
    assert [document["status"] for document in seen] == words
    assert [document["success"] for document in seen] == [False, False, True, True, True, True, False]
    assert seen[3]["data"] == []
    assert [document["data"] for document in seen[4:6]] == [{"message": "GPU lost."}, {}]
    assert get(service, hash_).json["status"] == "done"


def test_faults_of_a_done_job_wait_for_it(tmp_path: Path, song: Path) -> None:
    with FaultyService(tmp_path / "slow", pace=Pace(service_seconds=10)) as service:
        service.fault("done_without_files")
        hash_ = made(service, song)
        assert get(service, hash_).json["status"] == "processing"
        assert service.armed == ["done_without_files"]
        service.clock.advance(10)
        assert get(service, hash_).json["data"]["files"] == []
        assert len(files(service, hash_)) == 2


def test_faults_of_the_list_of_files(service: FaultyService, song: Path) -> None:
    hash_ = made(service, song)
    good = files(service, hash_)
    arm: list[tuple[str, dict[str, Any]]] = [
        ("done_without_files", {}),
        ("done_empty_urls", {}),
        ("missing_stem", {"index": 1}),
        ("names", {"names": ["../../up.flac", "/etc/passwd"]}),
        ("one_name", {}),
        ("moved", {"to": "https://example.org"}),
        ("wrong_bytes", {"by": 5}),
    ]
    for name, options in arm:
        service.fault(name, **options)
    assert files(service, hash_) == []
    assert [file["url"] for file in files(service, hash_)] == ["", ""]
    assert files(service, hash_) == good[:1]
    assert [file["download"] for file in files(service, hash_)] == ["../../up.flac", "/etc/passwd"]
    assert len({(file["download"], file["type"]) for file in files(service, hash_)}) == 1
    assert all(file["url"].startswith("https://example.org/storage/") for file in files(service, hash_))
    assert [file["bytes"] for file in files(service, hash_)] == [file["bytes"] + 5 for file in good]
    assert files(service, hash_) == good


# Files


def test_spoilt_files(service: FaultyService, song: Path, tmp_path: Path) -> None:
    sent = soundfile.read(str(song))[0]

    def first(name: str, **options: Any) -> Path:
        service.fault(name, **options)
        file = files(service, made(service, song))[0]
        path = tmp_path / f"{name}.flac"
        path.write_bytes(call(file["url"]).body)
        assert path.stat().st_size == file["bytes"]
        return path

    short = first("truncated_file", keep=0.5)
    assert soundfile.info(str(short)).frames == len(sent)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(str(short))
    assert first("html_file").read_bytes().startswith(b"<html>")
    assert soundfile.info(str(first("wrong_rate"))).samplerate == 48_000
    assert soundfile.info(str(first("other_length", by=-1000))).frames == len(sent) - 1000
    late = soundfile.read(str(first("late_start", by=1105)))[0]
    assert len(late) == len(sent)
    assert not np.any(late[:1105])


# Downloads


def read_all(url: str, **headers: str) -> tuple[Any, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.request("GET", parts.path, headers=headers)
    answer = connection.getresponse()
    out = b""
    try:
        while data := answer.read1(65536):
            out += data
    except (ConnectionError, http.client.IncompleteRead):
        pass
    finally:
        connection.close()
    return answer, out


def test_a_download_that_is_cut(service: FaultyService, song: Path) -> None:
    file = files(service, made(service, song))[0]
    service.fault("download_cut", after=1000)
    service.fault("download_cut", after=1500, reset=True)
    for count in (1000, 1500):
        answer, body = read_all(file["url"])
        assert answer.getheader("Content-Length") == str(file["bytes"])
        assert len(body) == count
    assert len(read_all(file["url"])[1]) == file["bytes"]


def test_downloads_that_lie(service: FaultyService, song: Path) -> None:
    file = files(service, made(service, song))[0]
    whole = call(file["url"]).body
    for name in ("short_length", "wrong_content_range", "range_ignored", "html_download"):
        service.fault(name)
    answer, body = read_all(file["url"])
    assert (answer.status, answer.getheader("Content-Length")) == (200, str(len(whole) // 2))
    assert body == whole[: len(whole) // 2]
    answer, body = read_all(file["url"], Range="bytes=100-")
    assert answer.getheader("Content-Range") == f"bytes 107-{len(whole) - 1}/{len(whole)}"
    answer, body = read_all(file["url"], Range="bytes=100-")
    assert (answer.status, answer.getheader("Content-Range"), body) == (200, None, whole)
    answer, body = read_all(file["url"])
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/html")


def test_a_slow_drip(service: FaultyService, song: Path) -> None:
    file = files(service, made(service, song))[0]
    service.fault("slow_drip", block=file["bytes"] // 4, pause=0.05)
    start = time.monotonic()
    assert len(read_all(file["url"])[1]) == file["bytes"]
    assert time.monotonic() - start > 0.15


# The machinery


def test_skip_and_order(service: FaultyService) -> None:
    service.fault("500_html", on="queue", skip=1)
    service.fault("502_html", on="any")
    url = f"{service.url}/api/app/queue"
    assert [call(url).status for _ in range(4)] == [200, 500, 502, 200]
    service.fault("503_html", on="news")
    service.clear()
    assert call(f"{service.url}/api/app/news").status == 200
    assert [entry.fault for entry in service.seen("queue")] == ["", "500_html", "502_html", ""]


def test_the_log_knows_what_arrived(service: FaultyService, song: Path) -> None:
    create(service, song)
    entry = service.creates[0]
    assert (entry.method, entry.status, entry.complete) == ("POST", 200, True)
    assert entry.params["sep_type"] == "40"
    assert entry.received > song.stat().st_size
    assert (len(service.creates), service.paid) == (1, 1)


def test_every_fault_of_the_table_is_tried_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in source] == []
