"""What the watcher has on its table beside single jobs: sets, and questions that are open."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from stembridge.bridge.hosting import Job, last_event
from stembridge.model.errors import DecisionNeededError, StembridgeError, UnavailableError
from stembridge_audacity import agreeing, plugins, setup, shelf
from stembridge_audacity.sets import ASKED, BATCH, BEGUN, NEW, Set, Sets, summary
from stembridge_audacity.trip import Trips

PAUSE = 30.0
"""Seconds until a service that couldn't be asked for a price is asked again."""


class Table:
    """The table.

    Parameters
    ----------
    follow
        Has a job worked on, and hears it to its end.
    has
        Says whether a job, by its id, is followed.
    told
        Tells the user.
    trouble
        Tells of a trouble that may come again, under a key, once.

    Attributes
    ----------
    sets
        All sets of the data folder.
    undecided
        Ids of the jobs that wait for an answer.
    """

    def __init__(
        self,
        trips: Trips,
        follow: Callable[[Job], None],
        has: Callable[[str], bool],
        told: Callable[[Sequence[str]], None],
        trouble: Callable[[str, StembridgeError], None],
    ) -> None:
        self.sets = Sets(trips.host, trips.home)
        self.undecided: set[str] = set()
        self._trips, self._follow, self._has = trips, follow, has
        self._told, self._trouble = told, trouble
        self._later: dict[str, float] = {}
        self._open: plugins.Question | None = None
        self._shown: object = None

    def drop(self, project: str) -> int:
        """Forget the sets of a project that aren't begun; gives how many there were."""
        count = 0
        for one in self.sets:
            if one.state != BEGUN and any(part.region.origin.project == project for part in one.parts):
                self.sets.drop(one)
                count += 1
        return count

    def tend(self) -> None:
        """Do with every set what there is to do now."""
        for one in self.sets:
            if time.monotonic() < self._later.get(one.id, 0.0):
                continue
            try:
                self._tend(one)
            except StembridgeError as error:
                self._trouble(one.id, error)
                if error.retryable or isinstance(error, UnavailableError):
                    self._later[one.id] = time.monotonic() + PAUSE
                else:
                    self.sets.drop(one)

    def _tend(self, one: Set) -> None:
        if one.state == NEW:
            total = self.sets.price(one)
            try:
                total.check()
            except DecisionNeededError as question:
                self.sets.ask(one, question.message, total)
                self.update_menu()
            else:
                self._begin(one, total)
            return
        if one.state == ASKED:
            return
        endings = self.sets.endings(one)
        if endings is None:
            self._keep_going(one)
            return
        wrong = [ending for ending in endings if ending.trouble]
        if one.kind == BATCH or wrong:
            self._told([summary(endings)])
        if one.kind == BATCH or len(wrong) == len(endings):
            self.sets.drop(one)
            return
        job = self.sets.compare(one, endings)
        self.sets.drop(one)
        self._follow(job)

    def _begin(self, one: Set, total: agreeing.Total) -> None:
        for job in self.sets.begin(one, total):
            self._follow(job)

    def _keep_going(self, one: Set) -> None:
        """Take up what nobody has: the jobs of a comparison come into no project by themselves."""
        for part in one.parts:
            job = Job(self._trips.host.store.folder / part.job)
            if not self._has(job.id):
                standing = self._trips.standing(job)
                if standing == "running":
                    self._follow(job)
                elif standing == "needs_decision":
                    self.undecided.add(job.id)

    def questions(self) -> list[plugins.Question]:
        """Give the open questions, the oldest of each kind first."""
        found = [
            plugins.Question(one.id, one.question, agreeing.CHOICES)
            for one in self.sets
            if one.state == ASKED
        ]
        for key in sorted(self.undecided):
            event = self._question_of(Job(self._trips.host.store.folder / key))
            if event is None:
                self.undecided.discard(key)
                continue
            choices = tuple((str(name), str(label)) for name, label in event["choices"])
            found.append(plugins.Question(f"{key}q{event['seq']}", str(event["message"]), choices))
        return found

    def _question_of(self, job: Job) -> dict[str, Any] | None:
        try:
            event = last_event(job)
        except StembridgeError:
            return None
        asks = event is not None and event["type"] == "needs_decision" and event.get("choices")
        return dict(event) if event is not None and asks else None

    def answer(self, question: str, choice: str) -> None:
        """Carry an answer out, by the ids of the question and of the choice."""
        known = {one.id: one for one in self.questions()}
        if question not in known or choice not in dict(known[question].choices):
            self._told(["That question isn't open any more."])
            return
        asked = next((one for one in self.sets if one.id == question), None)
        if asked is not None:
            if choice == agreeing.AGREE:
                self._begin(asked, asked.total)
            else:
                self.sets.drop(asked)
                self._told(["You declined the cost; nothing was ordered."])
        else:
            job = Job(self._trips.host.store.folder / question.rpartition("q")[0])
            event = self._question_of(job)
            if event is not None:
                self.undecided.discard(job.id)
                self._trips.host.answer(job, event, choice)
                self._follow(job)
        self.update_menu()

    def update_menu(self) -> None:
        """Bring the dialogs up to date: the presets that there are, the question that is open.

        A question that is new in there is told, too: one at a time.
        """
        question = next(iter(self.questions()), None)
        if question != self._open:
            self._open = question
            if question is not None:
                self._told(
                    [f"{question.text} Answer in Audacity: Tools > {plugins.AUTHOR} > Answer Question..."]
                )
        mark = (question, shelf.signature(self._trips.home))
        if mark != self._shown:
            with contextlib.suppress(StembridgeError):  # `stembridge doctor` tells of that
                if not setup.refresh(self._trips.home, question):
                    return  # the next round tries again
            self._shown = mark
