"""Secrets, addresses, pauses, and the boundary at which foreign exceptions end."""

from __future__ import annotations

import copy
import inspect
import pickle
import ssl
import time
from email.utils import formatdate

import httpcore
import httpx
import pytest

from stembridge.model.errors import CODES, ProtocolError, StembridgeError, UnavailableError, UsageError
from stembridge.mvsep.origin import Service, split
from stembridge.mvsep.pace import Backoff, read_retry_after, repeatable
from stembridge.mvsep.redact import Secret, scrub
from stembridge.mvsep.service_errors import ROWS, classify, refusal
from stembridge.mvsep.wire_errors import describe

KEY = "sk-THE-FAKE-KEY-0123456789abcdef"


def all_exceptions(module: object) -> list[type[BaseException]]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, Exception)]


@pytest.mark.parametrize(
    "kind", [*all_exceptions(httpx), *all_exceptions(httpcore)], ids=lambda k: f"{k.__module__}.{k.__name__}"
)
def test_every_exception_of_the_http_library_becomes_ours(kind: type[Exception]) -> None:
    request = httpx.Request("GET", f"https://mvsep.com/x?api_token={KEY}")
    try:
        if kind is httpx.HTTPStatusError:
            problem: Exception = httpx.HTTPStatusError(KEY, request=request, response=httpx.Response(500))
        elif kind in {httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead}:
            problem = kind()
        else:
            problem = kind(f"failed at {request.url}")
    except TypeError:
        problem = kind()
    seen = describe(problem)
    assert seen is not None
    assert isinstance(seen, CODES[seen.code][0])
    assert seen.hint
    assert KEY not in str(seen) + repr(vars(seen))
    assert seen.__cause__ is None
    network = isinstance(problem, httpx.TransportError) and not isinstance(
        problem, httpx.UnsupportedProtocol | httpx.LocalProtocolError
    )
    if network and kind is not httpx.ProtocolError:
        assert isinstance(seen, UnavailableError)
        assert seen.retryable


def test_sockets_and_certificates_are_told_apart_from_bugs() -> None:
    outer = httpx.ConnectError("x")
    outer.__cause__ = ssl.SSLCertVerificationError("unable to get local issuer certificate")
    seen = describe(outer)
    assert seen is not None
    assert seen.context["cause"] == "tls"
    assert isinstance(describe(ConnectionResetError()), UnavailableError)
    assert describe(KeyError("a bug stays a bug")) is None


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(KEY)
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "-".join([str(secret)]),
        repr([secret]),
        repr({"k": secret}),
    ):
        assert KEY not in text
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)
    assert len({secret, Secret(KEY)}) == 1
    assert not Secret("")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)


def test_scrubbing() -> None:
    job = "20230327071601-0e3e5c6c85-13-dimensions.mp3"
    text = f"See https://mvsep.com/x?hash={job} or {job}\n\x1b[31m, key {KEY}; "
    text += "api_token=abc password: def \u202eabc"
    clean = scrub(text, [Secret(KEY)])
    for gone in (job, "0e3e5c6c85", KEY, "\n", "\x1b", "\u202e", "=abc", "def"):
        assert gone not in clean
    assert clean.isprintable()
    assert scrub(f"?q={KEY.replace('-', '%2D')}&k=a%2Fb%2Bc", [Secret("a/b+c")]).count("***") == 1
    assert len(scrub("word " * 500)) == 400
    assert scrub("Please wait before adding new file!") == "Please wait before adding new file!"
    assert scrub("\ud800 odd") == "odd"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://mvsep.com/x", True),
        ("https://de2.mvsep.com/storage/a b/ü.wav?x=1#frag", True),
        ("https://MVSEP.com:443/x", True),
        ("http://mvsep.com/x", False),
        ("https://mvsep.com:8443/x", False),
        ("https://evilmvsep.com/x", False),
        ("https://mvsep.com.evil.example/x", False),
        ("https://mvsep.com@evil.example/x", False),
        ("https://user:pw@mvsep.com/x", False),
        ("https://evil.example\\.mvsep.com/x", False),
        ("https://evil.example/.mvsep.com", False),
        ("https://evil.example?.mvsep.com", False),
        ("//mvsep.com/x", False),
        ("ftp://mvsep.com/x", False),
        ("https://mvsep.com:0/x", False),
        ("https://mvsep.com:99999/x", False),
        ("https:///x", False),
        (" https://mvsep.com/x", False),
        ("https://mvsep.com/x\r\nHost: evil", False),
        ("https://[::1]/x", False),
        ("https://mvsep\u3002com/x", False),
        ("", False),
    ],
)
def test_addresses_of_the_public_service(url: str, good: bool) -> None:
    service = Service("https://mvsep.com/")
    if good:
        clean = service.own(url)
        assert httpx.URL(clean).host.endswith("mvsep.com")
        assert clean.isascii()
    else:
        with pytest.raises(ProtocolError):
            service.own(url)


