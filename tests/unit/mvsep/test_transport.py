"""Requests against a real socket: every fault ends in our words, and a POST knows whether it left."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from stembridge.model.errors import (
    Cancelled,
    InputError,
    ProtocolError,
    StembridgeError,
    UnavailableError,
    UsageError,
)
from stembridge.mvsep.faults import MaybeSentError
from stembridge.mvsep.form import Upload
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.transport import Transport, _trusted
from tests.unit.mvsep.wire import KEY, Clock, Peer, free_port, serving, transport

GOOD = b'{"success": true}'


def answer(status: int = 200, body: bytes = GOOD, **headers: str) -> Any:
    def script(peer: Peer) -> None:
        while True:
            peer.whole()
            peer.reply(status, body, **headers)

    return script


def reset_at_once(peer: Peer) -> None:
    peer.head()
    peer.reset()


def make(tmp_path: Path, size: int) -> Upload:
    path = tmp_path / "region.flac"
    with path.open("wb") as file:
        file.truncate(size)
    return Upload("audiofile", path, "sb123.flac")


def test_the_key_reaches_the_wire_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answer()) as server, transport(server.base) as wire:
        wire.get("/api/app/user", {"api_token": Secret(KEY)})
        wire.post("/api/app/enable_premium", {"api_token": Secret(KEY)})
    assert KEY in server.requests[0].target
    assert KEY.encode() in server.requests[1].body
    assert KEY not in caplog.text
    assert not [r for r in caplog.records if r.name.startswith("http")]


def test_logs_of_other_users_of_the_library_stay(caplog: pytest.LogCaptureFixture) -> None:
    import httpx

    caplog.set_level(logging.INFO)
    with serving(answer()) as server, transport(server.base) as wire:
        wire.get("/api/app/queue")
        httpx.get(server.base, trust_env=False)
    assert [r.name for r in caplog.records].count("httpx") == 1


def test_a_get_is_repeated_after_a_reset_and_after_5xx() -> None:
    clock = Clock()

    def closing(peer: Peer) -> None:
        peer.whole()
        peer.reply(502, b"<html>", Connection="close")

    with serving(reset_at_once, closing, answer()) as server, transport(server.base, clock) as wire:
        assert wire.get("/x").status == 200
    assert clock.slept == pytest.approx(0.75 + 1.5)


def test_a_get_gives_up_after_five_and_hands_over_what_the_service_said() -> None:
    with serving(answer(503, b"<title>Maintenance</title>")) as server, transport(server.base) as wire:
        reply = wire.get("/x")
    assert (reply.status, len(server.requests)) == (503, 5)


def test_every_request_is_counted_against_the_budget() -> None:
    counted: list[int] = []
    with (
        serving(answer(500)) as server,
        Transport(server.base, budget=lambda: counted.append(1), sleep=lambda _: None) as wire,
    ):
        wire.get("/x")
        wire.post("/x", {})
    assert len(counted) == len(server.requests) == 6


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 418, 422])
def test_a_refusal_is_not_repeated(status: int) -> None:
    with serving(answer(status)) as server, transport(server.base) as wire:
        assert wire.get("/x").status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_in_both_forms(status: int, form: str) -> None:
    clock = Clock()
    # The server's clock is a day ahead: only the difference to its own Date counts.
    now = time.time() + 86_400
    wish = "7" if form == "seconds" else formatdate(now + 7, usegmt=True)
    seen: list[int] = []

    def script(peer: Peer) -> None:
        seen.append(1)
        if len(seen) == 1:
            peer.whole()
            peer.reply(status, GOOD, Retry_After=wish, Date=formatdate(now, usegmt=True), Connection="close")
        else:
            answer()(peer)

    with serving(script) as server, transport(server.base, clock) as wire:
        assert wire.get("/x").status == 200
    assert 7 <= clock.slept <= 8


def test_a_very_long_retry_after_is_told_not_waited_for() -> None:
    clock = Clock()
    with serving(answer(429, GOOD, Retry_After="3600")) as server, transport(server.base, clock) as wire:
        reply = wire.get("/x")
    assert (reply.status, reply.retry_after, clock.slept, len(server.requests)) == (429, 3600.0, 0, 1)


def test_refused_connection() -> None:
    with transport(f"http://127.0.0.1:{free_port()}") as wire:
        with pytest.raises(UnavailableError) as caught:
            wire.get("/x", {"api_token": Secret(KEY)})
        with pytest.raises(UnavailableError) as posted:
            wire.post("/x", {"api_token": Secret(KEY)})
    for error in (caught.value, posted.value):
        assert error.retryable
        assert not isinstance(error, MaybeSentError)
        clean(error)


def clean(error: BaseException) -> None:
    """Follow every link of an exception: no key, and nothing of the HTTP library."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        assert not type(one).__module__.startswith(("httpx", "httpcore", "h11")), repr(one)
        assert KEY not in repr(one) + str(one) + repr(vars(one)), repr(one)
        waiting += [one.__cause__, one.__context__]


