"""The resident part: takes the menu's requests, has them separated, and puts the results in.

It works in short rounds, with several jobs at once, and keeps nothing to itself that it couldn't find
again: requests lie in the spool until their jobs exist, jobs lie in their folders, and a result is put
in exactly once. So it may be killed at any moment, and so may Audacity.

The pipe is opened only for an export or an import: the user's Audacity isn't spoken to for nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from filelock import FileLock, Timeout

from stembridge.bridge.hosting import Following, Job, failure
from stembridge.model.errors import DecisionNeededError, HostError, StembridgeError
from stembridge_audacity import compared, notices, requests, running
from stembridge_audacity.importing import Moved
from stembridge_audacity.notify import notify
from stembridge_audacity.pipe_editor import PipeEditor, connected
from stembridge_audacity.requests import MenuRequest
from stembridge_audacity.table import Table
from stembridge_audacity.trip import Trips
from stembridge_audacity.wishes import Wishes

ROUND = 0.25
"""Seconds between two rounds."""
BEAT_EVERY = 4.0
LOOK_EVERY = 2.0
"""Seconds between two looks for jobs that others began, and for Audacity's coming and going."""
PAUSES = (0.0, 3.0, 10.0, 30.0, 60.0)
"""Before each try to put a result in; after the last one it waits for the user, or for another Audacity."""
TOGETHER = 60.0
"""Seconds for which the next request of the same click is waited for: its region is being exported."""
REQUEST_LIMIT = 600.0
"""Seconds for which a request waits for an Audacity that is busy."""
TITLE = "Stembridge"
_PROBES = 5
_OLD = 5.0


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
    _jobs: dict[str, tuple[Following, FileLock, float]] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _complained: set[str] = field(default_factory=set)
    _pids: tuple[int, ...] | None = (-1,)
    _pipe: bool = False
    _probes: int = 0
    _looked: float = float("-inf")

    def __post_init__(self) -> None:
        self._table = Table(
            self.trips, self._follow, lambda key: key in self._jobs, self._told, self._trouble_once
        )
        self._wishes = Wishes(self.trips, self._table.sets, self._told)

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
            for _, claim, _ in self._jobs.values():
                claim.release()
            lock.release()

    def round(self) -> None:
        """Do what there is to do now."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._look_for_audacity()
            self._look_for_jobs()
            self._table.tend()
            self._table.update_menu()
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
        groups: dict[str, list[MenuRequest]] = {}
        for request in spooled.ready:
            groups.setdefault(request.group or f"-{request.id}", []).append(request)
        for members in groups.values():
            if len(members) < members[0].count and self._age(members[-1]) < TOGETHER:
                continue  # the menu entry is still writing them
            try:
                self._take(members)
            except StembridgeError as error:
                if error.retryable and self._age(members[0]) < REQUEST_LIMIT:
                    self._trouble_once(members[0].id, error)
                    continue
                self._trouble(error)
            for request in members:
                requests.remove(self.trips.home, request)

    def _age(self, request: MenuRequest) -> float:
        path = requests.folder(self.trips.home) / f"{request.id}.json"
        return time.time() - path.stat().st_mtime

    def _take(self, members: list[MenuRequest]) -> None:
        """Do what a request asks for, or several that were made by one click."""
        request = members[0]
        if request.group:
            for late in self._wishes.gather(members, self._told):
                self._follow(self._wishes.separate(late))
            self._table.tend()
        elif request.what == "compare":
            self._wishes.compare(request)
            self._table.tend()
        elif request.what == "blend":
            self._follow(self._wishes.blend(request))
        elif request.what == "save":
            self._told([self._wishes.preset(request)])
            self._table.update_menu()
        elif request.what == "answer":
            self._table.answer(request.words["question"], request.words["choice"])
        elif request.what == "cancel":
            self._cancel(request)
        elif request.what == "import":
            self._look_for_jobs()
            self._hurry()
            if not self._waiting and not request.done:
                self._told(["No finished stems wait."])
        else:
            self._follow(self._wishes.separate(request))

    def _cancel(self, request: MenuRequest) -> None:
        count = self._table.drop(request.project)
        under_way = [following.job for following, *_ in self._jobs.values()]
        asking = [Job(self.trips.host.store.folder / key) for key in self._table.undecided]
        for job in under_way + asking:
            if self.trips.origin(job).project == request.project:
                self.trips.host.cancel(job)
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
            elif standing == "needs_decision":
                self._table.undecided.add(job.id)

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
        # What was told before, to somebody else or in another life, isn't told again.
        self._jobs[job.id] = (Following(self.trips.host, job), claim, time.time() - _OLD)
        self.say(f"[{job.id}] {self.trips.origin(job).name}")

    def _hear(self) -> None:
        for key, (following, claim, since) in list(self._jobs.items()):
            try:
                for event in following.poll():
                    if event["type"] == "warning" and float(event.get("ts", since)) >= since:
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
        comparison = job.request_document().get("kind") == compared.KIND
        if event["type"] == "finished" and not self.trips.origin(job).part_of:
            if comparison:
                self._told(compared.sentences(self.trips.host.result(job)))
            self._waiting[job.id] = _Waiting()
            self.trips.publish()
        elif event["type"] == "cancelled":
            self._told(["Cancelled."])
        elif "code" in event:
            error = failure(event)
            if isinstance(error, DecisionNeededError) and error.choices:
                self._table.undecided.add(job.id)
                self._table.update_menu()
                return
            if isinstance(error, DecisionNeededError):  # something has to be done, and nothing chosen
                error.hint = f"{error.hint} Then go on: stembridge jobs resume {job.id}.".strip()
            self._trouble(error)
            if comparison:
                self._waiting[job.id] = _Waiting()
        if self.trips.origin(job).part_of:
            self._table.tend()

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

    def _told(self, sentences: Sequence[str]) -> None:
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
