"""The two clients, each as its user starts it: our command, and the PyPI package mvsep-cli."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGE = "mvsep-cli==1.2.0"
LAUNCHER = """
import sys
from mvsep_cli.config import Config
Config.MIRRORS = {"main": sys.argv.pop(1)}
from mvsep_cli.__main__ import main
sys.exit(main())
"""


@dataclass
class Server:
    """A running service."""

    process: subprocess.Popen[str]
    url: str
    key: str

    def facts(self) -> dict[str, Any]:
        """Ask it what it saw."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("facts\n")
        self.process.stdin.flush()
        facts: dict[str, Any] = json.loads(self.process.stdout.readline())
        return facts


@contextmanager
def server(
    folder: Path,
    *,
    service_seconds: float = 0.5,
    line: float = 0.0,
    faults: Sequence[dict[str, Any]] = (),
) -> Iterator[Server]:
    """Run a service with a folder of its own; ``line`` limits each connection to so many bytes a second."""
    asked = {
        "folder": str(folder),
        "service_seconds": service_seconds,
        "line": line,
        "faults": [dict(fault) for fault in faults],
    }
    command = [sys.executable, str(HERE / "mvsep_server.py"), json.dumps(asked)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        said = json.loads(process.stdout.readline())
        try:
            yield Server(process, said["url"], said["key"])
        finally:
            process.stdin.close()
            process.wait(20)


@dataclass(frozen=True)
class Ran:
    """How a command ended. ``peak``: the most memory its process held, in MB (VmHWM)."""

    code: int
    seconds: float
    peak: float
    words: str


class _Peak(threading.Thread):
    """Reads a process's high-water mark until it ends.

    Not `ru_maxrss`: that is inherited from whoever started the process.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self.megabytes = 0.0

    def run(self) -> None:
        while True:
            try:
                text = self._status.read_text(encoding="ascii", errors="replace")
            except OSError:
                return
            row = next((row for row in text.splitlines() if row.startswith("VmHWM")), None)
            if row is None:
                return
            self.megabytes = int(row.split()[1]) / 1024
            time.sleep(0.01)


def start(command: Sequence[str | Path], environment: dict[str, str], cwd: Path) -> subprocess.Popen[str]:
    """Start a client; what it says goes to a file that has no name."""
    said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
    process = subprocess.Popen(
        command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said, text=True
    )
    process.stdout = said
    return process


def finish(process: subprocess.Popen[str], since: float, patience: float) -> Ran:
    """Wait for a client; one that takes longer is stopped (code -9)."""
    peak = _Peak(process.pid)
    peak.start()
    try:
        code = process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = -9
    taken = time.perf_counter() - since
    peak.join(1)
    assert process.stdout
    process.stdout.seek(0)
    words = process.stdout.read()
    process.stdout.close()
    return Ran(code, taken, peak.megabytes, words)


def run(command: Sequence[str | Path], environment: dict[str, str], cwd: Path, patience: float) -> Ran:
    """Run a client to its end."""
    cwd.mkdir(parents=True, exist_ok=True)
    since = time.perf_counter()
    return finish(start(command, environment, cwd), since, patience)


def _environment() -> dict[str, str]:
    left_out = ("proxy", "stembridge", "mvsep")
    return {k: v for k, v in os.environ.items() if not any(word in k.lower() for word in left_out)}


@dataclass
class Ours:
    """`stembridge separate`, with a data folder of its own."""

    service: Server
    folder: Path
    name: str = "stembridge"
    extra: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return _environment() | {
            "STEMBRIDGE_MVSEP_URL": self.service.url,
            "STEMBRIDGE_API_TOKEN": self.service.key,
            "STEMBRIDGE_HOME": str(self.folder / "home"),
        }

    def command(self, song: Path | list[Path], model: int, out: Path) -> list[str]:
        """Give the order as it is typed, for one song or several."""
        songs = [str(one) for one in (song if isinstance(song, list) else [song])]
        words = [sys.executable, "-m", "stembridge", "-q", "separate", *songs, "--engine", "mvsep"]
        words += ["--model", str(model), "--service-format", "4", "--yes", "--overwrite", "--out", str(out)]
        return words + self.extra

    def run(self, song: Path, model: int, out: Path, patience: float = 300.0) -> Ran:
        return run(self.command(song, model, out), self.environment, self.folder, patience)

    def resume(self, patience: float = 300.0) -> Ran:
        """Take up the newest job again."""
        jobs = sorted((self.folder / "home" / "jobs").iterdir(), key=lambda job: job.stat().st_ctime)
        words = ["-q", "jobs", "resume", jobs[-1].name]
        command = [sys.executable, "-m", "stembridge", *words]
        return run(command, self.environment, self.folder, patience)

    def stems(self, out: Path) -> dict[str, Path]:
        """Give the files by the last word of their names."""
        return {path.stem.rpartition(" - ")[2]: path for path in out.glob("*.wav")}


@dataclass
class Theirs:
    """`mvsep-cli run`, unchanged but for the address."""

    service: Server
    folder: Path
    python: Path
    name: str = "mvsep-cli"
    interval: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        home = {"HOME": str(self.folder), "USERPROFILE": str(self.folder)}
        return _environment() | home | {"MVSEP_API_TOKEN": self.service.key}

    def words(self, *arguments: str) -> list[str | Path]:
        return [self.python, "-c", LAUNCHER, self.service.url, *arguments]

    def command(self, song: Path, model: int, out: Path) -> list[str | Path]:
        every = ["-i", self.interval] if self.interval else []
        return self.words("run", str(song), "-t", str(model), "-f", "4", "-o", str(out), *every)

    def run(self, song: Path, model: int, out: Path, patience: float = 300.0) -> Ran:
        return run(self.command(song, model, out), self.environment, self.folder, patience)

    def stems(self, out: Path) -> dict[str, Path]:
        return {path.stem.rpartition("_")[2]: path for path in out.glob("*.wav")}


def interpreter(cache: Path) -> Path:
    """Give the interpreter of an environment with nothing but mvsep-cli in it, made when missing."""
    folder = cache / "mvsep-cli"
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip: list[str | Path] = [program, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, PACKAGE], check=True)
        (folder / "ready").touch()
    return program
