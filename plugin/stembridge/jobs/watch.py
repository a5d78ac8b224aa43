"""A job under way, as whoever works on it has it: whether it is still wanted, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stembridge.engines.base import Progress
from stembridge.jobs import disk
from stembridge.jobs.clock import Clock
from stembridge.jobs.events import EventLog
from stembridge.jobs.store import Job
from stembridge.model.errors import Cancelled

_LOOK_EVERY = 0.05


@dataclass
class Watch:
    """One job of any kind under way.

    Attributes
    ----------
    interrupted
        Says True when the process itself was asked to stop (Ctrl-C).
    """

    job: Job
    clock: Clock
    log: EventLog
    interrupted: Callable[[], bool]
    _looked: float = field(default=float("-inf"), kw_only=True)
    _wished: bool = field(default=False, kw_only=True)

    def cancelled(self) -> bool:
        """Say whether the user wants no more of it; the file is looked for 20 times a second at most."""
        now = self.clock.monotonic()
        if not self._wished and now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._wished = self.interrupted() or self.job.cancel_file.exists()
        return self._wished

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` when the user wants no more of it."""
        if self.cancelled():
            raise Cancelled

    def report(self, progress: Progress) -> None:
        """Pass on an engine's progress."""
        self.log.progress(progress.phase, progress.done, progress.total, progress.unit)
        self.log.heartbeat()

    def frames(self, phase: str) -> Callable[[int, int], None]:
        """Give a callback that passes on progress counted in frames."""
        return lambda done, total: self.report(Progress(phase, done, total, "frames"))

    def wait(self, seconds: float) -> None:
        """Wait, ready to be cancelled, with a heartbeat."""
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0:
            self.stop_if_cancelled()
            self.log.heartbeat()
            self.clock.sleep(min(left, 0.25))

    def warn(self, code: str, message: str) -> None:
        """Tell something that doesn't stop the job."""
        self.log.emit("warning", code=code, message=message)

    def answer(self, question: str) -> str | None:
        """Give what the user answered to this very question; None while there is no answer."""
        try:
            answer = disk.read_json(self.job.answer_file)
        except FileNotFoundError:
            return None
        return str(answer.get("choice")) if answer.get("id") == question else None
