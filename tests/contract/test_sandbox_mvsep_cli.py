"""A client of others runs against the stand-in unchanged: the PyPI package mvsep-cli, in its own environment.

Only its table of base addresses is replaced, by a launcher.
"""

from __future__ import annotations

import os
import subprocess
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stembridge.sandbox.jobs import Pace
from tests.fakes.faulty_service import FaultyService
from tests.fakes.noise import noise_file
from tests.programs import MISSING

PACKAGE = "mvsep-cli==1.2.0"
LAUNCHER = """
import sys
from mvsep_cli.config import Config
Config.MIRRORS = {"main": sys.argv.pop(1)}
from mvsep_cli.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with nothing but mvsep-cli in it."""
    folder = tmp_path_factory.mktemp("mvsep-cli")
    venv.create(folder, with_pip=True)
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [program, "-m", "pip", "install", "-q", "--disable-pip-version-check", PACKAGE],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode != 0:
        MISSING.add(PACKAGE)
        reason = f"{PACKAGE} can't be installed: {done.stderr.strip().splitlines()[-1:]}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return program


@dataclass
class Client:
    """mvsep-cli, with a home of its own."""

    python: Path
    folder: Path
    service: FaultyService

    def run(self, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        environment |= {"HOME": str(self.folder), "USERPROFILE": str(self.folder)}
        environment["MVSEP_API_TOKEN"] = str(self.service.premium.key)
        done = subprocess.run(
            [self.python, "-c", LAUNCHER, self.service.url, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def client(python: Path, tmp_path: Path) -> Iterator[Client]:
    pace = Pace(queue_seconds=0.3, service_seconds=0.5)
    with FaultyService(tmp_path / "service", clock=time.time, pace=pace, patient=False) as service:
        yield Client(python, tmp_path, service)


def test_create_wait_download(client: Client, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "My Song.wav", frames=44_100)
    words = client.run("run", str(song), "-t", "28", "-f", "4", "-o", "out", "-i", "1", "--add-opt2", "11")
    assert "Status: waiting" in words or "Status: processing" in words
    assert "Downloaded 5 files" in words
    files = {path.stem.rpartition("_")[2]: path for path in (tmp_path / "out").iterdir()}
    assert set(files) == {"vocals", "bass", "drums", "other", "instrum"}
    total = sum(
        soundfile.read(str(path), dtype="float64")[0] for slug, path in files.items() if slug != "instrum"
    )
    assert float(np.abs(total - soundfile.read(str(song), dtype="float64")[0]).max()) < 1e-6
    assert client.service.paid == 1
    job = client.service.jobs[0]
    assert (job.demo, job.options) == (False, {"add_opt2": "11"})


def test_upload_then_status_and_download(client: Client, tmp_path: Path) -> None:
    song = noise_file(tmp_path / "tune.flac", frames=20_000)
    words = client.run("upload", str(song), "-t", "40", "-f", "2")
    hash_ = words.split("Hash: ")[1].split()[0]
    assert hash_ == client.service.jobs[0].hash
    assert client.run("wait", hash_, "-i", "1").count("completed successfully") == 1
    assert "Output files (2)" in client.run("status", hash_)
    client.run("download", hash_, "-o", "later")
    assert sorted(path.name for path in (tmp_path / "later").iterdir()) == [
        "tune_other.flac",
        "tune_vocals.flac",
    ]


def test_its_lists(client: Client) -> None:
    assert "20: Demucs4 HT" in client.run("list")
    assert "81: ver 2025.07" in client.run("algorithms", "-i", "40")
