"""Downloads against a real socket: whatever happens, the file is whole or it isn't there."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any, Self

import pytest

from stembridge.model.errors import (
    Cancelled,
    ProtocolError,
    RemoteFailedError,
    StoreError,
    TransferError,
    UnavailableError,
)
from stembridge.mvsep.download import download
from tests.unit.mvsep.wire import Clock, Peer, Request, Script, serving, transport

DATA = bytes(range(256)) * 12_000
TAG = '"v1"'


def span(request: Request) -> int:
    return int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))


def good(peer: Peer) -> None:
    """Serve as a decent server does."""
    while True:
        request = peer.whole()
        if "range" in request.headers and request.headers.get("if-range", TAG) == TAG:
            at = span(request)
            if at >= len(DATA):
                peer.reply(416, b"", Content_Range=f"bytes */{len(DATA)}")
            else:
                where = f"bytes {at}-{len(DATA) - 1}/{len(DATA)}"
                peer.reply(206, DATA[at:], Content_Range=where, Content_Type="audio/wav", ETag=TAG)
        else:
            peer.reply(200, DATA, Content_Type="audio/wav", ETag=TAG)


def cut(at: int, *, reset: bool = False, **headers: str) -> Script:
    def script(peer: Peer) -> None:
        peer.whole()
        head = {"Content-Length": str(len(DATA)), "Content-Type": "audio/wav", "ETag": TAG, **headers}
        lines = "".join(f"{k}: {v}\r\n" for k, v in head.items() if v)
        peer.send(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + DATA[:at])
        time.sleep(0.1)
        if reset:
            peer.reset()

    return script


def fetch(base: str, target: Path, **more: Any) -> int:
    limits = more.pop("limits", {})
    with transport(base, more.pop("clock", None), **limits) as wire:
        return download(wire, f"{base}/files/x.wav?sig=1", target, **more)


def check(target: Path, data: bytes = DATA) -> None:
    assert target.read_bytes() == data
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_plain_download(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with serving(good) as server:
        size = fetch(
            server.base, tmp_path / "v.wav", expected=len(DATA), progress=lambda *step: told.append(step)
        )
    assert size == len(DATA)
    assert told[-1] == (len(DATA), len(DATA))
    assert server.requests[0].headers["accept-encoding"] == "identity"
    check(tmp_path / "v.wav")


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_download_goes_on_where_it_broke_off(tmp_path: Path, reset: bool) -> None:
    with serving(cut(1_500_000, reset=reset), good) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert len(server.requests) == 2
    assert 0 < span(server.requests[1]) <= 1_500_000
    assert server.requests[1].headers["if-range"] == TAG
    check(tmp_path / "v.wav")


def test_the_next_process_goes_on_too(tmp_path: Path) -> None:
    with serving(cut(1_000_000), good) as server:
        with pytest.raises(UnavailableError) as caught:
            fetch(server.base, tmp_path / "v.wav", limits={"attempts": 1})
        assert caught.value.retryable
        assert not (tmp_path / "v.wav").exists()
        fetch(server.base, tmp_path / "v.wav")
    assert span(server.requests[1]) == 1_000_000
    check(tmp_path / "v.wav")


def test_a_part_of_another_address_is_not_built_upon(tmp_path: Path) -> None:
    with serving(cut(1_000_000)) as server, pytest.raises(UnavailableError):
        fetch(server.base, tmp_path / "v.wav")
    with serving(good) as second:
        fetch(second.base, tmp_path / "v.wav")
    assert "range" not in second.requests[0].headers
    check(tmp_path / "v.wav")


def range_ignored(peer: Peer) -> None:
    while True:
        peer.whole()
        peer.reply(200, DATA, Content_Type="audio/wav")


def test_range_ignored_means_starting_over(tmp_path: Path) -> None:
    with serving(cut(900_000), range_ignored) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert "range" in server.requests[1].headers
    check(tmp_path / "v.wav")


@pytest.mark.parametrize(
    "claim",
    [
        "bytes 0-99/100",
        f"bytes 0-{len(DATA) - 1}/{len(DATA)}",
        f"bytes 900000-{len(DATA)}/{len(DATA) + 1}",
        "bytes 900000-950000/*",
        "rubbish",
        "",
    ],
)
def test_a_wrong_content_range_is_not_believed(tmp_path: Path, claim: str) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.reply(
            206, b"\xee" * (len(DATA) - 900_000), Content_Range=claim or "none", Content_Type="audio/wav"
        )

    with serving(cut(900_000), script, good) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert "range" not in server.requests[2].headers
    check(tmp_path / "v.wav")


def test_a_file_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    with serving(cut(900_000, ETag='"v0"'), good) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert server.requests[1].headers["if-range"] == '"v0"'
    check(tmp_path / "v.wav")


def test_416_with_the_right_size_means_that_all_is_there(tmp_path: Path) -> None:
    def chunked_without_end(peer: Peer) -> None:
        peer.whole()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send(f"{len(DATA):x}\r\n".encode() + DATA + b"\r\n")
        time.sleep(0.1)

    with serving(chunked_without_end, good) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert span(server.requests[1]) == len(DATA)
    check(tmp_path / "v.wav")


def test_416_with_another_size_means_starting_over(tmp_path: Path) -> None:
    def shrunk(peer: Peer) -> None:
        peer.whole()
        peer.reply(416, b"", Content_Range="bytes */10")

    with serving(cut(900_000), shrunk, good) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert "range" not in server.requests[2].headers
    check(tmp_path / "v.wav")


@pytest.mark.parametrize("by", ["length", "listing", "both"])
def test_a_wrong_length_is_noticed(tmp_path: Path, by: str) -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.whole()
            length = str(len(DATA)) if by == "both" else str(1000)
            if by == "length":
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n")
                peer.send(b"3e8\r\n" + DATA[:1000] + b"\r\n0\r\n\r\n")
            else:
                peer.reply(200, DATA[: int(length)], Content_Type="audio/wav")

    expected = len(DATA) + (1 if by == "both" else 0)
    with serving(script) as server, pytest.raises((TransferError, UnavailableError)):
        fetch(server.base, tmp_path / "v.wav", expected=expected, limits={"attempts": 2})
    assert not (tmp_path / "v.wav").exists()


def test_more_than_announced_is_noticed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\n" + DATA + b"more")

    with serving(script) as server, pytest.raises(TransferError, match="more than"):
        fetch(server.base, tmp_path / "v.wav", expected=len(DATA), limits={"attempts": 2})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html; charset=UTF-8", b"<html><title>Please log in</title></html>"),
        ("audio/wav", b"\n <!DOCTYPE html><html>404</html>"),
        ("application/json", b'{"success": false}'),
    ],
)
def test_a_page_instead_of_audio(tmp_path: Path, kind: str, body: bytes) -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.whole()
            peer.reply(200, body, Content_Type=kind)

    with serving(script) as server, pytest.raises(TransferError, match="web page"):
        fetch(server.base, tmp_path / "v.wav")
    assert not list(tmp_path.iterdir())
    assert len(server.requests) == 5


def test_a_transcript_may_look_like_a_page(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.reply(200, b'{"text": "la la"}')

    with serving(script) as server:
        assert fetch(server.base, tmp_path / "t.json", text=True) == 17
    check(tmp_path / "t.json", b'{"text": "la la"}')


def test_an_encoding_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.whole()
            peer.reply(200, DATA[:99], Content_Type="audio/wav", Content_Encoding="gzip")

    with serving(script) as server, pytest.raises(TransferError):
        fetch(server.base, tmp_path / "v.wav")


def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.whole()
            peer.reply(200, b"", Content_Type="audio/wav")

    with serving(script) as server, pytest.raises(TransferError, match="empty"):
        fetch(server.base, tmp_path / "v.wav", limits={"attempts": 2})


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_result_that_is_gone(tmp_path: Path, status: int) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.reply(status, b"")

    with serving(script) as server, pytest.raises(RemoteFailedError, match="no longer"):
        fetch(server.base, tmp_path / "v.wav")
    assert len(server.requests) == 1


def test_a_busy_server_is_asked_again_when_it_wishes(tmp_path: Path) -> None:
    def busy(peer: Peer) -> None:
        peer.whole()
        peer.reply(429, b"", Retry_After="9", Connection="close")

    clock = Clock()
    with serving(busy, good) as server:
        fetch(server.base, tmp_path / "v.wav", clock=clock)
    assert 9 <= clock.slept <= 10
    check(tmp_path / "v.wav")


def test_addresses_of_others_are_not_asked(tmp_path: Path) -> None:
    with serving(good) as other, serving(good) as server, transport(server.base) as wire:
        for url in (
            f"{other.base}/x.wav",
            "file:///etc/passwd",
            "/x.wav",
            "",
            f"{server.base}@evil.example/x.wav",
        ):
            with pytest.raises(ProtocolError):
                download(wire, url, tmp_path / "v.wav")
        assert not other.requests
    assert not server.requests
    assert not list(tmp_path.iterdir())


def test_a_redirect_elsewhere_is_not_followed(tmp_path: Path) -> None:
    with serving(good) as other:

        def script(peer: Peer) -> None:
            while True:
                request = peer.whole()
                place = "/real" if request.target == "/near" else f"{other.base}/x.wav"
                if request.target == "/real":
                    peer.reply(200, DATA, Content_Type="audio/wav")
                else:
                    peer.reply(302, b"", Location=place)

        with serving(script) as server, transport(server.base) as wire:
            with pytest.raises(ProtocolError, match="another address"):
                download(wire, f"{server.base}/far", tmp_path / "a.wav")
            assert download(wire, f"{server.base}/near", tmp_path / "b.wav") == len(DATA)
        assert not other.requests


@pytest.mark.parametrize("how", ["drip", "stall"])
def test_a_slow_drip_or_a_standstill_ends(tmp_path: Path, how: str) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\nRIFF")
        for _ in range(40):
            if how == "drip":
                peer.send(b"x")
            time.sleep(0.1)

    began = time.monotonic()
    limits = {"attempts": 2, "drip_window": 0.5, "drip_least": 1000, "stall": 0.6}
    with serving(script) as server, pytest.raises(UnavailableError):
        fetch(server.base, tmp_path / "v.wav", limits=limits)
    assert time.monotonic() - began < 4
    assert len(server.requests) == 2
    assert not (tmp_path / "v.wav").exists()


def test_cancel_during_a_download_takes_less_than_a_second_and_keeps_the_part(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.whole()
        peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\n" + DATA[:5000]
        )
        time.sleep(3)

    got: list[int] = []
    said: list[float] = []

    def cancelled() -> bool:
        if got and got[-1] == 5000 and not said:
            said.append(time.monotonic())
        return bool(said)

    with serving(script) as server, pytest.raises(Cancelled):
        fetch(
            server.base,
            tmp_path / "v.wav",
            cancelled=cancelled,
            progress=lambda done, _: got.append(done),
            limits={"stall": 30},
        )
    assert time.monotonic() - said[0] < 1
    assert (tmp_path / "v.wav.part").read_bytes() == DATA[:5000]


class Full:
    """A file on a disk that takes no more than so much."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def test_a_full_disk_is_told_and_what_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def limited(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        file = real(self, mode, *args, **kwargs)
        return Full(file, 1_000_000) if self.suffix == ".part" and "b" in mode else file

    with serving(good) as server:
        monkeypatch.setattr(Path, "open", limited)
        with pytest.raises(StoreError) as caught:
            fetch(server.base, tmp_path / "v.wav")
        monkeypatch.undo()
        assert caught.value.code == "no_space"
        assert (tmp_path / "v.wav.part").stat().st_size > 0
        fetch(server.base, tmp_path / "v.wav")
    assert span(server.requests[1]) > 0
    check(tmp_path / "v.wav")


