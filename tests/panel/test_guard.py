"""Who may ask: every rule is broken once, and what is refused learns nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import stat
from dataclasses import dataclass

import httpx
import pytest

from stembridge.panel.guard import HEADERS, new_key
from stembridge.panel.tickets import Tickets
from tests.fakes.clock import FakeClock
from tests.panel.conftest import Shop

OURS = {"X-Stembridge": "panel"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]


def ask(
    shop: Shop, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """Send exactly these headers, but for Host where it isn't given."""
    connection = http.client.HTTPConnection("127.0.0.1", shop.panel.port, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, text in {"Host": f"127.0.0.1:{shop.panel.port}", **(headers or {})}.items():
            connection.putheader(name, text)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        with connection.getresponse() as found:
            return Answer(found.status, found.read().decode(errors="replace"), dict(found.getheaders()))


def below(shop: Shop, path: str) -> str:
    """Give a path with the key."""
    return "/" + shop.panel.link.split("/", 3)[3] + path


def test_a_key_has_256_bits_and_is_another_each_time() -> None:
    """43 characters of 64."""
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 43 for key in keys)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api/state", "/x/api/state", "/{key}x/api/state", "/{half}/api/state", "/{key}",
        "//{key}/api/state", "/..%2f{key}/api/state", "/{upper}/api/state", "/%00/",
    ],
)  # fmt: skip
def test_without_the_key_there_is_nothing(shop: Shop, path: str) -> None:
    """Not even a hint that there is a panel."""
    key = shop.panel.link.split("/")[3]
    wanted = path.format(key=key, half=key[:20], upper=key.swapcase())
    answer = ask(shop, "GET", wanted)
    assert answer.status == 404
    assert answer.text == "Not found."


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", "[::1]:{port}",
        "127.0.0.1.evil.example:{port}", "0.0.0.0:{port}", "127.0.0.1:{port}@evil.example", "",
    ],
)  # fmt: skip
def test_a_name_that_was_rebound_to_us_is_refused(shop: Shop, host: str) -> None:
    """Whoever knows the key, too: the browser of a rebound page would send its own name."""
    answer = ask(shop, "GET", below(shop, "api/state"), {"Host": host.format(port=shop.panel.port)})
    assert answer.status in {400, 403}
    assert "jobs" not in answer.text


def test_two_hosts_are_one_too_many(shop: Shop) -> None:
    """A proxy and we might each believe another one."""
    with socket.create_connection(("127.0.0.1", shop.panel.port), 10) as line:
        port = shop.panel.port
        head = (
            f"GET {below(shop, 'api/state')} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n"
        )
        line.sendall(head.encode())
        assert line.recv(100).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 "))


def test_both_names_of_this_machine_will_do(shop: Shop) -> None:
    """A user may write localhost."""
    for host in ("127.0.0.1", "localhost", "LOCALHOST"):
        port = shop.panel.port
        assert ask(shop, "GET", below(shop, "api/state"), {"Host": f"{host}:{port}"}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:{other}"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_another_sites_page_is_refused(shop: Shop, headers: dict[str, str], method: str) -> None:
    """By what its browser can't help sending."""
    port = shop.panel.port
    sent = {name: text.format(port=port, other=port + 1) for name, text in headers.items()}
    if method == "POST":
        sent = {"Origin": f"http://127.0.0.1:{port}", **OURS, **sent}
    answer = ask(
        shop, method, below(shop, "api/state" if method != "POST" else "api/favourites"), sent, b"{}"
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {}, OURS, {"Origin": "ours"}, {"Origin": "ours", "X-Stembridge": "other"},
        {"Origin": "ours", "X-Stembridge": ""},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "api/favourites"), ("DELETE", "api/key"), ("POST", "api/files?name=a")]
)
def test_what_changes_something_needs_origin_and_header(
    shop: Shop, headers: dict[str, str], method: str, path: str
) -> None:
    """A form of another page has neither, and its script can't send the header without asking first."""
    sent = {name: text.replace("ours", shop.panel.origin) for name, text in headers.items()}
    assert ask(shop, method, below(shop, path), sent, b"{}").status == 403


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"])
def test_no_other_method(shop: Shop, method: str) -> None:
    """A preflight above all is never answered with a yes."""
    answer = ask(shop, method, below(shop, "api/state"), {"Origin": "http://evil.example"})
    assert answer.status in {403, 405}
    assert not any(name.lower().startswith("access-control") for name, _ in answer.headers.items())


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "", {}), ("GET", "api/state", {}), ("GET", "api/nothing", {}), ("GET", "api/jobs/none", {}),
        ("GET", "api/jobs/{job}/tracks/vocals/audio", {"Range": "bytes=0-9"}),
        ("GET", "api/jobs/{job}/tracks/vocals/audio", {"Range": "bytes=99999999-"}),
        ("GET", "api/jobs/{job}/zip", {}), ("GET", "api/report", {}), ("GET", "../state", {}),
        ("POST", "api/favourites", {}), ("GET", "api/state", {"Host": "evil.example"}),
        ("HEAD", "api/state", {}), ("OPTIONS", "api/state", {}),
    ],
)  # fmt: skip
def test_every_answer_has_every_header(shop: Shop, method: str, path: str, headers: dict[str, str]) -> None:
    """Pages, data, refusals and faults alike."""
    answer = ask(
        shop, method, below(shop, path.format(job=shop.id)), headers, b"" if method == "POST" else None
    )
    for name, text in HEADERS.items():
        assert answer.headers.get(name) == text, name
    policy = str(answer.headers.get("content-security-policy"))
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert answer.headers.get("server") is None


