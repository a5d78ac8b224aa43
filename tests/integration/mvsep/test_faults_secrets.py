"""A fake key through everything, failures included: it is found in no file, no output and no argv."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import soundfile as sf

from tests.fakes.bench import music
from tests.fakes.faulty_service import FaultyService

KEY = "FAKEkey0123456789abcdefSECRET"
PASSWORD = "FAKEpassword-tr0ub4dor"  # noqa: S105 - nobody's


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyService]:
    with FaultyService(tmp_path_factory.mktemp("service"), clock=time.time, premium_key=KEY) as service:
        service.premium.password = PASSWORD
        yield service


class Watch:
    """Looks at the command lines of all processes, many times a second, for a secret."""

    def __init__(self) -> None:
        self.looks = 0
        self.found: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._stop.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    said = path.read_bytes()
                except OSError:
                    continue
                self.looks += b"stembridge" in said
                if KEY.encode() in said or PASSWORD.encode() in said:
                    self.found.append(str(path))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


class Terminal:
    """Runs commands one after the other, and keeps all that they say."""

    def __init__(self, home: Path, cwd: Path, service: FaultyService) -> None:
        self.cwd = cwd
        self.said: list[tuple[str, bytes]] = []
        self.environ = {**os.environ, "STEMBRIDGE_HOME": str(home), "STEMBRIDGE_MVSEP_URL": service.url}

    def __call__(self, line: str, stdin: str = "") -> int:
        done = subprocess.run(
            [sys.executable, "-m", "stembridge", *line.split()],
            cwd=self.cwd,
            env=self.environ,
            input=stdin.encode(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        self.said.append((line, done.stdout + done.stderr))
        return done.returncode


def failures(terminal: Terminal, service: FaultyService) -> None:
    """Let everything go wrong that has the key with it."""
    for fault, on in (
        ("truncated_json", "user"),
        ("401", "user"),
        ("500_html", "user"),
        ("reset", "user"),
    ):
        service.fault(fault, on=on, times=9)
        assert terminal("-v account show") != 0
        service.clear()
    service.fault("redirect", on="user", times=9, to=f"https://example.org/?api_token={KEY}")
    assert terminal("-v account show --json") != 0
    service.clear()
    service.fault("wrong_type", on="user", times=9, path="-", value=[KEY])
    assert terminal("-v account show --json") != 0
    service.clear()
    # The service itself repeats what it was sent.
    service.fault("400_errors", text=f"The api_token {KEY} has no leave for this")
    assert terminal("-v separate song.wav --engine mvsep --model 40 --yes --json --again --out a") != 0
    service.fault("400_errors", text=f"Bad request: /api/separation/create?api_token={KEY}&sep_type=40")
    assert terminal("-v separate song.wav --engine mvsep --model 40 --yes --again --out b") != 0
    service.clear()
    service.fault("failed", reason=f"No GPU for {KEY}")
    assert terminal("-v separate song.wav --engine mvsep --model 40 --yes --again --out c") != 0
    service.clear()
    with service.refusing():
        assert terminal("-v account show --json") != 0


def trip(terminal: Terminal, service: FaultyService) -> None:
    """Do what a user does."""
    for line in (
        "-v account show --json",
        "account history",
        "account queue --json",
        "-v account premium on",
        "-v doctor --json",
        "-v separate song.wav --engine mvsep --model 40 --yes --again --json --out d",
        "jobs list --json",
        "jobs show last --json",
    ):
        code = terminal(line)
        assert code == 0 or line.startswith("-v doctor"), terminal.said[-1]
    service.fault("download_cut", times=40, after=0)
    assert terminal("-v separate song.wav --engine mvsep --model 40 --yes --again --out e") != 0
    service.clear()
    assert terminal("-v jobs resume last --json") == 0, terminal.said[-1]


def files_of(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("stored", [False, True], ids=["key in the environment", "key stored"])
def test_a_key_is_found_nowhere(service: FaultyService, home: Path, tmp_path: Path, stored: bool) -> None:
    sf.write(tmp_path / "song.wav", music(20_000), 44_100, subtype="FLOAT")
    terminal = Terminal(home, tmp_path, service)
    with Watch() as watch:
        if stored:
            # No key store works here: the key lies in a file of the user's own, as it says.
            assert terminal("-v account login --json --stdin", f"{service.premium.email}\nwrong\n") != 0
            assert terminal("-v account login --stdin", f"{service.premium.email}\n{PASSWORD}\n") == 0
            assert terminal("-v account login --key --stdin --json", f"{KEY}\n") == 0
            trip(terminal, service)
        else:
            terminal.environ["STEMBRIDGE_API_TOKEN"] = KEY
            failures(terminal, service)
            assert terminal("-v jobs resume last --json") == 0, terminal.said[-1]
    assert watch.looks or not Path("/proc/self/cmdline").exists()
    assert watch.found == []
    tickets = [secret for job in service.jobs for secret in (job.hash, job.storage)]
    assert tickets
    for line, said in terminal.said:
        for secret in (KEY, PASSWORD, *tickets):
            assert secret.encode() not in said, (line, said)
    with_key, with_ticket = set(), set()
    for path in files_of(home, tmp_path):
        content = path.read_bytes() + str(path).encode()
        assert PASSWORD.encode() not in content, path
        if KEY.encode() in content:
            with_key.add(path)
        if any(secret.encode() in content for secret in tickets):
            with_ticket.add(path)
    assert {path.name for path in with_ticket} == {"remote.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in with_ticket | with_key)
    if stored:
        assert [path.match("key-*.json") for path in with_key] == [True]
        assert terminal("account logout") == 0
        assert not any(KEY.encode() in path.read_bytes() for path in files_of(home, tmp_path))
    else:
        assert with_key == set()