def test_a_folder_that_is_missing_or_read_only_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(good) as server:
        with pytest.raises(StoreError) as caught:
            fetch(server.base, tmp_path / "none" / "v.wav")
        assert caught.value.code == "store"

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EACCES, "no")

        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(StoreError) as denied:
            fetch(server.base, tmp_path / "v.wav")
        assert denied.value.code == "output_readonly"


def test_a_note_that_is_damaged_costs_nothing_but_the_part(tmp_path: Path) -> None:
    (tmp_path / "v.wav.part").write_bytes(b"rubbish")
    (tmp_path / "v.wav.part.json").write_text('{"url": 3', encoding="utf-8")
    with serving(good) as server:
        fetch(server.base, tmp_path / "v.wav")
    assert "range" not in server.requests[0].headers
    check(tmp_path / "v.wav")


def test_several_at_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with serving(good) as server, transport(server.base) as wire, ThreadPoolExecutor(6) as pool:
        sizes = list(
            pool.map(lambda n: download(wire, f"{server.base}/f{n}.wav", tmp_path / f"{n}.wav"), range(6))
        )
    assert sizes == [len(DATA)] * 6
    assert all((tmp_path / f"{n}.wav").read_bytes() == DATA for n in range(6))


def test_the_address_is_on_no_disk_and_in_no_error(tmp_path: Path) -> None:
    with serving(cut(1000)) as server, pytest.raises(UnavailableError) as caught:
        fetch(server.base, tmp_path / "v.wav", limits={"attempts": 1})
    assert "sig=1" not in (tmp_path / "v.wav.part.json").read_text(encoding="utf-8")
    assert "sig=1" not in repr(vars(caught.value)) + str(caught.value)