def test_a_web_socket_is_none_of_ours(shop: Shop) -> None:
    """An upgrade is answered as a plain request, or refused."""
    answer = ask(
        shop, "GET", below(shop, "api/events2"),
        {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
         "Sec-WebSocket-Version": "13"},
    )  # fmt: skip
    assert answer.status == 404


def test_only_this_machine_is_listened_to(shop: Shop) -> None:
    """The same port on another address of the machine answers nobody."""
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"."), socket.create_connection((address, shop.panel.port), 2):
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_note_of_the_link_is_the_users_alone(shop: Shop) -> None:
    """Its link is the key."""
    mode = stat.S_IMODE((shop.panel.home / "panel.json").stat().st_mode)
    assert mode == 0o600


def test_the_key_is_in_no_answer_and_no_log(shop: Shop) -> None:
    """Not even in a sentence about what wasn't found."""
    key = shop.panel.link.split("/")[3]
    for path in (
        "api/state",
        "api/report",
        "api/doctor",
        f"api/jobs/{shop.id}",
        "api/nothing",
        "api/account",
    ):
        assert key not in httpx.get(shop.panel.link + path, timeout=30).text
    kept = [
        path
        for path in shop.panel.home.rglob("*")
        if path.is_file() and path.suffix in {".json", ".jsonl", ".log"}
    ]
    assert [path.name for path in kept if key in path.read_text(encoding="utf-8", errors="replace")] == [
        "panel.json"
    ]


def test_a_ticket_opens_the_panel_once(shop: Shop) -> None:
    """For who comes by GET and from nowhere; whoever is refused leaves it as it is."""
    origin = f"http://127.0.0.1:{shop.panel.port}"
    given = ask(shop, "POST", below(shop, "api/ticket"), {**OURS, "Origin": origin})
    path = json.loads(given.text)["path"]
    assert ask(shop, "GET", path, {"Host": f"evil.example:{shop.panel.port}"}).status == 403
    assert ask(shop, "GET", path, {"Sec-Fetch-Site": "cross-site"}).status == 403
    assert ask(shop, "HEAD", path).status == 404
    assert ask(shop, "GET", path + "x").status == 410
    assert ask(shop, "GET", "/open/").status == 410
    first = ask(shop, "GET", path)
    assert (first.status, first.headers["location"]) == (303, below(shop, ""))
    assert all(first.headers.get(name) == text for name, text in HEADERS.items())
    again = ask(shop, "GET", path)
    assert (again.status, "run it again" in again.text) == (410, True)


def test_tickets_are_given_to_the_page_alone(shop: Shop) -> None:
    """Who has no link gets none, and no other page does."""
    assert ask(shop, "POST", "/api/ticket", OURS).status in {403, 404}
    assert ask(shop, "POST", below(shop, "api/ticket"), OURS).status == 403
    assert ask(shop, "GET", below(shop, "api/ticket")).status == 404


def test_a_ticket_is_good_for_a_minute() -> None:
    """Who opened no browser leaves nothing behind."""
    clock = FakeClock()
    tickets = Tickets(clock)
    old, young = tickets.issue(), tickets.issue()
    assert len({old, young}) == 2
    assert tickets.take(young.removeprefix("/open/"))
    clock.sleep(61)
    assert not tickets.take(old.removeprefix("/open/"))
    late = tickets.issue()
    clock.sleep(61)
    tickets.issue()
    assert late.removeprefix("/open/") not in tickets._until
