"""The resident part: takes the menu's requests, has them separated, and puts the results in.

It works in short rounds, with several jobs at once, and keeps nothing to itself that it couldn't find
again: requests lie in the spool until their jobs exist, jobs lie in their folders, and a result is put
in exactly once. So it may be killed at any moment, and so may Audacity.

The pipe is opened only for an export or an import: the user's Audacity isn't spoken to for nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from filelock import FileLock, Timeout

from stembridge.bridge.hosting import Following, Job, failure
from stembridge.model.errors import DecisionNeededError, HostError, StembridgeError
from stembridge_audacity import notices, requests, running
from stembridge_audacity.choices import Choice
from stembridge_audacity.editor import Origin, Region, Source
from stembridge_audacity.export import frame_at, verified
from stembridge_audacity.importing import Moved
from stembridge_audacity.notify import notify
from stembridge_audacity.pipe_editor import PipeEditor, connected, spool
from stembridge_audacity.requests import MenuRequest
from stembridge_audacity.trip import Trips

ROUND = 0.25
"""Seconds between two rounds."""
BEAT_EVERY = 4.0
LOOK_EVERY = 2.0
"""Seconds between two looks for jobs that others began, and for Audacity's coming and going."""
PAUSES = (0.0, 3.0, 10.0, 30.0, 60.0)
"""Before each try to put a result in; after the last one it waits for the user, or for another Audacity."""
REQUEST_LIMIT = 600.0
"""Seconds for which a request waits for an Audacity that is busy."""
TITLE = "Stembridge"
_PROBES = 5


def quickly_connected(folder: Path) -> AbstractContextManager[PipeEditor]:
    """Connect, or say soon that it can't be done now: there is a next round."""
    return connected(folder, what="the watcher", timeout=5.0, patience=2.0)


@dataclass
class _Waiting:
    """A result that waits: how often it was tried, and when it is tried next."""

    tries: int = 0
    due: float = 0.0


