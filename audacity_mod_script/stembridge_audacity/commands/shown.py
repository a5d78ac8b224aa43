"""Trips in front of a person at a terminal, or of a program that reads JSON lines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from filelock import FileLock

from stembridge.bridge.doctor import Readiness
from stembridge.bridge.hosting import Following, Job, failure, last_event
from stembridge.bridge.summary import Ending, sentences, totals
from stembridge.cli import exits
from stembridge.cli.terminal import TerminalSession
from stembridge.model.errors import Cancelled, DecisionNeededError, StembridgeError
from stembridge.model.states import State
from stembridge_audacity import agreeing
from stembridge_audacity.editor import Region, Wish
from stembridge_audacity.pipe_editor import connected
from stembridge_audacity.trip import Trips

_LOOK_EVERY = 0.1


class Shown:
    """Shows trips and carries them through.

    Parameters
    ----------
    terminal
        Where it is shown, and whoever answers questions and presses Ctrl-C.
    """

    def __init__(self, trips: Trips, terminal: TerminalSession) -> None:
        self._trips = trips
        self._terminal = terminal
        self._code = exits.OK

    def say(self, sentences: Iterable[str]) -> None:
        """Tell a person something."""
        for sentence in sentences:
            self._terminal.say(sentence)

    def agree(
        self, regions: Sequence[Region], wish: Wish, max_credits: int | None, *, agreed: bool
    ) -> list[Wish]:
        """Have the user agree once to what several separations cost; a single one asks by itself.

        Returns
        -------
        list of Wish
            For each region, none of which asks again for what was agreed to.

        Raises
        ------
        DecisionNeededError
            When nobody is there to be asked.
        Cancelled
            When the user declined; nothing was made.
        """
        if len(regions) < 2:
            return [wish] * len(regions)
        orders = [region.request(wish) for region in regions]
        origins = [region.origin for region in regions]
        total = agreeing.total(self._trips.host, list(zip(orders, origins, strict=True)))
        try:
            total.check(max_credits=max_credits, parts=wish.order.parts)
        except DecisionNeededError as question:
            if not agreed:
                if not self._terminal.may_ask:
                    raise
                if self._terminal.ask(question) != agreeing.AGREE:
                    raise Cancelled("You declined the cost; nothing was ordered.") from None
        if total.words():
            self._terminal.say(total.words())
        return [replace(wish, order=total.agreed(place, wish.order)) for place in range(len(regions))]

    def see_through(self, begun: Sequence[tuple[Job, FileLock]]) -> int:
        """Start the jobs, show them, and put each result into the project as it comes.

        Parameters
        ----------
        begun
            Jobs with their claims, which are released in the end.

        Returns
        -------
        int
            The exit code: of the first job that didn't end well.
        """
        with ExitStack() as claims:
            jobs = [job for job, _ in begun]
            for job, claim in begun:
                claims.callback(claim.release)
                if len(jobs) > 1:
                    origin = self._trips.origin(job)
                    self._terminal.name(job, origin.mark or origin.name)
            for job in jobs:
                self._trips.host.start(job)
            open_ = {job.id: Following(self._trips.host, job) for job in jobs}
            stopped = False
            while open_:
                if not stopped and self._terminal.interrupted():
                    stopped = True
                    for following in open_.values():
                        self._trips.host.cancel(following.job)
                for key, following in list(open_.items()):
                    for event in following.poll():
                        self._terminal.event(following.job, event)
                    if following.ended is not None and not self._goes_on(following):
                        del open_[key]
                time.sleep(_LOOK_EVERY)
        if len(begun) > 1:
            self._sum_up([job for job, _ in begun])
        return self._code

    def _sum_up(self, jobs: Sequence[Job]) -> None:
        endings = []
        for job in jobs:
            origin = self._trips.origin(job)
            ending = Ending(origin.mark or origin.name, job, job.state())
            last = last_event(job)
            if ending.state is State.FAILED and last is not None:
                ending.error = failure(last)
            endings.append(ending)
        total = totals(endings)
        self._terminal.pause()
        if self._terminal.as_json:
            self._terminal.line({"type": "summary", **total})
        self.say(sentences(total))

    def _goes_on(self, following: Following) -> bool:
        """Deal with the end of a worker; True when another one goes on with the job."""
        job, event = following.job, following.ended
        assert event is not None  # noqa: S101 - the caller has looked
        self._terminal.pause()
        if event["type"] == "finished":
            self._finish(job)
            return False
        if event["type"] == "cancelled":
            self._terminal.say(f"Cancelled. Go on with it: stembridge jobs resume {job.id}")
            self._fail(exits.CANCELLED)
            return False
        error = failure(event)
        if isinstance(error, DecisionNeededError):
            choice = self._terminal.decide(job, error)
            if choice is not None:
                self._trips.host.answer(job, event, choice)
                following.expect_more()
                return True
            self._terminal.say(
                f"The job waits: stembridge jobs resume {job.id}, then stembridge audacity import {job.id}"
            )
        self._tell(job, error)
        return False

    def _finish(self, job: Job) -> None:
        result = self._trips.host.result(job)
        if result.get("reused_from"):
            self._terminal.say(
                f"Answered from the earlier job {result['reused_from']}; --again separates once more."
            )
        self.say(result.get("sentences", []))
        try:
            self.place(job)
        except StembridgeError as error:
            self._trips.publish()
            self._tell(job, error)

    def place(self, job: Job, *, here: bool = False, again: bool = False) -> None:
        """Put a result into the project in front, and say so."""
        placed = self._trips.bring_home(job, here=here, again=again)
        if self._terminal.as_json:
            self._terminal.line(
                {
                    "type": "placed",
                    "job": job.id,
                    "tracks": list(placed.tracks),
                    "undo_steps": placed.undo_steps,
                    "notes": list(placed.notes),
                }
            )
            return
        self._terminal.say(f"In the project: {', '.join(placed.tracks)}.")
        self.say(placed.notes)

    def _tell(self, job: Job, error: StembridgeError) -> None:
        if self._terminal.as_json:
            self._terminal.line({"job": job.id, "error": error.to_dict()})
        else:
            self._terminal.complain(error)
        self._fail(exits.exit_code(error))

    def _fail(self, code: int) -> None:
        self._code = self._code or code

    def answering(self) -> Readiness:
        """Speak with the Audacity that runs, and say what it says."""
        try:
            with connected(self._trips.folder, timeout=3.0, patience=3.0) as editor:
                version = ".".join(map(str, editor.audacity.version))
                count = len(editor.audacity.tracks())
                self.say(editor.mended)
        except StembridgeError as error:
            return Readiness(
                "Audacity: pipe", ready=False, text=error.message, remedy=error.hint, needed=False
            )
        return Readiness(
            "Audacity: pipe", ready=True, text=f"Audacity {version} answers; {count} tracks", needed=False
        )
