"""Sending: archives made while they are sent, files at their levels, projects, programs."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import pytest
import reaper_parser
import soundfile as sf

from stembridge.bridge import placing
from stembridge.bridge.hosting import Job
from stembridge.bridge.placing import Chosen
from stembridge.cli.compose import Tools
from stembridge.model.errors import HostError
from stembridge.panel import app, sending, server
from stembridge.panel.answers import Asked
from stembridge.panel.guard import Guard
from stembridge.panel.listening import Listening
from tests.e2e.command import Samples, read
from tests.fakes.clock import FakeClock
from tests.panel.conftest import RATE, Shop


def samples_in(data: bytes) -> Samples:
    """Read a WAV file from memory."""
    found: Samples = sf.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]
    return found


def stem(shop: Shop, name: str) -> Path:
    """Give a stem's file."""
    (found,) = shop.job.stems_folder.glob(f"* - {name}.wav")
    return found


def test_a_zip_has_the_stems_as_they_are_and_at_their_levels(shop: Shop) -> None:
    """Uncompressed; what has no file, too; bit for bit where nothing is turned."""
    where = f"api/jobs/{shop.id}/zip?stems=vocals,instrumental,residual&gains=instrumental:-6,residual:24"
    answer = shop.panel.get(where)
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = [f"Three seconds - {name}.wav" for name in ("vocals", "instrumental", "residual")]
        assert archive.namelist() == names
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read(names[0]) == stem(shop, "vocals").read_bytes()
        turned = samples_in(archive.read(names[1]))
        assert np.allclose(turned, read(stem(shop, "instrumental")) * np.float32(10 ** (-6 / 20)), atol=1e-7)
        left = samples_in(archive.read(names[2]))
    heard = shop.panel.get(f"api/jobs/{shop.id}/tracks/residual/audio").content[72:]
    whole = np.frombuffer(heard, "<f4").reshape(-1, 2)
    assert np.allclose(left, whole * np.float32(10 ** (24 / 20)), atol=1e-9)


def test_a_zip_of_everything_needs_no_names(shop: Shop) -> None:
    """All stems."""
    answer = shop.panel.get(f"api/jobs/{shop.id}/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert len(archive.namelist()) == 2


def test_archives_do_not_grow_in_memory() -> None:
    """An eighth of a gigabyte, a piece at a time; two files of one name get two."""
    import tracemalloc

    def content() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(1 << 20)

    tracemalloc.start()
    total = sum(len(piece) for piece in sending.zipped([("a.wav", content), ("A.wav", content)]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 128 << 20
    assert peak < 16 << 20
    small = b"".join(sending.zipped([("a.wav", lambda: [b"x"]), ("A.wav", lambda: [b"y"])]))
    with zipfile.ZipFile(io.BytesIO(small)) as archive:
        assert archive.namelist() == ["a.wav", "A 2.wav"]


def test_one_track_as_a_file(shop: Shop) -> None:
    """The stem itself, or a float WAV at another level."""
    where = f"api/jobs/{shop.id}/tracks/vocals/file"
    plain = shop.panel.get(where)
    assert plain.content == stem(shop, "vocals").read_bytes()
    assert "Three%20seconds%20-%20vocals.wav" in plain.headers["content-disposition"]
    turned = shop.panel.get(where, params={"gain_db": "3.5"})
    expected = read(stem(shop, "vocals")) * np.float32(10 ** (3.5 / 20))
    assert np.array_equal(samples_in(turned.content), expected)
    original = shop.panel.get(f"api/jobs/{shop.id}/tracks/original/file")
    assert np.array_equal(samples_in(original.content), read(shop.song))


def test_a_project_with_its_media(shop: Shop) -> None:
    """Opens with its files beside it; levels are the tracks' faders, the files are as they were."""
    answer = shop.panel.get(f"api/jobs/{shop.id}/rpp?stems=vocals,instrumental&gains=vocals:-6")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        project, *files = archive.namelist()
        assert project == "Three seconds.rpp"
        assert files == ["Three seconds - vocals.wav", "Three seconds - instrumental.wav"]
        assert archive.read(files[0]) == stem(shop, "vocals").read_bytes()
        text = archive.read(project).decode()
    assert [track.name for track in reaper_parser.parse(text).project.tracks][1:] == [
        "Three seconds - Vocals", "Three seconds - Instrumental",
    ]  # fmt: skip
    assert f"VOLPAN {10 ** (-6 / 20)!r}" in text
    assert 'FILE "Three seconds - vocals.wav"' in text
    assert "/" not in "".join(line for line in text.splitlines() if "FILE" in line)


# Programs -----------------------------------------------------------------------------------------------


@dataclass
class Program:
    """A program that takes stems, or says why not."""

    title: str = "Fine Editor"
    answer: tuple[bool, str] = (True, "Ready.")
    taken: list[tuple[str, list[tuple[str, float, Path]]]] = field(default_factory=list)

    def ready(self) -> tuple[bool, str]:
        return self.answer

    def place(self, job: Job, stems: Sequence[Chosen]) -> str:
        if not self.answer[0]:
            raise HostError(self.answer[1])
        self.taken.append((job.id, [(one.row["label"], one.gain_db, one.file) for one in stems]))
        return f"{len(stems)} placed."


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """The only program there is."""
    found = Program()
    monkeypatch.setattr(placing, "destinations", lambda _home: {"fine": found})
    return found


class Client:
    """The application of a data folder in this process, behind its guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as the page does."""
        headers = {"origin": "http://127.0.0.1:81", "x-stembridge": "panel", "host": "127.0.0.1:81"}

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(cast("Any", self._guard))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:81/k/") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(call())


@pytest.fixture
def client(shop: Shop, program: Program) -> Iterator[Client]:
    """The shop's jobs, and a program of this test's own."""
    desk = server.desk_of(Tools(shop.panel.home), {})
    yield Client(Guard(app.make(desk), "k", 81, desk.tickets))
    desk.closing.set()
    desk.hands.shutdown()


def test_stems_go_to_a_program(shop: Shop, client: Client, program: Program) -> None:
    """Those that were chosen, at their levels; the residual gets a file first."""
    rows = client.ask("GET", "api/destinations").json()["destinations"]
    assert rows == [{"id": "fine", "title": "Fine Editor", "ready": True, "text": "Ready."}]
    wanted = [{"id": "instrumental", "gain_db": -3}, {"id": "residual"}, {"id": "vocals", "gain_db": 0.0}]
    answer = client.ask("POST", f"api/jobs/{shop.id}/place", json={"destination": "fine", "stems": wanted})
    assert answer.json() == {"sentence": "3 placed."}
    ((job, stems),) = program.taken
    assert job == shop.id
    assert {label: gain for label, gain, _ in stems} == {"Instrumental": -3.0, "Vocals": 0.0, "Residual": 0.0}
    written = next(path for label, _, path in stems if label == "Residual")
    heard = np.frombuffer(client.ask("GET", f"api/jobs/{shop.id}/tracks/residual/audio").content[72:], "<f4")
    assert np.array_equal(read(written), heard.reshape(-1, 2))
    assert len(heard) == 2 * (3 * RATE + 77)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"destination": "other", "stems": [{"id": "vocals"}]}, 404),
        ({"destination": "fine", "stems": []}, 400),
        ({"destination": "fine"}, 400),
        ({"destination": "fine", "stems": ["vocals"]}, 400),
        ({"destination": "fine", "stems": [{"id": "vocals", "path": "/tmp/x"}]}, 400),
        ({"destination": "fine", "stems": [{"id": "vocals", "gain_db": 99}]}, 400),
        ({"destination": "fine", "stems": [{"id": "vocals", "gain_db": True}]}, 400),
        ({"destination": "fine", "stems": [{"id": "vocals"}, {"id": "vocals"}]}, 400),
        ({"destination": "fine", "stems": [{"id": "residual"}, {"id": "residual"}]}, 400),
        ({"destination": "fine", "stems": [{"id": "drums"}]}, 404),
        ({"destination": "fine", "stems": [{"id": "../../x"}]}, 404),
    ],
)
def test_what_cannot_be_placed_is_refused(
    shop: Shop, client: Client, program: Program, body: dict[str, Any], status: int
) -> None:
    """All or none."""
    assert client.ask("POST", f"api/jobs/{shop.id}/place", json=body).status_code == status
    assert program.taken == []