def test_name_that_no_one_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("NO_PROXY", "*")
    with (
        transport("https://mvsep.com") as wire,
        pytest.raises(UnavailableError, match="can't be found") as caught,
    ):
        wire.post("/x", {"api_token": Secret(KEY)})
    assert caught.value.context["cause"] == "dns"
    clean(caught.value)


def test_tls_failure_is_told_as_such() -> None:
    def plain(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Speak plainly\r\n\r\n")
        time.sleep(0.2)

    with (
        serving(plain) as server,
        transport(server.base.replace("http:", "https:")) as wire,
        pytest.raises(UnavailableError, match="isn't safe") as caught,
    ):
        wire.get("/x", {"api_token": Secret(KEY)})
    assert caught.value.context["cause"] == "tls"
    assert not caught.value.retryable
    clean(caught.value)


def test_reset_before_the_last_byte_means_not_sent(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        request = peer.head()
        peer.body(request, 1_000_000)
        peer.reset()

    with serving(script) as server, transport(server.base) as wire, pytest.raises(UnavailableError) as caught:
        wire.post("/x", {"api_token": Secret(KEY)}, upload=make(tmp_path, 64 << 20))
    assert not isinstance(caught.value, MaybeSentError)
    assert caught.value.retryable
    clean(caught.value)


@pytest.mark.parametrize("how", ["reset", "close", "half a head", "half a body", "not http"])
def test_lost_after_the_last_byte_means_uncertain(tmp_path: Path, how: str) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        if how == "reset":
            peer.reset()
        elif how == "half a head":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Le")
        elif how == "half a body":
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"success": tr')
        elif how == "not http":
            peer.send(b"hello, I am a printer\r\n\r\n")

    with serving(script) as server, transport(server.base) as wire, pytest.raises(MaybeSentError) as caught:
        wire.post("/x", {"api_token": Secret(KEY)}, upload=make(tmp_path, 300_000))
    assert len(server.requests) == 1
    assert caught.value.code == "submission_uncertain"
    clean(caught.value)


def test_no_answer_in_time_means_uncertain(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        time.sleep(3)

    with serving(script) as server, transport(server.base, read=0.5) as wire, pytest.raises(MaybeSentError):
        wire.post("/x", {}, upload=make(tmp_path, 10))


def test_an_early_refusal_is_heard_and_the_body_is_known_to_be_incomplete(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.head()
        peer.reply(413, b"<html><title>413 Request Entity Too Large</title></html>", Connection="close")
        time.sleep(0.5)

    with serving(script) as server, transport(server.base) as wire:
        reply = wire.post("/x", {}, upload=make(tmp_path, 64 << 20))
    assert (reply.status, reply.whole) == (413, False)


def test_the_form_is_what_a_server_expects(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(b"\x00\x01" * 500_000)
    with serving(answer()) as server, transport(server.base) as wire:
        told: list[tuple[int, int]] = []
        wire.post(
            "/x",
            {"sep_type": 40, "add_opt1": "81", "text": 'a"b\r\nü'},
            upload=Upload("audiofile", path, 'odd"name.flac'),
            progress=lambda done, total: told.append((done, total)),
        )
    request = server.requests[0]
    import email.parser
    import email.policy

    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    parts: dict[Any, Any] = {
        part.get_param("name", header="content-disposition"): part for part in form.iter_parts()
    }
    assert list(parts) == ["sep_type", "add_opt1", "text", "audiofile"]
    assert parts["sep_type"].get_payload() == "40"
    assert parts["text"].get_payload(decode=True) == 'a"b\r\nü'.encode()
    assert b'filename="odd%22name.flac"' in request.body
    assert path.read_bytes() in request.body
    assert "transfer-encoding" not in request.headers
    assert told[-1] == (1_000_000, 1_000_000)


def test_a_file_that_becomes_shorter_is_not_ordered(tmp_path: Path) -> None:
    upload = make(tmp_path, 64 << 20)

    def script(peer: Peer) -> None:
        request = peer.head()
        peer.body(request, 1_000_000)
        with upload.path.open("r+b") as file:
            file.truncate(2_000_000)
        peer.body(request)

    with serving(script) as server, transport(server.base) as wire, pytest.raises(InputError) as caught:
        wire.post("/x", {"api_token": Secret(KEY)}, upload=upload)
    assert caught.value.code == "source_changed"


def test_a_missing_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with serving(answer()) as server, transport(server.base) as wire, pytest.raises(InputError):
        wire.post("/x", {}, upload=Upload("audiofile", tmp_path / "none.flac", "sb.flac"))
    assert not server.requests


@pytest.mark.parametrize("stuck", ["upload", "answer"])
def test_cancel_during_a_get_or_an_upload_takes_less_than_a_second(tmp_path: Path, stuck: str) -> None:
    def script(peer: Peer) -> None:
        request = peer.head()
        if stuck == "upload":
            peer.body(request, 100_000)
        time.sleep(4)

    def call(wire: Transport, asked: Callable[[], bool]) -> None:
        if stuck == "upload":
            wire.post("/x", {"api_token": Secret(KEY)}, upload=make(tmp_path, 64 << 20), cancelled=asked)
        else:
            wire.get("/x", {"api_token": Secret(KEY)}, cancelled=asked)

    began: list[float] = []

    def cancelled() -> bool:
        if not began and server.requests:
            began.append(time.monotonic())
        return bool(began)

    with serving(script) as server, transport(server.base) as wire, pytest.raises(Cancelled) as caught:
        call(wire, cancelled)
    assert time.monotonic() - began[0] < (1.3 if stuck == "answer" else 1.6)
    clean(caught.value)


def test_a_cancel_that_comes_too_late_waits_for_the_answer(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        time.sleep(0.6)
        peer.reply(200, GOOD)

    with serving(script) as server, transport(server.base) as wire:
        reply = wire.post(
            "/x",
            {},
            upload=make(tmp_path, 10),
            cancelled=lambda: bool(server.requests and server.requests[0].body),
        )
    assert reply.status == 200


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_slow_drip_ends(where: str) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        if where == "body":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for letter in b"HTTP/1.1 200 OK\r\nX-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb":
            peer.send(bytes([letter]))
            time.sleep(0.2)

    began = time.monotonic()
    with serving(script) as server, transport(server.base, reply=1.0) as wire:
        with pytest.raises(UnavailableError, match="too long") as caught:
            wire.get("/x", {"api_token": Secret(KEY)}, attempts=1)
        with pytest.raises(MaybeSentError):
            wire.post("/x", {})
    assert time.monotonic() - began < 6
    clean(caught.value)


def test_a_reply_without_an_end_is_cut_off() -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    with serving(script) as server, transport(server.base, biggest_reply=1 << 20) as wire:
        with pytest.raises(ProtocolError, match="no end"):
            wire.get("/x")
        with pytest.raises(MaybeSentError):
            wire.post("/x", {})


def test_redirects_stay_on_the_server_and_the_key_goes_nowhere_else() -> None:
    with serving(answer()) as other:
        calls: list[str] = []

        def script(peer: Peer) -> None:
            while True:
                request = peer.whole()
                calls.append(request.method)
                if request.target.startswith("/there"):
                    peer.reply(200, b'{"here": 1}')
                elif request.target.startswith("/near"):
                    peer.reply(302, b"", Location="/there")
                else:
                    peer.reply(302, b"", Location=f"{other.base}/stolen")

        with serving(script) as server, transport(server.base) as wire:
            assert wire.get("/near", {"api_token": Secret(KEY)}).body == b'{"here": 1}'
            with pytest.raises(ProtocolError, match="another address") as caught:
                wire.get("/far", {"api_token": Secret(KEY)})
            assert wire.post("/far", {"api_token": Secret(KEY)}).status == 302
        assert not other.requests
        assert calls == ["GET", "GET", "GET", "POST"]
        clean(caught.value)


def test_a_redirect_in_a_circle_ends() -> None:
    circle = answer(302, b"", Location="/x")
    with serving(circle) as server, transport(server.base) as wire, pytest.raises(ProtocolError):
        wire.get("/x")
    assert len(server.requests) == 5


def test_cookies_are_not_kept() -> None:
    with (
        serving(answer(200, GOOD, Set_Cookie="session=abc; Path=/")) as server,
        transport(server.base) as wire,
    ):
        wire.get("/x")
        wire.get("/x")
    assert all("cookie" not in request.headers for request in server.requests)


def test_the_key_is_not_sent_in_the_clear_to_another_machine() -> None:
    with transport("http://nas.example:8080") as wire:
        for call in (wire.get, wire.post):
            with pytest.raises(UsageError, match="not encrypted"):
                call("/x", {"api_token": Secret(KEY)})


def test_another_node_has_to_be_the_services() -> None:
    with transport("https://mvsep.com") as wire:
        for node in ("https://mvsep.com.evil.example", "http://de.mvsep.com", "https://de.mvsep.com:444"):
            with pytest.raises(ProtocolError):
                wire.get("/x", {"api_token": Secret(KEY)}, node=node)


def test_a_proxy_setting_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy:70")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with transport("https://mvsep.com") as wire, pytest.raises(UsageError, match="proxy"):
        wire.get("/x")


def test_proxies_are_used_outside_and_never_towards_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def proxy(peer: Peer) -> None:
        peer.head()
        peer.reply(407, b"", Connection="close")

    with serving(proxy) as server, serving(answer()) as local:
        monkeypatch.setenv("HTTPS_PROXY", server.base)
        monkeypatch.setenv("HTTP_PROXY", server.base)
        with transport("https://mvsep.com") as wire, pytest.raises(UnavailableError, match="proxy") as caught:
            wire.get("/x", {"api_token": Secret(KEY)}, attempts=1)
        with transport(local.base) as wire:
            assert wire.get("/x", {"api_token": Secret(KEY)}).status == 200
    assert [request.method for request in server.requests] == ["CONNECT"]
    clean(caught.value)


def test_certificates_are_checked_against_the_systems_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    real = ssl.create_default_context

    def watched() -> ssl.SSLContext:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", watched)
    _trusted.cache_clear()  # a process reads them once
    for _ in range(2):
        with transport("https://mvsep.com") as wire:
            wire.client()
    assert len(made) == 1
    assert made[0].verify_mode is ssl.CERT_REQUIRED
    assert made[0].check_hostname


def test_closing_and_using_again() -> None:
    with serving(answer()) as server, transport(server.base) as wire:
        wire.get("/x")
        wire.close()
        assert wire.get("/x").status == 200


def test_importing_the_package_loads_no_http_library() -> None:
    code = (
        "import sys, stembridge.mvsep.client, stembridge.mvsep.catalogue, stembridge.mvsep.download;"
        "print([n for n in ('httpx', 'httpcore', 'h11', 'anyio') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"


def test_a_gigabyte_would_not_be_held_in_memory(tmp_path: Path) -> None:
    import tracemalloc

    def swallow(peer: Peer) -> None:
        request = peer.head()
        left = int(request.headers["content-length"]) - len(peer.held)
        while left > 0:
            left -= len(peer.sock.recv(1 << 20))
        peer.reply(200, GOOD)

    with serving(swallow) as server, transport(server.base, read=60.0, reply=60.0) as wire:
        wire.client()
        tracemalloc.start()
        assert wire.post("/x", {}, upload=make(tmp_path, 128 << 20)).status == 200
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 << 20


def test_errors_keep_the_contract() -> None:
    from stembridge.model.errors import CODES

    for error in (MaybeSentError("x"), ProtocolError("x")):
        assert isinstance(error, StembridgeError)
        assert isinstance(error, CODES[error.code][0])
