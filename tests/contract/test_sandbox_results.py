"""What comes out of the stand-in service: formats, names, keeping, webhooks, orders by address."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stembridge.sandbox.encode import FORMATS
from stembridge.sandbox.service import BUSY
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise, noise_file
from tests.fakes.orders import create, get, hash_of, words
from tests.fakes.web import call
from tests.programs import need


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_file(tmp_path_factory.mktemp("song") / "My Song (live).flac")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaultyService]:
    with FaultyService(tmp_path / "service") as service:
        yield service


@pytest.mark.parametrize("number", range(6))
def test_every_output_format_is_real(service: FaultyService, song: Path, number: int) -> None:
    if number == 3:
        need("ffmpeg")
    data = get(service, hash_of(create(service, song, output_format=number)))["data"]
    assert data["output_format"] == FORMATS[number].label
    total = 0.0
    for file in data["files"]:
        assert file["download"].endswith(f".{FORMATS[number].suffix}")
        answer = call(file["url"])
        assert (answer.status, len(answer.body)) == (200, file["bytes"])
        path = Path(service.sandbox.service.results.parent) / file["download"]
        path.write_bytes(answer.body)
        if number == 3:
            assert answer.body[4:8] == b"ftyp"
            return
        info = soundfile.info(str(path))
        assert (info.subtype, info.samplerate, info.channels) == (FORMATS[number].subtype, 44_100, 2)
        if number == 0:
            assert len(answer.body) * 8 / (info.frames / 44_100) > 300_000
        total = total + soundfile.read(str(path), dtype="float64", always_2d=True)[0]
    sent = soundfile.read(str(song), dtype="float64", always_2d=True)[0]
    bits = {1: 16, 2: 16, 5: 24, 4: 24}.get(number)
    if bits:
        # Two files, each rounded by half a step at most.
        assert float(np.abs(total - sent).max()) <= 1.01 / (1 << (bits - 1))


def test_a_format_that_cannot_hold_it_fails(service: FaultyService, tmp_path: Path) -> None:
    surround = noise_file(tmp_path / "surround.wav", channels=6)
    document = get(service, hash_of(create(service, surround, sep_type=43, output_format=0)))
    assert document["status"] == "failed"
    assert "channels" in document["data"]["message"]
    document = get(service, hash_of(create(service, surround, sep_type=43, output_format=4)))
    answer = call(document["data"]["files"][0]["url"])
    (tmp_path / "part.wav").write_bytes(answer.body)
    assert soundfile.info(str(tmp_path / "part.wav")).channels == 6


def test_the_shape_of_a_finished_job(service: FaultyService, song: Path) -> None:
    data = get(service, hash_of(create(service, song, sep_type=63)))["data"]
    assert data["tags"]["audio"]["sample_rate"] == 44_100
    assert data["tags"]["audio"]["channels"] == 2
    assert data["input_file"]["download"] == "my-song-live.flac"
    assert call(data["input_file"]["url"]).body == song.read_bytes()
    first = data["files"][0]
    assert set(first) == {"type", "url", "size", "bytes", "download", "name", "peaks", "image"}
    assert first["size"].endswith(" MB")
    assert all(0 <= peak <= 1 for peak in first["peaks"])
    assert [file["download"].rpartition("_")[2] for file in data["files"]] == [
        f"{slug}.flac" for slug in ("vocals", "bass", "drums", "guitar", "piano", "other", "instrum")
    ]


def test_long_file_names_end_in_a_mark(service: FaultyService, song: Path) -> None:
    call(f"{service.url}/api/app/enable_long_filenames", {"api_token": service.premium.key})
    data = get(service, hash_of(create(service, song, sep_type=49)))["data"]
    names = [file["download"] for file in data["files"]]
    assert all(name.endswith("_[mvsep.com].flac") for name in names)
    assert names[0].removesuffix("_[mvsep.com].flac").rpartition("_")[2] == "vocals-lead"
    assert call(data["files"][0]["url"]).status == 200


def test_results_are_kept_for_72_hours(service: FaultyService, song: Path) -> None:
    hash_ = hash_of(create(service, song))
    url = get(service, hash_)["data"]["files"][0]["url"]
    service.clock.advance(71.9 * 3600)
    assert call(url).status == 200
    history = f"{service.url}/api/app/separation_history"
    row = call(history, params={"api_token": service.premium.key}).json["data"][0]
    assert (row["job_exists"], row["time_left"]) == (True, 0.1)
    service.clock.advance(3600)
    assert call(url).status == 404
    assert get(service, hash_)["success"] is False
    assert get(service, hash_)["status"] == "not_found"
    row = call(history, params={"api_token": service.premium.key}).json["data"][0]
    assert row["job_exists"] is False
    assert row["time_left"] < 0
    assert [p for p in service.sandbox.service.results.rglob("*") if p.is_file()] == []
    assert list(service.sandbox.service.uploads.iterdir()) == []


def test_a_prompt_needs_no_audio(service: FaultyService, tmp_path: Path) -> None:
    answer = create(service, None, sep_type=62, add_opt1="a slow blues in E", add_opt2="3", output_format=4)
    data = get(service, hash_of(answer))["data"]
    assert [file["type"] for file in data["files"]] == ["Generated"]
    (tmp_path / "made.wav").write_bytes(call(data["files"][0]["url"]).body)
    assert soundfile.info(str(tmp_path / "made.wav")).duration == 3.0
    assert data["input_file"]["url"] == ""
    assert "add_opt1" in words(create(service, None, sep_type=62))[0]


def test_nothing_of_the_clipping_is_hidden(service: FaultyService, tmp_path: Path) -> None:
    loud = tmp_path / "loud.wav"
    soundfile.write(str(loud), noise(4410) * 4, 44_100, subtype="FLOAT")
    from stembridge.sandbox.splitters import given

    service.sandbox.service.workshop._separator = given({"vocals": loud})
    for number, peak in ((4, True), (5, False)):
        data = get(service, hash_of(create(service, loud, output_format=number)))["data"]
        path = tmp_path / data["files"][0]["download"]
        path.write_bytes(call(data["files"][0]["url"]).body)
        samples = soundfile.read(str(path), dtype="float32")[0]
        assert (float(np.abs(samples).max()) > 1.0) is peak


class _Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))  # type: ignore[attr-defined]
        self.server.event.set()  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://192.0.2.1/x.flac")
            self.end_headers()
            return
        body = self.server.body if self.path == "/My%20Tune.flac" else b""  # type: ignore[attr-defined]
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def receiver(song: Path) -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.got, server.event, server.body = [], threading.Event(), song.read_bytes()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("shape", ["hash", "data.hash"])
def test_a_webhook_is_told_of_the_end(tmp_path: Path, song: Path, receiver: Any, shape: str) -> None:
    hook = f"http://127.0.0.1:{receiver.server_address[1]}/hook"
    with FaultyService(tmp_path, webhook=hook, webhook_shape=shape) as service:
        hash_ = hash_of(create(service, song))
        assert receiver.event.wait(10)
        assert receiver.got == [{"hash": hash_} if shape == "hash" else {"data": {"hash": hash_}}]


def test_an_order_by_address(service: FaultyService, song: Path, receiver: Any) -> None:
    base = f"http://127.0.0.1:{receiver.server_address[1]}"

    def order(url: str, **fields: str) -> dict[str, Any]:
        answer = create(service, None, None, url=url, **fields)
        short = hash_of(answer)
        assert re.fullmatch(r"[A-Za-z0-9]{16}", short)
        assert get(service, short)["status"] == "not_found"
        document: dict[str, Any] = call(
            f"{service.url}/api/separation/get-remote", params={"hash": short}
        ).json
        return document

    for kind in ("direct", "mega", "drive", "dropbox"):
        done = order(f"{base}/My%20Tune.flac", remote_type=kind)
        assert (done["success"], done["status"], set(done["data"])) == (True, "done", {"link", "hash"})
        assert done["data"]["hash"].endswith("-my-tune.flac")
        assert get(service, done["data"]["hash"])["status"] == "done"
    for url in (f"{base}/nothing.flac", f"{base}/away", "http://192.0.2.1/song.flac"):
        failed = order(url)
        assert (failed["success"], failed["status"], list(failed["data"])) == (True, "failed", ["message"])
    assert words(create(service, None, url=f"{base}/a", remote_type="torrent"))
    assert words(create(service, None, url="file:///etc/hostname"))
    assert service.paid == 4


def test_an_order_by_address_fills_a_slot(tmp_path: Path, song: Path) -> None:
    go = threading.Event()

    def fetch(_url: str, _kind: str, target: Path, _limit: int) -> None:
        go.wait(20)
        target.write_bytes(song.read_bytes())

    with FaultyService(tmp_path, fetch=fetch, patient=False) as service:
        key, url = service.free.key, "https://example.org/tune.flac"
        short = hash_of(create(service, None, key, url=url, output_format=2))
        assert words(create(service, None, key, url=url, output_format=2)) == [BUSY]
        remote = f"{service.url}/api/separation/get-remote"
        assert call(remote, params={"hash": short}).json["status"] in {"waiting", "processing"}
        go.set()
