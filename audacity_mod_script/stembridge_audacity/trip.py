"""The whole trip of a region, and what remembers where it stands: shared by the command line and the watcher.

Everything is in the job's folder, so any process of ours can go on with a trip. Who does holds the job's
claim, an OS lock that ends with its holder. A note before the import and one after it keep a result from
being put in twice, whenever a process dies.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stembridge.bridge.hosting import TERMINAL, Host, Job, last_event
from stembridge.model.errors import HostError, StembridgeError, StoreError
from stembridge_audacity import compared, manifest, notices
from stembridge_audacity.editor import Origin, Placed, Region, Wish
from stembridge_audacity.loads import load_of
from stembridge_audacity.pipe_editor import PipeEditor, connected, spool
from stembridge_audacity.sets import GIVEN_UP

HOST = "audacity"
_AGE = 7 * 86_400.0
"""Seconds after which a result that nobody fetched is left alone; `import` still takes it."""
_KINDS = frozenset({"separate", "blend", compared.KIND})
"""Of jobs that come into a project."""
_PLACING, _PLACED = "placing", "placed"

Connect = Callable[[Path], AbstractContextManager[PipeEditor]]


@dataclass
class Trips:
    """All trips of a data folder.

    Parameters
    ----------
    home
        The data folder.
    connect
        What gives the editor for a while.
    """

    home: Path
    connect: Connect = connected
    _settled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.host = Host(HOST, self.home)
        self.folder = notices.folder(self.home)
        self.folder.mkdir(parents=True, exist_ok=True)

    def begin(self, region: Region, wish: Wish, job_id: str | None = None) -> tuple[Job, FileLock]:
        """Order a region's separation; nobody works on it before `Host.start`.

        Returns
        -------
        tuple
            The job, and its claim: it is ours before anybody can see the job.

        Raises
        ------
        HostError
            When another process has a job with this id.
        """
        job = Job(self.host.store.folder / (job_id or self.host.new_id()))
        job.folder.mkdir(parents=True, exist_ok=True)
        claim = self.claim(job)
        if claim is None:
            raise HostError("Another Stembridge is busy with this job.", retryable=True)
        try:
            return self.host.order(region.request(wish), region.file, job.id), claim
        except BaseException:
            claim.release()
            raise

    @contextlib.contextmanager
    def claimed(self, job: Job) -> Iterator[bool]:
        """Hold a job's claim for the time of the block; False when another process has it."""
        lock = self.claim(job)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                lock.release()

    def claim(self, job: Job) -> FileLock | None:
        """Take a job's claim until it is released; None when another process has it."""
        lock = FileLock(job.folder / f"host-{HOST}.lock")
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            return None
        return lock

    # Where a trip stands

    def origin(self, job: Job) -> Origin:
        """Say where a job's region came from; raises `StoreError` where that isn't known."""
        return Origin.from_dict(job.request_document().get("host_context"))

    def placed(self, job: Job) -> bool:
        """Say whether a job's stems have been put into a project."""
        return any(note.get("what") == _PLACED for note in self.host.notes(job))

    def give_up(self, job: Job, error: StembridgeError) -> None:
        """Write down that a result can't be put in, so that nobody tries again unasked."""
        self.host.note(job, {"what": GIVEN_UP, **error.to_dict()})

    def unsettled(self) -> Iterator[Job]:
        """Give this host's jobs of the last days whose trip isn't over, newest first."""
        oldest = time.time() - _AGE
        marked = notices.imported(self.home)
        for job in self.host.store.jobs():
            if job.id in self._settled:
                continue
            try:
                ours = self._ours(job, oldest)
                if ours and job.id in marked:
                    self._placed_by_menu(job)
                    ours = False
            except (OSError, StembridgeError):  # removed meanwhile, or no job of ours
                ours = False
            if ours:
                yield job
            else:
                self._settled.add(job.id)

    def _ours(self, job: Job, oldest: float) -> bool:
        request = job.request_document()
        if request.get("host") != HOST or request.get("kind") not in _KINDS or request.get("parent"):
            return False
        if Origin.from_dict(request.get("host_context")).part_of:
            return False
        over = any(note.get("what") in {_PLACED, GIVEN_UP} for note in self.host.notes(job))
        return not over and job.request_file.stat().st_mtime >= oldest

    def _placed_by_menu(self, job: Job) -> None:
        with self.claimed(job) as free:
            if free and not self.placed(job):
                self._note_placed(job, {"by": "menu"})

    def waiting(self) -> list[Job]:
        """Give the jobs whose stems wait to be put in, oldest first."""
        return [job for job in self.unsettled() if self.standing(job) == "ready"][::-1]

    def running(self) -> list[Job]:
        """Give the jobs that aren't over, oldest first."""
        return [job for job in self.unsettled() if self.standing(job) == "running"][::-1]

    def standing(self, job: Job) -> str:
        """Say where a job stands, in a word: running, ready, or what its last event says.

        A comparison that failed has its stems all the same: they are other jobs'.
        """
        if job.result_file.exists():
            return "ready"
        last = last_event(job)
        if last is None or last["type"] not in TERMINAL:
            return "running"
        if last["type"] == "failed" and job.request_document().get("kind") == compared.KIND:
            return "ready"
        return str(last["type"])

    def result(self, job: Job) -> dict[str, Any]:
        """Give what of a job is to be put in, as a separation's result has it."""
        if job.request_document().get("kind") == compared.KIND:
            return compared.merged(self.host, job)
        return self.host.result(job)

    # Home again

    def bring_home(self, job: Job, *, here: bool = False, again: bool = False) -> Placed:
        """Put a job's stems into the project in front, and write that down.

        The caller holds the job's claim.

        Parameters
        ----------
        here
            True for that project whatever it is; the originals are left alone then.
        again
            True to put them in once more.

        Raises
        ------
        importing.Moved
            It isn't their project, or not as it was: they wait.
        HostError, StoreError
            With a sentence.
        """
        result = self.result(job)
        origin = Origin.from_dict(result.get("host_context"))
        if self.placed(job) and not again:
            raise HostError(
                "The stems of this job are in a project already.",
                hint="Put them in once more with --again.",
            )
        with spool(self.folder) as spot, self.connect(self.folder) as editor:
            notes = self.host.notes(job)
            interrupted = bool(notes) and notes[-1].get("what") == _PLACING
            if interrupted and not again and editor.holds(origin, result):
                placed = Placed(tuple(load_of(origin, result).names), 1)
            else:
                if not interrupted:
                    self.host.note(job, {"what": _PLACING, "at": time.time()})
                placed = editor.place(spot, origin, result, here=here)
        self._note_placed(
            job,
            {
                "tracks": list(placed.tracks),
                "undo_steps": placed.undo_steps,
                "notes": list(placed.notes),
            },
        )
        self.publish()
        return placed

    def _note_placed(self, job: Job, facts: dict[str, Any]) -> None:
        """Write down that a job's stems are in a project, and with a comparison's those of its jobs."""
        note = {"what": _PLACED, "at": time.time(), **facts}
        self.host.note(job, note)
        document = job.request_document()
        if document.get("kind") == compared.KIND:
            for name in document["jobs"]:
                member = Job(self.host.store.folder / str(name))
                if member.folder.exists():
                    self.host.note(member, {**note, "with": job.id})

    def publish(self) -> None:
        """Tell the menu which stems wait, each set with a manifest that one import brings in."""
        rows, kept = [], set()
        for job in self.waiting():
            row = self._for_menu(job)
            if row is not None:
                rows.append(row)
                kept.add(job.id)
        notices.make_folders(self.home)
        notices.publish(self.home, rows)
        for path in (self.folder / "finished").iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)
        for name in notices.imported(self.home) - kept:
            notices.forget(self.home, name)

    def _for_menu(self, job: Job) -> notices.Waiting | None:
        """Prepare one set; None where one import can't do it (stems of several rates, files gone)."""
        try:
            result = self.result(job)
            origin = Origin.from_dict(result.get("host_context"))
            load = load_of(origin, result)
        except (StoreError, KeyError, TypeError):
            return None
        rates = {track.rate for track in load.audio} or {origin.rate}
        if len(rates) > 1:
            return None
        spot = self.folder / "finished" / job.id
        path = spot / "stems.aup"
        if not path.exists():
            spot.mkdir(parents=True, exist_ok=True)
            path = manifest.write(spot, load.audio, origin.start, load.labels)
        return notices.Waiting(
            job.id,
            origin.project,
            path,
            rates.pop(),
            origin.first_frame,
            origin.frames,
            origin.original if load.audio else "leave",
            tuple((track.index, track.name) for track in origin.tracks),
            tuple(track.file for track in load.audio),
        )

    def describe(self, job: Job) -> dict[str, Any]:
        """Give what `status` tells of a job."""
        origin = self.origin(job)
        return {
            "id": job.id,
            "state": "placed" if self.placed(job) else self.standing(job),
            "project": origin.project,
            "tracks": [track.name for track in origin.tracks],
            "start": origin.start,
            "end": origin.end,
        }
