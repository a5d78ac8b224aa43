"""A desk with a real Audacity on it: a screen of its own, a fresh home, a pipe that answers.

Audacity's pipes carry nothing but the user's number, so one Audacity at a time can run for a user of this
machine. Whoever runs one holds `machine_lock`, across processes and across test runs.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from ctypes.util import find_library
from datetime import datetime
from functools import cache
from pathlib import Path

from filelock import FileLock

from stembridge.model.errors import HostError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.channel import ChannelError, OrphanedError
from stembridge_audacity.channel_posix import FOLDER, fifo_paths, open_fifos
from stembridge_audacity.opening import open_audacity
from stembridge_audacity.pipe import Pipe
from stembridge_audacity.quoting import command
from tests.programs import need

LEASH = ("setpriv", "--pdeathsig", "KILL")
"""Ends a process with the one that started it: a killed test run leaves no Audacity behind."""
SCREEN = "1280x800x24"
WAIT_FOR_THE_MACHINE = 1500.0
START_LIMIT = 60.0
ORPHANED_FOR = 3.0
_MODULE_FOLDERS = ("lib/audacity/modules", "lib64/audacity/modules", "lib/x86_64-linux-gnu/audacity/modules")


def machine_lock() -> FileLock:
    """The right to run an Audacity as this user on this machine; the lock lies where the pipes lie."""
    return FileLock(FOLDER / f"stembridge-test-audacity-{os.getuid()}.lock")


def module_file(program: Path) -> Path:
    """Find the scripting module that belongs to an installed Audacity."""
    for folder in _MODULE_FOLDERS:
        path = program.resolve().parents[1] / folder / "mod-script-pipe.so"
        if path.is_file():
            return path
    raise FileNotFoundError(f"no mod-script-pipe.so near {program}")


def version_of(program: Path) -> tuple[int, int, int]:
    """Ask the package manager for the version of an installed Audacity."""
    said = subprocess.run(
        [need("dpkg-query"), "--show", "--showformat=${Version}", "audacity"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    numbers = said.split(":")[-1].split("+")[0].split("-")[0].split("~")[0].split(".")
    return int(numbers[0]), int(numbers[1]), int(numbers[2])


class Screen:
    """An X server with a window manager; it takes a free number by itself."""

    def __init__(self, folder: Path) -> None:
        reader, writer = os.pipe()
        with (folder / "xvfb.log").open("wb") as log:
            self._server = subprocess.Popen(
                [
                    # Asked to end, not killed: it takes its socket and its lock away.
                    *LEASH[:-1],
                    "TERM",
                    need("Xvfb"),
                    "-displayfd",
                    str(writer),
                    "-screen",
                    "0",
                    SCREEN,
                    "-nolisten",
                    "tcp",
                    "-noreset",
                ],
                pass_fds=[writer],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        os.close(writer)
        try:
            self.display = f":{_number(reader)}"
        except BaseException:
            end(self._server)
            raise
        finally:
            os.close(reader)
        with (folder / "openbox.log").open("wb") as log:
            self._manager = subprocess.Popen(
                [*LEASH, need("openbox"), "--sm-disable"],
                env={**plain_environ(folder), "DISPLAY": self.display},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def close(self) -> None:
        """End both."""
        end(self._manager)
        end(self._server)


def _number(descriptor: int) -> int:
    said = b""
    deadline = time.monotonic() + START_LIMIT
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(descriptor, 16) if ready else b""
        if not chunk:
            raise RuntimeError("Xvfb didn't say which display it has taken; see xvfb.log")
        said += chunk
    return int(said)


def end(process: subprocess.Popen[bytes], *, politely: float = 2.0) -> None:
    """End a process of ours, with whatever it started, by its id."""
    for number, limit in ((signal.SIGTERM, politely), (signal.SIGKILL, 30.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(limit)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def plain_environ(home: Path) -> dict[str, str]:
    """The little that Audacity needs; nothing of the developer's own."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "NO_AT_BRIDGE": "1",
    }


@cache
def _ffmpeg_kept() -> dict[str, str]:
    """Keep FFmpeg loaded: with every command Audacity loads and drops it twice, 30 ms of the 40 it takes."""
    library = find_library("avformat")
    return {"LD_PRELOAD": library} if library else {}


