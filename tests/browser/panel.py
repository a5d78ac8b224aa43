"""The real `stembridge panel` in a process of its own, with a data folder that no other test sees."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import httpx

START_LIMIT = 60.0
COMMAND = (sys.executable, "-m", "stembridge", "panel", "--no-browser")


@dataclass
class Panel:
    """One data folder and the panel before it.

    Parameters
    ----------
    home
        The data folder.
    environ
        What the process finds in its environment besides our own.
    """

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    link: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log_file(self) -> Path:
        """What the process said."""
        return self.home / "panel-said.txt"

    @property
    def port(self) -> int:
        """Give the port on which it serves."""
        return int(urlsplit(self.link).port or 0)

    @property
    def origin(self) -> str:
        """Give scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, port: int = 0) -> str:
        """Start it and wait until it answers; gives its link."""
        assert self._process is None
        self.home.mkdir(parents=True, exist_ok=True)
        before = self._noted()
        self._log = self.log_file.open("ab")
        self._process = subprocess.Popen(
            [*COMMAND, *(["--port", str(port)] if port else [])],
            env=self._everything,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=self.home,
        )
        end = time.monotonic() + START_LIMIT
        while True:
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < end, f"no link after {START_LIMIT:.0f} s: {self.said()}"
            link = self._noted()
            if link and link != before and _answers(link):
                self.link = link
                return link
            time.sleep(0.02)

    @property
    def _everything(self) -> dict[str, str]:
        return {**os.environ, **self.environ, "STEMBRIDGE_HOME": str(self.home)}

    def run(self) -> tuple[int, str]:
        """Start one that is expected to end by itself; gives its exit code and what it said."""
        told = subprocess.run(
            COMMAND,
            env=self._everything,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_LIMIT,
            check=False,
        )
        return told.returncode, told.stdout + told.stderr

    def _noted(self) -> str:
        """Give the link that stands in panel.json."""
        try:
            return str(json.loads((self.home / "panel.json").read_text(encoding="utf-8"))["link"])
        except (FileNotFoundError, ValueError, KeyError):
            return ""

    def said(self) -> str:
        """Give all that it printed."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Press Ctrl-C; gives its exit code. A traceback is a failure, whatever the test is about."""
        code = self._end(signal.SIGINT)
        assert "Traceback" not in self.said(), self.said()
        return code

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
            raise
        finally:
            if self._log is not None:
                self._log.close()
                self._log = None

    # What a page does, done without one

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask for something below the key."""
        return httpx.get(self.link + path, timeout=60, **more)

    def post(self, path: str, document: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Order something as the page does."""
        more.setdefault("headers", {"Origin": self.origin, "X-Stembridge": "panel"})
        if "content" not in more:
            more["json"] = dict(document or {})
        return httpx.post(self.link + path, timeout=60, **more)

    def jobs(self) -> list[dict[str, Any]]:
        """Give all jobs."""
        rows: list[dict[str, Any]] = self.get("api/state").raise_for_status().json()["jobs"]
        return rows

    def job(self, job: str) -> dict[str, Any]:
        """Give one."""
        return next(row for row in self.jobs() if row["id"] == job)

    def upload(self, song: Path) -> dict[str, Any]:
        """Hand a file in."""
        reply = self.post("api/files", content=song.read_bytes(), params={"name": song.name})
        row: dict[str, Any] = reply.raise_for_status().json()
        return row

    def order(self, song: Path, **wishes: Any) -> str:
        """Order a separation; gives its id."""
        file = self.upload(song)
        wish = {
            "file": file["file"],
            "first_frame": 0,
            "frames": file["frames"],
            "engine": "offline",
            "model": "repet",
            "agree": True,
            **wishes,
        }
        reply = self.post("api/jobs", wish)
        assert reply.status_code == 200, reply.text
        (job,) = reply.json()["jobs"]
        return str(job["id"])

    def finished(self, job: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for a job's end."""
        end = time.monotonic() + seconds
        while not (row := self.job(job))["over"]:
            assert time.monotonic() < end, row
            time.sleep(0.1)
        return row


def _answers(link: str) -> bool:
    try:
        return httpx.get(link, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
