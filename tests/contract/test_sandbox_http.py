"""The HTTP side of the stand-in: forms as streams, ranges, bounds, and nothing but loopback."""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.model.errors import UnavailableError, UsageError
from stembridge.sandbox.forms import (
    Body,
    BodyTooLargeError,
    Form,
    MalformedBodyError,
    read_form,
    slug_and_suffix,
)
from stembridge.sandbox.http import byte_range
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file
from tests.fakes.web import Answer, call, multipart


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


@pytest.fixture
def result(service: FaultyService, tmp_path: Path) -> tuple[str, bytes]:
    """A file to download: its address and its bytes."""
    song = noise_file(tmp_path / "song.wav")
    fields = {"api_token": service.premium.key, "sep_type": 40, "output_format": 4}
    made = call(f"{service.url}/api/separation/create", fields, {"audiofile": song}).json["data"]["hash"]
    data = call(f"{service.url}/api/separation/get", params={"hash": made}).json["data"]
    url = data["files"][0]["url"]
    return url, call(url).body


# Downloads


def test_a_download_says_its_length_and_resumes(result: tuple[str, bytes]) -> None:
    url, body = result
    whole = call(url)
    assert whole.headers["Content-Length"] == str(len(body))
    assert whole.headers["Accept-Ranges"] == "bytes"
    etag = whole.headers["ETag"]
    part = call(url, headers={"Range": "bytes=1000-", "If-Range": etag})
    assert (part.status, part.body) == (206, body[1000:])
    assert part.headers["Content-Range"] == f"bytes 1000-{len(body) - 1}/{len(body)}"
    assert part.headers["ETag"] == etag
    changed = call(url, headers={"Range": "bytes=1000-", "If-Range": '"another"'})
    assert (changed.status, changed.body) == (200, body)
    over = call(url, headers={"Range": f"bytes={len(body)}-"})
    assert (over.status, over.headers["Content-Range"], over.body) == (416, f"bytes */{len(body)}", b"")
    head = call(url, method="HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(body)), b"")


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (None, (200, 0, 10)),
        ("bytes=0-", (206, 0, 10)),
        ("bytes=3-5", (206, 3, 6)),
        ("bytes=3-99", (206, 3, 10)),
        ("bytes=-4", (206, 6, 10)),
        ("bytes=-40", (206, 0, 10)),
        ("bytes=-0", (416, 0, 0)),
        ("bytes=10-", (416, 0, 0)),
        ("bytes=5-3", (200, 0, 10)),
        ("bytes=0-1,3-4", (200, 0, 10)),
        ("lines=1-2", (200, 0, 10)),
        ("bytes=-", (200, 0, 10)),
    ],
)
def test_ranges(wanted: str | None, answer: tuple[int, int, int]) -> None:
    assert byte_range(wanted, None, 10, '"e"') == answer


def test_downloads_need_both_names(service: FaultyService, result: tuple[str, bytes]) -> None:
    url, _ = result
    top, _, name = url.rpartition("/")
    storage = top.rpartition("/")[2]
    for path in (
        f"/storage/{storage}/../{storage}/{name}",
        f"/storage/{storage}/%2e%2e%2f{name}",
        f"/storage/{storage}/other.wav",
        f"/storage/{'0' * 32}/{name}",
        f"/storage/{storage}",
        f"/storage/{storage}/{name}/more",
        "/storage/../../etc/hostname",
        "/storage//etc/hostname",
    ):
        assert call(service.url + path).status == 404, path
    assert call(url, {}, {}).status == 404


# Uploads


def test_names_are_made_plain() -> None:
    assert slug_and_suffix("My Song (live).FLAC") == ("my-song-live", "flac")
    assert slug_and_suffix("../../etc/passwd") == ("passwd", "bin")
    assert slug_and_suffix(r"C:\Users\me\Träume.wav") == ("traume", "wav")
    assert slug_and_suffix("ไทย.mp3") == ("audio", "mp3")
    assert slug_and_suffix("") == ("audio", "bin")
    assert slug_and_suffix("a" * 300 + ".waveform") == ("a" * 80, "wavef")
    assert slug_and_suffix("sb0123abc.flac") == ("sb0123abc", "flac")
    assert slug_and_suffix("..") == ("audio", "bin")


@pytest.mark.parametrize("name", ["../../evil.wav", "/tmp/evil.wav", r"..\..\evil.wav", "a\x00b.wav", "CON"])
def test_an_upload_name_is_never_a_path(service: FaultyService, tmp_path: Path, name: str) -> None:
    song = noise_file(tmp_path / "song.wav", frames=500)
    before = {path for path in tmp_path.rglob("*") if "service" not in path.parts}
    body, kind = multipart({"api_token": service.premium.key, "sep_type": 40}, {"audiofile": song})
    body = body.replace(b'filename="song.wav"', f'filename="{name}"'.encode())
    answer = send(service.url, body, {"Content-Type": kind})
    assert answer.status == 200
    assert ".." not in answer.json["data"]["hash"]
    assert "/" not in answer.json["data"]["hash"]
    assert {path for path in tmp_path.rglob("*") if "service" not in path.parts} == before