class RunningAudacity:
    """An Audacity that answers; what the fixture `audacity` gives.

    Attributes
    ----------
    home, env, display, pid
        Its home folder, the environment that a command of its user has, its screen, its process.
    """

    def __init__(self, home: Path, display: str, process: subprocess.Popen[bytes]) -> None:
        self.home = home
        self.display = display
        self.env = {**plain_environ(home), "DISPLAY": display}
        self._process = process
        self._client: Audacity | None = None

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True until it ended."""
        return self._process.poll() is None

    @property
    def config(self) -> Path:
        """Its settings file."""
        return config_file(self.home)

    @property
    def client(self) -> Audacity:
        """A connection, made when it is first needed; `release` it before another program connects."""
        if self._client is None or not self._client.pipe.connected:
            self.release()
            self._client = open_audacity(timeout=START_LIMIT)
        return self._client

    def release(self) -> None:
        """Leave the pipe to somebody else (a command line under test); `client` connects again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def new_project(self) -> None:
        """Empty the project: no tracks, nothing selected, 44.1 kHz. The list of undo states stays."""
        client = self.client
        count = len(client.tracks())
        if count:
            # "SelectAll:" would mean the words of a label that is being written.
            client.select_tracks(0, count)
            client.do("RemoveTracks:")
            assert client.tracks() == []
        client.select_time(0.0, 0.0)
        client.set_project_rate(44_100)

    def sound(self) -> bool:
        """True when it still answers at once: no dialog is left, no answer owed."""
        try:
            return self.client.pipe.send(command("GetInfo", Type="Tracks"), 5.0).ok
        except HostError:
            return False

    def screenshot(self, path: Path) -> Path:
        """Save a picture of the whole screen (PNG)."""
        subprocess.run(
            [need("scrot"), "--overwrite", str(path)],
            env=self.env,
            check=True,
            timeout=30,
            capture_output=True,
        )
        return path

    def xdotool(self, *words: str) -> str:
        """Move the mouse or press keys; give what xdotool says."""
        return subprocess.run(
            [need("xdotool"), *words], env=self.env, check=True, timeout=60, capture_output=True, text=True
        ).stdout.strip()

    def window(self, name: str, timeout: float = 20.0) -> str:
        """Wait for a visible window whose title matches the pattern `name`; give its number."""
        deadline = time.monotonic() + timeout
        while True:
            found = subprocess.run(
                [need("xdotool"), "search", "--onlyvisible", "--name", name],
                env=self.env, check=False, timeout=60, capture_output=True, text=True,
            ).stdout.split()  # fmt: skip
            if found:
                return found[-1]
            if time.monotonic() >= deadline:
                raise TimeoutError(f"no window is called {name!r}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a crash would."""
        self.release()
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        """End it and take its pipes away."""
        self.release()
        if self.alive:
            end(self._process, politely=0.0)
        for path in fifo_paths():
            path.unlink(missing_ok=True)


def config_file(home: Path) -> Path:
    """Where an Audacity with this home keeps its settings."""
    return home / ".config" / "audacity" / "audacity.cfg"


def write_config(home: Path, *, module: bool = True) -> Path:
    """Write the least settings with which Audacity starts without a question, and with its pipe.

    Parameters
    ----------
    module
        False leaves the scripting module as a new user has it: off.
    """
    program = Path(need("audacity"))
    major, minor, micro = version_of(program)
    so = module_file(program)
    date = datetime.fromtimestamp(int(so.stat().st_mtime)).strftime("%Y-%m-%dT%H:%M:%S")  # noqa: DTZ006
    temp = home / "audacity-temp"
    temp.mkdir(parents=True, exist_ok=True)
    lines = [
        "PrefsVersion=1.1.1r1",
        "[Version]", f"Major={major}", f"Minor={minor}", f"Micro={micro}",
        "[Directories]", f"TempDir={temp}",
        *(["[Module]", "mod-script-pipe=1",
           "[ModulePath]", f"mod-script-pipe={so}",
           "[ModuleDateTime]", f"mod-script-pipe={date}"] if module else []),
        "[GUI]", "ShowSplashScreen=0",
        "[AudioFiles]", "ShowId3Dialog=0",
        "[SamplingRate]", "DefaultProjectSampleRate=44100",
    ]  # fmt: skip
    path = config_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def forget_crash(home: Path) -> None:
    """Remove the traces by which the next start would ask about recovery."""
    path = config_file(home)
    if path.is_file():
        kept, dropping = [], False
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                dropping = line == "[ActiveProjects]"
            if not dropping:
                kept.append(line)
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    shutil.rmtree(home / "audacity-temp", ignore_errors=True)
    (home / "audacity-temp").mkdir(parents=True)


class Desk:
    """The screen, and at most one Audacity on it. Holds the machine's lock while one runs."""

    def __init__(self, folder: Path) -> None:
        for name in ("audacity", "Xvfb", "openbox", "xdotool", "scrot", "dpkg-query", "setpriv"):
            need(name)
        self.folder = folder
        self._screen: Screen | None = None
        self._lock = machine_lock()
        self._running: RunningAudacity | None = None
        self._homes = 0

    @property
    def running(self) -> RunningAudacity | None:
        """The Audacity that runs, if one does."""
        if self._running is not None and not self._running.alive:
            self.clear()
        return self._running

    def new_home(self) -> Path:
        """Make a home folder with the least settings."""
        self._homes += 1
        home = self.folder / f"home{self._homes}"
        home.mkdir()
        write_config(home)
        return home

    def start(self, home: Path | None = None, *, cured: bool = True) -> RunningAudacity:
        """Start an Audacity; one that runs is ended first.

        Parameters
        ----------
        home
            A home folder with settings; a new one when left out.
        cured
            True waits until the pipe answers, whatever has to be done for it. False leaves it as a user
            would find it, the first start's fault (an orphaned pipe) included.
        """
        self.clear()
        home = home or self.new_home()
        self._lock.acquire(timeout=WAIT_FOR_THE_MACHINE)
        try:
            for path in fifo_paths():
                path.unlink(missing_ok=True)
            self._screen = self._screen or Screen(self.folder)
            for _attempt in range(3 if cured else 1):
                self._running = running = self._launch(home, self._screen.display)
                if not cured or _answers(running):
                    return running
                # The start has at least looked through the plug-ins; the next one needn't, and is sound.
                running.stop()
                forget_crash(home)
            raise RuntimeError(f"Audacity doesn't answer; see the logs in {self.folder}")
        except BaseException:
            self.clear()
            raise

    def _launch(self, home: Path, display: str) -> RunningAudacity:
        with (home / "audacity.log").open("ab") as log:
            process = subprocess.Popen(
                [*LEASH, need("audacity")],
                env={**plain_environ(home), **_ffmpeg_kept(), "DISPLAY": display},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # Until the process bears its name, which takes two exec() calls, nobody would see that one runs.
        name = Path(f"/proc/{process.pid}/comm")
        while process.poll() is None and name.read_text(encoding="utf-8").strip() != "audacity":
            time.sleep(0.002)
        return RunningAudacity(home, display, process)

    def clear(self) -> None:
        """End the Audacity and give the machine free."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()
        while self._lock.is_locked:
            self._lock.release()

    def close(self) -> None:
        """End everything."""
        self.clear()
        if self._screen is not None:
            self._screen.close()
            self._screen = None


def _answers(running: RunningAudacity) -> bool:
    """Wait for the first real answer over a connection that is made before the plug-ins are looked through.

    Such a connection outlives the fault of a first start: it is to the pipes of this very process, and
    when it closes Audacity makes new ones.
    """
    deadline = time.monotonic() + START_LIMIT
    channel = None
    orphaned_since = None
    while channel is None:
        if time.monotonic() >= deadline or not running.alive:
            return False
        try:
            channel = open_fifos()
        except OrphanedError:
            # Just made, or lost to the look through the plug-ins: then it stays so.
            orphaned_since = orphaned_since or time.monotonic()
            if time.monotonic() - orphaned_since > ORPHANED_FOR:
                return False
            time.sleep(0.005)
        except ChannelError:
            orphaned_since = None
            time.sleep(0.005)
    opened = channel
    pipe = Pipe(lambda: opened)
    pipe.connect(0)
    try:
        while time.monotonic() < deadline:
            if pipe.send(command("GetInfo", Type="Tracks"), START_LIMIT).ok:
                break
            time.sleep(0.05)
        else:
            return False
    except HostError:
        return False
    finally:
        pipe.close()
    return _reopened(deadline)


def _reopened(deadline: float) -> bool:
    """Wait until Audacity has made new pipes after our leaving."""
    while time.monotonic() < deadline:
        with contextlib.suppress(HostError), Pipe() as pipe:
            pipe.connect(0)
            if pipe.send(command("GetInfo", Type="Tracks"), 10.0).ok:
                return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A desk that is cleared at the end."""
    it = Desk(folder)
    try:
        yield it
    finally:
        it.close()
