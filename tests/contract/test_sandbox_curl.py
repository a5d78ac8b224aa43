"""The API page's own 21 curl lines, by the real curl: only the address and the two files' paths change."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from stembridge.sandbox.accounts import Account
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file
from tests.programs import need

LINES = (Path(__file__).parent / "sandbox_curl_lines.txt").read_text(encoding="utf-8").splitlines()
KEY = "<โทเค็น API ของคุณ>"
EMAIL, PASSWORD = "<อีเมลผู้ใช้งาน>", "<รหัสผ่านผู้ใช้งาน>"
ENTRY_KEYS = {"id", "dataset_type", "date", "algo_name", "main_text", "proc", "proc_remote_date", "msg"}
ENTRY_KEYS |= {"metrics", "dataset_name"}


@dataclass
class Page:
    """The lines, to be sent to one service."""

    service: FaultyService
    files: dict[str, Path]

    def line(self, path: str) -> str:
        found = [line for line in LINES if f"mvsep.com{path}" in line.replace("?", " ").replace("'", " ")]
        assert len(found) == 1, path
        return found[0]

    def _changed(self, argument: str) -> str:
        # curl takes no blank in an address: whoever fills in a key writes one without.
        changed = argument.replace(KEY, quote(KEY)) if argument.startswith("https://mvsep.com") else argument
        changed = changed.replace("https://mvsep.com", self.service.url)
        for old, new in self.files.items():
            changed = changed.replace(old, new.as_posix())
        return changed

    def send(self, path: str) -> tuple[int, Any]:
        arguments = shlex.split(self.line(f"{path} "))
        assert arguments[0] == "curl"
        sent = [self._changed(argument) for argument in arguments[1:]]
        home = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            [need("curl"), "-q", "-sS", "-w", "\n%{http_code}", *sent],
            capture_output=True,
            check=True,
            env=home,
            timeout=30,
        )
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), json.loads(body)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    audio = noise_file(tmp_path / "file.mp3")
    archive = tmp_path / "zipfile"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("song_vocals.wav", b"RIFF")
    with FaultyService(tmp_path / "service") as service:
        yield Page(service, {"/path/to/file.mp3": audio, "/path/to/zipfile": archive})


@pytest.fixture
def known(page: Page) -> Page:
    """The same, where the page's placeholders are somebody's key, address and password."""
    page.service.premium.key = KEY
    page.service.sandbox.service.accounts.add(Account("User", EMAIL, PASSWORD, key="another"))
    return page


def test_there_are_21_lines() -> None:
    assert len(LINES) == 21
    assert all(line.startswith("curl --location ") for line in LINES)


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/api/separation/create", 401, {"success": False}),
        ("/api/separation/cancel", 401, {"success": False}),
        ("/api/app/login", 400, {"success": False}),
        ("/api/app/user", 400, {"success": False}),
        ("/api/app/separation_history", 400, {"success": False}),
        ("/api/app/enable_premium", 400, {"success": False}),
        ("/api/app/disable_premium", 400, {"success": False}),
        ("/api/app/enable_long_filenames", 400, {"success": False}),
        ("/api/app/disable_long_filenames", 400, {"success": False}),
        ("/api/quality_checker/add", 400, {"success": False}),
        ("/api/quality_checker/delete", 200, {"success": False}),
        ("/api/separation/get", 200, {"success": False, "status": "not_found"}),
        ("/api/separation/get-remote", 200, {"success": False, "status": "not_found"}),
    ],
)
def test_what_nobody_knows_is_refused_as_the_page_says(
    page: Page, path: str, status: int, answer: dict[str, Any]
) -> None:
    got, document = page.send(path)
    assert got == status
    assert {key: document[key] for key in answer} == answer


def test_create_publish_and_find_it_everywhere(known: Page) -> None:
    status, document = known.send("/api/separation/create")
    assert (status, document["success"]) == (200, True)
    assert set(document["data"]) == {"link", "hash"}
    assert document["data"]["hash"].endswith("-file.mp3")
    job = known.service.jobs[0]
    # The table's key of add_opt2 is "1.0"; the page sends "1".
    assert (job.sep_type, job.options, job.output_format) == (9, {"add_opt1": "0", "add_opt2": "1.0"}, 1)
    assert job.demo
    known.service.sandbox.service.get(job.hash, known.service.url)
    rows = known.send("/api/app/demo")[1]
    assert [row["hash"] for row in rows] == [job.hash]
    assert set(rows[0]) == {"hash", "date", "input_audio", "size", "algorithm"}
    # The line asks for rows 1 and 2: with one job there is nothing behind the first.
    assert known.send("/api/app/separation_history")[1] == {"success": True, "data": []}
    known.send("/api/separation/create")
    rows = known.send("/api/app/separation_history")[1]["data"]
    assert [row["hash"] for row in rows] == [job.hash]
    assert {"hash", "job_exists", "credits", "time_left", "algorithm"} <= set(rows[0])


def test_the_line_about_a_finished_job(known: Page) -> None:
    known.send("/api/separation/create")
    job = known.service.jobs[0]
    job.hash = "20230327071601-0e3e5c6c85-13-dimensions.mp3"
    status, document = known.send("/api/separation/get")
    assert (status, document["success"], document["status"]) == (200, True, "done")
    wanted = {"algorithm", "algorithm_description", "output_format", "tags", "input_file", "files", "date"}
    assert wanted <= set(document["data"])
    assert [file["type"] for file in document["data"]["files"]] == ["Vocals", "Music"]


def test_the_line_that_cancels(known: Page) -> None:
    assert known.send("/api/separation/cancel") == (200, {"success": False})
    known.send("/api/separation/create")
    known.service.jobs[0].hash = "<hash>"
    assert known.send("/api/separation/cancel") == (200, {"success": True})


def test_the_lines_about_the_site(page: Page) -> None:
    status, rows = page.send("/api/app/algorithms")
    assert (status, len(rows)) == (200, 57)
    wanted = {"render_id", "name", "algorithm_group_id", "orientation", "order_id", "price_coefficient"}
    wanted |= {"usage", "rating", "algorithm_fields", "algorithm_descriptions"}
    for row in rows:
        assert wanted <= set(row)
        assert {"average", "total"} <= set(row["rating"])
        for field in row["algorithm_fields"]:
            assert {"name", "text", "options", "default_key"} <= set(field)
            assert isinstance(json.loads(field["options"]), dict)
        for text in row["algorithm_descriptions"]:
            assert {"short_description", "long_description", "lang"} <= set(text)
    status, rows = page.send("/api/app/news")
    assert (status, len(rows)) == (200, 1)
    assert set(rows[0]) == {"title", "lang", "text", "created_at"}
    status, document = page.send("/api/app/queue")
    assert status == 200
    assert set(document["queue"]) == {"in_process", "premium", "registered", "unregistered"}
    assert document["plan"] == {"plan": "unregistered", "queue": 0}


def test_the_lines_about_the_account(known: Page) -> None:
    profile = {"name", "email", "api_token", "premium_minutes", "premium_enabled", "long_filenames_enabled"}
    status, document = known.send("/api/app/login")
    assert (status, document["success"], set(document["data"])) == (200, True, profile)
    status, document = known.send("/api/app/user")
    assert (status, document["success"], set(document["data"])) == (200, True, profile | {"current_queue"})
    premium = known.service.premium
    for path, wanted in [
        ("/api/app/disable_premium", (False, False)),
        ("/api/app/enable_premium", (True, False)),
        ("/api/app/enable_long_filenames", (True, True)),
        ("/api/app/disable_long_filenames", (True, False)),
    ]:
        status, document = known.send(path)
        assert (status, document["success"], type(document["message"])) == (200, True, str)
        assert (premium.premium_enabled, premium.long_names) == wanted


def test_the_line_that_registers_sends_a_form_with_get(page: Page) -> None:
    status, document = page.send("/api/app/register")
    assert (status, document["success"], type(document["message"])) == (200, True, str)
    assert page.service.sandbox.service.accounts.by_login("asdf@example.com", "ASDFQWEr123") is not None
    status, document = page.send("/api/app/register")
    assert (status, document["success"]) == (400, False)


def test_the_lines_about_the_quality_checker(known: Page) -> None:
    status, rows = known.send("/api/quality_checker/queue")
    assert (status, len(rows)) == (200, 2)
    assert all(set(row) >= ENTRY_KEYS and any(key.startswith("sdr_") for key in row) for row in rows)
    status, document = known.send("/api/quality_checker/leaderboard")
    assert status == 200
    assert set(document) == {"data", "dataset_type", "sortables", "sort"}
    assert len(document["data"]) == 2
    assert all("MVSep" in row["algo_name"] for row in document["data"])
    status, row = known.send("/api/quality_checker/entry")
    assert (status, row["id"]) == (200, 7675)
    assert set(row) >= ENTRY_KEYS


def test_the_line_that_deletes_an_entry(known: Page) -> None:
    from tests.fakes.web import call

    # The page's line adds without a key and is refused; with one, the second entry gets the number 7720.
    fields = {"algo_name": "Mine", "main_text": "Mine", "dataset_type": 2, "ensemble": 1, "password": "test"}
    for number in (7719, 7720):
        answer = call(
            f"{known.service.url}/api/quality_checker/add",
            fields | {"api_token": KEY},
            {"zipfile": known.files["/path/to/zipfile"]},
        )
        assert answer.json["success"] is True
        assert answer.json["data"]["id"] == number
        assert answer.json["data"]["link"].endswith(f"/{number}")
    status, document = known.send("/api/quality_checker/delete")
    assert (status, document["success"]) == (200, True)
    assert isinstance(document["data"]["message"], str)
    assert known.send("/api/quality_checker/delete")[1]["success"] is False
