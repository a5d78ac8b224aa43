"""The real command against the stand-in service: files, links, prompts, transcripts, adopted results."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, Told, ended, music, read, write

FRAMES = 3 * 48_000


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "service", splitter()) as service:
        yield service


@pytest.fixture
def premium(command: Command, service: Sandbox) -> Command:
    assert service.premium.key
    command.environ.update(STEMBRIDGE_MVSEP_URL=service.url, STEMBRIDGE_API_TOKEN=service.premium.key)
    return command


@pytest.fixture
def song(command: Command) -> Path:
    return write(command.cwd / "song.wav", music(FRAMES, 48_000), 48_000)


def _orders(service: Sandbox) -> int:
    return len(service.service.timeline.jobs)


def test_six_stems_come_back_on_the_samples_they_came_from(premium: Command, song: Path) -> None:
    told = premium("separate", song, "--model", "63", "--yes")
    assert told.code == 0, told
    stems = sorted((song.parent / "song stems").glob("*.wav"))
    assert [path.stem.removeprefix("song - ") for path in stems] == [
        "bass", "drums", "guitar", "other", "piano", "vocals",
    ]  # fmt: skip
    total = np.sum([read(path).astype(np.float64) for path in stems], axis=0)
    assert total.shape == (FRAMES, 2)
    assert np.abs(total - read(song)).max() < 1e-6
    assert "leaves this machine" in told.err
    assert "leaves this machine" not in premium("separate", song, "--yes", "--out", "two").err


def test_a_key_makes_the_service_the_default_and_offline_stays_at_hand(
    premium: Command, service: Sandbox, song: Path
) -> None:
    told = premium("separate", song, "--json", "--yes", "--out", "a")
    assert told.lines[-1]["result"]["engine"] == "mvsep"
    told = premium("separate", song, "--json", "--engine", "offline", "--model", "repet", "--out", "b")
    assert told.lines[-1]["result"]["engine"] == "offline"
    assert _orders(service) == 1


def test_a_cost_is_never_spent_unasked(premium: Command, service: Sandbox, song: Path) -> None:
    told = premium("separate", song, "--model", "63")
    assert told.code == 17
    assert "costs 1 credit." in told.err
    assert "stembridge jobs resume" in told.err
    assert not _orders(service)
    assert premium("separate", song, "--model", "63", "--max-credits", "0", "--out", "x").code == 17
    assert premium("jobs", "resume", premium.jobs()[1]["id"], "--yes").code == 0
    assert premium("separate", song, "--model", "63", "--max-credits", "1", "--again", "--out", "y").code == 0
    assert _orders(service) == 2


def test_a_free_account_pays_with_attempts_and_isnt_asked(
    premium: Command, service: Sandbox, song: Path
) -> None:
    assert service.free.key
    premium.environ["STEMBRIDGE_API_TOKEN"] = service.free.key
    assert premium("separate", song, "--model", "40").code == 0


def test_the_same_again_asks_nobody(premium: Command, service: Sandbox, song: Path) -> None:
    premium("separate", song, "--model", "63", "--yes", "--out", "a")
    service.stop()
    told = premium("separate", song, "--model", "63", "--json", "--out", "b")
    assert told.code == 0
    assert told.lines[-1]["result"]["reused_from"]


@pytest.mark.parametrize("number", ["0", "1", "4"])
def test_the_service_sends_what_it_is_asked_for(premium: Command, song: Path, number: str) -> None:
    told = premium("separate", song, "--model", "40", "--service-format", number, "--yes", "--json")
    assert told.code == 0, told
    assert {row["frames"] for row in told.lines[-1]["result"]["stems"]} == {FRAMES}


def test_a_link_is_fetched_by_the_service_and_its_copy_is_the_region(
    premium: Command, service: Sandbox, tmp_path: Path
) -> None:
    web = tmp_path / "web"
    web.mkdir()
    samples = write(web / "far song.wav", music(FRAMES, 44_100))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(web))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    link = f"http://127.0.0.1:{server.server_port}/far%20song.wav"
    try:
        told = premium("separate", link, "--model", "40", "--yes", "--json")
    finally:
        server.shutdown()
        server.server_close()
    assert told.code == 0, told
    result = told.lines[-1]["result"]
    total = sum(read(Path(row["delivered"])) for row in result["stems"])
    assert np.abs(total - read(samples)).max() < 1e-3
    assert _orders(service) == 1


def test_a_prompt_makes_audio_without_an_input(premium: Command, service: Sandbox) -> None:
    told = premium("separate", "--model", "62", "--opt", "add_opt1=rain on a tin roof", "--yes", "--json")
    assert told.code == 0, told
    result = told.lines[-1]["result"]
    assert result["region"] is None
    assert {row["kind"] for row in result["stems"]} == {"generated"}
    assert not result["summed"]
    assert _orders(service) == 1


def test_a_transcript_becomes_text_subtitles_and_labels(premium: Command, song: Path) -> None:
    told = premium("separate", song, "--model", "39", "--yes", "--json")
    assert told.code == 0, told
    result = told.lines[-1]["result"]
    assert {Path(row["file"]).suffix for row in result["stems"]} >= {".txt", ".srt", ".vtt"}
    assert result["labels"]
    assert all(start <= end and words for start, end, words in result["labels"])


def test_super_resolution_keeps_its_own_rate(premium: Command, song: Path) -> None:
    told = premium("separate", song, "--model", "59", "--yes", "--json")
    assert told.code == 0, told
    result = told.lines[-1]["result"]
    assert {row["kind"] for row in result["stems"]} == {"audio"}
    assert not result["summed"]


def _adopt_by_link(command: Command, link: str, *arguments: str) -> Told:
    import subprocess

    with command.start("jobs", "adopt", *arguments, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(link + "\n")
        process.stdin.close()
        process.stdin = None
        return ended(process)


def test_a_result_of_the_history_is_adopted_by_id_or_by_link(
    premium: Command, service: Sandbox, song: Path
) -> None:
    premium("separate", song, "--model", "40", "--yes")
    job = service.service.timeline.jobs[0]
    told = premium("jobs", "adopt", "1", "--name", "old song")
    assert told.code == 0, told
    assert (song.parent / "old song stems" / "old song - vocals.wav").exists()
    link = f"{service.url}/api/separation/get?hash={job.hash}"
    told = _adopt_by_link(premium, link, "--out", "by link", "--stems", "vocals")
    assert told.code == 0, told
    assert [path.name for path in (song.parent / "by link").glob("*.wav")] == ["result - vocals.wav"]
    assert _orders(service) == 1
    assert job.hash not in told.out + told.err


def test_a_link_to_another_server_is_not_adopted(premium: Command) -> None:
    told = _adopt_by_link(premium, "https://elsewhere.example/api/separation/get?hash=1")
    assert told.code != 0
    assert not premium.jobs()


def test_another_format_of_the_service_is_another_order(
    premium: Command, service: Sandbox, song: Path
) -> None:
    for number in ("0", "4"):
        told = premium(
            "separate", song, "--model", "40", "--service-format", number, "--yes", "--out", number
        )
        assert told.code == 0, told
    assert _orders(service) == 2
