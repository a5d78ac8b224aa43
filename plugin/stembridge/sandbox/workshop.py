"""Where the stand-in service really separates and encodes: a few threads, one job each at a time."""

from __future__ import annotations

import logging
import queue
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from stembridge.model.errors import StembridgeError
from stembridge.sandbox.encode import FORMATS, TEXT_SUFFIXES, EncodingError, encode, probe
from stembridge.sandbox.jobs import Job, Stored
from stembridge.sandbox.splitters import Separator

log = logging.getLogger(__name__)


class Workshop:
    """Threads that turn a started job into files.

    Parameters
    ----------
    folder
        Results go to ``<folder>/<job's storage name>/``.
    separator
        What separates.
    clock
        For the time at which a job's work ended.
    workers
        Separations at a time: 1 for a network that uses every core.
    """

    def __init__(
        self, folder: Path, separator: Separator, clock: Callable[[], float], *, workers: int = 1
    ) -> None:
        self._folder = folder
        self._separator = separator
        self._clock = clock
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        # Daemons: a separation that takes minutes doesn't hold up the end of the program.
        self._threads = [
            threading.Thread(target=self._run, name=f"sandbox-work-{n}", daemon=True) for n in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Put a job in line; its ``work`` is filled in when it is over."""
        self._tasks.put(lambda: self._separate(job))

    def do(self, task: Callable[[], None]) -> None:
        """Put any other work in line."""
        self._tasks.put(task)

    def close(self, patience: float = 5.0) -> None:
        """Stop after the work at hand; wait at most ``patience`` seconds for it."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(patience)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()

    def _separate(self, job: Job) -> None:
        try:
            if not job.removed:
                self._make(job)
                job.work.error = "" if job.work.files else "The separation gave no files."
        except (EncodingError, StembridgeError) as error:
            job.work.error = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a separator does, the job fails and the service goes on
            # The class alone: a message may hold a path or a part of the audio's name.
            log.warning("a separation failed: %s", type(error).__name__)
            job.work.error = "The file could not be processed."
        finally:
            job.work.ended_at = self._clock()
            job.work.finished.set()
            if job.removed:
                # Cancelled meanwhile: whoever removed it left the files to the one that used them.
                shutil.rmtree(self._folder / job.storage, ignore_errors=True)
                if job.upload is not None:
                    job.upload.unlink(missing_ok=True)

    def _make(self, job: Job) -> None:
        raw = self._folder / f"{job.storage}.work"
        final = self._folder / job.storage
        raw.mkdir(parents=True)
        final.mkdir()
        try:
            files: list[Stored] = []
            if job.upload is not None:
                facts = probe(job.upload)
                if facts is not None:
                    job.work.tags = {
                        "audio": {
                            "sample_rate": facts.rate,
                            "channels": facts.channels,
                            "dataformat": job.suffix,
                            "playtime_seconds": round(facts.seconds, 3),
                        }
                    }
            for label, slug, path in self._separator(job.upload, job.sep_type, job.options, raw):
                files.append(self._deliver(job, label, slug, path, final))
                if path.suffix == ".txt":
                    job.work.transcription = path.read_text(encoding="utf-8")
            job.work.files = tuple(files)
        except BaseException:
            shutil.rmtree(final, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(raw, ignore_errors=True)

    def _deliver(self, job: Job, label: str, slug: str, path: Path, final: Path) -> Stored:
        text = path.suffix in TEXT_SUFFIXES
        output = FORMATS[job.output_format]
        name = download_name(job, slug, path.suffix[1:] if text else output.suffix)
        target = final / name
        peaks: list[float] = []
        if text:
            shutil.copyfile(path, target)
        else:
            peaks = encode(path, target, output)
        return Stored(label, name, target, target.stat().st_size, f'"{secrets.token_hex(8)}"', tuple(peaks))


def download_name(job: Job, slug: str, suffix: str) -> str:
    """Name a result as the service does: the last ``_`` token is the stem, before the mark of long names."""
    model = "".join(c for c in job.name.split("(")[0].lower() if c.isalnum())[:16] or "model"
    option = "".join(c for c in job.options.get("add_opt1", "0") if c.isalnum() or c in ".-")[:24]
    middle = f"{model}_mt_{option or 0}"
    if job.long_names:
        middle += f"_{FORMATS[job.output_format].suffix}_type-{job.sep_type}"
    return f"{job.slug}_{middle}_{slug}{'_[mvsep.com]' if job.long_names else ''}.{suffix}"
