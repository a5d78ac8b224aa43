"""Claims: of jobs that would order the very same thing at the same time, one does, and the others wait.

Hosts order every item by a worker of its own; copies of one item would else be paid for once each. A claim
is the index's entry for the answer, made before there is one; it counts as long as the worker of the job
that it names lives, so nothing is left to clear away when that one dies.
"""

from __future__ import annotations

from stembridge.jobs import lock
from stembridge.jobs.work import Work

_LOOK_EVERY = 0.5


def take(one: Work, key: str) -> bool:
    """Claim an order, waiting while another job has it under way.

    Parameters
    ----------
    key
        Names the answer (`Plan.answer_key`).

    Returns
    -------
    bool
        True when the order is this job's to place; False when another has brought the answer.

    Raises
    ------
    Cancelled
        When the user wished it while it waited.
    """
    told = False
    while True:
        one.stop_if_cancelled()
        with lock.slot(
            one.home / "slots",
            "claims",
            1,
            clock=one.clock,
            waiting=one.log.heartbeat,
            cancelled=one.cancelled,
        ):
            found = one.index.answer(key)
            if found is not None and found.id != one.job.id:
                return False
            other = one.index.claimant(key)
            if other is None or other.id == one.job.id or not other.busy():
                one.index.remember(key, one.job)
                return True
        if not told:
            told = True
            one.log.emit("waiting", reason="another job has ordered the very same", until=None)
        one.wait(_LOOK_EVERY)