def test_addresses_of_a_server_of_ones_own() -> None:
    service = Service("http://127.0.0.1:8765/mvsep/")
    assert service.base == "http://127.0.0.1:8765/mvsep"
    assert service.own("http://127.0.0.1:8765/f/x.wav") == "http://127.0.0.1:8765/f/x.wav"
    for url in (
        "http://127.0.0.1:8766/x",
        "https://127.0.0.1:8765/x",
        "http://localhost:8765/x",
        "https://mvsep.com/x",
    ):
        with pytest.raises(ProtocolError):
            service.own(url)
    assert split("http://[0:0::1]:80/x")[0].loopback
    assert split("http://localhost/x")[0].private
    assert not split("http://10.0.0.1/x")[0].private
    for base in ("mvsep.com", "ftp://x", "https://a b/", "https://u:p@x/"):
        with pytest.raises(UsageError):
            Service(base)


def test_the_node_of_a_job() -> None:
    service = Service("https://mvsep.com")
    assert service.node("https://de.mvsep.com/api/separation/get?hash=x") == "https://de.mvsep.com"
    assert service.node("http://hk.mvsep.com/api/separation/get?hash=x") == "https://hk.mvsep.com"
    own = Service("http://127.0.0.1:80/pre")
    assert own.node("http://127.0.0.1/pre/api/separation/get?hash=x") == "http://127.0.0.1/pre"
    with pytest.raises(ProtocolError):
        service.node("https://evil.example/api/separation/get")


def test_retry_after() -> None:
    now = 1_700_000_000.0
    assert read_retry_after("12", None, now) == 12
    assert read_retry_after("1.5", None, now) == 1.5
    assert read_retry_after(formatdate(now + 30, usegmt=True), None, now) == 30
    assert read_retry_after(formatdate(now - 30, usegmt=True), None, now) == 0
    assert read_retry_after(formatdate(now + 30, usegmt=True), formatdate(now + 20, usegmt=True), now) == 10
    for nothing in (None, "", "soon", "-5", "1e9", "٣", "9" * 400):
        assert read_retry_after(nothing, None, now) is None


def test_pauses_grow_to_a_cap_and_never_undercut_the_services_wish() -> None:
    for random in (0.0, 0.5, 1.0):
        pace = Backoff(lambda random=random: random)  # type: ignore[misc]
        pauses = [pace.pause(n) for n in range(1, 12)]
        assert all(pause is not None and 0.5 <= pause <= 30 for pause in pauses)
        assert pauses[-1] == 30 * (0.5 + 0.5 * random)
        assert (pace.pause(1, 10.0) or 0) >= 10.0
        assert pace.pause(1, 0.0) is not None
        assert pace.pause(1, 121.0) is None
    assert [s for s in (200, 400, 404, 408, 425, 429, 500, 503, 599) if repeatable(s)] == [
        408,
        425,
        429,
        500,
        503,
        599,
    ]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("You already have unprocessed file in queue. Please wait before adding new file!", "slot_busy"),
        ("you have unprocessed jobs in the QUEUE", "slot_busy"),
        ("You have reached the limit of separations for today. Buy premium to get more", "daily_limit"),
        ("Your daily quota is exceeded", "daily_limit"),
        ("Seperation type is unavailable until you purchase premium membership", "plan"),
        ("This separation type is available for premium users only", "plan"),
        ("Seperation type is not set", "type_missing"),
        ("Separation type not found", "type_missing"),
        ("Not enough credits", "credits"),
        ("You don't have enough premium minutes", "credits"),
        ("The audiofile must not be greater than 102400 kilobytes.", "too_big"),
        ("Audio duration exceeds the limit of 10 minutes", "too_long"),
        ("Invalid api_token", "bad_key"),
        ("Unauthenticated.", "bad_key"),
        ("These credentials do not match our records.", "bad_login"),
        ("The email has already been taken.", "form"),
        ("The audiofile field is required", "form"),
        ("Audio file format is not supported", "file"),
        ("File not found or deleted", "gone"),
        ("Too Many Attempts.", "slow_down"),
        ("The site is under maintenance", "maintenance"),
        ("Kein Anschluss unter dieser Nummer", None),
    ],
)
def test_texts_are_matched_loosely(text: str, row: str | None) -> None:
    found = classify(text)
    assert (found.id if found else None) == row
    error = refusal(400, text)
    assert text.rstrip(".!") in error.message
    assert error.hint


def test_the_table_of_refusals_keeps_the_contract() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.hint.endswith(".")
        assert issubclass(row.error, CODES[row.code][0])
        assert issubclass(row.error, StembridgeError)


def test_time_is_never_asked_of_the_wall_for_durations() -> None:
    from stembridge.mvsep.transport import Transport

    assert inspect.signature(Transport).parameters["clock"].default is time.monotonic
