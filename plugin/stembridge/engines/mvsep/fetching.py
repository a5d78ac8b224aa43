"""Several downloads at once, each resumed, verified, and made again when it isn't whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from stembridge.audio.codecs.source import SourceInfo
from stembridge.engines.base import Asked, Progress, Report
from stembridge.engines.mvsep.verify import verify
from stembridge.model.errors import Cancelled, StembridgeError, TransferError
from stembridge.mvsep.download import download
from stembridge.mvsep.transport import Transport

AT_ONCE = 8
"""Downloads at a time: one connection each, with a limit of its own; six stems come with their sum."""
TRIES = 3
"""How often a file is fetched that arrives, but not whole."""
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch. ``size`` in bytes as it was listed, None where it wasn't."""

    url: str = field(repr=False)
    target: Path
    label: str
    size: int | None = None
    text: bool = False


class Fetcher:
    """Fetches files for one caller.

    Parameters
    ----------
    progress
        Told bytes so far and in all (None while a size isn't known); in the caller's thread only.
    cancelled
        Asked ten times a second, in the caller's thread only.
    """

    def __init__(self, transport: Transport, progress: Report, cancelled: Asked) -> None:
        self._transport = transport
        self._progress = progress
        self._cancelled = cancelled
        self._stop = threading.Event()
        self._done: dict[Path, int] = {}
        self._sizes: dict[Path, int | None] = {}
        self._most = 0

    def run(self, files: Sequence[Wanted]) -> dict[Path, SourceInfo | None]:
        """Bring every file to its target.

        A target that is there already, whole, is kept; a ``.part`` beside one is gone on with.

        Returns
        -------
        dict
            What each target holds; None for a text.

        Raises
        ------
        TransferError
            When a file doesn't arrive whole after `TRIES` tries.
        StembridgeError
            As `stembridge.mvsep.download.download`. What has arrived stays.
        Cancelled
            Likewise.
        """
        if self._cancelled():
            raise Cancelled
        self._sizes = {file.target: file.size for file in files}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stembridge-fetch") as pool:
            jobs = {pool.submit(self._one, file): file for file in files}
            try:
                self._watch(set(jobs))
            finally:
                self._stop.set()
                for job in jobs:
                    job.cancel()
        self._tell(whole=True)
        return {file.target: job.result() for job, file in jobs.items()}

    def _watch(self, jobs: set[Future[SourceInfo | None]]) -> None:
        waiting = jobs
        while waiting:
            done, waiting = wait(waiting, timeout=_LOOK, return_when=FIRST_EXCEPTION)
            for job in done:
                job.result()
            self._tell(whole=False)
            if waiting and self._cancelled():
                raise Cancelled

    def _tell(self, *, whole: bool) -> None:
        done = sum(list(self._done.values()))
        sizes = list(self._sizes.values())
        known = [size for size in sizes if size is not None]
        # A file that is fetched again would count backwards; what was told stays told.
        self._most = max(self._most, done)
        total = self._most if whole else (sum(known) if len(known) == len(sizes) else None)
        shown = self._most if total is None else min(self._most, total)
        self._progress(Progress("download", shown, total, "bytes"))

    def _one(self, file: Wanted) -> SourceInfo | None:
        if file.target.exists() and file.size in {None, file.target.stat().st_size}:
            try:
                return self._checked(file)
            except TransferError:
                file.target.unlink()
        for attempt in range(1, TRIES + 1):
            self._fetch(file)
            try:
                return self._checked(file)
            except TransferError:
                file.target.unlink()
                if attempt == TRIES:
                    raise
        raise AssertionError

    def _checked(self, file: Wanted) -> SourceInfo | None:
        info = None if file.text else verify(file.target, file.label, self._stop.is_set)
        self._done[file.target] = self._sizes[file.target] = file.target.stat().st_size
        return info

    def _fetch(self, file: Wanted) -> None:
        def got(done: int, total: int | None) -> None:
            self._done[file.target] = done
            if total is not None:
                self._sizes[file.target] = total

        download(
            self._transport,
            file.url,
            file.target,
            expected=file.size,
            text=file.text,
            progress=got,
            cancelled=self._stop.is_set,
        )


def fetch_input(fetcher: Fetcher, file: Wanted) -> SourceInfo | StembridgeError | None:
    """Fetch the service's copy of what was separated; an error is given back: the stems count more."""
    try:
        return fetcher.run([file])[file.target]
    except StembridgeError as problem:
        return problem
