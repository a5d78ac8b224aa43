"""The command `sandbox` in a process of its own, tried as a user would."""

from __future__ import annotations

import http.server
import json
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.command import Command, Told, ended, music, names, read, until, write
from tests.e2e.desk import POSIX


class Stand:
    """The command `sandbox` in a process of its own."""

    def __init__(self, command: Command, *arguments: object) -> None:
        self.process = command.start("sandbox", "--json", *arguments)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(ended(self.process))
        self.told: dict[str, Any] = json.loads(line)

    def stop(self, number: int = signal.SIGINT) -> Told:
        """Send a signal and wait for the end."""
        with self.process:
            self.process.send_signal(number)
            return ended(self.process)


@pytest.fixture
def temporary(command: Command, tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    command.environ["TMPDIR"] = str(folder)
    return folder


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_separates_with_the_embedded_engine_and_leaves_nothing(
    command: Command, temporary: Path, number: int
) -> None:
    stand = Stand(command)
    user = Command(command.home, command.cwd)
    user.environ.update(
        STEMBRIDGE_MVSEP_URL=stand.told["url"], STEMBRIDGE_API_TOKEN=stand.told["premium_key"]
    )
    song = write(command.cwd / "song.wav", music(3 * 44_100))
    assert names(temporary)
    assert user("account", "show", "--json").document["plan"] == "premium"
    assert user("separate", song, "--yes", "--residual").code == 0
    stems = command.cwd / "song stems"
    vocals, instrumental = (read(stems / f"song - {stem}.wav") for stem in ("vocals", "instrumental"))
    whole = read(song)
    assert vocals.shape == whole.shape
    # The embedded engine, not the splitter, whose first part is the lowest band: 110 Hz isn't a voice.
    plain = user("separate", song, "--engine", "offline", "--out", "plain")
    assert plain.code == 0, plain
    same = read(command.cwd / "plain" / "song - vocals.wav")
    assert np.abs(vocals - same).max() < 2e-4
    assert np.abs(vocals + instrumental - whole).max() < 2e-4
    assert user("separate", song, "--model", "63", "--yes", "--out", "six").code == 0
    told = stand.stop(number)
    assert told.code == 0, told
    assert not told.err
    assert names(temporary) == []
    user("account", "show").refused(13, "MVSEP")


@POSIX
def test_the_sandbox_tells_a_person_how_to_go_on(command: Command, temporary: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = tmp_path / "kept" / "here"
    process = command.start("sandbox", "--port", port, "--folder", kept, "--seconds", 2)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(9)]
    text = "".join(lines)
    assert f"export STEMBRIDGE_MVSEP_URL=http://127.0.0.1:{port}" in text
    assert "stembridge account login --key" in text
    key = next(line.split()[-1] for line in lines if "premium account" in line)
    user = Command(command.home, command.cwd)
    user.environ.update(STEMBRIDGE_MVSEP_URL=f"http://127.0.0.1:{port}", STEMBRIDGE_API_TOKEN=key)
    command("sandbox", "--port", port).refused(13, f"Port {port}", "--port")
    song = write(command.cwd / "song.wav", music(44_100))
    began = time.monotonic()
    assert user("separate", song, "--yes", "--model", "63").code == 0
    assert time.monotonic() - began > 2
    with process:
        process.send_signal(signal.SIGINT)
        told = ended(process)
    assert (told.code, names(temporary)) == (0, [])
    assert "Stopping" in told.err
    assert [path for path in kept.rglob("*.wav") if path.is_file()] or list(kept.rglob("*.flac"))


@POSIX
def test_the_sandbox_tells_a_receiver_on_this_machine(command: Command, temporary: Path) -> None:
    posted: list[dict[str, Any]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        stand = Stand(command, "--webhook", f"http://127.0.0.1:{receiver.server_port}/hook")
        user = Command(command.home, command.cwd)
        user.environ.update(
            STEMBRIDGE_MVSEP_URL=stand.told["url"], STEMBRIDGE_API_TOKEN=stand.told["free_key"]
        )
        song = write(command.cwd / "song.wav", music(44_100))
        assert user("separate", song, "--model", "20").code == 0
        (row,) = user("account", "history", "--links", "--json").document
        until(lambda: posted)
        stand.stop()
        receiver.shutdown()
        thread.join()
    assert posted == [{"hash": row["hash"]}]
    assert row["credits"] is None or row["credits"] == 0
    command("sandbox", "--webhook", "https://example.com/").refused(2, "this machine only", "127.0.0.1")