def send(base: str, body: Any, headers: dict[str, str], path: str = "/api/separation/create") -> Answer:
    parts = urlsplit(base)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request("POST", path, body, headers, encode_chunked="Transfer-Encoding" in headers)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def test_a_chunked_upload_arrives(service: FaultyService, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav")
    body, kind = multipart({"api_token": service.premium.key, "sep_type": 40}, {"audiofile": song})
    pieces = (body[at : at + 777] for at in range(0, len(body), 777))
    answer = send(service.url, pieces, {"Content-Type": kind, "Transfer-Encoding": "chunked"})
    assert answer.status == 200
    upload = service.jobs[0].upload
    assert upload is not None
    assert upload.read_bytes() == song.read_bytes()


def test_a_plain_form_is_read_too(service: FaultyService) -> None:
    body = b"api_token=" + str(service.free.key).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = send(service.url, body, headers, "/api/app/enable_long_filenames")
    assert (answer.status, service.free.long_names) == (200, True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\n\r\nvalue", "multipart/form-data; boundary=x"),
        (b"--x\r\n" + b"A: b\r\n" * 40 + b"\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x\r\n" + b"A" * 40_000, "multipart/form-data; boundary=x"),
    ],
)
def test_a_broken_form_is_refused(service: FaultyService, body: bytes, kind: str) -> None:
    answer = send(service.url, body, {"Content-Type": kind})
    assert (answer.status, answer.json["success"]) == (400, False)
    assert list(service.sandbox.service.uploads.iterdir()) == []


def test_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with FaultyService(tmp_path, body_limit=100_000) as service:
        body, kind = multipart({"a": "x" * 200_000}, {})
        answer = send(service.url, body, {"Content-Type": kind})
        assert (answer.status, answer.headers["Content-Type"]) == (413, "text/html")
        chunked = {"Content-Type": kind, "Transfer-Encoding": "chunked"}
        assert send(service.url, iter([body]), chunked).status == 413


def test_a_client_that_goes_away_leaves_nothing(service: FaultyService, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav")
    body, kind = multipart({"api_token": service.premium.key}, {"audiofile": song})
    host, port = str(urlsplit(service.url).hostname), urlsplit(service.url).port
    with socket.create_connection((host, int(port or 0))) as connection:
        head = f"POST /api/separation/create HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
    deadline = time.monotonic() + 10
    while (
        len(service.log) < 1 or any(service.sandbox.service.uploads.iterdir())
    ) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(service.sandbox.service.uploads.iterdir()) == []
    assert service.paid == 0


class _Dribble(io.RawIOBase):
    """A stream that gives as many bytes as it likes, at most what is asked for."""

    def __init__(self, data: bytes, steps: list[int]) -> None:
        self._data, self._steps, self._turn = data, steps, 0

    def read(self, size: int = -1) -> bytes:
        step = self._steps[self._turn % len(self._steps)]
        self._turn += 1
        taken, self._data = self._data[: min(size, step)], self._data[min(size, step) :]
        return taken


names = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\\r\n\x00', exclude_categories=["C"]), min_size=1
)


@settings(deadline=None, max_examples=120)
@given(
    fields=st.dictionaries(
        names, st.text(st.characters(codec="utf-8", exclude_categories=["C"])), max_size=4
    ),
    content=st.binary(max_size=3000),
    filename=names,
    steps=st.lists(st.integers(1, 700), min_size=1, max_size=5),
    boundary=st.text("abcXYZ0189'()+_,-./:=?", min_size=1, max_size=60).filter(lambda b: "'" not in b),
)
def test_any_form_in_any_pieces(
    tmp_path_factory: pytest.TempPathFactory,
    fields: dict[str, str],
    content: bytes,
    filename: str,
    steps: list[int],
    boundary: str,
) -> None:
    delimiter = f"--{boundary}".encode()
    if delimiter in content or any(boundary in value for value in fields.values()):
        return
    fields.pop("the file", None)
    data = b"a preamble\r\n"
    for name, value in fields.items():
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        data += delimiter + b"\r\n" + head.encode()
    head = (
        f'content-disposition: form-data; name="the file"; filename="{filename}"\r\nContent-Type: audio/wav'
    )
    data += (
        delimiter + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" + delimiter + b"--\r\nthe end"
    )
    path = tmp_path_factory.mktemp("form") / "upload"
    body = Body(_Dribble(data, steps), length=len(data), chunked=False, limit=1 << 20)  # type: ignore[arg-type]
    form: Form = read_form(body, f'multipart/form-data; boundary="{boundary}"', lambda: path)
    assert form.fields == fields
    assert form.uploads["the file"].filename == filename
    assert form.uploads["the file"].size == len(content)
    assert path.read_bytes() == content
    assert body.received == len(data)