@dataclass
class Watcher:
    """The watcher.

    Parameters
    ----------
    trips
        The trips of a data folder; its `connect` opens the pipe.
    say
        Tells somebody at a terminal, if there is one.
    tell
        Tells the user on the desktop: title and text.
    programs
        Lists the Audacities that run.
    """

    trips: Trips
    say: Callable[[str], None] = lambda _text: None
    tell: Callable[[str, str], None] = notify
    programs: running.Lister = running.audacities
    _jobs: dict[str, tuple[Following, FileLock]] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _complained: set[str] = field(default_factory=set)
    _asked: set[str] = field(default_factory=set)
    _pids: tuple[int, ...] | None = (-1,)
    _pipe: bool = False
    _probes: int = 0
    _looked: float = float("-inf")

    def run(self, ending: Event) -> None:
        """Watch until `ending` is set.

        Raises
        ------
        HostError
            When another watcher runs with the same data folder.
        """
        lock = FileLock(self.trips.folder / "watch.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            beat = notices.last_beat(self.trips.home)
            who = f" (process {beat.pid})" if beat else ""
            raise HostError(f"A watcher runs already{who}.", hint="One is enough for all projects.") from None
        # Beside the rounds, because an import of hours of audio takes longer than a beat may be old.
        heart = Thread(target=self._beat_on, args=(ending,), daemon=True)
        try:
            notices.make_folders(self.trips.home)
            heart.start()
            while not ending.is_set():
                self.round()
                ending.wait(ROUND)
        finally:
            ending.set()
            heart.join()
            notices.rest(self.trips.home)
            for _, claim in self._jobs.values():
                claim.release()
            lock.release()

    def round(self) -> None:
        """Do what there is to do now."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._look_for_audacity()
            self._look_for_jobs()
        self._take_requests()
        self._hear()
        self._bring_home()

    def _beat_on(self, ending: Event) -> None:
        while not ending.is_set():
            self._beat()
            ending.wait(BEAT_EVERY)

    def _beat(self) -> None:
        notices.beat(self.trips.home, pid=os.getpid(), pipe=self._pipe, now=time.time())

    def _look_for_audacity(self) -> None:
        """Notice that an Audacity came or went; a new one is asked whether it answers."""
        programs = self.programs()
        pids = None if programs is None else tuple(program.pid for program in programs)
        changed = pids != self._pids
        if changed:
            self._pids, self._probes = pids, _PROBES
        if pids == ():
            self._pipe, self._probes = False, 0
        if not self._probes:
            return
        self._probes -= 1
        try:
            with self.trips.connect(self.trips.folder) as editor:
                self._told(editor.mended)
        except StembridgeError:
            self._pipe = False
        else:
            self._pipe, self._probes = True, 0
            self._hurry()

    def _hurry(self) -> None:
        """Try every waiting result again, from the beginning."""
        for row in self._waiting.values():
            row.tries, row.due = 0, 0.0

    # Requests

    def _take_requests(self) -> None:
        spooled = requests.pending(self.trips.home, time.time())
        for path, error in spooled.broken:
            path.with_suffix(".wav").unlink(missing_ok=True)
            path.replace(path.with_suffix(".broken"))
            self._trouble(error)
        for request in spooled.ready:
            try:
                done = self._take(request)
            except StembridgeError as error:
                if error.retryable and not self._expired(request):
                    self._trouble_once(request.id, error)
                    continue
                self._trouble(error)
                done = True
            if done:
                requests.remove(self.trips.home, request)

    def _expired(self, request: MenuRequest) -> bool:
        path = requests.folder(self.trips.home) / f"{request.id}.json"
        return time.time() - path.stat().st_mtime > REQUEST_LIMIT

    def _take(self, request: MenuRequest) -> bool:
        """Do what a request asks for; True when it needn't lie there any longer."""
        if request.what == "cancel":
            self._cancel(request)
        elif request.what == "import":
            self._look_for_jobs()
            self._hurry()
            if not self._waiting and not request.done:
                self._told(["No finished stems wait."])
        else:
            self._separate(request)
        return True

    def _separate(self, request: MenuRequest) -> None:
        assert request.settings is not None  # noqa: S101 - the reader has checked it
        wish = Choice.from_settings(request.settings).wish(self.trips.host.default_engine)
        job = Job(self.trips.host.store.folder / request.id)
        if not job.request_file.exists():
            with spool(self.trips.folder) as spot:
                if request.export is not None:
                    region = exported(request)
                else:
                    with self.trips.connect(self.trips.folder) as editor:
                        self._told(editor.mended)
                        places = [(track.index, track.name) for track in request.tracks]
                        region = editor.stretch(spot, request.project, request.start, request.end, places)
                    self._pipe = True
                self._told(region.notes)
                job, claim = self.trips.begin(region, wish, request.id)
                claim.release()
        self._follow(job)

    def _cancel(self, request: MenuRequest) -> None:
        count = 0
        for following, _ in list(self._jobs.values()):
            if self.trips.origin(following.job).project == request.project:
                self.trips.host.cancel(following.job)
                count += 1
        if not count:
            self._told(["Nothing of this project is being separated."])

    # Jobs under way

    def _look_for_jobs(self) -> None:
        """Take over what nobody has: jobs of a watcher or a command that ended, results that wait."""
        for job in list(self.trips.unsettled()):
            if job.id in self._jobs or job.id in self._waiting:
                continue
            standing = self.trips.standing(job)
            if standing == "ready":
                self._waiting[job.id] = _Waiting()
                self.trips.publish()
            elif standing == "running":
                self._follow(job)

    def _follow(self, job: Job) -> None:
        claim = self.trips.claim(job)
        if claim is None:  # a command at a terminal has it
            return
        try:
            self.trips.host.start(job)
        except StembridgeError as error:
            claim.release()
            self._trouble_once(job.id, error)
            return
        self._jobs[job.id] = (Following(self.trips.host, job), claim)
        self.say(f"[{job.id}] {self.trips.origin(job).name}")

    def _hear(self) -> None:
        for key, (following, claim) in list(self._jobs.items()):
            try:
                for event in following.poll():
                    if event["type"] == "warning":
                        self._told([str(event["message"])])
                ended = following.ended
            except StembridgeError as error:
                self.trips.give_up(following.job, error)
                self._trouble(error)
                ended = {"type": "failed"}
            if ended is None:
                continue
            claim.release()
            del self._jobs[key]
            self._ended(following.job, dict(ended))

    def _ended(self, job: Job, event: dict[str, object]) -> None:
        if event["type"] == "finished":
            self._waiting[job.id] = _Waiting()
            self.trips.publish()
            return
        if event["type"] == "cancelled":
            self._told(["Cancelled."])
        elif "code" in event:
            error = failure(event)
            if isinstance(error, DecisionNeededError):
                error.hint = (
                    f"Answer it in a terminal: stembridge jobs resume {job.id}. "
                    "Then the stems come by themselves."
                )
            self._trouble(error)

    # Results

    def _bring_home(self) -> None:
        now = time.monotonic()
        for key, row in list(self._waiting.items()):
            if row.tries == len(PAUSES) or now < row.due:
                continue
            job = Job(self.trips.host.store.folder / key)
            with self.trips.claimed(job) as free:
                if free:
                    self._try(job, row)

    def _try(self, job: Job, row: _Waiting) -> None:
        if not job.folder.exists() or self.trips.placed(job):
            del self._waiting[job.id]
            return
        try:
            placed = self.trips.bring_home(job)
        except HostError as error:
            row.tries += 1
            if row.tries < len(PAUSES):
                row.due = time.monotonic() + PAUSES[row.tries]
            if isinstance(error, Moved) or row.tries == len(PAUSES):
                self._trouble_once(job.id, error)
        except StembridgeError as error:
            del self._waiting[job.id]
            self.trips.give_up(job, error)
            self._trouble(error)
        else:
            del self._waiting[job.id]
            self._pipe = True
            self._told([f"In the project: {', '.join(placed.tracks)}.", *placed.notes])

    # Words

    def _told(self, sentences: list[str] | tuple[str, ...]) -> None:
        if sentences:
            self.say(" ".join(sentences))
            self.tell(TITLE, " ".join(sentences))

    def _trouble(self, error: StembridgeError) -> None:
        self._told([" ".join(part for part in (error.message, error.hint) if part)])

    def _trouble_once(self, key: str, error: StembridgeError) -> None:
        """Tell of a trouble that may come again and again, but not again and again."""
        mark = f"{key} {error.message}"
        if mark not in self._complained:
            self._complained.add(mark)
            self._trouble(error)


def exported(request: MenuRequest) -> Region:
    """Take over a region that the menu entry has exported itself.

    Raises
    ------
    HostError
        When the file isn't what it should be.
    """
    assert request.export is not None  # noqa: S101 - the caller has looked
    rate = round(request.tracks[0].rate)
    first, end = frame_at(request.start, rate), frame_at(request.end, rate)
    frames = verified(request.export, rate, None, end - first)
    sources = tuple(
        Source(track.index, track.name, round(track.rate), track.channels, track.start, track.end)
        for track in request.tracks
    )
    origin = Origin(request.project, round(request.project_rate), first, frames, rate, sources)
    return Region(request.export, origin)