def test_a_program_that_is_not_ready_says_why(shop: Shop, client: Client, program: Program) -> None:
    """Its own sentence."""
    program.answer = (False, "Open a project first.")
    body = {"destination": "fine", "stems": [{"id": "vocals"}]}
    answer = client.ask("POST", f"api/jobs/{shop.id}/place", json=body)
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == "Open a project first."


def test_a_bridge_that_does_not_load_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the others are there all the same."""
    from importlib import metadata

    points = [
        metadata.EntryPoint("place:broken", "stembridge.nowhere:thing", placing.GROUP),
        metadata.EntryPoint("place:fine", "tests.panel.test_sending:fine", placing.GROUP),
        metadata.EntryPoint("doctor:fine", "tests.panel.test_sending:fine", placing.GROUP),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_group: points)
    found = placing.destinations(tmp_path)
    assert list(found) == ["broken", "fine"]
    assert found["broken"].ready()[0] is False
    assert "ModuleNotFoundError" in found["broken"].ready()[1]
    assert found["fine"].ready() == (True, "Ready.")
    with pytest.raises(HostError):
        found["broken"].place(Job(tmp_path), [])


def fine(_home: Path) -> Program:
    """What an entry point names."""
    return Program()


def test_both_hosts_are_registered(tmp_path: Path) -> None:
    """By the names that the page knows. (No program of another test is asked how it is.)"""
    found = placing.destinations(tmp_path)
    assert {name: one.title for name, one in found.items()} == {"audacity": "Audacity", "reaper": "REAPER"}


def test_programs_are_only_asked_while_somebody_looks(shop: Shop, program: Program) -> None:
    """Ten minutes after the last page that did, and never before the first."""
    clock = FakeClock()
    desk = server.desk_of(Tools(shop.panel.home, clock), {})
    one = sending.Sending(desk, Listening(desk))
    assert one.watched() is None
    one.destinations(desk, Asked({}))
    assert one.watched() == one.rows()
    clock.sleep(sending.WATCHED_FOR + 1)
    assert one.watched() is None
    desk.hands.shutdown()