@settings(deadline=None, max_examples=150)
@given(data=st.binary(max_size=2000), chunked=st.booleans())
def test_garbage_is_refused_and_never_hangs(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, chunked: bool
) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    stream = io.BytesIO(b"--x\r\n" + data)
    try:
        body = Body(stream, length=None if chunked else len(data) + 5, chunked=chunked, limit=1500)
        read_form(body, "multipart/form-data; boundary=x", lambda: folder / "upload").discard()
    except (MalformedBodyError, BodyTooLargeError, ConnectionError):
        pass
    assert list(folder.iterdir()) == []


# The server


def test_it_listens_on_loopback_only(service: FaultyService) -> None:
    assert service.sandbox.server.server_address[0] == "127.0.0.1"
    assert service.url.startswith("http://127.0.0.1:")


def test_a_name_that_points_here_gets_nothing(service: FaultyService) -> None:
    url = f"{service.url}/api/app/news"
    assert call(url, headers={"Host": "evil.example"}).status == 421
    assert call(url, headers={"Host": "localhost"}).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://evil.example", 403), ("null", 403), ("http://127.0.0.1:8000", 200), ("http://localhost", 200)],
)
def test_a_page_of_the_web_cannot_send_forms_here(service: FaultyService, origin: str, status: int) -> None:
    assert call(f"{service.url}/api/app/news", headers={"Origin": origin}).status == status


def test_links_follow_the_address_that_was_used(service: FaultyService, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "song.wav", frames=500)
    port = urlsplit(service.url).port
    fields = {"api_token": service.premium.key, "sep_type": 40}
    answer = call(f"http://localhost:{port}/api/separation/create", fields, {"audiofile": song})
    assert answer.json["data"]["link"].startswith(f"http://localhost:{port}/api/separation/get?hash=")


def test_unknown_calls_and_methods(service: FaultyService) -> None:
    assert call(f"{service.url}/api/nothing").status == 404
    assert call(f"{service.url}/").status == 404
    answer = call(f"{service.url}/api/separation/create")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert call(f"{service.url}/api/app/news", {}, {}, method="PUT").status == 405


def test_one_connection_serves_many_requests(service: FaultyService) -> None:
    parts = urlsplit(service.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/api/app/queue")
        answer = connection.getresponse()
        assert (answer.status, answer.version) == (200, 11)
        answer.read()
        handle = connection.sock
        assert handle is not None
    connection.close()


def test_starting_and_stopping_is_quick_and_leaves_no_thread(tmp_path: Path) -> None:
    start = time.monotonic()
    with Sandbox(tmp_path, splitter()) as sandbox:
        assert call(f"{sandbox.url}/api/app/queue").status == 200
        # A client that keeps its connection open doesn't keep the server.
        idle = socket.create_connection(("127.0.0.1", int(urlsplit(sandbox.url).port or 0)))
    assert time.monotonic() - start < 3
    idle.close()
    with pytest.raises(OSError, match=r".*"):
        socket.create_connection(("127.0.0.1", int(urlsplit(sandbox.url).port or 0)), timeout=2)
    deadline = time.monotonic() + 5
    while _ours() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _ours() == []


def _ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sandbox")]


def test_a_taken_port_is_said(service: FaultyService, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="taken") as caught:
        Sandbox(tmp_path / "second", splitter(), port=int(urlsplit(service.url).port or 0))
    assert "--port" in caught.value.hint


@pytest.mark.parametrize("url", ["http://example.org/hook", "https://127.0.0.1/x", "ftp://localhost/x", "x"])
def test_a_webhook_stays_on_this_machine(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="this machine"):
        Sandbox(tmp_path, splitter(), webhook=url)


def test_no_key_and_no_hash_in_what_it_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    song = noise_file(tmp_path / "song.wav", frames=500)

    def broken(*_: object) -> list[tuple[str, str, Path]]:
        raise RuntimeError("the-secret-of-the-song")

    with (
        caplog.at_level(0),
        FaultyService(tmp_path / "s", broken, premium_key="sk-a-key-nobody-sees") as service,
    ):
        fields = {"api_token": service.premium.key, "sep_type": 40}
        made = call(f"{service.url}/api/separation/create", fields, {"audiofile": song}).json["data"]["hash"]
        assert call(f"{service.url}/api/separation/get?hash={made}").json["status"] == "failed"
        assert repr(service.premium).count("sk-a-key") == 0
    out = capfd.readouterr()
    text = caplog.text + out.out + out.err
    assert "RuntimeError" in text
    for secret in ("sk-a-key-nobody-sees", made, "the-secret-of-the-song"):
        assert secret not in text
